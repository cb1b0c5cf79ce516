from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards.steps import Steps
from alignlab.values.rewards.walks import (
    Walk,
    closest_potential,
    find_witness,
    largest_residual,
    walk_potential,
)

SEEDS = st.integers(0, 2**16)


def differences(steps, potential):
    return steps.process.discount * potential[steps.target] - potential[steps.source]


def extreme_sums(steps, added, choose):
    """Return the best or worst sum from each state by plain value iteration over steps."""
    process = steps.process
    values = np.zeros(process.n_states)
    for _ in range(2000):
        offers = added + process.discount * values[steps.target]
        new = np.zeros(process.n_states)
        for state in np.flatnonzero(~process.terminal):
            new[state] = choose(offers[steps.source == state])
        if np.allclose(new, values, rtol=0, atol=1e-14):
            break
        values = new
    return values


def replay(steps, added, walk, rounds=400):
    """Return what a walk adds, found by walking it."""
    paid = {
        (s, a, t): f
        for s, a, t, f in zip(steps.source, steps.action, steps.target, added, strict=True)
    }
    legs = [paid[s, a, t] for (s, t), a in zip(pairwise(walk.states), walk.actions, strict=True)]
    if walk.returns_to is not None:
        assert walk.states[walk.returns_to] == walk.states[-1]
        legs += legs[walk.returns_to :] * rounds
    return float(legs @ steps.process.discount ** np.arange(len(legs)))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.3, 0.9, 0.999, 1.0]), st.integers(0, 2))
def test_a_potential_is_found_again(worlds, seed, discount, ends):
    if discount == 1.0:
        ends = max(ends, 1)
    process = worlds.process(seed, 8, discount=discount, ends=ends)
    steps = Steps(process)
    potential = worlds.potential(process, seed)
    added = differences(steps, potential)
    found = walk_potential(steps, added)
    assert found == pytest.approx(potential, abs=1e-11)
    assert largest_residual(steps, added, found) < 1e-11
    assert closest_potential(steps, added) == pytest.approx(potential, abs=1e-8)
    witness = find_witness(steps, added)
    assert witness is None or witness.better.added - witness.worse.added < 1e-9


def test_in_a_process_that_never_ends_a_constant_has_a_potential(worlds):
    steps = Steps(worlds.process(1, ends=0, discount=0.9))
    # Pinning the potential of state 0 to 0, as some do, would miss it.
    assert walk_potential(steps, np.ones(len(steps.row))) == pytest.approx(-10, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([0.5, 0.9]), st.integers(0, 1))
def test_the_witness_is_the_widest_gap_of_all(worlds, seed, discount, ends):
    process = worlds.process(seed, discount=discount, ends=ends)
    steps = Steps(process)
    added = np.random.default_rng(seed).normal(size=len(steps.row))
    witness = find_witness(steps, added)
    gap = extreme_sums(steps, added, np.max) - extreme_sums(steps, added, np.min)
    assert witness.better.added - witness.worse.added == pytest.approx(gap.max(), abs=1e-9)
    assert witness.better.states[0] == witness.worse.states[0] == gap.argmax()
    for walk in (witness.better, witness.worse):
        assert replay(steps, added, walk) == pytest.approx(walk.added, abs=1e-9)
        assert process.terminal[walk.states[-1]] == (walk.returns_to is None)
        assert (walk.round_adds is None) == (walk.loop == ())


def room(discount):
    """0 <-> 1 -> end: action 0 goes to 0 from 1, action 1 ahead."""
    return FiniteMDP(
        [[0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
        np.zeros(3),
        discount=discount,
    )


def test_a_loop_by_hand():
    steps = Steps(room(0.5))
    added = np.where(steps.target == 1, 1.0, 0.0)  # a bonus for entering 1
    witness = find_witness(steps, added)
    # Best from 1: out and in again after every second step, 1/2 / (1 - 1/4); worst: the end.
    assert witness.better.states == (1, 0, 1)
    assert witness.better.returns_to == 0
    assert witness.better.round_adds == 0.5
    assert witness.better.added == pytest.approx(2 / 3, abs=1e-12)
    assert (witness.worse.states, witness.worse.actions) == ((1, 2), (1,))
    assert witness.worse.added == 0.0
    assert witness.told(room(0.5)) == (
        "From state 1, going round 1 -0-> 0 -0-> 1 adds 0.5 a round, 0.6667 for ever; 1 -1-> 2 "
        "adds 0: a potential would make them equal."
    )


@pytest.mark.parametrize(("bonus", "side"), [(1.0, "better"), (-1.0, "worse")])
def test_with_no_discount_a_loop_pays_or_costs_without_end(bonus, side):
    steps = Steps(room(1.0))
    added = np.where(steps.target == 1, bonus, 0.0)
    witness = find_witness(steps, added)
    walk = getattr(witness, side)
    assert set(walk.loop) == {0, 1}
    assert walk.round_adds == bonus
    assert walk.added == bonus * np.inf
    assert "a round, without end" in witness.told(room(1.0))


def test_with_no_discount_two_ways_to_the_end_may_differ_without_a_loop():
    fork = FiniteMDP(
        [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
        np.zeros(3),
        discount=1.0,
    )
    steps = Steps(fork)
    added = np.array([1.0, 0.0, 2.0, 2.0])
    witness = find_witness(steps, added)
    assert (witness.better.states, witness.better.added) == ((0, 1, 2), 3.0)
    assert (witness.worse.states, witness.worse.added) == ((0, 2), 0.0)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_with_no_discount_a_loop_that_pays_is_found_whenever_there_is_one(worlds, seed):
    process = worlds.process(seed, discount=1.0)
    steps = Steps(process)
    added = np.random.default_rng(seed).normal(size=len(steps.row))
    # All closed walks of up to S steps, by the max-plus powers of the best single step.
    best = np.full((6, 6), -np.inf)
    np.maximum.at(best, (steps.source, steps.target), added)
    power, pays = best.copy(), False
    for _ in range(6):
        pays |= bool((np.diag(power) > 1e-9).any())
        power = (power[:, :, None] + best[None]).max(axis=1)
    witness = find_witness(steps, added)
    assert (witness.better.added == np.inf) == pays
    if pays:
        assert witness.better.round_adds > 0


def test_under_a_horizon_walks_stop_with_it(worlds):
    process = worlds.process(2, horizon=3)
    steps = Steps(process)
    added = np.random.default_rng(2).normal(size=len(steps.row))
    witness = find_witness(steps, added)
    values = {1: np.zeros(6), -1: np.zeros(6)}
    for _ in range(3):
        for sign in values:
            offers = sign * added + 0.9 * values[sign][steps.target]
            values[sign] = np.array([max(offers[steps.source == s], default=0.0) for s in range(6)])
    gap = values[1] + values[-1]
    assert witness.better.added - witness.worse.added == pytest.approx(gap.max(), abs=1e-12)
    for walk in (witness.better, witness.worse):
        assert len(walk.actions) <= 3
        assert replay(steps, added, walk) == pytest.approx(walk.added, abs=1e-12)
    assert walk_potential(steps, added).shape == (4, 6)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(0, 1))
def test_the_closest_potential_is_the_dense_least_squares_one(worlds, seed, ends):
    process = worlds.process(seed, ends=ends)
    steps = Steps(process)
    added = np.random.default_rng(seed).normal(size=len(steps.row))
    dense = np.zeros((len(added), 6))
    for row, (s, t) in enumerate(zip(steps.source, steps.target, strict=True)):
        dense[row, s] -= 1
        if not process.terminal[t]:
            dense[row, t] += 0.9
    expected = np.linalg.lstsq(dense, added, rcond=None)[0]
    assert closest_potential(steps, added) == pytest.approx(expected, abs=1e-8)


def test_a_long_walk_is_told_by_its_beginning():
    size = 50
    line = FiniteMDP(np.eye(size, k=1), np.zeros(size), discount=1.0)
    steps = Steps(line)
    walk = Walk(tuple(range(size)), (0,) * (size - 1), 1.0)
    assert walk.told(line).endswith("8 ... (41 more steps) adds 1")
    assert walk_potential(steps, np.ones(size - 1))[0] == -(size - 1)
    assert walk.to_dict()["returns_to"] is None


def test_nothing_added_has_no_sign():
    chain = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0, 0, 0], discount=0.9)
    assert Walk((0, 1), (0,), -0.0).told(chain).endswith("adds 0")
