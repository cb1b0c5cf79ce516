from __future__ import annotations

import numpy as np
import pytest

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
