"""Trajectories are held to what they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes import (
    FiniteMDP,
    occupancy,
    policy_values,
    simulate,
    soft_solve,
    solve,
)

STAY = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])


def test_a_chain_is_walked_to_its_end(chain):
    (walk,) = simulate(chain(3, 0.9), np.zeros(4, int), 1)
    assert walk.states.tolist() == [0, 1, 2, 3]
    assert walk.actions.tolist() == [0, 0, 0]
    assert walk.rewards.tolist() == [1, 1, 1]
    assert walk.ended


@pytest.mark.parametrize(("horizon", "length", "steps"), [(None, 2, 2), (2, None, 2), (2, 9, 2)])
def test_what_is_cut_off_has_not_ended(chain, horizon, length, steps):
    (walk,) = simulate(chain(5, 0.9, horizon=horizon), np.zeros(6, int), 1, length=length)
    assert len(walk) == steps
    assert not walk.ended


def test_the_end_at_the_last_step_is_an_end(chain):
    (walk,) = simulate(chain(3, 0.9, horizon=3), np.zeros(4, int), 1)
    assert walk.ended


def test_a_beginning_in_the_end_has_no_steps(chain):
    (walk,) = simulate(chain(2, 0.9).with_initial(2), np.zeros(3, int), 1)
    assert (walk.states.tolist(), len(walk), walk.ended) == ([2], 0, True)


def test_every_step_is_possible_and_paid_as_the_process_says(random_mdp):
    mdp = random_mdp(1)
    paid = mdp.with_rewards(mdp.on_arrival(np.arange(6.0)))
    scattered = sparse.csr_array(paid.rewards.toarray() + np.ones((18, 6)))
    for process in (mdp, paid, mdp.with_rewards(scattered), mdp.with_rewards(np.arange(6.0))):
        for walk in simulate(process, soft_solve(mdp), 50, seed=3):
            assert walk.ended
            here, then, done = walk.states[:-1], walk.states[1:], walk.actions
            assert mdp.available[here, done].all()
            assert (mdp.transitions.toarray()[here * 3 + done, then] > 0).all()
            rewards = process.rewards
            if rewards.shape == (6,):
                expected = rewards[here]
            elif rewards.shape == (6, 3):
                expected = rewards[here, done]
            else:
                expected = rewards.toarray()[here * 3 + done, then]
            assert walk.rewards == pytest.approx(expected)


def test_means_agree_with_exact_expectations(random_mdp):
    mdp = random_mdp(2, discount=0.9)
    policy = soft_solve(mdp)
    walks = simulate(mdp, policy, 20_000, seed=5)
    returns = np.array([(walk.rewards * 0.9 ** np.arange(len(walk))).sum() for walk in walks])
    exact = mdp.initial @ policy_values(mdp, policy)
    assert returns.mean() == pytest.approx(exact, abs=4 * returns.std() / np.sqrt(20_000))
    counts = np.zeros((6, 3))
    for walk in walks:
        np.add.at(counts, (walk.states[:-1], walk.actions), 0.9 ** np.arange(len(walk)))
    # Visits are sums of at most ten discounted steps: five standard errors are below this.
    assert counts / 20_000 == pytest.approx(occupancy(mdp, policy).state_actions, abs=0.05)


def test_a_policy_that_changes_with_the_step_is_followed():
    late = FiniteMDP(STAY, [[0, 1.0], [0, 0]], discount=1.0, horizon=3)
    (walk,) = simulate(late, [[0, 0], [0, 0], [1, 0]], 1)
    assert walk.actions.tolist() == [0, 0, 1]
    assert walk.ended


def test_the_same_seed_gives_the_same_walks_and_another_seed_others(random_mdp):
    mdp = random_mdp(3)
    policy = solve(mdp)
    first, again, other = (simulate(mdp, policy, 30, seed=seed) for seed in (1, 1, 2))
    same = [np.array_equal(a.states, b.states) for a, b in zip(first, again, strict=True)]
    assert all(same)
    assert any(not np.array_equal(a.states, b.states) for a, b in zip(first, other, strict=True))


def test_chances_that_rounding_leaves_just_below_one_draw_nothing_impossible():
    chances = np.full((1, 1, 4), 0.1)
    chances[0, 0] = [1 / 3, 1 / 3, 1 / 3, 0]
    mdp = FiniteMDP(np.concatenate([chances, np.zeros((3, 1, 4))]), np.zeros(4), initial=0)
    for walk in simulate(mdp, [0, 0, 0, 0], 300, length=5):
        assert 3 not in walk.states


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [
        (1, {}, "From state 0 the policy never ends: give a length"),
        (0, {}, "n=0 is not a number of trajectories"),
        (1, {"length": 0}, "length=0 is not a number of steps"),
    ],
)
def test_bad_input_is_said_in_one_line(n, options, message):
    with pytest.raises(InputError, match=message) as caught:
        simulate(FiniteMDP(STAY, [[1.0, 0], [0, 0]]), [0, 0], n, **options)
    assert "\n" not in str(caught.value)
