from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats
from sklearn.linear_model import LogisticRegression

from alignlab.values.inverse.thresholds import ThresholdModel


def drawn(n=200, tau=0.4, noise=0.1, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n)
    return x, rng.random(n) < special.expit((x - tau) / noise)


def likelihood(x, yes, slope, tau):
    return special.log_expit(np.where(yes, 1, -1) * slope * (x - tau)).sum()


def profile_of_slope(x, yes, slope):
    """The highest log-likelihood with the slope held, by a search over thresholds."""
    ends = (x.min() - 1 - 5 / slope, x.max() + 1 + 5 / slope)
    grid = np.linspace(*ends, 2_001)
    near = grid[np.argmax([likelihood(x, yes, slope, tau) for tau in grid])]
    width = grid[1] - grid[0]
    return -optimize.minimize_scalar(
        lambda tau: -likelihood(x, yes, slope, tau),
        bounds=(near - width, near + width),
        method="bounded",
        options={"xatol": 1e-12},
    ).fun


def highest_noise(x, yes, critical):
    """The noise at which a clean cut is `critical` less likely, twice over, than certainty."""
    return optimize.brentq(
        lambda noise: -2 * profile_of_slope(x, yes, 1 / noise) - critical, 0.01, 1.0
    )


def test_it_is_the_logistic_regressions_ratio():
    x, yes = drawn()
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x[:, None], yes)
    slope, intercept = fitted.coef_[0, 0], fitted.intercept_[0]
    model = ThresholdModel(x, yes)
    assert model.threshold(0, 0, 1, level=0.95).value == pytest.approx(-intercept / slope, abs=1e-5)
    assert model.noise(0, level=0.95).value == pytest.approx(1 / slope, rel=1e-4)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_limits_are_where_the_likelihood_has_fallen_enough(level):
    x, yes = drawn(60)
    found = ThresholdModel(x, yes).threshold(0, 0, 1, level=level)
    best = -optimize.minimize(
        lambda w: -likelihood(x, yes, np.exp(w[0]), w[1]), [2.0, 0.4], method="Nelder-Mead"
    ).fun
    q = special.expit((x - found.value) / ThresholdModel(x, yes).noise(0, level=0.95).value)
    critical = stats.t.ppf((1 + level) / 2, (4 * q * (1 - q)).sum() - 2) ** 2
    for end in (found.low, found.high):
        held = -optimize.minimize_scalar(
            lambda w, end=end: -likelihood(x, yes, np.exp(w), end), bounds=(-5, 8), method="bounded"
        ).fun
        assert 2 * (best - held) == pytest.approx(critical, abs=1e-3)
    assert found.low < found.value < found.high


def test_a_clean_cut_is_known_to_lie_between_its_neighbours():
    x = np.linspace(0.05, 0.95, 19)
    model = ThresholdModel(x, x > 0.5)
    found = model.threshold(0, 0, 1, level=0.95)
    assert found.value == pytest.approx(0.525)
    assert found.low < 0.5
    assert found.high > 0.55
    noise = model.noise(0, level=0.95)
    assert (noise.value, noise.low) == (0.0, 0.0)
    assert noise.high == pytest.approx(highest_noise(x, x > 0.5, 2.7764**2), rel=1e-3)
    assert 0.1 < noise.high < 0.2


@pytest.mark.parametrize(("answer", "value"), [(True, 0.0), (False, 1.0)])
def test_who_always_says_the_same_has_one_limit(answer, value):
    x = np.linspace(0.3, 0.7, 12)
    model = ThresholdModel(x, np.full(12, answer))
    found = model.threshold(0, 0, 1, level=0.95)
    assert found.value == value
    assert (found.low, found.high) == ((0.0, found.high) if answer else (found.low, 1.0))
    # Somewhere below the lowest or a little above it; the mirror image for no.
    inner = found.high if answer else 1 - found.low
    assert 0.3 < inner < 0.55
    noise = model.noise(0, level=0.95)
    assert noise.low == 0.0
    assert noise.high == np.inf


def test_against_the_grain_nothing_is_known():
    """Yes to the unlikely ones: no cost ratio makes that sensible."""
    x = np.linspace(0.05, 0.95, 19)
    model = ThresholdModel(x, x < 0.5)
    found = model.threshold(0, 0, 1, level=0.95)
    assert (found.low, found.high) == (0.0, 1.0)
    noise = model.noise(0, level=0.95)
    assert (noise.value, noise.high) == (np.inf, np.inf)
    # Of the slopes that are allowed 0 is best, and small ones are hardly worse.
    assert 0 < noise.low < 10


def test_a_coin_tells_nothing():
    x, _ = drawn(100)
    yes = np.random.default_rng(1).random(100) < 0.5
    assert ThresholdModel(x, yes).noise(0, level=0.95).high == np.inf


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("tau", "noise"), [(0.85, 0.05), (0.5, 0.02), (0.3, 0.3)])
def test_the_profile_of_the_slope_is_the_highest_likelihood(tau, noise, seed):
    x, yes = drawn(200, tau, noise, seed)
    model = ThresholdModel(x, yes)
    fitted = model._weights[0]
    assert model._profile_slope(0, fitted) == pytest.approx(model._best, abs=1e-9)
    for slope in fitted * np.array([0.1, 0.5, 2.0, 8.0, 64.0]):
        expected = profile_of_slope(x, yes, slope)
        assert model._profile_slope(0, slope) == pytest.approx(expected, abs=1e-6)


def test_the_noise_has_its_limits_where_the_likelihood_has_fallen_enough():
    x, yes = drawn(200, 0.85, 0.05)
    model = ThresholdModel(x, yes)
    found = model.noise(0, level=0.95)
    assert found.low < 0.8 * found.value < 1.2 * found.value < found.high
    falls = [profile_of_slope(x, yes, 1 / end) for end in (found.low, found.high)]
    assert falls[0] == pytest.approx(falls[1], abs=1e-5)
    chance = special.expit((x - model.threshold(0, 0, 1, level=0.95).value) / found.value)
    critical = stats.t.ppf(0.975, (4 * chance * (1 - chance)).sum() - 2) ** 2
    assert 2 * (model._best - falls[0]) == pytest.approx(critical, abs=1e-3)


@pytest.mark.parametrize(("n", "tau", "noise"), [(50, 0.85, 0.05), (20, 0.5, 0.02)])
def test_the_intervals_of_the_noise_cover(n, tau, noise):
    """Of 100 replicates chance may take 6 % from 95; saturated chances once took 60 %."""
    hits = 0
    for seed in range(100):
        x, yes = drawn(n, tau, noise, seed)
        found = ThresholdModel(x, yes).noise(0, level=0.95)
        hits += found.low <= noise <= found.high
    assert hits >= 89


def test_with_people_a_clean_cut_within_each_has_no_least_noise():
    """No slope is too steep where each person has a clean cut of his own."""
    x = np.tile(np.linspace(0.05, 0.95, 19), 2)
    person = np.repeat([0, 1], 19)
    model = ThresholdModel(x, x > np.where(person == 0, 0.3, 0.7), None, person)
    found = model.noise(0, level=0.95)
    assert found.low == 0.0
    assert found.value < 0.02
    assert 0.02 < found.high < 0.3


def test_two_answers_leave_everything_open():
    found = ThresholdModel(np.array([0.2, 0.8]), np.array([False, True])).threshold(
        0, 0, 1, level=0.95
    )
    assert (found.low, found.high) == (0.0, 1.0)


def test_turning_the_scale_turns_the_answer():
    x, yes = drawn(80)
    there = ThresholdModel(x, yes).threshold(0, 0, 1, level=0.95)
    back = ThresholdModel(1 - x, ~yes).threshold(0, 0, 1, level=0.95)
    assert back.value == pytest.approx(1 - there.value, abs=1e-6)
    assert (back.low, back.high) == pytest.approx((1 - there.high, 1 - there.low), abs=1e-5)


def test_groups_without_people_share_nothing():
    x, yes = drawn(150)
    y, no = drawn(100, tau=0.7, seed=1)
    both = ThresholdModel(
        np.concatenate([x, y]), np.concatenate([yes, no]), np.repeat([0, 1], [150, 100])
    )
    for code, (cases, answers) in enumerate([(x, yes), (y, no)]):
        joint = both.threshold(code, 0, 1, level=0.95)
        alone = ThresholdModel(cases, answers).threshold(0, 0, 1, level=0.95)
        assert joint.value == pytest.approx(alone.value, abs=1e-6)
        # Student's t knows a little more freedom in the joint model.
        assert joint.low == pytest.approx(alone.low, abs=1e-3)


def test_people_are_told_apart_from_groups():
    """The strict judge sees mostly one group; both hold both groups to one bar."""
    rng = np.random.default_rng(0)
    person = rng.integers(0, 2, 3_000)
    group = (rng.random(3_000) < np.where(person == 0, 0.9, 0.1)).astype(np.intp)
    x = rng.uniform(0, 1, 3_000)
    bar = np.where(person == 0, 0.7, 0.4)
    yes = rng.random(3_000) < special.expit((x - bar) / 0.08)
    pooled = ThresholdModel(x, yes, group)
    low, high = (pooled.threshold(each, 0, 1, level=0.95) for each in (0, 1))
    assert high.low - low.high > 0.15
    apart = ThresholdModel(x, yes, group, person.astype(np.intp))
    low, high = (apart.threshold(each, 0, 1, level=0.95) for each in (0, 1))
    assert abs(high.value - low.value) < 0.02
    assert low.low < 0.55 < low.high
