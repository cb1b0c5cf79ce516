"""A table's rows as the numbers that a network takes, fitted on the rows that it learns from.

A column of numbers stays as it is, in its own units; where it was missing it has the mean of the
rows that the encoding was fitted on, and if that happened there, a column more that says so. Every
other column has one number for each of its values, 1 or 0; a value never seen has all 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.predictors.labels import class_text, sorted_classes

__all__ = ["ColumnCode", "TableEncoding"]

MOST_VALUES = 1000
"""A column of more distinct texts names rows; it does not describe them."""


@dataclass(frozen=True)
class ColumnCode:
    """How one column is encoded.

    Attributes
    ----------
    name
        The column.
    values
        The values that have a number each; `None` for a column of numbers.
    fill
        What stands for a missing number: the column's mean.
    missing
        Whether a further number says that it is missing.
    spread
        The standard deviation of the column's numbers.
    """

    name: str
    values: tuple[str, ...] | None = None
    fill: float = 0.0
    missing: bool = False
    spread: float = 1.0

    @property
    def width(self) -> int:
        """How many numbers the column takes."""
        return (1 if self.values is None else len(self.values)) + self.missing


@dataclass(frozen=True)
class TableEncoding:
    """How rows of a table become numbers.

    Attributes
    ----------
    columns
        One code a column, in order.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [20.0, 40.0], "job": ["cook", "nurse"]})
    >>> encoding = TableEncoding.fitted(frame)
    >>> encoding.encode(pd.DataFrame({"age": [30.0, None], "job": ["nurse", "pilot"]}))
    array([[30.,  0.,  1.],
           [30.,  0.,  0.]], dtype=float32)
    """

    columns: tuple[ColumnCode, ...]

    @classmethod
    def fitted(cls, frame: pd.DataFrame) -> TableEncoding:
        """Return the encoding of all columns of the rows to learn from.

        Raises
        ------
        InputError
            If a column holds nothing, infinite numbers, or too many different values.
        """
        if not len(frame.columns):
            raise InputError("There is no column to decide by.")
        return cls(tuple(_fitted(str(name), frame[name]) for name in frame.columns))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(each.name for each in self.columns)

    @property
    def width(self) -> int:
        """How many numbers a row becomes."""
        return sum(each.width for each in self.columns)

    @property
    def keeps_rows(self) -> bool:
        """Whether rows without a missing cell stay as they are, so that gradients mean them."""
        return all(each.values is None and not each.missing for each in self.columns)

    @property
    def shift(self) -> NDArray[np.float64]:
        """The means of the numbers, and 0 for what is 0 or 1 already, shape (width,)."""
        return self._wide(lambda code: code.fill, 0.0)

    @property
    def scale(self) -> NDArray[np.float64]:
        """Their spreads, and 1 for what is 0 or 1 already, shape (width,)."""
        return self._wide(lambda code: code.spread, 1.0)

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Return rows as numbers, shape (n, width).

        Raises
        ------
        InputError
            If a column is absent, or one of numbers holds something else.
        """
        parts: list[NDArray[Any]] = []
        for code in self.columns:
            if code.name not in frame.columns:
                raise InputError(
                    f"The model reads the column {code.name!r}, which the data does not have."
                    f"{nearest(code.name, map(str, frame.columns))}"
                )
            column = frame[code.name]
            gone = column.isna().to_numpy()
            if code.values is None:
                numbers = _numbers(code.name, column)
                parts.append(np.where(gone, code.fill, numbers)[:, None])
            else:
                parts.append(_positions(column, code.values)[:, None] == range(len(code.values)))
            if code.missing:
                parts.append(gone[:, None])
        return np.ascontiguousarray(np.hstack(parts), dtype=np.float32)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the encoding as plain values."""
        return [
            {
                "name": each.name,
                "values": None if each.values is None else list(each.values),
                "fill": each.fill,
                "missing": each.missing,
                "spread": each.spread,
            }
            for each in self.columns
        ]

    @classmethod
    def from_dict(cls, stated: Sequence[Mapping[str, Any]]) -> TableEncoding:
        """Return the encoding that `to_dict` wrote."""
        return cls(
            tuple(
                ColumnCode(
                    str(each["name"]),
                    None if each["values"] is None else tuple(map(str, each["values"])),
                    float(each["fill"]),
                    bool(each["missing"]),
                    float(each["spread"]),
                )
                for each in stated
            )
        )

    def _wide(self, of: Any, otherwise: float) -> NDArray[np.float64]:
        return np.concatenate(
            [
                np.full(each.width, otherwise)
                if each.values is not None
                else np.array([of(each), *[otherwise] * each.missing])
                for each in self.columns
            ]
        )


def _fitted(name: str, column: pd.Series[Any]) -> ColumnCode:
    known = column.dropna()
    missing = len(known) < len(column)
    if not len(known):
        raise InputError(f"Column {name!r} is empty in all rows to learn from: leave it out.")
    if pd.api.types.is_numeric_dtype(column):
        numbers = _numbers(name, known)
        if not np.isfinite(numbers).all():
            raise InputError(f"Column {name!r} holds infinite numbers.")
        spread = float(numbers.std())
        return ColumnCode(name, None, float(numbers.mean()), missing, spread if spread > 0 else 1.0)
    values = tuple(class_text(each) for each in sorted_classes(known.unique().tolist()))
    if len(values) > MOST_VALUES or (len(values) == len(column) > 20):
        raise InputError(
            f"Column {name!r} holds {len(values):,} different texts in {len(column):,} rows "
            f"({listed(values, 3)}): it names the rows rather than describes them. Leave it out of "
            "features."
        )
    return ColumnCode(name, values, missing=missing)


def _positions(column: pd.Series[Any], values: Sequence[str]) -> NDArray[np.intp]:
    """Return where each cell's text stands among values; -1 where it is none, or missing."""
    place = {text: at for at, text in enumerate(values)}
    if column.dtype == object:  # 1 and True are equal, and written differently
        texts = column.map(class_text, na_action="ignore")
        return np.array([place.get(text, -1) for text in texts], dtype=np.intp)
    codes, present = pd.factorize(column)
    known = [place.get(class_text(each), -1) for each in present]
    return np.array([*known, -1], dtype=np.intp)[codes]


def _numbers(name: str, column: pd.Series[Any]) -> NDArray[np.float64]:
    if not pd.api.types.is_numeric_dtype(column) and not column.isna().all():
        no_number = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
        shown = repr(str((no_number if len(no_number) else column.dropna()).iloc[0]))
        raise InputError(
            f"Column {name!r} holds texts such as {shown}, and the model learned from numbers "
            "there."
        )
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
