"""Two models on the same rows: the difference of a number, with each row's own contribution to it.

A number T that is the same function of two models' answers has the difference T_b - T_a, and every
row moves it by psi_b,i - psi_a,i, the difference of its influences; what is common to the two
models cancels, row by row [hampel1974influence]. Where T is a share among rows that are the same
for both, only the rows on which the models disagree count, b one way and c the other of n, and

    p - q ± z sqrt((p + q - (p - q)^2)/(n + 2)),   p = (b + 1)/(n + 2),   q = (c + 1)/(n + 2)

holds its level also where hardly any row disagrees [bonett2012adjusted]. On different rows, the
distances of each estimate from its limits are squared and added [newcombe1998interval, method 10].

The largest gap between groups is linearised at the groups that are farthest apart; it is not smooth
where two pairs of groups tie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.audit.context import AuditContext
from alignlab.audit.gaps import compared_groupings
from alignlab.errors import InputError
from alignlab.fairness import RATES, SCORE_MEASURES
from alignlab.intervals import Estimate, critical_value
from alignlab.measures import (
    CLASSIFICATION_MEASURES,
    REGRESSION_MEASURES,
    Measured,
    effective_size,
    measure,
)

__all__ = ["Functional", "functional", "paired_difference", "unpaired_difference"]

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

AGREEMENT = 1e-5
"""How far a number computed from the kept rows may be from the report's: scores have 32 bits."""


@dataclass(frozen=True, eq=False)
class Functional:
    """A number as a function of the rows.

    Attributes
    ----------
    value
        The number.
    influence
        What each row contributes, shape (n,); its weighted mean is 0.
    shares
        The rows' weights, which sum to one.
    hits
        1 where a row counts, shape (n,), if the number is a share of rows; else `None`.
    among
        The rows that such a share is among, shape (n,).
    """

    value: float
    influence: Floats
    shares: Floats
    hits: Floats | None = None
    among: NDArray[np.bool_] | None = None


def functional(check: str, estimate: str, value: float, context: AuditContext) -> Functional | None:
    """Return the number that a finding calls by a name, as a function of the rows.

    Parameters
    ----------
    check, estimate
        The finding's check and the name among its estimates.
    value
        What the report says it is.
    context
        The report's rows.

    Returns
    -------
    Functional or None
        `None` if it is not known how it follows from the rows, or if they give another value.
    """
    pillar, _, name = check.partition(".")
    if pillar == "performance" and name == estimate and name in MEASURES:
        found = iter([_measure(name, context)])
    else:
        found = _by_group(check, estimate, value, context)
    return next((each for each in found if each is not None and _agrees(each.value, value)), None)


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
    >>> shares, among = np.full(48, 1 / 48), np.ones(48, bool)
    >>> a = np.repeat([0.0, 0.0, 1.0, 1.0], [12, 26, 4, 6])
    >>> b = np.repeat([0.0, 1.0, 0.0, 1.0], [12, 26, 4, 6])
    >>> share = [Functional(x.mean(), x - x.mean(), shares, x, among) for x in (a, b)]
    >>> print(paired_difference(*share))
    0.458 [0.255, 0.625]
    """
    n = len(before.shares)
    if before.hits is not None and after.hits is not None:
        assert before.among is not None
        assert after.among is not None
        if np.array_equal(before.among, after.among):
            return _paired_shares(before, after, level)
    difference = Measured(
        after.value - before.value, after.influence - before.influence, before.shares
    )
    half = critical_value(level) * difference.standard_error
    value = difference.value
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
    if not found.share_of_rows:
        return Functional(found.value, found.influence, found.shares)
    everyone = np.ones(len(found.shares), dtype=bool)
    hits = found.influence + found.value
    return Functional(found.value, found.influence, found.shares, hits, everyone)


def _by_group(
    check: str, estimate: str, value: float, context: AuditContext
) -> Iterator[Functional | None]:
    """Yield what a name that speaks of groups can mean: a group's value, a gap or a ratio."""
    for measured, rest in _measured_by_group(check, estimate):
        for each in compared_groupings(context):
            grouping = each.grouping
            groups = range(len(grouping.labels))
            if rest in ("gap", "ratio", f"gap[{grouping.name}]", f"ratio[{grouping.name}]"):
                values = [_in_group(measured, context, grouping.codes == at) for at in groups]
                known = [each for each in values if each is not None]
                yield from _pairs(known, value, _gap if rest.startswith("gap") else _ratio)
            elif rest == "accuracy of the worst group":
                yield from (_in_group(measured, context, grouping.codes == at) for at in groups)
            else:
                label = rest.removeprefix(f"{grouping.name}=")
                if rest == f"{grouping.name}={label}" and label in grouping.labels:
                    at = grouping.labels.index(label)
                    yield _in_group(measured, context, grouping.codes == at)


def _measured_by_group(check: str, estimate: str) -> list[tuple[str, str]]:
    """Return which measures the name may be of, and what is said of them."""
    if check in PREFIXED:
        prefixes = PREFIXED[check]
        of = [(rate, estimate.removeprefix(p)) for p, rate in prefixes.items() if p in estimate]
        return of or [(rate, estimate) for rate in prefixes.values()]
    measured = SCORES.get(check) or RATE_OF.get(check)
    return [(measured, estimate)] if measured else []


def _in_group(measured: str, context: AuditContext, member: NDArray[np.bool_]) -> Functional | None:
    return (_rate if measured in RATES else _score)(measured, context, member)


def _rate(rate: str, context: AuditContext, member: NDArray[np.bool_]) -> Functional | None:
    if rate == "accuracy":  # the same whatever is favourable
        hits = (context.outcomes == context.decisions).astype(float)
        among = member
    elif context.favourable is None:
        return None
    else:
        masks = RATES[rate].masks(len(context.classes), context.favourable)
        counted, among_cells = (mask[context.outcomes, context.decisions] for mask in masks)
        hits, among = counted, member & (among_cells > 0)
    shares = context.answers.shares
    mass = float(shares[among].sum())
    if mass == 0:
        return None
    value = float(shares[among] @ hits[among]) / mass
    return Functional(value, among * (hits - value) / mass, shares, hits, among)


def _score(name: str, context: AuditContext, member: NDArray[np.bool_]) -> Functional | None:
    found = SCORE_MEASURES[name](context.answers.at(member), context.favourable)
    if found is None:
        return None
    shares = context.answers.shares
    influence = np.zeros(len(shares))
    influence[member] = found.influence / shares[member].sum()
    return Functional(found.value, influence, shares)


def _pairs(
    groups: list[Functional],
    value: float,
    combine: Callable[[Functional, Functional], Functional],
) -> Iterator[Functional | None]:
    """Yield the pairs of groups that are that far apart; which groups count is not asked here."""
    for high in groups:
        for low in groups:
            apart = high.value - low.value if combine is _gap else _over(low.value, high.value)
            if low is not high and _agrees(apart, value):
                yield combine(high, low)


def _over(low: float, high: float) -> float:
    return low / high if high else np.nan


def _gap(high: Functional, low: Functional) -> Functional:
    return Functional(high.value - low.value, high.influence - low.influence, high.shares)


def _ratio(high: Functional, low: Functional) -> Functional:
    ratio = _over(low.value, high.value)
    influence = (low.influence - ratio * high.influence) / high.value
    return Functional(ratio, influence, high.shares)


def _paired_shares(before: Functional, after: Functional, level: float) -> Estimate:
    assert before.hits is not None
    assert after.hits is not None
    assert before.among is not None
    shares = before.shares[before.among]
    shares = shares / shares.sum()
    change = (after.hits - before.hits)[before.among]
    rows = effective_size(shares)
    up, down = (rows * float(shares @ (change == sign)) for sign in (1, -1))
    p, q = (up + 1) / (rows + 2), (down + 1) / (rows + 2)
    half = critical_value(level) * float(np.sqrt((p + q - (p - q) ** 2) / (rows + 2)))
    return Estimate(
        value=after.value - before.value,
        low=max(p - q - half, -1.0),
        high=min(p - q + half, 1.0),
        level=level,
        n=int(before.among.sum()),
        method="paired, adjusted Wald",
    )
