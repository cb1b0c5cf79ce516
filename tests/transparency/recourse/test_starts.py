from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.datasets import Constraints
from alignlab.transparency.recourse.space import space_of
from alignlab.transparency.recourse.starts import Rows, asked, climbed, started, unique

FRAME = pd.DataFrame(
    {"a": np.arange(20), "b": np.arange(20)[::-1], "k": ["x", "y"] * 10, "c": np.zeros(20)}
)
SPACE = space_of(
    FRAME, FRAME, Constraints(immutable=["k"]), scales=None, per_change=1, category_cost=1
)
DATA = SPACE.read(FRAME)
ROWS = Rows(DATA[:2], *SPACE.reach(DATA[:2]))


def far(units):
    margin = units[:, 0] + units[:, 1] - 24
    return margin >= 0, margin


def test_starts_are_answered_as_wanted_allowed_and_of_each_row():
    wanted = DATA[:, 0] >= 12
    draws = np.full((2, 8), 0.5)
    owner, units = started(far, SPACE, ROWS, DATA, wanted, 8, draws)
    assert set(owner) == {0, 1}
    assert far(units)[0].all()
    assert SPACE.allowed(units, DATA[owner]).all()
    assert (units[:, 2] == DATA[owner, 2]).all()


def test_one_change_after_another_reaches_what_no_real_row_has():
    def both(units):
        margin = np.minimum(units[:, 0] - 18, units[:, 1] - 18)
        return margin >= 0, units[:, 0] + units[:, 1] + 0.0 * margin

    rows = ROWS[:1]
    owner, units = climbed(both, SPACE, rows, DATA)
    assert owner.tolist() == [0]
    assert units[0, :2].min() >= 18
    nothing = climbed(lambda units: (units[:, 0] > 99, units[:, 0]), SPACE, rows, DATA)
    assert len(nothing[0]) == 0


def test_rows_that_are_not_allowed_are_not_asked_for():
    seen = []

    def ask(units):
        seen.append(len(units))
        return np.ones(len(units), dtype=bool), np.ones(len(units))

    units = np.stack([DATA[0], DATA[0] + [0, 0, 1, 0]])
    rows = ROWS[np.array([0, 0])]
    good, margin = asked(ask, SPACE, units, rows)
    assert good.tolist() == [True, False]
    assert margin[1] == -np.inf
    assert seen == [1]


def test_rows_are_kept_once_missing_cells_or_not():
    units = np.array([[1.0, np.nan], [1.0, np.nan], [0.0, 1.0], [-0.0, 1.0]])
    owner, kept = unique(np.array([0, 0, 1, 1]), units)
    assert owner.tolist() == [0, 1]
    np.testing.assert_array_equal(kept, units[[0, 2]])
