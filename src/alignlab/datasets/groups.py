"""Groups: which rows belong together, from the columns that a person names.

`"race"` is a column, `"race*sex"` an intersection. A missing value is a group of its own, never
dropped; a number with many values is cut at its quartiles, and the labels say where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, nearest

__all__ = ["MISSING", "Grouping", "grouping", "parse_groups"]

MISSING = "(missing)"

MOST_VALUES = 20
"""A numeric column with more distinct values than this is cut at its quartiles."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Every row's group under one column or intersection.

    Attributes
    ----------
    name
        The column, or the columns joined by `*`.
    codes
        Each row's position in `labels`, shape (n,).
    labels
        The groups that have rows, in sorted order; those of an intersection joined by " & ".
    """

    name: str
    codes: NDArray[np.intp]
    labels: tuple[str, ...]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """The number of rows in each group."""
        return np.bincount(self.codes, minlength=len(self.labels))


def parse_groups(text: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the groupings asked for.

    Examples
    --------
    >>> parse_groups("race, sex,race*sex")
    ('race', 'sex', 'race*sex')
    """
    parts = text.split(",") if isinstance(text, str) else list(text)
    names = ("*".join(piece.strip() for piece in part.split("*")) for part in parts)
    return tuple(dict.fromkeys(name for name in names if name))


def grouping(frame: pd.DataFrame, name: str) -> Grouping:
    """Return the grouping that `name` asks for.

    Parameters
    ----------
    frame
        The table, n rows.
    name
        A column, or columns joined by `*`.

    Raises
    ------
    InputError
        If a column does not exist, or holds more distinct texts than groups could have.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": ["f", "m", None], "old": ["y", "n", "y"]})
    >>> grouping(frame, "sex").labels
    ('(missing)', 'f', 'm')
    >>> grouping(frame, "sex*old").labels
    ('(missing) & y', 'f & y', 'm & n')
    """
    columns = name.split("*")
    parts = [_labels_of(frame, column, name) for column in columns]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + " & " + part
    codes, labels = pd.factorize(joined, sort=True)
    return Grouping(name, codes.astype(np.intp), tuple(str(label) for label in labels))


def _labels_of(frame: pd.DataFrame, column: str, name: str) -> pd.Series:
    if column not in frame.columns:
        raise InputError(
            f"The group {name!r} names the column {column!r}, which the table does not have."
            f"{nearest(column, map(str, frame.columns))} "
            f"Its columns: {', '.join(map(str, frame.columns))}."
        )
    values = frame[column]
    distinct = values.nunique()
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number and distinct > MOST_VALUES:
        labels = _quartile_labels(values)
    elif distinct > max(MOST_VALUES, len(values) // 2):
        raise InputError(
            f"The column {column!r} has {distinct} distinct values in {len(values)} rows, so it "
            "names rows rather than groups. Name another column."
        )
    else:
        labels = values.map(str, na_action="ignore")
    return labels.astype(object).where(values.notna(), MISSING)


def _quartile_labels(values: pd.Series) -> pd.Series:
    numbers = values.to_numpy(float, na_value=np.nan)
    edges = np.unique(np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1]))
    quarter = np.clip(np.searchsorted(edges, numbers, side="left"), 1, len(edges) - 1) - 1
    names = [
        f"{rank}: {low:.6g} to {high:.6g}" if rank == 1 else f"{rank}: over {low:.6g} to {high:.6g}"
        for rank, (low, high) in enumerate(pairwise(edges), start=1)
    ]
    return pd.Series([names[at] for at in quarter], index=values.index, dtype=object)
