"""Bands around a curve: each point's standard error, and one critical value for the whole curve.

A curve is a mean over rows or a sum of such means, so up to a remainder of order 1/n

    curve(g) - truth(g) = sum_i psi_i(g),    se(g)^2 = n/(n-1) sum_i psi_i(g)^2,

with psi_i(g) what row i adds to it (its influence). A bootstrap over rows draws counts c of n rows
with replacement, which is a multinomial, and moves the curve by sum_i (c_i - 1) psi_i(g): one
matrix product for all draws. Of many rows the sum is normal, with the covariance of the influences,
and is drawn as such. The pointwise limits are curve ± t se. The simultaneous ones are curve ± k se,
k being the level's quantile over draws of the largest |move(g)| / se(g)
[montielolea2019simultaneous], times t/z where rows are few: with the stated chance the whole curve
lies inside. Assumes independent rows.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import critical_value

__all__ = ["Band", "Redraws"]

Floats = NDArray[np.float64]

Band = Literal["simultaneous", "pointwise"]

MANY = 5_000
"""From so many rows on, sums of influences are normal for all that a band asks of them."""


class Redraws:
    """How often each row is drawn in each of many samples of all rows, with replacement.

    Parameters
    ----------
    shares
        Each row's share of the weight, shape (n,).
    band
        "simultaneous" or "pointwise".
    level
        The chance that the truth lies inside.
    draws
        Samples drawn; none for a pointwise band, which needs none.
    generator
        Decides them.
    """

    def __init__(
        self,
        shares: Floats,
        *,
        band: Band,
        level: float,
        draws: int,
        generator: np.random.Generator,
    ) -> None:
        n = len(shares)
        self.effective = 1 / float(shares @ shares)
        self.band = band
        self.level = level
        self.draws = draws
        self.generator = generator
        self.counts = np.zeros((0, n), dtype=np.float32)
        if band == "simultaneous" and n < MANY:
            drawn = generator.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n)
            self.counts = counts.astype(np.float32)

    def limits(self, curve: Floats, influences: Floats) -> tuple[Floats, Floats]:
        """Return the lower and upper limits of a curve.

        Parameters
        ----------
        curve
            Shape (points,).
        influences
            What each row adds to it, shape (n, points).
        """
        n = self.effective
        if n <= 1:
            return np.full_like(curve, -np.inf), np.full_like(curve, np.inf)
        plain = np.sqrt(np.square(influences).sum(axis=0))
        known = plain > 1e-12 * np.abs(curve).max(initial=1e-300)
        factor = critical_value(self.level, freedom=n - 1)
        if self.band == "simultaneous" and known.any():
            scaled = (influences[:, known] / plain[known]).astype(np.float32)
            single = critical_value(self.level)
            factor *= max(self._largest(scaled), single) / single
        half = np.where(known, factor * plain * np.sqrt(n / (n - 1)), 0.0)
        return curve - half, curve + half

    def _largest(self, scaled: NDArray[np.float32]) -> float:
        """Return the level's quantile of the largest scaled move of the curve."""
        if len(self.counts):
            moves = self.counts @ scaled - scaled.sum(axis=0)
        else:
            sizes, axes = np.linalg.eigh((scaled.T @ scaled).astype(np.float64))
            normal = self.generator.standard_normal((self.draws, len(sizes)))
            moves = normal @ (axes * np.sqrt(np.maximum(sizes, 0))).T
        return float(np.quantile(np.abs(moves).max(axis=1), self.level))
