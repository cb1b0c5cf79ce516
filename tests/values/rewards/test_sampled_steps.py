from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from alignlab.errors import InputError
from alignlab.values.rewards.sampled_steps import has_listable_states, play


class Line(gymnasium.Env):
    """A position that a step moves by a seeded amount; every step pays its action."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,))
    action_space = spaces.Discrete(3)

    def __init__(self, bonus=0.0, length=7, deaf=False, reward=None):
        self.bonus, self.length, self.deaf, self.reward = bonus, length, deaf, reward

    def reset(self, *, seed=None, options=None):
        super().reset(seed=None if self.deaf else seed)
        self.place, self.time = self.np_random.normal(), 0
        return np.array([self.place]), {}

    def step(self, action):
        self.place += action + self.np_random.normal()
        self.time += 1
        reward = action + self.bonus if self.reward is None else self.reward
        return np.array([self.place]), reward, self.time == self.length, False, {}


def test_both_are_played_alike_and_the_difference_is_what_is_added():
    episodes = play(Line(), Line(bonus=0.25), steps=140, policy=None, seed=0)
    assert sum(len(each.actions) for each in episodes) == 140
    for each in episodes:
        assert len(each.observations) == len(each.flat) == len(each.actions) + 1
        assert each.added == pytest.approx(0.25, abs=1e-15)
        assert each.paid.tolist() == [float(action) for action in each.actions]
    assert {len(each.actions) for each in episodes} == {7}
    assert all(each.ended for each in episodes)
    assert len({each.flat[0, 0] for each in episodes}) == len(episodes)


def test_the_same_seed_gives_the_same_episodes_and_leaves_the_environment_its_stream():
    environment = Line()
    environment.action_space.seed(5)
    expected = [environment.action_space.sample() for _ in range(5)]
    environment.action_space.seed(5)
    runs = [play(environment, Line(), steps=100, policy=None, seed=3) for _ in range(2)]
    assert [environment.action_space.sample() for _ in range(5)] == expected
    for first, second in zip(*runs, strict=True):
        assert np.array_equal(first.flat, second.flat)
        assert first.actions == second.actions


def test_an_episode_that_never_ends_is_cut_off():
    episodes = play(Line(length=10**9), Line(length=10**9), steps=2000, policy=None, seed=0)
    assert len(episodes) == 20
    assert not any(each.ended for each in episodes)


def test_a_policy_decides():
    episodes = play(Line(), Line(), steps=100, policy=lambda seen: 2, seed=0)
    assert {action for each in episodes for action in each.actions} == {2}


def test_actions_that_cannot_be_taken_are_not(worlds):
    process = worlds.process(0, 5, 2)
    assert not process.available[:4].all()
    first, second = process.to_gymnasium(), process.to_gymnasium()
    for each in play(first, second, steps=500, policy=None, seed=0):
        for state, action in zip(each.observations, each.actions, strict=False):
            assert process.available[state, action]


@pytest.mark.parametrize(
    ("space", "listable"),
    [
        (spaces.Discrete(3), True),
        (spaces.MultiDiscrete([2, 3]), True),
        (spaces.MultiBinary(3), True),
        (spaces.Box(0, 255, (2,), np.uint8), True),
        (spaces.Box(0, 1, (2,)), False),
        (spaces.Tuple([spaces.Discrete(2), spaces.Discrete(3)]), True),
        (spaces.Dict({"a": spaces.Discrete(2), "b": spaces.Box(0, 1, (1,))}), False),
        (spaces.Text(3), False),
    ],
)
def test_states_can_be_listed_where_observations_are_whole_numbers(space, listable):
    environment = Line()
    environment.observation_space = space
    assert has_listable_states(environment) == listable


def other_space():
    environment = Line()
    environment.observation_space = spaces.Box(0, 1, (1,))
    return environment


def other_actions():
    environment = Line()
    environment.action_space = spaces.Discrete(2)
    return environment


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        (Line, lambda: Line(deaf=True), {}, "after 0 steps original and shaped observe different"),
        (Line, lambda: Line(length=3), {}, "after 3 steps only one of original and shaped ends"),
        (Line, lambda: Line(reward=np.nan), {}, "a reward is .*, shaped nan"),
        (Line, other_space, {}, "have different observations"),
        (Line, other_actions, {}, "have different actions"),
        (Line, lambda: 3, {}, "shaped is a int: give two FiniteMDPs, or two Gymnasium"),
        (lambda: None, Line, {}, "original is a NoneType"),
        (Line, Line, {"steps": 3}, "steps=3 is not a whole number from 100"),
        (Line, Line, {"seed": -1}, "seed=-1"),
    ],
)
def test_bad_input_is_said_in_one_line(first, second, options, message):
    given = {"steps": 200, "policy": None, "seed": 0, **options}
    with pytest.raises(InputError, match=message) as caught:
        play(first(), second(), **given)
    assert "\n" not in str(caught.value)


def test_one_environment_is_not_two():
    environment = Line()
    with pytest.raises(InputError, match="original and shaped are one environment"):
        play(environment, gymnasium.Wrapper(environment), steps=100, policy=None, seed=0)
