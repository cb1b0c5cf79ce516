from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.predictors import Predictor
from alignlab.transparency.importance import Gap, permutation_importance
from alignlab.transparency.importance.gaps import gap_of
from alignlab.transparency.importance.pooled import Pooled

BETA = np.array([1.0, -0.5, 0.25])


def gap_metric(gap, whole):
    n = len(whole.rows)
    return gap_of(gap, whole, np.arange(n), n)[0]


def test_gaps_by_hand():
    model = Predictor(lambda rows: rows["p"], "classification", ("no", "yes"))
    X = pd.DataFrame({"p": np.repeat([0.9, 0.7, 0.2, 0.4], 20)})
    group = np.repeat(["m", "f"], 40)
    y = np.tile(["yes", "no"], 40)
    whole = Pooled(model, (y == "yes").astype(int), y, model(X), np.arange(80), np.ones(80))
    for gap, expected in (
        (Gap(group), 0.8 - 0.3),
        (Gap(group, between=("f", "m")), 0.3 - 0.8),
        (Gap(group, target="no"), 0.7 - 0.2),
        (Gap(group, of="decision"), 1.0),
        (Gap(group, of="decision", among="no"), 1.0),
        (Gap(group, of=lambda y, p: (y == "yes") * p[:, 1]), 0.4 - 0.15),
    ):
        chosen = gap_metric(gap, whole)
        assert chosen.compute(whole).value == pytest.approx(expected)
        assert chosen.direction == "fall"
    assert gap_metric(Gap(group), whole).name == "gap in the mean answer between m and f"


def test_the_pair_compared_is_the_surest_and_not_the_one_of_few_rows():
    group = np.repeat(["large", "other", "small"], [400, 400, 20])
    centre = np.repeat([0.0, 1.0, 1.1], [400, 400, 20])
    X = pd.DataFrame({"p": centre + np.tile([-1.0, 1.0], 410)})
    model = Predictor(lambda rows: rows["p"], task="regression")
    whole = Pooled(model, None, None, model(X), np.arange(820), np.ones(820))
    assert gap_metric(Gap(group), whole).name.endswith("between other and large")


def test_which_feature_makes_the_gap_of_a_linear_model():
    rng = np.random.default_rng(0)
    n = 4000
    group = rng.choice(["f", "m"], n)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    X["a"] += group == "m"
    X["b"] += 0.5 * (group == "m")
    model = Predictor(lambda rows: rows.to_numpy() @ BETA, task="regression")
    found = permutation_importance(model, X, metric=("gap", group))
    male = group == "m"
    distance = X[male].mean() - X[~male].mean()
    assert found.baseline == pytest.approx(float(distance @ BETA))
    for name, beta in zip("abc", BETA, strict=True):
        estimate = found[name].estimate
        assert estimate.low < beta * distance[name] < estimate.high
        assert estimate.value == pytest.approx(beta * distance[name], abs=0.04)
        assert found[name].share.value == pytest.approx(estimate.value / found.baseline)
    assert found["a"].matters
    assert found["b"].estimate.high < 0  # it narrows the gap


def test_the_members_are_the_rows_compared():
    model = Predictor(lambda rows: rows["p"], task="regression")
    X = pd.DataFrame({"p": np.arange(80.0)})
    group = np.repeat(["a", "b", "c", None], 20)
    whole = Pooled(model, None, None, model(X), np.arange(80), np.ones(80))
    _, ends, members = gap_of(Gap(group, between=("c", "a")), whole, np.arange(80), 80)
    assert ends == ("c", "a")
    assert list(members[::20]) == [1, -1, 0, -1]
