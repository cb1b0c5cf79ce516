"""What can be changed in a row of a table, one unit at a time, and how far.

A unit is a column, or a one-hot group of columns that change together. A row in units has a number
for each: the cell itself where it is a number, else the position of its value among those that it
may take. Missing cells are NaN. The distance of two rows is measured in units [gower1971general]:

    move_u = |x'_u - x_u| / scale_u   for numbers,
    move_u = category_cost            for a changed category or group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import Constraints, RowEncoding
from alignlab.datasets.row_encoding import ColumnEncoding, is_number
from alignlab.errors import InputError, listed, nearest, require_choice

__all__ = ["Scales", "TableUnits"]

Scales = Literal["range", "std"] | Mapping[str, float] | None
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TableUnits:
    """The units of a table; every array has one entry a unit.

    Attributes
    ----------
    names
        Columns' names, and groups' names.
    columns
        The positions of each unit's columns in an encoded row.
    levels
        What an encoded cell holds at each position of a category; `None` for numbers and groups.
    number
        Whether a unit is a number.
    sizes
        How many values a category or group may take; 0 for numbers.
    low, high
        The bounds, in units.
    whole
        Whether a number is a whole one.
    precision
        The type of float that holds each unit's cell.
    direction
        1 for what may only rise, -1 for what may only fall, else 0.
    fixed
        Whether a unit never changes.
    scale
        What counts as a move by 1.
    orders
        Pairs (lesser, greater) of units, shape (n_orders, 2).
    width
        How many columns an encoded row has.
    """

    names: tuple[str, ...]
    columns: tuple[NDArray[np.intp], ...]
    levels: tuple[Floats | None, ...]
    number: NDArray[np.bool_]
    sizes: NDArray[np.intp]
    low: Floats
    high: Floats
    whole: NDArray[np.bool_]
    precision: tuple[Any, ...]
    direction: NDArray[np.int8]
    fixed: NDArray[np.bool_]
    scale: Floats
    orders: NDArray[np.intp]
    width: int

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        encoding: RowEncoding,
        constraints: Constraints,
        *,
        scales: Scales,
        as_codes: bool,
    ) -> TableUnits:
        """Return the units of a table.

        Parameters
        ----------
        frame
            The table, which gives the scales.
        encoding
            How its rows are encoded.
        constraints
            What its rows may become.
        scales
            "range", "std", numbers by column, or `None` for the columns' own units.
        as_codes
            Whether an encoded row holds codes of categories, or the numbers of an array.
        """
        at = {column.name: position for position, column in enumerate(encoding.columns)}
        groups = constraints.one_hot
        grouped = set(sum(groups.values(), ()))
        single = [column for column in encoding.columns if column.name not in grouped]
        names = [*(column.name for column in single), *groups]
        number = np.array([column.values is None for column in single] + [False] * len(groups))
        sizes = [len(column.values or ()) for column in single] + [*map(len, groups.values())]
        ends = [_ends(column, constraints) for column in single]
        ends += [(0.0, len(group) - 1.0) for group in groups.values()]
        integers, immutable = set(constraints.integers), set(constraints.immutable)
        whole = [column.whole or column.name in integers for column in single]
        fixed = [column.name in immutable for column in single]
        fixed += [set(group) <= immutable for group in groups.values()]
        widths = _scales(frame, encoding, constraints, scales)
        scale = np.array([widths.get(name, 1.0) for name in names])
        signs = {"increasing": 1, "decreasing": -1}
        unit = {name: position for position, name in enumerate(names)}
        pairs = [(unit[lesser], unit[greater]) for lesser, greater in constraints.orders]
        return cls(
            names=tuple(names),
            columns=(
                *(np.array([at[column.name]]) for column in single),
                *(np.array([at[name] for name in group]) for group in groups.values()),
            ),
            levels=(
                *(_levels(column.values, as_codes) for column in single),
                *(None for _ in groups),
            ),
            number=number,
            sizes=np.array(sizes, dtype=np.intp),
            low=np.array([low for low, _ in ends]),
            high=np.array([high for _, high in ends]),
            whole=number & np.array(whole + [False] * len(groups)),
            precision=(
                *(column.precision for column in single),
                *(np.dtype(np.float64) for _ in groups),
            ),
            direction=np.array(
                [signs.get(constraints.monotone.get(name, ""), 0) for name in names], dtype=np.int8
            ),
            fixed=np.array(fixed) | (number & ~(scale > 0)),
            scale=np.where(number & (scale > 0), scale, 1.0),
            orders=np.array(pairs, dtype=np.intp).reshape(-1, 2),
            width=len(encoding.columns),
        )

    def read(self, x: Floats) -> Floats:
        """Return encoded rows in units, shape (n, n_units): the nearest value of a category."""
        units = np.empty((len(x), len(self)))
        for at, (columns, levels) in enumerate(zip(self.columns, self.levels, strict=True)):
            cells = x[:, columns]
            if len(columns) > 1:
                units[:, at] = cells.argmax(axis=1)
            elif levels is None:
                units[:, at] = cells[:, 0]
            else:
                missing = np.isnan(cells[:, 0])
                near = np.abs(np.where(missing[:, None], 0.0, cells) - levels).argmin(axis=1)
                units[:, at] = np.where(missing, np.nan, near)
        return units

    def write(self, units: Floats) -> Floats:
        """Return rows in units as encoded rows, shape (n, width)."""
        x = np.empty((len(units), self.width))
        for at, (columns, levels) in enumerate(zip(self.columns, self.levels, strict=True)):
            cells = units[:, at]
            if len(columns) > 1:
                x[:, columns] = cells[:, None] == np.arange(len(columns))
            elif levels is None:
                x[:, columns[0]] = cells
            else:
                missing = np.isnan(cells)
                taken = levels[np.where(missing, 0, cells).astype(np.intp)]
                x[:, columns[0]] = np.where(missing, np.nan, taken)
        return x

    def toward(self, units: Floats, center: Floats) -> Floats:
        """Return numbers as their columns can hold them, none farther from `center` than given."""
        moved = units - center
        found = np.where(self.whole, center + np.trunc(moved), units)
        for at in np.flatnonzero(self.number & ~self.whole):
            precision = self.precision[at]
            if precision != np.float64:
                held = found[:, at].astype(precision)
                far = np.abs(held.astype(np.float64) - center[:, at]) > np.abs(moved[:, at])
                nearer = np.nextafter(held, center[:, at].astype(precision))
                found[:, at] = np.where(far, nearer, held).astype(np.float64)
        return np.where(self.number, found, units)

    def holds(self, units: Floats) -> NDArray[np.bool_]:
        """Return which rows have only numbers that their columns can hold, shape (n,)."""
        fine = np.ones(len(units), dtype=bool)
        missing = np.isnan(units)
        whole = (units == np.round(units)) | missing
        fine &= whole[:, self.whole | ~self.number].all(axis=1)
        for at in np.flatnonzero(self.number & ~self.whole):
            if self.precision[at] != np.float64:
                cells = units[:, at]
                held = cells.astype(self.precision[at]).astype(np.float64)
                fine &= (held == cells) | missing[:, at]
        return fine


def _ends(column: ColumnEncoding, constraints: Constraints) -> tuple[float, float]:
    if column.values is not None:
        return 0.0, len(column.values) - 1.0
    low, high = constraints.bounds.get(column.name, column.limits)
    return max(low, column.limits[0]), min(high, column.limits[1])


def _levels(values: Sequence[Any] | None, as_codes: bool) -> Floats | None:
    if values is None:
        return None
    return np.arange(len(values), dtype=np.float64) if as_codes else np.array(values, dtype=float)


def _scales(
    frame: pd.DataFrame, encoding: RowEncoding, constraints: Constraints, scales: Scales
) -> dict[str, float]:
    """Return what counts as a move by 1 for each column of numbers that may change."""
    apart = {*constraints.immutable, *sum(constraints.one_hot.values(), ())}
    columns = [
        each.name for each in encoding.columns if each.values is None and each.name not in apart
    ]
    if scales is None:
        return dict.fromkeys(columns, 1.0)
    if isinstance(scales, str):
        require_choice(scales, ["range", "std"], what="scales")
        present = [str(label) for label in frame.columns]
        numbers = {
            name: frame.iloc[:, present.index(name)].to_numpy(np.float64, na_value=np.nan)
            for name in columns
        }
        seen = {name: cells[np.isfinite(cells)] for name, cells in numbers.items()}
        measure = np.ptp if scales == "range" else np.std
        return {name: float(measure(cells)) if len(cells) else 0.0 for name, cells in seen.items()}
    if not isinstance(scales, Mapping):
        raise InputError(f"scales={scales!r} is not 'range', 'std', a table by column, or None.")
    for name, scale in scales.items():
        if name not in columns:
            raise InputError(
                f"scales names {name!r}, which is not a column of numbers that may change."
                f"{nearest(str(name), columns) or f' These are: {listed(columns)}.'}"
            )
        number = isinstance(scale, int | float | np.number) and not isinstance(scale, bool)
        if not (number and 0 < scale < np.inf):
            raise InputError(f"scales[{name!r}]={scale!r} is not a number above 0.")
    absent = [name for name in columns if name not in scales]
    if absent:
        raise InputError(
            f"scales does not say what counts as a move by 1 for {listed(map(repr, absent))}. "
            "Name every column of numbers that may change, or make them immutable."
        )
    return {name: float(scale) for name, scale in scales.items()}


def require_values_known(frame: pd.DataFrame, constraints: Constraints) -> None:
    """Raise InputError where nothing says what a column of text may become."""
    for at, label in enumerate(frame.columns):
        name, cells = str(label), frame.iloc[:, at]
        says_itself = (
            is_number(cells)
            or isinstance(cells.dtype, pd.CategoricalDtype)
            or pd.api.types.is_bool_dtype(cells)
        )
        if not says_itself and name not in {*constraints.immutable, *constraints.categories}:
            raise InputError(
                f"Column {name!r} holds {cells.dtype}, and nothing says what it may become. Name "
                "its categories, make it immutable, or use Constraints.observed(frame, …)."
            )
