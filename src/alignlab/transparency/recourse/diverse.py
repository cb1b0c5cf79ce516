"""Which of many changes to show: the cheapest, then those that differ most for what they cost.

The difference of two changed rows is a share between 0 and 1 over the units that either changes: 1
for a unit that only one changes, or both in different directions or to different categories;
|m - m'| / max(m, m') for one that both move the same way by m and m'. The next row is greedily

    argmax over rows of  min over rows taken of difference * (cheapest cost / cost),

the greedy form of the max-min choice; [mothilal2020explaining] take a determinant instead, which
asks for the same and cannot say that what is left differs in nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.transparency.recourse.space import Space

__all__ = ["chosen", "differences"]

Floats = NDArray[np.float64]

LEAST = 0.1
"""Two rows that differ by less are one answer given twice."""


def chosen(
    space: Space,
    origin: Floats,
    units: Floats,
    cost: Floats,
    plausible: NDArray[np.bool_],
    *,
    number: int,
) -> list[int]:
    """Return which rows to show, the cheapest first.

    Parameters
    ----------
    space, origin
        The units, and the row as it is, shape (n_units,).
    units, cost
        Rows in units, shape (n, n_units), and what they cost.
    plausible
        Which rows are usual enough; of the others only the cheapest of all is taken.
    number
        How many, at most. Fewer are returned where the others hardly differ.
    """
    if not len(units):
        return []
    plausible = plausible & ~_beyond_need(space.changed(units, origin), cost)
    # Of equally cheap rows the plausible one, then the first.
    taken = [int(np.lexsort((~plausible, cost))[0])]
    worth = cost[taken[0]] / np.maximum(cost, 1e-300)
    nearest = np.full(len(units), np.inf)
    while len(taken) < number:
        nearest = np.minimum(nearest, differences(space, origin, units, units[taken[-1]]))
        open_ = (nearest >= LEAST) & plausible
        open_[taken] = False
        if not open_.any():
            break
        value = np.where(open_, nearest * worth, -1.0)
        taken.append(int(value.argmax()))
    return [taken[0], *sorted(taken[1:], key=lambda at: (float(cost[at]), at))]


def differences(space: Space, origin: Floats, units: Floats, one: Floats) -> Floats:
    """Return how much each row's changes differ from those of one row, shape (n,)."""
    changed, mine = space.changed(units, origin), space.changed(one, origin)
    move, own = units - origin, one - origin
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.abs(move - own) / np.maximum(np.abs(move), np.abs(own))
    share = np.where(space.number, np.where(move * own > 0, share, 1.0), 1.0 * (units != one))
    either = changed | mine
    total = np.where(either, np.where(changed & mine, share, 1.0), 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(either.sum(axis=1), 1))


def _beyond_need(changed: NDArray[np.bool_], cost: Floats) -> NDArray[np.bool_]:
    """Return which rows change all that a cheaper row changes, and more."""
    many = changed.sum(axis=1)
    shared = changed.astype(np.float32) @ changed.T.astype(np.float32)
    within = (shared == many[:, None]) & (many[:, None] < many)
    return np.asarray((within & (cost[:, None] <= cost)).any(axis=0))
