"""The performance profile: what share of runs is above each score.

    F(s) = mean over tasks t of (share of task t's runs with x > s)

[agarwal2021deep, sec. 4.2], [dolan2002benchmarking]. The band holds the whole curve at once: it is
as far from the curve as the exact Kolmogorov–Smirnov quantile of N runs, N = 1 / sum_t w_t^2 / n_t
rounded down, which is just [massart1990tight]'s bound or a little less. For one task the band is
exact; for several it holds more often than it says, since tasks that differ spread the mean less
than N runs drawn from all of them would.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from alignlab.errors import InputError
from alignlab.intervals import critical_value
from alignlab.study.statistics.tasks import Tasks, Values, as_tasks

__all__ = ["Profile", "performance_profile"]

Floats = NDArray[np.float64]

POINTS = 101


@dataclass(frozen=True, eq=False, slots=True)
class Profile:
    """What share of runs is above each score.

    Attributes
    ----------
    scores
        Where the profile is given, ascending, shape (points,).
    share, low, high
        The share above each score, and the band that holds the whole curve, same shape.
    level, n
        The band's coverage, and the number of runs.
    """

    scores: Floats
    share: Floats
    low: Floats
    high: Floats
    level: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "scores": self.scores.tolist(),
            "share": self.share.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "level": self.level,
            "n": self.n,
        }


def performance_profile(
    values: Values | Tasks,
    *,
    scores: ArrayLike | None = None,
    level: float = 0.95,
    comparisons: int = 1,
) -> Profile:
    """Return the share of runs above each score, with a band around the whole curve.

    Use it to see whether one is better throughout or only in its best runs. With few runs the band
    is wide, and says so.

    Parameters
    ----------
    values
        One number a run: (replicates,), (tasks, replicates), or a list of one array a task.
    scores
        Where; 101 points from the lowest to the highest run by default.
    level
        That the band holds the whole curve.
    comparisons
        How many such bands must hold at once.

    References
    ----------
    [agarwal2021deep], [massart1990tight]

    Examples
    --------
    >>> found = performance_profile([[0.2, 0.4], [0.6, 0.8]], scores=[0.5])
    >>> float(found.share[0]), round(float(found.low[0]), 3), round(float(found.high[0]), 3)
    (0.5, 0.0, 1.0)
    """
    tasks = as_tasks(values)
    critical_value(level)
    if (tasks.sizes == 0).any():
        which = int(np.flatnonzero(tasks.sizes == 0)[0]) + 1
        raise InputError(f"Task {which} has no run: there is no profile over all tasks.")
    held = np.concatenate(tasks.values)
    at = (
        np.linspace(held.min(), held.max(), POINTS)
        if scores is None
        else np.sort(np.atleast_1d(np.asarray(scores, float)))
    )
    above = [
        1 - np.searchsorted(np.sort(each), at, side="right") / len(each) for each in tasks.values
    ]
    share = tasks.weights @ np.array(above)
    effective = int(1 / float((tasks.weights**2 / tasks.sizes).sum()) + 1e-9)
    half = _half_width(1 - (1 - level) / max(comparisons, 1), effective)
    low, high = np.clip(share - half, 0, 1), np.clip(share + half, 0, 1)
    return Profile(at, share, low, high, level, tasks.n)


@lru_cache(maxsize=64)
def _half_width(level: float, runs: int) -> float:
    """Return the exact quantile of the Kolmogorov–Smirnov distance; it takes milliseconds."""
    return float(stats.kstwo.ppf(level, runs))
