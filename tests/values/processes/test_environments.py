"""Tables of Gymnasium are read as what they do; the published values come out."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP, policy_values, solve


class Tabled(gymnasium.Env):
    """An environment with nothing but a table."""

    def __init__(self, table, n_states=2, n_actions=2, **more):
        self.P = table
        self.observation_space = spaces.Discrete(n_states)
        self.action_space = spaces.Discrete(n_actions)
        vars(self).update(more)


def test_the_lake_is_read_with_its_names_and_its_ends():
    lake = FiniteMDP.from_gymnasium("FrozenLake-v1", discount=1.0)
    assert (lake.n_states, lake.grid, lake.initial.argmax()) == (16, (4, 4), 0)
    assert np.flatnonzero(lake.terminal).tolist() == [5, 7, 11, 12, 15]
    assert (lake.state_name(15), lake.action_name(2)) == ("G 3,3", "right")
    # The best that can be done on the slippery 4 × 4 lake is known: 14/17.
    assert solve(lake).values[0] == pytest.approx(14 / 17, abs=1e-9)


def test_the_cliff_and_the_taxi_are_worth_what_they_are_known_for():
    cliff = FiniteMDP.from_gymnasium("CliffWalking-v1", discount=1.0)
    assert np.flatnonzero(cliff.terminal).tolist() == [47]
    assert solve(cliff).values[36] == pytest.approx(-13, abs=1e-9)
    taxi = FiniteMDP.from_gymnasium("Taxi-v4", discount=1.0)
    # Where the passenger waits at the destination can be moved through: ending is a state apart.
    assert taxi.n_states == 501
    assert taxi.state_name(500) == "end"
    # Over the 300 beginnings the best mean return is known to be 7.93.
    assert taxi.initial @ solve(taxi).values == pytest.approx(7.93, abs=0.005)


def test_options_reach_the_environment():
    sure = FiniteMDP.from_gymnasium("FrozenLake-v1", discount=1.0, is_slippery=False)
    assert solve(sure).values[0] == 1.0
    wide = FiniteMDP.from_gymnasium("FrozenLake-v1", desc=["SF", "FG"], horizon=5)
    assert (wide.n_states, wide.horizon) == (4, 5)


def test_an_environment_itself_is_read_through_its_wrappers():
    made = gymnasium.make("FrozenLake-v1")
    assert FiniteMDP.from_gymnasium(made).n_states == 16
    with pytest.raises(InputError, match="this one is made already"):
        FiniteMDP.from_gymnasium(made, is_slippery=False)


def test_a_target_listed_twice_counts_once_with_its_mean_reward():
    stay = [(0.25, 0, 4.0, False), (0.25, 0, 8.0, False), (0.5, 1, 0.0, True)]
    mdp = FiniteMDP.from_gymnasium(Tabled({0: {0: stay}, 1: {0: [(1.0, 1, 0.0, True)]}}))
    assert mdp.transitions.toarray()[0].tolist() == [0.5, 0.5]
    assert mdp.rewards.toarray()[0].tolist() == [6.0, 0.0]
    assert mdp.available.tolist() == [[True, False], [False, False]]


def test_a_state_entered_both_ways_keeps_its_future():
    # From 0 one either passes through 1, where 5 more are paid, or ends in it for 2.
    table = {
        0: {0: [(1.0, 1, 0.0, False)], 1: [(1.0, 1, 2.0, True)]},
        1: {0: [(1.0, 0, 5.0, False)], 1: [(1.0, 1, 0.0, True)]},
    }
    mdp = FiniteMDP.from_gymnasium(Tabled(table), discount=0.5)
    assert (mdp.n_states, mdp.terminal.tolist()) == (3, [False, False, True])
    assert policy_values(mdp, [1, 0, 0])[0] == pytest.approx(2.0)
    assert policy_values(mdp, [0, 0, 0])[0] == pytest.approx(0.5 * 5 / (1 - 0.25))


def test_what_only_a_terminal_state_does_makes_none_ambiguous():
    table = {0: {0: [(1.0, 1, 1.0, True)]}, 1: {0: [(1.0, 1, 0.0, False)]}}
    mdp = FiniteMDP.from_gymnasium(Tabled(table, n_actions=1))
    assert mdp.terminal.tolist() == [False, True]


def test_an_older_version_is_replaced_by_the_newest_and_said():
    with pytest.warns(UserWarning, match="Taxi-v3 is not registered .* Taxi-v4 is read instead"):
        assert FiniteMDP.from_gymnasium("Taxi-v3").n_states == 501


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("FrozneLake-v1", {}, "Did you mean 'FrozenLake-v1'"),
        ("frozenlake-v1", {}, "Did you mean 'FrozenLake-v1'"),
        ("CartPole-v1", {}, "CartPole-v1 keeps no table"),
        ("Blackjack-v1", {}, "keeps no table"),
        ("FrozenLake-v1", {"is_slipery": True}, "could not make 'FrozenLake-v1'"),
        ("FrozenLake-v1", {"map_name": "3x3"}, "could not make 'FrozenLake-v1'"),
        ("Taxi-v4", {"fickle_passenger": True}, "outside of its table"),
    ],
)
def test_bad_input_is_said_in_one_line(name, options, message):
    with pytest.raises(InputError, match=message) as caught:
        FiniteMDP.from_gymnasium(name, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({0: {0: [(1.0, 1, 0.0)]}}, "is not of the form"),
        ({0: {0: "x"}}, "is not of the form"),
        ({0: {0: [(1.0, 7, 0.0, True)]}}, "outside of its spaces of 2 states and 2 actions"),
        ({0: {5: [(1.0, 1, 0.0, True)]}}, "outside of its spaces"),
        ({}, "keeps no table"),
        ({0: {0: [(0.4, 1, 0.0, True)]}}, "sum to 0.4"),
    ],
)
def test_a_table_that_is_none_is_said(table, message):
    with pytest.raises(InputError, match=message):
        FiniteMDP.from_gymnasium(Tabled(table))
