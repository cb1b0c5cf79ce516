"""Which share of decisions flips when rows change a little: noise, a gap, a typo, another unit."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, Status, verdict
from alignlab.charts import Chart, Table, interval_chart
from alignlab.intervals import Estimate
from alignlab.robustness import ChangeOfKind, SmallChanges, small_changes
from alignlab.wording import joined

MAX_ROWS = 10_000
"""Rows tried with each kind of change: shares are then known to about one point in a hundred."""

SHOWN = 20
"""Columns listed."""

TOLERANCE = 0.1
"""A predicted number has changed where it moves by more than this share of the target's spread."""

WORDS = {
    "noise": "a little noise in the numbers",
    "missing": "one missing value",
    "typo": "one typo",
    "unit": "one number in another unit",
}

BY_KIND = ("change", "rows", "flipped", "low", "high", "refused")
BY_GROUP = ("change", "grouping", "group", "rows", "flipped", "low", "high")
BY_COLUMN = ("change", "column", "rows", "flipped", "low", "high", "refused with")


@check(
    "robustness.small_changes",
    question="Do small changes flip decisions?",
    needs=("table", "model"),
    limit=Limit(float("nan"), "at most", "largest share of decisions that a small change flips"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.5", "nist.measure-2.6", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def small_changes_check(check: Check, context: AuditContext) -> Finding:
    """Change rows a little, in four ways, and count the decisions that flip."""
    if context.weights is not None and not (context.weights > 0).any():
        return check.finding("not enough data", "No row has a weight above 0.")
    assert context.predictor is not None
    spread = None
    if context.task == "regression":
        spread = float(np.std(context.outcomes.astype(float)))
    result = small_changes(
        context.predictor,
        context.features,
        context.decisions,
        tolerance=TOLERANCE,
        spread=spread,
        max_rows=MAX_ROWS,
        weights=context.weights,
        level=context.level,
        seed=context.seed,
    )
    limit = check.limit_in(context)
    worst, kind = result.worst, result.worst_kind
    if worst is None or kind is None or kind.flips is None:
        status: Status = "not applicable" if limit is None else "not enough data"
        return check.finding(
            status,
            _nothing(result),
            limit=limit,
            advice=_advice(result, status),
            tables=_tables(result, context),
        )
    status = verdict(worst, limit)
    others = {each.kind: each.flips for each in result.kinds if each.flips is not None}
    return check.finding(
        status,
        _sentence(result, kind, kind.flips, context),
        estimates={"largest share that flips": worst, **others},
        limit=limit,
        advice=_advice(result, status),
        charts=(result.chart(), *_group_charts(kind, context)),
        tables=_tables(result, context),
    )


def _sentence(
    result: SmallChanges, kind: ChangeOfKind, flips: Estimate, context: AuditContext
) -> str:
    verb = "flips" if context.task == "classification" else "visibly moves"
    sampled = f"{result.rows:,} rows"
    if result.rows < result.rows_given:
        sampled = f"{result.rows:,} of {result.rows_given:,} rows"
    sentence = (
        f"Of the small changes tried on {sampled}, {WORDS[kind.kind]} {verb} the most decisions: "
        f"{flips.value:.1%} ({flips.low:.1%} to {flips.high:.1%})"
    )
    if flips.value == 0:
        tried = joined([WORDS[each.kind] for each in result.kinds if each.flips is not None])
        sentence = f"No small change tried on {sampled} {verb} a decision: {tried}"
    refused = [_refused(each) for each in result.kinds if each.refusals]
    if refused:
        sentence += f"; the model refuses rows with {joined(refused)}"
    return sentence + "."


def _refused(kind: ChangeOfKind) -> str:
    count = len(kind.refusals)
    where = f" in {count} column{'s' * (count > 1)}" if kind.accepted else ""
    return WORDS[kind.kind] + where


def _nothing(result: SmallChanges) -> str:
    if any(each.refusals for each in result.kinds):
        return "The model refuses every row that is changed a little."
    return "No row could be changed a little without leaving what the data shows."


def _advice(result: SmallChanges, status: str) -> tuple[str, ...]:
    lines = []
    kind = result.worst_kind
    if status == "fail" and kind is not None:
        columns = [each for each in kind.by_column() if each.estimate is not None][:1]
        where = f", of {columns[0].column} above all" if columns else ""
        lines.append(
            f"Train on rows with {WORDS[kind.kind]}{where}, check inputs before the model sees "
            "them, or have a person look where a decision is near."
        )
    for each in result.kinds:
        for column, words in list(each.refusals.items())[:1]:
            where = f" in {column}" if column else ""
            more = f" (and in {len(each.refusals) - 1} more columns)" * (len(each.refusals) > 1)
            lines.append(
                f"Decide what should happen to rows with {WORDS[each.kind]}{where}{more}: "
                f"the model answers with the error “{words.rstrip('.')}”."
            )
    return tuple(lines)


def _group_charts(kind: ChangeOfKind, context: AuditContext) -> tuple[Chart, ...]:
    rows = [
        {
            "group": group,
            "grouping": grouping.name,
            "value": share.value,
            "low": share.low,
            "high": share.high,
            "n": share.n,
        }
        for grouping in context.groupings
        for group, share in kind.by_group(grouping).items()
    ]
    if not rows:
        return ()
    return (
        interval_chart(
            f"Whose decisions does {WORDS[kind.kind]} flip?",
            rows,
            x="share of decisions that flip",
            facet="grouping",
        ),
    )


def _tables(result: SmallChanges, context: AuditContext) -> tuple[Table, ...]:
    answered = [each for each in result.kinds if each.flips is not None]
    kinds = tuple(
        (
            WORDS[each.kind],
            len(each.rows),
            *(
                (each.flips.value, each.flips.low, each.flips.high)
                if each.flips
                else (None, None, None)
            ),
            sum(each.refused.values()),
        )
        for each in result.kinds
    )
    columns = tuple(
        (
            WORDS[each.kind],
            one.column,
            one.rows,
            *(
                (one.estimate.value, one.estimate.low, one.estimate.high)
                if one.estimate
                else (None, None, None)
            ),
            one.refusal,
        )
        for each in result.kinds
        for one in each.by_column()[:SHOWN]
    )
    groups = tuple(
        (WORDS[each.kind], grouping.name, group, share.n, share.value, share.low, share.high)
        for each in answered
        for grouping in context.groupings
        for group, share in each.by_group(grouping).items()
    )
    moves = tuple(
        (WORDS[each.kind], each.mean_move.value, each.mean_move.low, each.mean_move.high)
        for each in answered
        if each.mean_move is not None
    )
    tables = [Table("Decisions that flip, by kind of change", BY_KIND, kinds)]
    if moves:
        unit = ("change", "mean move", "low", "high")
        tables.append(Table("How far predictions move, in the target's unit", unit, moves))
    if columns:
        tables.append(Table("Decisions that flip, by the column changed", BY_COLUMN, columns))
    if groups:
        tables.append(Table("Decisions that flip, by group", BY_GROUP, groups))
    return tuple(tables)
