"""Soft values are held to a naive recursion, to their limits, and to their own bound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP, soft_solve, solve


def naive(mdp, temperature, sweeps, start=None):
    """Return soft values after so many backups, by scipy on dense arrays."""
    S, A = mdp.n_states, mdp.n_actions
    dense = mdp.transitions.toarray()
    values = np.zeros(S) if start is None else start
    for _ in range(sweeps):
        q = mdp.expected_rewards + mdp.discount * (dense @ values).reshape(S, A)
        q[~mdp.available] = -np.inf
        with np.errstate(divide="ignore"):
            values = np.where(mdp.terminal, 0.0, temperature * logsumexp(q / temperature, axis=1))
    return values


def fork(rewards, discount=1.0, horizon=None):
    """Return one state with an action for each reward, all of which end it."""
    A = len(rewards)
    chances = np.zeros((2, A, 2))
    chances[0, :, 1] = 1.0
    paid = [rewards, np.zeros(A)]
    return FiniteMDP(chances, paid, discount=discount, terminal=1, horizon=horizon)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_fork_by_hand(temperature):
    found = soft_solve(fork([1.0, 2.0, 0.0]), temperature=temperature)
    weights = np.exp(np.array([1.0, 2.0, 0.0]) / temperature)
    assert found.values[0] == pytest.approx(temperature * np.log(weights.sum()), abs=1e-13)
    assert found.policy()[0] == pytest.approx(weights / weights.sum(), abs=1e-15)
    assert found.policy()[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
def test_it_is_the_fixed_point_of_a_naive_recursion(random_mdp, ends, temperature):
    for seed in range(3):
        mdp = random_mdp(seed, ends=ends, discount=0.9)
        found = soft_solve(mdp, temperature=temperature, tolerance=1e-10)
        assert found.values == pytest.approx(naive(mdp, temperature, 400), abs=2e-10)
        assert found.error_bound <= 1e-10


@given(
    st.integers(0, 10**6),
    st.booleans(),
    st.sampled_from([1.0, 1e-2, 1e-8]),
    st.sampled_from([0.5, 0.9, 1.0]),
)
@settings(deadline=None, max_examples=30)
def test_the_bound_bounds_however_early_it_stops(random_mdp, seed, ends, tolerance, discount):
    mdp = random_mdp(seed, 5, ends=ends or discount == 1, discount=discount)
    found = soft_solve(mdp, tolerance=tolerance, temperature=0.2)
    # From near the answer on: a few hundred backups more leave only rounding.
    truth = naive(mdp, 0.2, 300, start=soft_solve(mdp, temperature=0.2).values)
    assert np.abs(found.values - truth).max() <= found.error_bound + 1e-12
    assert found.error_bound <= tolerance


@pytest.mark.parametrize("ends", [True, False])
def test_it_tends_to_the_best_values_as_the_temperature_falls(random_mdp, ends):
    mdp = random_mdp(4, ends=ends, discount=0.9)
    best = solve(mdp)
    for temperature in (1.0, 1e-1, 1e-2, 1e-3):
        found = soft_solve(mdp, temperature=temperature)
        gap = found.values - best.values
        assert gap.min() >= -1e-8
        assert gap.max() <= temperature * np.log(3) / 0.1 + 1e-8
    assert found.policy().argmax(axis=1)[:-1].tolist() == best.policy[:-1].tolist()


@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_nothing_overflows_at_a_low_temperature_or_with_large_rewards(random_mdp, discount):
    mdp = random_mdp(5, discount=discount)
    large = mdp.with_rewards(1e4 * mdp.rewards)
    for temperature in (1e-3, 1.0):
        found = soft_solve(large, temperature=temperature)
        assert np.isfinite(found.values).all()
        assert found.values == pytest.approx(solve(large).values, abs=20 * temperature)
        assert found.policy().sum(axis=1)[:-1] == pytest.approx(np.ones(5), abs=1e-12)
        # Of values of some 10^5, rounding leaves no better bound than this.
        assert found.error_bound < 1e-6


def test_a_horizon_agrees_with_a_naive_recursion(random_mdp):
    mdp = random_mdp(6, discount=0.8, horizon=9)
    found = soft_solve(mdp, temperature=0.7)
    for step in range(10):
        assert found.values[step] == pytest.approx(naive(mdp, 0.7, 9 - step), abs=1e-13)
    assert found.error_bound < 1e-12
    q = found.action_values(3)
    weights = np.exp((q[:-1] - found.values[3][:-1, None]) / 0.7)
    assert found.policy(3)[:-1] == pytest.approx(weights, abs=1e-13)


def test_with_discount_1_an_end_that_costs_enough_to_avoid_is_finite():
    # Stay for -1 or leave for 0: V = log(e^(V - 1) + 1), so e^V = 1 / (1 - 1/e).
    stay = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])
    found = soft_solve(FiniteMDP(stay, [[-1.0, 0], [0, 0]], discount=1.0))
    assert found.values[0] == pytest.approx(-np.log(1 - np.exp(-1)), abs=1e-10)
    assert found.error_bound < 1e-8


@pytest.mark.parametrize("cost", [20.0, 36.0, 100.0, 1e4])
@pytest.mark.parametrize("temperature", [1e-3, 0.2, 1.0])
@pytest.mark.parametrize("start", [None, [0.0, 0.0], [1e6, 0.0]])
def test_with_discount_1_an_end_that_costs_much_is_found(cost, temperature, start):
    # As above with -c for leaving: V = -c - T log(1 - e^(-1/T)). Seen from 0, no float tells the
    # chance of staying from 1, and the soft policy seems never to end.
    stay = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])
    mdp = FiniteMDP(stay, [[-1.0, -cost], [0, 0]], discount=1.0)
    found = soft_solve(mdp, temperature=temperature, start=start)
    truth = -cost - temperature * np.log1p(-np.exp(-1 / temperature))
    assert abs(found.values[0] - truth) <= found.error_bound < 1e-7


@pytest.mark.parametrize(
    ("paid", "message"),
    [
        (0.0, "costs more than 0.549"),
        (-1e-3, "more entropy than it costs"),
        (0.5, "loop through state 0"),
    ],
)
def test_with_discount_1_endless_entropy_is_said(paid, message):
    # One way to leave, and two to stay, which are worth T log 2 in entropy.
    stay = np.array([[[1.0, 0], [1, 0], [0, 1]], [[0, 0], [0, 0], [0, 0]]])
    rewards = [[paid, paid, 0], [0, 0, 0]]
    mdp = FiniteMDP(stay, rewards, discount=1.0)
    with pytest.raises(InputError, match=message) as caught:
        soft_solve(mdp, temperature=0.5)
    assert "\n" not in str(caught.value)


def test_the_advice_that_the_error_gives_is_true():
    stay = np.array([[[1.0, 0], [1, 0], [0, 1]], [[0, 0], [0, 0], [0, 0]]])
    for cost, finite in [(0.5 * np.log(3) + 1e-3, True), (0.5 * np.log(2) - 1e-3, False)]:
        mdp = FiniteMDP(stay, np.full(2, -cost), discount=1.0)
        if finite:
            assert np.isfinite(soft_solve(mdp, temperature=0.5).values).all()
            continue
        with pytest.raises(InputError, match=r"every step costs more than 0\.549"):
            soft_solve(mdp, temperature=0.5)


def test_a_good_start_saves_steps_and_changes_nothing(random_mdp):
    mdp = random_mdp(7, 40, discount=0.95)
    cold = soft_solve(mdp, tolerance=1e-9)
    warm = soft_solve(mdp, tolerance=1e-9, start=cold.values)
    assert warm.iterations < cold.iterations
    assert warm.values == pytest.approx(cold.values, abs=2e-9)


@given(st.integers(0, 10**6), st.floats(0.1, 10))
@settings(deadline=None, max_examples=20)
def test_rewards_and_temperature_scale_together(random_mdp, seed, scale):
    mdp = random_mdp(seed, 5, discount=0.9)
    values = soft_solve(mdp, temperature=0.5, tolerance=1e-10).values
    other = soft_solve(mdp.with_rewards(scale * mdp.rewards), temperature=0.5 * scale).values
    assert other == pytest.approx(scale * values, abs=1e-7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature=0 is not a number above 0"),
        ({"temperature": float("inf")}, "temperature=inf"),
        ({"tolerance": -1}, "tolerance=-1"),
        ({"start": [0.0]}, r"start has shape \(1,\)"),
    ],
)
def test_bad_input_is_said_in_one_line(chain, options, message):
    with pytest.raises(InputError, match=message) as caught:
        soft_solve(chain(2, 0.9), **options)
    assert "\n" not in str(caught.value)
