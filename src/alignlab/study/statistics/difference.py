"""Is there a difference? The mean of paired differences over tasks, its interval and its test.

    d ± t(1 - a/2; f) sqrt(V),    p = 2 P(T_f > |d| / sqrt(V))

with d, V and the degrees of freedom f of `tasks.py`. For one task it is the paired t test, exact
for normal differences at any number of pairs; over several it is Welch's for a weighted mean, whose
freedom is estimated. The interval and the test are one: p < a just where the interval leaves out 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

from alignlab.intervals import Estimate, critical_value
from alignlab.study.statistics.tasks import (
    Generalise,
    Spread,
    Tasks,
    Values,
    as_tasks,
    spread_of,
    undefined,
)

__all__ = ["TTest", "estimate_difference", "estimated", "t_test"]


@dataclass(frozen=True, slots=True)
class TTest:
    """Student's test of a mean over tasks.

    Attributes
    ----------
    p_value
        Two-sided; NaN where it is undefined.
    statistic, freedom
        t and its degrees of freedom.
    n
        The number of replicates.
    why
        Why it is undefined; "" where it is not.
    """

    p_value: float
    statistic: float
    freedom: float
    n: int
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def estimate_difference(
    differences: Values | Tasks,
    *,
    generalise: Generalise = "seeds",
    clusters: Sequence[Any] | None = None,
    level: float = 0.95,
    comparisons: int = 1,
) -> Estimate:
    """Return the mean difference over tasks with its interval.

    Use it for differences within pairs of runs that share a task and a replicate. For a measure
    itself it gives the mean over tasks in the same way. It is not for scores of test items: those
    are `alignlab.measures`'.

    Parameters
    ----------
    differences
        One a pair: (replicates,) for one task, (tasks, replicates), or a list of arrays, one a
        task. A pair that is missing is left out.
    generalise
        "seeds": the interval is for new seeds on these tasks. "tasks": for new tasks like these.
    clusters
        One label a task where tasks lie in groups: what is drawn anew is then the group.
    level
        Coverage, of the whole family.
    comparisons
        How many such intervals must hold at once [dunn1961multiple].

    Returns
    -------
    Estimate
        Without limits (NaN), and with the reason in `method`, where nothing shows a spread: one
        replicate, or all alike.

    References
    ----------
    [welch1947generalization], [miller2024adding]

    Examples
    --------
    >>> print(estimate_difference([0.03, 0.05, 0.04, 0.02, 0.06]))
    0.040 [0.020, 0.060]
    >>> estimate_difference([0.03]).method
    'no interval: there is one replicate, which shows no spread'
    """
    spread = spread_of(as_tasks(differences, clusters=clusters), generalise=generalise)
    return estimated(spread, level=level, comparisons=comparisons)


def estimated(spread: Spread, *, level: float, comparisons: int = 1) -> Estimate:
    """Return a mean over tasks with the interval that its spread allows."""
    if spread.why:
        critical_value(level)
        return undefined(spread.value, level=level, n=spread.n, why=spread.why)
    times = critical_value(level, comparisons=comparisons, freedom=spread.freedom)
    half = times * float(np.sqrt(spread.variance))
    together = f", {comparisons} at once" if comparisons > 1 else ""
    return Estimate(
        spread.value, spread.value - half, spread.value + half, level, spread.n,
        spread.method + together,
    )  # fmt: skip


def t_test(
    differences: Values | Tasks,
    *,
    generalise: Generalise = "seeds",
    clusters: Sequence[Any] | None = None,
    null: float = 0.0,
) -> TTest:
    """Test whether the mean difference over tasks is `null`.

    Parameters
    ----------
    differences, generalise, clusters
        See `estimate_difference`.
    null
        The mean under the hypothesis.

    Examples
    --------
    >>> round(t_test([0.03, 0.05, 0.04, 0.02, 0.06]).p_value, 4)
    0.0048
    """
    spread = spread_of(as_tasks(differences, clusters=clusters), generalise=generalise)
    if spread.why:
        return TTest(np.nan, np.nan, np.nan, spread.n, spread.why)
    statistic = (spread.value - null) / float(np.sqrt(spread.variance))
    p_value = 2 * float(special.stdtr(spread.freedom, -abs(statistic)))
    return TTest(p_value, statistic, spread.freedom, spread.n, "")
