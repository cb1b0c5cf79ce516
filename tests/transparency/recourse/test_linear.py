from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from alignlab.datasets import Constraints
from alignlab.predictors import as_predictor
from alignlab.transparency.recourse.goals import goal_of
from alignlab.transparency.recourse.linear import linear_route
from alignlab.transparency.recourse.space import space_of


def table(rows=60, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "a": rng.integers(0, 7, rows),
            "b": rng.integers(0, 5, rows),
            "k": rng.choice(["u", "v", "w"], rows),
        }
    )
    score = frame["a"] - 1.5 * frame["b"] + 2.0 * (frame["k"] == "v") + rng.normal(size=rows)
    return frame, score.to_numpy()


def pipeline(model, frame, truth, numbers=None):
    encode = make_column_transformer(
        (OneHotEncoder(), ["k"]), (numbers or StandardScaler(), ["a", "b"])
    )
    return make_pipeline(encode, model).fit(frame, truth)


def routed(model, frame, target, constraints=None, answer=None, **options):
    predictor = as_predictor(model)
    goal = goal_of(predictor, target, answer=answer, **options)
    space = space_of(frame, frame, constraints, scales=None, per_change=0.7, category_cost=1.3)
    data = space.read(frame)
    told = predictor(frame)
    both = np.concatenate([told[:1], told])
    return space, data, goal, linear_route(goal, space, data[:1], data, both)


def brute(space, goal, model, origin):
    """The cheapest of all rows that there are."""
    low, high = space.reach(origin)
    rows = np.array(list(product(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)))))
    rows = rows[space.allowed(rows, origin)]
    good = goal.reached(as_predictor(model)(space.write(rows)))
    return space.cost(rows[good], origin).min() if good.any() else None


CONSTRAINTS = Constraints(
    immutable=["k"], monotone={"a": "increasing"}, bounds={"b": (0, 3)}, relations=[]
)
RELATED = Constraints(relations=["b <= a"])


@pytest.mark.parametrize("constraints", [None, CONSTRAINTS, RELATED], ids=["free", "held", "order"])
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (LogisticRegression(), "two"), (LinearSVC(), "two"), (LogisticRegression(), "three"),
        (RidgeClassifier(), "three"), (LinearRegression(), "value"),
    ],
)  # fmt: skip
def test_the_optimum_is_that_of_trying_every_row(model, kind, constraints):
    frame, score = table()
    keep = np.ones(len(frame), dtype=bool)
    if constraints is not None:
        keep &= (frame["b"] <= np.where(constraints.bounds, 3, 9)).to_numpy()
        keep &= (frame["b"] <= frame["a"]).to_numpy() if constraints.relations else True
    frame, score = frame[keep].reset_index(drop=True), score[keep]
    edges = {"two": [0], "three": [-1, 1], "value": []}[kind]
    truth = np.digitize(score, edges) if edges else score
    fitted = pipeline(model, frame, truth)
    target = {"two": 1, "three": 1, "value": (2, 3.5)}[kind]
    space, data, goal, route = routed(fitted, frame, target, constraints)
    assert route is not None
    denied = np.flatnonzero(~goal.reached(as_predictor(fitted)(frame)))[:3]
    for at in denied:
        found = route.propose(data[at][None], 3, 1.0)[0]
        best = brute(space, goal, fitted, data[at])
        assert (best is None) == (not found)
        if found:
            # Not above, to the tolerance of the program; and each further one costs more.
            costs = [float(space.cost(row, data[at])) for row in found]
            assert costs[0] == pytest.approx(best, abs=1e-6)
            assert costs == sorted(costs)
            answers = as_predictor(fitted)(space.write(np.stack(found)))
            assert goal.reached(answers).all()
            assert space.allowed(np.stack(found), data[at]).all()
            sets = [frozenset(np.flatnonzero(space.changed(row, data[at]))) for row in found]
            assert not any(one <= other for i, one in enumerate(sets) for other in sets[i + 1 :])


def test_one_number_is_solved_by_hand():
    frame = pd.DataFrame({"x": np.arange(10.0), "y": np.arange(10.0)[::-1]})
    model = LinearRegression().fit(frame[["x"]].assign(y=0.0), 2 * frame["x"])
    _, data, _, route = routed(model, frame, (10.0, None))
    found = route.propose(data[:1], 1, 1.0)[0][0]
    assert found == pytest.approx([5.0, 9.0], abs=1e-5)


def test_another_class_is_the_nearest_of_all_others():
    frame, score = table()
    fitted = pipeline(LogisticRegression(), frame, np.digitize(score, [-1, 1]))
    answer = as_predictor(fitted)(frame)[3]
    space, data, goal, route = routed(fitted, frame, None, answer=answer)
    found = route.propose(data[3][None], 1, 1.0)[0][0]
    best = brute(space, goal, fitted, data[3])
    assert float(space.cost(found, data[3])) == pytest.approx(best, abs=1e-6)


def test_a_probability_is_a_log_odds_of_two_classes():
    frame, score = table()
    fitted = pipeline(LogisticRegression(), frame, score > 0)
    space, data, goal, route = routed(fitted, frame, True, confidence=0.9)
    at = int(np.flatnonzero(score < -1)[0])
    found = route.propose(data[at][None], 1, 1.0)[0][0]
    best = brute(space, goal, fitted, data[at])
    assert float(space.cost(found, data[at])) == pytest.approx(best, abs=1e-6)


def test_what_is_not_linear_in_the_columns_has_no_route():
    frame, score = table()
    frame["a"] += 1
    curved = pipeline(LogisticRegression(), frame, score > 0, FunctionTransformer(np.log1p))
    assert routed(curved, frame, True)[3] is None
    # A hump between the places of a grid, where the data are.
    frame["c"] = np.linspace(0, 1, len(frame))
    hump = FunctionTransformer(lambda rows: rows + 0.2 * ((rows > 0.03) & (rows < 0.1)))
    model = make_pipeline(hump, LinearRegression()).fit(frame[["c"]], score)
    assert routed(model, frame[["c"]], (1.0, None))[3] is None
    frame = frame[["a", "b", "k"]]
    strict = FixedThresholdClassifier(
        pipeline(LogisticRegression(), frame, score > 0), threshold=0.9
    ).fit(frame, score > 0)
    assert routed(strict, frame, True)[3] is None
    three = pipeline(LogisticRegression(), frame, np.digitize(score, [-1, 1]))
    assert routed(three, frame, 1, confidence=0.8)[3] is None


def test_a_model_that_answers_otherwise_than_its_coefficients_has_no_route():
    class Contrary(LogisticRegression):
        __module__ = "sklearn.contrary"

        def predict_proba(self, X):
            return super().predict_proba(X)[:, ::-1]

    Contrary.__name__ = "LogisticRegression"
    frame, score = table()
    assert routed(pipeline(Contrary(), frame, score > 0), frame, True)[3] is None
