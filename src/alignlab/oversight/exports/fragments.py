"""Comparisons of behaviour as the arrays that reward learning by fragments takes.

The file is an npz without a pickle: the fragments' states and actions one after another, `steps`
saying how many actions each fragment has (its states are one more), fragment 2i being the first of
pair i and 2i + 1 its second; whether each `ended`; and for each pair `preferences`, its item's key
and who said it. The preference is the probability that the *first* is preferred, in float32, as the
package imitation wants it: 1 for the first, 0 for the second, 1/2 for a tie. It is the other way
round than `Answer.preferred` and `PreferenceDataset`, where 1 is the second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError

__all__ = ["Fragments", "read_fragments", "write_fragments"]

CHANCE_OF_FIRST = {"first": 1.0, "tie": 0.5, "second": 0.0}


@dataclass(frozen=True, eq=False, slots=True)
class Fragments:
    """Pairs of fragments and which was preferred.

    Attributes
    ----------
    first, second
        The fragments, n each, without rewards.
    preferences
        The probability that the first is preferred, float32, shape (n,).
    keys, reviewers
        The items' and who said it; shape (n,).
    head
        The archive's when this was exported, as JSON.
    """

    first: tuple[Trajectory, ...]
    second: tuple[Trajectory, ...]
    preferences: NDArray[np.float32]
    keys: tuple[str, ...]
    reviewers: tuple[str, ...]
    head: str

    def __len__(self) -> int:
        return len(self.preferences)


def write_fragments(
    answers: Iterable[Any],
    path: Path,
    left_out: Counter[str],
    *,
    name: Callable[[str], str],
    metadata: str,
) -> int:
    """Write the comparisons of behaviour among the answers; return how many pairs.

    Unlike the other formats this one is held in memory until it is written.

    Raises
    ------
    InputError
        If fragments have states, or actions, of different forms.
    """
    states: list[NDArray[Any]] = []
    actions: list[NDArray[Any]] = []
    ended: list[bool] = []
    preferences: list[float] = []
    keys: list[str] = []
    reviewers: list[str] = []
    for answered in answers:
        content = answered.content
        if answered.kind != "prefer" or content["form"] != "trajectory":
            left_out["not a comparison of behaviour"] += 1
            continue
        chance = CHANCE_OF_FIRST.get(answered.answer["preferred"])
        if chance is None:
            left_out[answered.answer["preferred"]] += 1
            continue
        pair = [_fragment(content[side]["trajectory"]) for side in ("first", "second")]
        if not all(len(each) for each in pair):
            left_out["a fragment without a step"] += 1
            continue
        for each in pair:
            _require_alike(each, states, actions, answered.key)
            states.append(each.states)
            actions.append(each.actions)
            ended.append(each.ended)
        preferences.append(chance)
        keys.append(answered.key)
        reviewers.append(name(answered.reviewer))
    with path.open("wb") as stream:
        np.savez(
            stream,
            allow_pickle=False,
            states=np.concatenate(states) if states else np.zeros(0),
            actions=np.concatenate(actions) if actions else np.zeros(0),
            steps=np.array([len(each) for each in actions], np.int64),
            ended=np.array(ended, bool),
            preferences=np.array(preferences, np.float32),
            keys=np.array(keys, str),
            reviewers=np.array(reviewers, str),
            head=np.array(metadata),
        )
    return len(preferences)


def read_fragments(path: str | Path) -> Fragments:
    """Read what `export(…, format="imitation")` wrote.

    Parameters
    ----------
    path
        An `.npz` file.

    Raises
    ------
    InputError
        If the file cannot be read or is another.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "none.npz")
    >>> write_fragments([], path, Counter(), name=str, metadata="{}")
    0
    >>> read_fragments(path).preferences
    array([], dtype=float32)
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            steps = kept["steps"]
            ends = np.cumsum(steps)
            states = np.split(kept["states"], (ends + np.arange(1, len(steps) + 1))[:-1])
            actions = np.split(kept["actions"], ends[:-1])
            fragments = [
                Trajectory(*each)
                for each in zip(states, actions, [None] * len(steps), kept["ended"], strict=False)
            ]
            return Fragments(
                tuple(fragments[::2]),
                tuple(fragments[1::2]),
                kept["preferences"],
                tuple(kept["keys"].tolist()),
                tuple(kept["reviewers"].tolist()),
                str(kept["head"]),
            )
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(
            f"{path} holds no fragments: {type(error).__name__}, {error}. "
            'export(review, path, format="imitation") writes them.'
        ) from error


def _fragment(told: Any) -> Trajectory:
    return Trajectory(told["states"], told["actions"], None, bool(told.get("ended", False)))


def _require_alike(
    fragment: Trajectory, states: list[NDArray[Any]], actions: list[NDArray[Any]], key: str
) -> None:
    for what, here, before in (
        ("states", fragment.states, states),
        ("actions", fragment.actions, actions),
    ):
        if before and (here.shape[1:], here.dtype) != (before[0].shape[1:], before[0].dtype):
            raise InputError(
                f"The {what} of the item {key!r} have the form {here.shape[1:]} {here.dtype}, and "
                f"those before {before[0].shape[1:]} {before[0].dtype}. Export the answers of one "
                "environment at a time."
            )
