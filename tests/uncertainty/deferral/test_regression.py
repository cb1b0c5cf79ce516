"""Logistic regression: the optimum, against scikit-learn, at its edges, and its penalty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from alignlab.uncertainty.deferral.regression import PENALTIES, cross_fitted, fit_logistic


def drawn(n=300, width=4, seed=0):
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(n, width))
    eta = 0.3 + design @ np.linspace(-1, 1, width)
    return design, (rng.random(n) < expit(eta)).astype(float), rng.uniform(0.5, 2, n)


def gradient(design, targets, weights, penalty, at):
    rows = np.vstack([np.column_stack([np.ones(len(design)), design]), np.eye(len(at))[0]])
    residual = np.append(weights, 1) * (expit(rows @ at) - np.append(targets, 0.5))
    return rows.T @ residual + penalty * np.append(0, at[1:])


def test_one_column_of_ones_is_the_mean_with_one_row_half_right():
    found = fit_logistic(np.zeros((9, 0)), np.ones(9), np.ones(9), penalty=1.0)
    assert expit(found[0]) == pytest.approx(9.5 / 10, abs=1e-12)


@pytest.mark.parametrize("penalty", [0.1, 10.0, 1000.0])
def test_it_stands_at_the_optimum(penalty):
    design, targets, weights = drawn()
    targets = 0.8 * targets + 0.1  # between 0 and 1
    found = fit_logistic(design, targets, weights, penalty=penalty)
    assert np.abs(gradient(design, targets, weights, penalty, found)).max() < 1e-7


def test_scikit_learn_finds_the_same():
    design, targets, weights = drawn()
    rows = np.vstack([design, np.zeros((2, 4))])
    labels, mass = np.append(targets, [0, 1]), np.append(weights, [0.5, 0.5])
    theirs = LogisticRegression(C=1 / 3.0, tol=1e-12, max_iter=1000).fit(rows, labels, mass)
    ours = fit_logistic(design, targets, weights, penalty=3.0)
    assert ours[1:] == pytest.approx(theirs.coef_[0], abs=1e-6)
    assert ours[0] == pytest.approx(theirs.intercept_[0], abs=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_separable_rows_and_wide_columns_end_at_a_finite_optimum(scale):
    design = scale * np.linspace(-1, 1, 50)[:, None]
    targets = (design[:, 0] > 0).astype(float)
    found = fit_logistic(design, targets, np.ones(50), penalty=0.1)
    assert np.isfinite(found).all()
    assert np.abs(gradient(design, targets, np.ones(50), 0.1, found)).max() < 1e-6 * scale


def test_the_start_changes_nothing():
    design, targets, weights = drawn()
    far = fit_logistic(design, targets, weights, penalty=1.0, start=np.full(5, 8.0))
    near = fit_logistic(design, targets, weights, penalty=1.0)
    assert far == pytest.approx(near, abs=1e-9)


def test_the_penalty_is_the_one_that_loses_least_on_rows_held_out():
    design, targets, weights = drawn(n=60, width=12)
    folds = np.arange(60) % 3
    losses = []
    for penalty in PENALTIES:
        eta = np.empty(60)
        for fold in range(3):
            away = folds == fold
            fit = fit_logistic(design[~away], targets[~away], weights[~away], penalty=penalty)
            eta[away] = fit[0] + design[away] @ fit[1:]
        losses.append(weights @ (np.logaddexp(0, eta) - targets * eta) / weights.sum())
    found = cross_fitted(design, targets, weights, folds)
    assert found.penalty == PENALTIES[int(np.argmin(losses))]
    assert found.loss == pytest.approx(min(losses), abs=1e-9)


def test_a_row_without_weight_teaches_nothing_and_gets_a_prediction():
    design, targets, weights = drawn()
    folds = np.arange(300) % 3
    weights[::2] = 0
    found = cross_fitted(design, targets, weights, folds)
    flipped = cross_fitted(design, np.where(weights > 0, targets, 1 - targets), weights, folds)
    assert found.held_out.tolist() == flipped.held_out.tolist()
    assert np.isfinite(found.held_out).all()


def test_noise_is_given_no_slope():
    rng = np.random.default_rng(1)
    design, targets = rng.normal(size=(200, 10)), (rng.random(200) < 0.5).astype(float)
    assert cross_fitted(design, targets, np.ones(200), np.arange(200) % 3).penalty >= 100
