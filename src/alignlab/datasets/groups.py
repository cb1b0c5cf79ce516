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

from alignlab.errors import InputError, listed, nearest

__all__ = ["MISSING", "Grouping", "grouping", "parse_groups"]

MISSING = "(missing)"

MOST_VALUES = 20
"""A numeric column with more distinct values than this is cut at its quartiles."""

FEWEST_ROWS = 10
"""A column with fewer rows a value than this, on average, and many values names rows."""


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
        The groups that have rows: the missing first, then numbers by value, ordered categories
        in their order, anything else by its text; those of an intersection joined by " & ".
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
    codes = np.zeros(len(frame), dtype=np.int64)
    labels: list[str] = [""]
    for position, column in enumerate(name.split("*")):
        part, part_labels = _codes_of(frame, column, name)
        # Only pairs that have rows are kept, so the number of groups never passes that of rows.
        present, codes = np.unique(codes * len(part_labels) + part, return_inverse=True)
        pairs = [divmod(int(pair), len(part_labels)) for pair in present]
        glue = " & " if position else ""
        labels = [f"{labels[first]}{glue}{part_labels[second]}" for first, second in pairs]
    return Grouping(name, codes.astype(np.intp), tuple(labels))


def _codes_of(frame: pd.DataFrame, column: str, name: str) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's position among one column's labels, and those labels in order."""
    if column not in frame.columns:
        columns = [str(each) for each in frame.columns]
        raise InputError(
            f"The group {name!r} names the column {column!r}, which the table does not have."
            f"{nearest(column, columns) or f' Its columns: {listed(columns)}.'}"
        )
    values = frame[column]
    distinct = values.nunique()
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number and distinct > MOST_VALUES:
        codes, found = _quartiles(values.to_numpy(np.float64, na_value=np.nan))
    elif distinct > max(MOST_VALUES, len(values) // FEWEST_ROWS):
        raise InputError(
            f"The column {column!r} has {distinct} distinct values in {len(values)} rows, so it "
            "names rows rather than groups. Name another column."
        )
    else:
        codes, found = _distinct(values)
    if (codes < 0).any():
        codes, found = codes + 1, [MISSING, *found]
    # Two values may read the same (1 and "1", or a text that says "(missing)"): one group.
    labels = list(dict.fromkeys(found))
    return np.array([labels.index(label) for label in found], dtype=np.int64)[codes], labels


def _distinct(values: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Return codes, -1 where missing, and labels: by the categories' order, by value, by text."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, found = values.cat.codes.to_numpy(np.int64), values.cat.categories
        ordered = values.cat.ordered
    else:
        codes, found = pd.factorize(values)
        ordered = False
    texts = [_text(value) for value in found]
    # Six digits read better than sixteen, where they still tell the values apart.
    short = [_text(value, digits=6) for value in found]
    texts = short if len(set(short)) == len(set(texts)) else texts
    key = found if pd.api.types.is_numeric_dtype(found) else texts
    order = range(len(found)) if ordered else sorted(range(len(found)), key=lambda at: key[at])
    rank = np.full(len(found) + 1, -1, dtype=np.int64)  # the last is where -1, missing, points
    rank[list(order)] = np.arange(len(found))
    return rank[codes], [texts[at] for at in order]


def _text(value: object, *, digits: int = 17) -> str:
    if not isinstance(value, float | np.floating):
        return str(value)
    # A column of whole numbers with a missing one is read as floats: 1.0 is still 1.
    if float(value).is_integer():
        return str(int(value))
    return str(value) if digits == 17 else f"{value:.{digits}g}"


def _quartiles(numbers: NDArray[np.float64]) -> tuple[NDArray[np.int64], list[str]]:
    edges = np.unique(np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1]))
    codes = np.clip(np.searchsorted(edges, numbers, side="left"), 1, len(edges) - 1) - 1
    labels = [
        f"{rank}: {low:.6g} to {high:.6g}" if rank == 1 else f"{rank}: over {low:.6g} to {high:.6g}"
        for rank, (low, high) in enumerate(pairwise(edges), start=1)
    ]
    return np.where(np.isnan(numbers), -1, codes).astype(np.int64), labels
