from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.values.inverse import behavioural_cloning, compare_policies, max_causal_entropy_irl
from alignlab.values.processes import occupancy, simulate, soft_solve


def test_shares_by_hand(tools):
    mdp = tools.process()
    walks = [Trajectory([0, 1, 0], [2, 0]), Trajectory([0, 1], [1])]
    cloned = behavioural_cloning(mdp, walks, smoothing=0.5)
    assert cloned.counts[:2].tolist() == [[0, 1, 1], [1, 0, 0]]
    assert cloned.policy[0].tolist() == [0.5 / 3.5, 1.5 / 3.5, 1.5 / 3.5]
    # In state 1 action 2 is barred.
    assert cloned.policy[1].tolist() == [0.75, 0.25, 0.0]
    assert cloned.policy[2] == pytest.approx([1 / 3] * 3)
    assert cloned.policy[5].tolist() == [0.0, 0.0, 0.0]
    assert (cloned.low[2].tolist(), cloned.high[2].tolist()) == ([0.0] * 3, [1.0] * 3)
    # Clopper and Pearson for one in two.
    assert (cloned.low[0, 1], cloned.high[0, 1]) == pytest.approx((0.0125791, 0.9874209), abs=1e-6)
    assert repr(cloned) == "<ClonedPolicy decisions: 3, states seen: 2 of 5>"
    frame = cloned.to_frame()
    assert len(frame) == int(mdp.available.sum())
    assert cloned.to_dict()["counts"][0] == [0.0, 1.0, 1.0]


def test_without_smoothing_what_was_not_done_is_impossible_and_unseen_states_are_even(tools):
    mdp = tools.process()
    cloned = behavioural_cloning(mdp, [Trajectory([0, 1], [1])], smoothing=0)
    assert cloned.policy[0].tolist() == [0.0, 1.0, 0.0]
    assert cloned.policy[1].tolist() == [0.5, 0.5, 0.0]
    occupancy(mdp, cloned.policy)


def test_many_demonstrations_are_the_policy_itself(tools):
    mdp = tools.process()
    true = soft_solve(mdp.with_rewards(np.random.default_rng(0).normal(size=(6, 3))))
    walks = simulate(mdp, true, 4_000, seed=0)
    cloned = behavioural_cloning(mdp, walks, level=0.999)
    acting = mdp.available
    assert np.abs(cloned.policy - true.policy())[acting].max() < 0.03
    assert (cloned.low <= true.policy())[acting].all()
    assert (cloned.high >= true.policy())[acting].all()


def test_a_recovered_reward_foresees_more_than_cloning_from_few(tools):
    mdp = tools.process()
    x = np.where(mdp.available[..., None], np.random.default_rng(1).normal(size=(6, 3, 2)), 0.0)
    true = soft_solve(mdp.with_rewards(x @ [1.5, -1.0]))
    few, kept = simulate(mdp, true, 15, seed=0), simulate(mdp, true, 3_000, seed=1)
    policies = {
        "cloning": behavioural_cloning(mdp, few),
        "reward": max_causal_entropy_irl(mdp, few, features=x, match="decisions").policy,
        "truth": true,
    }
    found = compare_policies(mdp, policies, kept)
    assert found.gain["reward"].low > 0
    assert found.gain["truth"].value > found.gain["reward"].value
    assert found.to_frame()["policy"].tolist() == ["cloning", "reward", "truth"]
    assert "reward" in found.chart().svg()
    assert found.to_dict()["gain"].keys() == {"reward", "truth"}


def test_likelihoods_by_hand_and_by_step(tools):
    mdp = tools.process(horizon=3)
    kept = [Trajectory([0, 0, 0], [0, 1]), Trajectory([0, 0], [2])]
    fixed = np.tile([0.5, 0.25, 0.25], (6, 1))
    fixed[1] = [0.5, 0.5, 0.0]
    changing = np.stack([fixed, fixed[:, [1, 0, 2]], fixed])
    changing[:, 1] = [0.5, 0.5, 0.0]
    found = compare_policies(mdp, {"fixed": fixed, "changing": changing}, kept)
    assert found.log_likelihood["fixed"].value == pytest.approx(np.log(0.5 * 0.25 * 0.25) / 3)
    assert found.gain["changing"].value == pytest.approx(np.log(2) / 3)


def test_an_impossible_decision_settles_it(tools):
    mdp = tools.process()
    kept = [Trajectory([0, 0], [0]), Trajectory([0, 0], [1])]
    sure = behavioural_cloning(mdp, kept[:1], smoothing=0)
    even = tools.uniform(mdp)
    found = compare_policies(mdp, {"even": even, "sure": sure}, kept)
    assert found.log_likelihood["sure"].value == -np.inf
    assert found.gain["sure"].high == -np.inf
    assert len(found.chart().table.rows) == 1


def test_bad_input_is_said_in_one_line(tools):
    mdp = tools.process()
    walks = [Trajectory([0, 0], [0])]
    with pytest.raises(InputError, match="smoothing=-1 is not a finite number from 0"):
        behavioural_cloning(mdp, walks, smoothing=-1)
    with pytest.raises(InputError, match="There are no demonstrations"):
        behavioural_cloning(mdp, [])
    with pytest.raises(InputError, match="There is no policy to compare"):
        compare_policies(mdp, {}, walks)
    with pytest.raises(InputError, match=r"The policy has shape \(2, 3\)"):
        compare_policies(mdp, {"x": np.ones((2, 3)) / 3}, walks)
