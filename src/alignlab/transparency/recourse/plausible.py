"""How usual a row is: which share of the data's rows lie as far from their neighbours.

    d(x)  = distance of x to its k-th nearest row of the data
    share = #{rows i : d_(-i)(x_i) >= d(x)} / n

with d_(-i) the distance of row i to its k-th nearest other row, and the distance of
[gower1971general] in the units of the cost: spreads for numbers, a category's move for categories.
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

NEAREST = 5
"""Which neighbour is measured to."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The rows of the data and how far each is from its neighbours.

    Attributes
    ----------
    points
        The rows as points between which the city-block distance is that of the rows.
    own
        Each row's distance to its k-th nearest other row, sorted.
    k
        Which neighbour.
    """

    space: Space
    points: Floats
    own: Floats
    k: int

    def share(self, units: Floats) -> Floats:
        """Return which share of the data's rows lie as far from their neighbours, or farther."""
        if not len(self.own) or not len(units):
            return np.full(len(units), np.nan)
        far = np.partition(_distances(_points(self.space, units), self.points), self.k - 1, axis=1)
        # What rounding adds must not make a row of the data stranger than itself.
        below = np.searchsorted(self.own, far[:, self.k - 1] * (1 - 1e-9), side="left")
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
    k = min(k, len(points) - 1)
    if k < 1:
        return Neighbourhood(space, points, np.zeros(0), 1)
    # The nearest one of a row of the data is that row.
    own = np.partition(_distances(points, points), k, axis=1)[:, k]
    return Neighbourhood(space, points, np.sort(own), k)


def _points(space: Space, units: Floats) -> Floats:
    columns = []
    for unit in range(len(space)):
        cells = units[:, unit]
        missing = np.isnan(cells)
        if space.number[unit]:
            columns.append(np.where(missing, 0.0, cells) / space.scale[unit])
        else:
            half = space.category_cost / 2
            columns += [half * (cells == level) for level in range(len(space.levels[unit] or ()))]
        columns.append(space.category_cost * missing)
    return np.column_stack(columns).astype(np.float64)


def _distances(one: Floats, other: Floats) -> Floats:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(one, other, "cityblock"))
