"""What a set of preferences must be: items that are alike, comparisons that name them, ranks.

Each function returns what it was given in the form in which it is kept, or says in one line what is
wrong with it and where.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError

__all__ = [
    "Floats",
    "Ints",
    "Items",
    "Names",
    "checked_items",
    "checked_names",
    "chosen_rows",
    "content_of",
    "dense_ranks",
    "require_comparisons",
    "whole_numbers",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Names = NDArray[np.object_]
Items: TypeAlias = Floats | tuple[Trajectory, ...] | tuple[str, ...]


def checked_items(items: Any) -> Items:
    """Return the items, checked: finite rows, or texts, or trajectories that are alike."""
    first = items[0] if len(items) else None
    if isinstance(first, str):
        wrong = next((at for at, each in enumerate(items) if not isinstance(each, str)), None)
        if wrong is not None:
            raise InputError(f"Item {wrong} is a {type(items[wrong]).__name__}; the first a text.")
        return tuple(items)
    if isinstance(first, Trajectory):
        return _alike(tuple(items))
    try:
        rows = np.array(items, np.float64)
    except (TypeError, ValueError):
        rows = np.empty(0)
    if rows.ndim != 2 or not rows.size:
        raise InputError(
            f"The items are {type(items).__name__} of shape {rows.shape}: give rows of numbers "
            "(n, d), a sequence of trajectories or a sequence of texts; at least one."
        )
    if not np.isfinite(rows).all():
        at = int((~np.isfinite(rows)).any(axis=1).argmax())
        raise InputError(f"Item {at} is {rows[at].tolist()}: its numbers must be finite.")
    return rows


def _alike(items: tuple[Any, ...]) -> tuple[Trajectory, ...]:
    """Return the trajectories if they are made alike; one without a step has no form of actions."""
    told: dict[str, tuple[int, str]] = {}
    shape: tuple[int, ...] = ()
    for at, each in enumerate(items):
        if not isinstance(each, Trajectory):
            raise InputError(f"Item {at} is a {type(each).__name__}, and the first a trajectory.")
        if len(each):
            shape = each.actions.shape[1:]
        held = {"state": each.states} | ({"action": each.actions} if len(each) else {})
        for what, values in held.items():
            form = "a whole number" if values.ndim == 1 else f"{values.shape[1]} numbers"
            where, usual = told.setdefault(what, (at, form))
            if form != usual:
                raise InputError(
                    f"Item {at} is a trajectory with {form} for each {what}, and item {where} has "
                    f"{usual}."
                )
    return tuple(
        each
        if len(each) or each.actions.shape[1:] == shape
        # What was never done is kept in the form of what the others did.
        else replace(each, actions=np.zeros((0, *shape)))
        for each in items
    )


def content_of(item: Any) -> Hashable:
    """Return what an item shows, in a form that can be compared; true rewards are not shown."""
    if isinstance(item, str):
        return item
    if isinstance(item, Trajectory):
        return item.states.tobytes(), item.actions.tobytes(), item.ended
    content: bytes = (np.asarray(item) + 0.0).tobytes()  # -0.0 becomes 0.0
    return content


def whole_numbers(values: ArrayLike, what: str, of: str = "positions in the items") -> Ints:
    """Return a list of whole numbers."""
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"{what} must be a list of whole numbers, {of}.")
    return array.astype(np.int64)


def chosen_rows(given: ArrayLike, n: int) -> Ints:
    """Return the positions that a mask or a list of positions chooses out of `n` comparisons."""
    array = np.asarray(given)
    if array.dtype == bool:
        if array.shape != (n,):
            raise InputError(f"The mask has shape {array.shape}; there are {n} comparisons.")
        return np.flatnonzero(array).astype(np.int64)
    rows = whole_numbers(array, "comparisons", "a mask or positions of comparisons")
    wrong = rows[(rows < 0) | (rows >= n)]
    if wrong.size:
        raise InputError(f"There is no comparison {wrong[0]}; there are {n}, counted from 0.")
    return rows


def require_comparisons(members: Ints, starts: Ints, n_items: int) -> None:
    """Raise unless every comparison names two items or more, each once, that are there."""
    sizes = np.diff(starts)
    if not len(starts) or starts[0] != 0 or starts[-1] != len(members) or (sizes < 2).any():
        raise InputError("Every comparison needs two items or more.")
    comparison = np.repeat(np.arange(len(sizes)), sizes)
    outside = (members < 0) | (members >= n_items)
    if outside.any():
        at = int(outside.argmax())
        raise InputError(
            f"Comparison {comparison[at]} names item {members[at]}; the items are numbered from 0 "
            f"to {n_items - 1}."
        )
    order = np.lexsort([members, comparison])
    twice = (np.diff(members[order]) == 0) & (np.diff(comparison[order]) == 0)
    if twice.any():
        at = int(order[twice.argmax()])
        raise InputError(
            f"Comparison {comparison[at]} names item {members[at]} twice. Leave it out: comparing "
            "an item with itself says nothing."
        )


def dense_ranks(ranks: NDArray[Any], starts: Ints) -> Ints:
    """Return the ranks as 0, 1, 2, … within each comparison, ties sharing one."""
    if ranks.shape != (starts[-1],):
        raise InputError(f"There are {ranks.size} ranks for {starts[-1]} compared items.")
    if not np.isfinite(ranks := ranks.astype(float)).all():
        at = int((~np.isfinite(ranks)).argmax())
        where = int(np.searchsorted(starts, at, side="right")) - 1
        raise InputError(f"A rank of comparison {where} is {ranks[at]!s} and not a number.")
    comparison = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort([ranks, comparison])
    steps = np.diff(ranks[order], prepend=0) != 0
    steps[starts[:-1]] = False
    level = np.cumsum(steps)
    dense = np.empty(len(ranks), np.int64)
    dense[order] = level - np.repeat(level[starts[:-1]], np.diff(starts))
    return dense


def checked_names(given: Any, n: int, what: str, each: str) -> Names | None:
    """Return one name for each, "" for nobody; `None` where nobody ever is named."""
    if given is None:
        return None
    listed = list(given)
    if len(listed) != n:
        raise InputError(f"There are {len(listed)} {what} for {n} {each}s; give one a {each}.")
    names = np.empty(n, object)
    names[:] = [each if isinstance(each, str) else _name(each) for each in listed]
    return names


def _name(given: Any) -> str:
    """Return a name as a text: "" where a table has a gap, and a whole number without a point."""
    import pandas as pd

    if pd.api.types.is_scalar(given) and pd.isna(given):
        return ""
    whole = isinstance(given, float) and given.is_integer()
    return str(int(given)) if whole else str(given)
