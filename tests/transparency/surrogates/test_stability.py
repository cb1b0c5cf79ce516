"""Whether a rerun would say the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.transparency.surrogates.regression import Samples, local_fit
from alignlab.transparency.surrogates.stability import repeats, stability_of


def stability(strengths, covariance, top=3):
    return stability_of(np.array(strengths), np.array(covariance), top=top)


def test_two_features_by_hand():
    """Two features apart by 1, a rerun's difference has the variance 2 (s^2 + s^2)."""
    expected = stats.norm.cdf((1 + 0.05 * 11) / np.sqrt(4 * 0.25))
    assert stability([11.0, 10.0], 0.25 * np.eye(2), top=1) == pytest.approx(expected, abs=0.03)


def test_the_sign_does_not_count_and_the_order_of_features_does_not_either():
    spread = np.diag([0.2, 0.3, 0.1])
    assert stability([1.0, -2.0, 1.5], spread) == pytest.approx(
        stability([-1.0, 2.0, 1.5], spread), abs=0.03
    )


def test_equals_may_change_places():
    assert stability([1.0, 0.99, 0.0], 1e-4 * np.eye(3), top=2) > 0.99
    assert stability([1.0, 0.99, 0.0], np.eye(3), top=2) < 0.5


def test_nothing_to_rank_is_stable():
    assert stability([3.0], [[1.0]]) == 1.0
    assert stability([0.0, 0.0], np.zeros((2, 2))) == 1.0


def test_places_below_the_top_do_not_count():
    assert repeats(np.array([3.0, 2.0, 1.0]), np.array([[3.0, 1.0, 2.0]]), top=1).all()
    assert not repeats(np.array([3.0, 2.0, 1.0]), np.array([[3.0, 1.0, 2.0]]), top=2).any()


def test_it_is_how_often_reruns_agree(monkeypatch):
    """Over gaps of all sizes the mean index is the share of reruns that rank alike."""
    monkeypatch.setattr("alignlab.transparency.surrogates.stability.TOLERANCE", 0.0)
    rng = np.random.default_rng(2)
    index, alike = [], []
    for gap in rng.uniform(-5, 5, 1500):
        true = np.array([20 + gap, 20.0, 0.0])
        run, rerun = true + rng.normal(size=(2, 3)) * np.array([1.0, 0.5, 1.0])
        index.append(stability_of(run, np.diag([1.0, 0.25, 1.0]), top=1))
        alike.append(repeats(run, rerun[None], top=1)[0])
    off = np.array(index) - alike
    assert 0.6 < np.mean(alike) < 0.9
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(len(off))


def test_a_tie_is_rarely_called_stable(monkeypatch):
    """P(|Z| > 2.33) = 2% in theory."""
    monkeypatch.setattr("alignlab.transparency.surrogates.stability.TOLERANCE", 0.0)
    runs = 1e3 + np.random.default_rng(3).normal(size=(1500, 2))
    index = np.array([stability_of(run, np.eye(2), top=1) for run in runs])
    assert index.mean() == pytest.approx(0.5 + np.arctan(np.sqrt(0.5)) / np.pi, abs=0.025)
    assert (index >= 0.95).mean() < 0.035


def test_errors_of_fits_are_those_of_reruns():
    rng = np.random.default_rng(2)
    found, told = [], []
    for _ in range(300):
        x = rng.normal(size=(400, 2, 4))
        y = x @ np.array([1.0, 0.8, 0.5, 0.0]) + 2 * x[..., 0] ** 2 * x[..., 3]
        fit = local_fit([Samples(x, y)], np.zeros(4), np.ones(4))
        found.append(fit.slopes)
        told.append(fit.standard_errors)
    assert np.mean(told, axis=0) == pytest.approx(np.std(found, axis=0), rel=4 / np.sqrt(600))
