"""Whom do prediction sets fail: calibrated on one half of the rows, held against the other."""

import numpy as np
from numpy.typing import NDArray

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, Status, verdict
from alignlab.audit.gaps import named_group
from alignlab.charts import Cell, Chart, Table, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.random import row_streams
from alignlab.uncertainty.conformal import class_scores
from alignlab.uncertainty.conformal.crossed import CrossedCoverage, crossed_coverage

LEVEL = 0.9
"""The coverage that the sets promise."""

FEWEST_ROWS = 20
"""A smaller group is listed without a number."""

COLUMNS = ("grouping", "group", "rows", "covered", "low", "high", "size", "falls short")


@check(
    "uncertainty.coverage",
    question="Whom do the sets fail?",
    limit=Limit(
        float("nan"), "at least", "coverage, by sets for 90 %, of the least covered group", "none"
    ),
    limit_range=(0, 1),
    evidence=("nist.measure-2.5", "nist.measure-2.11", "eu.annex-iv-3", "iso.a-5-4"),
)
def coverage(check: Check, context: AuditContext) -> Finding:
    """Make sets for 90 % on each half of the rows, and see in which groups they fall short."""
    limit = check.limit_in(context)
    if context.task == "classification" and context.probabilities is None:
        return check.finding(
            "not applicable",
            "Not applicable: the model gives decisions only, without probabilities.",
        )
    own, scores = _scores(check, context)
    try:
        seen = crossed_coverage(
            own,
            scores=scores,
            level=LEVEL,
            groupings=context.groupings,
            weights=context.weights,
            confidence=context.level,
            fewest=FEWEST_ROWS,
            seed=context.generator(check.name),
        )
    except InputError as reason:
        return check.finding("not enough data", str(reason), limit=limit)
    headline = _least(seen)
    status: Status = verdict(headline, limit)
    if not seen.known and limit is not None:
        status = "not enough data"  # sets keep their level on average whatever the model
    estimates = {"coverage of the least covered group": headline} if seen.known else {}
    estimates["coverage"] = seen.overall
    for each in seen.groups:
        if each.covered is not None:
            estimates[f"{each.grouping}={each.group}"] = each.covered
    return check.finding(
        status,
        _summary(seen, context),
        estimates=estimates,
        limit=limit,
        advice=_advice(seen),
        charts=_charts(check, seen),
        tables=(_sizes(seen, scores), *_groups(seen)),
    )


def _scores(
    check: Check, context: AuditContext
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the score of what was true, and those of all classes where there are classes."""
    if context.probabilities is None:
        return np.abs(context.outcomes.astype(float) - context.decisions.astype(float)), None
    rows = len(context.outcomes)
    uniform = row_streams(context.seed, rows, check.name).uniform(1)[:, 0]
    scores = class_scores(context.probabilities, score="aps", uniform=uniform)
    return scores[np.arange(rows), context.outcomes.astype(np.intp)], scores


def _least(seen: CrossedCoverage) -> Estimate:
    """Return the coverage of the least covered group: the least of limits that hold at once."""
    known = [each.covered for each in seen.known if each.covered is not None]
    if not known:
        return seen.overall
    return Estimate(
        known[0].value,
        min(each.low for each in known),
        min(each.high for each in known),
        known[0].level,
        known[0].n,
        known[0].method,
    )


def _summary(seen: CrossedCoverage, context: AuditContext) -> str:
    what = "Sets" if context.task == "classification" else "Intervals"
    promised = f"{what} made to hold the truth in {LEVEL:.0%} of cases"
    if seen.short:
        named = "; ".join(
            f"{each.covered.value:.1%} of {named_group(each.grouping, each.group)}"
            for each in seen.short[:3]
            if each.covered is not None
        )
        more = f"; and {len(seen.short) - 3} more groups" if len(seen.short) > 3 else ""
        return f"{promised} hold it in only {named}{more}: they surely fall short there."
    if not seen.known:
        return f"{promised} hold it in {seen.overall.value:.1%}; no groups were compared."
    least = seen.known[0]
    assert least.covered is not None
    return (
        f"{promised} fall surely short for no group; they hold it least often for "
        f"{named_group(least.grouping, least.group)}: {least.covered.value:.1%} "
        f"({least.covered.low:.1%} to {least.covered.high:.1%})."
    )


def _advice(seen: CrossedCoverage) -> tuple[str, ...]:
    if not seen.short:
        return ()
    column = seen.short[0].grouping
    return (
        "Sets that keep their promise within each group: alignlab predict MODEL DATA --intervals "
        f"--calibration FILE --target COL --by '{column}'.",
    )


def _charts(check: Check, seen: CrossedCoverage) -> tuple[Chart, ...]:
    rows = [
        {
            "group": each.group,
            "grouping": each.grouping,
            "value": each.covered.value,
            "low": each.covered.low,
            "high": each.covered.high,
            "n": each.rows,
        }
        for each in seen.groups
        if each.covered is not None
    ]
    if not rows:
        return ()
    return (
        interval_chart(
            check.question,
            rows,
            x="covered (share of rows whose set holds the truth; all groups at once)",
            facet="grouping",
            reference=LEVEL,
            reference_label=f"promised: {LEVEL:.0%}",
        ),
    )


def _sizes(seen: CrossedCoverage, scores: NDArray[np.float64] | None) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("coverage promised", seen.level),
        ("covered, all rows", seen.overall.value),
    ]
    if scores is None:
        rows += [
            ("score", "distance of the value from the prediction"),
            ("width of the intervals, halves", f"{seen.sizes.min():.4g}, {seen.sizes.max():.4g}"),
        ]
    else:
        rows += [
            ("score", "randomised APS: equal for all groups where the probabilities are right"),
            ("classes in a set, on average", float(seen.sizes.mean())),
            ("sets without a class", float(np.mean(seen.sizes == 0))),
            ("sets of one class", float(np.mean(seen.sizes == 1))),
            ("sets of all classes", float(np.mean(seen.sizes == scores.shape[1]))),
        ]
    return Table("How the sets were made, and how large they are", ("what", "value"), tuple(rows))


def _groups(seen: CrossedCoverage) -> tuple[Table, ...]:
    if not seen.groups:
        return ()
    rows: list[tuple[Cell, ...]] = []
    for each in seen.groups:
        size = each.size if np.isfinite(each.size) else None
        if each.covered is None:
            rows.append((each.grouping, each.group, each.rows, None, None, None, size, "too few"))
            continue
        covered = each.covered
        ends = (covered.value, covered.low, covered.high)
        short = "yes" if each.short else "no"
        rows.append((each.grouping, each.group, each.rows, *ends, size, short))
    return (Table("Coverage by group (limits for all groups at once)", COLUMNS, tuple(rows)),)
