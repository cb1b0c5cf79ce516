"""Visits are held to flow equations, to sums by hand, and to each other."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.processes import (
    FiniteMDP,
    occupancy,
    policy_values,
    soft_solve,
    solve,
)

STAY = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])
"""In state 0 stay (action 0) or end it (action 1)."""


def random_policy(mdp, seed):
    weights = np.random.default_rng(seed).random((mdp.n_states, mdp.n_actions)) * mdp.available
    sums = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)


def test_a_chain_by_hand(chain):
    seen = occupancy(chain(3, 0.5), np.zeros(4, int))
    assert seen.states.tolist() == pytest.approx([1, 0.5, 0.25, 0.125])
    assert seen.state_actions[:, 0].tolist() == pytest.approx([1, 0.5, 0.25, 0])
    # Cut off after two steps, the end is not arrived in and the third state does nothing.
    cut = occupancy(chain(3, 0.5, horizon=2), np.zeros(4, int))
    assert cut.states.tolist() == [1, 0.5, 0, 0]


@pytest.mark.parametrize("discount", [0.5, 0.99, 1.0])
def test_visits_sum_to_the_discounted_time_and_arrivals_to_one(random_mdp, discount):
    mdp = random_mdp(0, ends=discount == 1, discount=discount)
    seen = occupancy(mdp, random_policy(mdp, 1))
    if discount < 1:
        assert (1 - discount) * seen.state_actions.sum() == pytest.approx(1, abs=1e-11)
    else:
        assert seen.states[mdp.terminal].sum() == pytest.approx(1, abs=1e-11)
    assert seen.error_bound < 1e-8


@given(st.integers(0, 10**6), st.sampled_from([0.6, 0.95, 1.0]), st.sampled_from([None, 5]))
@settings(deadline=None, max_examples=40)
def test_the_flow_equations_and_the_return(random_mdp, seed, discount, horizon):
    mdp = random_mdp(seed, 5, discount=discount, horizon=horizon)
    policy = random_policy(mdp, seed)
    seen = occupancy(mdp, policy)
    dense = mdp.transitions.toarray().reshape(5, 3, 5)
    mass, states, actions = mdp.initial.copy(), np.zeros(5), np.zeros((5, 3))
    for step in range(2_000 if horizon is None else horizon):
        states += discount**step * mass
        actions += discount**step * mass[:, None] * policy
        mass = np.einsum("s,sa,sat->t", mass, policy, dense)
    if horizon is not None:
        states[mdp.terminal] += discount**horizon * mass[mdp.terminal]
    assert seen.state_actions == pytest.approx(actions, abs=1e-9)
    assert seen.states == pytest.approx(states, abs=1e-9)
    worth = mdp.initial @ policy_values(mdp, policy)
    assert (seen.state_actions * mdp.expected_rewards).sum() == pytest.approx(worth, abs=1e-9)
    assert np.abs(seen.state_actions - actions).sum() <= seen.error_bound + 1e-12


def test_a_solution_is_worth_what_it_says(random_mdp):
    for options in ({"discount": 0.95}, {"discount": 1.0}, {"discount": 0.9, "horizon": 6}):
        mdp = random_mdp(3, **options)
        best = solve(mdp)
        worth = policy_values(mdp, best)
        assert worth == pytest.approx(np.atleast_2d(best.values)[0], abs=1e-9)
        soft = policy_values(mdp, soft_solve(mdp, temperature=0.3))
        assert (soft <= worth + 1e-9).all()


def test_the_forms_of_a_policy_mean_the_same(random_mdp):
    mdp = random_mdp(4, discount=0.9, horizon=4)
    best = solve(mdp.replace(horizon=None)).policy
    chances = np.eye(3)[best]
    expected = occupancy(mdp, best).state_actions
    for policy in (chances, np.tile(best, (4, 1)), np.tile(chances, (4, 1, 1)), best.tolist()):
        assert np.array_equal(occupancy(mdp, policy).state_actions, expected)


def test_large_and_small_processes_are_solved_alike(big_walk):
    mdp = big_walk(60, discount=0.995)
    assert mdp.n_states > 2_500
    policy = np.full((mdp.n_states, 4), 0.25)
    seen = occupancy(mdp, policy)
    flow = mdp.initial + 0.995 * (mdp.transitions.T @ seen.state_actions.ravel())
    assert np.abs(flow - seen.states).sum() < 1e-11
    worth = policy_values(mdp, policy)
    # Each step costs 1, so a value is less the discounted time that is left.
    assert mdp.initial @ worth == pytest.approx(-seen.state_actions.sum(), abs=1e-7)


def test_as_a_table(chain):
    frame = occupancy(chain(1, 0.5), [0, 0]).to_frame()
    assert frame.columns.tolist() == ["state", "visits", "does 0", "terminal"]
    assert frame.visits.tolist() == [1.0, 0.5]
    assert occupancy(chain(1, 0.5), [0, 0]).to_dict()["states"] == [1.0, 0.5]
    assert repr(occupancy(chain(1, 0.5), [0, 0])) == "<Occupancy of 2 states, discounted steps: 1>"


@pytest.mark.parametrize("call", [occupancy, policy_values])
def test_with_discount_1_a_policy_that_never_ends_is_named(call):
    mdp = FiniteMDP(STAY, [[1.0, 0], [0, 0]], discount=1.0, state_names=["here", "end"])
    with pytest.raises(InputError, match="never ends from state here") as caught:
        call(mdp, [0, 0])
    assert "\n" not in str(caught.value)
    assert call(mdp, [1, 0]) is not None


def test_a_loop_where_the_policy_never_comes_does_no_harm():
    chances = np.eye(3)[[2, 2, 1, 2, 0, 0]]
    mdp = FiniteMDP(chances, [1.0, 0, 0], discount=1.0, initial=0, terminal=[2])
    assert occupancy(mdp, [0, 0, 0]).states.tolist() == [1, 0, 1]
    # What it is worth to begin in the loop is asked for, and is not defined.
    with pytest.raises(InputError, match="never ends from state 1"):
        policy_values(mdp, [0, 0, 0])


@pytest.mark.parametrize("discount", [0.99, 0.9999, 0.999999, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_bounds_rounding_too(random_mdp, exactly_solved, discount, seed):
    mdp = random_mdp(seed, 5, ends=discount == 1, discount=discount)
    policy = random_policy(mdp, seed)
    seen = occupancy(mdp, policy)
    flow = [[Fraction(s == t) for s in range(5)] for t in range(5)]
    for s, a, t in np.argwhere(mdp.transitions.toarray().reshape(5, 3, 5)):
        chance = Fraction(mdp.transitions[s * 3 + a, t])
        flow[t][s] -= Fraction(discount) * Fraction(policy[s, a]) * chance
    error = sum(
        abs(float(exact * Fraction(policy[s, a]) - Fraction(seen.state_actions[s, a])))
        for s, exact in enumerate(exactly_solved(flow, mdp.initial))
        for a in range(mdp.n_actions)
    )
    # Not so wide that it says nothing: some roundings for each unit, as often as it is moved.
    assert error <= seen.error_bound <= 1e-10 + 2e-14 * float(seen.state_actions.sum()) ** 2
