"""Rows of a table as numbers and back: numbers as they are, values of a category as their codes.

A column of numbers becomes itself in float64. Any other column becomes the position of its value in
the list of values that it may take. A missing cell becomes NaN. The way back restores the columns'
names and dtypes, so that a model cannot tell a row that went both ways from one that did not.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets.table import require_column
from alignlab.errors import InputError, listed, nearest

__all__ = ["ColumnEncoding", "RowEncoding", "has_order", "is_number", "ranges_seen", "values_seen"]

EXACT = 2.0**53
"""Whole numbers up to here are exact in float64."""


@dataclass(frozen=True, eq=False)
class ColumnEncoding:
    """How one column is encoded.

    Attributes
    ----------
    name
        The column's name as text.
    dtype
        Its dtype.
    values
        The values that its codes stand for; `None` for a column of numbers.
    whole
        Whether its dtype holds whole numbers only.
    precision
        The type of float that its numbers are exact in, such as float32.
    missing
        What stands in a missing cell of a column of objects: `None` or NaN.
    """

    name: str
    dtype: Any
    values: tuple[Any, ...] | None
    whole: bool
    precision: Any
    missing: Any = None

    def encode(self, cells: pd.Series) -> NDArray[np.float64]:
        """Return a column as numbers; raises InputError for a value that is not known."""
        if self.values is None:
            if not is_number(cells) and cells.notna().any():
                raise InputError(
                    f"Column {self.name!r} holds {cells.dtype}, and numbers ({self.dtype}) were "
                    "expected, as in the data that the encoding was made from."
                )
            numbers = cells.to_numpy(np.float64, na_value=np.nan)
            if self.whole and bool((np.abs(numbers) > EXACT).any()):
                raise InputError(
                    f"Column {self.name!r} holds whole numbers above 2^53, which float64 cannot "
                    "tell apart. If they name the rows, leave the column away."
                )
            return numbers
        known = pd.Index(list(self.values), dtype=object)
        codes = known.get_indexer(pd.Index(cells, dtype=object)).astype(np.float64)
        missing = cells.isna().to_numpy(bool)
        strange = np.flatnonzero((codes < 0) & ~missing)
        if len(strange):
            row = int(strange[0])
            value = cells.tolist()[row]
            raise InputError(
                f"Row {row} has {value!r} in column {self.name!r}, which is not one of "
                f"{listed(map(repr, self.values))}."
                f"{nearest(str(value), [str(each) for each in self.values])}"
            )
        return np.where(missing, np.nan, codes)

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest number that a whole-number dtype holds exactly."""
        if not self.whole:
            return -np.inf, np.inf
        held = np.iinfo(getattr(self.dtype, "numpy_dtype", self.dtype))
        return max(float(held.min), -EXACT), min(float(held.max), EXACT)

    def decode(self, numbers: NDArray[np.float64], index: Any = None) -> pd.Series:
        """Return numbers as a column of the dtype."""
        missing = np.isnan(numbers)
        if self.values is None and isinstance(self.dtype, np.dtype):
            return pd.Series(numbers.astype(self.dtype), index=index)
        cells = np.full(len(numbers), self.missing, dtype=object)
        if self.values is None:
            cells[~missing] = [int(x) if self.whole else x for x in numbers[~missing].tolist()]
        else:
            known = np.empty(len(self.values), dtype=object)
            known[:] = self.values
            cells[~missing] = known[numbers[~missing].astype(np.intp)]
        return pd.Series(cells, index=index, dtype=self.dtype)


@dataclass(frozen=True, eq=False)
class RowEncoding:
    """How the rows of a table are encoded; `RowEncoding.of` makes one from data.

    Attributes
    ----------
    columns
        One entry a column, in the table's order.
    labels
        The table's column labels.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [30, 41], "job": ["nurse", "clerk"]})
    >>> encoding = RowEncoding.of(frame)
    >>> encoding.encode(frame)
    array([[30.,  1.],
           [41.,  0.]])
    >>> encoding.decode(np.array([[31.0, 0.0]]))
       age    job
    0   31  clerk
    """

    columns: tuple[ColumnEncoding, ...]
    labels: pd.Index

    @classmethod
    def of(
        cls, frame: pd.DataFrame, *, values: Mapping[str, Sequence[Any]] | None = None
    ) -> RowEncoding:
        """Return the encoding of a table.

        Parameters
        ----------
        frame
            The table; it says which columns there are and of which dtype.
        values
            For columns by name the values that they may take, in the order of their codes. By
            default a category's or a boolean's own, and those seen in any other column that does
            not hold numbers.

        Raises
        ------
        InputError
            If the table has no column, or two of one name.
        """
        names = [str(label) for label in frame.columns]
        if not names:
            raise InputError("The table has no column to encode.")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"The table has two columns named {twice!r}. Rename one.")
        stated = values or {}
        columns = [
            _column(name, frame.iloc[:, at], stated.get(name)) for at, name in enumerate(names)
        ]
        return cls(tuple(columns), frame.columns)

    @property
    def names(self) -> list[str]:
        """The columns' names as text."""
        return [column.name for column in self.columns]

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return rows as numbers, shape (n, n_columns).

        Raises
        ------
        InputError
            If a column is missing, holds something else than it did, or has an unknown value.
        """
        present = [str(label) for label in frame.columns]
        matrix = np.empty((len(frame), len(self.columns)))
        for at, column in enumerate(self.columns):
            require_column(frame, column.name, role="the rows")
            matrix[:, at] = column.encode(frame.iloc[:, present.index(column.name)])
        return matrix

    def decode(self, matrix: NDArray[np.float64], *, index: Any = None) -> pd.DataFrame:
        """Return numbers as rows of the table.

        Parameters
        ----------
        matrix
            Shape (n, n_columns).
        index
            The rows' index; by default 0 to n-1.
        """
        rows = pd.RangeIndex(len(matrix)) if index is None else index
        held = {at: column.decode(matrix[:, at], rows) for at, column in enumerate(self.columns)}
        return pd.DataFrame(held, index=rows).set_axis(self.labels, axis=1)


def is_number(cells: pd.Series) -> bool:
    """Return whether a column holds numbers; truth values are not."""
    return pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells)


def has_order(cells: pd.Series) -> bool:
    """Return whether a column's dtype puts its values into an order."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return bool(cells.dtype.ordered)
    return pd.api.types.is_numeric_dtype(cells)


def values_seen(cells: pd.Series) -> tuple[Any, ...]:
    """Return a column's values in the order of their categories or sorted, missing ones left out.

    Examples
    --------
    >>> values_seen(pd.Series(["no", None, "yes", "no"]))
    ('no', 'yes')
    """
    if isinstance(cells.dtype, pd.CategoricalDtype):
        present = set(cells.dropna())
        return tuple(value for value in cells.cat.categories.tolist() if value in present)
    found = cells.dropna().unique().tolist()
    try:
        return tuple(sorted(found))
    except TypeError:  # values of several types
        return tuple(sorted(found, key=lambda value: (type(value).__name__, str(value))))


def ranges_seen(
    frame: pd.DataFrame, *, without: Container[str] = ()
) -> tuple[dict[str, tuple[Any, Any]], dict[str, tuple[Any, ...]]]:
    """Return the least and greatest of each column of numbers, and the values of each other one.

    Columns of truth values, empty ones and those named in `without` are in neither.

    Examples
    --------
    >>> ranges_seen(pd.DataFrame({"age": [41, 30], "job": ["nurse", "clerk"]}))[1]
    {'job': ('clerk', 'nurse')}
    """
    bounds: dict[str, tuple[Any, Any]] = {}
    values: dict[str, tuple[Any, ...]] = {}
    for at, label in enumerate(frame.columns):
        name, cells = str(label), frame.iloc[:, at].dropna()
        if name in without or not len(cells):
            continue
        if is_number(cells):
            bounds[name] = (cells.min(), cells.max())
        elif not pd.api.types.is_bool_dtype(cells):
            values[name] = values_seen(cells)
    return bounds, values


def _column(name: str, cells: pd.Series, values: Sequence[Any] | None) -> ColumnEncoding:
    dtype = cells.dtype
    if values is None and not is_number(cells):
        if isinstance(dtype, pd.CategoricalDtype):
            values = cells.cat.categories.tolist()
        elif pd.api.types.is_bool_dtype(cells):
            values = (False, True)
        else:
            values = values_seen(cells)
    number = is_number(cells)
    if number and pd.api.types.is_complex_dtype(cells):
        raise InputError(f"Column {name!r} holds complex numbers, which have no order.")
    kept = str(dtype).lower()
    precision: Any = np.dtype(kept) if kept in ("float16", "float32") else np.dtype(np.float64)
    whole = number and pd.api.types.is_integer_dtype(cells)
    gone = cells[cells.isna()].tolist() if dtype == np.dtype(object) else []
    return ColumnEncoding(
        name,
        dtype,
        None if values is None else tuple(values),
        whole,
        precision,
        missing=gone[0] if gone else None,
    )
