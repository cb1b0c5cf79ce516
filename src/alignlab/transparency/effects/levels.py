"""The order of categories that have none: those whose rows are alike stand next to each other.

Levels k, l of a category are as far apart as their rows' other features are
[apley2020visualizing]: the sum over other features of the largest difference between the two
distribution functions (numbers), or of half the summed differences between shares (categories). One
axis is fitted to these distances by classical scaling [gower1966distance], and the levels are put
in their order on it. So a step from one level to the next asks about rows that are not far from the
data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["likeness_order"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


def likeness_order(level: Index, others: Sequence[tuple[Index, bool]], shares: Floats) -> Index:
    """Return the levels in an order in which like ones are neighbours.

    Parameters
    ----------
    level
        Which level each row holds, from 0, shape (n,); -1 where it holds none of them.
    others
        For each other feature, the class of each row, from 0, and whether classes have an order.
    shares
        Each row's weight, shape (n,).

    Returns
    -------
    ndarray
        The levels' positions; the end that is nearer to the most frequent level comes first.

    Examples
    --------
    Rents fall from a over c to b, and the order follows:

    >>> level, rent = np.array([0, 0, 1, 1, 2, 2]), np.array([2, 3, 0, 1, 1, 2])
    >>> likeness_order(level, [(rent, True)], np.ones(6)).tolist()
    [0, 2, 1]
    """
    number = int(level.max(initial=-1)) + 1
    mass = np.bincount(level[level >= 0], shares[level >= 0], number)
    if number < 3:
        return np.argsort(-mass, kind="stable")
    apart = np.zeros((number, number))
    for classes, ordered in others:
        apart += _distances(level, classes, ordered, shares, number)
    centred = apart**2
    centred = centred - centred.mean(axis=0) - centred.mean(axis=1)[:, None] + centred.mean()
    _, axes = np.linalg.eigh(-centred / 2)
    place = np.round(axes[:, -1], 12)
    if place[mass.argmax()] > np.median(place):
        place = -place
    return np.lexsort((-mass, place))


def _distances(level: Index, classes: Index, ordered: bool, shares: Floats, number: int) -> Floats:
    width = int(classes.max(initial=0)) + 1
    held = level >= 0
    flat = np.bincount(level[held] * width + classes[held], shares[held], number * width)
    share = flat.reshape(number, width)
    share = share / share.sum(axis=1, keepdims=True)
    if ordered:
        reached = share.cumsum(axis=1)
        return np.abs(reached[:, None] - reached[None]).max(axis=2)
    return np.abs(share[:, None] - share[None]).sum(axis=2) / 2
