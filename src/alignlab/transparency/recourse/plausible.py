"""How usual a row is: which share of the data's rows lie as far from their neighbours.

    d(x)  = distance of x to its k-th nearest row of the data
    share = #{rows i : d_(-i)(x_i) >= d(x)} / n

with d_(-i) the distance of row i to its k-th nearest other row, and the distance of
[gower1971general] in the units of the cost: spreads for numbers, a category's move for categories
and for a missing cell beside a known one.
A share of 0 says that no row of the data is as far from the others. Neighbours among real rows keep
what goes together, such as age and years of work, which limits column by column do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.transparency.recourse.space import Space

__all__ = ["Neighbourhood", "neighbourhood"]

Floats = NDArray[np.float64]
Points = tuple[Floats, NDArray[np.int32], NDArray[np.bool_]]
"""Numbers in spreads, codes of categories, and which numbers are missing."""

NEAREST = 5
"""Which neighbour is measured to."""

BLOCK = 64
"""Rows whose distances are held at once: they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The rows of the data and how far each is from its neighbours.

    Attributes
    ----------
    points
        The rows, as `_distances` takes them.
    own
        Each row's distance to its k-th nearest other row, sorted.
    k
        Which neighbour.
    """

    space: Space
    points: Points
    own: Floats
    k: int

    def share(self, units: Floats) -> Floats:
        """Return which share of the data's rows lie as far from their neighbours, or farther."""
        if not len(self.own) or not len(units):
            return np.full(len(units), np.nan)
        far = _nearest(self.space, _points(self.space, units), self.points, self.k - 1)
        # What rounding adds must not make a row of the data stranger than itself.
        below = np.searchsorted(self.own, far * (1 - 1e-9), side="left")
        return 1 - below / len(self.own)


def neighbourhood(space: Space, data: Floats, *, k: int = NEAREST) -> Neighbourhood:
    """Return how far the rows of the data are from their neighbours.

    Parameters
    ----------
    space
        The units.
    data
        Rows of the data in units, shape (m, n_units).
    k
        Which neighbour; fewer where there are too few rows.
    """
    points = _points(space, data)
    k = min(k, len(data) - 1)
    if k < 1:
        return Neighbourhood(space, points, np.zeros(0), 1)
    # The nearest one of a row of the data is that row.
    return Neighbourhood(space, points, np.sort(_nearest(space, points, points, k)), k)


def _points(space: Space, units: Floats) -> Points:
    missing = np.isnan(units)
    # A missing number stands in the middle of its way, and `_distances` takes that out again.
    numbers = (np.where(missing, _middle(space), units) / space.scale)[:, space.number]
    codes = np.where(missing, -1, units)[:, ~space.number].astype(np.int32)
    return numbers, codes, missing[:, space.number]


def _middle(space: Space) -> Floats:
    return np.nan_to_num((space.low + space.high) / 2)


def _nearest(space: Space, one: Points, other: Points, place: int) -> Floats:
    """Return how far each row is from the row at a place, from 0, in the order of distances."""
    found = np.empty(len(one[0]))
    for start in range(0, len(found), BLOCK):
        part = slice(start, start + BLOCK)
        far = _distances(space, (one[0][part], one[1][part], one[2][part]), other)
        found[part] = np.partition(far, place, axis=1)[:, place]
    return found


def _distances(space: Space, one: Points, other: Points) -> Floats:
    """Return the distances of rows; a missing and a known cell are as far as two categories."""
    from scipy.spatial.distance import cdist

    change = space.category_cost
    differ = np.zeros((len(one[0]), len(other[0])), dtype=np.int32)
    for mine, theirs in zip(one[1].T, np.ascontiguousarray(other[1].T), strict=True):
        differ += mine[:, None] != theirs
    far = np.asarray(change * differ)
    if space.number.any():
        far += cdist(one[0], other[0], "cityblock")
    middle = (_middle(space) / space.scale)[space.number]
    for column in np.flatnonzero(one[2].any(axis=0) | other[2].any(axis=0)):
        gone, more = zip(*(
            (points[2][:, column], change - np.abs(points[0][:, column] - middle[column]))
            for points in (one, other)
        ), strict=True)  # fmt: skip
        far[gone[0]] += np.where(gone[1], 0.0, more[1])
        far[:, gone[1]] += np.where(gone[0], 0.0, more[0])[:, None]
    return far
