"""Cronbach's alpha, with Feldt's interval: how far statements rate one thing.

Of k statements with variances v_j and a sum of variance v [cronbach1951coefficient],

    alpha = k / (k - 1) * (1 - sum v_j / v),

and (1 - alpha) / (1 - estimate) is F with n - 1 and (n - 1)(k - 1) degrees of freedom
[feldt1965approximate], which gives the limits. It assumes normal ratings that differ between
statements by a constant; an alpha is of these people and no property of the scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value

__all__ = ["cronbach_alpha"]


def cronbach_alpha(ratings: ArrayLike, *, level: float = 0.95) -> Estimate | None:
    """Return Cronbach's alpha, or `None` where it is undefined.

    Use it to see whether a mean of ratings is of one thing. It does not show that there is only
    one: two unlike halves have a high alpha too.

    Parameters
    ----------
    ratings
        Shape (n people, k statements), all in one direction; no NaN.
    level
        Of the interval.

    Returns
    -------
    Estimate or None
        `None` with fewer than two people, or where all sums are alike.

    Raises
    ------
    InputError
        If there are fewer than two statements, or a rating is missing.

    References
    ----------
    [cronbach1951coefficient], [feldt1965approximate]

    Examples
    --------
    >>> print(cronbach_alpha([[1, 2], [2, 3], [3, 3], [5, 6]]))
    0.978 [0.667, 0.999]
    """
    critical_value(level)
    table = np.asarray(ratings, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError(
            f"ratings have shape {table.shape}; give people by two or more statements."
        )
    if not np.isfinite(table).all():
        raise InputError("A rating is missing. Leave out the people who did not answer all.")
    n, k = table.shape
    if n < 2:
        return None
    total = float(table.sum(axis=1).var(ddof=1))
    if total == 0:
        return None
    value = k / (k - 1) * (1 - float(table.var(axis=0, ddof=1).sum()) / total)
    tail = (1 - level) / 2
    low, high = (
        1 - (1 - value) * float(stats.f.ppf(share, n - 1, (n - 1) * (k - 1)))
        for share in (1 - tail, tail)
    )
    return Estimate(value, low, high, level, n, "Feldt, F")
