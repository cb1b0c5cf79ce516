"""Rows of a table after accidents of a severity: the small changes, stronger or more of them.

A severity is the strength of the noise (`NOISE`, in a column's spread), or how many cells of a row
are emptied, misspelt or in another unit. A worse severity has the same changes and more: each is
made to what the one before it left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.random import as_generator
from alignlab.robustness.corruption.changed_rows import ChangedRows, change_rows

__all__ = ["NOISE", "can_happen", "corrupt_table"]

NOISE = (0.05, 0.1, 0.2, 0.3, 0.5)
"""The noise's standard deviation in severities 1 to 5, as a share of a column's spread."""


def corrupt_table(
    X: pd.DataFrame, kind: Any, severity: int, *, rows: NDArray[np.intp], seed: int = 0
) -> pd.DataFrame:
    """Return rows of a table after an accident; those that it cannot happen to as they were.

    Parameters
    ----------
    X
        The whole table, whose ranges and known values count.
    kind
        "noise", "missing", "typo" or "unit"; see `change_rows`.
    severity
        From 1 to 5.
    rows
        The positions of the rows wanted.
    seed
        Decides the changes.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [20, 30, 40], "job": ["clerk", "nurse", "clerk"]})
    >>> corrupt_table(X, "missing", 2, rows=np.arange(3)).isna().sum(axis=1).tolist()
    [2, 2, 2]
    """
    if kind == "noise":
        strength = NOISE[severity - 1]
        changed = change_rows(
            X, kind, rows=rows, strength=strength, seed=as_generator(seed, "corruption", "noise")
        )
        return _replaced(X, changed).take(rows).reset_index(drop=True)
    for step in range(severity):
        generator = as_generator(seed, "corruption", kind, str(step))
        X = _replaced(X, change_rows(X, kind, rows=rows, seed=generator))
    return X.take(rows).reset_index(drop=True)


def can_happen(X: pd.DataFrame, kind: Any, rows: NDArray[np.intp]) -> bool:
    """Return whether an accident can happen to any of the rows; no typo happens to numbers."""
    return len(change_rows(X, kind, rows=rows).rows) > 0


def _replaced(X: pd.DataFrame, changed: ChangedRows) -> pd.DataFrame:
    """Return the table with its changed rows in their places."""
    X = X.copy()
    for name in X.columns:
        after = changed.frame[name]
        column = X[name].astype(after.dtype)
        column.iloc[changed.rows] = after.array
        X[name] = column
    return X
