"""The interquartile mean: the mean of the middle half of all runs, whatever their tasks.

    IQM = mean of x_(g+1) … x_(N-g),    g = floor(N / 4)

over all N runs of all tasks together [agarwal2021deep, sec. 4.3]; it is not the trimmed mean of the
task means. Its interval is Yuen's studentised one [yuen1974two], by task: with w the numbers pulled
in to the nearest that is kept, s_t^2 their variance within task t, and h = N - 2 g,

    V = (N - 1) / N * h / (h - 1) * sum_t n_t s_t^2 / h^2
    f = (h - 1) / (N - 1) * (sum_t v_t)^2 / sum_t v_t^2 / (n_t - 1),    v_t = n_t s_t^2

which is Yuen's own for one task, and Student's where nothing is cut (N < 4).
"""

from __future__ import annotations

import numpy as np

from alignlab.intervals import Estimate, critical_value
from alignlab.study.statistics.tasks import Tasks, Values, as_tasks, undefined

__all__ = ["interquartile_mean"]

CUT = 0.25


def interquartile_mean(
    values: Values | Tasks, *, level: float = 0.95, comparisons: int = 1
) -> Estimate:
    """Return the mean of the middle half of all runs, with its interval for new seeds.

    Use it beside the mean where some runs diverge or some tasks have huge scores: unlike the mean
    it does not follow them, and unlike the median it uses half of the runs. It is about these
    tasks: nothing in it says what other tasks would give.

    Parameters
    ----------
    values
        One number a run: (replicates,), (tasks, replicates), or a list of one array a task. Tasks
        must be on one scale to be trimmed together.
    level, comparisons
        See `estimate_difference`.

    Returns
    -------
    Estimate
        Without limits, and with the reason, where a task has one run, or no two runs of a task
        differ within the middle half.

    References
    ----------
    [agarwal2021deep], [yuen1974two]

    Examples
    --------
    One of eight runs diverged:

    >>> print(interquartile_mean([0.90, 0.91, 0.92, 0.93, 0.91, 0.92, 0.93, 0.10]))
    0.915 [0.902, 0.928]
    """
    tasks = as_tasks(values)
    critical_value(level)
    n = tasks.n
    if n == 0:
        return undefined(np.nan, level=level, n=0, why="there is no run")
    ordered = np.sort(np.concatenate(tasks.values))
    cut = int(CUT * n)
    kept = ordered[cut : n - cut]
    value = float(kept.mean())
    few = np.flatnonzero(tasks.sizes < 2)
    if len(few):
        many = len(tasks.values)
        which = "there is" if many == 1 else f"task {few[0] + 1} of {many} has"
        count = "one run" if tasks.sizes[few[0]] else "no run"
        return undefined(value, level=level, n=n, why=f"{which} {count}, which shows no spread")
    pulled = Tasks(
        tuple(np.clip(each, kept[0], kept[-1]) for each in tasks.values),
        tasks.weights,
        tasks.clusters,
    )
    parts = pulled.sizes * pulled.variances
    total, middle = float(parts.sum()), len(kept)
    if total == 0 or middle < 2:
        return undefined(value, level=level, n=n, why="in no task does the middle half differ")
    variance = (n - 1) / n * middle / (middle - 1) * total / middle**2
    freedom = (middle - 1) / (n - 1) / float(((parts / total) ** 2 / (pulled.sizes - 1)).sum())
    half = critical_value(level, comparisons=comparisons, freedom=freedom) * float(
        np.sqrt(variance)
    )
    by_task = " by task" if len(tasks.values) > 1 else ""
    return Estimate(value, value - half, value + half, level, n, f"Yuen's trimmed t{by_task}")
