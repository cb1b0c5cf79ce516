"""Constraints as a person states them, brought into one form: lists, tables, bounds, relations."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from alignlab.errors import InputError, listed

__all__ = ["bound", "groups", "mapping", "names", "order", "repeated", "require_groups", "values"]


def names(given: Any, what: str) -> tuple[str, ...]:
    """Return a list of names, each once."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError(f"{what}={given!r} is not a list. Write {what}=[{given!r}].")
    found = tuple(given)
    for name in found:
        if not isinstance(name, str):
            raise InputError(f"{what} holds {name!r}, which is not text.")
    return tuple(dict.fromkeys(found))


def mapping(given: Any, what: str) -> dict[str, Any]:
    """Return a table by column; nothing is an empty one."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(f"{what}={given!r} is not a table. Write {what}={{'column': …}}.")
    return {str(name): each for name, each in given.items()}


def bound(given: Any, name: str) -> tuple[float, float]:
    """Return a least and a greatest number; `None` is no bound."""
    try:
        low, high = given
        ends = (-math.inf if low is None else float(low), math.inf if high is None else float(high))
    except (TypeError, ValueError):
        ends = (math.nan, math.nan)
    if not ends[0] <= ends[1]:
        raise InputError(
            f"bounds[{name!r}]={given!r} is not a least and a greatest number. Write it as "
            "[low, high], with low at most high."
        )
    return ends


def values(given: Any, name: str) -> tuple[Any, ...]:
    """Return the values that a column may take."""
    found = () if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    if not found:
        raise InputError(
            f"categories[{name!r}]={given!r} is not a list of at least one value. Give the values "
            f"that the column may take, or immutable=[{name!r}]."
        )
    if repeated(found):
        raise InputError(f"categories[{name!r}] names {repeated(found)[0]!r} twice.")
    return found


def groups(given: Any) -> dict[str, tuple[str, ...]]:
    """Return one-hot groups by name; one without a name has what its columns begin with.

    Examples
    --------
    >>> groups([["job_nurse", "job_clerk"]])
    {'job': ('job_nurse', 'job_clerk')}
    """
    if isinstance(given, Mapping):
        found = {str(name): names(group, f"one_hot[{name!r}]") for name, group in given.items()}
    else:
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise InputError(
                f"one_hot={given!r} is not a list of groups. Write one_hot=[['a_1', 'a_2'], …]."
            )
        lists = [names(group, "a group of one_hot") for group in given]
        found = {_prefix(group): group for group in lists}
        if len(found) < len(lists):
            found = {"|".join(group): group for group in lists}
    for name, group in found.items():
        if len(group) < 2:
            raise InputError(
                f"The one-hot group {name!r} has {len(group)} columns; it takes at least two."
            )
    return found


def require_groups(
    grouped: Mapping[str, tuple[str, ...]], immutable: Iterable[str], others: set[str]
) -> None:
    """Raise InputError where a column of a one-hot group is asked for something else, too."""
    seen: set[str] = set()
    for name, group in grouped.items():
        if seen & set(group):
            raise InputError(f"The column {min(seen & set(group))!r} is in two one-hot groups.")
        seen.update(group)
        if others & set(group):
            raise InputError(
                f"The column {min(others & set(group))!r} belongs to the one-hot group {name!r} "
                "and has a constraint of its own. Only immutable=[…] goes with a group."
            )
        if 0 < len(set(group) & set(immutable)) < len(group):
            raise InputError(
                f"Some columns of the one-hot group {name!r} are immutable and others are not. "
                f"Name all of them: {listed(group)}."
            )


def order(relation: str) -> list[tuple[str, str]]:
    """Return pairs (lesser, greater) of columns.

    Examples
    --------
    >>> order("paid <= loan <= value"), order("value >= loan")
    ([('paid', 'loan'), ('loan', 'value')], [('loan', 'value')])
    """
    parts = [part.strip() for part in re.split(r"(<=|>=)", relation)]
    columns, signs = parts[::2], parts[1::2]
    if not signs or not all(columns) or any(set("<>=") & set(name) for name in columns):
        raise InputError(
            f"The relation {relation!r} is not understood. Write the names of two columns with "
            "<= or >= between them, such as 'loan <= value'."
        )
    if repeated(columns):
        raise InputError(f"The relation {relation!r} names {repeated(columns)[0]!r} twice.")
    pairs = zip(columns[:-1], signs, columns[1:], strict=True)
    return [(a, b) if sign == "<=" else (b, a) for a, sign, b in pairs]


def repeated(given: Iterable[Any]) -> list[Any]:
    """Return what occurs again, in order."""
    seen: list[Any] = []
    again: list[Any] = []
    for value in given:
        (again if value in seen else seen).append(value)
    return again


def _prefix(group: tuple[str, ...]) -> str:
    shared = ""
    for letters in zip(*group, strict=False):
        if len(set(letters)) > 1:
            break
        shared += letters[0]
    return shared.rstrip("_=-. :") or "|".join(group)
