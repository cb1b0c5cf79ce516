"""Rows as numbers, so that they can be compared: of a table, of pictures, of an array.

A table's columns are encoded as a network would take them (`predictors.table_encoding`), fitted on
reference rows: numbers as they are, one number for each value of anything else, a date in days. A
column that names rows rather than describes them, or holds nothing, is left out and named. Pictures
are described by columns of their own: brightness, contrast, sharpness, colour, how much is black or
white, and brightness by quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed
from alignlab.predictors.table_encoding import ColumnCode, TableEncoding

__all__ = ["RowNumbers", "as_table", "picture_columns", "require_alike"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RowNumbers:
    """How rows become numbers, fitted on reference rows.

    Attributes
    ----------
    columns
        How each column is encoded.
    left_out
        The columns that cannot be compared, with the reason.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [20.0, 40.0, 30.0], "id": [None, None, None]})
    >>> numbers = RowNumbers.fitted(frame)
    >>> numbers(frame)[:, 0], list(numbers.left_out)
    (array([20., 40., 30.]), ['id'])
    """

    columns: tuple[ColumnCode, ...]
    left_out: dict[str, str]

    @classmethod
    def fitted(cls, frame: pd.DataFrame) -> RowNumbers:
        """Return how the columns of reference rows become numbers.

        Raises
        ------
        InputError
            If no column can be compared.
        """
        columns: list[ColumnCode] = []
        left_out: dict[str, str] = {}
        for name in frame.columns:
            try:
                columns += TableEncoding.fitted(frame[[name]]).columns
            except InputError as reason:
                left_out[str(name)] = str(reason)
        if not columns:
            first = next(iter(left_out.values()), "There is no column.")
            raise InputError(f"No column of the reference can be compared: {first}")
        return cls(tuple(columns), left_out)

    def __call__(self, frame: pd.DataFrame) -> Floats:
        """Return rows as numbers, shape (n, width)."""
        parts = []
        for code in self.columns:
            column = frame[code.name]
            if code.values is not None:
                parts.append(TableEncoding((code,)).encode(frame).astype(np.float64))
                continue
            # Not by the encoding itself, which rounds to 32 bits: seconds since 1970 need more.
            numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
            gone = np.isnan(numbers)
            parts.append(np.where(gone, code.fill, numbers)[:, None])
            if code.missing:
                parts.append(gone[:, None].astype(np.float64))
        return np.hstack(parts)


def as_table(rows: Any, *, what: str = "X") -> pd.DataFrame:
    """Return rows as a table: a data frame with text names, pictures and arrays as columns.

    Parameters
    ----------
    rows
        A data frame, an array or a tensor of shape (n, d) or (n, channels, H, W).
    what
        What it is, for the error.

    Raises
    ------
    InputError
        If it is none of these, or has no rows or columns.
    """
    if isinstance(rows, pd.DataFrame):
        frame = rows.set_axis([str(name) for name in rows.columns], axis=1).reset_index(drop=True)
        if frame.columns.has_duplicates:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise InputError(
                f"{what} has two columns called {twice!r}. Rename one, or leave it out."
            )
        for name in frame.columns[[column.kind in "mM" for column in frame.dtypes]]:
            frame[name] = _in_days(frame[name])
    else:
        rows = rows.detach().cpu().numpy() if hasattr(rows, "detach") else rows
        array = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)
        if array.ndim == 4:
            frame = picture_columns(array)
        elif array.ndim == 2:
            numbers = array.astype(object) if array.dtype.kind in "OUS" else array
            frame = pd.DataFrame(numbers, columns=[f"column {at}" for at in range(array.shape[1])])
            frame = frame.infer_objects()
        else:
            raise InputError(
                f"{what} has the shape {array.shape}. Give n rows: a data frame, (n, d) numbers or "
                "(n, channels, H, W) pictures."
            )
    if not len(frame) or not len(frame.columns):
        raise InputError(f"{what} has {len(frame)} rows and {len(frame.columns)} columns.")
    return frame


def require_alike(reference: pd.DataFrame, frame: pd.DataFrame, *, what: str = "X") -> None:
    """Raise unless both tables have the same columns, of the same kinds.

    Parameters
    ----------
    reference, frame
        Two tables; the second's columns must all be in the first.
    what
        What the second is, for the error.

    Raises
    ------
    InputError
        If a column is absent, or holds numbers in one and something else in the other.
    """
    for one, other, lacks in (
        (frame, reference, "the reference does not have"),
        (reference, frame, f"{what} does not have"),
    ):
        absent = [str(name) for name in one.columns if name not in other.columns]
        if absent:
            raise InputError(
                f"The column {absent[0]!r} ({len(absent)} such: {listed(absent, 3)}) is one that "
                f"{lacks}. Give both the same columns."
            )
    for name in frame.columns:
        kinds = [_is_number(each[name]) for each in (reference, frame)]
        empty = reference[name].isna().all() or frame[name].isna().all()
        if kinds[0] != kinds[1] and not empty:
            held = [str(each[name].dtype) for each in (reference, frame)]
            raise InputError(
                f"Column {name!r} holds {held[0]} in the reference and {held[1]} in {what}. Give "
                "both the same kind."
            )


def picture_columns(images: NDArray[Any]) -> pd.DataFrame:
    """Return what can be said of pictures without knowing what they show.

    Parameters
    ----------
    images
        Shape (n, channels, H, W), from 0 to 1.

    Examples
    --------
    >>> picture_columns(np.full((1, 1, 8, 8), 0.25))["brightness"].tolist()
    [0.25]
    """
    x = np.asarray(images, dtype=np.float64)
    grey = x.mean(axis=1)
    height, width = (max(1, size // 2) for size in grey.shape[1:])
    # Sums over the pixels, not means over the steps: a picture may be one pixel wide.
    steps = [np.abs(np.diff(grey, axis=axis)).sum(axis=(1, 2)) for axis in (1, 2)]
    said = {
        "brightness": grey.mean(axis=(1, 2)),
        "contrast": grey.std(axis=(1, 2)),
        "sharpness": (steps[0] + steps[1]) / grey[0].size,
        "black": (grey < 0.02).mean(axis=(1, 2)),
        "white": (grey > 0.98).mean(axis=(1, 2)),
        "top left": grey[:, :height, :width].mean(axis=(1, 2)),
        "top right": grey[:, :height, -width:].mean(axis=(1, 2)),
        "bottom left": grey[:, -height:, :width].mean(axis=(1, 2)),
        "bottom right": grey[:, -height:, -width:].mean(axis=(1, 2)),
    }
    if x.shape[1] == 3:
        means = x.mean(axis=(2, 3))
        said |= {name: means[:, at] for at, name in enumerate(("red", "green", "blue"))}
        said["colourfulness"] = x.std(axis=1).mean(axis=(1, 2))
    return pd.DataFrame(said)


def _in_days(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.dtype.kind == "M":
        column = column - pd.Timestamp(0, tz=column.dt.tz)
    return pd.Series(pd.TimedeltaIndex(column).total_seconds() / 86_400, index=column.index)


def _is_number(column: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))
