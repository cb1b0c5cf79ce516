from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from alignlab.study.statistics import estimate_difference, standardised_difference
from alignlab.study.statistics.effect_size import FAR, _below, hedges_factor


def test_the_factor_by_hand():
    """J(4) = Gamma(2) / (sqrt(2) Gamma(3/2)), and near 1 - 3 / (4 f - 1) from ten on."""
    assert hedges_factor(4) == pytest.approx(1 / (np.sqrt(2) * np.sqrt(np.pi) / 2))
    assert hedges_factor(20) == pytest.approx(1 - 3 / 79, abs=2e-4)


def test_one_task():
    x = np.array([0.3, 0.1, 0.5, 0.2, 0.4])
    found = standardised_difference(x)
    assert found.value == pytest.approx(hedges_factor(4) * 0.3 / x.std(ddof=1))
    t = np.sqrt(5) * 0.3 / x.std(ddof=1)
    assert stats.nct.sf(t, 4, np.sqrt(5) * found.low) == pytest.approx(0.025)
    assert stats.nct.cdf(t, 4, np.sqrt(5) * found.high) == pytest.approx(0.025)


def test_the_limits_invert_the_noncentral_t():
    """Steiger and Fouladi's inversion, here by scipy's noncentral t for t = 2 of 20 pairs."""
    x = np.random.default_rng(0).normal(size=20)
    x = (x - x.mean()) / x.std(ddof=1) + 2 / np.sqrt(20)
    found = standardised_difference(x)
    expected = [
        optimize.brentq(lambda c, q=q: stats.nct.cdf(2.0, 19, c) - q, -5, 9) / np.sqrt(20)
        for q in (0.975, 0.025)
    ]
    assert [found.low, found.high] == pytest.approx(expected, abs=1e-7)


def test_it_is_free_of_the_bias_of_few_pairs():
    rng = np.random.default_rng(1)
    x = rng.normal(0.8, 1.0, (20_000, 5))
    raw = x.mean(axis=1) / x.std(axis=1, ddof=1)
    assert raw.mean() == pytest.approx(0.8 / hedges_factor(4), abs=0.03)
    assert hedges_factor(4) * raw.mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("tasks", "n"), [(1, 3), (1, 5), (1, 10), (4, 3)])
def test_coverage(tasks, n):
    rng = np.random.default_rng(10 * tasks + n)
    effects = np.linspace(0.2, 1.4, tasks)[:, None] if tasks > 1 else 0.8
    held = [
        (each := standardised_difference(rng.normal(effects, 1.0, (tasks, n)))).low
        <= 0.8
        <= each.high
        for _ in range(400)
    ]
    assert 0.92 <= np.mean(held) <= 0.98


def test_coverage_where_tasks_are_not_as_spread_out_as_each_other():
    """One pooled deviation with all its freedom holds 88 %."""
    rng = np.random.default_rng(0)
    spreads = np.geomspace(0.3, 3, 5)[:, None]
    effect = 0.8 * np.sqrt(np.mean(spreads**2))
    held = [
        (each := standardised_difference(rng.normal(effect, spreads, (5, 3)))).low
        <= 0.8
        <= each.high
        for _ in range(400)
    ]
    assert 0.925 <= np.mean(held) <= 0.98


@pytest.mark.parametrize("generalise", ["seeds", "tasks"])
def test_its_limits_leave_out_0_just_where_the_difference_s_do(generalise):
    rng = np.random.default_rng(0)
    agreed = set()
    for _ in range(60):
        x = [rng.normal(0.6, spread, n) for spread, n in ((0.1, 4), (2.0, 3), (0.5, 6))]
        size, found = (
            each(x, generalise=generalise)
            for each in (standardised_difference, estimate_difference)
        )
        assert (size.low > 0, size.high < 0) == (found.low > 0, found.high < 0)
        agreed.add(size.low > 0)
    assert agreed == {True, False}


def test_to_new_tasks_it_is_that_of_the_task_means():
    x = np.random.default_rng(2).normal(0.5, 1, (6, 3))
    found = standardised_difference(x, generalise="tasks")
    alone = standardised_difference(x.mean(axis=1))
    assert (found.value, found.low, found.high) == pytest.approx(
        (alone.value, alone.low, alone.high)
    )


@pytest.mark.parametrize("freedom", [2, 9, 60, 2_000])
@pytest.mark.parametrize("far", [-0.9, -0.02, 0.0, 0.1, 1 - 1e-9, 1 + 1e-9, 1.3])
def test_the_noncentral_t_is_the_librarys_where_that_goes(freedom, far):
    t = far * FAR * np.sqrt(2 * freedom)
    for centre in np.linspace(t - 4, t + 4, 9):
        theirs = stats.nct.cdf(t, freedom, centre)
        if np.isfinite(theirs):
            assert _below(t, freedom, centre) == pytest.approx(theirs, abs=1e-7)
        assert _below(-t, freedom, -centre) == pytest.approx(1 - _below(t, freedom, centre))


@pytest.mark.parametrize("x", [[1000.0, 1000.1, 999.9], [-1000.0, -1000.1, -999.9]])
def test_a_huge_effect_has_limits(x):
    found = standardised_difference(x)
    assert found.low < found.value < found.high
    assert np.isfinite([found.low, found.high]).all()


def test_the_limits_turn_with_the_sign():
    x = np.array([0.3, 0.1, 0.5, -0.2])
    found, turned = standardised_difference(x), standardised_difference(-x)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize("x", [[0.3], [0.3, 0.3], [0.3, 0.4]])
def test_what_is_undefined_says_why(x):
    found = standardised_difference(x)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.method.startswith("no interval: ")
