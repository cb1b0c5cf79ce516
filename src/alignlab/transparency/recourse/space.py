"""The rows that a row may become, as numbers; what a change costs.

A unit is a column, or a one-hot group of columns that change together. A row in units has a number
for each: the cell itself, or the position of its value among those it may take. Missing cells are
NaN and stay. The cost of a changed row x' of x is

    cost(x, x') = sum over changed units u of  c + |x'_u - x_u| / s_u     for numbers,
                                               c + k                      for categories,

with c a change, k a category's move, and s_u the column's spread: 1.4826 times its median absolute
deviation, the scale of [wachter2017counterfactual], or the standard deviation where that is zero.
So a change is worth sparing as such, and a move of 1 is a usual difference between two people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import Constraints, RowEncoding
from alignlab.datasets.row_encoding import ColumnEncoding, ranges_seen
from alignlab.errors import InputError, listed, nearest
from alignlab.transparency.features import one_hot_groups

__all__ = ["Space", "space_of"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Limits = tuple[Floats, Floats]

FAR = 1000.0
"""How many spreads a number without a bound can go."""

NORMAL = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


@dataclass(frozen=True, eq=False)
class Space:
    """The units of a table; every array has one entry a unit.

    Attributes
    ----------
    names
        Columns' names, and groups' names.
    columns
        The positions of each unit's columns.
    levels
        The values of a category, the column names of a group; `None` for numbers.
    number, whole, fixed
        Whether a unit is a number, a whole one, one that never changes.
    low, high
        The least and greatest number, or position.
    direction
        1 for what may only rise, -1 for what may only fall, else 0.
    scale
        What counts as a move by 1.
    orders
        Pairs (lesser, greater) of units, shape (n_orders, 2).
    constraints
        All constraints, bounds and categories completed from the data.
    encoding
        How rows become numbers and back.
    per_change, category_cost
        What a change costs beside its move, and what a changed category's move counts.
    as_array
        The dtype of the rows where they are an array; `None` for data frames.
    values
        For each column that is no number its values in its own dtype, to be taken from.
    """

    names: tuple[str, ...]
    columns: tuple[NDArray[np.intp], ...]
    levels: tuple[tuple[Any, ...] | None, ...]
    number: Mask
    whole: Mask
    fixed: Mask
    low: Floats
    high: Floats
    direction: NDArray[np.int8]
    scale: Floats
    orders: NDArray[np.intp]
    constraints: Constraints
    encoding: RowEncoding
    per_change: float
    category_cost: float
    as_array: Any
    values: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.names)

    def read(self, frame: pd.DataFrame) -> Floats:
        """Return rows in units, shape (n, n_units); a row that is not one-hot is NaN there."""
        encoded = self.encoding.encode(frame)
        units = np.empty((len(encoded), len(self)))
        for at, columns in enumerate(self.columns):
            cells = encoded[:, columns]
            if len(columns) == 1:
                units[:, at] = cells[:, 0]
            else:
                one = ((cells == 0) | (cells == 1)).all(axis=1) & (cells.sum(axis=1) == 1)
                units[:, at] = np.where(one, cells.argmax(axis=1), np.nan)
        return units

    def write(self, units: Floats) -> Any:
        """Return rows as the model takes them: a data frame, or an array."""
        if self.as_array is not None:
            return self._encoded(units).astype(self.as_array)
        return self.frame(units)

    def frame(self, units: Floats) -> pd.DataFrame:
        """Return rows as a data frame with the columns' names and dtypes."""
        kinds = {column.dtype for column in self.encoding.columns}
        if len(kinds) == 1 and all(
            column.values is None and isinstance(column.dtype, np.dtype)
            for column in self.encoding.columns
        ):
            # One block, which the model's own checks need not put together again.
            block = self._encoded(units).astype(kinds.pop(), copy=False)
            return pd.DataFrame(block, columns=self.encoding.labels, copy=False)
        held: dict[int, Any] = {}
        for at, columns in enumerate(self.columns):
            for place, column in enumerate(columns.tolist()):
                own = self.encoding.columns[column]
                cells = units[:, at] if len(columns) == 1 else 1.0 * (units[:, at] == place)
                held[column] = _written(own, cells, self.values[column])
        frame = pd.DataFrame({at: held[at] for at in sorted(held)}, copy=False)
        return frame.set_axis(self.encoding.labels, axis=1)

    def snapped(self, units: Floats, origin: Floats, limits: Limits | None = None) -> Floats:
        """Return numbers as their columns can hold them, inside the bounds; unchanged cells stay.

        Parameters
        ----------
        units, origin
            Rows in units and what they were, shapes that broadcast to (n, n_units).
        limits
            What `reach` returns, or less.
        """
        low, high = self.reach(origin) if limits is None else limits
        found = np.where(self.whole, np.round(units), units)
        found = np.clip(found, low, high)
        for at in np.flatnonzero(self.number & ~self.whole):
            precision = self.encoding.columns[self.columns[at][0]].precision
            if precision != np.float64:
                found[..., at] = found[..., at].astype(precision).astype(np.float64)
        keep = np.isnan(origin) | np.isnan(units) | (units == origin)
        return np.where(keep, origin, found)

    def reach(self, origin: Floats) -> tuple[Floats, Floats]:
        """Return the least and the greatest value that each cell may take, the others as they are.

        What is outside of the bounds already may stay or come back.
        """
        still = self.fixed | np.isnan(origin)
        low = np.where(self.direction > 0, origin, np.minimum(self.low, origin))
        high = np.where(self.direction < 0, origin, np.maximum(self.high, origin))
        return np.where(still, origin, low), np.where(still, origin, high)

    def moves(self, units: Floats, origin: Floats) -> Floats:
        """Return how far each unit moved, shape (n, n_units); 0 where it did not."""
        with np.errstate(invalid="ignore"):
            far = np.where(
                self.number,
                np.abs(units - origin) / self.scale,
                self.category_cost * (units != origin),
            )
        missing, was = np.isnan(units), np.isnan(origin)
        return np.where(missing & was, 0.0, np.where(missing | was, np.inf, far))

    def cost(self, units: Floats, origin: Floats) -> Floats:
        """Return what each row's changes cost, shape (n,)."""
        changed = self.changed(units, origin)
        return self.moves(units, origin).sum(axis=-1) + self.per_change * changed.sum(axis=-1)

    @staticmethod
    def changed(units: Floats, origin: Floats) -> Mask:
        """Return which cells differ; a missing cell is like a missing one."""
        return (units != origin) & ~(np.isnan(units) & np.isnan(origin))

    def allowed(self, units: Floats, origin: Floats, limits: Limits | None = None) -> Mask:
        """Return which rows are allowed, shape (n,); see `snapped`."""
        low, high = self.reach(origin) if limits is None else limits
        same = ~self.changed(units, origin)
        with np.errstate(invalid="ignore"):
            inside = (units >= low) & (units <= high)
        whole = ~(self.whole | ~self.number) | (units == np.round(units))
        fine = (same | (inside & whole)).all(axis=-1)
        for lesser, greater in self.orders:
            fine &= ~(units[..., lesser] > units[..., greater])
        return np.asarray(fine)

    def _encoded(self, units: Floats) -> Floats:
        encoded = np.empty((len(units), len(self.encoding.columns)))
        for at, columns in enumerate(self.columns):
            if len(columns) == 1:
                encoded[:, columns[0]] = units[:, at]
            else:
                encoded[:, columns] = units[:, at, None] == np.arange(len(columns))
        return encoded


def space_of(
    data: pd.DataFrame,
    rows: pd.DataFrame,
    constraints: Constraints | None,
    *,
    scales: Mapping[str, float] | None,
    per_change: float,
    category_cost: float,
    as_array: Any = None,
    unread: tuple[str, ...] = (),
) -> Space:
    """Return the units of a table.

    Parameters
    ----------
    data, rows
        The data and the rows that are to be changed, with the same columns. Bounds and categories
        that are not stated are those seen in either.
    constraints
        What a row may become.
    scales
        What counts as a move by 1, for columns where it is not the data's spread.
    per_change, category_cost
        See the head of this file.
    as_array
        The dtype of the rows where they come as an array.
    unread
        Columns that the model does not look at: they stay.

    Raises
    ------
    InputError
        If the constraints do not fit the table, or a row violates them.
    """
    for name, value in (("per_change", per_change), ("category_cost", category_cost)):
        if isinstance(value, bool) or not np.isreal(value) or not 0 <= float(value) < np.inf:
            raise InputError(f"{name}={value!r} is not a number from 0.")
    own = Constraints() if constraints is None else constraints
    if not isinstance(own, Constraints):
        raise InputError(
            f"constraints is a {type(own).__name__}. Give Constraints(immutable=[…], …)."
        )
    own.require(rows[:0])
    for at, column, why in own.violations(rows).itertuples(index=False):
        which = "The row" if len(rows) == 1 else f"Row {at} of those to be changed"
        raise InputError(f"{which} violates the constraints: {column} {why}. Widen the constraint.")
    whole = {str(c) for c in data if pd.api.types.is_integer_dtype(data[c].dtype)}
    joined = pd.concat([data, rows], ignore_index=True)
    full = _completed(joined, own)
    encoding = RowEncoding.of(joined, values=full.categories)
    at = {column.name: position for position, column in enumerate(encoding.columns)}
    groups = full.one_hot
    grouped = set(sum(groups.values(), ()))
    single = [column for column in encoding.columns if column.name not in grouped]
    names = [*(column.name for column in single), *groups]
    number = np.array([column.values is None for column in single] + [False] * len(groups))
    levels = [column.values for column in single] + [tuple(groups[name]) for name in groups]
    spread = _spreads(data, joined, single, full, scales)
    ends = [_ends(column, full, spread.get(column.name, 0.0)) for column in single]
    ends += [(0.0, len(group) - 1.0) for group in groups.values()]
    low, high = (np.array([end[side] for end in ends]) for side in (0, 1))
    immutable = {*full.immutable, *(set(unread) - set(sum(full.orders, ())))}
    scale = np.array([spread.get(name, 1.0) for name in names])
    with np.errstate(invalid="ignore"):
        fixed = number & ~(high > low)
    fixed |= [
        set(groups.get(name, (name,))) <= immutable or len(levels[at] or (0, 1)) < 2
        for at, name in enumerate(names)
    ]
    position = {name: place for place, name in enumerate(names)}
    signs = {"increasing": 1, "decreasing": -1}
    pairs = [(position[lesser], position[greater]) for lesser, greater in full.orders]
    return Space(
        names=tuple(names),
        columns=(
            *(np.array([at[column.name]]) for column in single),
            *(np.array([at[name] for name in group]) for group in groups.values()),
        ),
        levels=tuple(levels),
        number=number,
        whole=number & np.array([n in whole or n in full.integers for n in names]),
        fixed=fixed,
        low=low,
        high=high,
        direction=np.array(
            [signs.get(full.monotone.get(name, ""), 0) for name in names], dtype=np.int8
        ),
        scale=np.where(number & (scale > 0), scale, 1.0),
        orders=np.array(pairs, dtype=np.intp).reshape(-1, 2),
        constraints=full,
        encoding=encoding,
        per_change=float(per_change),
        category_cost=float(category_cost),
        as_array=as_array,
        values=tuple(
            None
            if column.values is None or isinstance(column.dtype, np.dtype)
            else pd.Series(list(column.values), dtype=column.dtype).array
            for column in encoding.columns
        ),
    )


def _completed(frame: pd.DataFrame, own: Constraints) -> Constraints:
    """Return constraints with the bounds and categories that a table shows, where none are stated.

    One-hot groups are found too, and dropped columns that make rows of several groups are not.
    """
    named = set(own.columns)
    free = frame[[name for name in frame if str(name) not in named and isinstance(name, str)]]
    one_hot = dict(own.one_hot)
    for name, group in one_hot_groups(free).items():
        one_hot[name + " (one-hot)" * (name in frame or name in one_hot)] = group
    stays = {*own.bounds, *own.categories, *sum(one_hot.values(), ())}
    bounds, categories = ranges_seen(frame, without=stays)
    return replace(
        own,
        bounds={**own.bounds, **bounds},
        categories={**own.categories, **categories},
        one_hot=one_hot,
    )


def _spreads(
    data: pd.DataFrame,
    joined: pd.DataFrame,
    single: list[ColumnEncoding],
    full: Constraints,
    scales: Mapping[str, float] | None,
) -> dict[str, float]:
    """Return what counts as a move by 1 for each column of numbers."""
    numbers = [column.name for column in single if column.values is None]
    present = [str(label) for label in joined.columns]
    if not isinstance(scales, Mapping | None):
        raise InputError(f"scales={scales!r} is no mapping. Give {{column: what is a move by 1}}.")
    stated = dict(scales or {})
    for name, value in stated.items():
        if name not in numbers:
            raise InputError(
                f"scales names {name!r}, which is not a column of numbers."
                f"{nearest(str(name), numbers) or f' These are: {listed(numbers)}.'}"
            )
        if isinstance(value, bool) or not np.isreal(value) or not 0 < float(value) < np.inf:
            raise InputError(f"scales[{name!r}]={value!r} is not a number above 0.")
    found = {}
    for name in numbers:
        cells = data.iloc[:, present.index(name)].to_numpy(np.float64, na_value=np.nan)
        cells = cells[np.isfinite(cells)]
        spread = NORMAL * float(np.median(np.abs(cells - np.median(cells)))) if len(cells) else 0.0
        if not spread > 0 and len(cells):
            spread = float(cells.std())
        if not spread > 0 and name in full.bounds:
            width = full.bounds[name][1] - full.bounds[name][0]
            spread = width if 0 < width < np.inf else 1.0
        found[name] = float(stated.get(name, spread if spread > 0 else 1.0))
    return found


def _ends(column: ColumnEncoding, full: Constraints, scale: float) -> tuple[float, float]:
    if column.values is not None:
        return 0.0, len(column.values) - 1.0
    low, high = full.bounds.get(column.name, (np.nan, np.nan))
    known = [end for end in (low, high) if np.isfinite(end)] or [0.0]
    low = low if np.isfinite(low) or np.isnan(low) else known[-1] - FAR * scale
    high = high if np.isfinite(high) or np.isnan(high) else known[0] + FAR * scale
    return max(low, column.limits[0]), min(high, column.limits[1])


def _written(column: ColumnEncoding, cells: Floats, values: Any) -> Any:
    """Return numbers as one column's cells; taken from its values, which is fast for text too."""
    if column.values is None:
        if isinstance(column.dtype, np.dtype):
            return cells.astype(column.dtype)
        return column.decode(cells).array
    if values is None:
        return column.decode(cells).array
    codes = np.where(np.isnan(cells), -1, cells).astype(np.intp)
    return values.take(codes, allow_fill=True)
