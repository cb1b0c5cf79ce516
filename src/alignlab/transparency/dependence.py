"""How far a feature can be told from the others: the share of its variance that they explain.

With S the covariance of all features as numbers (ranks, and one column a value where values are
few), the part of feature B that the others don't predict linearly has the covariance
((S^-1)_BB)^-1, so

    explained = 1 - tr ((S^-1)_BB)^-1 / tr S_BB,

over the ranks of a number or the values of a category. For a single column that is
R^2 = 1 - 1/VIF. Near 1, rows with another row's value of B are unlike any that the data holds
[hooker2021unrestricted].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["DEPENDENT", "explained_variance"]

Floats = NDArray[np.float64]

DEPENDENT = 0.8
"""Explained by the others beyond this (a variance inflation of 5), changed rows leave the data."""

LEVELS = (20, 5, 1)
"""So many values have a column of their own, the frequent ones first; fewer where rows are few."""

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
        Columns of numbers to work with, at most, and at most a third of the rows.

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
    limit = min(max_columns, len(X) / 3)
    for levels in LEVELS:
        blocks = [
            _Block.of([_numbers(X[name], levels) for name in columns]) for columns in features
        ]
        if sum(block.numbers.shape[1] for block in blocks) <= limit:
            return _explained(blocks)
    return [float("nan")] * len(blocks)


@dataclass(frozen=True, slots=True)
class _Block:
    """The columns of numbers that stand for one feature, and which of them are to be explained."""

    numbers: Floats
    target: NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Sequence[tuple[Floats, NDArray[np.bool_]]]) -> _Block:
        return cls(
            np.column_stack([numbers for numbers, _ in parts]),
            np.concatenate([target for _, target in parts]),
        )


def _explained(blocks: Sequence[_Block]) -> list[float]:
    numbers = np.column_stack([block.numbers for block in blocks])
    n, p = numbers.shape
    covariance = numbers.T @ numbers / n
    precision = np.linalg.inv(covariance + RIDGE * np.eye(p))
    shares = []
    stop = 0
    for block in blocks:
        own = slice(stop, stop := stop + len(block.target))
        target = np.ix_(block.target, block.target)
        spread = float(np.trace(covariance[own, own][target]))
        if spread < RIDGE:
            shares.append(float("nan"))
            continue
        left = float(np.trace(np.linalg.inv(precision[own, own])[target]))
        freedom = n - 1 - (p - len(block.target))
        shares.append(float(np.clip(1 - left / spread * (n - 1) / freedom, 0, 1)))
    return shares


def _numbers(column: pd.Series, levels: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return centred columns of numbers for one column, and which of them it is judged by."""
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not is_number or column.isna().all():
        values = _values(column, levels)
        return values, np.ones(values.shape[1], dtype=bool)
    ranks = column.rank(pct=True).to_numpy(float, na_value=0.5)
    parts = [_scaled(ranks)]
    if column.nunique() <= levels:
        parts.append(_values(column, levels))
    elif column.isna().any():
        parts.append(_scaled(column.isna()))
    numbers = np.column_stack(parts)
    return numbers, np.arange(numbers.shape[1]) == 0


def _values(column: pd.Series, levels: int) -> Floats:
    """Return a column for each of the frequent values but one, together of variance one."""
    codes, distinct = pd.factorize(column.astype(object), use_na_sentinel=False)
    counts = np.bincount(codes, minlength=len(distinct))
    # One value is left out: the others say when it holds.
    frequent = np.argsort(-counts, kind="stable")[1 : levels + 1]
    if len(frequent) == 0:
        return np.zeros((len(column), 1))
    dummies = (codes[:, None] == frequent).astype(float)
    centred = dummies - dummies.mean(axis=0)
    return np.asarray(centred / np.sqrt(centred.var(axis=0).sum()))


def _scaled(given: ArrayLike) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    centred = values - values.mean()
    spread = centred.std()
    return centred / spread if spread > 0 else centred
