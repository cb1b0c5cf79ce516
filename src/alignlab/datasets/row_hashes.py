"""Rows known by their hashes: whether rows kept for one purpose have served another before.

A row's hash is a sum over its cells of h(cell, column), h being the finalizer of SplitMix64
[steele2014fast], so it does not depend on the container: a frame, an array and a tensor of one
content agree. Numbers are compared as 32-bit floats, for a model's rows are often rounded to them,
and a missing cell equals a missing cell.

Two different people can have the same row. Among n training rows of which f1 occur once, a new row
is a repetition by chance with probability about 1 - f1 / n [good1953population], known from n rows
only; so the number of repetitions among m new rows is taken as Beta-binomial(m, n - f1, f1), and
only more than that explains are refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed
from alignlab.intervals import beta_binomial
from alignlab.random import mixed

__all__ = ["joined_hashes", "require_apart", "row_hashes", "shared_rows"]

Hashes = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)

CELLS = 2**16
"""Cells of an array that are hashed at a time: what a processor keeps near, four times as fast."""

CHANCE = 1e-6
"""So many repetitions or more, by chance alone, are believed down to this probability."""


def row_hashes(X: Any, y: Any = None) -> Hashes:
    """Return a hash of each row, the same whatever the rows are kept in.

    Parameters
    ----------
    X
        n rows: a data frame, an array or a tensor of any shape (n, ...), a sparse matrix. The
        order of the columns counts; their names and the frame's index do not.
    y
        One value a row that belongs to it, such as its class; 1, 1.0 and "1" are one class.

    Returns
    -------
    numpy.ndarray
        Shape (n,), unsigned 64-bit integers.

    References
    ----------
    [steele2014fast]

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [30, 41, 30], "income": [1.5, np.nan, 1.5]})
    >>> hashes = row_hashes(frame)
    >>> bool(hashes[0] == hashes[2]), bool(hashes[0] == hashes[1])
    (True, False)
    >>> bool((row_hashes(frame.to_numpy()) == hashes).all())
    True
    """
    if isinstance(X, pd.DataFrame) and len(X.columns) and all(map(_is_number, X.dtypes)):
        X = X.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(X, pd.DataFrame):
        columns = [_of_column(X.iloc[:, at], at) for at in range(X.shape[1])]
        total = _summed(columns, len(X))
    else:
        total = _of_array(X)
    if y is not None:
        labels = np.asarray(y.detach().cpu() if hasattr(y, "detach") else y, dtype=object)
        if labels.shape != total.shape:
            raise InputError(
                f"y has the shape {labels.shape}, and there are {len(total)} rows. Give one label "
                "a row."
            )
        total = total + _of_column(pd.Series(labels).map(_as_number), -1)
    return mixed(total)


def shared_rows(hashes: Hashes, others: Hashes) -> NDArray[np.bool_]:
    """Return whether each row is also among the others, by their hashes, shape (n,)."""
    return np.isin(hashes, np.unique(others))


def joined_hashes(*parts: Hashes) -> Hashes:
    """Return the hashes of rows that are in any of the parts.

    A row is taken as often as in the part that has it most often: the same rows named twice are no
    sign that different cases are alike.

    Examples
    --------
    >>> rows = row_hashes([[1.0], [2.0], [2.0], [3.0]])
    >>> len(joined_hashes(rows[:3], rows[1:], rows))
    4
    """
    counted = [np.unique(part, return_counts=True) for part in parts]
    values, at = np.unique(np.concatenate([each for each, _ in counted]), return_inverse=True)
    times = np.zeros(len(values), dtype=np.intp)
    np.maximum.at(times, at, np.concatenate([each for _, each in counted]))
    return np.repeat(values, times)


def require_apart(
    hashes: Hashes, trained_on: Hashes, *, what: str = "calibration", of: str = "training"
) -> None:
    """Raise if rows are also training rows, beyond what equal rows of different cases explain.

    Parameters
    ----------
    hashes
        Of n rows, by `row_hashes`.
    trained_on
        Of the training rows, repetitions among them included: they tell how often two different
        cases are alike.
    what
        What the rows are for, for the error.
    of
        What the others were for.

    Raises
    ------
    InputError
        If rows are shared; the message names the first ones and how many they are.

    References
    ----------
    [good1953population]

    Examples
    --------
    >>> rows = row_hashes(np.arange(12.0).reshape(6, 2))
    >>> require_apart(rows[:3], rows[3:])
    >>> require_apart(rows[:3], rows[2:])
    Traceback (most recent call last):
    alignlab.errors.InputError: 1 of the 3 calibration rows is also a training row (row 2). \
Leave it out, or give others: what was fitted on a row promises too much of it.
    """
    shared = shared_rows(hashes, trained_on)
    count, n = int(shared.sum()), len(hashes)
    if not count or _by_chance(count, n, trained_on):
        return
    at = listed(np.flatnonzero(shared).tolist(), most=5)
    if count == 1:
        said = f"1 of the {n:,} {what} rows is also a {of} row (row {at}). Leave it out"
    else:
        said = f"{count:,} of the {n:,} {what} rows are also {of} rows (rows {at}). Leave them out"
    raise InputError(f"{said}, or give others: what was fitted on a row promises too much of it.")


def _by_chance(count: int, n: int, trained_on: Hashes) -> bool:
    """Return whether so many repetitions are no surprise where different cases can be alike."""
    once = int((np.unique(trained_on, return_counts=True)[1] == 1).sum())
    again = len(trained_on) - once
    if not again or not once:
        return again > 0
    return float(beta_binomial(n, again, once)[count:].sum()) > CHANCE


def _of_array(X: Any) -> Hashes:
    if hasattr(X, "detach"):
        X = X.detach().cpu().numpy()
    if not hasattr(X, "toarray"):
        X = np.asarray(X)
    if X.ndim == 0:
        raise InputError("A single number is no table of rows. Give n rows.")
    if X.dtype.kind not in "fiub":
        cells = np.asarray(X, dtype=object).reshape(len(X), -1)
        columns = [_of_column(pd.Series(cells[:, at]), at) for at in range(cells.shape[1])]
        return _summed(columns, len(X))
    n = X.shape[0]
    width = int(np.prod(X.shape[1:], dtype=int))
    total = np.zeros(n, dtype=np.uint64)
    step = max(1, CELLS // max(width, 1))
    places = _places(np.arange(width))
    for start in range(0, n, step):
        part = X[start : start + step]
        part = part.toarray() if hasattr(part, "toarray") else part
        bits = _bits(part.reshape(len(part), -1))
        total[start : start + step] = mixed(bits + places).sum(axis=1, dtype=np.uint64)
    return total


def _of_column(column: pd.Series[Any], at: int) -> Hashes:
    """Return the hashes of a column's cells, which depend on where it stands."""
    kind = column.dtype
    if _is_number(kind):
        bits = _bits(column.to_numpy(dtype=np.float64, na_value=np.nan))
    else:
        codes, distinct = pd.factorize(column.to_numpy(dtype=object))
        bits = np.array([*map(_cell, distinct), _cell(np.nan)], dtype=np.uint64)[codes]
    return mixed(bits + _places(np.array([at])))


def _is_number(kind: Any) -> bool:
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)


def _cell(value: Any) -> np.uint64:
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return np.uint64(_bits(np.array([value], dtype=np.float64))[0])
    text = np.array([str(value)], dtype=object)
    return np.uint64(pd.util.hash_array(text, categorize=False)[0])


def _bits(numbers: NDArray[Any]) -> Hashes:
    """Return the bits of numbers as 32-bit floats, of which there is one zero and one NaN."""
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float64, copy=False).astype(np.float32)
    single = np.where(np.isnan(single), np.float32(np.nan), single + np.float32(0))
    return single.view(np.uint32).astype(np.uint64)


def _places(at: NDArray[Any]) -> Hashes:
    return mixed((at + 1).astype(np.uint64) * GOLDEN)


def _summed(columns: list[Hashes], n: int) -> Hashes:
    return np.sum(columns, axis=0, dtype=np.uint64) if columns else np.zeros(n, dtype=np.uint64)


def _as_number(label: Any) -> Any:
    """Return a class as a number where its text is one: files and models differ in that."""
    try:
        return float(label)
    except (TypeError, ValueError):
        return label
