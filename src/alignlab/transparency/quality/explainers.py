"""Explanations as people have them: a function of rows, an array, or a result of this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed

__all__ = ["Explainer", "attributions_of", "disturbed", "reserved"]

Floats = NDArray[np.float64]

Explainer = Callable[[Any], Any]
"""Called with n rows, it returns attributions (n, features) for one output, or a result that holds
them as `values`."""

RESERVED = ("random", "exact Shapley")


def reserved(explanations: Mapping[str, Any]) -> None:
    """Refuse names that the controls bear.

    Raises
    ------
    InputError
        If one is used, or there are no explanations.
    """
    if not isinstance(explanations, Mapping):
        raise InputError(
            f"explanations is a {type(explanations).__name__}. Give a mapping from a name to an "
            "explainer, such as {'mine': explainer}."
        )
    if not explanations:
        raise InputError("There are no explanations. Give a mapping from a name to an explainer.")
    for name in explanations:
        if not isinstance(name, str):
            raise InputError(f"The name {name!r} of an explanation is not a text.")
        if name in RESERVED:
            raise InputError(
                f"The name {name!r} is the control's: {listed(map(repr, RESERVED))} stand beside "
                "the explanations. Give another name."
            )


def attributions_of(given: Any, rows: Any, features: tuple[str, ...], name: str) -> Floats:
    """Return an explanation of rows as an array, shape (n, features).

    Raises
    ------
    InputError
        If it does not have one finite number for each feature of each row.
    """
    found = given(rows) if callable(given) else given
    if isinstance(found, pd.DataFrame) and set(found.columns) == set(features):
        found = found[list(features)]  # by name: its order may be another
    try:
        values = np.asarray(getattr(found, "values", found), dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"The explanation {name!r} is a {type(found).__name__} and no array of numbers of "
            "shape (rows, features)."
        ) from None
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    wanted = (len(rows), len(features))
    if values.shape != wanted:
        raise InputError(
            f"The explanation {name!r} has the shape {values.shape}, and {wanted} is needed: one "
            f"number for each of the features {listed(features)} of each row, for one output. "
            "One-hot columns are one feature; groups={} leaves out none of those that you state."
        )
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).any(axis=1).argmax())
        raise InputError(f"The explanation {name!r} is not finite, first in row {row}.")
    return values


def disturbed(
    X: Any, background: Any, rng: np.random.Generator, *, radius: float, times: int
) -> Any:
    """Return each row a few times over, its quantities moved a little, the first row's first.

    A quantity is a column of numbers with more than two values; it moves by up to `radius` standard
    deviations of the background, evenly. Whole numbers stay whole; all else stays as it is.
    """
    n = len(X)
    at = np.repeat(np.arange(n), times)
    if not isinstance(X, pd.DataFrame):
        if np.asarray(X).dtype.kind == "O":
            X, background = (pd.DataFrame(np.asarray(e)).infer_objects() for e in (X, background))
            moved = disturbed(X, background, rng, radius=radius, times=times)
            return moved.to_numpy(dtype=object)
        spread = _spreads(pd.DataFrame(np.asarray(background)))
        cells = np.asarray(X)[at]
        moved = cells + radius * spread * rng.uniform(-1, 1, cells.shape)
        return moved if cells.dtype.kind == "f" else np.round(moved).astype(cells.dtype)
    rows = X.iloc[at].reset_index(drop=True)
    spreads = _spreads(background[list(X.columns)])
    moves = rng.uniform(-1, 1, rows.shape) * radius * spreads
    columns = {}
    for k, name in enumerate(rows.columns):
        column = rows[name]
        if spreads[k] > 0:
            changed = column + moves[:, k]
            whole = pd.api.types.is_integer_dtype(column.dtype)
            column = (changed.round() if whole else changed).astype(column.dtype)
        columns[name] = column
    return pd.DataFrame(columns)


def _spreads(rows: pd.DataFrame) -> Floats:
    """Return each quantity's standard deviation; 0 for all other columns."""
    spreads = np.zeros(rows.shape[1])
    for k, name in enumerate(rows.columns):
        column = rows[name]
        number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if number and column.nunique() > 2:
            spreads[k] = float(np.nan_to_num(column.std()))
    return spreads
