import builtins
import random

import gymnasium
import numpy as np
import pytest
import stable_baselines3
import torch
from gymnasium import spaces

from alignlab.errors import InputError, MissingExtraError
from alignlab.values.learning.environments import Environments
from alignlab.values.learning.policies import (
    Policy,
    evaluate_policy,
    roll_out,
    train_policy,
)

SMALL = {"n_steps": 16, "batch_size": 32, "n_epochs": 2, "learning_rate": 0.01}


class Corridor(gymnasium.Env):
    """Three cells; right of the last is the end, which pays 1; time is cut off after 5 steps."""

    observation_space = spaces.Discrete(3)

    def __init__(self, action_space=None):
        self.action_space = spaces.Discrete(2) if action_space is None else action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return 0, {}

    def step(self, action):
        right = np.ravel(action)[0] > 0
        self.at = max(self.at + (1 if right else -1), 0)
        ended = self.at == 3
        return min(self.at, 2), float(ended), ended, False, {}


CORRIDOR = Environments(Corridor, 5)


def fresh(**changes):
    given = {"algorithm": "PPO", "options": SMALL, "n_envs": 2, "seed": 0, "arrays": {}}
    return Policy(**{**given, **changes})


def same(one, two):
    assert one.arrays.keys() == two.arrays.keys()
    return all(np.array_equal(one.arrays[key], two.arrays[key]) for key in one.arrays)


def test_roll_outs_are_episodes_that_ended_or_were_cut_off():
    walks = roll_out(fresh(), CORRIDOR, steps=60, seed=1)
    assert sum(len(walk) for walk in walks) == 60
    for walk in walks:
        assert walk.ended == (walk.rewards[-1] == 1)
        assert len(walk) <= 5
        assert walk.rewards[:-1].sum() == 0
        moved = np.maximum(walk.states[:-1] + 2 * walk.actions - 1, 0)
        assert np.array_equal(walk.states[1:], np.minimum(moved, 2))
    assert {walk.ended for walk in walks} == {True, False}


def test_training_is_a_function_of_its_arguments():
    one = train_policy(fresh(), CORRIDOR, None, steps=64, seed=3)
    two = train_policy(fresh(), CORRIDOR, None, steps=64, seed=3)
    assert same(one, two)
    assert one.steps == two.steps == 64
    assert not same(one, train_policy(fresh(), CORRIDOR, None, steps=64, seed=4))
    # It goes on where it stopped: with its moments, not with new ones.
    assert float(one.arrays["moments.0.step"]) == 4
    more = train_policy(one, CORRIDOR, None, steps=32, seed=5)
    assert more.steps == 96
    assert float(more.arrays["moments.0.step"]) == 6


def test_the_learning_rate_falls_in_a_line_over_several_calls():
    # Nothing is learned once the rate is 0, and little shortly before.
    first = train_policy(fresh(), CORRIDOR, None, steps=64, seed=0, total=128)
    over = train_policy(first, CORRIDOR, None, steps=64, seed=1, total=64)
    assert over.steps == 128
    keys = [key for key in first.arrays if key.startswith("weights.")]
    assert all(np.array_equal(first.arrays[key], over.arrays[key]) for key in keys)
    assert fresh(options={}).learning_rate == 3e-4


def test_the_rates_of_updates_by_hand(monkeypatch):
    rates = []
    real = stable_baselines3.PPO.train

    def train(self):
        real(self)
        rates.append(self.policy.optimizer.param_groups[0]["lr"])

    monkeypatch.setattr(stable_baselines3.PPO, "train", train)
    # Batches of 32: 40 wanted steps are two of them, and four over both calls.
    assert fresh().steps_for(40) == 64
    policy = fresh()
    for seed in (0, 1):
        policy = train_policy(policy, CORRIDOR, None, steps=40, seed=seed, total=128)
    assert rates == pytest.approx([0.01, 0.0075, 0.005, 0.0025])
    rates.clear()
    train_policy(fresh(), CORRIDOR, None, steps=32, seed=0, total=32)
    assert rates == [0.01]
    assert Policy("A2C", {}, 3, 0, {}).gathered == 15


@pytest.mark.parametrize("algorithm", ["PPO", "A2C"])
def test_a_policy_learns_what_pays(algorithm):
    options = SMALL if algorithm == "PPO" else {"learning_rate": 0.01}
    policy = fresh(algorithm=algorithm, options=options)
    right = train_policy(policy, CORRIDOR, None, steps=1500, seed=0)
    assert evaluate_policy(right, CORRIDOR, episodes=5, seed=0).tolist() == [1.0] * 5

    def stay(observations, actions):
        return np.where(np.ravel(actions) == 0, 1.0, 0.0)

    left = train_policy(policy, CORRIDOR, stay, steps=1500, seed=0)
    assert evaluate_policy(left, CORRIDOR, episodes=5, seed=0).tolist() == [0.0] * 5
    assert left.act(CORRIDOR)(0) == 0


def test_a_reward_sees_the_observation_before_the_action():
    class Clock(Corridor):
        """Shows how many steps are over; ends after two of them."""

        def step(self, action):
            self.at += 1
            return self.at, 0.0, self.at == 2, False, {}

    seen = []

    def reward(observations, actions):
        seen.append(observations.tolist())
        return np.zeros(len(actions))

    policy = fresh(options={**SMALL, "n_steps": 32}, n_envs=1)
    train_policy(policy, Environments(Clock, 5), reward, steps=32, seed=0)
    assert seen == [[0], [1]] * 16


def test_the_default_precision_changes_nothing():
    expected = train_policy(fresh(), CORRIDOR, None, steps=32, seed=0)
    try:
        torch.set_default_dtype(torch.float64)
        made = train_policy(fresh(), CORRIDOR, None, steps=32, seed=0)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert same(made, expected)


def test_vectors_are_actions_too():
    corridor = Environments(lambda: Corridor(spaces.Box(-1.0, 1.0, (2,))), 5)
    policy = train_policy(fresh(), corridor, None, steps=32, seed=0)
    walks = roll_out(policy, corridor, steps=20, seed=0)
    assert walks[0].actions.shape[1:] == (2,)
    assert (np.abs(walks[0].actions) <= 1).all()


def test_the_callers_randomness_is_left_alone():
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    before = random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    policy = train_policy(fresh(), CORRIDOR, None, steps=32, seed=1)
    roll_out(policy, CORRIDOR, steps=8, seed=1)
    evaluate_policy(policy, CORRIDOR, episodes=2, seed=1)
    policy.act(CORRIDOR)
    after = random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002
    assert before == after


def test_every_copy_finishes_its_share_of_episodes():
    class Lasting(Corridor):
        """Every second environment's episodes are longer; each pays its length."""

        made = 0

        def __init__(self):
            super().__init__()
            self.length = 1 + 4 * (Lasting.made % 2)
            Lasting.made += 1

        def reset(self, *, seed=None, options=None):
            self.count = 0
            return super().reset(seed=seed)

        def step(self, action):
            self.count += 1
            return 0, 1.0, self.count == self.length, False, {}

    environments = Environments(Lasting, 9)
    returns = evaluate_policy(fresh(), environments, episodes=8, seed=0)
    # The first eight to finish would be seven short ones and a long one.
    assert sorted(returns.tolist()) == [1.0] * 4 + [5.0] * 4


def test_the_environment_that_was_given_stays_open():
    one = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    environments = Environments(one)
    roll_out(fresh(), environments, steps=4, seed=0)
    one.reset()
    one.step(0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"algorithm": "DQN"}, "algorithm='DQN' is not one of 'PPO', 'A2C'"),
        ({"options": {"n_step": 4}}, "'n_step' is not an option of PPO .* Did you mean 'n_steps'"),
        ({"options": {"device": "cuda"}}, "'device' is not an option"),
        ({"options": {"learning_rate": lambda _: 0.1}}, "must be numbers, texts"),
        ({"n_envs": 0}, "n_envs=0"),
    ],
)
def test_options_that_cannot_be_are_refused(changes, says):
    with pytest.raises(InputError, match=says):
        fresh(**changes)


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(InputError, match="n_steps × n_envs = 20 steps, which batch_size=64"):
        fresh(options={"n_steps": 10, "batch_size": 64})


def test_without_the_extra_the_error_names_it(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name.startswith("stable_baselines3"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'alignlab\[rl\]'"):
        fresh()
