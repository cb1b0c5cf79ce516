"""The effect size: a paired difference in standard deviations of the differences between pairs.

    g = J(f) d / s,    J(f) = Gamma(f/2) / (sqrt(f/2) Gamma((f-1)/2))

with d the mean difference and t = d / sqrt(V) its own Student's t of f degrees of freedom (see
`tasks.py`): s = sqrt(V) / c, c^2 = sum_t w_t^2 / n_t, is the standard deviation within tasks or, to
new tasks, with c^2 = 1 / C, between their means. Hedges' factor J takes out the bias of few pairs
[hedges1981distribution]. t is noncentral: the limits are the d / s whose noncentral t puts half of
1 - level beyond what was seen [steiger1997noncentrality], so that they leave out 0 just where the
difference's do. Assumes normal differences; where tasks are not as spread out as each other, s^2 is
the mean of their variances, and f, which is estimated, says how well it is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from alignlab.intervals import Estimate, critical_value
from alignlab.study.statistics.tasks import (
    Generalise,
    Tasks,
    Values,
    as_tasks,
    spread_of,
    undefined,
)

__all__ = ["hedges_factor", "standardised_difference"]

Floats = NDArray[np.float64]

FAR = 8.0
"""Beyond so many of the scale of 1 / u, t is large."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
POINTS, SPACES = np.polynomial.legendre.leggauss(160)
POINTS = (POINTS + 1) / 2


def standardised_difference(
    differences: Values | Tasks,
    *,
    generalise: Generalise = "seeds",
    clusters: Sequence[Any] | None = None,
    level: float = 0.95,
    comparisons: int = 1,
) -> Estimate:
    """Return the mean difference in standard deviations of paired differences.

    Use it to hold effects on different measures side by side. It is not the d of two unpaired
    groups: pairing makes differences less spread out, and this number larger. Where the measure's
    own unit means something, the difference itself says more.

    Parameters
    ----------
    differences, generalise, clusters, level, comparisons
        See `estimate_difference`.

    Returns
    -------
    Estimate
        The value is free of the bias of few pairs; the limits are of the same quantity. Undefined
        where f is below 2, as of two pairs of one task: no factor then takes out the bias.

    References
    ----------
    [hedges1981distribution], [steiger1997noncentrality]

    Examples
    --------
    >>> print(standardised_difference([0.03, 0.05, 0.04, 0.02, 0.06]))
    2.019 [0.619, 4.408]
    """
    tasks = as_tasks(differences, clusters=clusters)
    spread = spread_of(tasks, generalise=generalise)
    tail = (1 - level) / (2 * max(comparisons, 1))
    critical_value(level)
    if spread.why:
        return undefined(np.nan, level=level, n=spread.n, why=spread.why)
    if spread.freedom < 2 - 1e-9:
        why = "two numbers show a spread too roughly to divide by"
        return undefined(np.nan, level=level, n=spread.n, why=why)
    freedom, sizes = spread.freedom, tasks.weights**2 / tasks.sizes
    scale = float(np.sqrt(1 / (freedom + 1) if generalise == "tasks" else sizes.sum()))
    raw = spread.value * scale / float(np.sqrt(spread.variance))
    low, high = (scale * _noncentrality(raw / scale, freedom, each) for each in (1 - tail, tail))
    words = "noncentral t, in standard deviations of paired differences"
    return Estimate(hedges_factor(freedom) * raw, low, high, level, spread.n, words)


def hedges_factor(freedom: float) -> float:
    """Return what a standardised difference is multiplied by to take out the bias of few pairs.

    Examples
    --------
    >>> round(hedges_factor(4), 4)
    0.7979
    """
    logs = special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2)
    return float(np.exp(logs) / np.sqrt(freedom / 2))


def _noncentrality(statistic: float, freedom: float, share: float) -> float:
    """Return the noncentrality under which a share of all t lies below the one that was seen."""

    def beyond(centre: float) -> float:
        return _below(statistic, freedom, centre) - share

    # Far out, the noncentral t is spread out like its own size; the ends grow until they hold it.
    reach = 4 + abs(statistic) * (1 + 4 / np.sqrt(freedom))
    low, high = statistic - reach, statistic + reach
    while beyond(low) < 0:
        low -= reach
    while beyond(high) > 0:
        high += reach
    return float(optimize.brentq(beyond, low, high, xtol=1e-10 * reach))


def _below(statistic: float, freedom: float, centre: float) -> float:
    """Return the chance of a smaller noncentral t, t = (z + centre) / u, u^2 = chi^2 / f.

    The mean over u of the chance of z; where t is large that is a step, and the mean over z of the
    chance of u is smooth. SciPy's series gives NaN in tails that a root search goes through.
    """
    if abs(statistic) <= FAR * np.sqrt(2 * freedom):
        start, end = np.sqrt(special.chdtri(freedom, [1 - 1e-15, 1e-15]) / freedom)
        u = start + (end - start) * POINTS
        logs = (freedom - 1) * np.log(u) - freedom * u**2 / 2
        density = SPACES * np.exp(logs - logs.max())
        return float(density @ special.ndtr(statistic * u - centre) / density.sum())
    side = np.sign(statistic)
    least = (side * centre + NODES) / abs(statistic)
    below = float(WEIGHTS @ np.where(least > 0, special.chdtrc(freedom, freedom * least**2), 1.0))
    return below if side > 0 else 1 - below
