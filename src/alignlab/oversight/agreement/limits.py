"""How sure a coefficient of agreement is: the infinitesimal jackknife over items, on Fisher's z.

With n items, the coefficient a, and U_u its derivative by the weight of item u,

    s^2 = n/(n-1) * sum_u (U_u - mean U)^2,      tanh(artanh a ± t_{n-1} * s / (1 - a^2))

[hughes2022toward] recommends the jackknife over the bootstraps; the scale keeps limits within
[-1, 1] and lets them be as lopsided as they are. Two samples promise too much by their spread:

- Where no item varies (all of them agree), s is 0. Then the share of items in disagreement is
  bounded [clopper1934use], and each of them is taken to disagree as far as values allow.
- Where one answer is rare, a few items decide, and the sample may hold none of them. So limits are
  as wide as they would be with one item more, on which all give the answer farthest from the rest.

Assumes that items are drawn independently. The raters are taken as they are: limits are about what
these raters would show on more items.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import Estimate, critical_value, share_limits

__all__ = ["coefficient_estimate", "undefined_estimate", "widened"]

METHOD = "infinitesimal jackknife over items, Fisher's z, widened by one item"
METHOD_EXACT = "Clopper–Pearson on the share of items in disagreement"


def coefficient_estimate(
    influence: NDArray[np.float64],
    *,
    observed: float,
    expected: float,
    most: float,
    level: float,
) -> Estimate:
    """Return the coefficient 1 - observed / expected with its interval.

    Parameters
    ----------
    influence
        The coefficient's derivative by the weight of each item, shape (n,).
    observed, expected
        The disagreement that there is, and that chance would make; the latter above 0.
    most
        The most that one item can disagree.
    level
        Coverage.

    Examples
    --------
    >>> print(coefficient_estimate(np.zeros(50), observed=0, expected=0.5, most=1, level=0.95))
    1.000 [0.858, 1.000]
    """
    n = len(influence)
    value = 1 - observed / expected
    error = math.sqrt(n / max(n - 1, 1) * float(((influence - influence.mean()) ** 2).sum()))
    if n == 1:
        return Estimate(value, -1.0, 1.0, level, n, "none: one item")
    if error < 1e-12 or abs(value) > 1 - 1e-12:
        low, high = share_limits(min(observed / most, 1.0), n, level=level)
        ends = 1 - float(high) * most / expected, 1 - float(low) * most / expected
        return Estimate(value, max(ends[0], -1.0), min(ends[1], 1.0), level, n, METHOD_EXACT)
    half = critical_value(level, freedom=n - 1) * error / (1 - value**2)
    middle = math.atanh(value)
    return Estimate(value, math.tanh(middle - half), math.tanh(middle + half), level, n, METHOD)


def widened(estimate: Estimate, more: Estimate) -> Estimate:
    """Return an estimate as wide as it would be with one item more."""
    low, high = min(estimate.low, more.low), max(estimate.high, more.high)
    return replace(estimate, low=low, high=high)


def undefined_estimate(level: float, n: int) -> Estimate:
    """Return an estimate that says nothing."""
    critical_value(level)  # says what is wrong with a level
    return Estimate(math.nan, math.nan, math.nan, level, n, "undefined")
