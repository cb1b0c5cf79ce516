from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from alignlab.errors import InputError
from alignlab.study.statistics import probability_of_improvement

grades = st.lists(st.integers(0, 5).map(float), min_size=2, max_size=6)


def test_by_hand():
    """Of 2 x 2 pairs two are higher, one is a tie and one lower."""
    assert probability_of_improvement([3.0, 1.0], [1.0, 2.0]).value == 2.5 / 4
    both = probability_of_improvement([[3.0, 1.0], [5.0, 5.0]], [[1.0, 2.0], [0.0, 0.0]])
    assert both.value == (2.5 / 4 + 1) / 2


@given(grades, grades)
def test_it_is_mann_whitneys_share(ours, theirs):
    expected = stats.mannwhitneyu(ours, theirs, method="asymptotic").statistic
    found = probability_of_improvement(ours, theirs)
    assert found.value == pytest.approx(expected / (len(ours) * len(theirs)))
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(grades, grades)
def test_it_turns_with_the_two(ours, theirs):
    one, other = (
        probability_of_improvement(ours, theirs),
        probability_of_improvement(theirs, ours),
    )
    assert (other.value, other.low, other.high) == pytest.approx(
        (1 - one.value, 1 - one.high, 1 - one.low), abs=1e-6
    )


def test_the_limits_solve_the_score_equation():
    found = probability_of_improvement([1.0, 2.0, 5.0, 7.0], [0.0, 3.0, 4.0], level=0.9)
    times, m, n = stats.t.ppf(0.95, 5), 4, 3
    for p in (found.low, found.high):
        variance = p * (1 - p) / (m * n)
        variance *= 1 + (n - 1) * (1 - p) / (2 - p) + (m - 1) * p / (1 + p)
        assert abs(found.value - p) == pytest.approx(times * np.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize(("tasks", "n"), [(1, 3), (1, 5), (1, 10), (5, 3), (5, 10)])
@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_coverage_is_not_lost_near_the_ends(tasks, n, shift):
    rng = np.random.default_rng(100 * tasks + n)
    truth = special.ndtr(shift / np.sqrt(2))
    held = [
        (
            each := probability_of_improvement(
                rng.normal(shift, 1, (tasks, n)), rng.normal(0, 1, (tasks, n))
            )
        ).low
        <= truth
        <= each.high
        for _ in range(300)
    ]
    assert np.mean(held) >= 0.93


def test_five_of_five_is_not_certain():
    found = probability_of_improvement([5.0, 6, 7, 8, 9], [0.0, 1, 2, 3, 4])
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.5 < found.low < 0.7


def test_more_tasks_know_more():
    wide, narrow = (
        probability_of_improvement(np.tile([1.0, 3, 5], (t, 1)), np.tile([0.0, 2, 4], (t, 1)))
        for t in (1, 10)
    )
    assert wide.value == pytest.approx(narrow.value)
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


def test_what_is_undefined_says_why():
    assert "one run of each" in probability_of_improvement([1.0], [0.0]).method
    none = probability_of_improvement([[1.0], []], [[0.0], [0.0]])
    assert np.isnan(none.value)
    assert "task 2 has no run" in none.method
    with pytest.raises(InputError, match="1 tasks of one and 2 of the other"):
        probability_of_improvement([1.0, 2.0], [[1.0], [2.0]])
