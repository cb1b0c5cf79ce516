"""Where copies of an environment come from, checked before anything is learned in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from alignlab.errors import InputError, nearest

__all__ = ["Environments", "is_count"]


@dataclass(frozen=True, eq=False)
class Environments:
    """Where copies of one environment come from.

    Attributes
    ----------
    source
        A Gymnasium id, a function that makes an environment, or one environment, which is then used
        itself.
    episode_length
        Steps after which an episode is cut off; `None` leaves it to the environment's own limit.

    Raises
    ------
    InputError
        If there is no such environment, it has no time limit, or its spaces are not ones that a
        policy network takes.
    """

    source: Any
    episode_length: int | None = None
    observation_space: Any = field(init=False)
    action_space: Any = field(init=False)

    def __post_init__(self) -> None:
        if self.episode_length is not None and not is_count(self.episode_length):
            raise InputError(
                f"episode_length={self.episode_length!r} is not a whole number from 1."
            )
        one = self._make()
        try:
            _require_spaces(one)
            if self.episode_length is None and not _has_limit(one):
                raise InputError(
                    f"{self.name} has no time limit: an untrained policy may never end an episode. "
                    "Give episode_length=, such as 500, or wrap it in "
                    "gymnasium.wrappers.TimeLimit."
                )
            object.__setattr__(self, "observation_space", one.observation_space)
            object.__setattr__(self, "action_space", one.action_space)
        finally:
            if not self.is_one:
                one.close()

    @property
    def is_one(self) -> bool:
        """Whether one environment was given, which is then used itself and never closed."""
        return hasattr(self.source, "step") and not isinstance(self.source, type)

    @property
    def name(self) -> str:
        """What the environment is called."""
        if isinstance(self.source, str):
            return self.source
        spec = getattr(self.source, "spec", None)
        return spec.id if spec is not None else getattr(self.source, "__name__", "the environment")

    def copies(self, n: int) -> Any:
        """Return a vectorised environment of `n` copies, or of the one that was given."""
        from stable_baselines3.common.vec_env import DummyVecEnv

        made = [self._limited() for _ in range(1 if self.is_one else n)]
        if len({id(each.unwrapped) for each in made}) < len(made):
            raise InputError(
                f"{self.name}() returned one environment twice: make a new one at each call, or "
                "give the environment itself."
            )
        return DummyVecEnv([partial(_itself, each) for each in made])

    def _limited(self) -> Any:
        import gymnasium

        made = self._make()
        if self.episode_length is None:
            return made
        return gymnasium.wrappers.TimeLimit(made, self.episode_length)

    def _make(self) -> Any:
        import gymnasium

        if isinstance(self.source, str):
            try:
                return gymnasium.make(self.source)
            except gymnasium.error.DependencyNotInstalled as error:
                raise InputError(f"{self.source} needs a package: {error}") from error
            except gymnasium.error.Error as error:
                known = nearest(self.source, gymnasium.registry)
                raise InputError(
                    f"{self.source!r} is not an environment of Gymnasium.{known} "
                    "Give an id such as 'CartPole-v1', an environment, or a function that makes "
                    "one."
                ) from error
        if self.is_one:
            return self.source
        if not callable(self.source):
            raise InputError(
                f"env={self.source!r} is not an environment. Give an id such as 'CartPole-v1', an "
                "environment, or a function that makes one."
            )
        made = self.source()
        if not hasattr(made, "step"):
            raise InputError(f"{self.name}() made {type(made).__name__}, not an environment.")
        return made


def _itself(made: Any) -> Any:
    return made


def _require_spaces(env: Any) -> None:
    from gymnasium import spaces

    seen, done = env.observation_space, env.action_space
    if not isinstance(seen, spaces.Box | spaces.Discrete):
        raise InputError(
            f"The observations are {type(seen).__name__}: only Box and Discrete are learned from. "
            "Wrap the environment in gymnasium.wrappers.FlattenObservation."
        )
    known = spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary
    if not isinstance(done, known):
        raise InputError(f"The actions are {type(done).__name__}, which no policy here takes.")
    if isinstance(done, spaces.Box) and not done.is_bounded():
        raise InputError("The actions have no bounds: give their space finite ones.")
    for space in (seen, done):
        if isinstance(space, spaces.Discrete) and space.start != 0:
            raise InputError(
                f"{space} does not count from 0. Wrap the environment so that it does."
            )


def _has_limit(env: Any) -> bool:
    import gymnasium

    if env.spec is not None and env.spec.max_episode_steps:
        return True
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, gymnasium.wrappers.TimeLimit):
            return True
        env = env.env
    return False


def is_count(given: Any) -> bool:
    """Return whether this is a whole number from 1."""
    return bool(isinstance(given, int | np.integer) and not isinstance(given, bool) and given >= 1)
