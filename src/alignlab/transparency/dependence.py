"""How far a feature can be told from the others: the share of its variance that they explain.

With S the covariance of all features as numbers (ranks for numbers, one column a category), the
part of feature B that the others don't predict linearly has the covariance ((S^-1)_BB)^-1, so

    explained = 1 - tr ((S^-1)_BB)^-1 / tr S_BB,

which for a single column is R^2 = 1 - 1/VIF. Near 1, rows with another row's value of B are unlike
any that the data holds [hooker2021unrestricted].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["explained_variance"]

MOST_LEVELS = 20
"""A category's rarer levels are taken together."""

RIDGE = 1e-6
"""Keeps the covariance invertible where one feature follows exactly from others."""


def explained_variance(
    X: pd.DataFrame,
    features: Sequence[Sequence[str]],
    *,
    max_rows: int = 5_000,
    max_columns: int = 1_000,
) -> list[float]:
    """Return, for each feature, the share of its variance that the other features explain.

    Parameters
    ----------
    X
        n rows.
    features
        The columns of each feature; columns of none are left out.
    max_rows
        Of more rows, this many, evenly spaced, are used.
    max_columns
        With more columns of numbers than this, or than a third of the rows, there is no answer.

    Returns
    -------
    list of float
        Between 0 and 1, corrected for the number of columns; NaN where there is no answer or the
        feature does not vary.

    Examples
    --------
    >>> X = pd.DataFrame({"a": range(99), "b": [2 * x for x in range(99)], "c": [0, 1, 2] * 33})
    >>> [round(share, 2) for share in explained_variance(X, [["a"], ["b"], ["c"]])]
    [1.0, 1.0, 0.0]
    """
    if len(X) > max_rows:
        X = X.take(np.linspace(0, len(X) - 1, max_rows).astype(np.intp))
    blocks = [np.column_stack([_numbers(X[column]) for column in columns]) for columns in features]
    numbers = np.column_stack(blocks) if blocks else np.empty((len(X), 0))
    n, p = numbers.shape
    if p > min(max_columns, n / 3):
        return [float("nan")] * len(blocks)
    covariance = numbers.T @ numbers / n
    precision = np.linalg.inv(covariance + RIDGE * np.eye(p))
    shares = []
    start = 0
    for block in blocks:
        stop = start + block.shape[1]
        own = slice(start, stop)
        start = stop
        spread = float(np.trace(covariance[own, own]))
        if spread < RIDGE:
            shares.append(float("nan"))
            continue
        left = float(np.trace(np.linalg.inv(precision[own, own])))
        unexplained = left / spread * (n - 1) / max(n - 1 - (p - block.shape[1]), 1)
        shares.append(float(np.clip(1 - unexplained, 0, 1)))
    return shares


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return centred columns of numbers for one column; a missing value is a level of its own."""
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    missing = column.isna().to_numpy()
    if is_number and not missing.all():
        parts = [_scaled(column.rank(pct=True).to_numpy(float, na_value=0.5))]
        if missing.any():
            parts.append(_scaled(missing))
        return np.column_stack(parts)
    codes, levels = pd.factorize(column.astype(object), use_na_sentinel=False)
    counts = np.bincount(codes, minlength=len(levels))
    # One level is left out: the others say when it holds.
    common = np.argsort(-counts, kind="stable")[: MOST_LEVELS + 1][1:]
    if len(common) == 0:
        return np.zeros((len(column), 1))
    dummies = (codes[:, None] == common).astype(float)
    return np.asarray(
        (dummies - dummies.mean(axis=0)) / max(np.sqrt(dummies.var(axis=0).sum()), 1e-12)
    )


def _scaled(given: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(given, dtype=np.float64)
    centred = values - values.mean()
    spread = centred.std()
    return centred / spread if spread > 0 else centred
