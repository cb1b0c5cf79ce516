"""Numbers over rows with intervals: ratios of means, and how alike two explanations are.

A ratio of two means over the same rows, R = mean(a) / mean(b), has the linearised error

    se(R) = sd(a - R b) / (sqrt(n) mean(b)).

A number R made of sums over rows, and R_i without row i, has the jackknife's value and error
[miller1974jackknife]

    n R - (n - 1) mean(R_i),        se^2 = (n - 1) / n  sum_i (R_i - mean(R_i))^2.

Rank correlation is Spearman's, with mean ranks where values are equal. Of equal sizes around the
last place among the largest, each is among them in part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import Estimate, critical_value

__all__ = [
    "jackknife_estimate",
    "overlap",
    "rank_correlation",
    "ratio_estimate",
    "root",
    "sign_agreement",
]

Floats = NDArray[np.float64]

SURE = 2.0
"""A ratio is given where its denominator is so many standard errors from zero."""


def ratio_estimate(above: Floats, below: Floats, *, level: float = 0.95) -> Estimate:
    """Return the ratio of two means over rows, with its interval.

    NaN where the denominator is not surely away from zero: a ratio to nothing says nothing.

    Examples
    --------
    >>> print(ratio_estimate(np.array([2.0, 4.0, 6.1]), np.array([1.0, 2.0, 3.0])))
    2.017 [1.962, 2.071]
    """
    n = len(above)
    bottom = float(below.mean())
    method = "linearised ratio of means over rows"
    error_below = float(below.std(ddof=1)) / np.sqrt(n) if n > 1 else np.inf
    if not abs(bottom) > SURE * error_below:
        if n > 1 or bottom == 0:
            return Estimate(np.nan, np.nan, np.nan, level, n, method)
        return Estimate(float(above.mean()) / bottom, -np.inf, np.inf, level, n, method)
    ratio = float(above.mean()) / bottom
    error = float((above - ratio * below).std(ddof=1)) / (np.sqrt(n) * abs(bottom))
    half = float(critical_value(level, freedom=n - 1) * error)
    return Estimate(ratio, ratio - half, ratio + half, level, n, method)


def jackknife_estimate(whole: float, without: Floats, *, level: float = 0.95) -> Estimate:
    """Return the jackknife's value of a number over rows, with its interval.

    Parameters
    ----------
    whole
        The number from all rows.
    without
        The number without each row in turn, shape (rows,).

    Examples
    --------
    >>> rows = np.array([1.0, 2.0, 6.0])
    >>> print(jackknife_estimate(rows.mean(), (rows.sum() - rows) / 2))
    3.000 [-3.572, 9.572]
    """
    n = len(without)
    value = float(n * whole - (n - 1) * without.mean())
    error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    half = float(critical_value(level, freedom=n - 1) * error)
    return Estimate(value, value - half, value + half, level, n, "jackknife over rows")


def root(estimate: Estimate) -> Estimate:
    """Return the square root of an estimate that is not negative, limits included."""
    low, value, high = np.sqrt(np.maximum([estimate.low, estimate.value, estimate.high], 0))
    return Estimate(
        float(value), float(low), float(high), estimate.level, estimate.n, estimate.method
    )


def rank_correlation(first: Floats, second: Floats) -> Floats:
    """Return Spearman's correlation of each row's values; NaN where one has no order.

    Parameters
    ----------
    first, second
        Shape (n, features).
    """
    a, b = (_ranks(each) for each in (first, second))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    products = (a * b).sum(axis=1)
    return np.divide(products, size, out=np.full(len(a), np.nan), where=size > 0)


def overlap(first: Floats, second: Floats, most: int) -> Floats:
    """Return the share of each row's `most` largest features that two explanations share."""
    tops = [_largest(each, most) for each in (first, second)]
    return np.asarray((tops[0] * tops[1]).sum(axis=1) / most)


def sign_agreement(first: Floats, second: Floats, most: int) -> Floats:
    """Return how often two explanations agree on the direction of what either calls largest.

    What neither gives a direction is no agreement and no difference; 0 where that is everything.
    """
    either = 1 - (1 - _largest(first, most)) * (1 - _largest(second, most))
    either = either * ((first != 0) | (second != 0))
    same = (np.sign(first) == np.sign(second)) * either
    total = either.sum(axis=1)
    return np.divide(same.sum(axis=1), total, out=np.zeros(len(total)), where=total > 0)


def _ranks(values: Floats) -> Floats:
    """Return mean ranks less their mean: values below less values above, halved."""
    ordered = np.sort(values, axis=1)
    below, above = np.empty(values.shape), np.empty(values.shape)
    for row, line, low, high in zip(values, ordered, below, above, strict=True):
        low[:] = np.searchsorted(line, row)
        high[:] = len(line) - np.searchsorted(line, row, side="right")
    return (below - above) / 2


def _largest(values: Floats, most: int) -> Floats:
    """Return how far each value is among the `most` largest by size, from 0 to 1."""
    sizes = np.abs(values)
    last = -np.sort(-sizes, axis=1)[:, most - 1 : most]
    above, equal = sizes > last, sizes == last
    room = most - above.sum(axis=1, keepdims=True)
    return np.asarray(above + equal * room / equal.sum(axis=1, keepdims=True))
