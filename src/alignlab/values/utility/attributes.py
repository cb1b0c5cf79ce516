"""Utilities of several attributes: additive, and multiplicative after Keeney and Raiffa.

With attributes x_i, utilities u_i scaled to 0 (worst) and 1 (best), and scaling constants k_i (the
utility of attribute i at its best and all others at their worst),

    additive          u = sum_i k_i u_i(x_i),                    sum_i k_i = 1
    multiplicative    1 + K u = prod_i (1 + K k_i u_i(x_i)),     1 + K = prod_i (1 + K k_i)

[keeney1993decisions, ch. 6]. K > -1 is not 0: above 0 where the constants sum to less than 1 (the
attributes complement each other), below where they sum to more (they substitute each other). The
additive form is its limit as the sum tends to 1. There is no inverse: many bundles are worth the
same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.values.utility.functions import Utility

__all__ = ["Additive", "Multiplicative", "Scaled"]

Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-9
"""How far the additive constants may sum from 1."""

UNIT_TOLERANCE = 1e-9
"""How far a scaled utility may leave 0 to 1 by rounding."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A utility of one attribute, scaled to 0 at its worst and 1 at its best value.

    Attributes
    ----------
    utility
        Any utility of amounts.
    worst, best
        The attribute's ends; `worst` may be the larger number (a cost, a delay).

    Examples
    --------
    >>> from alignlab.values.utility import CARA
    >>> Scaled(CARA(0.0), worst=50, best=10)([50, 20, 10]).tolist()
    [0.0, 0.75, 1.0]
    """

    utility: Utility
    worst: float
    best: float

    def __post_init__(self) -> None:
        ends = np.asarray(self.utility(np.array([self.worst, self.best])), float)
        if not np.isfinite(ends).all() or ends[0] == ends[1]:
            raise InputError(
                f"The utility is {ends[0]:g} at worst={self.worst:g} and {ends[1]:g} at "
                f"best={self.best:g}: it must be finite and differ."
            )

    def __call__(self, amounts: ArrayLike, /) -> Floats:
        """Return the scaled utilities of amounts."""
        low, high = np.asarray(self.utility(np.array([self.worst, self.best])), float)
        # Adding 0 turns the worst of a falling utility from -0 into 0.
        return np.asarray((np.asarray(self.utility(amounts), float) - low) / (high - low)) + 0.0


@dataclass(frozen=True, slots=True)
class Additive:
    """A weighted sum of the attributes' utilities.

    Use it where a person's preference between gambles on one attribute does not depend on the
    others, nor on how they go together. Where it does, use `Multiplicative`.

    Attributes
    ----------
    utilities
        One for each attribute, scaled to 0 at worst and 1 at best (`Scaled`).
    constants
        What each attribute is worth at its best, all others at their worst; they sum to 1.

    References
    ----------
    [keeney1993decisions, ch. 6]

    Examples
    --------
    >>> from alignlab.values.utility import CARA
    >>> u = Additive([Scaled(CARA(0), 0, 100), Scaled(CARA(0), 30, 0)], [0.7, 0.3])
    >>> u([[100, 30], [50, 15]]).round(3).tolist()
    [0.7, 0.5]
    """

    utilities: Sequence[Utility]
    constants: Sequence[float]

    def __post_init__(self) -> None:
        total = float(np.sum(_constants(self.utilities, self.constants)))
        if abs(total - 1) > SUM_TOLERANCE:
            raise InputError(
                f"The additive constants sum to {total:g}, not 1. Scale them, or use "
                "Multiplicative, which takes such constants as they are."
            )

    def __call__(self, amounts: ArrayLike, /) -> Floats:
        """Return the utilities of bundles, shape (..., n_attributes)."""
        return np.asarray(_parts(self.utilities, amounts) @ np.asarray(self.constants, float))


@dataclass(frozen=True, slots=True)
class Multiplicative:
    """The attributes' utilities, multiplied: how they go together counts.

    Use it where attributes complement each other (one at its best is worth little while another is
    at its worst) or substitute each other. Constants that sum to 1 make it additive.

    Attributes
    ----------
    utilities
        One for each attribute, scaled to 0 at worst and 1 at best (`Scaled`).
    constants
        What each attribute is worth at its best, all others at their worst: above 0, at most 1.

    References
    ----------
    [keeney1993decisions, ch. 6]

    Examples
    --------
    >>> from alignlab.values.utility import CARA
    >>> u = Multiplicative([Scaled(CARA(0), 0, 1)] * 2, [0.3, 0.2])
    >>> round(u.interaction, 3)  # 1 + K = (1 + 0.3 K)(1 + 0.2 K)
    8.333
    >>> u([[1, 1], [1, 0], [0, 1], [0, 0]]).round(3).tolist()
    [1.0, 0.3, 0.2, 0.0]
    """

    utilities: Sequence[Utility]
    constants: Sequence[float]

    def __post_init__(self) -> None:
        _interaction(_constants(self.utilities, self.constants))

    @property
    def interaction(self) -> float:
        """K: above 0 for complements, below for substitutes, 0 where the form is additive."""
        return _interaction(np.asarray(self.constants, float))

    def __call__(self, amounts: ArrayLike, /) -> Floats:
        """Return the utilities of bundles, shape (..., n_attributes)."""
        parts = _parts(self.utilities, amounts) * np.asarray(self.constants, float)
        interaction = self.interaction
        if interaction == 0:
            return np.asarray(parts.sum(axis=-1))
        with np.errstate(divide="ignore"):
            return np.asarray(np.expm1(np.log1p(interaction * parts).sum(axis=-1)) / interaction)


def _constants(utilities: Sequence[Utility], constants: Sequence[float]) -> Floats:
    ks = np.asarray(constants, float)
    if ks.shape != (len(utilities),) or len(ks) < 2:
        raise InputError(
            f"There are {len(utilities)} attributes and {ks.size} scaling constants: give one "
            "constant for each of two or more attributes."
        )
    bad = ~((ks > 0) & (ks <= 1))
    if bad.any():
        raise InputError(
            f"The scaling constant {ks[bad][0]:g} is not above 0 and at most 1: it is the utility "
            "of its attribute at its best and all others at their worst."
        )
    return ks


def _interaction(ks: Floats) -> float:
    """Solve 1 + K = prod(1 + K k_i) for the root that is not 0."""
    from scipy.optimize import brentq  # costs an audit, which needs none, half a second

    excess = float(np.sum(ks) - 1)
    if abs(excess) <= SUM_TOLERANCE:
        return 0.0
    if ks.max() == 1:
        return -1.0

    def gap(interaction: float) -> float:
        # Divided by K, so that the root at 0, which always is one, does not attract the search.
        if interaction == 0:
            return excess
        return float(np.log1p(interaction * ks).sum() - np.log1p(interaction)) / interaction

    if excess > 0:
        # With 1 + K = e^-z, which is tiny for many or strong substitutes: z + sum log(1 + K k) = 0.
        def shortfall(z: float) -> float:
            return float(z + np.log1p(np.expm1(-z) * ks).sum()) / z

        largest = -float(np.log1p(-ks).sum())
        smallest = min(1.0, largest) * SUM_TOLERANCE
        return float(np.expm1(-brentq(shortfall, smallest, largest * (1 + 1e-9), xtol=1e-300)))
    high = 1.0
    while gap(high) < 0:
        high *= 2
    return float(brentq(gap, 0.0, high, xtol=1e-15))


def _parts(utilities: Sequence[Utility], amounts: ArrayLike) -> Floats:
    given = np.asarray(amounts, float)
    if given.shape[-1:] != (len(utilities),):
        raise InputError(
            f"The bundles have shape {given.shape}: the last axis must hold {len(utilities)} "
            "attributes."
        )
    parts = np.stack(
        [np.asarray(each(given[..., i]), float) for i, each in enumerate(utilities)], axis=-1
    )
    outside = ~((parts >= -UNIT_TOLERANCE) & (parts <= 1 + UNIT_TOLERANCE))
    if outside.any():
        at = tuple(int(each) for each in np.argwhere(outside)[0])
        raise InputError(
            f"Attribute {at[-1]} at {given[at]:g} has the utility {parts[at]:g}, outside 0 to 1: "
            "scale it from its worst to its best value with Scaled."
        )
    return np.clip(parts, 0.0, 1.0)
