"""The weakest slices: where errors gather, among all slices of one or two features."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.charts import Chart, Table, interval_chart
from alignlab.fairness import SMALLEST_SLICE, WeakSlice, weak_slices

COLUMNS = ("slice", "rows", "share of rows", "loss", "low", "high", "loss elsewhere")


@check(
    "performance.slices",
    question="Where is the model weakest?",
    evidence=("nist.measure-2.5", "eu.annex-iv-3", "iso.a-6-2-4"),
)
def slices(check: Check, context: AuditContext) -> Finding:
    """Search the slices of one or two features for more errors than elsewhere."""
    answers = context.answers
    if context.task == "classification":
        losses = (answers.outcomes != answers.decisions).astype(float)
        words, percent = "wrong", True
    else:
        losses = (answers.outcomes.astype(float) - answers.decisions.astype(float)) ** 2
        words, percent = "squared error", False
    found, tried = weak_slices(
        losses, context.features, weights=context.weights, level=context.level
    )
    if tried == 0:
        return check.finding(
            "not enough data",
            f"There is no slice of {SMALLEST_SLICE} rows to look at besides all rows.",
        )
    if not found:
        return check.finding(
            "measured",
            f"None of {tried:,} slices is surely worse than the other rows.",
        )
    weakest = found[0]
    return check.finding(
        "measured",
        _sentence(weakest, words, percent, tried),
        estimates={each.description: each.loss for each in found},
        advice=("Bring more rows of these slices to training, or ask a person about them.",),
        charts=(_chart(check.question, found, words, percent),),
        tables=(_table(found),),
    )


def _sentence(weakest: WeakSlice, words: str, percent: bool, tried: int) -> str:
    if percent:
        return (
            f"The model is {words} on {weakest.loss.value:.1%} of rows with "
            f"{weakest.description} (at least {weakest.loss.low:.1%}), and on "
            f"{weakest.others:.1%} of the others; {tried:,} slices were tried and allowed for."
        )
    return (
        f"The mean {words} is {weakest.loss.value:.4g} on rows with {weakest.description} (at "
        f"least {weakest.loss.low:.4g}), and {weakest.others:.4g} on the others; {tried:,} "
        "slices were tried and allowed for."
    )


def _chart(question: str, found: list[WeakSlice], words: str, percent: bool) -> Chart:
    rows = [
        {
            "slice": each.description,
            "value": each.loss.value,
            "low": each.loss.low,
            "high": each.loss.high,
            "n": each.loss.n,
        }
        for each in found
    ]
    mean = float(np.mean([each.others for each in found]))
    axis = f"share of rows that are {words}" if percent else f"mean {words}"
    return interval_chart(
        question, rows, x=axis, y="slice", reference=mean, reference_label="elsewhere",
        percent=percent,
    )  # fmt: skip


def _table(found: list[WeakSlice]) -> Table:
    rows = tuple(
        (
            each.description, each.loss.n, each.share, each.loss.value, each.loss.low,
            each.loss.high, each.others,
        )
        for each in found
    )  # fmt: skip
    return Table("Slices that are surely worse than the other rows", COLUMNS, rows)
