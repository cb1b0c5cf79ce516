from __future__ import annotations

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from alignlab.uncertainty.calibration import calibration_line


def test_two_scores_by_hand():
    said = np.repeat([0.2, 0.7], [40, 50])
    happened = np.concatenate([np.arange(40) < 10, np.arange(50) < 30]).astype(int)
    seen = calibration_line(said, happened)
    rise = special.logit(0.6) - special.logit(0.25)
    slope = rise / (special.logit(0.7) - special.logit(0.2))
    assert seen.slope.value == pytest.approx(slope, abs=1e-9)
    intercept = special.logit(0.25) - slope * special.logit(0.2)
    assert seen.intercept.value == pytest.approx(intercept, abs=1e-9)
    assert seen.excess.value == pytest.approx((40 * -0.05 + 50 * 0.1) / 90, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_logistic_regression_on_the_log_odds(weighted):
    rng = np.random.default_rng(0)
    said = rng.beta(0.6, 0.9, 500)
    happened = (rng.random(500) < said**1.4).astype(int)
    weights = rng.exponential(size=500) if weighted else None
    seen = calibration_line(said, happened, weights=weights)
    logit = special.logit(np.clip(said, 1e-6, 1 - 1e-6))[:, None]
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    peer.fit(logit, happened, sample_weight=weights)
    assert seen.slope.value == pytest.approx(peer.coef_[0, 0], abs=1e-4)
    assert seen.intercept.value == pytest.approx(peer.intercept_[0], abs=1e-4)


@pytest.mark.parametrize(
    ("power", "direction"),
    [(0.5, "under-confident"), (1.0, "neither"), (2.0, "over-confident")],
)
def test_the_direction_is_found(power, direction):
    rng = np.random.default_rng(1)
    truth = rng.random(4000)
    happened = (rng.random(4000) < truth).astype(int)
    said = special.expit(power * special.logit(truth))
    seen = calibration_line(said, happened)
    assert seen.direction == direction
    assert seen.slope.low < 1 / power < seen.slope.high


def test_the_slope_s_interval_covers():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        said = rng.beta(0.8, 1.2, 300)
        weights = rng.uniform(0.2, 2, 300)
        seen = calibration_line(said, (rng.random(300) < said).astype(int), weights=weights)
        covered += seen.slope.low <= 1 <= seen.slope.high
    assert abs(covered / 400 - 0.95) < 0.033


@pytest.mark.parametrize(
    ("said", "happened"),
    [
        (np.full(40, 0.3), np.arange(40) % 2),
        (np.linspace(0.1, 0.9, 40), np.zeros(40, int)),
        (np.linspace(0.1, 0.9, 40), (np.arange(40) >= 20).astype(int)),
    ],
    ids=["one probability", "one outcome", "separated"],
)
def test_there_may_be_no_line(said, happened):
    seen = calibration_line(said, happened)
    assert seen.slope is None
    assert seen.intercept is None
    assert seen.direction == "neither"


def test_one_certain_error_leaves_a_finite_line():
    said = np.concatenate([np.repeat([0.0, 1.0], 100), [1.0]])
    happened = np.concatenate([np.repeat([0, 1], 100), [0]])
    happened[0] = 1
    seen = calibration_line(said, happened)
    assert 0 < seen.slope.value < 1
    assert seen.direction == "over-confident"
