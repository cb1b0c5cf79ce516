"""How many errors each threshold may show, so that all thresholds can be tried at once.

Go down the scores from the surest, counting g right rows and e wrong ones so far. If the cases
above every threshold have the risk a, e at the g-th right row is negative binomial:

    P(e errors or fewer) = P(Binomial(e + g, a) <= e).

A threshold passes if e <= c(g), where c(g_j) is the largest e whose probability is at most u, at
numbers g_1 < ... < g_J fixed by n alone, and c(g) = c(g_j) from g_j up to the next. The level u is
such that a walk of independent errors of chance a passes anywhere with probability alpha. It is
found exactly, by following the distribution of e from each g_j to the next, less what has passed.

No other law is worse. Let a threshold be bad if its risk is a or more. Then

    P(a bad threshold passes) <= P(the walk of independent errors of chance a passes anywhere).

Proof. Lay the cases on [0, 1], the surest first (equal scores in a random order, of which the ends
of ties are thresholds too), and let F be the share of all wrong cases that lie up to u, G that of
all right ones.
(i) The risk of all cases is a. Up to a bad threshold u the risk is at least that, so F(u) >= G(u).
Draw the number of errors from Binomial(n, a), each error's v and each right row's v' uniformly, and
put the errors at F^-1(v), the right rows at G^-1(v'). With the same v and v' the walk of constant
risk has its errors at v and its right rows at v'. Up to s = G(u) that walk has as many right rows
as the other one up to u, and no more errors: #{v <= G(u)} <= #{v <= F(u)}. So it passes at s if the
other one passes at u.
(ii) It is smaller. Beyond the last bad threshold, of risk a, no row matters to the others: give all
cases beyond it the risk a, and (i) holds.
(iii) It is larger. Turn wrong cases into right ones, from the least sure on, until a is left. Bad
thresholds stay bad, and errors only fall while right rows rise, so that what passed still passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Boundary", "errors_allowed"]

FINER = 0.95
"""Of one number of right rows and the one before: closer ones waste fewer rows."""

SMALLEST = 0.01
"""Thresholds with fewer right rows than this share of n are not tried."""

MOST_FOLLOWED = 30_000
"""Beyond so many rows the walk is not followed: u is then alpha over the number of g_j."""

NEGLIGIBLE = 1e-17
"""Probabilities below this are left away; those taken out count for more."""


@dataclass(frozen=True, eq=False)
class Boundary:
    """The errors allowed at each number of right rows.

    Attributes
    ----------
    right
        The numbers g_j, rising.
    allowed
        The largest number of errors that passes there; -1 where not even none does.
    level
        The level u of each test by itself.
    """

    right: NDArray[np.intp]
    allowed: NDArray[np.intp]
    level: float

    def at(self, right: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the errors allowed for any numbers of right rows."""
        place = np.searchsorted(self.right, right, side="right") - 1
        return np.where(place >= 0, self.allowed[place], -1)


@lru_cache(maxsize=256)
def errors_allowed(n: int, max_risk: float, alpha: float) -> Boundary:
    """Return the errors allowed above every threshold, for all of them at once.

    Parameters
    ----------
    n
        How many rows there are.
    max_risk
        The risk that is not to be exceeded.
    alpha
        The chance, at most, that a threshold of a larger risk passes.

    Examples
    --------
    >>> found = errors_allowed(1000, 0.1, 0.05)
    >>> found.at(np.array([20, 50, 500, 900])).tolist()
    [-1, 0, 35, 70]
    """
    right = [n]
    while (lower := int(right[-1] * FINER)) >= max(SMALLEST * n, 1):
        right.append(lower)
    rising = np.array(right[::-1], dtype=np.intp)
    level = alpha / len(rising)
    if n <= MOST_FOLLOWED:
        low, high = np.log(level), np.log(alpha)
        for _ in range(9):  # to a five-hundredth of the way on the log scale
            middle = (low + high) / 2
            passing = _chance(rising, _allowed(rising, max_risk, np.exp(middle)), max_risk, alpha)
            low, high = (middle, high) if passing <= alpha else (low, middle)
        level = float(np.exp(low))
    return Boundary(rising, _allowed(rising, max_risk, level), level)


def _allowed(right: NDArray[np.intp], max_risk: float, level: float) -> NDArray[np.intp]:
    """Return the largest e with P(Binomial(e + g, max_risk) <= e) <= level for each g."""
    low = np.full(len(right), -1)
    high = np.ceil(right * max_risk / (1 - max_risk)).astype(np.intp) + 1  # its median or more
    while (high - low > 1).any():
        middle = (low + high) // 2
        passes = special.betainc(right, middle + 1.0, 1 - max_risk) <= level
        passes |= middle < 0
        low, high = np.where(passes, middle, low), np.where(passes, high, middle)
    return low


def _chance(
    right: NDArray[np.intp], allowed: NDArray[np.intp], max_risk: float, enough: float
) -> float:
    """Return the probability that the walk passes anywhere, or a number above `enough`."""
    passed, first = 0.0, 0  # `chance` is of e = first, first + 1, ..., not yet passed
    chance = np.ones(1)
    before = 0
    for g, most in zip(right.tolist(), allowed.tolist(), strict=True):
        chance = np.convolve(chance, _errors_before(g - before, max_risk))
        before = g
        over = max(most + 1 - first, 0)
        passed += float(chance[:over].sum())
        if passed > enough:
            break
        chance, first = chance[over:], first + min(over, len(chance))
        kept = np.flatnonzero(chance > NEGLIGIBLE)
        if not len(kept):
            break
        chance, first = chance[kept[0] : kept[-1] + 1], first + int(kept[0])
    return passed + len(right) * 1e-13


@lru_cache(maxsize=256)
def _errors_before(right: int, max_risk: float) -> NDArray[np.float64]:
    """Return the probabilities of 0, 1, ... errors before so many right rows."""
    mean = right * max_risk / (1 - max_risk)
    last = int(mean + 12 * np.sqrt(mean / (1 - max_risk)) + 60 / (1 - max_risk))
    e = np.arange(last + 1)
    logs = special.gammaln(e + right) - special.gammaln(e + 1) - special.gammaln(right)
    found = np.exp(logs + right * np.log1p(-max_risk) + e * np.log(max_risk))
    return np.asarray(found[: int(np.flatnonzero(found > NEGLIGIBLE)[-1]) + 1])
