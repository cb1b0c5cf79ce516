"""Rows unlike the reference: how many, whose, in which columns, and how the model does on them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.audit.gaps import named_group
from alignlab.charts import Chart, Table, interval_chart
from alignlab.datasets import ImageData
from alignlab.datasets.row_hashes import row_hashes, shared_rows
from alignlab.errors import InputError
from alignlab.intervals import Estimate, share_estimate
from alignlab.measures import measure
from alignlab.uncertainty.outliers import (
    DriftResult,
    OutlierResult,
    detect_drift,
    detect_outliers,
)
from alignlab.uncertainty.outliers.rows import as_table
from alignlab.uncertainty.outliers.samples import share_change

FALSE_ALARMS = 0.05
"""Where the line is drawn: so many rows of the reference's own kind lie beyond it."""

TESTS = 3
"""Unusual rows, drift by column, drift of all columns together: one may raise a false alarm."""

FEWEST_ROWS = 20
"""A smaller group, or fewer unusual rows, are listed without a number or a verdict."""

DRIFT = ("column", "what changed", "before", "after", "change", "low", "high", "p", "drifted")
GROUPS = ("grouping", "group", "rows", "unusual", "low", "high", "surely more than others")


@check(
    "uncertainty.ood",
    question="Are these rows like the reference?",
    needs=("reference",),
    limit=Limit(float("nan"), "at most", "share of rows unlike the reference", "none"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.5", "nist.measure-2.6", "eu.annex-iv-3", "iso.a-6-2-4"),
)
def ood(check: Check, context: AuditContext) -> Finding:
    """Compare the rows with the reference, one by one, column by column and as a whole."""
    limit = check.limit_in(context)
    kept = np.flatnonzero(
        np.ones(len(context.frame)) if context.weights is None else context.weights > 0
    )
    strict = 1 - (1 - context.level) / TESTS
    try:
        old, new = _tables(context, kept)
        found = detect_outliers(
            None, old, new, false_alarms=FALSE_ALARMS, level=context.level, seed=context.seed
        )
        drift = detect_drift(old, new, level=strict, seed=context.seed)
    except InputError as reason:
        return check.finding("not enough data", str(reason), limit=limit)
    seen = _Seen(context, kept, found, drift, found.p_value <= 1 - strict)
    estimates = {
        "unlike the reference": found.share,
        "unlike it if nothing differed": found.expected,
    }
    if drift.apart is not None:
        estimates["how well new rows are told from reference rows (AUC)"] = drift.apart
    estimates |= seen.performance
    shared = int(shared_rows(row_hashes(new), row_hashes(old)).sum())
    return check.finding(
        verdict(found.share, limit),
        _sentence(seen) + _same_rows(shared, len(new)),
        estimates=estimates,
        limit=limit,
        advice=_advice(seen),
        charts=_charts(seen),
        tables=_shown(seen, shared=shared),
    )


def _tables(context: AuditContext, kept: NDArray[np.intp]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the reference and the rows; images as what can be said of them unseen."""
    reference = context.reference
    if isinstance(reference, ImageData) and context.images is not None:
        return as_table(reference.images), as_table(context.images.images[kept])
    return (
        as_table(reference, what="The reference"),
        as_table(context.features.iloc[kept], what="The table"),
    )


class _Seen:
    """What was seen of rows, groups and answers."""

    def __init__(
        self,
        context: AuditContext,
        kept: NDArray[np.intp],
        found: OutlierResult,
        drift: DriftResult,
        beyond: bool,
    ) -> None:
        self.found, self.drift, self.beyond = found, drift, beyond
        self.level = context.level
        self.groups = _groups(context, kept, found)
        self.measure = "accuracy" if context.task == "classification" else "mae"
        self.performance: dict[str, Estimate] = {}
        answers = context.answers.at(kept)
        for words, which in (("unusual", found.flagged), ("usual", ~found.flagged)):
            if which.sum() >= FEWEST_ROWS:
                seen = measure(self.measure, answers.at(which)).estimate(level=context.level)
                self.performance[f"{_NAMES[self.measure]} on {words} rows"] = seen

    @property
    def fires(self) -> bool:
        """Whether anything is surely unlike the reference."""
        apart = self.drift.apart
        return self.beyond or bool(self.drift.drifted) or (apart is not None and apart.low > 0.5)

    @property
    def worse(self) -> bool:
        """Whether the model surely does worse on unusual rows."""
        if len(self.performance) < 2:
            return False
        unusual, usual = self.performance.values()
        if self.measure == "accuracy":
            return unusual.high < usual.low
        return unusual.low > usual.high

    @property
    def whose(self) -> list["_Group"]:
        """The groups whose rows are surely more often unusual than others'."""
        return sorted((each for each in self.groups if each.more), key=lambda it: -it.value)


_NAMES = {"accuracy": "accuracy", "mae": "mean absolute error"}


@dataclass(frozen=True, slots=True)
class _Group:
    """How often a group's rows are unusual; no estimate where it is too small."""

    grouping: str
    label: str
    rows: int
    share: Estimate | None
    more: bool

    @property
    def value(self) -> float:
        return 0.0 if self.share is None else self.share.value


def _groups(context: AuditContext, kept: NDArray[np.intp], found: OutlierResult) -> list[_Group]:
    members = [
        (each.name, label, each.codes[kept] == code)
        for each in context.groupings
        for code, label in enumerate(each.labels)
    ]
    family = sum(int(member.sum()) >= FEWEST_ROWS for _, _, member in members)
    groups = []
    for name, label, member in members:
        n, others = int(member.sum()), int((~member).sum())
        if n < FEWEST_ROWS:
            groups.append(_Group(name, label, n, None, False))
            continue
        hits = (int(found.flagged[~member].sum()), int(found.flagged[member].sum()))
        share = share_estimate(hits[1] / n, n, rows=n, level=context.level)
        more = False
        if others:
            change = share_change(hits, (others, n), level=context.level, comparisons=family)
            more = change.low > 0
        groups.append(_Group(name, label, n, share, more))
    return groups


def _sentence(seen: _Seen) -> str:
    found, drift = seen.found, seen.drift
    rows = f"{found.share.value:.1%} of {len(found):,} rows"
    due = f"{FALSE_ALARMS:.0%} would be in any case"
    least = f"surely by more than {100 * drift.least:g} points"
    if not seen.fires and drift.slight:
        few = len({each.name for each in drift.slight})
        changed = f"{few} column{'s' * (few > 1)} changed by more than chance"
        return (
            f"Little differs from the {drift.reference_rows:,} rows of the reference: {rows} are "
            f"unlike it ({due}), and {changed}, but none {least}, from where on this check speaks "
            "of drift."
        )
    if not seen.fires:
        return (
            f"Nothing surely differs from the {drift.reference_rows:,} rows of the reference: "
            f"{rows} are unlike it ({due}), and no column has drifted {least}."
        )
    said = [
        f"{rows} are unlike the reference ({due}"
        + (")" if seen.beyond else ", and chance explains it)")
    ]
    if drift.drifted:
        names = list(dict.fromkeys(each.name for each in drift.drifted))
        said.append(
            f"{len(names)} column{'s have' if len(names) > 1 else ' has'} drifted {least}, most of "
            f"all {drift.drifted[0]}"
        )
    elif drift.apart is not None and drift.apart.low > 0.5:
        said.append(
            "no column has surely drifted alone, but together they tell these rows from the "
            f"reference (AUC {drift.apart.value:.2f})"
        )
    if seen.beyond and seen.whose:
        top = seen.whose[0]
        said.append(f"most often rows of {named_group(top.grouping, top.label)} ({top.value:.1%})")
    if seen.worse:
        unusual, usual = seen.performance.values()
        number = ".1%" if seen.measure == "accuracy" else ".3g"
        said.append(
            f"{_NAMES[seen.measure]} is {unusual.value:{number}} on unusual rows and "
            f"{usual.value:{number}} on the others"
        )
    return "; ".join(said) + "."


def _same_rows(shared: int, rows: int) -> str:
    """Return a warning where most rows stand in the reference themselves, or nothing."""
    if 2 * shared <= rows:
        return ""
    return (
        f" But {shared:,} of the {rows:,} rows are in the reference too and look like it for that. "
        "Give a reference without them, unless people are often alike in every column."
    )


def _advice(seen: _Seen) -> tuple[str, ...]:
    if not seen.fires:
        return ()
    lines = []
    if seen.drift.drifted:
        top = seen.drift.drifted[0]
        lines.append(
            f"Find out why {top.name!r} changed. If it is measured or coded in another way, put "
            "that right; if the people or things are others, train on rows of them too."
        )
        new = [each for each in seen.drift.features if each.kind == "categories" and each.new > 0]
        if new:
            lines.append(
                f"{new[0].new:.1%} of the rows hold a value of {new[0].name!r} that the reference "
                "never does: decide what the model should answer there."
            )
    if seen.worse:
        lines.append(
            "Let a person decide on unusual rows: detect_outliers in "
            "alignlab.uncertainty.outliers flags them one by one before an answer is used."
        )
    elif seen.beyond and len(seen.performance) == 2:
        lines.append(
            "The model is not surely worse on the unusual rows, so look at some of them before "
            "changing it."
        )
    return tuple(lines)


def _charts(seen: _Seen) -> tuple[Chart, ...]:
    charts = [seen.drift.chart()] if len(seen.drift) else []
    rows = [
        {
            "group": each.label,
            "grouping": each.grouping,
            "value": each.share.value,
            "low": each.share.low,
            "high": each.share.high,
            "n": each.rows,
        }
        for each in seen.groups
        if each.share is not None
    ]
    if rows:
        charts.append(
            interval_chart(
                "Whose rows are unlike the reference?",
                rows,
                x="share of unusual rows",
                facet="grouping",
                reference=FALSE_ALARMS,
                reference_label="where the line is drawn",
            )
        )
    return tuple(charts)


def _shown(seen: _Seen, *, shared: int) -> tuple[Table, ...]:
    found, drift = seen.found, seen.drift
    how: list[tuple[str, str | float | int | None]] = [
        ("score of a row", found.score),
        ("rows of the reference that it is fitted on", drift.reference_rows // 2),
        ("rows of the reference that the line is drawn by", len(found.threshold.scores)),
        ("chance of so many unusual rows or more, if nothing differed", found.p_value),
        ("rows that are also in the reference", shared),
        ("level of all drift intervals together", drift.level),
        ("a column has drifted where a share of rows surely changed by more than", drift.least),
        *((f"not compared: {name}", reason) for name, reason in drift.left_out.items()),
    ]
    tables = [
        Table("How the rows were compared", ("what", "value"), tuple(how)),
        Table(
            "What changed since the reference",
            DRIFT,
            tuple(
                (
                    each.name, each.statement, each.before, each.after, each.change.value,
                    each.change.low, each.change.high, each.adjusted,
                    "yes" if each.drifted else "not surely",
                )
                for each in drift.features
            ),
        ),
    ]  # fmt: skip
    if seen.groups:
        tables.append(
            Table(
                "Unusual rows by group",
                GROUPS,
                tuple(
                    (
                        each.grouping, each.label, each.rows,
                        *((each.share.value, each.share.low, each.share.high)
                          if each.share is not None else (None, None, None)),
                        "yes" if each.more else "" if each.share is not None else "too few rows",
                    )
                    for each in seen.groups
                ),
            )
        )  # fmt: skip
    return tuple(tables)
