"""Numbers over rows with intervals: ratios of means, and how alike two explanations are.

A ratio of two means over the same rows, R = mean(a) / mean(b), has the linearised error

    se(R) = sd(a - R b) / (sqrt(n) mean(b)).

Rank correlation is Spearman's, with mean ranks where values are equal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from alignlab.intervals import Estimate, critical_value

__all__ = ["overlap", "rank_correlation", "ratio_estimate", "root", "sign_agreement"]

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
    ranks = [rankdata(each, axis=1) for each in (first, second)]
    a, b = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    products = (a * b).sum(axis=1)
    return np.divide(products, size, out=np.full(len(a), np.nan), where=size > 0)


def overlap(first: Floats, second: Floats, most: int) -> Floats:
    """Return the share of each row's `most` largest features that two explanations share."""
    tops = [_largest(each, most) for each in (first, second)]
    return np.asarray((tops[0] & tops[1]).sum(axis=1) / most)


def sign_agreement(first: Floats, second: Floats, most: int) -> Floats:
    """Return how often two explanations agree on the direction of what either calls largest."""
    either = _largest(first, most) | _largest(second, most)
    same = (np.sign(first) == np.sign(second)) & either
    return np.asarray(same.sum(axis=1) / either.sum(axis=1))


def _largest(values: Floats, most: int) -> NDArray[np.bool_]:
    at = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :most]
    chosen = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(chosen, at, True, axis=1)
    return chosen
