from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from alignlab.datasets import Constraints
from alignlab.predictors import as_predictor
from alignlab.transparency.recourse.goals import goal_of
from alignlab.transparency.recourse.space import space_of
from alignlab.transparency.recourse.trees import tree_route


def table(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "a": rng.integers(0, 8, rows),
            "b": rng.integers(0, 8, rows),
            "k": rng.choice(["u", "v", "w"], rows),
        }
    )
    score = (frame["a"] - 4) * (frame["b"] - 4) + 3.0 * (frame["k"] == "v")
    return frame, (score + rng.normal(size=rows)).to_numpy()


def routed(model, frame, target, constraints=None, **options):
    predictor = as_predictor(model)
    goal = goal_of(predictor, target, answer=None, **options)
    space = space_of(frame, frame, constraints, scales=None, per_change=0.7, category_cost=1.3)
    data = space.read(frame)
    told = predictor(frame)
    both = np.concatenate([told[:1], told])
    return space, data, goal, tree_route(goal, space, data[:1], data, both)


def fitted(model, frame, truth, numbers="passthrough"):
    encode = make_column_transformer((OneHotEncoder(), ["k"]), (numbers, ["a", "b"]))
    return make_pipeline(encode, model).fit(frame, truth)


CONSTRAINTS = Constraints(immutable=["k"], monotone={"a": "increasing"}, bounds={"b": (0, 5)})
RELATED = Constraints(relations=["b <= a"])


@pytest.mark.parametrize("constraints", [None, CONSTRAINTS, RELATED], ids=["free", "held", "order"])
@pytest.mark.parametrize("numbers", ["passthrough", StandardScaler(), FunctionTransformer(np.exp)])
@pytest.mark.parametrize("kind", ["two", "three", "value"])
def test_the_optimum_is_that_of_trying_every_row(kind, numbers, constraints):
    frame, score = table()
    keep = np.ones(len(frame), dtype=bool)
    if constraints is RELATED:
        keep = (frame["b"] <= frame["a"]).to_numpy()
    if constraints is CONSTRAINTS:
        keep = (frame["b"] <= 5).to_numpy()
    frame, score = frame[keep].reset_index(drop=True), score[keep]
    edges = {"two": [0], "three": [-3, 3], "value": []}[kind]
    truth = np.digitize(score, edges) if edges else score
    kinds = DecisionTreeClassifier if edges else DecisionTreeRegressor
    model = fitted(kinds(max_depth=6, random_state=0), frame, truth, numbers)
    target = {"two": 1, "three": 1, "value": (2, 6)}[kind]
    space, data, goal, route = routed(model, frame, target, constraints)
    assert route is not None
    predictor = as_predictor(model)
    denied = np.flatnonzero(~goal.reached(predictor(frame)))[:2]
    for at in denied:
        low, high = space.reach(data[at])
        rows = np.array(
            list(product(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True))))
        )
        rows = rows[space.allowed(rows, data[at])]
        good = goal.reached(predictor(space.write(rows)))
        best = space.cost(rows[good], data[at]).min() if good.any() else None
        found = route.propose(data[at][None], 4, 1.0)[0]
        assert (best is None) == (not found)
        if found:
            costs = [float(space.cost(row, data[at])) for row in found]
            assert costs[0] == pytest.approx(best, abs=1e-9)
            assert costs == sorted(costs)
            assert goal.reached(predictor(space.write(np.stack(found)))).all()
            assert space.allowed(np.stack(found), data[at]).all()


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, ExtraTreeClassifier])
def test_faces_are_found_to_the_last_float(kind):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("xyz"))
    truth = (frame["x"] * frame["y"] > 0).to_numpy()
    model = make_pipeline(StandardScaler(), kind(max_depth=6, random_state=0)).fit(frame, truth)
    space, data, goal, route = routed(model, frame, True)
    predictor = as_predictor(model)
    for at in np.flatnonzero(~goal.reached(predictor(frame)))[:20]:
        found = route.propose(data[at][None], 1, 1.0)[0][0]
        assert goal.reached(predictor(space.write(found[None])))[0]
        for unit in np.flatnonzero(found != data[at]):
            nearer = found.copy()
            nearer[unit] += 1e-9 * (data[at, unit] - found[unit])
            assert not goal.reached(predictor(space.write(nearer[None])))[0]


def test_a_falling_map_is_turned_round():
    frame = pd.DataFrame({"x": np.arange(10.0)})
    turn = FunctionTransformer(np.negative)
    model = make_pipeline(turn, DecisionTreeClassifier()).fit(frame, frame["x"] > 4.2)
    _, data, _, route = routed(model, frame, True)
    found = route.propose(data[[1]], 1, 1.0)[0][0]
    assert found[0] == pytest.approx(4.5, abs=1e-5)


def test_missing_cells_stay_and_lead_where_the_tree_sends_them():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(200, 2)), columns=list("xy"))
    frame.loc[:60, "x"] = np.nan
    truth = (frame["x"].isna() & (frame["y"] > 0)) | (frame["x"] > 1)
    model = DecisionTreeClassifier(random_state=0).fit(frame, truth)
    space, data, goal, route = routed(model, frame, True)
    predictor = as_predictor(model)
    at = int(np.flatnonzero(frame["x"].isna() & ~truth)[0])
    found = route.propose(data[[at]], 1, 1.0)[0][0]
    assert np.isnan(found[0])
    assert goal.reached(predictor(space.write(found[None])))[0]
    assert found[1] == pytest.approx(0, abs=0.2)


def test_a_map_that_is_not_monotone_has_no_route():
    frame = pd.DataFrame({"x": np.arange(-5.0, 6.0)})
    square = FunctionTransformer(np.square)
    model = make_pipeline(square, DecisionTreeClassifier()).fit(frame, frame["x"] ** 2 > 4)
    assert routed(model, frame, True)[3] is None


def test_a_leaf_must_give_the_probability():
    frame, score = table()
    model = fitted(DecisionTreeClassifier(max_depth=3, random_state=0), frame, score > 0)
    space, data, _, route = routed(model, frame, True, confidence=0.95)
    at = int(np.flatnonzero(score < 0)[0])
    found = route.propose(data[[at]], 1, 1.0)[0]
    assert found
    assert as_predictor(model)(space.write(found[0][None]))[0, 1] >= 0.95
