from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards import potential_shaping
from alignlab.values.rewards.shaped_environment import PotentialShaping


def lake(**options):
    return gymnasium.make("FrozenLake-v1", **options)


def played(environment, seed, actions):
    observation, _ = environment.reset(seed=seed)
    observations, rewards, infos = [observation], [], []
    for action in actions:
        observation, reward, terminated, truncated, info = environment.step(int(action))
        observations.append(observation)
        rewards.append(reward)
        infos.append(info)
        if terminated or truncated:
            return observations, rewards, infos, terminated, truncated
    return observations, rewards, infos, False, False


POTENTIAL = np.random.default_rng(0).normal(size=16)


@pytest.mark.parametrize("seed", range(5))
def test_an_episode_that_ends_loses_exactly_its_first_potential(seed):
    environment = potential_shaping(lake(), POTENTIAL, discount=0.9)
    actions = np.random.default_rng(seed).integers(4, size=200)
    _, rewards, infos, terminated, _ = played(environment, seed, actions)
    assert terminated
    weights = 0.9 ** np.arange(len(rewards))
    original = np.array([info["original_reward"] for info in infos])
    assert weights @ (rewards - original) == pytest.approx(-POTENTIAL[0], abs=1e-12)
    shaping = [info["shaping"] for info in infos]
    assert np.array(rewards) == pytest.approx(original + shaping, abs=1e-15)


def test_an_episode_that_is_cut_off_keeps_its_last_potential():
    environment = potential_shaping(lake(max_episode_steps=3), POTENTIAL, discount=0.9)
    seen, rewards, _, terminated, truncated = played(environment, 0, [0, 0, 0])
    assert truncated
    assert not terminated
    kept = 0.9**3 * POTENTIAL[seen[-1]] - POTENTIAL[0]
    assert 0.9 ** np.arange(3) @ rewards == pytest.approx(kept, abs=1e-12)


class Both(gymnasium.Env):
    """One step that terminates and is truncated at once."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(1)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return 0, {}

    def step(self, action):
        return 1, 0.0, True, True, {"kept": 1}


def test_an_end_is_an_end_even_when_it_is_also_cut_off():
    environment = potential_shaping(Both(), [2.0, 5.0], discount=0.9)
    environment.reset()
    _, reward, terminated, truncated, info = environment.step(0)
    assert (reward, terminated, truncated, info["kept"]) == (-2.0, True, True, 1)


def test_nothing_is_carried_over_a_reset():
    environment = potential_shaping(lake(is_slippery=False), POTENTIAL, discount=0.9)
    environment.reset(seed=0)
    environment.step(1)
    environment.reset(seed=0)
    _, reward, *_ = environment.step(2)
    assert reward == pytest.approx(0.9 * POTENTIAL[1] - POTENTIAL[0], abs=1e-15)


def test_the_wrapper_and_the_exact_transform_pay_the_same():
    process = FiniteMDP.from_gymnasium("FrozenLake-v1", discount=0.9)
    potential = np.where(process.terminal, 0.0, POTENTIAL)
    exact = potential_shaping(process, potential).rewards.toarray()
    environment = potential_shaping(lake(), POTENTIAL, discount=0.9)
    for seed in range(10):
        actions = np.random.default_rng(seed).integers(4, size=100)
        seen, rewards, *_ = played(environment, seed, actions)
        for here, action, there, paid in zip(seen, actions, seen[1:], rewards, strict=False):
            assert paid == pytest.approx(exact[here * 4 + action, there], abs=1e-14)


@pytest.mark.parametrize("name", ["CartPole-v1", "FrozenLake-v1"])
def test_gymnasiums_checker_accepts_it(name):
    environment = potential_shaping(
        gymnasium.make(name).unwrapped, lambda seen: float(np.sum(seen)), discount=0.99
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version.*")
        warnings.filterwarnings("ignore", message=".*A Box observation space maximum.*")
        warnings.filterwarnings("ignore", message=".*A Box observation space minimum.*")
        check_env(environment, skip_render_check=True)


def test_it_is_rebuilt_from_its_specification():
    environment = potential_shaping(lake(), lambda seen: float(seen), discount=0.5)
    again = gymnasium.make(environment.spec)
    assert isinstance(again, PotentialShaping)
    assert again.discount == 0.5


def test_before_a_reset_there_is_no_state_to_leave():
    with pytest.raises(gymnasium.error.ResetNeeded):
        potential_shaping(lake().unwrapped, POTENTIAL, discount=0.9).step(0)


@pytest.mark.parametrize(
    ("environment", "potential", "discount", "message"),
    [
        (lake, POTENTIAL, None, "an environment does not know the agent's discount"),
        (lake, POTENTIAL, 1.5, "discount=1.5 is not a number from 0 to 1"),
        (lake, POTENTIAL[:3], 0.9, r"potential has shape \(3,\): give one finite number for each"),
        (lambda: gymnasium.make("CartPole-v1"), POTENTIAL, 0.9, "observations are a Box"),
        (lambda: 3, POTENTIAL, 0.9, "given a int: give a FiniteMDP or a Gymnasium environment"),
        (
            lambda: gymnasium.make_vec("FrozenLake-v1", num_envs=2),
            POTENTIAL,
            0.9,
            "a vector of environments: shape each one",
        ),
    ],
)
def test_bad_input_is_said_in_one_line(environment, potential, discount, message):
    with pytest.raises(InputError, match=message) as caught:
        potential_shaping(environment(), potential, discount=discount)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, [1.0, 2.0]])
def test_a_potential_that_is_no_number_is_named(value):
    with pytest.raises(InputError, match="the potential of observation 0 is"):
        potential_shaping(lake(), lambda seen: value, discount=0.9).reset(seed=0)
