"""Potential-based shaping as a Gymnasium wrapper: γ Φ(s') - Φ(s), and -Φ(s) where it terminates.

An episode that *terminates* has no future, so the potential of its last state is 0. One that is
*truncated* goes on without being watched: the agent bootstraps from s', and Φ(s') stays
[ng1999policy, sec. 3], [grzes2017reward]. Imported only when an environment is shaped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError

__all__ = ["PotentialShaping", "shaped_environment"]


class PotentialShaping(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """An environment whose reward has the differences of a potential added.

    Parameters
    ----------
    env
        The environment.
    potential
        Φ, a function of the observation.
    discount
        The agent's γ.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        potential: Callable[[Any], float],
        discount: float,
    ) -> None:
        RecordConstructorArgs.__init__(self, potential=potential, discount=discount)
        gymnasium.Wrapper.__init__(self, env)
        self.potential = potential
        self.discount = discount
        self._here: float | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; nothing is carried over from the last one."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._here = self._potential(observation)
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take a step; `info` says what it would have paid, and what shaping added."""
        if self._here is None:
            raise gymnasium.error.ResetNeeded("Call reset before the first step.")
        observation, reward, terminated, truncated, info = self.env.step(action)
        there = 0.0 if terminated else self._potential(observation)
        shaping = self.discount * there - self._here
        self._here = there
        info = {**info, "original_reward": float(reward), "shaping": shaping}
        return observation, float(reward) + shaping, terminated, truncated, info

    def _potential(self, observation: Any) -> float:
        value = np.asarray(self.potential(observation), float)
        if value.size != 1 or not np.isfinite(value).all():
            raise InputError(
                f"the potential of observation {observation!r} is {value.tolist()!r}: return one "
                "finite number."
            )
        return float(value.reshape(-1)[0])


def shaped_environment(
    environment: Any, potential: ArrayLike | Callable[[Any], float], *, discount: float | None
) -> PotentialShaping:
    """Wrap an environment, having checked what was given."""
    if isinstance(environment, gymnasium.vector.VectorEnv):
        raise InputError(
            "potential_shaping was given a vector of environments: shape each one before they are "
            "put together, so that no episode's potential leaks into the next."
        )
    if not isinstance(environment, gymnasium.Env):
        raise InputError(
            f"potential_shaping was given a {type(environment).__name__}: give a FiniteMDP or a "
            "Gymnasium environment."
        )
    if discount is None:
        raise InputError(
            "an environment does not know the agent's discount: give the one it learns with, such "
            "as discount=0.99."
        )
    if not 0 <= discount <= 1:
        raise InputError(f"discount={discount!r} is not a number from 0 to 1.")
    if callable(potential):
        return PotentialShaping(environment, potential, float(discount))
    space = environment.observation_space
    table = np.array(potential, float)
    if not isinstance(space, spaces.Discrete):
        raise InputError(
            f"potential is an array, and observations are a {type(space).__name__}: give a "
            "function of the observation."
        )
    if table.shape != (int(space.n),) or not np.isfinite(table).all():
        raise InputError(
            f"potential has shape {table.shape}: give one finite number for each of {space.n} "
            "observations."
        )
    first = int(space.start)
    return PotentialShaping(environment, partial(_looked_up, table, first), float(discount))


def _looked_up(table: NDArray[np.float64], first: int, observation: int) -> float:
    return float(table[int(observation) - first])
