"""Mean class probabilities of normal logits without sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from alignlab.uncertainty.posterior.log_odds import gaussian_softmax


def some(n, classes, seed=0, scale=2.0):
    generator = np.random.default_rng(seed)
    factors = generator.normal(size=(n, classes, classes)) * scale / np.sqrt(classes)
    return generator.normal(size=(n, classes)) * 2, factors @ factors.transpose(0, 2, 1)


def sampled(mean, covariance, draws=20_000, seed=1):
    generator = np.random.default_rng(seed)
    lower = np.linalg.cholesky(covariance + 1e-12 * np.eye(mean.shape[1]))
    total = np.zeros_like(mean)
    for _ in range(10):
        normal = generator.normal(size=(draws // 10, *mean.shape))
        moves = (lower @ normal[..., None])[..., 0]
        total += special.softmax(mean + moves, axis=2).sum(axis=0)
    return total / draws


def test_without_uncertainty_it_is_the_softmax():
    mean, covariance = some(20, 4)
    np.testing.assert_allclose(
        gaussian_softmax(mean, 0 * covariance), special.softmax(mean, axis=1), rtol=1e-12
    )


def test_two_logits_are_one_logit():
    mean, covariance = some(50, 2)
    apart = covariance[:, 0, 0] + covariance[:, 1, 1] - 2 * covariance[:, 0, 1]
    single = gaussian_softmax(mean[:, 1:] - mean[:, :1], apart[:, None, None])
    np.testing.assert_allclose(gaussian_softmax(mean, covariance), single, rtol=1e-12)


def test_one_logit_is_near_the_integral():
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    mean, spread = (each.ravel() for each in np.meshgrid(np.linspace(-6, 6, 41), [0.5, 1, 2, 4]))
    exact = special.expit(mean[:, None] + spread[:, None] * nodes) @ weights / weights.sum()
    found = gaussian_softmax(mean[:, None], (spread**2)[:, None, None])[:, 1]
    assert np.abs(found - exact).max() < 0.021


@pytest.mark.parametrize(("classes", "off"), [(3, 0.02), (10, 0.06)])
def test_near_many_draws_and_nearer_than_the_usual(classes, off):
    mean, covariance = some(60, classes, scale=1.0)
    # A logit's uncertainty that all classes share, as a prior on a bias brings, is no uncertainty.
    covariance = covariance + 10.0
    truth = sampled(mean, covariance)
    own = np.einsum("nkk->nk", covariance)
    usual = special.softmax(mean / np.sqrt(1 + np.pi / 8 * own), axis=1)
    found = np.abs(gaussian_softmax(mean, covariance) - truth).sum(axis=1).mean()
    assert found < off
    assert found < np.abs(usual - truth).sum(axis=1).mean() / 3


@settings(deadline=None, max_examples=30)
@given(st.floats(-50, 50), st.floats(0, 100), st.integers(0, 1000))
def test_what_all_logits_share_changes_nothing(constant, shared, seed):
    mean, covariance = some(4, 3, seed)
    before = gaussian_softmax(mean, covariance)
    after = gaussian_softmax(mean + constant, covariance + shared)
    np.testing.assert_allclose(after, before, atol=1e-11)
    np.testing.assert_allclose(before.sum(axis=1), 1)
