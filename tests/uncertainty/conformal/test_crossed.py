from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.intervals import share_limits
from alignlab.uncertainty.conformal import class_scores, conformal_threshold
from alignlab.uncertainty.conformal.crossed import crossed_coverage


def grouped(codes, labels=("a", "b", "c")):
    return Grouping("who", np.asarray(codes), tuple(labels)[: int(np.max(codes)) + 1])


def test_each_half_calibrates_the_other():
    rng = np.random.default_rng(0)
    own = rng.exponential(size=401)
    seen = crossed_coverage(own, level=0.8, seed=3)
    first, second = seen.thresholds
    by_first = np.isclose(seen.sizes, 2 * first)
    assert by_first.sum() == 201
    assert conformal_threshold(own[~by_first], 0.8) == first
    assert conformal_threshold(own[by_first], 0.8) == second
    assert (seen.inside == (own <= seen.sizes / 2)).all()
    assert seen.overall.value == seen.inside.mean()
    assert seen.known == ()


def test_sizes_of_sets_are_counted():
    scores = np.random.default_rng(1).random((200, 4))
    seen = crossed_coverage(scores[:, 0].copy(), scores=scores, seed=1)
    first, second = seen.thresholds
    either = [(scores <= cut).sum(1) for cut in (first, second)]
    assert ((seen.sizes == either[0]) | (seen.sizes == either[1])).all()
    assert seen.sizes.mean() == pytest.approx(4 * 0.9, abs=0.2)


def alarms_of_honest_groups(score, repeats, rows=600):
    """Return how often some group is called short: right probabilities, unequal difficulty."""
    alarms = 0
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        codes = rng.choice(3, rows, p=[0.1, 0.3, 0.6])
        said = rng.dirichlet([0.3] * 4, rows) ** np.array([0.3, 1, 2])[codes][:, None]
        said /= said.sum(1, keepdims=True)
        labels = (said.cumsum(1) < rng.random((rows, 1))).sum(1).clip(max=3)
        uniform = None if score == "lac" else rng.random(rows)
        scores = class_scores(said, score=score, uniform=uniform)
        own = scores[np.arange(rows), labels]
        alarms += bool(crossed_coverage(own, scores=scores, groupings=[grouped(codes)]).short)
    return alarms / repeats


def test_right_probabilities_rarely_alarm():
    assert alarms_of_honest_groups("aps", 300) < 0.05


def test_small_sets_fail_hard_groups_even_where_probabilities_are_right():
    assert alarms_of_honest_groups("lac", 60) > 0.25


@pytest.mark.parametrize("weighted", [False, True])
def test_the_limits_cover_what_the_groups_get(weighted):
    """One group's residuals are twice as large: limits for all groups at once cover 95 %."""
    from scipy import optimize

    shares, scale = np.array([0.2, 0.8]), np.array([2.0, 1.0])
    cut = optimize.brentq(lambda q: shares @ (1 - np.exp(-q / scale)) - 0.9, 0, 20)
    truth = 1 - np.exp(-cut / scale)
    held, alarms, repeats = 0, 0, 300
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        codes = rng.choice(2, 1000, p=shares)
        weights = rng.uniform(0.2, 2, 1000) if weighted else None
        seen = crossed_coverage(
            rng.exponential(scale[codes]), groupings=[grouped(codes)], weights=weights
        )
        limits = [(each.covered.low, each.covered.high) for each in seen.groups]
        held += all(low <= each <= high for (low, high), each in zip(limits, truth, strict=True))
        alarms += [each.group for each in seen.short] == ["a"]
    assert held / repeats > 0.95 - 4 * np.sqrt(0.05 * 0.95 / repeats)
    assert alarms / repeats > 0.95


def test_the_limits_hold_for_all_groups_at_once():
    codes = np.r_[np.repeat([0, 1], 200), np.full(5, 2)]
    seen = crossed_coverage(np.random.default_rng(0).random(405), groupings=[grouped(codes)])
    for each in seen.groups[:2]:  # the third is too small to be one of the family
        alone = share_limits(each.covered.value, 200, level=0.975)
        assert (each.covered.low, each.covered.high) == pytest.approx(np.array(alone), abs=1e-12)


def test_small_groups_are_named_without_a_number():
    codes = np.r_[np.zeros(190, int), np.ones(10, int)]
    seen = crossed_coverage(np.random.default_rng(0).random(200), groupings=[grouped(codes)])
    assert [each.covered is None for each in seen.groups] == [False, True]
    assert seen.groups[1].rows == 10
    assert [each.group for each in seen.known] == ["a"]


def test_rows_without_weight_are_as_if_absent():
    rng = np.random.default_rng(0)
    own, weights = rng.random(400), np.r_[np.zeros(100), np.ones(300)]
    seen = crossed_coverage(own, weights=weights, seed=1)
    alone = crossed_coverage(own[100:], seed=1)
    assert seen.overall == alone.overall
    assert seen.thresholds == alone.thresholds


def test_the_seed_decides():
    own = np.random.default_rng(0).random(100)
    assert crossed_coverage(own, seed=1).thresholds == crossed_coverage(own, seed=1).thresholds
    assert crossed_coverage(own, seed=1).thresholds != crossed_coverage(own, seed=2).thresholds


def test_too_few_rows_and_bad_scores():
    with pytest.raises(InputError, match="17 rows are too few: each half needs at least 9"):
        crossed_coverage(np.arange(17.0))
    with pytest.raises(InputError, match="calibration row 3 is nan"):
        crossed_coverage(np.where(np.arange(40) == 3, np.nan, 1.0))
