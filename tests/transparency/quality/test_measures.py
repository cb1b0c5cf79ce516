"""Ratios cover, and ranks are Spearman's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from alignlab.intervals import Estimate, mean_estimate
from alignlab.transparency.quality.measures import (
    jackknife_estimate,
    overlap,
    rank_correlation,
    ratio_estimate,
    root,
    sign_agreement,
)


def test_intervals_of_a_ratio_cover_it():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(2_000):
        below = rng.gamma(4, size=40)
        above = 1.5 * below + rng.normal(size=40)
        found = ratio_estimate(above, below)
        inside += found.low < 1.5 < found.high
    assert abs(inside / 2_000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2_000)


def test_a_ratio_to_nothing_is_not_given():
    found = ratio_estimate(np.ones(4), np.array([1.0, -1.0, 2.0, -2.0]))
    assert np.isnan(found.value)


@given(st.integers(0, 10_000))
def test_ranks_are_spearmans_with_ties(seed):
    a, b = np.random.default_rng(seed).integers(0, 4, size=(2, 3, 7)).astype(float)
    for first, second, found in zip(a, b, rank_correlation(a, b), strict=True):
        if len(set(first)) > 1 and len(set(second)) > 1:
            assert found == pytest.approx(spearmanr(first, second).statistic)
        else:
            assert np.isnan(found)


def test_a_jackknife_of_a_mean_is_students():
    rows = np.random.default_rng(0).normal(size=12)
    found = jackknife_estimate(rows.mean(), (rows.sum() - rows) / 11)
    known = mean_estimate(rows)
    assert (found.value, found.low, found.high) == pytest.approx(
        (known.value, known.low, known.high)
    )


def test_equal_sizes_share_a_place_among_the_largest():
    """In the order of the columns, explanations that say nothing would agree with each other."""
    nothing, one = np.zeros((1, 8)), np.eye(8)[5:6]
    assert overlap(nothing, nothing, 3) == pytest.approx([3 / 8])
    # Both name column 5; the other two places are anybody's among 7.
    assert overlap(one, one, 3) == pytest.approx([(1 + 2 * 2 / 7) / 3])
    assert sign_agreement(nothing, nothing, 3).tolist() == [0]
    assert sign_agreement(one, one, 3) == pytest.approx([1])


def test_overlap_and_signs_by_hand():
    a = np.array([[3.0, -2.0, 1.0, 0.0]])
    b = np.array([[3.0, 0.5, 1.0, 2.0]])
    assert overlap(a, b, 2).tolist() == [0.5]
    # Either calls 0, 1 and 3 largest; they agree on 0 alone.
    assert sign_agreement(a, b, 2).tolist() == [1 / 3]


def test_a_root_takes_its_limits_along():
    found = root(Estimate(4.0, -1.0, 9.0, 0.95, 5, "m"))
    assert (found.value, found.low, found.high) == (2, 0, 3)
