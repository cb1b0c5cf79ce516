from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards import ShapingCheck, check_shaping, potential_shaping
from alignlab.values.rewards.sampled_check import SampledShapingCheck


def test_a_process_is_answered_exactly_and_an_environment_by_episodes():
    process = FiniteMDP.from_gymnasium("FrozenLake-v1", discount=0.9)
    potential = np.where(process.terminal, 0.0, np.arange(16) / 16)
    exact = check_shaping(process, potential_shaping(process, potential))
    assert isinstance(exact, ShapingCheck)
    assert exact.potential_based

    def lake():
        return gymnasium.make("FrozenLake-v1")

    shaped = potential_shaping(lake(), potential, discount=0.9)
    sampled = check_shaping(lake(), shaped, discount=0.9, steps=1000)
    assert isinstance(sampled, SampledShapingCheck)
    assert sampled.verdict == "not refuted"


def test_the_default_tolerances_are_rounding_not_per_cents(worlds):
    process = worlds.process(0)
    rewards = potential_shaping(process, worlds.potential(process, 0)).rewards
    rewards.data[0] += 1e-6
    assert not check_shaping(process, rewards).potential_based
    assert check_shaping(process, rewards, tolerance=1e-4).potential_based


@pytest.mark.parametrize(
    "option",
    [
        {"discount": 0.9},
        {"potential": lambda seen: 0.0},
        {"features": lambda seen: [0.0]},
        {"policy": lambda seen: 0},
    ],
)
def test_what_is_for_environments_is_refused_with_a_process(worlds, option):
    process = worlds.process(0)
    with pytest.raises(InputError, match=f"{next(iter(option))} is for environments"):
        check_shaping(process, process, **option)
