"""Numbers by task: the replicates of each, and what the mean over tasks rests on.

    value = sum_t w_t mean(x_t)

with tasks weighted alike within their cluster and clusters alike: w_t = 1 / (C T_c). To new seeds
on these tasks, its variance is sum_t w_t^2 s_t^2 / n_t with Satterthwaite's degrees of freedom
[welch1947generalization], [satterthwaite1946approximate]; to new tasks like these, it is that of
the mean of C independent cluster means, s^2 / C with C - 1 [miller2024adding]. Assumes
that replicates of different tasks are independent, given the tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate

__all__ = ["Generalise", "Spread", "Tasks", "Values", "as_tasks", "spread_of", "undefined"]

Floats = NDArray[np.float64]
Generalise = Literal["seeds", "tasks"]
Values = ArrayLike | Sequence[ArrayLike]
"""One number a replicate: shape (replicates,) for one task, (tasks, replicates), or a list of one
array a task where tasks have different numbers of them."""

ROUNDING = 64 * np.finfo(float).eps
"""Numbers that differ by less than this, in units of the largest, are the same number."""


@dataclass(frozen=True, eq=False, slots=True)
class Tasks:
    """Numbers by task.

    Attributes
    ----------
    values
        One array a task, shape (n_t,).
    weights
        One a task; they sum to 1.
    clusters
        Each task's cluster, from 0.
    """

    values: tuple[Floats, ...]
    weights: Floats
    clusters: NDArray[np.intp]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """The number of replicates of each task."""
        return np.array([len(each) for each in self.values], dtype=np.intp)

    @property
    def n(self) -> int:
        """All of them."""
        return int(self.sizes.sum())

    @property
    def means(self) -> Floats:
        """Each task's mean; NaN where it has no number."""
        return np.array([each.mean() if len(each) else np.nan for each in self.values])

    @property
    def variances(self) -> Floats:
        """Each task's variance, 0 where all are alike up to rounding; NaN below two numbers."""
        return np.array([_variance(each) for each in self.values])

    def cluster_means(self) -> Floats:
        """Return the mean of each cluster's task means."""
        counts = np.bincount(self.clusters)
        return np.bincount(self.clusters, weights=self.means) / counts


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over tasks, and how well it is known.

    Attributes
    ----------
    value
        The mean; NaN where there is none.
    variance, freedom
        Of the mean, and the degrees of freedom of that variance; NaN where they are undefined.
    n
        The number of replicates.
    method
        Where the variance is from, in words.
    why
        Why it is undefined; "" where it is not.
    """

    value: float
    variance: float
    freedom: float
    n: int
    method: str
    why: str = ""


def as_tasks(values: Values | Tasks, *, clusters: Sequence[Any] | None = None) -> Tasks:
    """Return numbers by task, checked.

    Parameters
    ----------
    values
        See `Values`. A replicate that is missing is left out, not filled in.
    clusters
        One label a task where tasks lie in groups, such as splits in data sets; by default each
        task is its own.

    Raises
    ------
    InputError
        If a number is NaN or infinite, or the clusters are not one a task.

    Examples
    --------
    >>> as_tasks([[1.0, 2.0], [3.0]]).sizes.tolist()
    [2, 1]
    >>> as_tasks([1.0, 2.0, 4.0]).sizes.tolist()
    [3]
    """
    if isinstance(values, Tasks):
        return values
    arrays = _arrays(values)
    for at, each in enumerate(arrays):
        if not np.isfinite(each).all():
            raise InputError(
                f"Task {at + 1} holds {each[~np.isfinite(each)][0]}: a run that failed has no "
                "number. Leave its pair out, or say what a failed run counts as."
            )
    if not arrays:
        raise InputError("There is no task: give one array of numbers for each, or one array.")
    labels = list(range(len(arrays)) if clusters is None else clusters)
    if len(labels) != len(arrays):
        raise InputError(
            f"clusters has {len(labels)} labels for {len(arrays)} tasks. Give one a task."
        )
    first = {label: at for at, label in reversed(list(enumerate(labels)))}
    order = {label: at for at, label in enumerate(sorted(first, key=lambda each: first[each]))}
    codes = np.array([order[label] for label in labels], dtype=np.intp)
    weights = 1 / (len(order) * np.bincount(codes)[codes])
    return Tasks(tuple(arrays), weights, codes)


def _arrays(values: Values) -> list[Floats]:
    # A frame is its numbers, not the names of its columns.
    table = np.asarray(values) if hasattr(values, "__array__") else values
    try:
        rows = list(table)  # type: ignore[arg-type]
        single = bool(rows) and np.ndim(rows[0]) == 0
        arrays = [np.asarray(each, float) for each in ([rows] if single else rows)]
    except TypeError as error:
        raise InputError(
            "The values are no numbers by task. Give (tasks, replicates), or one array a task."
        ) from error
    except ValueError as error:
        raise InputError(f"The values are not numbers: {error}.") from error
    if any(each.ndim != 1 for each in arrays):
        raise InputError(
            "The values have more than two dimensions. Give (tasks, replicates), or one array a "
            "task."
        )
    return arrays


def spread_of(tasks: Tasks, *, generalise: Generalise = "seeds") -> Spread:
    """Return the mean over tasks and its variance.

    Parameters
    ----------
    tasks
        The numbers.
    generalise
        "seeds": these tasks, drawn anew only what the seed decides. "tasks": tasks, or the
        clusters they lie in, drawn anew as well.

    Examples
    --------
    >>> spread_of(as_tasks([[0.0, 2.0], [10.0, 14.0]])).variance
    1.25
    """
    require_choice(generalise, ("seeds", "tasks"), what="generalise")
    many, n = len(tasks.values), tasks.n
    empty = np.flatnonzero(tasks.sizes == 0)
    if len(empty):
        which = "it" if many == 1 else f"task {empty[0] + 1} of {many}"
        return Spread(np.nan, np.nan, np.nan, n, "", f"{which} has no replicate")
    value = float(tasks.weights @ tasks.means)
    if generalise == "tasks":
        return _to_new_tasks(tasks, value)
    single = np.flatnonzero(tasks.sizes == 1)
    if len(single):
        which = "there is one replicate" if many == 1 else (
            f"task {single[0] + 1} of {many} has one replicate"
        )  # fmt: skip
        return Spread(value, np.nan, np.nan, n, "", f"{which}, which shows no spread")
    parts = tasks.weights**2 * tasks.variances / tasks.sizes
    variance = float(parts.sum())
    if variance == 0:
        why = "no replicate differs from another, so the seeds show no spread"
        return Spread(value, np.nan, np.nan, n, "", why)
    freedom = 1 / float(((parts / variance) ** 2 / (tasks.sizes - 1)).sum())
    method = "Student's t" if many == 1 else f"Student's t by task, Welch, over {many} tasks"
    return Spread(value, variance, freedom, n, method)


def _to_new_tasks(tasks: Tasks, value: float) -> Spread:
    means = tasks.cluster_means()
    clustered = len(means) < len(tasks.values)
    units = "clusters of tasks" if clustered else "tasks"
    if len(means) == 1:
        why = f"there is one of the {units}, which does not show how {units} differ"
        return Spread(value, np.nan, np.nan, tasks.n, "", why)
    variance = _variance(means) / len(means)
    if variance == 0:
        why = f"the means of all {units} are the same, so they show no spread"
        return Spread(value, np.nan, np.nan, tasks.n, "", why)
    method = f"Student's t over {len(means)} {units}"
    return Spread(value, variance, len(means) - 1.0, tasks.n, method)


def undefined(value: float, *, level: float, n: int, why: str) -> Estimate:
    """Return an estimate without an interval, whose method says why.

    Examples
    --------
    >>> undefined(0.5, level=0.95, n=1, why="there is one replicate").method
    'no interval: there is one replicate'
    """
    return Estimate(float(value), np.nan, np.nan, level, n, f"no interval: {why}")


def _variance(values: Floats) -> float:
    if len(values) < 2:
        return float("nan")
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        return 0.0
    return float(values.var(ddof=1))
