"""How far groups lie apart, and how sure that is.

For every pair of groups, an interval for the difference and for the ratio of their values is
recovered from the two groups' own intervals (MOVER). With values a, b and limits (l, u):

    difference a-b:  low = a - b - sqrt((a - l_a)^2 + (u_b - b)^2)         [newcombe1998interval]
    ratio a/b:       low = (ab - sqrt((ab)^2 - l_a u_b (2a - l_a)(2b - u_b)))
                           / (u_b (2b - u_b))                             [donner2012closed]

and the upper limits by symmetry. All groups' intervals are widened so that all pairs hold at once
(Bonferroni). The largest difference over groups is biased upward, and the smallest groups make it;
here its interval runs from the largest lower to the largest upper limit of any pair, which covers
the true largest difference whenever all pairs' intervals hold. A group with fewer than 30 rows to
take the value among is listed and left out. The rows of a small group often lack the rare large
values that make a mean uncertain, so a mean's standard error is never taken to be below that of as
many rows with the spread of all groups pooled. Assumes independent rows and disjoint groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.fairness.cells import RateByGroup
from alignlab.intervals import Estimate, critical_value, share_limits
from alignlab.measures import Measured
from alignlab.random import as_generator

__all__ = [
    "SMALLEST_GROUP",
    "Disparity",
    "GroupValues",
    "Pair",
    "disparity",
    "from_measured",
    "from_rate",
    "largest",
    "pair_count",
]

Floats = NDArray[np.float64]
Limits = Callable[[float, int], tuple[Floats, Floats]]

SMALLEST_GROUP = 30
"""A value that rests on fewer (effective) rows is listed, and enters no comparison."""

CHANCE_DRAWS = 4000
"""Draws behind `Disparity.by_chance`."""


@dataclass(frozen=True, eq=False)
class GroupValues:
    """A value in every group, and limits for it at any level.

    Attributes
    ----------
    labels
        The groups' names.
    values
        Shape (n_groups,); NaN where a group has no rows for it.
    effective
        Effective number of rows behind each value, shape (n_groups,).
    rows
        Number of rows behind each value, shape (n_groups,).
    limits
        From a level and a number of comparisons to lower and upper limits, shape (n_groups,).
    strata
        Groups are compared only within a stratum, shape (n_groups,); all 0 without controls.
    """

    labels: tuple[str, ...]
    values: Floats
    effective: Floats
    rows: NDArray[np.intp]
    limits: Limits
    strata: NDArray[np.intp]

    @property
    def enough(self) -> NDArray[np.bool_]:
        """Which groups have enough rows to be compared."""
        return (self.effective >= SMALLEST_GROUP - 1e-9) & np.isfinite(self.values)

    def estimates(self, *, level: float = 0.95) -> dict[str, Estimate]:
        """Return each group's own estimate, each at the level by itself."""
        low, high = self.limits(level, 1)
        return {
            label: Estimate(
                float(self.values[g]), float(low[g]), float(high[g]), level, int(self.rows[g]),
                "by group",
            )
            for g, label in enumerate(self.labels)
            if np.isfinite(self.values[g])
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups and how far apart they are.

    Attributes
    ----------
    higher, lower
        The groups, by their values.
    difference
        The higher value minus the lower, with simultaneous limits.
    ratio
        The lower value over the higher; NaN where a value may be negative.
    """

    higher: str
    lower: str
    difference: Estimate
    ratio: float

    @property
    def differs(self) -> bool:
        """Whether the interval excludes equality."""
        return self.difference.low > 0


@dataclass(frozen=True, eq=False)
class Disparity:
    """How far the groups lie apart.

    Attributes
    ----------
    groups
        The values that were compared.
    gap
        The largest difference between two groups, with simultaneous limits.
    ratio
        The smallest ratio of two groups' values, with simultaneous limits; NaN where a value may
        be negative.
    highest, lowest
        The groups that make the gap; empty if fewer than two can be compared.
    by_chance
        The gap to expect if all these groups were alike, given their sizes.
    too_small
        Groups with too few rows to be compared.
    pairs
        All pairs of groups that can be compared, widest first.
    """

    groups: GroupValues
    gap: Estimate
    ratio: Estimate
    highest: str
    lowest: str
    by_chance: float
    too_small: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def comparable(self) -> bool:
        """Whether there are two groups to compare."""
        return bool(self.highest)


def from_rate(
    rate: RateByGroup, labels: Sequence[str], strata: NDArray[np.intp] | None = None
) -> GroupValues:
    """Return a rate's values with exact limits (Clopper–Pearson at the effective size)."""

    def limits(level: float, comparisons: int) -> tuple[Floats, Floats]:
        return share_limits(rate.values, rate.effective, level=level, comparisons=comparisons)

    return GroupValues(
        tuple(labels), rate.values, rate.effective, rate.rows, limits, _strata(labels, strata)
    )


def from_measured(
    measured: Sequence[Measured | None],
    labels: Sequence[str],
    strata: NDArray[np.intp] | None = None,
) -> GroupValues:
    """Return measures taken within each group; `None` where a group cannot have one."""
    measured = _with_pooled_spread(measured, _strata(labels, strata))
    values = np.array([np.nan if m is None else m.value for m in measured])
    rows = np.array([0 if m is None else len(m.shares) for m in measured], dtype=np.intp)
    # Where the smaller class bounds what is known, a group needs enough rows of that class.
    effective = np.array([0.0 if m is None else _effective(m) for m in measured])

    def limits(level: float, comparisons: int) -> tuple[Floats, Floats]:
        made = [m and m.estimate(level=level, comparisons=comparisons) for m in measured]
        low = np.array([e.low if e else -np.inf for e in made])
        high = np.array([e.high if e else np.inf for e in made])
        return low, high

    return GroupValues(tuple(labels), values, effective, rows, limits, _strata(labels, strata))


def pair_count(groups: GroupValues) -> int:
    """Return how many pairs of groups can be compared."""
    sizes = np.bincount(groups.strata[groups.enough])
    return int((sizes * (sizes - 1) // 2).sum())


def disparity(
    groups: GroupValues, *, level: float = 0.95, comparisons: int | None = None
) -> Disparity:
    """Compare all pairs of groups at once.

    Parameters
    ----------
    groups
        A value in every group.
    level
        The coverage of all intervals together.
    comparisons
        How many comparisons must hold at once; the number of pairs unless the family is larger.

    Returns
    -------
    Disparity

    Examples
    --------
    >>> from alignlab.fairness import cell_table
    >>> g = np.repeat([0, 1], 1000)
    >>> d = np.r_[np.repeat([1, 0], [400, 600]), np.repeat([1, 0], [300, 700])]
    >>> rate = cell_table(d, d, g, favourable=1).rate("selection_rate")
    >>> found = disparity(from_rate(rate, ["a", "b"]))
    >>> print(found.gap, found.highest)
    0.100 [0.058, 0.142] a
    """
    comparisons = max(comparisons or pair_count(groups), 1)
    low, high = groups.limits(level, comparisons)
    usable = np.flatnonzero(groups.enough)
    too_small = tuple(
        label for label, ok in zip(groups.labels, groups.enough, strict=True) if not ok
    )
    first, second = np.meshgrid(usable, usable, indexing="ij")
    paired = (first != second) & (groups.strata[first] == groups.strata[second])
    a, b = first[paired], second[paired]
    n = int(groups.rows[usable].sum())
    if len(a) == 0:
        nothing = Estimate(np.nan, np.nan, np.nan, level, n, "no two groups to compare")
        return Disparity(groups, nothing, nothing, "", "", np.nan, too_small, ())

    values, labels = groups.values, groups.labels
    method = f"simultaneous over {comparisons} comparisons"
    gaps = values[a] - values[b]
    gap_low, gap_high = _difference_limits(values, low, high, a, b)
    ratios, ratio = np.full(len(a), np.nan), _no_ratio(level, n)
    if (low[usable] >= 0).all():
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = np.where(values[a] > 0, values[b] / values[a], 1.0)
        ratio_low, ratio_high = _ratio_limits(values, low, high, b, a)
        ratio = Estimate(
            min(float(ratios.min()), 1.0), float(ratio_low.min()),
            min(float(ratio_high.min()), 1.0), level, n, method,
        )  # fmt: skip
    widest = int(np.argmax(gaps))
    gap = Estimate(
        float(gaps[widest]), max(float(gap_low.max()), 0.0), float(gap_high.max()), level, n,
        method,
    )  # fmt: skip
    # Of each pair's two orders the one with the higher value first; by index where they are equal.
    kept = np.flatnonzero((gaps > 0) | ((gaps == 0) & (a < b)))
    kept = kept[np.argsort(-gaps[kept], kind="stable")]
    pairs = tuple(
        Pair(
            labels[a[p]], labels[b[p]],
            Estimate(
                float(gaps[p]), float(gap_low[p]), float(gap_high[p]), level,
                int(groups.rows[a[p]] + groups.rows[b[p]]), method,
            ),
            float(ratios[p]),
        )
        for p in kept
    )  # fmt: skip
    by_chance = _gap_by_chance(groups, usable, level)
    return Disparity(
        groups, gap, ratio, labels[a[widest]], labels[b[widest]], by_chance, too_small, pairs
    )


def largest(gaps: Sequence[Estimate]) -> Estimate:
    """Return the largest of several gaps whose limits hold at once.

    Examples
    --------
    >>> tpr = Estimate(0.1, 0.05, 0.15, 0.95, 100, "simultaneous")
    >>> fpr = Estimate(0.08, 0.06, 0.20, 0.95, 100, "simultaneous")
    >>> print(largest([tpr, fpr]))
    0.100 [0.060, 0.200]
    """
    known = [gap for gap in gaps if np.isfinite(gap.value)]
    if not known:
        if not gaps:
            raise InputError("There is no gap to take the largest of.")
        return gaps[0]
    top = max(known, key=lambda gap: gap.value)
    return Estimate(
        top.value,
        max(gap.low for gap in known),
        max(gap.high for gap in known),
        top.level,
        top.n,
        top.method,
    )


def _difference_limits(
    values: Floats, low: Floats, high: Floats, a: NDArray[np.intp], b: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    difference = values[a] - values[b]
    below = np.hypot(values[a] - low[a], high[b] - values[b])
    above = np.hypot(high[a] - values[a], values[b] - low[b])
    return difference - below, difference + above


def _ratio_limits(
    values: Floats, low: Floats, high: Floats, a: NDArray[np.intp], b: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return limits for values[a] / values[b], all of them at least 0."""
    product = values[a] * values[b]
    # With both sides of the fraction multiplied by the conjugate, nothing divides 0 by 0 where the
    # upper limit of b is twice b.
    inner, outer = low[a] * (2 * values[a] - low[a]), high[b] * (2 * values[b] - high[b])
    bottom = product + np.sqrt(np.maximum(product**2 - inner * outer, 0))
    lower = np.divide(inner, bottom, out=np.zeros(len(a)), where=bottom > 0)
    inner, outer = high[a] * (2 * values[a] - high[a]), low[b] * (2 * values[b] - low[b])
    top = product + np.sqrt(np.maximum(product**2 - inner * outer, 0))
    upper = np.divide(top, outer, out=np.full(len(a), np.inf), where=outer > 0)
    return lower, upper


def _no_ratio(level: float, n: int) -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, level, n, "no ratio: a value may be negative")


def _gap_by_chance(groups: GroupValues, usable: NDArray[np.intp], level: float) -> float:
    """Return the mean largest gap of normal draws around one common value."""
    low, high = groups.limits(level, 1)
    errors = (high - low)[usable] / (2 * critical_value(level))
    if not np.isfinite(errors).all():
        return float("nan")
    generator = as_generator(0, "gap by chance")
    draws = generator.standard_normal((CHANCE_DRAWS, len(usable))) * errors
    strata = groups.strata[usable]
    widest = np.zeros(CHANCE_DRAWS)
    for stratum in np.unique(strata):
        members = draws[:, strata == stratum]
        widest = np.maximum(widest, members.max(axis=1) - members.min(axis=1))
    return float(widest.mean())


def _with_pooled_spread(
    measured: Sequence[Measured | None], strata: NDArray[np.intp]
) -> list[Measured | None]:
    """Return the measures, none surer than its stratum's pooled spread lets so many rows be."""
    # An AUC is no mean of its rows, and a group of one effective row shows no spread to pool.
    means = np.array([m is not None and m.least is None and m.effective > 1 for m in measured])
    rows = np.array(
        [m.effective if m and ok else 0.0 for m, ok in zip(measured, means, strict=True)]
    )
    errors = np.array(
        [m.standard_error if m and ok else 0.0 for m, ok in zip(measured, means, strict=True)]
    )
    weight = np.bincount(strata, rows)
    spread = np.bincount(strata, rows * (rows * errors**2))
    pooled = np.divide(spread, weight, out=np.zeros_like(spread), where=weight > 0)[strata]
    least = np.sqrt(np.divide(pooled, rows, out=np.zeros_like(rows), where=means))
    return [
        replace(m, error_at_least=float(error)) if m is not None and ok else m
        for m, ok, error in zip(measured, means, least, strict=True)
    ]


def _effective(measured: Measured) -> float:
    return measured.effective if measured.least is None else measured.least


def _strata(labels: Sequence[str], strata: NDArray[np.intp] | None) -> NDArray[np.intp]:
    return np.zeros(len(labels), dtype=np.intp) if strata is None else strata
