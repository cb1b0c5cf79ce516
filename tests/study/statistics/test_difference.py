from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignlab.errors import InputError
from alignlab.families import holm
from alignlab.study.statistics import estimate_difference, t_test

SIMULATIONS = 2_000

numbers = st.floats(-1, 1).map(lambda x: round(x, 6))


def coverage(draw, *, truth=0.0, simulations=SIMULATIONS, **options):
    found = [estimate_difference(draw(), **options) for _ in range(simulations)]
    return np.mean([each.low <= truth <= each.high for each in found])


def test_one_task_by_hand():
    found = estimate_difference([1.0, 2.0, 3.0])
    half = 4.302652729911275 / np.sqrt(3)
    assert (found.value, found.n, found.level) == (2.0, 3, 0.95)
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half))


@given(st.lists(numbers, min_size=3, max_size=12).filter(lambda x: np.ptp(x) > 1e-3))
def test_one_task_is_the_paired_t_test(differences):
    expected = stats.ttest_1samp(differences, 0.0)
    low, high = expected.confidence_interval(0.95)
    found, test = estimate_difference(differences), t_test(differences)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert test.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-9)


def test_two_tasks_are_welchs_test_of_a_difference():
    """A mean of two tasks, the second turned around, is half the difference of two groups."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(1, 1, 5), rng.normal(0, 4, 9)
    expected = stats.ttest_ind(x, y, equal_var=False)
    low, high = expected.confidence_interval(0.9)
    found = estimate_difference([x, -y], level=0.9)
    assert t_test([x, -y]).p_value == pytest.approx(expected.pvalue)
    assert (2 * found.low, 2 * found.high) == pytest.approx((low, high))


def test_to_new_tasks_it_is_the_t_test_of_task_means():
    values = np.random.default_rng(2).normal(0.3, 1, (6, 4))
    expected = stats.ttest_1samp(values.mean(axis=1), 0.0)
    found = estimate_difference(values, generalise="tasks")
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert t_test(values, generalise="tasks").p_value == pytest.approx(expected.pvalue)
    assert found.n == 24


def test_of_nested_tasks_the_outermost_cluster_is_what_is_drawn():
    values = np.random.default_rng(3).normal(size=(6, 4))
    found = estimate_difference(values, generalise="tasks", clusters=list("aabbcc"))
    over = values.reshape(3, 8).mean(axis=1)
    assert (found.low, found.high) == pytest.approx(
        tuple(stats.ttest_1samp(over, 0).confidence_interval())
    )
    assert "3 clusters of tasks" in found.method


@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_coverage_of_one_task(n):
    rng = np.random.default_rng(n)
    assert 0.93 <= coverage(lambda: rng.normal(0.1, 2, n), truth=0.1) <= 0.97


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("tasks", [2, 10])
def test_coverage_over_tasks_that_differ(tasks, n):
    rng = np.random.default_rng(10 * n + tasks)
    centres, spreads = np.linspace(-1, 1, tasks), np.geomspace(0.3, 3, tasks)
    held = coverage(
        lambda: rng.normal(centres[:, None], spreads[:, None], (tasks, n)), simulations=1_000
    )
    assert 0.93 <= held <= 0.975


@pytest.mark.parametrize("tasks", [3, 5, 10, 30])
def test_coverage_of_new_tasks(tasks):
    rng = np.random.default_rng(tasks)

    def draw():
        return rng.normal(rng.normal(0.2, 1, (tasks, 1)), 0.5, (tasks, 3))

    assert 0.93 <= coverage(draw, truth=0.2, generalise="tasks") <= 0.97


def test_seeds_alone_miss_what_other_tasks_would_give():
    """The trap: an interval for these tasks, read as one for tasks like these."""
    rng = np.random.default_rng(4)
    assert (
        coverage(lambda: rng.normal(rng.normal(0, 1, (5, 1)), 0.3, (5, 5)), simulations=300) < 0.5
    )


def test_replicates_that_are_taken_for_independent_tasks_miss_too():
    """The trap: five data sets with six splits each are not thirty data sets."""
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(5), 6)

    def draw():
        return rng.normal(rng.normal(0, 1, 5)[groups][:, None], 0.5, (30, 3))

    assert coverage(draw, generalise="tasks", simulations=200) < 0.75
    held = coverage(draw, generalise="tasks", clusters=groups.tolist(), simulations=800)
    assert 0.93 <= held <= 0.97


def test_a_family_of_intervals_holds_at_once():
    rng = np.random.default_rng(6)
    level = []
    for _ in range(300):
        found = [estimate_difference(x, comparisons=20) for x in rng.normal(0, 1, (20, 5))]
        level.append(all(each.low <= 0 <= each.high for each in found))
    assert np.mean(level) >= 0.93


def test_twenty_true_nulls_are_rarely_contradicted():
    rng = np.random.default_rng(7)
    wrong = [
        min(holm([t_test(x).p_value for x in rng.normal(0, 1, (20, 5))])) < 0.05
        for _ in range(1_000)
    ]
    assert np.mean(wrong) <= 0.055


@given(st.lists(st.lists(numbers, min_size=2, max_size=5), min_size=1, max_size=5))
def test_neither_the_order_of_tasks_nor_of_replicates_matters(values):
    found = estimate_difference(values)
    turned = estimate_difference([each[::-1] for each in values[::-1]])
    assert [found.value, found.low, found.high] == pytest.approx(
        [turned.value, turned.low, turned.high], nan_ok=True, rel=1e-6, abs=1e-12
    )


def test_the_test_and_the_interval_are_one():
    rng = np.random.default_rng(8)
    for _ in range(200):
        x = rng.normal(0.8, 1, (2, 4))
        found = estimate_difference(x)
        assert (t_test(x).p_value < 0.05) == (not found.low <= 0 <= found.high)


def test_one_replicate_has_a_value_and_no_interval():
    found = estimate_difference([0.4])
    assert found.value == 0.4
    assert np.isnan([found.low, found.high, t_test([0.4]).p_value]).all()
    assert t_test([0.4]).why in found.method
    assert t_test([0.4]).to_dict()["n"] == 1


def test_a_level_that_is_none():
    with pytest.raises(InputError, match="level=95"):
        estimate_difference([0.1, 0.2], level=95)
    with pytest.raises(InputError, match="level=95"):
        estimate_difference([0.1], level=95)


def test_no_global_random_state_is_touched():
    """Nor read: the same call gives the same whatever was drawn before."""
    from alignlab.study import statistics

    x = np.random.default_rng(9).normal(size=(3, 7))

    def everything():
        return [
            estimate_difference(x),
            statistics.interquartile_mean(x),
            statistics.standardised_difference(x),
            statistics.probability_of_improvement(x, x + 0.1),
            statistics.sign_flip_test(x, draws=500),
            statistics.performance_profile(x).to_dict(),
        ]

    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = everything()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    assert everything() == first
