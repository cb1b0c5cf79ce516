"""Shapley values by regression on sampled pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from alignlab.transparency.shapley import regressions
from alignlab.transparency.shapley.coalitions import every_pair, pair_weights, pairs_in_all
from alignlab.transparency.shapley.regressions import PairRegression

PLAYERS = 10
BITS = 1 << np.arange(PLAYERS)
EVERY = (np.arange(2**PLAYERS)[:, None] >> np.arange(PLAYERS) & 1).astype(bool)


def tables(count, seed=0):
    """Games with what pairs, triples and larger coalitions do together."""
    generator = np.random.default_rng(seed)
    worth = np.zeros((2**PLAYERS, count))
    for game in range(count):
        for _ in range(40):
            needed = generator.random(PLAYERS) < generator.uniform(0.1, 0.6)
            worth[:, game] += generator.normal() * EVERY[:, needed].all(axis=1)
    return worth


def differences(worth, half):
    return (worth[half @ BITS] - worth[~half @ BITS])[:, :, None]


def exact(worth):
    half = every_pair(PLAYERS, 0, pairs_in_all(PLAYERS))
    added = pair_weights(half).T @ differences(worth, half)[:, :, 0]
    return (worth[-1] - worth[0]) / PLAYERS + added


def solved(worth, pairs, seed=0, degree=3):
    route = PairRegression(PLAYERS, np.random.default_rng(seed), degree=degree)
    half = route.extended(pairs)
    values, errors = route.solved(
        differences(worth, half), (worth[-1] - worth[0])[:, None], np.ones(1)
    )
    return values[:, :, 0], errors


def test_kernel_is_weighted_least_squares_under_the_constraint():
    worth = tables(2)
    route = PairRegression(PLAYERS, np.random.default_rng(3), degree=1)
    half = route.extended(60)
    found, _ = route.solved(differences(worth, half), (worth[-1] - worth[0])[:, None], np.ones(1))
    # The Lagrange conditions, solved as one system.
    z, weights = 2.0 * half - 1, route.design.weights
    system = np.block([[z.T * weights @ z, np.ones((10, 1))], [np.ones((1, 10)), 0]])
    for game in range(2):
        right = z.T * weights @ differences(worth, half)[:, game, 0]
        expected = np.linalg.solve(system, np.append(right, worth[-1, game] - worth[0, game]))
        np.testing.assert_allclose(found[:, game, 0], expected[:-1], atol=1e-10)


@pytest.mark.parametrize("degree", [1, 3])
def test_all_pairs_give_the_exact_values_without_error(degree):
    worth = tables(3)
    values, errors = solved(worth, 10**6, degree=degree)
    np.testing.assert_allclose(values, exact(worth), atol=1e-10)
    assert errors.max() == 0


def test_a_game_of_degree_three_is_all_but_known_from_a_third_of_its_pairs():
    generator = np.random.default_rng(0)
    worth = np.zeros((2**PLAYERS, 1))
    for triple in combinations(range(PLAYERS), 3):
        worth[:, 0] += generator.normal() * EVERY[:, list(triple)].all(axis=1)
    straight, _ = solved(worth, 200, degree=1)
    cubic, errors = solved(worth, 200)
    truth = exact(worth)
    assert np.abs(cubic - truth).max() < 0.01 * np.abs(straight - truth).max()
    assert errors.max() < 0.01 * np.abs(truth).max()


@pytest.mark.parametrize(("degree", "pairs"), [(1, 60), (1, 200), (3, 60), (3, 120), (3, 250)])
def test_values_lie_within_their_standard_errors_at_the_nominal_rate(degree, pairs):
    worth = tables(25, seed=1)
    truth = exact(worth)
    inside, ratios = [], []
    for seed in range(12):
        values, errors = solved(worth, pairs, seed, degree)
        inside.append((np.abs(values - truth) <= 1.96 * errors).mean(axis=0))
        ratios.append(((values - truth) / errors).mean(axis=1))
    rates = np.mean(inside, axis=0)
    # Games are independent of each other given the pairs; seeds are independent altogether.
    noise = np.std(np.mean(inside, axis=1), ddof=1) / np.sqrt(12)
    assert abs(rates.mean() - 0.95) <= 4 * noise + 0.02
    # Without bias: the mean error of a player is 0 within its own noise.
    means = np.mean(ratios, axis=0)
    assert np.abs(means).max() <= 5 * np.std(ratios, axis=0, ddof=1).max() / np.sqrt(12)


def test_degree_three_beats_degree_one_at_equal_budgets():
    worth = tables(10, seed=2)
    truth = exact(worth)
    error = {
        degree: np.mean(
            [((solved(worth, 200, seed, degree)[0] - truth) ** 2).sum() for seed in range(5)]
        )
        for degree in (1, 3)
    }
    assert error[3] < 0.4 * error[1]


def test_many_terms_are_replaced_by_what_the_pairs_span(monkeypatch):
    generator = np.random.default_rng(0)
    signs = generator.choice([-1.0, 1.0], (40, 9))
    written_out = regressions._terms(signs)
    products = written_out @ written_out.T
    np.testing.assert_allclose(regressions._products(signs, signs), products, atol=1e-10)
    monkeypatch.setattr(regressions, "TERMS", 10)
    monkeypatch.setattr(regressions, "SPANNED", 40)
    spanned = regressions._terms(signs)
    assert spanned.shape[1] <= 40
    np.testing.assert_allclose(spanned @ spanned.T, products, atol=1e-8)


def test_the_terms_of_degree_three_have_no_part_in_the_values():
    half = every_pair(6, 0, pairs_in_all(6))
    terms = regressions._terms(2.0 * half - 1)
    np.testing.assert_allclose(pair_weights(half).T @ terms, 0, atol=1e-12)
    full = regressions._terms(np.ones((1, 6)))
    np.testing.assert_allclose(full, 0, atol=1e-12)


def test_parts_are_solved_as_their_mean_is():
    worth = tables(1)[:, 0]
    share = np.array([0.25, 0.75])
    parts = np.stack(
        [worth + 3 * np.sin(np.arange(2**PLAYERS)), worth - np.sin(np.arange(2**PLAYERS))]
    )
    route = PairRegression(PLAYERS, np.random.default_rng(0))
    half = route.extended(80)
    apart = (parts[:, half @ BITS] - parts[:, ~half @ BITS]).T[:, None, :]
    whole = (parts[:, -1] - parts[:, 0])[None]
    values, errors = route.solved(apart, whole, share)
    mean, spread = route.solved((apart @ share)[:, :, None], (whole @ share)[:, None], np.ones(1))
    np.testing.assert_allclose(values @ share, mean[:, :, 0], atol=1e-12)
    np.testing.assert_allclose(errors, spread, atol=1e-12)
