from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.importance import Gap, permutation_importance, shuffled_answers
from alignlab.transparency.importance.metrics import metric_of, skill_of
from alignlab.transparency.importance.pooled import Metric, Pooled

BETA = np.array([1.0, -0.5, 0.25])


def scores(rows):
    return 1 / (1 + np.exp(-(rows["a"] - rows["b"]).to_numpy(float)))


def classifier(n=80, seed=0, **options):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    group = rng.choice(["f", "m"], n)
    X["a"] += group == "m"
    model = Predictor(scores, "classification", ("no", "yes"), **options)
    y = np.where(rng.random(n) < model(X)[:, 1], "yes", "no")
    return model, X, y, group


def pooled(model, X, y, weights=None):
    outcomes = (np.asarray(y) == "yes").astype(int)
    n = len(X)
    weights = np.ones(n) if weights is None else weights
    return Pooled(model, outcomes, np.asarray(y), model(X), np.arange(n), weights)


def asked_for(metric, whole, direction=None):
    n = len(whole.rows)
    return metric_of(metric, whole, np.arange(n), n, direction)


@pytest.mark.parametrize(
    "metric",
    ["auc", "accuracy", "brier", "log_loss", "balanced_accuracy", [[1.0, -3.0], [0.0, 0.5]],
     "gap", "gap of decisions", "gap among", "skill"],
)  # fmt: skip
def test_the_influence_is_the_derivative_by_a_rows_weight(metric):
    model, X, y, group = classifier(120)
    whole = pooled(model, X, y)
    gaps = {
        "gap": Gap(group),
        "gap of decisions": Gap(group, of="decision"),
        "gap among": Gap(group, among="yes"),
        "skill": skill_of(model),
    }
    chosen = asked_for(gaps.get(metric, metric) if isinstance(metric, str) else metric, whole)
    made = chosen.compute(whole)
    n, step = len(X), 1e-6
    for row in (0, 17, 53):
        moved = np.ones(n) / n * (1 - step)
        moved[row] += step
        after = chosen.compute(pooled(model, X, y, moved)).value
        assert (after - made.value) / step == pytest.approx(made.influence[row], abs=2e-4)
    assert abs(made.shares @ made.influence) < 1e-12


def test_the_slopes_influence_is_its_derivative_too():
    rng = np.random.default_rng(1)
    model = Predictor(lambda rows: rows["a"], task="regression")
    X = pd.DataFrame({"a": rng.normal(size=60)})
    y = X["a"].to_numpy() + rng.normal(size=60)

    def at(weights):
        return skill_of(model).compute(Pooled(model, y, y, model(X), np.arange(60), weights))

    made = at(np.ones(60))
    assert made.value == pytest.approx(np.polyfit(y, X["a"], 1)[0])
    moved = np.ones(60) / 60 * (1 - 1e-6)
    moved[7] += 1e-6
    assert (at(moved).value - made.value) / 1e-6 == pytest.approx(made.influence[7], abs=1e-4)


def test_the_utility_of_a_shuffled_feature_by_hand():
    model = Predictor(lambda rows: rows["a"], "classification", ("no", "yes"))
    X = pd.DataFrame({"a": [0.0, 1.0] * 20})
    y = np.array(["no", "yes"] * 20)
    table = [[1.0, -4.0], [0.0, 2.0]]
    found = permutation_importance(model, X, y, metric=table)
    before = (1 + 2) / 2
    swapped = 20 / 39  # the share of donors that hold the other value
    after = (1 - swapped) * before + swapped * (0.0 - 4.0) / 2
    assert found.metric == "expected utility"
    assert found["a"].estimate.value == pytest.approx(before - after)


def test_a_function_of_rows_is_a_loss_and_one_number_is_left_to_the_jackknife():
    model, X, y, _ = classifier(300)

    def log_loss(labels, p):
        return -np.log(p[np.arange(len(p)), (labels == "yes").astype(int)])

    ours = permutation_importance(model, X, y)
    theirs = permutation_importance(model, X, y, metric=log_loss)
    assert theirs.metric == "log loss"
    assert theirs["a"].estimate.low == pytest.approx(ours["a"].estimate.low)

    def auc(labels, p):
        score, positive = p[:, 1], labels == "yes"
        return (score[positive][:, None] > score[~positive]).mean()

    named = permutation_importance(model, X, y, metric="auc", repeats=3)
    function = permutation_importance(model, X, y, metric=auc, direction="fall", repeats=3)
    for name in "ab":
        mine, other = named[name].estimate, function[name].estimate
        assert other.value == pytest.approx(mine.value, abs=1e-9)
        width = (other.high - other.low) / (mine.high - mine.low)
        assert 0.7 < width < 1.6
        assert other.method.startswith("jackknife")


def test_what_a_metric_cannot_be():
    model, X, y, group = classifier(60)
    asked = shuffled_answers(model, X, y)
    decides = Predictor(
        lambda rows: np.eye(2)[(scores(rows) > 0.5).astype(int)], "classification", ("no", "yes"),
        probabilistic=False,
    )  # fmt: skip
    for metric, direction, message in (
        ("acu", None, r"metric='acu' is not one of.*Did you mean 'auc'"),
        (("gab", group), None, "Did you mean 'gap'"),
        ([[1.0, 2.0]], None, r"table of utilities.*shape \(2, 2\)"),
        ([[1.0, np.nan], [0.0, 1.0]], None, "not finite"),
        (lambda y, p: 1.0, None, "which way is worse"),
        (lambda y, p: p, None, r"returned shape \(60, 2\) for 60 rows"),
        (("gap", group[:-1]), None, "60 rows in X and 59 labels"),
        (("gap", ["f"] * 60), None, "two groups of 20 rows"),
        (Gap(group, between=("f", "x")), None, "group='x' is not one of"),
        (Gap(group, between=("f", "f")), None, "names a group twice"),
        (Gap(group, of="answers"), None, "Did you mean 'answer'"),
        (Gap(group, target="maybe"), None, "'maybe'"),
    ):
        with pytest.raises(InputError, match=message):
            asked.importance(metric, direction=direction)
    with pytest.raises(InputError, match="gives decisions only"):
        permutation_importance(decides, X, y, metric="auc")
    weights = np.linspace(1, 2, 60)
    with pytest.raises(InputError, match="knows no weights"):
        permutation_importance(
            model, X, y, metric=lambda y, p: 1.0, direction="rise", weights=weights
        )
    with pytest.raises(InputError, match="needs outcomes"):
        permutation_importance(model, X, metric="auc")
    three = Predictor(lambda rows: np.full((len(rows), 3), 1 / 3), "classification", (0, 1, 2))
    with pytest.raises(InputError, match="say which one the gap is about"):
        permutation_importance(three, X, metric=("gap", group))


def test_a_metric_of_ones_own():
    model, X, y, _ = classifier(60)
    own = Metric(
        "AUC", "fall", metric_of("auc", pooled(model, X, y), np.arange(60), 60, None).compute
    )
    asked = shuffled_answers(model, X, y)
    assert asked.importance(own)["a"].estimate == asked.importance("auc")["a"].estimate
    assert asked.importance(own)["a"].share is None
