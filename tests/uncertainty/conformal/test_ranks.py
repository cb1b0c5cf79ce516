from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from alignlab.errors import InputError
from alignlab.uncertainty.conformal import (
    conformal_rank,
    conformal_threshold,
    expected_coverage,
    fewest_rows,
)

LEVELS = [f"{percent / 100:.2f}" for percent in range(1, 100)]


@pytest.mark.parametrize(
    ("n", "level", "rank"),
    [(9, 0.9, 9), (8, 0.9, None), (9, 0.8, 8), (19, 0.95, 19), (24, 0.56, 14), (74, 0.68, 51),
     (99, 0.55, 55), (99, 0.9, 90), (0, 0.5, None), (1, 0.5, 1)],
)  # fmt: skip
def test_ranks_by_hand(n, level, rank):
    assert conformal_rank(n, level) == rank


def test_a_fraction_of_a_float_is_another_level_whichever_comes_first():
    for _ in range(2):
        assert conformal_rank(9, Fraction(0.9)) is None  # a little more than nine tenths
        assert conformal_rank(9, 0.9) == conformal_rank(9, np.float64(0.9)) == 9


def test_every_cell_is_exact():
    """n from 1 to 2000 and level from .01 to .99, against decimal arithmetic."""
    for level in LEVELS:
        exact = Decimal(level)
        for n in range(1, 2001):
            rank = int(((n + 1) * exact).to_integral_value(rounding=ROUND_CEILING))
            assert conformal_rank(n, float(level)) == (rank if rank <= n else None), (n, level)


def test_floats_would_be_wrong_in_many_cells():
    wrong = sum(
        int(np.ceil((n + 1) * float(level))) != conformal_rank(n, Fraction(level))
        for level in LEVELS
        for n in range(9, 200, 5)
        if conformal_rank(n, Fraction(level)) is not None
    )
    assert wrong > 20


def test_levels_as_people_hold_them():
    for level in (0.9, "0.9", "9/10", Fraction(9, 10), Decimal("0.9"), np.float64(0.9)):
        assert conformal_rank(9, level) == 9
    assert conformal_rank(9, np.float32(0.9)) == 9


@pytest.mark.parametrize(
    "level", [0, 1, -0.1, 1.5, 90, float("nan"), float("inf"), "x", "1/0", None, [0.9]]
)
def test_a_level_out_of_range(level):
    with pytest.raises(InputError, match=r"is not between 0 and 1\. Give one, such as level=0\.9"):
        conformal_rank(10, level)


def test_a_negative_number_of_rows():
    with pytest.raises(InputError, match="n=-1 is negative"):
        conformal_rank(-1, 0.9)


@pytest.mark.parametrize("level", LEVELS)
def test_the_fewest_rows_are_the_fewest(level):
    n = fewest_rows(level)
    assert conformal_rank(n, level) is not None
    assert conformal_rank(n - 1, level) is None


def test_the_threshold_is_the_ranked_score_and_else_infinite():
    scores = np.random.default_rng(0).permutation(np.arange(1.0, 100.0))
    for level in LEVELS:
        assert conformal_threshold(scores, level) == conformal_rank(99, level)
        assert conformal_threshold(scores[:0], level) == np.inf
    assert conformal_threshold(scores[:8], 0.9) == np.inf


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers(bad):
    scores = np.ones(12)
    scores[7] = bad
    with pytest.raises(InputError, match="calibration row 7 is"):
        conformal_threshold(scores, 0.9)
    with pytest.raises(InputError, match="have shape"):
        conformal_threshold(np.ones((3, 2)), 0.9)


def test_huge_scores_are_finite():
    assert conformal_threshold([1e308, 1.7e308, 1.5e308], 0.5) == 1.5e308


@pytest.mark.parametrize(("n", "level"), [(9, 0.9), (99, 0.9), (57, 0.35), (2000, 0.99)])
def test_the_expected_coverage_is_the_beta_distribution(n, level):
    rank = conformal_rank(n, level)
    beta = stats.beta(rank, n + 1 - rank)
    seen = expected_coverage(n, level, confidence=0.9)
    assert seen.value == pytest.approx(beta.mean(), abs=1e-12)
    assert (seen.low, seen.high) == pytest.approx(beta.ppf([0.05, 0.95]), abs=1e-10)


def test_the_coverage_of_calibration_sets_has_that_distribution():
    """The coverage of uniform scores is the threshold itself."""
    rng = np.random.default_rng(1)
    drawn = [conformal_threshold(rng.random(57), 0.8) for _ in range(4000)]
    rank = conformal_rank(57, 0.8)
    assert stats.kstest(drawn, stats.beta(rank, 58 - rank).cdf).pvalue > 1e-3


def test_no_finite_threshold_covers_everything():
    assert expected_coverage(3, 0.9).low == 1
    with pytest.raises(InputError, match="confidence=1"):
        expected_coverage(30, 0.9, confidence=1)
