from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP, solve
from alignlab.values.rewards import check_shaping, potential_shaping
from alignlab.values.rewards.endless import endless_actions, endless_gain


def test_staying_where_a_potential_is_high_becomes_better_than_ending():
    # Ending pays 1, staying nothing; with Φ = 2 ending pays -1, staying still nothing.
    stay = FiniteMDP([[0, 1], [1, 0], [0, 0], [0, 0]], [[1, 0], [0, 0]], discount=1)
    check = check_shaping(stay, potential_shaping(stay, [2.0, 0]))
    assert check.potential_based
    assert check.verdict == "changes the optimal policy"
    assert check.misled.tolist() == [True, False]
    assert "go on for ever among the states 0" in check.summary
    small = check_shaping(stay, potential_shaping(stay, [0.5, 0]))
    assert small.verdict == "potential-based"
    assert small.endless == "possible"
    assert "this compares policies that end" in small.summary
    # The other way: ending costs 1, staying is best, and a low potential makes the end best.
    costly = stay.with_rewards(-stay.rewards)
    assert not check_shaping(costly, potential_shaping(costly, [-2.0, 0])).safe
    assert check_shaping(costly, potential_shaping(costly, [-0.5, 0])).safe


def test_staying_that_becomes_as_good_as_ending_misleads():
    stay = FiniteMDP([[0, 1], [1, 0], [0, 0], [0, 0]], [[1, 0], [0, 0]], discount=1)
    check = check_shaping(stay, np.zeros((2, 2)))
    assert check.verdict == "changes the optimal policy"


def test_where_every_policy_ends_nothing_is_added():
    chain = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0, 1, 0], discount=1)
    check = check_shaping(chain, potential_shaping(chain, [5.0, 6, 0]))
    assert check.endless == "no"
    assert "policies that end" not in check.summary


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16))
def test_the_gain_is_that_of_enumeration_by_a_patient_agent(worlds, seed):
    # Rewards that are a potential difference less what is lost off some actions: loops are free.
    rng = np.random.default_rng(seed)
    chances = np.zeros((5, 3, 5))
    for state in range(4):
        chances[state, 0, state + 1] = 1
        for action in (1, 2):
            chances[state, action, rng.choice(4, 2, replace=False)] = rng.dirichlet([1, 1])
    potential = np.append(rng.normal(size=4), 0)
    paid = -rng.integers(0, 2, (5, 3)) * (rng.random((5, 3)) < 0.7)
    paid = paid + chances @ potential - potential[:, None]
    process = FiniteMDP(chances, paid, discount=1)
    best = solve(process)
    gain, where = endless_gain(process, best.values, best.optimal_actions(1e-9))
    # A loop that is left after T steps is worth T (1 - discount) too little: T can be thousands.
    patient = process.replace(discount=1 - 1e-9)
    worth = np.max([worlds.values(patient, each) for each in worlds.policies(process)], axis=0)
    more = (worth - best.values)[:4].max()
    assert (more > 1e-5) == (gain > 1e-5)
    if gain > 1e-5:
        assert more == pytest.approx(gain, abs=1e-4)
        assert endless_actions(process, process.available)[where].any(axis=1).all()


def test_a_loop_that_pays_is_no_question_of_going_on():
    stay = FiniteMDP([[0, 1], [1, 0], [0, 0], [0, 0]], [[1, 0], [0, 0]], discount=1)
    with pytest.raises(InputError, match="loop"):
        solve(stay.with_rewards([[0, 1.0], [0, 0]]))
    check = check_shaping(stay, [[0, 1.0], [0, 0]])
    assert check.verdict == "changes the optimal policy"
    assert "without end" in check.summary
