"""Two models on the same rows: the difference of a number, with each row's own contribution to it.

A number T that is the same function of two models' answers has the difference T_b - T_a, and every
row moves it by psi_b,i - psi_a,i, the difference of its influences; what is common to the two
models cancels, row by row [hampel1974influence]. Where T is a share among rows that are the same
for both, only the rows on which the models disagree count, b one way and c the other of n, and

    p - q ± z sqrt((p + q - (p - q)^2)/(n + 2)),   p = (b + 1)/(n + 2),   q = (c + 1)/(n + 2)

holds its level also where hardly any row disagrees [bonett2012adjusted]. On different rows, the
distances of each estimate from its limits are squared and added [newcombe1998interval, method 10];
so they are for the classes' shares in a balanced accuracy. Fewer than 30 rows do not show how two
numbers move together, unless they are shares of the same rows.

The largest gap between groups is linearised at the groups that are farthest apart; it is not smooth
where two pairs of groups tie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alignlab.audit.context import AuditContext
from alignlab.audit.gaps import compared_groupings
from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.fairness import RATES, SMALLEST_GROUP, score_by_group
from alignlab.intervals import Estimate, critical_value
from alignlab.measures import (
    CLASSIFICATION_MEASURES,
    REGRESSION_MEASURES,
    Measured,
    effective_size,
    measure,
)

__all__ = ["Functional", "RowNumbers", "paired_difference", "unpaired_difference"]

Floats = NDArray[np.float64]

MEASURES = {**CLASSIFICATION_MEASURES, **REGRESSION_MEASURES}

SCORES = {
    "fairness.mean_score": "mean_score",
    "fairness.calibration": "calibration_gap",
    "fairness.error": "absolute_error",
    "fairness.auc": "auc",
}

RATE_OF = {
    **{f"fairness.{rate}": rate for rate in RATES},
    "fairness.four_fifths": "selection_rate",
    "performance.groups": "accuracy",
}

PREFIXED = {
    "fairness.equalized_odds": {"TPR ": "true_positive_rate", "FPR ": "false_positive_rate"},
    "fairness.tradeoff": {"base rate ": "base_rate"},
}

GAPS_OF = {"gap in base rates": "base_rate"}

AGREEMENT = 1e-5
"""How far a number computed from the kept rows may be from the report's: scores have 32 bits."""


@dataclass(frozen=True, eq=False)
class Functional:
    """A number as a function of the rows.

    Attributes
    ----------
    value
        The number.
    rows
        The positions of the rows that it depends on, shape (m,).
    influence
        What each of them contributes, shape (m,); its weighted mean is 0.
    shares
        All rows' weights, which sum to one, shape (n,).
    hits
        1 for each of the rows that counts, shape (m,), if the number is a share of these rows;
        else `None`.
    parts
        The shares that the number is the mean of, on rows of their own; empty otherwise.
    """

    value: float
    rows: NDArray[np.intp]
    influence: Floats
    shares: Floats
    hits: Floats | None = None
    parts: tuple[Functional, ...] = ()

    def pairs_with(self, other: Functional) -> bool:
        """Whether the rows tell how the two numbers move together."""
        shares = self.hits is not None and other.hits is not None
        if shares and np.array_equal(self.rows, other.rows):
            return True
        return min(len(self.rows), len(other.rows)) >= SMALLEST_GROUP


@dataclass(frozen=True, eq=False)
class RowNumbers:
    """The numbers of a report, computed again from the rows that it keeps.

    Attributes
    ----------
    context
        The rows.
    """

    context: AuditContext
    _known: dict[tuple[str, str], list[Functional | None]] = field(default_factory=dict)

    def find(self, check: str, estimate: str, value: float) -> Functional | None:
        """Return the number that a finding calls by a name, as a function of the rows.

        Parameters
        ----------
        check, estimate
            The finding's check and the name among its estimates.
        value
            What the report says it is.

        Returns
        -------
        Functional or None
            `None` if it is not known how it follows from the rows, or if they give another value.
        """
        pillar, _, name = check.partition(".")
        if pillar == "performance" and name == estimate and name in MEASURES:
            found = iter([_measure(name, self.context)])
        else:
            found = self._named(check, estimate, value)
        return next((e for e in found if e is not None and _agrees(e.value, value)), None)

    def _named(self, check: str, estimate: str, value: float) -> Iterator[Functional | None]:
        """Yield what a name that speaks of groups can mean: a group's value, a gap or a ratio."""
        for measured, said in _measured_by_group(check, estimate):
            for grouping in self._groupings:
                groups = self._by_group(measured, grouping)
                if said in ("gap", f"gap[{grouping.name}]"):
                    yield from _pairs(groups, value, _gap)
                elif said in ("ratio", f"ratio[{grouping.name}]"):
                    yield from _pairs(groups, value, _ratio)
                elif said == "accuracy of the worst group":
                    yield from groups
                else:
                    names = (f"{grouping.name}={label}" for label in grouping.labels)
                    yield from (e for name, e in zip(names, groups, strict=True) if name == said)

    @cached_property
    def _groupings(self) -> list[Grouping]:
        return [each.grouping for each in compared_groupings(self.context)]

    def _by_group(self, measured: str, grouping: Grouping) -> list[Functional | None]:
        key = measured, grouping.name
        if key not in self._known:
            compute = _rate if measured in RATES else _score
            self._known[key] = compute(measured, self.context, grouping)
        return self._known[key]


def paired_difference(before: Functional, after: Functional, *, level: float = 0.95) -> Estimate:
    """Return `after - before` with its interval, from the same rows in the same order.

    Parameters
    ----------
    before, after
        The same number for two models; shapes (n,).
    level
        Coverage.

    Examples
    --------
    >>> rows, shares = np.arange(48), np.full(48, 1 / 48)
    >>> a = np.repeat([0.0, 0.0, 1.0, 1.0], [12, 26, 4, 6])
    >>> b = np.repeat([0.0, 1.0, 0.0, 1.0], [12, 26, 4, 6])
    >>> share = [Functional(x.mean(), rows, x - x.mean(), shares, x) for x in (a, b)]
    >>> print(paired_difference(*share))
    0.458 [0.255, 0.625]
    """
    same_rows = np.array_equal(before.rows, after.rows)
    if before.hits is not None and after.hits is not None and same_rows:
        return _paired_shares(before, after, after.hits - before.hits, level)
    if before.parts and after.parts:
        return _paired_means_of_shares(before, after, level)
    influence, counts = np.zeros(len(before.shares)), np.zeros(len(before.shares), dtype=bool)
    influence[after.rows] += after.influence
    influence[before.rows] -= before.influence
    counts[after.rows] = counts[before.rows] = True
    difference = Measured(after.value - before.value, influence, before.shares)
    half = critical_value(level) * difference.standard_error
    value, n = difference.value, int(counts.sum())
    return Estimate(value, value - half, value + half, level, n, "paired, influence function")


def unpaired_difference(before: Estimate, after: Estimate) -> Estimate:
    """Return `after - before` with its interval, from rows that are taken for different ones.

    Parameters
    ----------
    before, after
        Two estimates with their intervals.

    Examples
    --------
    >>> a = Estimate(0.70, 0.60, 0.80, 0.95, 80, "exact")
    >>> b = Estimate(0.80, 0.70, 0.90, 0.95, 80, "exact")
    >>> print(unpaired_difference(a, b))
    0.100 [-0.041, 0.241]
    """
    value = after.value - before.value
    below = np.hypot(after.value - after.low, before.high - before.value)
    above = np.hypot(after.high - after.value, before.value - before.low)
    level, n = min(before.level, after.level), min(before.n, after.n)
    low, high = float(value - below), float(value + above)
    return Estimate(value, low, high, level, n, "unpaired, squares added")


def _agrees(computed: float, reported: float) -> bool:
    return bool(np.isclose(computed, reported, rtol=AGREEMENT, atol=AGREEMENT))


def _measure(name: str, context: AuditContext) -> Functional | None:
    try:
        found = measure(name, context.answers)
    except InputError:
        return None
    hits = found.influence + found.value if found.share_of_rows else None
    everyone = np.arange(len(found.shares))
    parts = _recalls(context) if name == "balanced_accuracy" else ()
    return Functional(found.value, everyone, found.influence, found.shares, hits, parts)


def _recalls(context: AuditContext) -> tuple[Functional, ...]:
    shares, right = context.answers.shares, (context.outcomes == context.decisions).astype(float)
    found = []
    for label in np.unique(context.outcomes[shares > 0]):
        rows = np.flatnonzero(context.outcomes == label)
        hits, within = right[rows], shares[rows]
        value = float(within @ hits / within.sum())
        influence = (hits - value) / within.sum()
        found.append(Functional(value, rows, influence, shares, hits))
    return tuple(found)


def _measured_by_group(check: str, estimate: str) -> list[tuple[str, str]]:
    """Return which measures the name may be of, and what is said of them."""
    if estimate in GAPS_OF:
        return [(GAPS_OF[estimate], "gap")]
    if check in PREFIXED:
        prefixes = PREFIXED[check]
        of = [(rate, estimate.removeprefix(p)) for p, rate in prefixes.items() if p in estimate]
        return of or [(rate, estimate) for rate in prefixes.values()]
    measured = SCORES.get(check) or RATE_OF.get(check)
    return [(measured, estimate)] if measured else []


def _rate(rate: str, context: AuditContext, grouping: Grouping) -> list[Functional | None]:
    if rate == "accuracy":  # the same whatever is favourable
        hits = (context.outcomes == context.decisions).astype(float)
        among = np.ones(len(hits), dtype=bool)
    elif context.favourable is None:
        return [None] * len(grouping.labels)
    else:
        counted, cells = RATES[rate].masks(len(context.classes), context.favourable)
        hits = counted[context.outcomes, context.decisions]
        among = cells[context.outcomes, context.decisions] > 0
    found: list[Functional | None] = []
    shares = context.answers.shares
    for group in range(len(grouping.labels)):
        rows = np.flatnonzero(among & (grouping.codes == group))
        mass = float(shares[rows].sum())
        if mass == 0:
            found.append(None)
            continue
        value = float(shares[rows] @ hits[rows]) / mass
        found.append(Functional(value, rows, (hits[rows] - value) / mass, shares, hits[rows]))
    return found


def _score(name: str, context: AuditContext, grouping: Grouping) -> list[Functional | None]:
    shares = context.answers.shares
    found: list[Functional | None] = []
    measured = score_by_group(name, context.answers, grouping, favourable=context.favourable)
    for group, each in enumerate(measured):
        rows = np.flatnonzero(grouping.codes == group)
        found.append(
            None
            if each is None
            else Functional(each.value, rows, each.influence / shares[rows].sum(), shares)
        )
    return found


def _pairs(
    groups: Sequence[Functional | None],
    value: float,
    combine: Callable[[Functional, Functional], Functional],
) -> Iterator[Functional]:
    """Yield the pairs of groups that are that far apart; which groups count is not asked here."""
    known = [each for each in groups if each is not None]
    for high in known:
        for low in known:
            apart = high.value - low.value if combine is _gap else _over(low.value, high.value)
            if low is not high and _agrees(apart, value):
                yield combine(high, low)


def _over(low: float, high: float) -> float:
    return low / high if high else np.nan


def _gap(high: Functional, low: Functional) -> Functional:
    return Functional(
        high.value - low.value,
        np.concatenate([high.rows, low.rows]),
        np.concatenate([high.influence, -low.influence]),
        high.shares,
    )


def _ratio(high: Functional, low: Functional) -> Functional:
    ratio = _over(low.value, high.value)
    return Functional(
        ratio,
        np.concatenate([high.rows, low.rows]),
        np.concatenate([-ratio * high.influence, low.influence]) / high.value,
        high.shares,
    )


def _paired_shares(before: Functional, after: Functional, change: Floats, level: float) -> Estimate:
    shares = before.shares[before.rows]
    shares = shares / shares.sum()
    rows = effective_size(shares)
    moved, mean = float(shares @ (change != 0)), float(shares @ change)
    variance = float(np.sum((shares * (change - mean)) ** 2))
    if variance > 0:  # weights may go with what changed, as in `share_size`
        rows = min(rows, (moved - mean**2) / variance)
    up, down = (rows * float(shares @ (change == sign)) for sign in (1, -1))
    p, q = (up + 1) / (rows + 2), (down + 1) / (rows + 2)
    half = critical_value(level) * float(np.sqrt((p + q - (p - q) ** 2) / (rows + 2)))
    return Estimate(
        value=after.value - before.value,
        low=max(p - q - half, -1.0),
        high=min(p - q + half, 1.0),
        level=level,
        n=len(before.rows),
        method="paired, adjusted Wald",
    )


def _paired_means_of_shares(before: Functional, after: Functional, level: float) -> Estimate:
    made = [
        paired_difference(*each, level=level)
        for each in zip(before.parts, after.parts, strict=True)
    ]
    apart = np.array([(each.value - each.low, each.high - each.value) for each in made])
    below, above = (float(each) / len(made) for each in np.linalg.norm(apart, axis=0))
    value, n = after.value - before.value, len(before.rows)
    return Estimate(value, value - below, value + above, level, n, "paired, adjusted Wald by class")
