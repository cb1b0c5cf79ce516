"""Whether a rerun would say the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.transparency.surrogates.regression import Samples, local_fit
from alignlab.transparency.surrogates.stability import repeats, stability_of


def stability(strengths, covariance, top=3):
    return stability_of(
        np.array(strengths), np.array(covariance), top=top, generator=np.random.default_rng(0)
    )


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


@pytest.mark.parametrize("pairs", [100, 400])
def test_it_is_how_often_reruns_agree(pairs):
    """The mean index over runs is the share of pairs of runs whose rankings agree."""
    rng = np.random.default_rng(2)
    found, told = [], []
    for _ in range(300):
        x = rng.normal(size=(pairs, 2, 4))
        y = x @ np.array([1.0, 0.8, 0.5, 0.0]) + 2 * x[..., 0] ** 2 * x[..., 3]
        fit = local_fit([Samples(x, y)], np.zeros(4), np.ones(4))
        found.append(fit.slopes)
        told.append(stability_of(fit.slopes, fit.covariance, top=2, generator=rng))
    slopes = np.array(found)
    agree = np.mean([repeats(slopes[i], np.delete(slopes, i, 0), top=2).mean() for i in range(300)])
    assert np.mean(told) == pytest.approx(agree, abs=0.06)
