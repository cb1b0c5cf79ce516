"""Fits of maps: against other optimisers, at bounds, on what the map itself has made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, logit, logsumexp
from sklearn.linear_model import LogisticRegression

from alignlab.predictors.probability_maps import Beta, Platt, Temperature, Vector
from alignlab.uncertainty.calibration.map_fits import FITS, fit_map


def drawn(n=3000, classes=3, seed=0, map_of=None):
    generator = np.random.default_rng(seed)
    scores = log_softmax(generator.normal(0, 2, (n, classes)), axis=1)
    p = np.exp(scores) if map_of is None else map_of(scores)
    outcomes = (generator.random((n, 1)) > p.cumsum(1)[:, :-1]).sum(1)
    return scores, outcomes, np.ones(n)


def loss(probability_map, scores, outcomes, weights):
    return -np.average(
        probability_map.log(scores)[np.arange(len(scores)), outcomes], weights=weights
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.05, 20), st.integers(2, 8), st.integers(10, 300))
def test_the_temperature_is_the_bounded_optimum_to_1e_8_in_log_loss(seed, true, classes, n):
    scores, outcomes, _ = drawn(n, classes, seed, Temperature(true))
    weights = np.random.default_rng(seed).exponential(size=n)
    fitted = fit_map("temperature", scores, outcomes, weights).map
    found = minimize_scalar(
        lambda inverse: np.average(
            logsumexp(inverse * scores, axis=1) - inverse * scores[np.arange(n), outcomes],
            weights=weights,
        ),
        bounds=(0.01, 100),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert loss(fitted, scores, outcomes, weights) <= found.fun + 1e-8


def test_a_temperature_from_far_away_is_found():
    for true in (0.3, 50.0):
        scores, outcomes, weights = drawn(2000, 2, 1)
        scores = log_softmax(scores / true, axis=1)
        inverse = fit_map("temperature", scores, outcomes, weights).map.inverse
        assert inverse == pytest.approx(true, rel=0.1)
        around = [
            loss(Temperature(each * inverse), scores, outcomes, weights) for each in (0.999, 1.001)
        ]
        assert min(around) >= loss(Temperature(inverse), scores, outcomes, weights)


def test_separable_rows_stop_at_the_bound_and_say_so():
    outcomes = np.array([0, 1] * 30)
    scores = np.log(np.where(np.eye(2)[outcomes] > 0, 0.9, 0.1))
    fitted = fit_map("temperature", scores, outcomes, np.ones(60))
    assert fitted.map == Temperature(100.0)
    assert "no temperature is low enough" in fitted.note
    wrong = fit_map("temperature", scores, 1 - outcomes, np.ones(60))
    assert wrong.map == Temperature(0.01)
    assert "does not help" in wrong.note
    for method in ("vector", "platt", "beta", "isotonic"):
        mapped = fit_map(method, scores, outcomes, np.ones(60)).map
        assert np.isfinite(mapped.log(scores)).all()
        assert loss(mapped, scores, outcomes, np.ones(60)) < 0.15
    assert "separate classes without end" in fit_map("vector", scores, outcomes, np.ones(60)).note


@pytest.mark.parametrize(
    ("method", "truth"),
    [
        ("vector", Vector((0.5, 1.0, 1.5), (0.3, 0.0, -0.3))),
        ("temperature", Temperature(0.6)),
    ],
)
def test_a_map_is_found_again(method, truth):
    scores, outcomes, weights = drawn(40000, 3, 2, truth)
    fitted = fit_map(method, scores, outcomes, weights).map
    np.testing.assert_allclose(fitted(scores[:200]), truth(scores[:200]), atol=0.02)


@pytest.mark.parametrize(
    ("method", "truth"),
    [("platt", Platt((0.6,), (0.4,))), ("beta", Beta((0.4,), (1.2,), (0.3,)))],
)
def test_a_map_of_two_classes_is_found_again(method, truth):
    scores, outcomes, weights = drawn(40000, 2, 3, truth)
    fitted = fit_map(method, scores, outcomes, weights).map
    np.testing.assert_allclose(fitted(scores[:200]), truth(scores[:200]), atol=0.02)


def test_platt_is_logistic_regression_on_log_odds():
    scores, outcomes, weights = drawn(5000, 2, 4)
    fitted = fit_map("platt", scores, outcomes, weights).map
    odds = (scores[:, 1] - scores[:, 0])[:, None]
    n1 = outcomes.sum()
    target = np.where(outcomes == 1, (n1 + 1) / (n1 + 2), 1 / (5000 - n1 + 2))
    known = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(
        np.concatenate([odds, odds]),
        np.repeat([1, 0], 5000),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    assert fitted.slopes[0] == pytest.approx(known.coef_.item(), abs=1e-5)
    assert fitted.shifts[0] == pytest.approx(known.intercept_.item(), abs=1e-5)


def test_vector_scaling_is_as_low_as_another_optimiser_gets():
    scores, outcomes, weights = drawn(400, 4, 5)
    fitted = fit_map("vector", scores, outcomes, weights).map

    def of(numbers):
        return loss(Vector(tuple(numbers[:4]), tuple(numbers[4:])), scores, outcomes, weights)

    found = minimize(of, np.r_[np.ones(4), np.zeros(4)], method="BFGS", tol=1e-9)
    assert loss(fitted, scores, outcomes, weights) <= found.fun + 1e-8


def test_slopes_do_not_fall_below_0_and_the_rest_is_the_best_then():
    scores, outcomes, weights = drawn(2000, 2, 6)
    platt = fit_map("platt", scores, 1 - outcomes, weights).map
    assert platt.slopes == (0.0,)
    assert expit(platt.shifts[0]) == pytest.approx((1 - outcomes).mean(), abs=1e-3)
    beta = fit_map("beta", scores, 1 - outcomes, weights).map
    assert min(beta.event_slopes + beta.rest_slopes) == 0.0


def test_isotonic_by_hand_with_an_event_below_and_a_miss_above():
    p = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8])
    scores = np.log(np.column_stack([1 - p, p]))
    fitted = fit_map("isotonic", scores, np.array([0, 0, 1, 0, 1, 1]), np.ones(6)).map
    said = fitted(scores)[:, 1]
    np.testing.assert_allclose(said, [1 / 3, 1 / 3, 0.5, 0.5, 2 / 3, 2 / 3])
    assert fitted.log_odds[0][0] == pytest.approx(logit(0.1))


@pytest.mark.parametrize("method", FITS)
def test_weights_of_two_are_rows_twice_and_scale_is_nothing(method):
    scores, outcomes, _ = drawn(300, 3, 7)
    fitted = fit_map(method, scores, outcomes, np.ones(300)).map
    scaled = fit_map(method, scores, outcomes, np.full(300, 7.0)).map
    np.testing.assert_allclose(scaled(scores), fitted(scores), atol=1e-6)
    shuffled = np.random.default_rng(0).permutation(300)
    moved = fit_map(method, scores[shuffled], outcomes[shuffled], np.ones(300)).map
    np.testing.assert_allclose(moved(scores), fitted(scores), atol=1e-6)
    if method in ("none", "temperature", "vector"):
        twice = np.r_[np.arange(300), np.arange(100)]
        heavy = np.r_[np.full(100, 2.0), np.ones(200)]
        doubled = fit_map(method, scores[twice], outcomes[twice], np.ones(400)).map
        np.testing.assert_allclose(
            fit_map(method, scores, outcomes, heavy).map(scores), doubled(scores), atol=1e-6
        )
