from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from alignlab.errors import InputError
from alignlab.uncertainty.calibration import smooth, smooth_calibration_error


def by_hand(said, happened, weights=None):
    """Return the published number by summing reflections of every row's kernel on a fine grid."""
    share = np.ones(len(said)) if weights is None else weights
    at = (np.arange(10_000) + 0.5) / 10_000

    def size(sigma):
        seen = np.zeros_like(at)
        for p, r in zip(said, share * (happened - said) / share.sum(), strict=True):
            for k in range(-3, 4):
                seen += r * stats.norm.pdf(at, p + 2 * k, sigma)
                seen += r * stats.norm.pdf(at, -p + 2 * k, sigma)
        return np.abs(seen).mean()

    return optimize.brentq(lambda sigma: size(sigma) - sigma, 1e-3, 1, xtol=1e-9)


@pytest.mark.parametrize("n", [3, 8])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_published_formula(n, weighted):
    rng = np.random.default_rng(n)
    said = rng.random(n)
    happened = (rng.random(n) < said**2).astype(int)
    weights = rng.uniform(0.5, 2, n) if weighted else None
    seen = smooth_calibration_error(said, happened, weights=weights, redraws=0)
    assert seen.plug_in == pytest.approx(by_hand(said, happened, weights), abs=1e-6)


def test_rows_at_the_ends_are_reflected():
    said, happened = np.array([0.0, 1.0, 0.0, 1.0, 0.97]), np.array([1, 0, 0, 1, 1])
    seen = smooth_calibration_error(said, happened, redraws=0)
    assert seen.plug_in == pytest.approx(by_hand(said, happened), abs=1e-6)


def test_one_gap_everywhere_is_the_error():
    # Where all residuals have one sign, smoothing changes nothing: the mean residual is the error.
    seen = smooth_calibration_error(np.full(50, 0.3), np.ones(50, int), redraws=0)
    assert seen.plug_in == pytest.approx(0.7, abs=1e-7)
    assert smooth_calibration_error([0.0, 1.0] * 9, [0, 1] * 9, redraws=50).plug_in == 0.0


def test_the_noise_is_the_kernel_squared():
    rng = np.random.default_rng(0)
    said, amount, sigma = rng.beta(0.3, 0.3, 25), rng.random(25), 0.2
    at = (np.arange(smooth.CELLS) + 0.5) / smooth.CELLS
    kernel = sum(
        stats.norm.pdf(at, sign * said[:, None] + 2 * k, sigma)
        for sign, k in product((1, -1), range(-3, 4))
    )
    by_rows = np.sqrt(amount @ kernel**2)
    assert smooth._noise(smooth._on_grid(said, amount, smooth.CELLS), sigma) == pytest.approx(
        by_rows, rel=1e-4
    )


def test_it_never_grows_with_the_width():
    rng = np.random.default_rng(1)
    grid = smooth._on_grid(rng.random(200), rng.normal(size=200) / 200, smooth.CELLS)
    widths = np.geomspace(0.002, 1, 60)
    sizes = [np.abs(smooth._smoothed(grid, width)).mean() for width in widths]
    assert np.all(np.diff(sizes) <= 1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 1, 2]))
def test_order_mirror_and_limits(seed, digits):
    rng = np.random.default_rng(seed)
    said = rng.random(80)
    said = said if digits is None else said.round(digits)
    happened = (rng.random(80) < said).astype(int)
    order = rng.permutation(80)
    seen = smooth_calibration_error(said, happened, redraws=0)
    shuffled = smooth_calibration_error(said[order], happened[order], redraws=0)
    mirrored = smooth_calibration_error(1 - said, 1 - happened, redraws=0)
    assert shuffled.plug_in == pytest.approx(seen.plug_in, abs=1e-8)
    assert mirrored.plug_in == pytest.approx(seen.plug_in, abs=1e-8)
    assert 0 <= seen.error.low <= seen.error.value <= seen.error.high
    assert seen.error.value <= seen.plug_in


def truth_of(said, chance):
    grid = smooth._on_grid(said, (chance - said) / len(said), smooth.CELLS)
    return smooth._fixed_point(lambda sigma: np.abs(smooth._smoothed(grid, sigma)).mean(), 1.0)


TRUTHS = {
    "calibrated": lambda said: said,
    "over-confident": lambda said: said**0.4 / (said**0.4 + (1 - said) ** 0.4),
    "wrong in one place": lambda said: np.where(said > 0.8, 0.7 * said + 0.1, said),
}


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("n", [60, 600])
def test_intervals_cover_and_noise_is_removed(name, n):
    rng = np.random.default_rng(2)
    covered, off, plug_in_off = 0, [], []
    for _ in range(40):
        said = rng.beta(0.8, 1.2, n)
        chance = TRUTHS[name](said)
        seen = smooth_calibration_error(said, rng.random(n) < chance, redraws=0)
        true = truth_of(said, chance)
        covered += seen.error.low - 1e-6 <= true <= seen.error.high + 1e-6
        off.append(seen.error.value - true)
        plug_in_off.append(seen.plug_in - true)
    assert covered / 40 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 40)
    if name == "calibrated":
        assert np.mean(off) < 0.6 * np.mean(plug_in_off)


def p_values(repetitions, truth):
    rng = np.random.default_rng(3)
    found = []
    for seed in range(repetitions):
        said = rng.beta(0.6, 1.2, 120)
        happened = rng.random(120) < truth(said)
        found.append(smooth_calibration_error(said, happened, redraws=99, seed=seed).p_value)
    return np.array(found)


def test_p_values_are_even_where_calibrated_and_small_where_not():
    right = p_values(40, lambda said: said)
    assert abs(right.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 40)
    assert np.mean(right <= 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 40)
    assert np.mean(p_values(40, TRUTHS["over-confident"]) <= 0.05) > 0.7


@pytest.mark.slow
def test_the_test_has_its_size():
    right = p_values(800, lambda said: said)
    assert abs(np.mean(right <= 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 800)
    assert abs(np.mean(right <= 0.2) - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 800)


def test_what_it_is_is_said_and_bad_input_too():
    seen = smooth_calibration_error([0.2, 0.8] * 30, [0, 1] * 30, redraws=0)
    assert "smECE" in seen.definition
    assert str(seen) == str(seen.error)
    assert np.isnan(seen.p_value)
    assert seen.to_dict()["plug_in"] == seen.plug_in
    with pytest.raises(InputError, match="redraws=-1 is negative"):
        smooth_calibration_error([0.2, 0.8], [0, 1], redraws=-1)
