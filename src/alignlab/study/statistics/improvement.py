"""The probability of improvement: how often a run of one does better than a run of the other.

    P = mean over tasks t of P(X_t > Y_t) + P(X_t = Y_t) / 2

[agarwal2021deep, sec. 4.3], with every run of one against every run of the other on the same task:
the Mann–Whitney statistic over m_t n_t. Its interval is a score interval: all P for which

    |P^ - P| <= t(f) sqrt(sum_t V_t(P)) / T,    f = sum_t (m_t + n_t - 2)
    V_t(P) = P (1 - P) / (m n) * (1 + (n - 1) (1 - P) / (2 - P) + (m - 1) P / (1 + P))

with the variance of [hanley1982meaning], which is not 0 where all runs of one are better.
Assumes independent runs; where pairs share a data split it is wider than it need be.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.study.statistics.tasks import Tasks, Values, as_tasks, undefined

__all__ = ["probability_of_improvement"]

Floats = NDArray[np.float64]


def probability_of_improvement(
    better: Values | Tasks, than: Values | Tasks, *, level: float = 0.95, comparisons: int = 1
) -> Estimate:
    """Return how likely a run of `better` has the higher number, averaged over tasks.

    Use it beside the mean difference: it says how reliably there is one, not how large it is. 0.5
    is a coin. Where low numbers are good, change the two.

    Parameters
    ----------
    better, than
        The numbers of the runs of each: (replicates,), (tasks, replicates), or a list of one array
        a task, the tasks in the same order. Their numbers may differ.
    level, comparisons
        See `estimate_difference`. The interval is for new seeds on these tasks.

    Raises
    ------
    InputError
        If the two do not have the same number of tasks.

    References
    ----------
    [agarwal2021deep], [hanley1982meaning]

    Examples
    --------
    Five runs against five, all better, are still but five:

    >>> print(probability_of_improvement([5, 6, 7, 8, 9], [0, 1, 2, 3, 4]))
    1.000 [0.562, 1.000]
    """
    ours, theirs = as_tasks(better), as_tasks(than)
    critical_value(level)
    if len(ours.values) != len(theirs.values):
        raise InputError(
            f"There are {len(ours.values)} tasks of one and {len(theirs.values)} of the other. "
            "Give the runs of the same tasks, in the same order."
        )
    n = ours.n + theirs.n
    m, k = ours.sizes.astype(float), theirs.sizes.astype(float)
    if (m * k == 0).any():
        which = int(np.flatnonzero(m * k == 0)[0]) + 1
        why = f"task {which} has no run of one of the two"
        return undefined(np.nan, level=level, n=n, why=why)
    shares = [_share(x, y) for x, y in zip(ours.values, theirs.values, strict=True)]
    value, freedom = float(np.mean(shares)), float((m + k - 2).sum())
    if freedom < 1:
        return undefined(value, level=level, n=n, why="there is one run of each")
    times = critical_value(level, comparisons=comparisons, freedom=freedom)

    def beyond(share: float) -> float:
        return float((value - share) ** 2 - times**2 * _variance(share, m, k).sum() / len(m) ** 2)

    # At 0 and 1 there is no variance, so an end that was observed is no limit to look for.
    low, high = 0.0, 1.0
    if value > 0:
        low = float(optimize.brentq(beyond, 0.0, min(value, 1 - 1e-12), xtol=1e-12))
    if value < 1:
        high = float(optimize.brentq(beyond, max(value, 1e-12), 1.0, xtol=1e-12))
    return Estimate(value, low, high, level, n, "score interval of the Mann–Whitney share, by task")


def _share(ours: Floats, theirs: Floats) -> float:
    """Return the share of pairs in which ours is higher, half of the ties with them."""
    ordered = np.sort(theirs)
    below = np.searchsorted(ordered, ours, side="left")
    up_to = np.searchsorted(ordered, ours, side="right")
    return float((below + up_to).sum() / (2 * len(ours) * len(theirs)))


def _variance(share: float, m: Floats, n: Floats) -> Floats:
    more = (n - 1) * (1 - share) / (2 - share) + (m - 1) * share / (1 + share)
    return share * (1 - share) / (m * n) * (1 + more)
