"""CARA and CRRA over a range, told by the certainty equivalent of an even gamble.

A gamble of `high` with chance p, else `low`, has under CARA the certainty equivalent

    low + (high - low) * -ln(1 - p + p e^(-b)) / b,    b = aversion * (high - low),

and under CRRA the same on the scale of logarithms of what is owned. Each hypothesis is named by
its m, the certainty equivalent of the even gamble as a share of the range: m = 1/2 is risk
neutral for CARA, less is averse. It falls in the aversion, has no unit, and runs from 0 to 1
whatever the range, so a prior over m means the same in cents and in millions.

Near 0 and 1 a small step of m is a large one of the aversion: from 0 to 1000, CRRA(0.9) has m =
0.001. So the cells are even in x with logit m = sinh x: evenly fine in the middle, by the same
factor at the ends. Nine tenths of the prior are uniform over m and one tenth over x. The ends are
so far out that nobody beyond them would answer otherwise; where the answers don't rule an end out,
the aversion has no limit on that side. CRRA from an amount that leaves nothing has aversions below
1 only: from 1 on such an amount is infinitely bad, and no gamble on it is taken, which the largest
aversion of the grid answers as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from alignlab.values.utility.beliefs import (
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

CELLS = 400
"""Hypotheses of a family."""

FAR = 14.0
"""Where the grid ends, as the logit of m: a millionth of the range."""

FARTHEST = 690.0
"""The same where the worst leaves nothing: m = 2^(-1000), or CRRA(0.999)."""

EVEN = 0.1
"""The part of the prior that is even over the cells."""

STEEPEST = 1e12
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
            self.equivalents, self._shares(self.amounts), self.utilities, self.gambles, self.prior,
            evidence,
        )  # fmt: skip

    @cached_property
    def grid(self) -> Floats:
        """The m of each hypothesis, rising, shape (n_hypotheses,)."""
        return np.asarray(expit(np.sinh((self._edges[:-1] + self._edges[1:]) / 2)))

    @cached_property
    def prior(self) -> Floats:
        """The probability of each hypothesis before any answer, shape (n_hypotheses,)."""
        between = expit(np.sinh(self._edges[1:-1]))
        return (1 - EVEN) * np.diff(between, prepend=0.0, append=1.0) + EVEN / CELLS

    @cached_property
    def _edges(self) -> Floats:
        far = FARTHEST if self._from_nothing else FAR
        if self.name == "CRRA" and not self._from_nothing:
            far = min(FAR + self._log_range, FARTHEST)
        return np.linspace(-np.arcsinh(far), np.arcsinh(FAR), CELLS + 1)

    @cached_property
    def gambles(self) -> Floats:
        """The chance of taking each gamble: (n_items, n_levels, n_hypotheses, n_noises)."""
        gaps = self.equivalents(LEVELS)[None] - self._shares(self.amounts)[:, None, None]
        return chance_of_gamble(gaps[..., None], NOISES)

    def equivalents(self, chances: Floats) -> Floats:
        """Return certainty equivalents as shares of the range, (n_chances, n_hypotheses)."""
        p = np.asarray(chances, float)[:, None]
        if self._from_nothing:
            return np.asarray(self.grid ** (-np.log2(p)))
        return self._of_scale(_mean_exponent(self.curvatures, p))

    @cached_property
    def curvatures(self) -> Floats:
        """For each hypothesis, the power of e between the ends: -b, or (1 - r) ln(high / low)."""
        low, high = np.full(CELLS, -STEEPEST), np.full(CELLS, STEEPEST)
        for _ in range(120):
            middle = (low + high) / 2
            below = self._of_scale(_mean_exponent(middle, 0.5)) < self.grid
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)

    @cached_property
    def utilities(self) -> Floats:
        """The items' utilities under each hypothesis, 0 at low and 1 at high."""
        if self._from_nothing:
            owned = (self.amounts + self.wealth) / (self.high + self.wealth)
            return np.asarray(owned[:, None] ** (-1 / np.log2(self.grid)))
        place = self._to_scale(self.amounts)[:, None]
        flat = np.abs(self.curvatures) < 1e-12
        bend = np.where(flat, 1.0, self.curvatures)
        # (e^(b x) - 1) / (e^b - 1), with what could overflow taken out of it.
        steep = -np.abs(bend)
        lift = np.where(bend > 0, np.exp(steep * (1 - place)), 1.0)
        return np.where(flat, place, lift * np.expm1(steep * place) / np.expm1(steep))

    def aversion(self, belief: Belief, level: float) -> tuple[float, float, float]:
        """Return the posterior median of the aversion and its equal-tailed limits.

        A limit that the answers don't set is infinite.
        """
        tails = np.array([0.5, (1 + level) / 2, (1 - level) / 2])
        median, low, high = -quantiles(belief.marginals[0], tails, -self._aversions)
        no_high, no_low = belief.open_ends(level)
        return float(median), -np.inf if no_low else float(low), np.inf if no_high else float(high)

    def notes(self, belief: Belief, level: float) -> tuple[str, ...]:
        """Return which limits the answers don't set, and what that means."""
        no_high, no_low = belief.open_ends(level)
        found = []
        if no_high:
            ruin = (
                f" From 1 on, {self.low:g} is infinitely bad, and no gamble on it is taken."
                if self._from_nothing
                else ""
            )
            found.append(f"The answers set no upper limit to the risk aversion.{ruin}")
        if no_low:
            found.append("The answers set no lower limit to the risk aversion.")
        return tuple(found)

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
            return np.asarray(1 + 1 / np.log2(self.grid))
        return np.asarray(1 - self.curvatures / self._log_range)

    @property
    def _log_range(self) -> float:
        return float(self._logs(np.array(self.high)))

    def _logs(self, amounts: Floats) -> Floats:
        """Return ln of what is owned with an amount over what is owned with the lowest."""
        # By the differences, which a wealth far above the range does not swallow.
        return np.asarray(np.log1p((amounts - self.low) / (self.low + self.wealth)))

    def _shares(self, amounts: Floats) -> Floats:
        return np.asarray((amounts - self.low) / (self.high - self.low))

    def _to_scale(self, amounts: Floats) -> Floats:
        """Return amounts as shares of the range on the family's own scale."""
        if self.name == "CARA":
            return self._shares(amounts)
        return np.asarray(self._logs(amounts) / self._log_range)

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
