from __future__ import annotations

import numpy as np
import pytest

from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards.slips import recognised_slip
from alignlab.values.rewards.steps import Steps


@pytest.fixture
def steps(worlds):
    return Steps(worlds.process(11, 8, 2))


def test_a_constant(steps):
    assert recognised_slip(steps, np.full(len(steps.row), 0.5), 1e-9).startswith("It pays 0.5 for")


def test_a_missing_minus_term(steps):
    potential = np.random.default_rng(0).normal(size=8)
    told = recognised_slip(steps, 0.9 * potential[steps.target], 1e-9)
    assert "nothing but the state arrived in" in told


def test_a_potential_that_is_not_zero_at_the_end(steps):
    potential = np.random.default_rng(0).normal(size=8)
    potential[7] = 2.5
    added = 0.9 * potential[steps.target] - potential[steps.source]
    told = recognised_slip(steps, added, 1e-9)
    assert "a potential that is 2.5, not 0, at terminal state 7" in told


def test_a_difference_for_another_discount(steps):
    potential = np.random.default_rng(0).normal(size=8)
    told = recognised_slip(steps, potential[steps.target] - potential[steps.source], 1e-9)
    assert "for discount 1, and this agent's is 0.9: write 0.9 Φ(s') - Φ(s)" in told


def test_a_horizon(worlds):
    process = worlds.process(11, 8, 2, ends=0, horizon=5)
    steps = Steps(process)
    potential = np.random.default_rng(0).normal(size=8)
    added = 0.9 * potential[steps.target] - potential[steps.source]
    assert "the horizon stops policies" in recognised_slip(steps, added, 1e-9)


def test_what_is_none_of_these_is_not_named(steps):
    added = np.random.default_rng(0).normal(size=len(steps.row))
    assert recognised_slip(steps, added, 1e-9) == ""


def tree():
    """From 0 to 1 or 2, and from each of them to two ends of its own; every step has a twin."""
    chances = np.zeros((7, 4, 7))
    for state in range(3):
        for action in range(4):
            chances[state, action, 2 * state + 1 + action % 2] = 1
    return Steps(FiniteMDP(chances, np.zeros((7, 4)), discount=0.9))


def test_where_anything_would_fit_nothing_is_said():
    steps = tree()
    worth = np.random.default_rng(0).normal(size=7)
    assert recognised_slip(steps, worth[steps.target], 1e-9) == ""
    # A ring of three with one end each: six steps and six potentials.
    chances = np.zeros((6, 2, 6))
    for state in range(3):
        chances[state, 0, (state + 1) % 3] = chances[state, 1, 3 + state] = 1
    ring = Steps(FiniteMDP(chances, np.zeros((6, 2)), discount=0.9))
    anything = np.random.default_rng(1).normal(size=6)
    assert recognised_slip(ring, anything, 1e-9) == ""
