"""The surrogates: by hand, against differences, at scores of any size, and where they are least."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from alignlab.errors import InputError
from alignlab.uncertainty.deferral import mozannar_sontag_loss, one_vs_all_loss
from alignlab.uncertainty.deferral.surrogates import as_logistic

LOSSES = [mozannar_sontag_loss, one_vs_all_loss]


def some(n=12, k=4, size=1.0, seed=0):
    rng = np.random.default_rng(seed)
    scores, deferral = size * rng.normal(size=(n, k)), size * rng.normal(size=n)
    return scores, deferral, rng.integers(0, k, n), rng.random(n)


def test_by_hand():
    # Three equal arms: each has one third, and a right person is paid for twice.
    loss = mozannar_sontag_loss([[0.0, 0.0]], [0.0], [0], [1.0])
    assert loss.value == pytest.approx(2 * np.log(3))
    assert loss.by_scores[0] == pytest.approx([2 / 3 - 1, 2 / 3])
    loss = one_vs_all_loss([[0.0, 0.0]], [0.0], [0], [0.0])
    assert loss.value == pytest.approx(3 * np.log(2))
    assert loss.by_deferral[0] == pytest.approx(0.5)


def test_it_is_the_published_form_where_that_is_finite():
    scores, deferral, y, r = some()
    log_share = log_softmax(np.column_stack([scores, deferral]), axis=1)
    rows = np.arange(len(y))
    assert mozannar_sontag_loss(scores, deferral, y, r).value == pytest.approx(
        -log_share[rows, y] - r * log_share[:, -1]
    )


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("size", [1.0, 20.0])
def test_the_gradients_are_those_of_the_value(loss, size):
    scores, deferral, y, r = some(size=size)
    found, step = loss(scores, deferral, y, r), 1e-5
    up, down = (loss(scores, deferral + s, y, r).value for s in (step, -step))
    assert found.by_deferral == pytest.approx((up - down) / (2 * step), abs=1e-6)
    for k in range(scores.shape[1]):
        along = step * np.eye(scores.shape[1])[k]
        up, down = (loss(scores + s * along, deferral, y, r).value for s in (1, -1))
        assert found.by_scores[:, k] == pytest.approx((up - down) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("size", [1e3, 1e8])
def test_scores_of_any_size_are_safe(loss, size):
    scores, deferral, y, r = some(size=size)
    found = loss(scores, deferral, y, r)
    for part in (found.value, found.by_deferral, found.by_scores):
        assert np.isfinite(part).all()
    # The logarithm of a softmax, as often written, is not: this is the trap.
    every = np.exp(scores - scores.max(axis=1, keepdims=True))
    with np.errstate(divide="ignore"):
        naive = -np.log(every / every.sum(axis=1, keepdims=True))
    assert np.isinf(naive).any()


def test_a_constant_added_to_all_scores_changes_nothing():
    scores, deferral, y, r = some()
    before = mozannar_sontag_loss(scores, deferral, y, r)
    after = mozannar_sontag_loss(scores + 7, deferral + 7, y, r)
    assert after.value == pytest.approx(before.value, abs=1e-12)


@pytest.mark.parametrize(
    ("loss", "estimate"),
    [(mozannar_sontag_loss, np.exp), (one_vs_all_loss, lambda g: 1 / (1 + np.exp(-g)))],
)
@pytest.mark.parametrize("right", [0.15, 0.5, 0.9])
def test_it_is_least_at_the_persons_accuracy_whatever_the_class_scores(loss, estimate, right):
    scores = np.log([[0.7, 0.2, 0.1]])

    def mean(g):
        return sum(
            share * loss(scores, [g], [0], [r]).value[0]
            for share, r in ((right, 1.0), (1 - right, 0.0))
        )

    best = minimize_scalar(mean, bounds=(-6, 6), method="bounded", options={"xatol": 1e-10}).x
    assert estimate(best) == pytest.approx(right, abs=1e-5)


@pytest.mark.parametrize(("loss", "softmax"), [(LOSSES[0], True), (LOSSES[1], False)])
def test_as_a_logistic_regression_it_has_the_same_slope_in_the_deferral_score(loss, softmax):
    scores, deferral, y, r = some()
    scores = log_softmax(scores, axis=1)
    targets, weights = as_logistic(r, softmax=softmax)
    slope = weights * (1 / (1 + np.exp(-deferral)) - targets)
    assert loss(scores, deferral, y, r).by_deferral == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (([[0.0, 0.0]], [0.0, 1.0], [0], [1]), "do not fit"),
        (([[0.0, -np.inf]], [0.0], [0], [1]), "not finite"),
        (([[0.0, 0.0]], [0.0], [2], [1]), "from 0 to 1"),
        (([[0.0, 0.0]], [0.0], [0], [1.5]), "person is 1"),
    ],
)
def test_what_does_not_fit_is_said(loss, given, said):
    with pytest.raises(InputError, match=said):
        loss(*given)
