"""Which columns make one feature: those a person names together, and those that spell out levels.

Columns x_1, ..., x_m of one-hot form are one feature: each holds 0 or 1, and x_1 + ... + x_m = 1 in
every row. Moved one by one they make rows with two levels at once, which mean nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from alignlab.errors import InputError, nearest

__all__ = ["features_of", "level_of", "one_hot_groups", "require_own_names", "stated_groups"]

SEPARATORS = "_=:.-/ |"
"""Characters that part a feature's name from a level's in the name of a one-hot column."""


def features_of(
    X: pd.DataFrame, groups: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the columns of each feature: stated groups, groups found, and single columns.

    Parameters
    ----------
    X
        n rows of features.
    groups
        Columns that belong together, by name.

    Returns
    -------
    dict
        From a feature's name to its columns, in the order of `X`.

    Raises
    ------
    InputError
        If `groups` is no mapping to columns, a group names a column that does not exist or that
        another group names too, or has the name of a column outside it, or if two columns have one
        name.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [1.5], "b": [2.5], "c": [3.5]})
    >>> features_of(X, {"b and c": ["b", "c"]})
    {'a': ('a',), 'b and c': ('b', 'c')}
    """
    stated = stated_groups(groups)
    require_own_names(X)
    owner: dict[str, str] = {}
    for name, columns in stated.items():
        for column in columns:
            if column not in X.columns:
                known = list(map(str, X.columns))
                raise InputError(
                    f"The group {name!r} names the column {column!r}, which X does not have."
                    f"{nearest(column, known)}"
                )
            if column in owner:
                raise InputError(
                    f"The column {column!r} is in the groups {owner[column]!r} and {name!r}. "
                    "Leave it in one."
                )
            owner[column] = name
    for name in stated:
        if name in X.columns and owner.get(name) != name:
            raise InputError(
                f"The group {name!r} has the name of a column that is not in it. Call it otherwise."
            )
    free = [column for column in X.columns if column not in owner]
    found = _one_hot(X, [column for column in free if isinstance(column, str)])
    # A column may be called as the columns spelled out from it are.
    found = {
        name + " (one-hot)" * (name in free or name in stated): columns
        for name, columns in found.items()
    }
    owner |= {column: name for name, columns in found.items() for column in columns}
    members = stated | found
    names = dict.fromkeys(owner.get(column, column) for column in X.columns)
    return {name: members.get(name, (name,)) for name in names}


def require_own_names(X: pd.DataFrame) -> None:
    """Say which columns have one name, which would be one column where it is asked for."""
    if not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()][0]
        raise InputError(f"Two columns are called {twice!r}. Give each a name of its own.")


def stated_groups(groups: Any) -> dict[str, tuple[Any, ...]]:
    """Return the stated groups, or say what is wrong with their form."""
    if groups is None:
        return {}
    if not isinstance(groups, Mapping):
        raise InputError(
            f"groups is a {type(groups).__name__}. Give the columns of each group by its name: "
            "groups={'income': ['salary', 'bonus']}."
        )
    for name, columns in groups.items():
        if isinstance(columns, str) or not isinstance(columns, Iterable) or not list(columns):
            raise InputError(
                f"The group {name!r} is {columns!r}. Give a list of columns, such as "
                "['salary', 'bonus']."
            )
    return {name: tuple(columns) for name, columns in groups.items()}


def one_hot_groups(X: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Find the columns that together spell out one feature.

    Two columns or more belong together if they share a name up to a separator, hold only 0 and 1,
    and exactly one of them is 1 in every row. Where names nest, the larger group is taken.

    Parameters
    ----------
    X
        n rows of features.

    Returns
    -------
    dict
        From the shared name to the columns.

    Examples
    --------
    >>> X = pd.DataFrame({"race_a": [1, 0], "race_b": [0, 1], "old_y": [1, 1], "age": [30, 40]})
    >>> one_hot_groups(X)
    {'race': ('race_a', 'race_b')}
    """
    return _one_hot(X, list(X.columns))


def level_of(column: str, feature: str) -> str:
    """Return which level of a feature a one-hot column stands for.

    Examples
    --------
    >>> level_of("race_b", "race"), level_of("unlike", "race")
    ('b', 'unlike')
    """
    return column.removeprefix(feature).strip(SEPARATORS) or column


def _one_hot(X: pd.DataFrame, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    named: defaultdict[str, list[str]] = defaultdict(list)
    for column in columns:
        for at, letter in enumerate(column):
            if letter in SEPARATORS and 0 < at < len(column) - 1:
                named[column[: at + 1]].append(column)
    # Names are read before cells: most columns share theirs with none.
    shared = {column for members in named.values() if len(members) > 1 for column in members}
    usable = {column for column in shared if _zero_one(X[column])}
    by_prefix = {
        prefix: [column for column in members if column in usable]
        for prefix, members in named.items()
    }
    found: dict[str, tuple[str, ...]] = {}
    used: set[str] = set()
    for prefix, members in sorted(by_prefix.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(members) < 2 or used.intersection(members):
            continue
        if (X[members].sum(axis=1) == 1).all():
            found[prefix.rstrip(SEPARATORS)] = tuple(members)
            used.update(members)
    return found


def _zero_one(column: pd.Series) -> bool:
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        return False
    return bool(column.isin([0, 1]).all())
