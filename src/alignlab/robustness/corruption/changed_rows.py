"""Small changes that happen to rows of a table on their way to a model, within plausible ranges.

- noise: every measured number x becomes x + strength · s · N(0, 1), where s is the column's
  IQR / 1.349 (its standard deviation, were it normal), kept within the observed range.
- missing: one cell of the row is emptied.
- typo: one text cell loses a letter or has two neighbours swapped, so that nobody has seen it.
- unit: one number is multiplied or divided by a common factor between units, where the result
  still lies in the column's observed range.

They stand to tables as the corruptions of [hendrycks2019benchmarking] stand to images: accidents,
not attacks. Whole numbers stay whole, and a column of two values is not a measured number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.random import as_generator

__all__ = ["KINDS", "UNITS", "ChangedRows", "Kind", "change_rows"]

Kind = Literal["noise", "missing", "typo", "unit"]

KINDS: tuple[Kind, ...] = get_args(Kind)

UNITS = {
    "years and months": 12.0,
    "shares and percent, or whole and cents": 100.0,
    "ones and thousands": 1000.0,
    "inches and centimetres": 2.54,
    "pounds and kilograms": 0.4536,
    "miles and kilometres": 1.609,
}
"""Factors between units that people mix up; each is tried as a factor and as a divisor."""

IQR_OF_NORMAL = 1.349
"""The interquartile range of a normal distribution, in standard deviations."""

TYPO_WITHIN = 30
"""A typo is made within a text's first letters."""

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ChangedRows:
    """Rows after a small change.

    Attributes
    ----------
    rows
        The positions of the changed rows in the table; a row that could not be changed is not here.
    frame
        The changed rows, in that order.
    columns
        The column changed in each row; `None` where a change concerns the whole row.
    """

    rows: Rows
    frame: pd.DataFrame
    columns: NDArray[np.object_] | None


def change_rows(
    X: pd.DataFrame,
    kind: Kind,
    *,
    rows: Rows | None = None,
    strength: float = 0.05,
    seed: int | np.random.Generator = 0,
) -> ChangedRows:
    """Make one small change to each row.

    Parameters
    ----------
    X
        n rows; never changed. Ranges and known values are those of all of them.
    kind
        "noise", "missing", "typo" or "unit".
    rows
        Positions of the rows to change; `None` for all.
    strength
        The standard deviation of the noise as a share of a column's spread.
    seed
        Decides cells, letters, factors and noise.

    Returns
    -------
    ChangedRows
        Dtypes are kept, except that a whole-number column with an emptied cell becomes a column of
        floats, as it does when a file is read, and that categories gain the typos.

    Raises
    ------
    InputError
        If the kind is unknown or the strength is not above 0.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [20, 30, 40, 61], "job": ["clerk", "nurse", "clerk", "nurse"]})
    >>> change_rows(X, "typo").frame["job"].isin(["clerk", "nurse"]).any()
    np.False_
    >>> change_rows(X, "noise", strength=0.5).frame["age"].between(20, 61).all()
    np.True_
    """
    require_choice(kind, KINDS, what="kind")
    if not strength > 0:
        raise InputError(f"strength={strength!r} is not above 0. Give a share such as 0.05.")
    rows = np.arange(len(X)) if rows is None else rows
    generator = as_generator(seed, "small changes", kind)
    if kind == "noise":
        return _noise(X, rows, strength, generator)
    return _one_cell(X, rows, generator, _ONE_CELL[kind])


@dataclass(frozen=True, slots=True)
class _CellChange:
    """A change of one cell: which cells it can be made to, and the column after it.

    `possible(column, rows)` is a mask over `rows`; `changed(column, rows, generator)` is the
    column at `rows` after the change.
    """

    possible: Callable[[pd.Series, Rows], Mask]
    changed: Callable[[pd.Series, Rows, np.random.Generator], pd.Series]


def _one_cell(
    X: pd.DataFrame, rows: Rows, generator: np.random.Generator, change: _CellChange
) -> ChangedRows:
    """Change one cell of each row, drawn evenly from those that can be changed."""
    possible = np.zeros((len(rows), X.shape[1]), dtype=bool)
    for at in range(X.shape[1]):
        possible[:, at] = change.possible(X.iloc[:, at], rows)
    chosen = np.where(possible, generator.random(possible.shape, dtype=np.float32), -1).argmax(1)
    able = possible.any(axis=1)
    rows, chosen = rows[able], chosen[able]
    frame = X.take(rows).set_axis(pd.RangeIndex(len(rows)))
    for at in np.unique(chosen):
        mine = np.flatnonzero(chosen == at)
        column = X.iloc[:, at]
        after = change.changed(column, rows[mine], generator)
        frame[column.name] = _replaced(frame.iloc[:, at], mine, after)
    return ChangedRows(rows, frame, X.columns.to_numpy(object)[chosen])


def _replaced(column: pd.Series, at: Rows, values: pd.Series) -> pd.Series:
    """Return `column` with `values` at some positions, in the dtype of `values`."""
    result = column.astype(values.dtype)
    result.iloc[at] = values.array
    return result


def _noise(
    X: pd.DataFrame, rows: Rows, strength: float, generator: np.random.Generator
) -> ChangedRows:
    frame = X.take(rows).set_axis(pd.RangeIndex(len(rows)))
    moved = np.zeros(len(rows), dtype=bool)
    for name in X.columns:
        if not _is_measured(X[name]):
            continue
        values = _numbers(X[name])
        usual, spread = _spread(values)
        now = values[rows]
        noise = generator.standard_normal(len(rows)) * strength * spread
        after = _within(X[name], values, now + np.where(now == usual, 0.0, noise))
        differs = np.isfinite(now) & (after != now)
        moved |= differs
        at = np.flatnonzero(differs)
        frame[name] = _replaced(frame[name], at, _as_column(X[name], after[at]))
    kept = np.flatnonzero(moved)
    return ChangedRows(rows[kept], frame.take(kept).set_axis(pd.RangeIndex(len(kept))), None)


def _spread(values: Floats) -> tuple[float, float]:
    """Return the value that noise leaves alone, or NaN, and the spread of the others.

    Where the middle half of a column is one value, that value is a state ("no gain") rather than
    a measurement, and only the others are noisy.
    """
    known = values[np.isfinite(values)]
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    if high > low:
        return float("nan"), float(high - low) / IQR_OF_NORMAL
    others = known[known != middle]
    if len(others) == 0:
        return float(middle), 0.0
    low, high = np.quantile(others, [0.25, 0.75])
    return float(middle), float(high - low) / IQR_OF_NORMAL or float(others.std())


def _is_measured(column: pd.Series) -> bool:
    """Whether a column holds numbers on a scale: more than two different ones."""
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return bool(is_number and column.nunique() > 2)


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(column.to_numpy(float, na_value=np.nan))


def _within(column: pd.Series, values: Floats, after: Floats) -> Floats:
    """Return numbers that a column could hold: whole where all of its own are, within its range."""
    known = values[np.isfinite(values)]
    if pd.api.types.is_integer_dtype(column) or (known == np.round(known)).all():
        after = np.round(after)
    elif isinstance(column.dtype, np.dtype):
        after = after.astype(column.dtype).astype(float)
    return np.asarray(np.clip(after, known.min(), known.max()))


def _as_column(column: pd.Series, values: Floats) -> pd.Series:
    if pd.api.types.is_integer_dtype(column):
        return pd.Series(values.astype(np.int64)).astype(column.dtype)
    return pd.Series(values).astype(column.dtype)


def _can_be_emptied(column: pd.Series, rows: Rows) -> Mask:
    if pd.api.types.is_bool_dtype(column) and isinstance(column.dtype, np.dtype):
        return np.zeros(len(rows), dtype=bool)  # there is no such thing as a missing numpy bool
    return column.notna().to_numpy(bool)[rows]


def _emptied(column: pd.Series, rows: Rows, _: np.random.Generator) -> pd.Series:
    return column.iloc[rows].mask(np.ones(len(rows), dtype=bool))


def _can_be_misspelt(column: pd.Series, rows: Rows) -> Mask:
    if not _may_hold_text(column):
        return np.zeros(len(rows), dtype=bool)
    codes, values = pd.factorize(column)
    known = _known_texts(column)
    possible = [isinstance(value, str) and bool(_typos(value, known)) for value in values]
    # A missing value has the code -1: the entry put last.
    return np.append(possible, False)[codes[rows]]


def _misspelt(column: pd.Series, rows: Rows, generator: np.random.Generator) -> pd.Series:
    known = _known_texts(column)
    typos: dict[str, list[str]] = {}
    after = []
    for value, draw in zip(column.iloc[rows], generator.random(len(rows)), strict=True):
        if value not in typos:
            typos[value] = _typos(value, known)
        after.append(typos[value][int(draw * len(typos[value]))])
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = [*column.cat.categories, *sorted(set(after))]
        wider = pd.CategoricalDtype(categories, ordered=column.cat.ordered)
        return pd.Series(pd.Categorical(after, dtype=wider))
    return pd.Series(after, dtype=column.dtype)


def _may_hold_text(column: pd.Series) -> bool:
    dtype = column.cat.categories.dtype if hasattr(column, "cat") else column.dtype
    return bool(pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype))


def _known_texts(column: pd.Series) -> set[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return set(column.cat.categories)
    return set(column.dropna().unique())


def _typos(value: str, known: set[Any]) -> list[str]:
    """Return what `value` becomes by one slip, without what is a known value itself."""
    ends = range(min(len(value), TYPO_WITHIN))
    dropped = {value[:at] + value[at + 1 :] for at in ends}
    swapped = {value[:at] + value[at + 1 : at + 2] + value[at] + value[at + 2 :] for at in ends}
    unseen = (dropped | swapped) - {value} - known
    return sorted(text for text in unseen if text.strip())


def _can_change_unit(column: pd.Series, rows: Rows) -> Mask:
    if not _is_measured(column):
        return np.zeros(len(rows), dtype=bool)
    values = _numbers(column)
    return np.asarray(np.isfinite(_in_other_units(column, values, rows)).any(axis=1))


def _in_another_unit(column: pd.Series, rows: Rows, generator: np.random.Generator) -> pd.Series:
    converted = _in_other_units(column, _numbers(column), rows)
    draws = np.where(np.isfinite(converted), generator.random(converted.shape), -1)
    return _as_column(column, converted[np.arange(len(rows)), draws.argmax(axis=1)])


def _in_other_units(column: pd.Series, values: Floats, rows: Rows) -> Floats:
    """Return each value by each factor and divisor; NaN where that leaves the observed range."""
    factors = np.array([*UNITS.values(), *(1 / factor for factor in UNITS.values())])
    now = values[rows][:, None]
    converted = now * factors
    after = _within(column, values, converted)
    known = values[np.isfinite(values)]
    low, high = known.min(), known.max()
    inside = (converted >= low) & (converted <= high) & (after != now)
    return np.where(inside, after, np.nan)


_ONE_CELL: dict[Kind, _CellChange] = {
    "missing": _CellChange(_can_be_emptied, _emptied),
    "typo": _CellChange(_can_be_misspelt, _misspelt),
    "unit": _CellChange(_can_change_unit, _in_another_unit),
}
