"""Selective prediction: whether the model is less sure where it is wrong, for every group."""

from __future__ import annotations

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.audit.gaps import named_group
from alignlab.charts import Cell, Chart, Table, interval_chart
from alignlab.uncertainty.selective import Abstention, RiskCoverage, abstaining, risk_coverage

LEFT_OUT = 0.2
"""The share of cases on which the model is thought to abstain, for the sentence and the groups."""

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""The shares in the table."""

FEWEST_ROWS = 20
"""A smaller group is listed without a number."""

GROUP_COLUMNS = (
    "grouping", "group", "rows", "abstained", "error rate", "error rate of those answered",
    "change", "low", "high", "note",
)  # fmt: skip


@check(
    "uncertainty.selective",
    question="Is the model less sure where it is wrong?",
    needs=("classification", "probabilities"),
    limit=Limit(float("nan"), "at least", "AUROC of being right by how sure the model is", "none"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.5", "nist.measure-2.11", "eu.annex-iv-2e", "eu.annex-iv-3"),
)
def selective(check: Check, context: AuditContext) -> Finding:
    """Measure how much the error rate falls where the model abstains on its least sure cases."""
    assert context.probabilities is not None
    decisions = context.decisions.astype(np.intp)
    sure = context.probabilities[np.arange(len(decisions)), decisions]
    wrong = (decisions != context.outcomes).astype(float)
    if context.weights is not None and not (context.weights > 0).any():
        return check.finding("not enough data", "No row has a weight above 0.")
    seen = risk_coverage(sure, wrong, weights=context.weights, level=context.level)
    if seen.auroc is None:
        which = "right" if seen.full_risk == 0 else "wrong"
        return check.finding(
            "not enough data",
            f"Every decision on these {seen.aurc.n:,} rows is {which}, which cannot show whether "
            "the model is less sure where it is wrong.",
        )
    limit = check.limit_in(context)
    overall = _without(context, sure, wrong, LEFT_OUT)
    groups = _groups(context, sure, wrong)
    return check.finding(
        verdict(seen.auroc, limit),
        _summary(seen, overall) + _harmed(groups),
        estimates={
            "AUROC of being right": seen.auroc,
            f"error rate of the surest {1 - LEFT_OUT:.0%}": overall.selective_risk,
            "change of the error rate": overall.change,
            "excess area under risk and coverage (E-AURC)": seen.e_aurc,
            "area under risk and coverage (AURC)": seen.aurc,
            "area under generalised risk and coverage (AUGRC)": seen.augrc,
            **{
                f"{name}={label}, of those answered": each.selective_risk
                for name, label, _, each in groups
                if each is not None
            },
        },
        limit=limit,
        advice=_advice(seen, groups),
        charts=(seen.chart("How much do errors fall where the model abstains?"), *_charts(groups)),
        tables=(_curve_table(context, sure, wrong), *_group_tables(groups, context.level)),
    )


Group = tuple[str, str, int, Abstention | None]
"""A grouping, one of its groups, its rows, and what abstaining does to it."""


def _without(
    context: AuditContext, sure: np.ndarray, wrong: np.ndarray, share: float
) -> Abstention:
    found = abstaining(sure, wrong, share=share, weights=context.weights, level=context.level)
    return found[None]


def _groups(context: AuditContext, sure: np.ndarray, wrong: np.ndarray) -> list[Group]:
    # All groups of all groupings are one family: one of many is harmed by chance.
    family = sum(len(each.labels) for each in context.groupings)
    found: list[Group] = []
    for grouping in context.groupings:
        level = 1 - (1 - context.level) * len(grouping.labels) / family
        by_code = abstaining(
            sure,
            wrong,
            share=LEFT_OUT,
            groups=grouping.codes,
            weights=context.weights,
            level=context.level,
        )
        strict = abstaining(
            sure, wrong, share=LEFT_OUT, groups=grouping.codes, weights=context.weights, level=level
        )
        for code, each in by_code.items():
            enough = each.rows >= FEWEST_ROWS and not np.isnan(each.selective_risk.value)
            kept = Abstention(
                each.rows, each.abstained, each.risk, each.selective_risk, strict[code].change
            )
            label = grouping.labels[code]
            found.append((grouping.name, label, each.rows, kept if enough else None))
    return found


def _summary(seen: RiskCoverage, overall: Abstention) -> str:
    assert seen.auroc is not None
    left = f"{LEFT_OUT:.0%}"
    before, after = 100 * overall.risk.value, 100 * overall.selective_risk.value
    moved = f"from {before:.1f}% to {after:.1f}%"
    if seen.auroc.low > 0.5:
        return (
            f"Where the model is wrong it is less sure: leaving out its least sure {left} of cases "
            f"brings the error rate {moved}."
        )
    if seen.auroc.high < 0.5:
        return (
            f"Where the model is wrong it is surer: leaving out its least sure {left} of cases "
            f"brings the error rate {moved}, so it must not choose whom to ask about."
        )
    return (
        f"That the model is less sure where it is wrong cannot be seen: leaving out its least sure "
        f"{left} of cases brings the error rate {moved}, which may be chance."
    )


def _surely_harmed(groups: list[Group]) -> list[tuple[str, Abstention]]:
    harmed = [
        (named_group(name, label), each)
        for name, label, _, each in groups
        if each is not None and each.change.low > 0
    ]
    return sorted(harmed, key=lambda each: -each[1].change.value)


def _harmed(groups: list[Group]) -> str:
    harmed = _surely_harmed(groups)
    if not harmed:
        return ""
    shown = "; ".join(
        f"{group}, from {100 * each.risk.value:.1f}% to {100 * each.selective_risk.value:.1f}%"
        for group, each in harmed[:3]
    )
    more = f" and {len(harmed) - 3} more" if len(harmed) > 3 else ""
    return f" For some it surely rises: {shown}{more}."


def _advice(seen: RiskCoverage, groups: list[Group]) -> tuple[str, ...]:
    assert seen.auroc is not None
    lines = []
    if seen.auroc.low > 0.5:
        lines.append(
            "alignlab predict MODEL DATA --calibration FILE --target COL --max-risk R says for "
            "each case whether to decide or to ask a person, and keeps the risk R with 95% "
            "confidence, if FILE has rows enough."
        )
    if _surely_harmed(groups):
        lines.append(
            "Choose a threshold for each group (--by COL), for one threshold for all makes it "
            "worse for those named."
        )
    return tuple(lines)


def _curve_table(context: AuditContext, sure: np.ndarray, wrong: np.ndarray) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for share in SHARES:
        each = _without(context, sure, wrong, share)
        rest = each.selective_risk
        rows.append((f"{share:.0%}", each.risk.value, rest.value, rest.low, rest.high))
    columns = ("least sure left out", "error rate of all", "of those answered", "low", "high")
    return Table("What abstaining does to the error rate", columns, tuple(rows))


def _charts(groups: list[Group]) -> tuple[Chart, ...]:
    rows = [
        {
            "group": label,
            "grouping": name,
            "value": each.change.value,
            "low": each.change.low,
            "high": each.change.high,
            "n": n,
        }
        for name, label, n, each in groups
        if each is not None and np.isfinite([each.change.low, each.change.high]).all()
    ]
    if not rows:
        return ()
    question = f"Whose error rate rises if the least sure {LEFT_OUT:.0%} are left out?"
    title = "change of the error rate (percentage points)"
    return (
        interval_chart(
            question, rows, x=title, facet="grouping", reference=0, reference_label="no change"
        ),
    )


def _group_tables(groups: list[Group], level: float) -> tuple[Table, ...]:
    if not groups:
        return ()
    rows: list[tuple[Cell, ...]] = []
    for name, label, n, each in groups:
        if each is None:
            rows.append((name, label, n, *[None] * 6, "too few rows"))
            continue
        change = each.change
        note = "surely worse" if change.low > 0 else "surely better" if change.high < 0 else ""
        rates = (each.abstained.value, each.risk.value, each.selective_risk.value)
        rows.append((name, label, n, *rates, change.value, change.low, change.high, note))
    title = f"Where the least sure {LEFT_OUT:.0%} are left out (changes at {level:.0%} all at once)"
    return (Table(title, GROUP_COLUMNS, tuple(rows)),)
