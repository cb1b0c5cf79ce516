from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from alignlab.datasets import Constraints
from alignlab.predictors import as_predictor
from alignlab.transparency.recourse.goals import goal_of
from alignlab.transparency.recourse.linear import linear_route
from alignlab.transparency.recourse.search import search, written
from alignlab.transparency.recourse.space import space_of
from alignlab.transparency.recourse.trees import tree_route


def setting(model, columns=8, seed=0, constraints=None):
    X, y = make_classification(
        400, columns, n_informative=columns - 2, n_redundant=0, random_state=seed
    )
    frame = pd.DataFrame(X, columns=[f"x{at}" for at in range(columns)])
    predictor = as_predictor(model.fit(frame, y))
    goal = goal_of(predictor, 1, answer=None)
    space = space_of(frame, frame, constraints, scales=None, per_change=1, category_cost=1)
    data = space.read(frame)
    answers = predictor(frame)

    def ask(units):
        given = predictor(space.write(units))
        return goal.reached(given), goal.margin(given)

    return goal, space, data, answers, ask


@pytest.mark.parametrize(
    ("model", "route", "most"),
    [
        (LogisticRegression(), linear_route, 1.02),
        (DecisionTreeClassifier(max_depth=6, random_state=0), tree_route, 1.06),
    ],
)
def test_the_search_comes_near_the_proven_optimum(model, route, most):
    goal, space, data, answers, ask = setting(model)
    wanted = goal.reached(answers)
    origins = data[~wanted][:40]
    owner, units = search(ask, space, origins, data, wanted, starts=16, seed=0)
    cost = space.cost(units, origins[owner])
    found = np.array([cost[owner == at].min(initial=np.inf) for at in range(40)])
    told = np.concatenate([as_predictor(model)(space.write(origins)), answers])
    exact = route(goal, space, origins, data, told).propose(origins, 1, 1.0)
    least = np.array(
        [float(space.cost(mine[0], origin)) for mine, origin in zip(exact, origins, strict=True)]
    )
    assert np.isfinite(found).all()
    assert (found >= least - 1e-5).all()
    assert (found / least).mean() < most
    assert np.median(found / least) < 1.0001


def test_all_that_is_found_is_allowed_answered_as_wanted_and_needs_each_change():
    constraints = Constraints(immutable=["x0"], monotone={"x1": "increasing"})
    goal, space, data, answers, ask = setting(
        DecisionTreeClassifier(max_depth=8, random_state=1), constraints=constraints
    )
    wanted = goal.reached(answers)
    origins = data[~wanted][:10]
    owner, units = search(ask, space, origins, data, wanted, starts=12, seed=0)
    assert ask(units)[0].all()
    assert space.allowed(units, origins[owner]).all()
    for row, mine in zip(units, owner, strict=True):
        for unit in np.flatnonzero(row != origins[mine]):
            back = row.copy()
            back[unit] = origins[mine, unit]
            assert not ask(back[None])[0][0] or not (back != origins[mine]).any()


def test_rows_do_not_hang_on_each_other_and_seeds_repeat():
    goal, space, data, answers, ask = setting(DecisionTreeClassifier(max_depth=6, random_state=0))
    wanted = goal.reached(answers)
    origins = data[~wanted][:6]
    owner, units = search(ask, space, origins, data, wanted, starts=8, seed=3)
    again_owner, again = search(ask, space, origins, data, wanted, starts=8, seed=3)
    np.testing.assert_array_equal(units, again)
    np.testing.assert_array_equal(owner, again_owner)
    _, alone = search(ask, space, origins[:1], data, wanted, starts=8, seed=3)
    np.testing.assert_array_equal(units[owner == 0], alone)


def test_held_cells_stay():
    goal, space, data, answers, ask = setting(LogisticRegression())
    wanted = goal.reached(answers)
    origins = data[~wanted][[0, 0]]
    held = np.zeros((2, 8), dtype=bool)
    held[1, :4] = True
    owner, units = search(ask, space, origins, data, wanted, starts=8, seed=0, held=held)
    np.testing.assert_array_equal(units[owner == 1][:, :4], origins[[1] * (owner == 1).sum(), :4])
    assert (owner == 1).any()


def test_it_asks_in_few_large_calls():
    calls = []
    goal, space, data, answers, ask = setting(LogisticRegression())

    def counted(units):
        calls.append(len(units))
        return ask(units)

    wanted = goal.reached(answers)
    search(counted, space, data[~wanted][:50], data, wanted, starts=16, seed=0)
    assert len(calls) < 80
    assert np.mean(calls) > 300


def test_many_columns_are_put_back_in_parts():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (60, 300)).astype(float))
    frame.columns = [f"p{at}" for at in range(300)]
    space = space_of(frame, frame, None, scales=None, per_change=1, category_cost=1)
    data = space.read(frame)
    asked = []

    def ask(units):
        asked.append(len(units))
        margin = units[:, 7] + units[:, 211] - 1.5
        return margin > 0, margin

    wanted = ask(data)[0]
    origin = data[(data[:, 7] == 0) & (data[:, 211] == 0)][:1]
    owner, units = search(ask, space, origin, data, wanted, starts=6, seed=0)
    changed = (units != origin[owner]).sum(axis=1)
    assert changed.min() == 2
    assert sum(asked) < 30_000


def test_what_relations_join_goes_back_together():
    frame = pd.DataFrame({"low": np.arange(10.0), "high": np.arange(10.0) + 1, "z": np.arange(10)})
    constraints = Constraints(relations=["low <= high"])
    space = space_of(frame, frame, constraints, scales=None, per_change=1, category_cost=1)
    data = space.read(frame)

    def ask(units):
        return units[:, 2] >= 5, units[:, 2] - 5.0

    owner, units = search(ask, space, data[:1], data, ask(data)[0], starts=8, seed=0)
    assert space.cost(units, data[owner]).min() == pytest.approx(1 + 5 / space.scale[2])


def test_numbers_are_written_with_few_digits_and_keep_the_answer():
    goal, space, data, answers, ask = setting(LogisticRegression())
    wanted = goal.reached(answers)
    origins = data[~wanted][:20]
    owner, units = search(ask, space, origins, data, wanted, starts=4, seed=0)
    short = written(ask, space, origins[owner], units)
    assert ask(short)[0].all()
    assert space.allowed(short, origins[owner]).all()
    changed = short != origins[owner]
    digits = [len(f"{value!r}".lstrip("-").replace(".", "")) for value in short[changed].tolist()]
    assert np.mean(np.array(digits) <= 4) > 0.95
    more = space.cost(short, origins[owner]) - space.cost(units, origins[owner])
    assert more.max() < 0.2
