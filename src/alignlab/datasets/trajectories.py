"""Trajectories: what was visited, what was done, and whether it ended or was cut off.

A trajectory of T steps has T + 1 states s_0 … s_T and T actions; action t was taken in state t and
led to state t + 1. Whether the last state is terminal (`ended`) or the observation merely stopped
is part of the datum: what would have followed is nothing in the first case and unknown in the
second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.plain import plain

__all__ = ["Trajectory"]


@dataclass(frozen=True, eq=False, slots=True)
class Trajectory:
    """States visited and actions taken; arrays are copied, checked and made read-only.

    Attributes
    ----------
    states
        Shape (T + 1,), whole numbers from 0, or (T + 1, d), finite numbers.
    actions
        Shape (T,), whole numbers from 0, or (T, k), finite numbers. T may be 0.
    rewards
        Shape (T,), finite: what each step paid; `None` where nobody knows.
    ended
        Whether the last state is terminal; otherwise the observation was cut off there.

    Raises
    ------
    InputError
        If lengths do not fit or a number is of the wrong kind.

    Examples
    --------
    >>> Trajectory([0, 1, 2], [0, 0], ended=True)
    <Trajectory: 2 steps, ended>
    >>> Trajectory([0, 1], [0, 0])
    Traceback (most recent call last):
    alignlab.errors.InputError: A trajectory has 2 states and 2 actions: there is one state more
    than actions, the last one being where the last action led.
    """

    states: NDArray[Any]
    actions: NDArray[Any]
    rewards: NDArray[np.float64] | None = None
    ended: bool = False

    def __post_init__(self) -> None:
        states = _indices_or_vectors(self.states, "states")
        actions = _indices_or_vectors(self.actions, "actions")
        if len(states) != len(actions) + 1:
            raise InputError(
                f"A trajectory has {len(states)} states and {len(actions)} actions: there is one "
                "state more than actions, the last one being where the last action led."
            )
        object.__setattr__(self, "states", states)
        object.__setattr__(self, "actions", actions)
        if self.rewards is not None:
            object.__setattr__(self, "rewards", _rewards(self.rewards, len(actions)))
        if not isinstance(self.ended, bool | np.bool_):
            raise InputError(f"ended={self.ended!r} is neither True nor False.")
        object.__setattr__(self, "ended", bool(self.ended))

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.actions)

    def __repr__(self) -> str:
        """Return the length and how it stopped."""
        steps = "1 step" if len(self) == 1 else f"{len(self)} steps"
        return f"<Trajectory: {steps}, {'ended' if self.ended else 'cut off'}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values: one line of a JSONL file."""
        return {
            "states": plain(self.states),
            "actions": plain(self.actions),
            **({} if self.rewards is None else {"rewards": plain(self.rewards)}),
            "ended": self.ended,
        }


def _indices_or_vectors(given: ArrayLike, what: str) -> NDArray[Any]:
    try:
        array = np.array(given)
    except ValueError as error:
        raise InputError(f"The {what} of a trajectory have vectors of several lengths.") from error
    if array.size == 0 and array.ndim == 1:
        array = array.astype(np.int64)
    whole = array.ndim == 1 and np.issubdtype(array.dtype, np.integer)
    vectors = array.ndim == 2 and array.dtype.kind in "fiu"
    if not (whole or vectors):
        raise InputError(
            f"The {what} of a trajectory have shape {array.shape} and type {array.dtype}: give "
            "whole numbers, one a step, or vectors of numbers, one row a step."
        )
    if whole and array.size and array.min() < 0:
        raise InputError(f"The {what} of a trajectory count from 0; {array.min()} is among them.")
    if vectors and not np.isfinite(array).all():
        step = int((~np.isfinite(array)).any(axis=1).argmax())
        raise InputError(f"The {what} of a trajectory are not finite at step {step}.")
    array = array.astype(np.int64 if whole else np.float64)
    array.setflags(write=False)
    return array


def _rewards(given: ArrayLike, steps: int) -> NDArray[np.float64]:
    try:
        rewards = np.array(given, float)
    except (ValueError, TypeError) as error:
        raise InputError("The rewards of a trajectory are not numbers, one a step.") from error
    if rewards.shape != (steps,):
        raise InputError(
            f"A trajectory has rewards of shape {rewards.shape} and {steps} actions: give one "
            "reward an action."
        )
    if not np.isfinite(rewards).all():
        step = int((~np.isfinite(rewards)).argmax())
        raise InputError(f"The reward of a trajectory at step {step} is {rewards[step]}.")
    rewards.setflags(write=False)
    return rewards
