"""Quantilizers: draw from the best share of a trusted base distribution instead of maximizing.

With a base distribution b and utilities u, the q-quantilizer keeps the best share q of the mass of
b and draws from it as b does [taylor2016quantilizers]. Whatever cost c >= 0 the utility leaves out,

    E_quantilizer[c] <= E_b[c] / q,

while a maximizer's cost has no bound. The cut is in mass, not in options: the options that tie at
the cut are kept each with the same part of its base mass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.random import as_generator

__all__ = ["Quantilizer", "quantilize"]

Floats = NDArray[np.float64]

ROUNDING = 1e-12
"""Mass below this share of what is kept is rounding."""


@dataclass(frozen=True, eq=False)
class Quantilizer:
    """A random choice from the best share of a base distribution.

    Attributes
    ----------
    probabilities
        With which each option is drawn, shape (n,).
    base
        The base distribution, summing to one, shape (n,).
    share
        The share q of base mass that is kept.
    threshold
        The utility of the worst option that is still drawn.
    expected_utility
        Of the draw.
    """

    probabilities: Floats
    base: Floats
    share: float
    threshold: float
    expected_utility: float

    def cost_bound(self, base_cost: float) -> float:
        """Return the most that any cost, unknown but not negative, can be expected to be.

        Parameters
        ----------
        base_cost
            Its expectation under the base distribution.
        """
        if not base_cost >= 0:
            raise InputError(f"base_cost={base_cost!r} is negative; the bound is for costs from 0.")
        return base_cost / self.share

    def draw(self, n: int, *, seed: int | np.random.Generator = 0) -> NDArray[np.intp]:
        """Return n options drawn, as positions."""
        generator = as_generator(seed, "quantilizer")
        return generator.choice(len(self.base), size=n, p=self.probabilities).astype(np.intp)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "probabilities": self.probabilities.tolist(),
            "base": self.base.tolist(),
            "share": self.share,
            "threshold": self.threshold,
            "expected_utility": self.expected_utility,
        }


def quantilize(
    utilities: ArrayLike, *, base: ArrayLike | None = None, share: float = 0.1
) -> Quantilizer:
    """Draw from the best share of a trusted base distribution instead of maximizing.

    Use it where the utility is a guess that a maximizer would exploit: whatever it leaves out
    costs at most 1 / share times what it costs under the base distribution.

    Parameters
    ----------
    utilities
        Shape (n,): what each option is worth by the utility that is not fully trusted.
    base
        What a trusted person or policy would do, shape (n,): not negative, scaled to sum to one.
        `None` makes all options equally likely.
    share
        The share of base mass to keep, above 0 (a maximizer) and at most 1 (the base itself).

    Raises
    ------
    InputError
        If shapes don't fit, the base has no mass, or the share is out of range.

    References
    ----------
    [taylor2016quantilizers]

    Examples
    --------
    The cut falls inside the tie at 2, which is split by base mass:

    >>> quantilize([3, 2, 2, 0], base=[0.1, 0.1, 0.3, 0.5], share=0.3).probabilities.round(3)
    array([0.333, 0.167, 0.5  , 0.   ])
    """
    worth = np.asarray(utilities, float)
    if worth.ndim != 1 or not len(worth) or not np.isfinite(worth).all():
        raise InputError(f"utilities have shape {worth.shape}: give one finite number an option.")
    mass = np.ones(len(worth)) if base is None else np.asarray(base, float)
    if mass.shape != worth.shape or not ((mass >= 0) & np.isfinite(mass)).all() or not mass.sum():
        raise InputError(
            f"base has shape {mass.shape}: give one number from 0 for each of the {len(worth)} "
            "options, not all of them 0."
        )
    if not 0 < share <= 1:
        raise InputError(f"share={share!r} is not above 0 and at most 1, such as 0.1.")
    mass = mass / mass.sum()
    level = np.unique(-worth, return_inverse=True)[1]
    at_level = np.bincount(level, mass)
    before = np.cumsum(at_level) - at_level
    # Of the options that tie at the cut, each keeps the same part of its base mass.
    kept = np.clip(share - before, 0.0, at_level)
    # 5/6 of six options are five of them, though five sixths add up to a little less.
    kept[kept <= ROUNDING * share] = 0.0
    part = np.divide(kept, at_level, out=np.zeros_like(kept), where=at_level > 0)
    probabilities = mass * part[level]
    probabilities = probabilities / probabilities.sum()
    drawn = probabilities > 0
    return Quantilizer(
        probabilities=probabilities,
        base=mass,
        share=float(share),
        threshold=float(worth[drawn].min()),
        expected_utility=float(probabilities @ worth),
    )
