"""Games solved: known solutions, the axioms, and errors that cover."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError, ModelError
from alignlab.transparency.shapley import shapley_of_game

SAMPLED = ["odd regression", "kernel", "permutation"]


def by_orders(game, players):
    """All orders of the players, one by one."""
    values = np.zeros(players)
    count = 0
    for order in permutations(range(players)):
        known = np.zeros((1, players), dtype=bool)
        before = game(known)[0]
        for player in order:
            known[0, player] = True
            after = game(known)[0]
            values[player] += after - before
            before = after
        count += 1
    return values / count


def table_game(table):
    players = int(np.log2(len(table)))
    return lambda coalitions: table[coalitions @ (1 << np.arange(players))]


tables = st.integers(1, 5).flatmap(
    lambda players: st.lists(
        st.floats(-10, 10, allow_subnormal=False), min_size=2**players, max_size=2**players
    ).map(np.array)
)


def test_the_glove_game():
    values = shapley_of_game(lambda S: S[:, 0] & (S[:, 1] | S[:, 2]), 3).values[:, 0]
    np.testing.assert_allclose(values, [2 / 3, 1 / 6, 1 / 6], atol=1e-15)


def test_the_airport_game():
    # Each pays its share of every stretch of the runway that it needs.
    costs = np.array([1.0, 3.0, 3.0, 7.0])
    found = shapley_of_game(lambda S: (S * costs).max(axis=1), 4).values[:, 0]
    np.testing.assert_allclose(found, [1 / 4, 1 / 4 + 2 / 3, 1 / 4 + 2 / 3, 1 / 4 + 2 / 3 + 4])


def test_weighted_voting():
    # Weights 4, 2, 1, 1 with a quota of 5: the pivots of the 24 orders counted.
    weights = np.array([4, 2, 1, 1])
    found = shapley_of_game(lambda S: (S @ weights) >= 5, 4).values[:, 0]
    np.testing.assert_allclose(found, [3 / 4, 1 / 12, 1 / 12, 1 / 12], atol=1e-15)


@settings(deadline=None, max_examples=50)
@given(tables)
def test_all_coalitions_give_the_mean_over_all_orders_and_add_up(table):
    game = table_game(table)
    players = int(np.log2(len(table)))
    found = shapley_of_game(game, players)
    np.testing.assert_allclose(found.values[:, 0], by_orders(game, players), atol=1e-12)
    assert found.values.sum() == pytest.approx(table[-1] - table[0], abs=1e-12)
    assert found.evaluations == 2**players


@settings(deadline=None, max_examples=50)
@given(tables, st.floats(-3, 3), st.randoms(use_true_random=False))
def test_values_are_linear_in_the_game_and_follow_the_players(table, factor, random):
    players = int(np.log2(len(table)))
    other = np.cos(np.arange(len(table)))
    both = shapley_of_game(table_game(table + factor * other), players).values
    one, two = (shapley_of_game(table_game(each), players).values for each in (table, other))
    np.testing.assert_allclose(both, one + factor * two, atol=1e-11)
    order = random.sample(range(players), players)
    renamed = shapley_of_game(lambda S: table_game(table)(S[:, np.argsort(order)]), players).values
    np.testing.assert_allclose(renamed, one[order], atol=1e-11)


@pytest.mark.parametrize("method", SAMPLED)
def test_an_additive_game_is_known_exactly_from_any_sample(method):
    worth = np.arange(1.0, 21.0)
    found = shapley_of_game(lambda S: S @ worth, 20, method=method)
    np.testing.assert_allclose(found.values[:, 0], worth, atol=1e-9)
    assert found.standard_errors.max() < 1e-9
    assert found.evaluations < 4096
    assert not found.notes


@pytest.mark.parametrize("method", SAMPLED)
def test_sampled_values_add_up_and_their_errors_are_zero_nowhere(method):
    def game(coalitions):
        return np.stack([np.tanh(coalitions.sum(1) - 8), coalitions[:, 0] * 1.0], axis=1)

    found = shapley_of_game(game, 18, method=method, max_evaluations=600, tolerance=None)
    np.testing.assert_allclose(found.values.sum(axis=0), found.total - found.base, atol=1e-12)
    assert found.values.shape == (18, 2)
    assert found.evaluations <= 600


@pytest.mark.parametrize("method", SAMPLED)
def test_the_tolerance_stops_the_sampling_and_the_budget_says_so(method):
    game = table_game(np.random.default_rng(0).normal(size=2**13))
    asked = []
    for tolerance in (0.3, 0.15, 0.075):
        found = shapley_of_game(
            game, 13, method=method, max_evaluations=100_000, tolerance=tolerance
        )
        assert found.standard_errors.max() <= tolerance * np.ptp(found.values)
        assert not found.notes
        asked.append(found.evaluations)
    assert asked[0] < asked[1] < asked[2] < 100_000
    fine = shapley_of_game(game, 13, method=method, max_evaluations=1000, tolerance=0.001)
    assert "stopped at the budget" in fine.notes[0]
    again = shapley_of_game(game, 13, method=method, max_evaluations=1000, tolerance=0.001)
    assert again.values.tobytes() == fine.values.tobytes()


@pytest.mark.parametrize("method", ["exact", "auto", *SAMPLED])
def test_one_and_two_players(method):
    one = shapley_of_game(lambda S: 3.0 * S[:, 0] + 1, 1, method=method)
    assert one.values.tolist() == [[3.0]]
    two = shapley_of_game(lambda S: S.all(axis=1) * 1.0, 2, method=method)
    np.testing.assert_allclose(two.values[:, 0], [0.5, 0.5])


def test_what_is_wrong_is_said():
    def good(coalitions):
        return coalitions.sum(axis=1)

    with pytest.raises(InputError, match="players=0"):
        shapley_of_game(good, 0)
    with pytest.raises(InputError, match="Did you mean 'permutation'"):
        shapley_of_game(good, 3, method="permutations")
    with pytest.raises(InputError, match="needs 1,048,576 coalitions"):
        shapley_of_game(good, 20, method="exact")
    with pytest.raises(InputError, match="max_evaluations allows 10"):
        shapley_of_game(good, 20, method="permutation", max_evaluations=10)
    with pytest.raises(InputError, match="tolerance=2"):
        shapley_of_game(good, 3, tolerance=2)
    with pytest.raises(InputError, match="max_evaluations=0"):
        shapley_of_game(good, 3, max_evaluations=0)
    with pytest.raises(InputError, match="seed=-1"):
        shapley_of_game(good, 3, seed=-1)
    with pytest.raises(ModelError, match=r"shape \(\)"):
        shapley_of_game(lambda S: 1.0, 3)
    with pytest.raises(ModelError, match=r"not finite for the coalition \[0, 1, 2\]"):
        shapley_of_game(lambda S: np.where(S.all(axis=1), np.nan, 0.0), 3)


def test_the_result_is_plain_values():
    told = shapley_of_game(lambda S: S.sum(axis=1), 2).to_dict()
    assert told["values"] == [[1.0], [1.0]]
    assert told["evaluations"] == 4
