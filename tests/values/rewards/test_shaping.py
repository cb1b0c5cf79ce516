from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP, solve
from alignlab.values.rewards import potential_shaping

SEEDS = st.integers(0, 2**16)


def test_a_chain_by_hand():
    # 0 -> 1 -> end, γ = 0.9, Φ = (1, 2, 0): F = 0.9·2 - 1 = 0.8, then 0 - 2.
    chain = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [5, 7, 0], discount=0.9)
    shaped = potential_shaping(chain, [1, 2, 0])
    assert shaped.expected_rewards.ravel() == pytest.approx([5.8, 5, 0], abs=1e-15)
    assert shaped.transitions is chain.transitions


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(["s", "sa", "sas"]), st.sampled_from([0.0, 0.5, 0.99]))
def test_every_policy_is_shifted_by_minus_the_potential(worlds, seed, form, discount):
    process = worlds.process(seed, 4, 2, form=form, discount=discount, ends=seed % 3)
    potential = worlds.potential(process, seed, 10)
    shaped = potential_shaping(process, potential)
    for policy in worlds.policies(process):
        gained = worlds.values(shaped, policy) - worlds.values(process, policy)
        assert gained == pytest.approx(-potential, abs=1e-9)


def test_with_no_discount_too(worlds):
    process = worlds.process(3, 5, 1, discount=1.0)
    potential = worlds.potential(process, 3)
    gained = solve(potential_shaping(process, potential)).values - solve(process).values
    assert gained == pytest.approx(-potential, abs=1e-9)


def test_a_function_is_asked_for_living_states_only(worlds):
    process = worlds.process(1)
    asked = []

    def potential(state):
        asked.append(state)
        return float(state)

    by_function = potential_shaping(process, potential)
    by_array = potential_shaping(process, np.where(process.terminal, 0, np.arange(6)))
    assert asked == [0, 1, 2, 3, 4]
    assert (by_function.rewards != by_array.rewards).nnz == 0


def test_what_is_sampled_agrees_with_what_is_expected(worlds):
    process = worlds.process(8)
    shaped = potential_shaping(process, worlds.potential(process, 8))
    assert sparse.issparse(shaped.rewards)
    by_step = (shaped.rewards.multiply(shaped.transitions)).sum(axis=1).reshape(6, 3)
    assert shaped.expected_rewards == pytest.approx(by_step, abs=1e-14)


def corridor(horizon, size=5):
    """Left or right along a corridor, nothing ends but the clock."""
    chances = np.zeros((size, 2, size))
    for state in range(size):
        chances[state, 0, max(state - 1, 0)] = 1
        chances[state, 1, min(state + 1, size - 1)] = 1
    return FiniteMDP(chances, np.zeros(size), horizon=horizon, initial=2, discount=1.0)


def test_a_horizon_makes_an_agent_want_a_high_last_potential_so_it_is_refused():
    process = corridor(2)
    potential = np.arange(5.0)
    # Two steps from 2: stopped in 4 at best, in 0 at worst.
    with pytest.raises(InputError, match=r"horizon=2 policies differ by up to 4 in the potential"):
        potential_shaping(process, potential)
    # What would have happened: nothing was worth anything, and now right is better than left.
    forced = potential_shaping(process.replace(discount=0.99, horizon=None), potential)
    wrong = solve(forced.replace(horizon=2, discount=0.99))
    assert not np.isclose(*wrong.action_values()[2])
    constant = potential_shaping(process, np.ones(5))
    assert constant.rewards.data == pytest.approx(0)


def test_a_horizon_that_comes_after_every_end_is_allowed():
    chain = FiniteMDP(
        [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
        np.array([[0, 1], [2, 3], [0, 0.0]]),
        discount=0.9,
        horizon=3,
    )
    potential = np.array([4.0, -5.0, 0.0])
    shaped = potential_shaping(chain, potential)
    gained = solve(shaped).values[0] - solve(chain).values[0]
    assert gained == pytest.approx(-potential, abs=1e-12)
    with pytest.raises(InputError, match="horizon=1 policies differ"):
        potential_shaping(chain.replace(horizon=1), potential)


@pytest.mark.parametrize(
    ("potential", "message"),
    [
        (np.zeros(5), r"potential has shape \(5,\): give one number for each of 6"),
        (np.zeros((6, 1)), r"potential has shape \(6, 1\)"),
        ([0, 0, np.nan, 0, 0, 0], "the potential of state 2 is nan"),
        ([0, 0, 0, 0, 0, 3.0], "potential of terminal state 5 is 3"),
        (lambda state: np.inf, "the potential of state 0 is inf"),
    ],
)
def test_bad_potentials_are_said_in_one_line(worlds, potential, message):
    with pytest.raises(InputError, match=message) as caught:
        potential_shaping(worlds.process(0), potential)
    assert "\n" not in str(caught.value)


def test_another_discount_is_refused(worlds):
    process = worlds.process(0)
    potential_shaping(process, np.zeros(6), discount=0.9)
    with pytest.raises(InputError, match=r"discount=1.0 is not the process's, 0.9"):
        potential_shaping(process, np.zeros(6), discount=1.0)
