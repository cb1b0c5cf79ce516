"""Least squares on a black box, its standard errors and its fidelity."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.transparency.surrogates.regression import Samples, local_fit

ZERO, ONE = np.zeros(2), np.ones(2)


def data(n=60, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1, 2))
    y = np.sin(2 * x[..., 0]) + x[..., 0] * x[..., 1]
    return x, y, rng.uniform(0.1, 2.0, n)


def refitted(x, y, w):
    """Slopes, the covariance HC3 and R2 by leaving out one row after another."""
    full = np.column_stack([np.ones(len(y)), x[:, 0]])
    y, root = y[:, 0], np.sqrt(w)
    beta = np.linalg.lstsq(full * root[:, None], y * root, rcond=None)[0]
    inverse = np.linalg.inv((full * w[:, None]).T @ full)
    meat, missed, spread = np.zeros((3, 3)), 0.0, 0.0
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        without = np.linalg.lstsq(full[rest] * root[rest, None], y[rest] * root[rest], rcond=None)[
            0
        ]
        e = y[i] - full[i] @ without
        meat += (w[i] * e) ** 2 * np.outer(full[i], full[i])
        missed += w[i] * e**2
        spread += w[i] * (y[i] - np.average(y[rest], weights=w[rest])) ** 2
    return beta, (inverse @ meat @ inverse)[1:, 1:], 1 - missed / spread


@pytest.mark.parametrize("weighted", [True, False])
def test_it_equals_a_fit_without_each_row(weighted):
    x, y, w = data()
    w = w if weighted else np.ones(len(w))
    fit = local_fit([Samples(x, y, w if weighted else None)], ZERO, ONE)
    beta, covariance, fidelity = refitted(x, y, w)
    assert fit.intercept == pytest.approx(beta[0])
    assert fit.slopes == pytest.approx(beta[1:])
    assert fit.covariance == pytest.approx(covariance)
    assert fit.fidelity == pytest.approx(fidelity)
    assert fit.variation == pytest.approx(
        np.sqrt(np.average((y[:, 0] - np.average(y[:, 0], weights=w)) ** 2, weights=w))
    )


def test_parts_and_blocks_change_nothing():
    x, y, w = data(30_000)
    whole = local_fit([Samples(x, y, w)], ZERO, ONE)
    parts = local_fit([Samples(x[:7], y[:7], w[:7]), Samples(x[7:], y[7:], w[7:])], ZERO, ONE)
    assert parts.slopes == pytest.approx(whole.slopes, rel=1e-10)
    assert parts.covariance == pytest.approx(whole.covariance, rel=1e-10)
    assert parts.error == pytest.approx(whole.error, rel=1e-10)


def test_units_of_the_design_are_given_back():
    x, y, _ = data()
    mean, deviation = np.array([3.0, -1.0]), np.array([10.0, 0.1])
    plain = local_fit([Samples(x * deviation + mean, y)], ZERO, ONE)
    standard = local_fit([Samples(x, y)], mean, deviation)
    assert standard.slopes == pytest.approx(plain.slopes)
    assert standard.intercept == pytest.approx(plain.intercept)
    assert standard.covariance == pytest.approx(plain.covariance)


def test_a_pair_counts_once():
    """A sample and its copy know no more than the sample: a naive covariance would halve."""
    x, y, _ = data(5000)
    alone = local_fit([Samples(x, y)], ZERO, ONE)
    twice = local_fit([Samples(np.repeat(x, 2, axis=1), np.repeat(y, 2, axis=1))], ZERO, ONE)
    assert twice.covariance == pytest.approx(alone.covariance, rel=0.05)


def test_mirrored_pairs_take_the_even_part_out_of_the_slopes():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(300, 1, 2))
    x = np.concatenate([half, -half], axis=1)
    y = 2 * x[..., 0] + 5 * x[..., 0] ** 2 + 3 * x[..., 0] * x[..., 1]
    fit = local_fit([Samples(x, y)], ZERO, ONE)
    assert fit.slopes == pytest.approx([2.0, 0.0], abs=1e-12)
    assert fit.standard_errors == pytest.approx([0.0, 0.0], abs=1e-12)
    assert fit.fidelity < 0.3


def test_a_linear_model_is_fitted_to_rounding_and_its_fidelity_is_1():
    x, _, w = data()
    fit = local_fit([Samples(x, 7 + x @ np.array([2e6, -3e-6]), w)], ZERO, ONE)
    assert fit.slopes[0] == pytest.approx(2e6, rel=1e-13)
    assert fit.fidelity == 1.0
    assert fit.fidelity_estimate().low == 1.0


def test_a_constant_model_has_no_fidelity():
    x, y, _ = data()
    fit = local_fit([Samples(x, np.full_like(y, 0.1))], ZERO, ONE)
    assert np.isnan(fit.fidelity)
    assert np.isnan(fit.fidelity_estimate().low)
    assert fit.slopes == pytest.approx([0, 0], abs=1e-15)
    assert np.isnan(fit.standard_errors).all()  # nothing was seen that errors could be had from


def test_features_that_always_go_together_are_named():
    x, y, _ = data()
    x = np.concatenate([x, 2 * x[..., :1]], axis=-1)
    fit = local_fit([Samples(x, y)], np.zeros(3), np.ones(3))
    assert fit.blurred.tolist() == [True, False, True]


def test_intervals_cover_the_slopes_and_the_fidelity_of_the_population():
    """f = sin(2a) + ab + a^2 for normal a, b; by hand: E af = 2 exp(-2), E bf = 0."""
    slopes = np.array([2 * np.exp(-2), 0.0])
    variance = (1 - np.exp(-8)) / 2 + 1 + 2
    truth = 1 - (variance - slopes[0] ** 2) / variance
    runs, pairs = 400, 500
    rng = np.random.default_rng(1)
    hit = np.zeros((runs, 2), dtype=bool)
    faithful = np.zeros(runs, dtype=bool)
    for run in range(runs):
        half = rng.normal(size=(pairs, 1, 2))
        x = np.concatenate([half, -half], axis=1)
        y = np.sin(2 * x[..., 0]) + x[..., 0] * x[..., 1] + x[..., 0] ** 2
        fit = local_fit([Samples(x, y)], ZERO, ONE)
        hit[run] = (
            np.abs(fit.slopes - slopes) <= stats.norm.ppf(0.975) * fit.standard_errors + 1e-12
        )
        estimate = fit.fidelity_estimate()
        faithful[run] = estimate.low <= truth <= estimate.high
    slack = 4 * np.sqrt(0.95 * 0.05 / runs)
    assert hit[:, 0].mean() == pytest.approx(0.95, abs=slack)
    assert faithful.mean() == pytest.approx(0.95, abs=slack)
