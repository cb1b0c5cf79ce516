"""Passes are held to dense arithmetic, the two directions to a derivative, threads to one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from alignlab.errors import InputError
from alignlab.values.processes import (
    FiniteMDP,
    occupancy,
    soft_backward,
    soft_forward,
    soft_gradient,
    soft_solve,
)
from alignlab.values.processes.sweeps import Sweeps


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


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_forward_pass_is_the_gradient_of_the_backward_pass(random_mdp, temperature):
    mdp = random_mdp(0, discount=0.9, horizon=6)
    rng = np.random.default_rng(0)
    rewards, start = rng.normal(size=(6, 3)), rng.random(6)
    values, visits = soft_gradient(mdp, rewards, temperature=temperature, start=start)
    for s, a in np.argwhere(mdp.available):
        up, down = rewards.copy(), rewards.copy()
        up[s, a] += 1e-5
        down[s, a] -= 1e-5
        change = (
            soft_backward(mdp, up, temperature=temperature)[0]
            - soft_backward(mdp, down, temperature=temperature)[0]
        )
        assert visits[s, a] == pytest.approx(start @ change / 2e-5, abs=1e-8)
    assert not visits[~mdp.available].any()
    assert np.array_equal(values, soft_backward(mdp, rewards, temperature=temperature))


def test_keeping_the_policy_and_computing_it_anew_agree(random_mdp):
    mdp = random_mdp(1, 30, 4, discount=0.95, horizon=12)
    values, kept = soft_gradient(mdp, temperature=0.4)
    anew = soft_forward(mdp, None, values, temperature=0.4)
    assert kept == pytest.approx(anew, abs=1e-14)
    assert kept == pytest.approx(
        occupancy(mdp, soft_solve(mdp, temperature=0.4)).state_actions, abs=1e-14
    )
    assert values[0] == pytest.approx(naive(mdp, 0.4, 12), abs=1e-13)


def test_what_begins_is_what_leaves(random_mdp):
    mdp = random_mdp(2, ends=False, discount=1.0, horizon=8)
    assert soft_gradient(mdp)[1].sum() == pytest.approx(8.0, abs=1e-13)


def test_the_three_forms_of_rewards_are_one(random_mdp):
    mdp = random_mdp(3, discount=0.9, horizon=4)
    by_state = np.arange(6.0)
    one = soft_backward(mdp, by_state)
    assert np.array_equal(one, soft_backward(mdp, np.repeat(by_state[:, None], 3, axis=1)))
    arrival = soft_backward(mdp, mdp.on_arrival(by_state))
    assert arrival == pytest.approx(soft_backward(mdp, mdp.expected(mdp.on_arrival(by_state))))


def jumps(big_walk, side, seed):
    """Return a walk without locality: each part of it reaches all states."""
    rng = np.random.default_rng(seed)
    mdp = big_walk(side)
    matrix = mdp.transitions.copy()
    matrix.indices = rng.permutation(mdp.n_states)[matrix.indices].astype(matrix.indices.dtype)
    return FiniteMDP(matrix, rng.normal(size=(mdp.n_states, 4)), discount=0.9, horizon=3)


@pytest.mark.parametrize("near", [True, False])
def test_the_number_of_threads_changes_no_bit_and_the_parts_agree_with_one(big_walk, near):
    mdp = big_walk(300).replace(horizon=3) if near else jumps(big_walk, 300, 0)
    values = soft_backward(mdp, threads=1)
    visits = soft_forward(mdp, None, values, threads=1)
    for threads in (2, 7):
        assert np.array_equal(values, soft_backward(mdp, threads=threads))
        assert np.array_equal(visits, soft_forward(mdp, None, values, threads=threads))
    # The same by one policy pass after another, which shares nothing but the matrix.
    solution = soft_solve(mdp)
    mass, expected = mdp.initial.copy(), np.zeros_like(visits)
    for step in range(3):
        leaving = solution.policy(step) * mass[:, None]
        expected += leaving * 0.9**step
        mass = mdp.transitions.T @ leaving.ravel()
    assert np.allclose(visits, expected, atol=1e-18, rtol=1e-10)


def test_wide_indices_are_read_too(random_mdp):
    mdp = random_mdp(4, discount=0.9, horizon=3)
    wide = random_mdp(4, discount=0.9, horizon=3)
    wide.transitions.indices = wide.transitions.indices.astype(np.int64)
    wide.transitions.indptr = wide.transitions.indptr.astype(np.int64)
    assert np.array_equal(soft_backward(mdp), soft_backward(wide))


def test_action_values_are_minus_infinity_where_nothing_can_be_done(random_mdp):
    mdp = random_mdp(5, discount=0.9)
    values = np.arange(6.0)
    with Sweeps(mdp) as sweeps:
        q = sweeps.action_values(values)
    dense = mdp.expected_rewards + 0.9 * (mdp.transitions.toarray() @ values).reshape(6, 3)
    assert q[mdp.available] == pytest.approx(dense[mdp.available], abs=1e-14)
    assert (q[~mdp.available] == -np.inf).all()


def test_changes_are_of_states_that_do_not_end(random_mdp):
    mdp = random_mdp(6, discount=0.9)
    values, now = np.full(6, 100.0), np.empty(6)
    with Sweeps(mdp) as sweeps:
        least, largest = sweeps.soft(values, now, 1.0)
    change = (now - values)[:-1]
    assert (least, largest) == (change.min(), change.max())
    assert now[-1] == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda mdp: soft_backward(mdp.replace(horizon=None)), "has no horizon"),
        (lambda mdp: soft_backward(mdp, temperature=-1), "temperature=-1"),
        (lambda mdp: soft_backward(mdp, np.ones(3)), r"rewards have shape \(3,\)"),
        (lambda mdp: soft_gradient(mdp, start=[1.0]), r"start has shape \(1,\)"),
    ],
)
def test_bad_input_is_said_in_one_line(random_mdp, call, message):
    with pytest.raises(InputError, match=message) as caught:
        call(random_mdp(0, horizon=2))
    assert "\n" not in str(caught.value)
