"""How many of the rows asked about are unlike any in the data, and because of which feature.

Features p and q are cut into classes (numbers at quantiles, categories by level). With shares s_a
and s_b of two classes, n s_a s_b rows would hold both if p and q had nothing to do with each other.
Where that is at least 10, and no more than a tenth of it is there, the two are as good as never
together: by chance that happens less than once in 2,000 such pairs. A row asked about is outside
the data where its new value of p is as good as never together with its own value of some q. It is
a lower bound: it can't see what only three features together rule out [hooker2021unrestricted].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outside", "classes_of", "outside_shares"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

EXPECTED = 10.0
"""Fewer rows expected than this, and none there may be chance."""

RARE = 0.1
"""As good as never: this share of what would be there without dependence."""

CLASSES = 10
"""Classes that a number is cut into, at most."""


@dataclass(frozen=True, eq=False)
class Outside:
    """The rows outside the data among those asked about on account of one feature.

    Attributes
    ----------
    shares
        Of the rows asked about at each grid point, shape (points,).
    partner
        The feature whose value most often rules out the new one; -1 where there is none.
    """

    shares: Floats
    partner: int


def classes_of(code: Index, value: Floats | None, n: int) -> Index:
    """Return the class of each row in one feature, from 0.

    Parameters
    ----------
    code
        Which distinct value each row holds.
    value
        The values as numbers, NaN where missing; `None` for a category.
    n
        The number of rows that decide how fine the classes are.
    """
    most = int(np.clip(np.sqrt(n / EXPECTED), 2, CLASSES))
    if value is None or code.max(initial=0) < most:
        return code
    known = np.isfinite(value)
    cuts = np.unique(np.quantile(value[known], np.arange(1, most) / most, method="inverted_cdf"))
    return np.where(known, np.searchsorted(cuts, value, side="left"), len(cuts) + 1).astype(np.intp)


def outside_shares(
    player: int, classes: Sequence[Index], points: Index, shares: Floats, rows: int
) -> Outside:
    """Return how many rows leave the data when one feature takes each value of a grid.

    Parameters
    ----------
    player
        The feature that is changed.
    classes
        The classes of the rows, and after them of whatever else the pool holds, by feature.
    points
        The pool row that holds each point of the grid.
    shares
        The rows' shares of the weight.
    rows
        The number of rows; what comes after them in `classes` is not counted.
    """
    n = 1 / float(shares @ shares)
    own = classes[player]
    width = int(own.max()) + 1
    never = np.zeros((width, rows), dtype=bool)
    blamed = np.zeros(len(classes))
    for other, whole in enumerate(classes):
        if other == player:
            continue
        theirs = whole[:rows]
        wide = int(theirs.max()) + 1
        if width * wide > max(n, 1):  # nearly all levels are too rare to say anything
            continue
        joint = np.bincount(own[:rows] * wide + theirs, shares, width * wide).reshape(width, wide)
        expected = n * np.outer(joint.sum(axis=1), joint.sum(axis=0))
        apart = (expected >= EXPECTED) & (n * joint <= RARE * expected)
        if apart.any():
            hit = apart[:, theirs]
            blamed[other] = float((hit @ shares)[own[points]].sum())
            never |= hit
    # A value that the data does not have takes the class of those around it.
    return Outside((never @ shares)[own[points]], int(blamed.argmax()) if blamed.any() else -1)
