"""Cells of the tables that processes and rewards are read from: names, and finite numbers.

Names are text as it is written, but what looks like a number is one, however it is written and
stored: 1, 1.0 and a column of floats with a 1 name the same state. 007 is not 7. Spaces around a
name, and whether true is written with a capital, mean nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["first_of", "name_of", "names_in", "numbers_in", "read_cells", "require_column"]

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+", re.ASCII)
"""A number with a point; leading zeros make it a name."""


def read_cells(path: str | Path) -> pd.DataFrame:
    """Return the table in a file, its columns without the spaces around their names."""
    from alignlab.datasets import read_table

    frame = read_table(path)
    stripped = [str(column).strip() for column in frame.columns]
    if len(set(stripped)) == len(stripped):
        frame.columns = stripped
    return frame


def require_column(frame: pd.DataFrame, column: str, file: str) -> None:
    """Raise if there is no such column."""
    if column not in frame.columns:
        raise InputError(
            f"{file} has no column {column!r}.{nearest(column, frame.columns)} Its columns are "
            f"{listed(frame.columns)}."
        )


def name_of(cell: Any) -> str:
    """Return what a cell calls a state or an action."""
    text = str(cell).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    if isinstance(cell, float | np.floating) or NUMBER.fullmatch(text):
        number = float(text)
        return str(int(number)) if number.is_integer() else repr(number)
    return text


def names_in(frame: pd.DataFrame, column: str, file: str) -> list[str]:
    """Return the names in a column; raise if a cell has none."""
    cells = frame[column]
    names = [name_of(cell) for cell in cells]
    absent = cells.isna().to_numpy() | np.array([not name for name in names])
    if absent.any():
        raise InputError(f"Row {first_of(absent)} of {file} has no {column}.")
    return names


def numbers_in(frame: pd.DataFrame, column: str, file: str) -> NDArray[np.float64]:
    """Return the numbers in a column; raise if a cell holds none that is finite."""
    import pandas as pd

    cells = frame[column]
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)
    bad = ~np.isfinite(numbers)
    if bad.any():
        cell = cells.iloc[int(bad.argmax())]
        said = "nothing" if pd.isna(cell) else repr(cell)
        raise InputError(
            f"Row {first_of(bad)} of {file}: {column} is {said}, and not a finite number."
        )
    return np.asarray(numbers)


def first_of(mask: Any) -> int:
    """Return the number of the first marked row, counted from 1 below the header."""
    return int(np.asarray(mask).argmax()) + 1
