"""What a better answer costs the people of each group: the cheapest allowed change of each row.

    cost_i = min over allowed x' of cost(x_i, x')  with  model(x') favourable,   i denied,

infinite where there is none. Groups are compared by the mean over those who have a way, the median
over all denied, and the share without any way, as [ustun2019actionable, sec. 4] compare costs of
recourse. Intervals are for the people that the denied rows are a sample of, at one level for all
groups together (Bonferroni); the model, the constraints and the scales are taken as given.

    means     Student's t,   gaps of means   Welch's t [welch1947generalization],
    medians   order statistics k with binomial coverage,   shares   Clopper-Pearson.

An exact route gives the cost itself, the search a bound from above (`method` says which).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.datasets import Constraints, grouping
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, mean_estimate, share_estimate
from alignlab.predictors import as_predictor
from alignlab.transparency.recourse.goals import goal_of
from alignlab.transparency.recourse.recourse_results import (
    GroupRecourse,
    RecourseCost,
    RecourseGap,
)
from alignlab.transparency.recourse.study import Method, frames_of, study_of

__all__ = ["recourse_cost"]

Floats = NDArray[np.float64]


def recourse_cost(
    model: Any,
    X: Any,
    groups: ArrayLike | str,
    *,
    favourable: Any,
    data: Any = None,
    constraints: Constraints | None = None,
    scales: Mapping[str, float] | None = None,
    per_change: float = 1.0,
    category_cost: float = 1.0,
    method: Method = "auto",
    starts: int = 16,
    max_data: int = 2_000,
    level: float = 0.95,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> RecourseCost:
    """Return what the cheapest change to a favourable answer costs the denied of each group.

    Use it to see whether a way to another answer is as near for one group as for another. It
    compares distances under one model; it does not say that people can go them, nor that a gap of
    rates is fair. What cannot change must be said in `constraints`, above all group membership.

    Parameters
    ----------
    model
        A `Predictor`, or whatever `as_predictor` takes.
    X
        n rows of features; those that are not answered as wanted are searched from.
    groups
        Each row's group, shape (n,), or the name of a column of `X`.
    favourable
        The class wanted; in regression a range (low, high).
    data
        Rows such as the model was trained on; `X` by default.
    constraints, scales, per_change, category_cost, method, starts, max_data, seed
        See `counterfactuals`.
    level
        The level at which the intervals of all groups, or of all gaps, hold together.
    classes, task, features
        Passed to `as_predictor`.

    Returns
    -------
    RecourseCost

    Raises
    ------
    InputError
        If the rows, groups, target or constraints are not understood, or nobody is denied.
    ModelError
        If the model fails on a changed row.

    References
    ----------
    [ustun2019actionable]

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = pd.DataFrame({"income": [10, 20, 30, 40, 50, 60], "debt": [9, 8, 7, 4, 5, 1]})
    >>> model = LogisticRegression(C=100).fit(X, ["no", "no", "no", "yes", "yes", "yes"])
    >>> found = recourse_cost(model, X, ["a", "b", "b", "a", "b", "b"], favourable="yes")
    >>> found["b"].denied, round(found["b"].mean.value, 2)
    (2, 1.49)
    """
    predictor = as_predictor(model, classes=classes, task=task, features=features)
    if not 0 < level < 1:
        raise InputError(f"level={level!r} is not between 0 and 1.")
    asked = predictor.rows_evaluated
    frame, table, as_array = frames_of(predictor, X, X if data is None else data)
    if not len(frame):
        raise InputError("There is no row in X.")
    labels, codes = _codes(groups, frame)
    answers = predictor(frame if as_array is None else frame.to_numpy(as_array))
    goal = goal_of(predictor, favourable, answer=None, name="favourable")
    denied = np.flatnonzero(~goal.reached(answers))
    if not len(denied):
        raise InputError(f"Every row is answered {goal.text} already: nobody has a way to go.")
    study, notes = study_of(
        goal, frame.iloc[denied].reset_index(drop=True), answers[denied], table,
        constraints=constraints, scales=scales, per_change=per_change,
        category_cost=category_cost, method=method, tidy=False, starts=starts, max_data=max_data,
        seed=seed, as_array=as_array,
    )  # fmt: skip
    found, _ = study.candidates(1, diverse=False)
    costs, changed = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    costs[denied] = np.inf
    for at, (row, units) in enumerate(zip(denied, found, strict=True)):
        if len(units):
            each = study.space.cost(units, study.origins[at])
            costs[row] = each.min()
            best = units[each.argmin()]
            changed[row] = study.space.changed(best, study.origins[at]).sum()
    inside = 0 if study.route is None else study.route.map.rows
    by_group = [costs[codes == at] for at in range(len(labels))]
    return RecourseCost(
        groups=tuple(
            _group(label, each, level=level, comparisons=len(labels))
            for label, each in zip(labels, by_group, strict=True)
        ),
        gaps=_gaps(labels, by_group, level=level),
        costs=costs,
        changed=changed,
        favourable=goal.text,
        method="search" if study.route is None else study.route.name,
        level=level,
        evaluations=predictor.rows_evaluated - asked + inside,
        notes=notes,
    )


def _codes(groups: Any, frame: pd.DataFrame) -> tuple[list[str], NDArray[np.intp]]:
    """Return the groups' labels and each row's group by position."""
    if isinstance(groups, str):
        found = grouping(frame, groups)
    else:
        labels = pd.Series(np.asarray(groups, dtype=object)) if np.ndim(groups) == 1 else None
        if labels is None or len(labels) != len(frame):
            raise InputError(
                f"There are {len(frame)} rows in X, and groups have shape {np.shape(groups)}. "
                "Give one label a row."
            )
        found = grouping(pd.DataFrame({"groups": labels}), "groups")
    return list(found.labels), np.asarray(found.codes)


def _group(label: str, costs: Floats, *, level: float, comparisons: int) -> GroupRecourse:
    """Return one group's costs; NaN are not denied, infinite ones have no way."""
    denied = costs[~np.isnan(costs)]
    paid = denied[np.isfinite(denied)]
    each = 1 - (1 - level) / comparisons
    mean = replace(mean_estimate(paid, level=each), level=level) if len(paid) > 1 else None
    without = None
    if len(denied):
        share = float(np.isinf(denied).mean())
        without = share_estimate(share, len(denied), rows=len(denied), level=each)
        without = replace(without, level=level)
    return GroupRecourse(
        label, len(costs), len(denied), mean, _median(denied, each, level), without
    )


def _median(costs: Floats, each: float, level: float) -> Estimate | None:
    """Return the median between two order statistics that hold it at the level."""
    n = len(costs)
    if not n:
        return None
    ordered = np.sort(costs)
    middle = (ordered[(n - 1) // 2], ordered[n // 2])
    value = float(middle[0] if np.isinf(middle[1]) else sum(middle) / 2)
    # The largest k with P(Binomial(n, 1/2) < k) within the tail: the k-th lowest and k-th highest.
    below = special.bdtr(np.arange(n), n, 0.5)
    k = int(np.searchsorted(below, (1 - each) / 2, side="right"))
    low, high = (float(ordered[k - 1]), float(ordered[n - k])) if k else (0.0, np.inf)
    return Estimate(value, low, high, level, n, "order statistics")


def _gaps(labels: list[str], costs: list[Floats], *, level: float) -> tuple[RecourseGap, ...]:
    """Return the gaps of means of all pairs that have at least two rows each."""
    paid = [each[np.isfinite(each)] for each in costs]
    known = [at for at, each in enumerate(paid) if len(each) > 1]
    pairs = list(combinations(known, 2))
    found = []
    for first, second in pairs:
        one, other = paid[first], paid[second]
        if one.mean() < other.mean():
            first, second, one, other = second, first, other, one
        gap = float(one.mean() - other.mean())
        parts = one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)
        error = float(np.sqrt(sum(parts)))
        freedom = 1.0
        if error > 0:
            freedom = sum(parts) ** 2 / (
                parts[0] ** 2 / (len(one) - 1) + parts[1] ** 2 / (len(other) - 1)
            )
        half = critical_value(level, comparisons=len(pairs), freedom=freedom) * error
        estimate = Estimate(
            gap, gap - half, gap + half, level, len(one) + len(other),
            f"Welch's t, {len(pairs)} at once",
        )  # fmt: skip
        found.append(RecourseGap(labels[first], labels[second], estimate))
    return tuple(sorted(found, key=lambda each: -each.estimate.value))
