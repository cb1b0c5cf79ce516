"""Shapley values from random orders with their reverses."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.transparency.shapley.coalitions import every_pair, pair_weights, pairs_in_all
from alignlab.transparency.shapley.permutations import Permutations


def differences(game, half):
    return (game(half) - game(~half))[:, None, None]


def whole(game, players):
    return differences(game, np.ones((1, players), dtype=bool))[0]


def credited(game, order):
    """One order's gains, one after another."""
    known = np.zeros((1, len(order)), dtype=bool)
    gains = np.empty(len(order))
    for player in order:
        before = game(known)[0]
        known[0, player] = True
        gains[player] = game(known)[0] - before
    return gains


def game(coalitions):
    first, second, third, fourth = coalitions.T.astype(float)
    return first * second + 3 * third * (1 - fourth) + first * third * fourth


def test_a_pair_is_the_mean_of_an_order_and_its_reverse():
    route = Permutations(4, np.random.default_rng(0))
    half = route.extended(3 * 2)
    values, errors = route.solved(differences(game, half), whole(game, 4), np.ones(1))
    by_hand = [(credited(game, order) + credited(game, order[::-1])) / 2 for order in route.orders]
    np.testing.assert_allclose(values[:, 0, 0], np.mean(by_hand, axis=0), atol=1e-12)
    # Two pairs: Student's interval of one degree of freedom, in units of 1.96.
    student = 12.7062047 / 1.95996398 * np.std(by_hand, axis=0, ddof=1) / np.sqrt(2)
    farthest = np.abs(by_hand - np.mean(by_hand, axis=0)).max()
    np.testing.assert_allclose(errors[:, 0], np.hypot(student, farthest / 2), rtol=1e-6)


def test_rare_changes_are_allowed_for_where_none_was_seen():
    weights = np.array([1.0, 1, 2, 2, 3, 4, 5, 6, 30, 40, 50, 60])
    held = []
    every = every_pair(12, 0, pairs_in_all(12))

    def vote(coalitions):
        return (coalitions @ weights > weights.sum() / 2).astype(float)

    exact = pair_weights(every).T @ differences(vote, every)[:, 0, 0] + 1 / 12
    for seed in range(40):
        route = Permutations(12, np.random.default_rng(seed))
        half = route.extended(20 * 11)
        values, errors = route.solved(differences(vote, half), whole(vote, 12), np.ones(1))
        held.append(np.abs(values[:, 0, 0] - exact) <= 1.96 * errors[:, 0])
    # The same players over and over: 0.5 where the error is that of the spread alone.
    assert np.mean(held) > 0.95


def test_orders_are_added_to_those_drawn():
    route = Permutations(4, np.random.default_rng(0))
    first = route.extended(6)
    assert len(route.extended(8)) == 0
    second = route.extended(12)
    assert len(first) == len(second) == 6
    assert len(route.orders) == 4


@pytest.mark.parametrize("size", [2, 7])
def test_a_player_without_influence_has_the_value_zero_and_values_add_up(size):
    def dummy(coalitions):
        return np.exp(coalitions[:, 1:].sum(axis=1))

    route = Permutations(size, np.random.default_rng(1))
    half = route.extended(10 * (size - 1))
    values, _ = route.solved(differences(dummy, half), whole(dummy, size), np.ones(1))
    assert values[0, 0, 0] == 0
    assert values.sum() == pytest.approx(np.exp(size - 1) - 1, rel=1e-12)
