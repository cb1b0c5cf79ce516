"""Which cases fit the time that people have: a threshold for a stream, the best of a batch.

A case goes to a person if its score exceeds a threshold. Of n exchangeable scores the k-th largest
is exceeded by the next one with probability at most k / (n + 1), so the threshold for a share b is
the k-th largest with k = b (n + 1), rounded down; with weights k counts mass. Where many scores are
equal, those at the threshold are asked about with the chance that fills the budget, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError

__all__ = ["Threshold", "chances", "require_budget", "spread", "threshold_for", "top"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which score on a case goes to a person.

    Attributes
    ----------
    above
        Cases with a higher score are asked about; infinity asks never.
    at
        The chance with which cases of exactly this score are.
    """

    above: float
    at: float = 0.0


def require_budget(budget: float) -> float:
    """Return a share of cases, or say what a budget is.

    Raises
    ------
    InputError
        If it is not between 0 and 1.

    Examples
    --------
    >>> require_budget(0.2)
    0.2
    """
    if isinstance(budget, bool) or not isinstance(budget, int | float | np.number):
        raise InputError(f"budget={budget!r} is not a share of cases. Give one, such as 0.2.")
    if not 0 <= budget <= 1:
        raise InputError(
            f"budget={budget!r} is not a share of cases, from 0 to 1. For so many of a batch, give "
            "their share (20 of 200 is 0.1), or the number to the policy: "
            "policy(X, capacity=20)."
        )
    return float(budget)


def threshold_for(
    scores: Floats, budget: float, *, floor: float = -np.inf, weights: Floats | None = None
) -> Threshold:
    """Return the lowest threshold, not below a floor, that keeps the share asked within a budget.

    Parameters
    ----------
    scores
        Of rows that the scores were not fitted on, shape (n,).
    budget
        The largest expected share of cases asked about, from 0 to 1.
    floor
        Cases of this score or less are never asked about.
    weights
        Mass of the rows, shape (n,); `None` counts them alike.

    Examples
    --------
    >>> threshold_for(np.arange(9.0), 0.3)
    Threshold(above=6.0, at=0.0)
    >>> threshold_for(np.zeros(4), 0.6)
    Threshold(above=0.0, at=0.5)
    >>> threshold_for(np.arange(9.0), 1.0, floor=4.5)
    Threshold(above=4.5, at=0.0)
    """
    if budget >= 1:
        return Threshold(floor)
    if budget <= 0 or not len(scores):
        return Threshold(np.inf)
    mass = np.ones(len(scores)) if weights is None else weights / weights.mean()
    levels, at = np.unique(scores, return_inverse=True)
    here = np.bincount(at, mass, len(levels))
    above = mass.sum() - np.cumsum(here)
    # The next case is one more, and may lie above: hence n + 1, and 1 off the room.
    room = budget * (mass.sum() + 1) - 1
    fits = above <= room + 1e-9
    if not fits.any():
        return Threshold(np.inf)
    position = int(np.argmax(fits))
    if levels[position] <= floor:
        return Threshold(floor)
    # A score that only one case has will not come again: a chance for it would mean nothing.
    tied = np.bincount(at)[position] > 1
    left = (room - above[position]) / here[position] if tied else 0.0
    return Threshold(float(levels[position]), float(np.clip(left, 0, 1)))


def chances(scores: Floats, threshold: Threshold) -> Floats:
    """Return each case's chance to be asked about: 1 above the threshold, 0 below it.

    Examples
    --------
    >>> chances(np.array([0.1, 0.2, 0.3]), Threshold(0.2, 0.5))
    array([0. , 0.5, 1. ])
    """
    at_it = np.where(scores == threshold.above, threshold.at, 0.0)
    return np.where(scores > threshold.above, 1.0, at_it)


def top(
    scores: Floats, capacity: int, order: Floats, *, floor: float = -np.inf
) -> NDArray[np.bool_]:
    """Return which cases of a batch are asked about: the best ones, at most so many.

    Parameters
    ----------
    scores
        Shape (n,).
    capacity
        How many people can take, from 0.
    order
        A random number a case, which decides among equal scores; shape (n,).
    floor
        Cases of this score or less are never asked about.

    Raises
    ------
    InputError
        If the capacity is not a whole number from 0.

    Examples
    --------
    >>> top(np.array([3.0, 1.0, 3.0]), 1, np.array([0.7, 0.5, 0.2]))
    array([False, False,  True])
    """
    if isinstance(capacity, bool) or not isinstance(capacity, int | np.integer) or capacity < 0:
        raise InputError(
            f"capacity={capacity!r} is not a whole number from 0: so many cases of this batch can "
            "people take."
        )
    ask = np.zeros(len(scores), dtype=bool)
    ask[np.lexsort((order, -scores))[:capacity]] = True
    return ask & (scores > floor)


def spread(scores: Floats, share: float, weights: Floats) -> Floats:
    """Return chances that ask about exactly this share of these rows, equal scores alike.

    Use it to evaluate; `threshold_for` is for cases to come.

    Parameters
    ----------
    scores
        Shape (n,); the highest are asked about.
    share
        Of the rows' mass, from 0 to 1.
    weights
        The rows' mass, shape (n,).

    Examples
    --------
    >>> spread(np.array([2.0, 1.0, 1.0]), 0.5, np.ones(3))
    array([1.  , 0.25, 0.25])
    """
    levels, at = np.unique(-scores, return_inverse=True)
    here = np.bincount(at, weights, len(levels))
    before = np.cumsum(here) - here
    room = share * weights.sum() - before
    filled = np.divide(room, here, out=np.zeros_like(room), where=here > 0)
    return np.asarray(np.clip(filled, 0, 1)[at])
