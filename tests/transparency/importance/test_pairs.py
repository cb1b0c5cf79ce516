from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.intervals import critical_value
from alignlab.predictors import Predictor
from alignlab.transparency.importance import Gap, shuffled_answers
from alignlab.transparency.importance.metrics import skill_of


def answer(rows):
    score = rows["a"] - 0.7 * rows["b"] + 0.5 * (rows["few"] - 1)
    return 1 / (1 + np.exp(-score.to_numpy(float)))


MODEL = Predictor(answer, "classification", (0, 1))


def drawn(n, seed):
    rng = np.random.default_rng([n, seed])
    group = rng.integers(0, 2, n)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    X["a"] += 0.8 * group
    X["b"] += 0.4 * X["a"]
    X["few"] = rng.integers(0, 3, n)
    return X, (rng.random(n) < answer(X)).astype(int), group


def slow_auc(score, positive):
    above = score[positive][:, None] - score[~positive]
    return float((above > 0).mean() + (above == 0).mean() / 2)


@pytest.mark.parametrize("repeats", [1, 4])
def test_the_auc_of_shuffled_rows_is_that_of_all_of_them_together(repeats):
    X, y, _ = drawn(60, 0)
    asked = shuffled_answers(MODEL, X, y, repeats=repeats)
    found = asked.importance("auc")
    for plan in asked.plans:
        moved = []
        if plan.complete:
            givers = [(i, j) for i in range(60) for j in range(60) if i != j]
        else:
            givers = [(i, int(row[i])) for row in plan.circle.donors for i in range(60)]
        for i, j in givers:
            row = X.iloc[[i]].copy()
            row[plan.name] = X[plan.name].iloc[j]
            moved.append(row)
        score = answer(pd.concat(moved))
        after = slow_auc(score, y[[i for i, _ in givers]] == 1)
        before = slow_auc(answer(X), y == 1)
        assert found[plan.name].estimate.value == pytest.approx(before - after)
        share = found[plan.name].share
        if share is not None:
            assert share.value == pytest.approx((before - after) / (before - 0.5))


def test_rows_that_count_twice_are_rows_given_twice():
    X, y, group = drawn(50, 1)
    twice = np.tile(np.arange(50), 2)
    weighted = shuffled_answers(MODEL, X, y, weights=np.full(50, 2.0), repeats=49)
    plain = shuffled_answers(MODEL, X, y, repeats=49)
    for metric in (None, "auc", Gap(group)):
        for name in ("a", "few"):
            mine, other = weighted.importance(metric)[name], plain.importance(metric)[name]
            assert mine.estimate.value == pytest.approx(other.estimate.value)
            assert mine.estimate.high == pytest.approx(other.estimate.high)
    doubled = shuffled_answers(MODEL, X.take(twice), y[twice], repeats=99)
    # A row then also receives from its double, which changes nothing: 98 of 99 donors count.
    for name in ("a", "few"):
        value = doubled.importance(None)[name].estimate.value
        assert value == pytest.approx(plain.importance(None)[name].estimate.value * 98 / 99)


def test_a_feature_that_does_nothing_changes_no_measure_at_all():
    X, y, group = drawn(60, 2)
    X["idle"] = np.arange(60.0)
    for repeats in (2, 80):
        asked = shuffled_answers(MODEL, X, y, repeats=repeats, weights=np.linspace(1, 2, 60))
        for metric in ("auc", "accuracy", Gap(group), [[1, 0], [0, 2]]):
            estimate = asked.importance(metric)["idle"].estimate
            assert (estimate.low, estimate.value, estimate.high) == (0, 0, 0)


TRUTH_ROWS = 60_000


@pytest.mark.slow
@pytest.mark.parametrize("form", ["marginal", "conditional"])
def test_the_intervals_of_any_measure_cover_the_truth_at_their_level(form):
    """Truths from many rows; a share of 120 intervals misses 0.95 by 4 standard errors at most."""
    times, rows = (120, 200) if form == "marginal" else (80, 400)
    table = [[1.0, -3.0], [0.0, 0.5]]

    def measured(n, seed, jackknife):
        X, y, group = drawn(n, seed)
        asked = shuffled_answers(
            MODEL, X, y, repeats=1, max_rows=n, seed=seed,
            form=form,
        )  # fmt: skip
        metrics = {
            "loss": None, "auc": "auc", "skill": skill_of(MODEL), "utility": table,
            "gap": Gap(group, between=(1, 0)),
            "tpr": Gap(group, of="decision", among=1, between=(1, 0)),
        }  # fmt: skip
        found = {name: asked.importance(each, comparisons=1) for name, each in metrics.items()}
        if jackknife:
            found["function"] = asked.importance(
                lambda y, p: slow_auc(p[:, 1], y == 1), direction="fall", comparisons=1
            )
        return found

    truths = [measured(TRUTH_ROWS, 10_000 + seed, False) for seed in range(2)]
    runs = [measured(rows, seed, form == "marginal") for seed in range(times)]
    tolerance = 4 * np.sqrt(0.95 * 0.05 / times)
    for metric in runs[0]:
        for name in ("a", "b", "few"):
            of = "auc" if metric == "function" else metric
            truth = np.mean([run[of][name].estimate.value for run in truths])
            made = [run[metric][name].estimate for run in runs]
            covered = np.mean([each.low <= truth <= each.high for each in made])
            assert covered > 0.95 - tolerance - 0.01, (metric, name, covered)
            error = np.mean([(each.high - each.low) / 2 for each in made]) / critical_value(0.95)
            spread = np.std([each.value for each in made])
            # The linearised error is short by a little where rows are few; never by a fifth.
            assert 0.8 < error / spread < 1.5, (metric, name, error / spread)
