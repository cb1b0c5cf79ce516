from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.intervals import share_limits
from alignlab.uncertainty.selective import compare_risk_coverage, risk_coverage


def sample(seed=0, n=500, base=0.3):
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    return score, (rng.random(n) < 2 * base * (1 - score)).astype(float)


def test_four_rows_by_hand():
    seen = risk_coverage([0.9, 0.8, 0.7, 0.7], [0, 1, 0, 1])
    assert seen.threshold.tolist() == [0.9, 0.8, 0.7]
    assert seen.coverage.tolist() == [0.25, 0.5, 1]
    assert seen.risk.tolist() == [0, 0.5, 0.5]
    # r = 0, 1/2, then 1/3 or 2/3 as the tie falls, 1/2.
    assert seen.aurc.value == pytest.approx((0 + 1 / 2 + 1 / 2 + 1 / 2) / 4)
    assert seen.optimum == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert seen.aurc_trapezium == pytest.approx((1 / 4 + 1 / 2 + 1 / 2) / 3)
    assert seen.risk_at(0.75) == pytest.approx(0.5)
    assert seen.risk_at(0.25) == 0
    assert seen.auroc.value == pytest.approx((1 + 1 + 0 + 0.5) / 4)


def test_a_constant_score_has_the_risk_of_all_rows_everywhere():
    loss = np.repeat([0.0, 1.0], [70, 30])
    seen = risk_coverage(np.zeros(100), loss)
    assert seen.aurc.value == pytest.approx(0.3)
    assert seen.augrc.value == pytest.approx(0.15)
    assert seen.auroc.value == 0.5
    assert seen.risk_at(0.2) == pytest.approx(0.3)


def test_whole_weights_give_the_curve_of_repeated_rows():
    score, loss = sample(n=60)
    weights = np.random.default_rng(1).integers(0, 4, 60)
    weighted = risk_coverage(score, loss, weights=weights)
    repeated = risk_coverage(np.repeat(score, weights), np.repeat(loss, weights))
    np.testing.assert_allclose(weighted.coverage, repeated.coverage)
    np.testing.assert_allclose(weighted.risk, repeated.risk, atol=1e-12)
    assert weighted.augrc.value == pytest.approx(repeated.augrc.value)
    assert (weighted.high - weighted.low)[-1] > (repeated.high - repeated.low)[-1]


def test_the_limits_at_a_threshold_are_exact_for_errors():
    score, loss = sample()
    seen = risk_coverage(score, loss)
    rows = np.arange(1, 501)
    low, high = share_limits(seen.risk, rows)
    np.testing.assert_allclose(seen.low, low)
    np.testing.assert_allclose(seen.high, high)
    other = risk_coverage(score, loss * 0.5)
    from alignlab.intervals import mean_estimate

    best = mean_estimate(loss[np.argsort(-score)][:200] * 0.5)
    assert other.high[199] == pytest.approx(best.high)


def test_a_perfect_score_leaves_no_excess():
    _, loss = sample()
    seen = risk_coverage(-loss, loss)
    assert seen.e_aurc.value == 0
    assert seen.auroc.value == 1
    assert seen.aurc.value == pytest.approx(seen.optimum)


def test_paired_comparison_covers():
    """A better and a worse score of the same rows; the difference of their limits is known."""
    rng = np.random.default_rng(2)
    covered, worse = 0, 0
    for _ in range(300):
        u = rng.random(300)
        loss = rng.random(300) < 0.6 * (1 - u)
        seen = compare_risk_coverage(rng.random(300), u, loss).aurc
        covered += seen.low <= 0.15 - 0.3 <= seen.high
        same = compare_risk_coverage(rng.random(300), rng.random(300), loss).aurc
        worse += not same.low <= 0 <= same.high
    error = 4 * np.sqrt(0.05 * 0.95 / 300)
    assert covered / 300 > 0.95 - error
    assert worse / 300 < 0.05 + error


def test_comparing_a_score_with_itself_gives_nothing():
    score, loss = sample()
    seen = compare_risk_coverage(score, 3 * score, loss)
    assert seen.aurc.value == seen.aurc.low == seen.aurc.high == 0
    assert set(seen.to_dict()) == {"aurc", "e_aurc", "augrc"}


def test_it_leaves_as_plain_values_and_as_a_chart():
    score, loss = sample()
    seen = risk_coverage(score, loss)
    json.dumps(seen.to_dict())
    assert len(seen.to_frame()) == 500
    chart = seen.chart()
    assert 30 < len(chart.table.rows) <= 40
    assert chart.table.rows[-1][0] == 1
    assert "AURC" in str(seen)


@pytest.mark.parametrize(
    ("score", "loss", "weights", "words"),
    [
        ([], [], None, "There is no row"),
        ([1, 2], [0], None, r"One loss a row is wanted, and the shapes are: score \(2,\)"),
        ([1, np.inf], [0, 0], None, "Row 1 has the score inf"),
        ([1, 2], [0, -1], None, "Row 1 has the loss -1: give a finite number from 0"),
        ([1, 2], [0, 1], [0, 0], "All weights are 0"),
        ([[1], [2]], [0, 1], None, "One score a row"),
    ],
)
def test_what_cannot_be_used_is_said(score, loss, weights, words):
    with pytest.raises(InputError, match=words):
        risk_coverage(score, loss, weights=weights)


def test_a_coverage_out_of_range_is_refused():
    seen = risk_coverage(*sample())
    with pytest.raises(InputError, match=r"coverage=80 is not above 0"):
        seen.risk_at(80)


def test_two_scores_of_different_rows_are_refused():
    with pytest.raises(InputError, match="the same rows"):
        compare_risk_coverage([1, 2], [1, 2, 3], [0, 1], second_loss=[0, 1, 0])


def test_one_row_shows_no_spread():
    seen = risk_coverage([0.4], [1.0])
    assert seen.aurc.value == seen.aurc_trapezium == 1
    assert seen.auroc is None
