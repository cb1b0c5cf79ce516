"""A row as people hold it, made one row of the background's kind.

A series of a mixed table holds Python objects, a mapping has no dtypes, and a category that the
background lacks has no code in it. Cells are brought to the background's dtypes without changing
what they say; where that cannot be done the background's copy is widened, or the row is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from alignlab.errors import InputError, listed
from alignlab.predictors import Predictor

__all__ = ["background_rows", "row_like"]


def background_rows(predictor: Predictor, background: Any) -> Any:
    """Return the background as a data frame or an array of the columns that the model reads.

    Raises
    ------
    InputError
        If it is neither, or has fewer than 2 rows.
    """
    if not isinstance(background, pd.DataFrame):
        background = np.asarray(background)
        if background.ndim != 2:
            raise InputError(
                f"The background has the shape {background.shape}. Give a data frame, or an array "
                "of shape (n, columns)."
            )
    if len(background) < 2:
        raise InputError(
            f"The background has {len(background)} row; perturbations are drawn from it. Give 2 "
            "rows or more, such as the training data."
        )
    return predictor.selected(background)


def row_like(row: Any, background: Any, predictor: Predictor) -> tuple[Any, Any]:
    """Return the row as one row of the background's kind, and the background that goes with it.

    Parameters
    ----------
    row
        A data frame of one row, a series, a mapping, or a sequence in the columns' order.
    background
        As `background_rows` returns it; never changed.
    predictor
        The model.

    Returns
    -------
    (row, background)
        Of the same columns and dtypes: a category that the background lacks is known to both, and
        integers are floats in both where the row has a fraction or nothing.

    Raises
    ------
    InputError
        If the row is not one row of these columns.
    """
    if isinstance(row, Mapping):
        row = pd.Series(dict(row), dtype=object)
    if isinstance(row, pd.Series):
        row = pd.DataFrame({name: [value] for name, value in row.items()})
    if not isinstance(row, pd.DataFrame):
        # Cells of several kinds would all become texts.
        mixed = isinstance(background, pd.DataFrame) and not isinstance(row, np.ndarray)
        row = np.asarray(row, dtype=object) if mixed else np.asarray(row)
        row = row[None] if row.ndim == 1 else row
        width = background.shape[1]
        if row.ndim != 2 or row.shape[1] != width:
            raise InputError(
                f"The row has the shape {row.shape}, and the background has {width} columns."
            )
    if len(row) != 1:
        raise InputError(f"lime explains one row, and {len(row)} were given. Give one of them.")
    if isinstance(background, np.ndarray):
        values = row.to_numpy() if isinstance(row, pd.DataFrame) else row
        if values.shape[1] != background.shape[1]:
            raise InputError(
                f"The row has {values.shape[1]} columns, and the background {background.shape[1]}."
            )
        return values.astype(np.result_type(values, background)), background
    if isinstance(row, np.ndarray):
        row = pd.DataFrame({name: [row[0, at]] for at, name in enumerate(background.columns)})
    spelled = row if predictor.features is None else predictor.selected(row)
    missing = [name for name in background.columns if name not in spelled.columns]
    if missing:
        raise InputError(
            f"The row lacks the column {str(missing[0])!r} of the background; it has "
            f"{listed(map(str, row.columns))}."
        )
    background = background.copy(deep=False)
    own = {}
    for name in background.columns:
        own[name], background[name] = _cell_like(spelled[name].iloc[0], background[name], name)
    return pd.DataFrame(own), background


def _cell_like(value: Any, column: pd.Series, name: Any) -> tuple[pd.Series, pd.Series]:
    """Return a cell as a column of the background's dtype, which is widened where it must be."""
    missing = value is None or value is pd.NaT or value is pd.NA or value != value
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        if not missing and value not in dtype.categories:
            column = column.cat.add_categories([value])
        return pd.Series([None if missing else value], dtype=column.dtype), column
    try:
        if isinstance(value, str) and pd.api.types.is_numeric_dtype(dtype):
            raise TypeError("a text among numbers")
        cell = pd.Series([None if missing else value]).astype(dtype)
    except (ValueError, TypeError) as error:
        if missing and pd.api.types.is_numeric_dtype(dtype):
            return pd.Series([np.nan]), column.astype(np.float64)
        raise InputError(
            f"The row holds {value!r} in the column {str(name)!r}, where the background holds "
            f"{dtype}."
        ) from error
    if not missing and not bool(cell.iloc[0] == value) and pd.api.types.is_integer_dtype(dtype):
        return pd.Series([float(value)]), column.astype(np.float64)
    return cell, column
