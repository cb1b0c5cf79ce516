from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import Constraints
from alignlab.transparency.recourse.program import Conditions, cheapest
from alignlab.transparency.recourse.space import space_of


def space(constraints=None, per_change=1.0):
    frame = pd.DataFrame({"a": [0, 4], "b": [0.0, 4.0], "k": ["x", "y"]})
    return space_of(
        frame, frame[:1], constraints, scales={"a": 1.0, "b": 2.0}, per_change=per_change,
        category_cost=1.0,
    )  # fmt: skip


def solve(found, origin, slopes, table, need, **options):
    low, high = found.reach(origin)
    conditions = Conditions(
        np.array([[*slopes, 0.0]]), (None, None, np.array([table])), np.array([need])
    )
    return cheapest(
        found, origin, low=low, high=high, levels=[None, None, np.arange(2)],
        conditions=conditions, **options,
    )  # fmt: skip


def test_one_number_pays_for_all_where_changes_have_a_price():
    # b gains 1 for a cost of 0.5 each; a gains 1.2 for 1 each: 3 are had by b alone for 1 + 1.5.
    found = space()
    units = solve(found, np.zeros(3), [1.2, 1.0], [0.0, 0.0], 3.0)
    assert units == pytest.approx([0, 3, 0], abs=1e-6)


def test_a_category_is_taken_where_it_is_cheaper():
    units = solve(space(), np.zeros(3), [1.2, 1.0], [0.0, 3.5], 3.0)
    assert units.tolist() == [0, 0, 1]


def test_a_set_of_changes_can_be_left_out():
    found = space()
    units = solve(found, np.zeros(3), [1.2, 1.0], [0.0, 0.0], 3.0, forbidden=[np.array([1])])
    assert units.tolist() == [3, 0, 0]
    none = solve(
        found, np.zeros(3), [1.2, 1.0], [0.0, 0.0], 3.0,
        forbidden=[np.array([1]), np.array([0])],
    )  # fmt: skip
    assert none is None


def test_what_cannot_be_is_said():
    assert solve(space(), np.zeros(3), [1.2, 1.0], [0.0, 0.0], 100.0) is None


def test_relations_hold():
    found = space(Constraints(relations=["b <= a"]))
    units = solve(found, np.zeros(3), [0.0, 1.0], [0.0, 0.0], 2.5)
    assert units == pytest.approx([3, 2.5, 0], abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_is_that_of_trying_everything(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {f"n{at}": rng.integers(0, 5, 8) for at in range(3)} | {"k": list("xyzxyzxy")}
    )
    constraints = Constraints(relations=["n0 <= n1"] if seed % 2 else [])
    frame["n1"] += 4
    found = space_of(
        frame, frame[:1], constraints, scales=None, per_change=rng.uniform(0, 1),
        category_cost=1.5,
    )  # fmt: skip
    origin = found.read(frame[:1])[0]
    slopes, table = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    low, high = found.reach(origin)
    rows = np.array(list(product(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)))))
    rows = rows[found.allowed(rows, origin)]
    gain = (rows[:, :3] - origin[:3]) @ slopes.T
    gain += table[:, rows[:, 3].astype(int)].T - table[:, int(origin[3])]
    needs = np.quantile(gain, 0.8, axis=0) - 1e-9
    good = (gain >= needs).all(axis=1)
    best = found.cost(rows[good], origin).min() if good.any() else None
    units = cheapest(
        found, origin, low=low, high=high, levels=[None, None, None, np.arange(3)],
        conditions=Conditions(
            np.column_stack([slopes, np.zeros(2)]), (None, None, None, table), needs - 1e-6
        ),
    )  # fmt: skip
    if best is None:
        assert units is None
    else:
        assert found.cost(units, origin) == pytest.approx(best)
        assert found.allowed(units, origin)
