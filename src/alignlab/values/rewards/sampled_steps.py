"""The same actions played in an environment and in its shaped twin, and what the twin adds.

Both are reset with the same seed and given the same actions, so what differs is the reward; if
anything else does, the two are not one environment and nothing can be said. Imported only when
environments are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.random import as_generator

__all__ = ["Episode", "has_listable_states", "play"]

Floats = NDArray[np.float64]

SHARE = 20
"""An episode is cut off after this part of all steps, so that one that never ends is not all."""

LEAST_CUT, LEAST_STEPS = 50, 100
"""But no episode is cut off earlier than the first, and there are steps for two of that length."""


@dataclass(frozen=True, eq=False)
class Episode:
    """One episode: T + 1 observations, T actions, what was paid and added, and whether it ended.

    Attributes
    ----------
    observations
        As the environment gave them.
    flat
        The same as numbers, shape (T + 1, d).
    actions
        As they were taken.
    paid, added
        The original reward, and the shaped reward less it, shape (T,).
    ended
        Whether the last step terminated.
    """

    observations: tuple[Any, ...]
    flat: Floats
    actions: tuple[Any, ...]
    paid: Floats
    added: Floats
    ended: bool


def has_listable_states(environment: gymnasium.Env[Any, Any]) -> bool:
    """Return whether observations are whole numbers, so that two of them can be the same."""

    def whole(space: Any) -> bool:
        if isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary):
            return True
        if isinstance(space, spaces.Box):
            return bool(np.issubdtype(space.dtype, np.integer))
        inner = getattr(space, "spaces", None)
        if inner is None:
            return False
        return all(map(whole, inner.values() if isinstance(inner, dict) else inner))

    return whole(environment.observation_space)


def play(
    original: gymnasium.Env[Any, Any],
    shaped: gymnasium.Env[Any, Any],
    *,
    steps: int,
    policy: Callable[[Any], Any] | None,
    seed: int | np.random.Generator,
) -> tuple[Episode, ...]:
    """Return episodes of both environments under the same seeds and actions.

    Raises
    ------
    InputError
        If the two do not move alike, or are one environment.
    """
    _require_twins(original, shaped)
    if isinstance(steps, bool) or int(steps) != steps or steps < LEAST_STEPS:
        raise InputError(f"steps={steps!r} is not a whole number from {LEAST_STEPS}.")
    draw = as_generator(seed, "shaping check")
    # A copy: the environment's own stream of random actions belongs to the caller.
    actions = deepcopy(original.action_space)
    actions.seed(int(draw.integers(2**31)))
    episodes: list[Episode] = []
    left = int(steps)
    while left > 0:
        most = min(left, max(int(steps) // SHARE, LEAST_CUT))
        episode = _episode(original, shaped, policy, actions, int(draw.integers(2**31)), most)
        episodes.append(episode)
        left -= len(episode.actions)
    return tuple(episodes)


def _episode(
    original: Any, shaped: Any, policy: Any, actions: Any, seed: int, most: int
) -> Episode:
    space = original.observation_space
    seen, info = original.reset(seed=seed)
    twin, _ = shaped.reset(seed=seed)
    observations = [deepcopy(seen)]
    taken: list[Any] = []
    paid: list[float] = []
    added: list[float] = []
    terminated = truncated = False
    while not (terminated or truncated or len(taken) >= most):
        _require_alike(space, seen, twin, len(taken))
        action = _drawn(actions, info) if policy is None else policy(seen)
        seen, reward, terminated, truncated, info = original.step(action)
        twin, other, ended, cut, _ = shaped.step(action)
        if (terminated, truncated) != (ended, cut):
            raise InputError(
                f"after {len(taken) + 1} steps only one of original and shaped ends: they must be "
                "the same environment but for the reward."
            )
        if not (np.isfinite(reward) and np.isfinite(other)):
            raise InputError(f"a reward is {reward!r}, shaped {other!r}: they must be finite.")
        observations.append(deepcopy(seen))
        taken.append(action)
        paid.append(float(reward))
        added.append(float(other) - float(reward))
    _require_alike(space, seen, twin, len(taken))
    flat = np.array([_flat(space, each) for each in observations], float)
    return Episode(
        tuple(observations), flat, tuple(taken), np.array(paid), np.array(added), bool(terminated)
    )


def _drawn(actions: Any, info: dict[str, Any]) -> Any:
    """Return a random action, among those that the environment says can be taken."""
    mask = info.get("action_mask")
    if mask is None or not isinstance(actions, spaces.Discrete):
        return actions.sample()
    return actions.sample(mask=np.asarray(mask, dtype=np.int8))


def _flat(space: Any, observation: Any) -> Floats:
    # A Discrete observation stays one number: one-hot would be long and say no more.
    if isinstance(space, spaces.Discrete):
        return np.array([float(observation)])
    return np.asarray(spaces.flatten(space, observation), float).ravel()


def _require_alike(space: Any, seen: Any, twin: Any, step: int) -> None:
    if not np.array_equal(_flat(space, seen), _flat(space, twin)):
        raise InputError(
            f"after {step} steps original and shaped observe different things under the same seed "
            "and actions: they must be the same environment but for the reward, and obey the seed."
        )


def _require_twins(original: Any, shaped: Any) -> None:
    for name, given in (("original", original), ("shaped", shaped)):
        if not isinstance(given, gymnasium.Env):
            raise InputError(
                f"{name} is a {type(given).__name__}: give two FiniteMDPs, or two Gymnasium "
                "environments."
            )
    if original.unwrapped is shaped.unwrapped:
        raise InputError(
            "original and shaped are one environment: they would move together. Make a second one "
            "for the shaped reward."
        )
    if original.observation_space != shaped.observation_space:
        raise InputError("original and shaped have different observations.")
    if original.action_space != shaped.action_space:
        raise InputError("original and shaped have different actions.")
