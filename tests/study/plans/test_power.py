from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower

from alignlab.errors import InputError
from alignlab.study.plans.power import MOST_SEEDS, difference_power, least, seeds_for


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 30, 100])
@pytest.mark.parametrize("size", [0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize(
    ("direction", "alternative"), [("different", "two-sided"), ("greater", "larger")]
)
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_one_task_is_the_noncentral_t(seeds, size, direction, alternative, alpha):
    tail = alpha if alternative == "two-sided" else alpha / 2
    oracle = TTestPower().power(size, seeds, tail, alternative=alternative)
    found = difference_power(3 * size, 3.0, seeds, direction=direction, alpha=alpha)
    if np.isnan(oracle):  # far out the oracle's noncentral t has no lower tail, and so no answer
        assert size * np.sqrt(seeds) > 9
        assert found == pytest.approx(1.0, abs=1e-9)
    else:
        assert found == pytest.approx(oracle, abs=2e-5)


def test_seeds_are_the_oracle_s_rounded_up():
    for size in (0.3, 0.5, 0.8, 1.2, 2.0):
        oracle = TTestPower().solve_power(size, power=0.8, alpha=0.05)
        assert seeds_for(size, 1.0) == int(np.ceil(oracle))


def test_the_last_numbers_are_looked_at_too():
    """Twice 65,536 is beyond the most."""
    needed = seeds_for(0.0095, 1.0)
    assert 65_536 < needed < MOST_SEEDS
    assert seeds_for(0.008, 1.0) is None
    assert least(lambda n: float(n == MOST_SEEDS), 0.5) == MOST_SEEDS


@pytest.mark.parametrize(("seeds", "margin"), [(3, 1.0), (5, 1.0), (10, 0.8), (30, 0.5)])
def test_equivalence_is_the_integral_over_the_estimated_error(seeds, margin):
    freedom = seeds - 1
    critical = stats.t.ppf(0.95, freedom)
    away = margin * np.sqrt(seeds)

    def part(variance):
        inside = 2 * stats.norm.cdf(away - critical * np.sqrt(variance / freedom)) - 1
        return max(0.0, inside) * stats.chi2.pdf(variance, freedom)

    end = freedom * (away / critical) ** 2
    oracle, _ = integrate.quad(part, 0, end, limit=200)
    found = difference_power(margin, 1.0, seeds, direction="equivalent")
    assert found == pytest.approx(oracle, abs=5e-5)


@pytest.mark.parametrize(
    ("seeds", "tasks", "direction"),
    [(3, 2, "different"), (3, 5, "greater"), (5, 2, "less"), (4, 3, "equivalent")],
)
def test_several_tasks_have_the_power_that_studies_have(seeds, tasks, direction):
    """Studies drawn and tested one by one; the standard error of their share is 0.0022."""
    rng = np.random.default_rng(3)
    effect, studies, alpha = (0.6 if direction != "equivalent" else 1.0), 50_000, 0.05
    true = {"greater": effect, "different": effect, "less": -effect, "equivalent": 0.0}[direction]
    pairs = rng.normal(true, 1.0, (studies, tasks, seeds))
    parts = pairs.var(axis=2, ddof=1) / seeds / tasks**2
    error = np.sqrt(parts.sum(axis=1))
    freedom = parts.sum(axis=1) ** 2 / (parts**2 / (seeds - 1)).sum(axis=1)
    mean = pairs.mean(axis=(1, 2))
    shown = {
        "greater": stats.t.sf(mean / error, freedom) < alpha / 2,
        "less": stats.t.sf(-mean / error, freedom) < alpha / 2,
        "different": stats.t.sf(np.abs(mean / error), freedom) < alpha / 2,
        "equivalent": stats.t.sf((effect - np.abs(mean)) / error, freedom) < alpha,
    }[direction]
    found = difference_power(effect, 1.0, seeds, tasks=tasks, direction=direction)
    assert found == pytest.approx(shown.mean(), abs=0.008)


def test_a_noncentral_t_would_promise_more_for_few_seeds_on_tasks():
    seeds, tasks, effect = 3, 2, 1.0
    freedom, away = tasks * (seeds - 1), effect * np.sqrt(seeds * tasks)
    naive = stats.nct.sf(stats.t.ppf(0.975, freedom), freedom, away)
    assert difference_power(effect, 1.0, seeds, tasks=tasks) < naive - 0.05


sizes = st.floats(0.05, 3)


@given(sizes, st.integers(2, 40), st.integers(1, 4), st.sampled_from(["different", "equivalent"]))
def test_power_grows_with_seeds_and_effect_and_not_with_scale(size, seeds, tasks, direction):
    def chance(effect, spread, n):
        return difference_power(effect, spread, n, tasks=tasks, direction=direction)

    here = chance(size, 1.0, seeds)
    assert 0 <= here <= 1
    # Two one-sided tests that hardly ever succeed do so by luck, and more rarely with more seeds.
    assert chance(size, 1.0, seeds + 5) >= here - 1e-3 or (direction, here < 0.05) == (
        "equivalent",
        True,
    )
    assert chance(1.2 * size, 1.0, seeds) >= here - 1e-12
    assert chance(1e-6 * size, 1e-6, seeds) == pytest.approx(here, abs=1e-9)


def test_the_smallest_number_of_seeds_is_the_smallest():
    for direction in ("different", "greater", "less", "equivalent"):
        n = seeds_for(0.7, 1.0, direction=direction, tasks=2, alpha=0.02, power=0.9)
        chances = [
            difference_power(0.7, 1.0, each, direction=direction, tasks=2, alpha=0.02)
            for each in (n - 1, n)
        ]
        assert chances[0] < 0.9 <= chances[1]
    assert seeds_for(1e-4, 1.0) is None
    assert difference_power(5.0, 1.0, 1) == 0.0


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"effect": 0.0}, "effect=0.0 is not a number above 0"),
        ({"effect": float("nan")}, "effect=nan"),
        ({"spread": -1.0}, "spread=-1.0 is not"),
        ({"seeds": 2.5}, "seeds=2.5 is not a whole number from 1"),
        ({"tasks": 0}, "tasks=0"),
        ({"alpha": 0.95}, r"alpha=0\.95 is not between 0 and 0\.5"),
        ({"direction": "greter"}, "Did you mean 'greater'"),
    ],
)
def test_what_cannot_be_planned_is_refused(given_, said):
    stated = {"effect": 1.0, "spread": 1.0, "seeds": 5} | given_
    effect, spread, seeds = (stated.pop(key) for key in ("effect", "spread", "seeds"))
    with pytest.raises(InputError, match=said):
        difference_power(effect, spread, seeds, **stated)


def test_a_chance_wanted_is_one():
    with pytest.raises(InputError, match=r"power=1\.0 is not a chance"):
        seeds_for(1.0, 1.0, power=1.0)
