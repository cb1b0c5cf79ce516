"""Every measure in every group, and the group on which the model does worst."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.audit.gaps import compared_groupings, named_group
from alignlab.charts import Chart, Table, interval_chart
from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.fairness import SMALLEST_GROUP
from alignlab.intervals import Estimate
from alignlab.measures import (
    CLASSIFICATION_MEASURES,
    REGRESSION_MEASURES,
    Answers,
    Measured,
    measure,
)


@check(
    "performance.groups",
    question="For whom does the model do worst?",
    needs=("classification", "groups"),
    limit=Limit(float("nan"), "at least", "accuracy of the worst group", "none"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.11", "eu.annex-iv-3", "iso.a-5-4"),
)
def groups(check: Check, context: AuditContext) -> Finding:
    """Take every measure within every group."""
    groupings = [each.grouping for each in compared_groupings(context)]
    accuracies = {
        (grouping.name, label): measure("accuracy", part)
        for grouping in groupings
        for label, part in _parts(context.answers, grouping)
    }
    large = {at: found for at, found in accuracies.items() if _is_large(found)}
    tables = tuple(_table(context.answers, grouping) for grouping in groupings)
    if not large:
        return check.finding(
            "not enough data", f"No group has {SMALLEST_GROUP} rows.", tables=tables
        )
    worst_estimate, at = _worst(large, context.level)
    limit = check.limit_in(context)
    return check.finding(
        verdict(worst_estimate, limit),
        f"The model is right least often for {named_group(*at)}: in {worst_estimate.value:.1%} of "
        f"cases; no group of {SMALLEST_GROUP} rows or more is below {worst_estimate.low:.1%}.",
        estimates={
            "accuracy of the worst group": worst_estimate,
            **{
                f"{name}={label}": found.estimate(level=context.level)
                for (name, label), found in accuracies.items()
            },
        },
        limit=limit,
        charts=(_chart(check.question, accuracies, context.level),),
        tables=tables,
    )


def _is_large(found: Measured) -> bool:
    return found.effective >= SMALLEST_GROUP - 1e-9


def _parts(answers: Answers, grouping: Grouping) -> list[tuple[str, Answers]]:
    parts = [
        (label, answers.at(np.flatnonzero(grouping.codes == group)))
        for group, label in enumerate(grouping.labels)
    ]
    return [(label, part) for label, part in parts if part.shares.sum() > 0]


def _worst(
    accuracies: dict[tuple[str, str], Measured], level: float
) -> tuple[Estimate, tuple[str, str]]:
    """Return the lowest accuracy; its limits hold for the lowest of all groups at once."""
    sure = {
        at: found.estimate(level=level, comparisons=len(accuracies))
        for at, found in accuracies.items()
    }
    at = min(sure, key=lambda each: sure[each].value)
    low = min(each.low for each in sure.values())
    high = min(each.high for each in sure.values())
    method = f"simultaneous over {len(sure)} groups"
    return Estimate(sure[at].value, low, high, level, sure[at].n, method), at


def _table(answers: Answers, grouping: Grouping) -> Table:
    is_class = np.issubdtype(answers.outcomes.dtype, np.integer)
    known = CLASSIFICATION_MEASURES if is_class else REGRESSION_MEASURES
    used = {
        name: each
        for name, each in known.items()
        if not each.needs_probabilities or answers.probabilities is not None
    }
    rows = []
    for label, part in _parts(answers, grouping):
        cells: list[str | float | int | None] = [label, len(part)]
        for name in used:
            try:
                cells.append(measure(name, part).value)
            except InputError:  # a group with one class has no AUC
                cells.append(None)
        rows.append(tuple(cells))
    columns = (grouping.name, "rows", *(each.name for each in used.values()))
    return Table(f"Performance by {grouping.name}", columns, tuple(rows))


def _chart(question: str, accuracies: dict[tuple[str, str], Measured], level: float) -> Chart:
    rows = [
        {
            "group": label,
            "grouping": name,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "n": estimate.n,
            "quiet": not _is_large(found),
        }
        for (name, label), found in accuracies.items()
        for estimate in [found.estimate(level=level)]
    ]
    return interval_chart(question, rows, x="accuracy", facet="grouping")
