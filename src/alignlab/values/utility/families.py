"""CARA and CRRA over a range, told by the certainty equivalent of an even gamble.

A gamble of `high` with chance p, else `low`, has under CARA the certainty equivalent

    low + (high - low) * -ln(1 - p + p e^(-b)) / b,    b = aversion * (high - low),

and under CRRA the same on the scale of logarithms of what is owned. Each hypothesis is named by
its m, the certainty equivalent of the even gamble as a share of the range: m = 1/2 is risk
neutral for CARA, less is averse. It falls in the aversion, has no unit, and runs from 0 to 1
whatever the range, so a uniform prior over m means the same in cents and in millions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.values.utility.beliefs import (
    GRID,
    LEVELS,
    NOISES,
    Belief,
    Evidence,
    chance_of_gamble,
    family_belief,
    quantiles,
)
from alignlab.values.utility.functions import CARA, CRRA

__all__ = ["Family", "family_of"]

Floats = NDArray[np.float64]

STEEPEST = 1e6
"""The largest curvature tried: enough for amounts that differ by any factor."""


@dataclass(frozen=True, eq=False)
class Family:
    """One-parameter utilities over a range of amounts.

    Attributes
    ----------
    name
        "CARA" or "CRRA".
    low, high
        The range.
    amounts
        The items in between, shape (n_items,).
    wealth
        For CRRA.
    """

    name: Literal["CARA", "CRRA"]
    low: float
    high: float
    amounts: Floats
    wealth: float = 0.0

    def belief(self, evidence: Evidence) -> Belief:
        """Return the posterior given answers."""
        return family_belief(
            self.equivalents, self._shares(self.amounts), self.utilities, self.gambles, evidence
        )

    @cached_property
    def gambles(self) -> Floats:
        """The chance of taking each gamble: (n_items, n_levels, n_hypotheses, n_noises)."""
        gaps = self.equivalents(LEVELS)[None] - self._shares(self.amounts)[:, None, None]
        return chance_of_gamble(gaps[..., None], NOISES)

    def equivalents(self, chances: Floats) -> Floats:
        """Return certainty equivalents as shares of the range, (n_chances, n_hypotheses)."""
        p = np.asarray(chances, float)[:, None]
        if self._from_nothing:
            return np.asarray(GRID ** (-np.log2(p)))
        return self._of_scale(_mean_exponent(self.curvatures, p))

    @cached_property
    def curvatures(self) -> Floats:
        """For each hypothesis, the power of e between the ends: -b, or (1 - r) ln(high / low)."""
        low, high = np.full(len(GRID), -STEEPEST), np.full(len(GRID), STEEPEST)
        for _ in range(80):
            middle = (low + high) / 2
            below = self._of_scale(_mean_exponent(middle, 0.5)) < GRID
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)

    @cached_property
    def utilities(self) -> Floats:
        """The items' utilities under each hypothesis, 0 at low and 1 at high."""
        if self._from_nothing:
            owned = (self.amounts + self.wealth) / (self.high + self.wealth)
            return np.asarray(owned[:, None] ** (-1 / np.log2(GRID)))
        place = self._to_scale(self.amounts)[:, None]
        flat = np.abs(self.curvatures) < 1e-12
        bend = np.where(flat, 1.0, self.curvatures)
        # (e^(b x) - 1) / (e^b - 1), with what could overflow taken out of it.
        steep = -np.abs(bend)
        lift = np.where(bend > 0, np.exp(steep * (1 - place)), 1.0)
        return np.where(flat, place, lift * np.expm1(steep * place) / np.expm1(steep))

    def aversion(self, marginal: Floats, level: float) -> tuple[float, float, float]:
        """Return the posterior median of the aversion and its equal-tailed limits."""
        tails = np.array([0.5, (1 + level) / 2, (1 - level) / 2])
        median, low, high = quantiles(marginal, tails, -self._aversions)
        return float(-median), float(-low), float(-high)

    def function(self, aversion: float) -> CARA | CRRA:
        """Return the utility of that aversion."""
        return CARA(aversion) if self.name == "CARA" else CRRA(aversion, self.wealth)

    @property
    def _from_nothing(self) -> bool:
        """Whether the worst leaves nothing at all, where logarithms end."""
        return self.name == "CRRA" and self.low + self.wealth == 0

    @property
    def _aversions(self) -> Floats:
        if self.name == "CARA":
            return -self.curvatures / (self.high - self.low)
        if self._from_nothing:
            return np.asarray(1 + 1 / np.log2(GRID))
        return np.asarray(1 - self.curvatures / self._log_range)

    @property
    def _log_range(self) -> float:
        return float(np.log((self.high + self.wealth) / (self.low + self.wealth)))

    def _shares(self, amounts: Floats) -> Floats:
        return np.asarray((amounts - self.low) / (self.high - self.low))

    def _to_scale(self, amounts: Floats) -> Floats:
        """Return amounts as shares of the range on the family's own scale."""
        if self.name == "CARA":
            return self._shares(amounts)
        owned = (amounts + self.wealth) / (self.low + self.wealth)
        return np.asarray(np.log(owned) / self._log_range)

    def _of_scale(self, place: Floats) -> Floats:
        """Return shares of the range from places on the family's own scale."""
        if self.name == "CARA":
            return place
        return np.asarray(np.expm1(place * self._log_range) / np.expm1(self._log_range))


@lru_cache(maxsize=32)
def family_of(
    name: Literal["CARA", "CRRA"],
    low: float,
    high: float,
    amounts: tuple[float, ...],
    wealth: float,
) -> Family:
    """Return a family; the same one for the same words, so that its tables are made once."""
    return Family(name, low, high, np.array(amounts), wealth)


def _mean_exponent(bend: Floats, p: Floats | float) -> Floats:
    """Return ln(1 - p + p e^bend) / bend, which is p at bend 0."""
    flat = np.abs(bend) < 1e-12
    safe = np.where(flat, 1.0, bend)
    steep = -np.abs(safe)
    # Seen from the end that weighs more, so that the exponential cannot overflow.
    near = np.log1p(np.where(safe > 0, 1 - p, p) * np.expm1(steep)) / steep
    return np.where(flat, p, np.where(safe > 0, 1 - near, near))
