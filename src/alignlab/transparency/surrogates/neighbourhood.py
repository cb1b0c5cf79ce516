"""The neighbourhood that a local explanation speaks of, drawn from directly.

LIME weighs samples of the whole data by a kernel around the row, exp(-distance^2 / (2 width^2))
[ribeiro2016why, sec. 3.4], which leaves most samples without weight. The kernel is a product over
features, so the weighted law is one of independent features, each drawn from

    P(value) ~ P_background(value) exp(-(value - own value)^2 / (2 width^2 spread^2)),

and drawing from it makes every weight 1 [tan2023glime, sec. 4.1]. A feature of two states (as it
is, or otherwise: a category, a word, a superpixel) starts from a fair coin and leaves its own state
with probability 1 / (1 + exp(1 / (2 width^2))). No feature moves in fewer than a tenth of the
samples, since nothing is learnt of one that stays.

Each law is rounded to 4,096 equally likely slots, in the order of the values. Samples come in
pairs: slot s of one is slot 4095 - s of the other, in every feature, so that what is even around
the middle cancels out of a slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = [
    "SLOTS",
    "SPREAD_OF_TWO",
    "Neighbourhood",
    "drawn_pairs",
    "leaving_chance",
    "ordered_values",
    "slots_of_numbers",
    "two_states",
]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

SLOTS = 4096

LEAST_MOVED = 0.1
"""A feature leaves its own value in at least this share of the samples."""

SPREAD_OF_TWO = 0.5
"""The standard deviation of a fair coin: the unit in which features of two states are compared."""

MOST_VALUES = 4096
"""Of more background values, so many, evenly spaced in their order, stand for all."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Where the samples of one width come from.

    Attributes
    ----------
    design
        What the linear model reads in each slot, shape (SLOTS, features): a number's distance
        from the row's own value, in its own unit; for two states 1 as it is, 0 otherwise.
    choice
        What stands in each slot, shape (SLOTS, features): a position in the subject's values.
    """

    design: Floats
    choice: Index

    @cached_property
    def mean(self) -> Floats:
        """The mean of the design, shape (features,): exact, as all slots are equally likely."""
        return self.design.mean(axis=0)

    @cached_property
    def deviation(self) -> Floats:
        """The standard deviation of the design, shape (features,)."""
        return self.design.std(axis=0)

    @cached_property
    def _standard(self) -> Floats:
        return (self.design - self.mean) / self.deviation

    def cells(self, slots: NDArray[np.uint16]) -> Index:
        """Return where samples stand in `design` and `choice`, in the shape of `slots`."""
        features = self.design.shape[1]
        cells = slots.astype(np.intp)
        cells *= features
        cells += np.arange(features)
        return cells

    def designed(self, cells: Index) -> Floats:
        """Return the design of samples, of mean 0 and deviation 1, in the shape of `cells`."""
        return self._standard.take(cells)

    def chosen(self, cells: Index) -> Index:
        """Return what the samples hold, as `choice`, in the shape of `cells`."""
        return self.choice.take(cells)


def drawn_pairs(generator: np.random.Generator, pairs: int, features: int) -> NDArray[np.uint16]:
    """Return the slots of samples and of their mirror images, shape (pairs, 2, features).

    Examples
    --------
    >>> slots = drawn_pairs(np.random.default_rng(0), 3, 2)
    >>> slots.sum(axis=1).tolist()
    [[4095, 4095], [4095, 4095], [4095, 4095]]
    """
    bits = np.frombuffer(generator.bytes(2 * pairs * features), dtype="<u2")
    slots = np.empty((pairs, 2, features), dtype=np.uint16)
    slots[:, 0] = (bits & np.uint16(SLOTS - 1)).reshape(pairs, features)
    slots[:, 1] = np.uint16(SLOTS - 1) - slots[:, 0]
    return slots


def leaving_chance(width: float) -> float:
    """Return how likely a feature of two states is to leave its own.

    Examples
    --------
    >>> [round(leaving_chance(width), 3) for width in (np.inf, 1.0, 0.5, 0.25)]
    [0.5, 0.378, 0.119, 0.1]
    """
    return max(LEAST_MOVED, float(special.expit(-1 / (2 * width**2))))


def two_states(width: float) -> NDArray[np.bool_]:
    """Return in which slots a feature of two states has left its own, shape (SLOTS,)."""
    stay = round(SLOTS * (1 - leaving_chance(width)))
    return np.arange(SLOTS) >= stay


def ordered_values(values: Floats, own: int) -> Index:
    """Return the positions of the values that a number may take, in ascending order.

    Parameters
    ----------
    values
        The row's own value and the background's, shape (n,); NaN and infinities are left out.
    own
        The position of the row's own value.
    """
    usable = np.flatnonzero(np.isfinite(values))
    # Which of equal values comes first makes no difference to a row.
    order = usable[np.argsort(values[usable])]
    if len(order) <= MOST_VALUES:
        return order
    thinned = np.linspace(0, len(order) - 1, MOST_VALUES).astype(np.intp)
    # The own value keeps its share of the law, which thinning could take away.
    kept = np.zeros(len(order), dtype=bool)
    kept[thinned] = True
    return order[kept | (order == own)]


def slots_of_numbers(distance: Floats, width: float) -> Index:
    """Return which value stands in each slot of a feature that is a number.

    Parameters
    ----------
    distance
        From the row's own value to each value that the feature may take, in the unit of `width`
        and in ascending order; 0 is among them.
    width
        The kernel's width.

    Returns
    -------
    ndarray
        Positions in `distance`, ascending, shape (SLOTS,).

    Examples
    --------
    >>> distance = np.array([-1.0, 0.0, 1.0, 50.0])
    >>> np.bincount(slots_of_numbers(distance, 1.0)).tolist()
    [1123, 1850, 1123]
    """
    logs = -(distance**2) / (2 * width**2)
    moved = distance != 0
    mass = np.exp(logs)
    if moved.any():
        staying, leaving = float(mass[~moved].sum()), float(mass[moved].sum())
        if leaving < LEAST_MOVED * (staying + leaving):
            # From the largest on, so that values too far for a float still have their shares.
            mass[moved] = np.exp(logs[moved] - logs[moved].max())
            mass[moved] *= LEAST_MOVED / mass[moved].sum()
            mass[~moved] = (1 - LEAST_MOVED) / (~moved).sum()
    cumulative = np.cumsum(mass)
    ends = np.floor(cumulative * (SLOTS / cumulative[-1]) + 0.5).astype(np.intp)
    ends[-1] = SLOTS
    return np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
