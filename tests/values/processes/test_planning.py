"""Planning is held to linear programs, to every policy tried, to chains by hand, to its bound."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP, solve
from alignlab.values.processes.planning import METHODS, longest_time, undiscounted_bound
from alignlab.values.processes.sweeps import Sweeps

ITERATIVE = [method for method in METHODS if method != "linear programming"]


def value_of(mdp, policy):
    """Return the values of a policy by a dense solve."""
    S, A = mdp.n_states, mdp.n_actions
    rows = np.arange(S) * A + np.asarray(policy)
    matrix = mdp.transitions.toarray()[rows]
    return np.linalg.solve(np.eye(S) - mdp.discount * matrix, mdp.expected_rewards.ravel()[rows])


def best_of_all(mdp):
    """Return the largest values over every deterministic policy."""
    choices = [np.flatnonzero(row) if row.any() else [0] for row in mdp.available]
    return np.max([value_of(mdp, policy) for policy in product(*choices)], axis=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_a_chain_by_hand(chain, method, discount):
    found = solve(chain(5, discount), method=method)
    left = 5 - np.arange(6)
    expected = left if discount == 1 else (1 - discount**left) / (1 - discount)
    assert found.values == pytest.approx(expected, abs=1e-12)
    assert found.error_bound < 1e-8


@pytest.mark.parametrize("method", METHODS)
def test_staying_for_ever_is_weighed_against_leaving(method):
    chances = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])
    stay = solve(FiniteMDP(chances, [[1, 9.9], [0, 0]], discount=0.9), method=method)
    go = solve(FiniteMDP(chances, [[1, 10.1], [0, 0]], discount=0.9), method=method)
    assert stay.values[0] == pytest.approx(10, abs=1e-8)
    assert (stay.policy[0], go.policy[0]) == (0, 1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("discount", [0.0, 0.5, 0.95])
def test_it_is_the_best_of_all_policies(random_mdp, method, ends, discount):
    for seed in range(3):
        mdp = random_mdp(seed, 4, ends=ends, discount=discount)
        found = solve(mdp, method=method)
        best = best_of_all(mdp)
        assert found.values == pytest.approx(best, abs=1e-8)
        assert value_of(mdp, found.policy) == pytest.approx(best, abs=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_with_discount_1_it_is_the_best_of_all_policies_that_end(random_mdp, method):
    for seed in range(4):
        mdp = random_mdp(seed, 4, discount=1.0)
        found = solve(mdp, method=method)
        assert found.values == pytest.approx(best_of_all(mdp), abs=1e-8)
        assert found.error_bound < 1e-8


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ends", [True, False])
def test_policy_iteration_equals_the_linear_program(random_mdp, seed, ends):
    mdp = random_mdp(seed, 60, 4, ends=ends, discount=0.97)
    by_hand, by_highs = solve(mdp), solve(mdp, method="linear programming")
    assert by_hand.values == pytest.approx(by_highs.values, abs=1e-8)
    assert np.array_equal(by_hand.optimal_actions(), by_highs.optimal_actions())


@given(
    st.integers(0, 10**6),
    st.sampled_from(ITERATIVE),
    st.booleans(),
    st.sampled_from([1e-1, 1e-3, 1e-8]),
    st.sampled_from([0.3, 0.9, 0.99]),
)
@settings(deadline=None, max_examples=60)
def test_the_bound_bounds_however_early_it_stops(
    random_mdp, seed, method, ends, tolerance, discount
):
    mdp = random_mdp(seed, 5, ends=ends, discount=discount)
    truth = solve(mdp, method="linear programming", tolerance=1e-12)
    found = solve(mdp, method=method, tolerance=tolerance)
    gap = np.abs(found.values - truth.values).max()
    assert found.error_bound <= max(tolerance, 1e-12)
    assert gap <= found.error_bound + truth.error_bound


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("discount", [0.999, 0.9999])
@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e8])
def test_the_bound_holds_the_rounding_of_what_is_added_at_the_end(
    random_mdp, exactly_solved, method, discount, scale
):
    for seed in range(8):
        mdp = random_mdp(seed, 3, ends=False, discount=discount)
        mdp = mdp.with_rewards(scale * mdp.rewards)
        # However coarse the tolerance: the first sweeps may be lucky.
        found = solve(mdp, method=method, tolerance=[1e-10, 1e-2, 0.1, 10.0][seed % 4] * scale)
        best = solve(mdp).policy
        chosen = mdp.transitions.toarray()[np.arange(3) * 3 + best]
        rows = [
            [(s == t) - Fraction(discount) * Fraction(chosen[s, t]) for t in range(3)]
            for s in range(3)
        ]
        exact = exactly_solved(rows, mdp.expected_rewards[np.arange(3), best])
        error = max(abs(float(Fraction(v) - x)) for v, x in zip(found.values, exact, strict=True))
        assert error <= found.error_bound


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e-11, 1e-8, 1.0, 1e9])
@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_the_unit_of_the_rewards_does_not_matter(method, scale, discount):
    # One step to 1 or to 2, which pay 1 and 2.
    chances = np.eye(4)[[1, 2, 3, 3, 3, 3, 0, 0]]
    rewards = scale * np.array([[0, 0], [1, 1], [2, 2], [0, 0]])
    mdp = FiniteMDP(chances, rewards, discount=discount, terminal=[3])
    found = solve(mdp, method=method, tolerance=1e-9 * scale)
    assert found.policy[0] == 1
    assert abs(found.values[0] - 2 * discount * scale) <= found.error_bound


def test_a_loose_tolerance_stops_earlier_than_a_tight_one(random_mdp):
    mdp = random_mdp(0, ends=True, discount=0.99)
    method = "value iteration"
    loose, tight = (solve(mdp, method=method, tolerance=size) for size in (1e-1, 1e-9))
    assert loose.iterations < tight.iterations
    assert tight.error_bound <= 1e-9 < loose.error_bound <= 1e-1


def test_values_are_within_the_bound_where_stopping_on_the_span_would_miss_them():
    # A loop that pays 1: after a few sweeps all values change alike, far below their limit.
    loop = FiniteMDP(np.eye(3)[[1, 2, 0]], np.ones(3), discount=0.999)
    found = solve(loop, method="value iteration", tolerance=1e-6)
    assert found.values == pytest.approx(np.full(3, 1000.0), abs=1e-6)


@pytest.mark.parametrize("ends", [True, False])
def test_a_horizon_agrees_with_a_naive_recursion(random_mdp, ends):
    mdp = random_mdp(1, ends=ends, discount=0.8, horizon=7)
    found = solve(mdp)
    S, A = mdp.n_states, mdp.n_actions
    dense, paid = mdp.transitions.toarray().reshape(S, A, S), mdp.expected_rewards
    values = np.zeros(S)
    for step in range(6, -1, -1):
        for s in range(S):
            options = [
                paid[s, a] + 0.8 * sum(dense[s, a, t] * found.values[step + 1, t] for t in range(S))
                for a in range(A)
                if mdp.available[s, a]
            ]
            values[s] = max(options, default=0.0)
        assert found.values[step] == pytest.approx(values, abs=1e-13)
    assert found.values.shape == (8, S)
    assert found.policy.shape == (7, S)
    assert found.error_bound < 1e-13
    assert found.method == "backward induction"


def test_a_long_horizon_tends_to_none(random_mdp):
    mdp = random_mdp(2, discount=0.9)
    assert solve(mdp.replace(horizon=400)).values[0] == pytest.approx(solve(mdp).values, abs=1e-8)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=20)
def test_renumbering_the_states_renumbers_the_answer(random_mdp, seed):
    mdp = random_mdp(seed, 5, discount=0.9)
    order = np.random.default_rng(seed).permutation(5)
    dense = mdp.transitions.toarray().reshape(5, 3, 5)[order][:, :, order]
    other = FiniteMDP(dense, mdp.rewards[order], discount=0.9, terminal=mdp.terminal[order])
    assert solve(other).values == pytest.approx(solve(mdp).values[order], abs=1e-11)


@given(st.integers(0, 10**6), st.floats(0.1, 100), st.floats(-5, 5))
@settings(deadline=None, max_examples=20)
def test_scaled_and_shifted_rewards_scale_and_shift_the_values(random_mdp, seed, scale, shift):
    mdp = random_mdp(seed, 5, ends=False, discount=0.9)
    values = solve(mdp).values
    other = solve(mdp.with_rewards(scale * mdp.rewards + shift)).values
    assert other == pytest.approx(scale * values + shift / 0.1, rel=1e-9, abs=1e-8)


def test_equal_actions_are_named_as_a_set():
    mdp = FiniteMDP(np.eye(2)[[1, 1, 0, 0]][:, None].reshape(2, 2, 2), [[1, 1], [0, 0]], terminal=1)
    assert solve(mdp).optimal_actions().tolist() == [[True, True], [False, False]]
    worse = mdp.with_rewards([[1, 0.9], [0, 0]])
    assert solve(worse).optimal_actions().tolist() == [[True, False], [False, False]]
    assert solve(worse).optimal_actions(0.2).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("method", METHODS)
def test_a_loop_that_pays_for_ever_is_named(method):
    # From "b" one can go round to "a" with a gain of 1 - 0.5 a round.
    chances = np.zeros((3, 2, 3))
    chances[0, 0, 1] = chances[1, 0, 0] = chances[1, 1, 2] = 1.0
    rewards = [[1.0, 0], [-0.5, 0], [0, 0]]
    names = ["a", "b", "end"]
    mdp = FiniteMDP(chances, rewards, discount=1.0, terminal=2, state_names=names)
    with pytest.raises(InputError, match="earns reward for ever") as caught:
        solve(mdp, method=method)
    assert "\n" not in str(caught.value)
    # With the gain turned into a loss, the best is to leave.
    mdp = mdp.with_rewards([[1.0, 0], [-1.5, 0], [0, 0]])
    assert solve(mdp, method=method).values == pytest.approx([1.0, 0.0, 0.0], abs=1e-8)


def test_with_discount_1_a_free_loop_is_no_way_to_end_and_the_bound_is_honest():
    # Staying costs nothing and leaving costs 2: among the policies that end, -2 is the best.
    stay = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])
    for method in METHODS:
        found = solve(FiniteMDP(stay, [[0, -2.0], [0, 0]], discount=1.0), method=method)
        assert found.values.tolist() == pytest.approx([-2.0, 0.0])
        assert found.policy[0] == 1
        assert found.error_bound == np.inf


def test_a_slow_way_to_the_end_is_bounded_too():
    # Each step ends it with chance 1/1000 and pays 1; a second action pays 0.5 more.
    chances = np.zeros((2, 2, 2))
    chances[0] = [[0.999, 0.001], [0.99, 0.01]]
    mdp = FiniteMDP(chances, [[1.0, 1.5], [0, 0]], discount=1.0, terminal=1)
    found = solve(mdp)
    assert found.values[0] == pytest.approx(1000, abs=found.error_bound)
    assert 0 < found.error_bound < 1e-6
    assert longest_time(mdp)[0] == pytest.approx(1000, rel=1e-9)


def test_the_number_of_threads_changes_no_bit(big_walk):
    mdp = big_walk(300)
    found = [solve(mdp, method="value iteration", tolerance=1e-2, threads=n) for n in (1, 2, 5)]
    for other in found[1:]:
        assert np.array_equal(found[0].values, other.values)
        assert np.array_equal(found[0].policy, other.policy)


def test_a_hundred_thousand_states_are_never_made_dense(big_walk, chain):
    import tracemalloc

    mdp = big_walk(320)
    solve(chain(2, 0.9))  # what is compiled is no part of it
    tracemalloc.start()
    found = solve(mdp, method="value iteration", tolerance=1e-4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.error_bound <= 1e-4
    # The transitions alone are 15 MB; one dense row a state would be 80 GB.
    assert peak < 150e6
    # Far from the end the walk never arrives in time that counts.
    assert found.values[0] == pytest.approx(-10.0, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "policy iteraton"}, "Did you mean 'policy iteration'"),
        ({"tolerance": 0}, "tolerance=0 is not a number above 0"),
        ({"tolerance": float("nan")}, "tolerance=nan"),
    ],
)
def test_bad_input_is_said_in_one_line(chain, options, message):
    with pytest.raises(InputError, match=message) as caught:
        solve(chain(2, 0.9), **options)
    assert "\n" not in str(caught.value)


def test_large_processes_without_an_end_are_solved_alike_by_all_methods(big_walk):
    # Larger than what is factorised, with rewards that pull in all directions.
    mdp = big_walk(60, discount=0.99)
    S = mdp.n_states
    corner = sparse.csr_array(
        (np.ones(4), (S * 4 - 4 + np.arange(4), np.full(4, S - 1))), (4 * S, S)
    )
    paid = np.random.default_rng(0).random((S, 4))
    endless = FiniteMDP(mdp.transitions + corner, paid, discount=0.99, terminal=[])
    truth = solve(endless, method="value iteration", tolerance=1e-9)
    for method in ITERATIVE:
        found = solve(endless, method=method, tolerance=1e-6)
        assert found.error_bound <= 1e-6
        assert np.abs(found.values - truth.values).max() <= 1e-6 + 1e-9


LOOP = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])
"""In state 0 stay (action 0) or end it (action 1)."""


@pytest.mark.parametrize(("paid", "certain"), [(-1.0, True), (0.0, False)])
def test_a_loop_that_costs_nothing_leaves_nothing_certain(paid, certain):
    mdp = FiniteMDP(LOOP, [[paid, -5.0], [0, 0]], discount=1.0)
    with Sweeps(mdp) as sweeps:
        bound = undiscounted_bound(mdp, sweeps, np.array([-5.0, 0.0]), 0.0, 1e-15)
    assert np.isfinite(bound) == certain
    if certain:
        assert bound < 1e-13


def test_values_that_are_off_are_bounded_as_far_off(chain):
    mdp = chain(3, 1.0)
    with Sweeps(mdp) as sweeps:
        off = np.array([3.3, 2.2, 1.1, 0.0])
        assert undiscounted_bound(mdp, sweeps, off, 0.1, 1e-15) >= 0.3
