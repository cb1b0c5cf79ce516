"""Do two samples come from one distribution? Tests whose size holds with ties and in tiny samples.

Numbers: the Kolmogorov–Smirnov distance D = sup |F - G|. Given all n + m values, each way of saying
which of them are the first sample's is equally likely if F = G, so P(D >= d) is the chance that a
random path from (0, 0) to (n, m) leaves |i/n - j/m| < d, where only the ends of ties are looked at
[schroer1995exact]. It is counted exactly up to some thousand rows; beyond, the limiting law bounds
it, and with ties is larger than it [massart1990tight].

Categories: Pearson's chi-square, by its limiting law where every cell is expected to hold 5 rows,
else against random tables with the same margins.

Effects: the largest change in the share of rows that one statement describes, "x <= t" or "x is
such a level". With d the observed distance,

    D is within   d -+ sqrt(ln(2 / a) / 2) sqrt(1/n + 1/m)        with probability 1 - a

in the limit, for any F and G: the error process of F - G has the covariance of a Brownian bridge on
the mixture of both, scaled by sqrt(1/n + 1/m), less a term of rank one, so that by Anderson's
inequality its supremum is the smaller of the two, and the bridge's tail is below Massart's. For few
rows there is no theorem: it was counted for F = G, and simulated else, to miss no more often. For a
level the limits of two shares are put together by squares [donner2012closed].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.intervals import Estimate, share_limits

__all__ = ["Distance", "category_p_value", "distance", "share_change"]

Floats = NDArray[np.float64]

EXACT_CELLS = 4_000_000
"""Steps of the exact count: a few hundredths of a second."""

EXPECTED = 5.0
"""Rows expected in every cell for the limiting law of chi-square."""

REDRAWS = 1999


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two samples of numbers are apart.

    Attributes
    ----------
    change
        The largest change in the share of rows with x <= t, over all t.
    at
        The t where it is.
    rises
        Whether that share is larger in the second sample.
    p_value
        The chance of a distance as large if both were of one distribution.
    exact
        Whether that chance was counted.
    """

    change: Estimate
    at: float
    rises: bool
    p_value: float
    exact: bool


def distance(
    first: Floats, second: Floats, *, level: float = 0.95, comparisons: int = 1
) -> Distance:
    """Return the Kolmogorov–Smirnov distance of two samples, with its test and interval.

    Parameters
    ----------
    first, second
        n and m numbers, at least one each; infinities are numbers.
    level
        The interval's level, for all `comparisons` together.
    comparisons
        How many intervals must hold at once.

    References
    ----------
    [schroer1995exact], [massart1990tight]

    Examples
    --------
    >>> far = distance(np.arange(4.0), np.arange(4.0) + 10)
    >>> far.change.value, round(far.p_value, 4)  # 2 of 70 orders
    (1.0, 0.0286)
    """
    n, m = len(first), len(second)
    values, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    counts = np.stack([np.bincount(part, minlength=len(values)) for part in (codes[:n], codes[n:])])
    cumulated = counts.cumsum(axis=1)
    # Whole numbers, so that equal distances are equal.
    apart = cumulated[1] * n - cumulated[0] * m
    where = int(np.abs(apart).argmax())
    most = int(abs(apart[where]))
    d = most / (n * m)
    exact = (n + m) * min(n, m) <= EXACT_CELLS
    if exact:
        p_value = _counted(counts.sum(axis=0), n, m, most)
    else:
        p_value = float(special.kolmogorov(d * np.sqrt(n * m / (n + m))))
    miss = (1 - level) / max(comparisons, 1)
    reach = float(np.sqrt(np.log(2 / miss) / 2 * (1 / n + 1 / m)))
    change = Estimate(d, max(d - reach, 0.0), min(d + reach, 1.0), level, n + m, "Massart's bound")
    return Distance(change, float(values[where]), bool(apart[where] > 0), p_value, exact)


def _counted(ties: NDArray[np.intp], n: int, m: int, most: int) -> float:
    """Return the share of orders of the pooled values whose distance is at least that observed."""
    if most == 0:
        return 1.0
    if n > m:
        n, m = m, n
    total = n + m
    ends = set(np.cumsum(ties).tolist())
    inside = np.zeros(n + 1)  # the chance of i of the first sample so far, having stayed inside
    inside[0] = 1.0
    i = np.arange(n + 1)
    left = 0.0
    for step in range(total):
        stay = np.maximum((m - (step - i)) / (total - step), 0.0)
        move = (n - i) / (total - step)
        inside, moved = inside * stay, inside * move
        inside[1:] += moved[:-1]
        if step + 1 in ends:
            out = np.abs(i * m - (step + 1 - i) * n) >= most
            left += float(inside[out].sum())
            inside[out] = 0.0
    return min(left, 1.0)


def category_p_value(
    first: NDArray[np.intp], second: NDArray[np.intp], rng: np.random.Generator
) -> tuple[float, str]:
    """Return how rarely two samples of one distribution have counts that differ as much, and how.

    Parameters
    ----------
    first, second
        How often each level occurs, shape (levels,); no level is absent from both.
    rng
        Draws tables with the same margins where cells are small.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> category_p_value(np.array([50, 50]), np.array([50, 50]), rng)
    (1.0, 'chi-square')
    >>> category_p_value(np.array([5, 0]), np.array([0, 5]), rng)[0] < 0.02
    True
    """
    if len(first) < 2:
        return 1.0, "one level"
    both, n, m = first + second, int(first.sum()), int(second.sum())
    expected = both * n / (n + m)
    statistic = _chi_square(first[None, :], both, n, m)[0]
    if min(expected.min(), (both - expected).min()) >= EXPECTED:
        return float(special.chdtrc(len(both) - 1, statistic)), "chi-square"
    drawn = rng.multivariate_hypergeometric(both, n, size=REDRAWS, method="marginals")
    as_large = int((_chi_square(drawn, both, n, m) >= statistic * (1 - 1e-12)).sum())
    return (1 + as_large) / (1 + REDRAWS), f"chi-square, {REDRAWS:,} redrawn tables"


def _chi_square(first: NDArray[np.intp], both: NDArray[np.intp], n: int, m: int) -> Floats:
    expected = both * n / (n + m)
    # Both rows of the table are off by the same, so that the second follows from the first.
    return np.asarray(((first - expected) ** 2 / expected).sum(axis=1) * (n + m) / m)


def share_change(
    hits: tuple[int, int], rows: tuple[int, int], *, level: float = 0.95, comparisons: int = 1
) -> Estimate:
    """Return the second share less the first, with an interval.

    Parameters
    ----------
    hits, rows
        How many rows count, of how many, in either sample.
    level
        The interval's level, for all `comparisons` together.
    comparisons
        How many intervals must hold at once.

    References
    ----------
    [donner2012closed]

    Examples
    --------
    >>> print(share_change((30, 45), (100, 100)))
    0.150 [0.009, 0.285]
    """
    n = np.array(rows, dtype=float)
    share = np.array(hits) / n
    low, high = share_limits(share, n, level=level, comparisons=comparisons)
    value = float(share[1] - share[0])
    down = float(np.hypot(share[1] - low[1], high[0] - share[0]))
    up = float(np.hypot(high[1] - share[1], share[0] - low[0]))
    method = "Clopper–Pearson, put together by squares"
    return Estimate(
        value, max(value - down, -1.0), min(value + up, 1.0), level, int(n.sum()), method
    )
