"""The values at which an effect is drawn: values that rows hold, never values in between.

A number or a date with few distinct values is drawn at each of them. Otherwise points are spread by
mass: a value that more than one point's share of the rows holds gets a point of its own, and the
other points are the quantiles of the remaining rows, from the least to the largest, where a
quantile is the smallest value that so large a share does not exceed [hyndman1996sample, def. 1].
So no two points are equal, an integer stays one, and between two neighbours there is a row. Levels
of a category come in the order of their frequency, or in their own where they have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.predictors.labels import class_text
from alignlab.transparency.features import SEPARATORS

__all__ = ["FEWEST_ROWS", "Column", "Grid", "Kind", "column_of", "grid_of"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

Kind = Literal["number", "date", "category"]

FEWEST_ROWS = 5
"""Rows that a step of accumulated local effects rests on, at least."""

MOST_LEVELS = 20
"""Levels of a category that are drawn, the most frequent first."""

MISSING = "(missing)"


@dataclass(frozen=True, eq=False)
class Column:
    """A feature as it lies in the data.

    Attributes
    ----------
    name
        The feature.
    kind
        "number", "date", "category".
    code
        Which distinct value each row of the pool holds, shape (pool,).
    value
        Numbers, and dates as milliseconds since 1970; NaN where missing; `None` for a category.
    levels
        What each code of a category is called, else empty.
    ordered
        Whether the levels have an order, which is that of `ranks`.
    ranks
        The levels in order.
    """

    name: str
    kind: Kind
    code: Index
    value: Floats | None
    levels: tuple[str, ...] = ()
    ordered: bool = False
    ranks: Index | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """The values at which the effect of one feature is drawn.

    Attributes
    ----------
    column
        The feature.
    donors
        A pool row that holds each point's value, shape (points,).
    at
        Numbers, milliseconds since 1970, or 0, 1, ... for levels; rising.
    labels
        Each point as text.
    place
        The point that each row holds, -1 for none of them, shape (n,).
    complete
        Whether rows lie on points (few values, levels) and not between them.
    counts
        Rows at each point or, between points, nearest to it.
    missing, unshown
        Rows without a value, and rows with a level that is not drawn.
    """

    column: Column
    donors: Index
    at: Floats
    labels: tuple[str, ...]
    place: Index
    complete: bool
    counts: Index
    missing: int
    unshown: int = 0

    def __len__(self) -> int:
        return len(self.donors)

    def taken(self, order: Index) -> Grid:
        """Return the levels in another order."""
        back = np.empty(len(order) + 1, dtype=np.intp)
        back[order], back[-1] = np.arange(len(order)), -1
        return Grid(
            self.column, self.donors[order], self.at, tuple(self.labels[k] for k in order),
            back[self.place], self.complete, self.counts[order], self.missing, self.unshown,
        )  # fmt: skip


def column_of(name: str, frame: pd.DataFrame, columns: Sequence[str], code: Index) -> Column:
    """Return a feature as it lies in the data: one column, or the columns that spell it out."""
    if len(columns) == 1:
        series = frame[columns[0]]
        if pd.api.types.is_datetime64_any_dtype(series):
            moments = series.dt.tz_localize(None) if series.dt.tz is not None else series
            value = moments.to_numpy("datetime64[ms]").astype(float)
            return Column(name, "date", code, np.where(series.isna(), np.nan, value))
        if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
            value = series.to_numpy(float, na_value=np.nan)
            return Column(name, "number", code, np.where(np.isfinite(value), value, np.nan))
    first = np.unique(code, return_index=True)[1]
    held = frame[list(columns)].iloc[first]
    levels = tuple(_level(name, list(columns), cells) for cells in held.itertuples(index=False))
    ordered, ranks = False, None
    if len(columns) == 1:
        series = held[columns[0]]
        dtype = series.dtype
        if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
            ordered, ranks = True, np.argsort(series.cat.codes.to_numpy(), kind="stable")
        elif pd.api.types.is_bool_dtype(series):
            ordered, ranks = True, np.argsort(series.astype(object) == True, kind="stable")  # noqa: E712
    return Column(name, "category", code, None, levels, ordered, ranks)


def grid_of(
    column: Column,
    shares: Floats,
    *,
    points: int,
    stated: Sequence[Any] | None = None,
    stated_rows: Index | None = None,
    fewest: int = 1,
) -> Grid:
    """Return the points at which a feature's effect is drawn.

    Parameters
    ----------
    column
        The feature.
    shares
        The weight of the pool's first rows, which are the data's, shape (n,).
    points
        At most so many points for a number.
    stated
        The values or levels asked for.
    stated_rows
        For numbers and dates, the pool rows that hold them.
    fewest
        Rows at a level, or on average at one of few values, for it to be a point of its own.

    Raises
    ------
    InputError
        If a stated level is unknown.
    """
    if column.kind == "category":
        return _levels(column, shares, stated, fewest)
    return _numbers(column, shares, points, stated_rows, fewest)


def _numbers(
    column: Column, shares: Floats, points: int, stated_rows: Index | None, fewest: int
) -> Grid:
    n = len(shares)
    assert column.value is not None
    value = column.value[:n]
    known = np.flatnonzero(np.isfinite(value))
    distinct, first, held, count = np.unique(
        value[known], return_index=True, return_inverse=True, return_counts=True
    )
    mass = np.bincount(held, shares[known], len(distinct))
    complete = False
    if stated_rows is not None:
        at, once = np.unique(column.value[stated_rows], return_index=True)
        donors = stated_rows[once]
    elif len(distinct) <= points and (count.min(initial=fewest) >= fewest):
        at, donors, complete = distinct, known[first], True
    else:
        chosen = _spread(mass.astype(np.float64), count.astype(np.intp), points, fewest)
        at, donors = distinct[chosen], known[first[chosen]]
    place = np.full(n, -1, dtype=np.intp)
    near = np.searchsorted((at[1:] + at[:-1]) / 2, value[known])
    exact = at[near] == value[known] if len(at) else np.zeros(0, dtype=bool)
    place[known[exact]] = near[exact]
    counts = np.bincount(near, minlength=len(at))
    labels = tuple(shown_number(each, column.kind) for each in at)
    return Grid(column, donors, at, labels, place, complete, counts, n - len(known))


def _spread(mass: Floats, count: Index, points: int, fewest: int) -> Index:
    """Return the distinct values to draw: the heavy ones, and quantiles of the rest."""
    heavy = mass > mass.sum() / points
    light = np.flatnonzero(~heavy)
    room = min(points - int(heavy.sum()), int(count[light].sum()) // (2 * fewest) + 1)
    chosen = [0, len(mass) - 1, *np.flatnonzero(heavy)]
    if len(light) and room > 0:
        reached = np.cumsum(mass[light])
        wanted = np.linspace(0, reached[-1], max(room, 2))
        # The sum of shares misses a whole share by a rounding error; it is that share.
        found = np.searchsorted(reached, wanted * (1 - 1e-12), side="left")
        chosen.extend(light[np.minimum(found, len(light) - 1)])
    return np.unique(chosen).astype(np.intp)


def _levels(column: Column, shares: Floats, stated: Sequence[Any] | None, fewest: int) -> Grid:
    n = len(shares)
    code = column.code[:n]
    number = len(column.levels)
    mass, count = np.bincount(code, shares, number), np.bincount(code, minlength=number)
    if stated is not None:
        texts = [class_text(each) for each in stated]
        for text in texts:
            if text not in column.levels:
                raise InputError(
                    f"The grid of {column.name!r} names the level {text!r}, which no row holds."
                    f"{nearest(text, column.levels) or f' Levels: {listed(column.levels)}.'}"
                )
        shown = np.array(list(dict.fromkeys(column.levels.index(text) for text in texts)))
    else:
        shown = np.argsort(-mass, kind="stable")
        often = shown[count[shown] >= fewest]
        # Where hardly any level has rows enough, all that have a row are better than none.
        shown = (often if len(often) > 1 else shown[count[shown] > 0])[:MOST_LEVELS]
        if column.ranks is not None:
            shown = column.ranks[np.isin(column.ranks, shown)]
    back = np.full(number, -1, dtype=np.intp)
    back[shown] = np.arange(len(shown))
    place = back[code]
    holder = np.zeros(number, dtype=np.intp)
    holder[code[::-1]] = np.arange(n)[::-1]
    return Grid(
        column,
        holder[shown],
        np.arange(len(shown), dtype=float),
        tuple(column.levels[k] for k in shown),
        place,
        True,
        count[shown],
        0,
        int((place < 0).sum()),
    )


def shown_number(value: float, kind: Kind) -> str:
    """Return a number or a date as text."""
    if kind == "date":
        moment = pd.Timestamp(value, unit="ms")
        return str(moment.date()) if moment == moment.normalize() else str(moment)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:,.4g}"


def _level(name: str, columns: list[str], cells: Sequence[Any]) -> str:
    if len(columns) == 1:
        return MISSING if pd.isna(cells[0]) else class_text(cells[0])
    if set(cells) == {0, 1} and sum(cells) == 1:
        level = columns[list(cells).index(1)]
        return level.removeprefix(name).strip(SEPARATORS) or level
    return ", ".join(MISSING if pd.isna(cell) else class_text(cell) for cell in cells)
