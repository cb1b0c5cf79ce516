from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignlab.study.statistics import interquartile_mean

SIMULATIONS = 2_000


def test_it_is_of_all_runs_and_not_of_task_means():
    values = np.array([[0.0, 0.1, 0.2, 9.0], [0.3, 0.4, 0.5, 0.6]])
    assert interquartile_mean(values).value == pytest.approx(np.mean([0.2, 0.3, 0.4, 0.5]))
    assert interquartile_mean(values).value != pytest.approx(
        stats.trim_mean(values.mean(axis=1), 0.25)
    )


@given(
    st.lists(
        st.lists(st.floats(-100, 100), min_size=1, max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_the_value_is_scipys_trimmed_mean(values):
    assert interquartile_mean(values).value == pytest.approx(
        stats.trim_mean(np.concatenate(values), 0.25), abs=1e-9
    )


def test_of_one_task_the_interval_is_yuens():
    x = np.random.default_rng(0).standard_t(3, 13)
    cut, kept = 3, 7
    pulled = np.clip(x, np.sort(x)[cut], np.sort(x)[-cut - 1])
    error = np.sqrt(12 * pulled.var(ddof=1) / (kept * (kept - 1)))
    half = stats.t.ppf(0.975, kept - 1) * error
    found = interquartile_mean(x)
    assert found.high - found.value == pytest.approx(half)
    # And scipy's test with trimming, against a second group that hardly varies.
    test = stats.ttest_ind(x, [0.0, 0.0, 0.0, 1e-12], equal_var=False, trim=0.25)
    assert found.value / error == pytest.approx(test.statistic)


def test_below_four_runs_it_is_students():
    x = [1.0, 2.0, 4.0]
    found = interquartile_mean(x)
    assert (found.low, found.high) == pytest.approx(
        tuple(stats.ttest_1samp(x, 0).confidence_interval())
    )


@pytest.mark.parametrize(("tasks", "n"), [(1, 3), (1, 5), (1, 10), (1, 30), (3, 5), (10, 3)])
def test_coverage(tasks, n):
    rng = np.random.default_rng(100 * tasks + n)
    centres = np.linspace(-1, 1, tasks)[:, None] if tasks > 1 else np.zeros((1, 1))
    found = [interquartile_mean(rng.normal(centres, 1.0, (tasks, n))) for _ in range(SIMULATIONS)]
    # The distribution is symmetric around 0, and so is its trimmed mean.
    held = np.mean([each.low <= 0 <= each.high for each in found])
    assert 0.93 <= held <= 0.98


def test_pooling_the_runs_of_tasks_would_be_far_too_wide():
    """Why the spread is taken within tasks: what tasks differ by is no matter of the seed."""
    x = np.random.default_rng(1).normal(np.linspace(-5, 5, 5)[:, None], 1.0, (5, 5))
    found, pooled = interquartile_mean(x), interquartile_mean(x.ravel())
    assert found.value == pooled.value
    assert found.high - found.low < 0.5 * (pooled.high - pooled.low)


def test_one_run_that_diverged_moves_it_little():
    x = [0.9, 0.91, 0.92, 0.93, 0.91, 0.92, 0.93]
    assert abs(interquartile_mean([*x, -1e6]).value - interquartile_mean([*x, 0.9]).value) < 0.01


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([0.4], "there is one run"),
        ([[0.4, 0.5], [0.3]], "task 2 of 2 has one run"),
        ([[0.4, 0.5], []], "task 2 of 2 has no run"),
        ([0.5] * 6, "in no task does the middle half differ"),
        ([[]], "there is no run"),
    ],
)
def test_what_is_undefined_says_why(values, why):
    found = interquartile_mean(values)
    assert why in found.method
    assert np.isnan([found.low, found.high]).all()
