from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignlab.errors import InputError
from alignlab.uncertainty.outliers.threshold import (
    OutlierThreshold,
    benjamini_hochberg,
    conformal_p_values,
)


def test_five_scores_by_hand():
    assert conformal_p_values([1.0, 2, 3, 3], [4.0, 3, 0]).tolist() == [0.2, 0.6, 1.0]
    threshold = OutlierThreshold.chosen([1.0, 2, 3, 3], 0.5)
    assert (threshold.rank, threshold.value) == (2, 3.0)
    assert threshold.flags([3.0, 3.1]).tolist() == [False, True]


@pytest.mark.parametrize("percent", range(1, 100))
def test_the_rank_is_exact_for_every_size_and_rate(percent):
    """As floats, rate * (n + 1) falls below whole numbers that it is equal to."""
    for n in range(1, 400):
        expected = percent * (n + 1) // 100
        if expected == 0:
            with pytest.raises(InputError, match="too few"):
                OutlierThreshold.chosen(np.arange(float(n)), percent / 100)
            continue
        threshold = OutlierThreshold.chosen(np.arange(float(n)), percent / 100)
        assert threshold.rank == expected


def test_the_error_names_the_number_that_suffices():
    for rate in (0.05, 0.07, 0.3):
        needed = next(n for n in range(1, 100) if Fraction(str(rate)) * (n + 1) >= 1)
        with pytest.raises(InputError, match=rf"it takes {needed}\."):
            OutlierThreshold.chosen(np.zeros(needed - 1) if needed > 1 else [], rate)
        OutlierThreshold.chosen(np.arange(float(needed)), rate)
    with pytest.raises(InputError, match=r"with confidence 0.9: it takes 45\."):
        OutlierThreshold.chosen(np.arange(44.0), 0.05, confidence=0.9)
    assert OutlierThreshold.chosen(np.arange(45.0), 0.05, confidence=0.9).rank == 1


@given(
    st.lists(st.integers(0, 6), min_size=20, max_size=60),
    st.lists(st.integers(0, 6), min_size=1, max_size=20),
)
def test_a_flag_is_a_p_value_at_most_the_rate(reference, scores):
    threshold = OutlierThreshold.chosen(np.array(reference, float), 0.1)
    p = threshold.p_values(np.array(scores, float))
    by_p = [
        Fraction(round(each * (len(reference) + 1)), len(reference) + 1) <= Fraction(1, 10)
        for each in p
    ]
    assert threshold.flags(np.array(scores, float)).tolist() == by_p


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [19, 50, 200])
def test_false_alarms_keep_the_rate_and_follow_the_beta_binomial(ties, n):
    rng = np.random.default_rng(n + ties)
    draws, m = 3000, 40
    flagged = np.empty(draws)
    surprising = 0
    for draw in range(draws):
        scores = rng.normal(size=n + m)
        scores = np.round(2 * scores) if ties else scores
        threshold = OutlierThreshold.chosen(scores[:n], 0.05)
        flagged[draw] = threshold.flags(scores[n:]).sum()
        surprising += threshold.surprise(int(flagged[draw]), m) <= 0.05
    rank = (n + 1) // 20
    law = stats.betabinom(m, rank, n + 1 - rank)
    error = law.std() / np.sqrt(draws)
    assert flagged.mean() <= 0.05 * m + 4 * error
    assert surprising / draws <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / draws)
    if not ties:
        assert flagged.mean() == pytest.approx(law.mean(), abs=4 * error)
        assert flagged.var() == pytest.approx(law.var(), rel=0.25)


def test_with_confidence_the_rate_is_kept_for_almost_every_reference():
    rng = np.random.default_rng(0)
    kept = {None: 0, 0.9: 0}
    for _ in range(1500):
        scores = rng.normal(size=200)
        for confidence in kept:
            threshold = OutlierThreshold.chosen(scores, 0.05, confidence=confidence)
            kept[confidence] += stats.norm.sf(threshold.value) <= 0.05
    assert kept[0.9] / 1500 >= 0.9 - 4 * np.sqrt(0.09 / 1500)
    assert kept[None] / 1500 < 0.7


def test_the_tail_is_that_of_scipy():
    for k, m, n, rank in [(0, 5, 3, 1), (3, 10, 31, 2), (40, 300, 99, 5), (7, 7, 19, 1)]:
        threshold = OutlierThreshold(np.arange(float(n)), 0.05, rank)
        expected = stats.betabinom.sf(k - 1, m, rank, n + 1 - rank)
        assert threshold.surprise(k, m) == pytest.approx(expected, rel=1e-9)


def test_what_is_expected_is_the_beta():
    expected = OutlierThreshold.chosen(np.arange(99.0), 0.05).expected(0.9)
    assert expected.value == 0.05
    law = stats.beta(5, 95)
    assert (expected.low, expected.high) == pytest.approx((law.ppf(0.05), law.ppf(0.95)))


@pytest.mark.parametrize("ties", [False, True])
def test_benjamini_hochberg_keeps_the_false_discovery_rate(ties):
    rng = np.random.default_rng(1)
    draws, rate = 1500, 0.2
    shares = np.empty(draws)
    for draw in range(draws):
        scores = rng.normal(size=240)
        scores[200:210] += 3  # ten of forty new rows are unusual
        scores = np.round(2 * scores) if ties else scores
        flagged = benjamini_hochberg(conformal_p_values(scores[:200], scores[200:]), rate)
        shares[draw] = flagged[10:].sum() / max(flagged.sum(), 1)
    error = shares.std() / np.sqrt(draws)
    assert shares.mean() <= 0.75 * rate + 4 * error  # the share of usual rows times the rate
    assert shares.mean() > 0.03


def test_benjamini_hochberg_is_that_of_scipy():
    rng = np.random.default_rng(2)
    for _ in range(50):
        p = np.round(rng.random(30) ** 3, 3)
        adjusted = stats.false_discovery_control(p)
        clear = np.abs(adjusted - 0.1) > 1e-9
        assert (benjamini_hochberg(p, 0.1) == (adjusted <= 0.1))[clear].all()


def test_a_p_value_on_its_bound_is_flagged():
    """19 / 200 against 0.1 * 19 / 20: equal numbers, different floats."""
    for m in range(2, 60):
        for k in range(1, m + 1):
            p = np.full(m, 1.0)
            p[:k] = k / (10 * m)
            assert benjamini_hochberg(p, 0.1).sum() == k


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conformal_p_values([], [1.0]), "reference has the shape"),
        (lambda: conformal_p_values([1.0, np.nan], [1.0]), "row 1 of reference is not a number"),
        (lambda: conformal_p_values([[1.0]], [1.0]), r"shape \(1, 1\)"),
        (lambda: OutlierThreshold.chosen([1.0], 0), "false_alarms=0 is not between 0 and 1"),
        (lambda: OutlierThreshold.chosen([1.0], 0.5, confidence=1.5), "confidence=1.5"),
        (lambda: benjamini_hochberg([0.5], 5), "rate=5"),
        (lambda: benjamini_hochberg([0.5, 7]), "numbers from 0 to 1"),
        (lambda: OutlierThreshold.chosen(np.arange(99.0)).surprise(5, 4), "flagged=5"),
    ],
)
def test_what_cannot_be_used_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_infinite_scores_are_scores():
    assert conformal_p_values([1.0, np.inf], [np.inf, -np.inf]).tolist() == [2 / 3, 1.0]
