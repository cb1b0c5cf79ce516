"""From values by group to a finding: how far apart the groups are, against a limit.

All comparisons that could raise an alarm are one family: the pairs of groups in every grouping,
times the fairness checks that hold a limit in this audit. Their intervals hold at once, so that an
audit of a model that treats all groups alike raises a false alarm in at most 5 % of cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.audit.check import Check, all_checks
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, Status, verdict, worst
from alignlab.charts import Chart, Table, interval_chart
from alignlab.datasets import Grouping
from alignlab.fairness import (
    RATES,
    SMALLEST_GROUP,
    CellTable,
    Disparity,
    GroupValues,
    cell_table,
    disparity,
    from_measured,
    from_rate,
    largest,
    pair_count,
    score_by_group,
)
from alignlab.intervals import Estimate

__all__ = [
    "Gaps",
    "cells_of",
    "compared_groupings",
    "gap_finding",
    "gap_limit",
    "measure_gaps",
    "named_group",
    "rate_finding",
    "rate_gap_finding",
    "score_gap_finding",
    "too_small_note",
]

Form = Literal["share", "score", "value"]

MOST_PAIRS_SHOWN = 20

SENTENCES = {
    "selection_rate": "The favourable decision goes to",
    "true_positive_rate": ("Where the outcome is favourable, the favourable decision goes to"),
    "false_positive_rate": (
        "Where the outcome is not favourable, the favourable decision still goes to"
    ),
    "false_negative_rate": (
        "Where the outcome is favourable, the favourable decision is refused to"
    ),
    "positive_predictive_value": (
        "Where the decision is favourable, the outcome is favourable too for"
    ),
    "negative_predictive_value": (
        "Where the decision is not favourable, neither is the outcome for"
    ),
    "accuracy": "The decision is right for",
}
"""How a sentence on each rate begins; two groups' shares follow."""


def gap_limit(of: str, *, unit: str = "") -> Limit:
    """Return a limit on a gap that has no default: a person must state one."""
    return Limit(float("nan"), "at most", f"largest gap in {of} between groups{unit}", "none")


@dataclass(frozen=True, slots=True)
class Compared:
    """One grouping as it is compared: within the levels of the control where there is one."""

    grouping: Grouping
    strata: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Gaps:
    """One measure's disparity under every grouping, and the largest of them."""

    by_grouping: Mapping[str, Disparity]
    largest: Estimate

    @property
    def comparable(self) -> dict[str, Disparity]:
        """The groupings under which two groups can be compared."""
        return {name: found for name, found in self.by_grouping.items() if found.comparable}

    @property
    def widest(self) -> tuple[str, Disparity]:
        """The grouping with the largest gap; the first one if none can be compared."""
        found = self.comparable or self.by_grouping
        name = max(found, key=lambda each: np.nan_to_num(found[each].gap.value, nan=-1.0))
        return name, found[name]


def compared_groupings(context: AuditContext) -> list[Compared]:
    """Return the context's groupings, crossed with its control."""
    if context.control is None:
        return [Compared(g, np.zeros(len(g.labels), dtype=np.intp)) for g in context.groupings]
    control = context.control
    crossed = []
    for each in context.groupings:
        joint = control.codes * len(each.labels) + each.codes
        present, codes = np.unique(joint, return_inverse=True)
        stratum, group = np.divmod(present, len(each.labels))
        labels = tuple(
            f"{each.labels[g]} ({control.name}: {control.labels[s]})"
            for s, g in zip(stratum, group, strict=True)
        )
        name = f"{each.name} within {control.name}"
        crossed.append(
            Compared(Grouping(name, codes.astype(np.intp), labels), stratum.astype(np.intp))
        )
    return crossed


def cells_of(context: AuditContext, grouping: Grouping) -> CellTable:
    """Return the counts by group, outcome and decision under one grouping.

    Where nobody has said which class is favourable, only what does not depend on it may be asked of
    them: whether decisions are right.
    """
    return cell_table(
        context.outcomes.astype(np.intp),
        context.decisions.astype(np.intp),
        grouping.codes,
        favourable=context.favourable or 0,
        n_classes=len(context.classes),
        n_groups=len(grouping.labels),
        weights=context.weights,
    )


def measure_gaps(
    values: Mapping[str, GroupValues], context: AuditContext, *, rates: int = 1
) -> Gaps:
    """Compare the groups of every grouping, in one family with the other limited checks.

    Parameters
    ----------
    values
        Grouping name to the measure's value in every group.
    context
        The audit, for its level and its limits.
    rates
        How many such measures one check takes together.
    """
    pairs = sum(pair_count(each) for each in values.values())
    family = max(pairs, 1) * rates * _limited_checks(context)
    found = {
        name: disparity(each, level=context.level, comparisons=family)
        for name, each in values.items()
    }
    return Gaps(found, largest([each.gap for each in found.values()]))


def rate_gap_finding(check: Check, context: AuditContext, rate: str) -> Finding:
    """Return the finding of a gap in one rate of decisions.

    Parameters
    ----------
    check, context
        As the check was given them.
    rate
        A key of `alignlab.fairness.RATES`.
    """
    values = {
        each.grouping.name: from_rate(
            cells_of(context, each.grouping).rate(rate), each.grouping.labels, each.strata
        )
        for each in compared_groupings(context)
    }
    return rate_finding(check, context, measure_gaps(values, context), rate)


def rate_finding(
    check: Check, context: AuditContext, gaps: Gaps, rate: str, *, headline: Estimate | None = None
) -> Finding:
    """Return the finding of a rate's gaps, in the words of that rate; see `gap_finding`."""
    axis = f"{RATES[rate].name}, share of rows"
    return gap_finding(check, context, gaps, SENTENCES[rate], axis=axis, headline=headline)


def score_gap_finding(check: Check, context: AuditContext, score: str, words: str) -> Finding:
    """Return the finding of a gap in one of `alignlab.fairness.SCORE_MEASURES`."""
    values = {
        each.grouping.name: from_measured(
            score_by_group(score, context.answers, each.grouping, favourable=context.favourable),
            each.grouping.labels,
            each.strata,
        )
        for each in compared_groupings(context)
    }
    gaps = measure_gaps(values, context)
    begin = f"{words[0].upper()}{words[1:]} is"
    form: Form = "score" if context.task == "classification" else "value"
    return gap_finding(check, context, gaps, begin, axis=words, form=form)


def gap_finding(
    check: Check,
    context: AuditContext,
    gaps: Gaps,
    phrase: str,
    *,
    axis: str,
    form: Form = "share",
    headline: Estimate | None = None,
) -> Finding:
    """Return the finding of a largest gap, held against the check's limit.

    Parameters
    ----------
    check, context
        As the check was given them.
    gaps
        The measure by group, compared.
    phrase
        How the sentence begins that ends with two groups' values.
    axis
        The title of the chart's axis.
    form
        Whether values are shares of rows, scores between 0 and 1, or in the target's unit.
    headline
        The number that the sentence speaks of, where it is not the largest of these gaps alone.
    """
    limit = check.limit_in(context)
    if all(len(each.groups.labels) == 1 for each in gaps.by_grouping.values()):
        only = ", ".join(named_group(n, g.groups.labels[0]) for n, g in gaps.by_grouping.items())
        return check.finding("not applicable", f"Not applicable: there is only one group, {only}.")
    if not gaps.comparable:
        status: Status = "not enough data"
    else:
        status = worst([verdict(each.gap, limit) for each in gaps.comparable.values()])
    return check.finding(
        status,
        _gap_sentence(gaps, headline or gaps.largest, phrase, form),
        estimates=_gap_estimates(gaps, context.level),
        limit=limit,
        advice=_gap_advice(status, gaps, limit),
        charts=(_group_chart(check.question, gaps, context.level, axis, form),),
        tables=_pair_tables(gaps),
    )


def named_group(grouping: str, label: str) -> str:
    """Return a group as a reader knows it, with its columns.

    Examples
    --------
    >>> named_group("race*sex", "Other & Male")
    'race = Other, sex = Male'
    """
    columns = grouping.partition(" within ")[0].split("*")
    parts = label.split(" & ")
    if len(parts) != len(columns):
        return f"{grouping} = {label}"
    return ", ".join(f"{column} = {part}" for column, part in zip(columns, parts, strict=True))


def too_small_note(gaps: Gaps) -> str:
    """Return which groups have too few rows to be compared, as a sentence, or nothing."""
    small = [
        f"{named_group(name, label)} ({effective:.0f})"
        for name, each in gaps.by_grouping.items()
        for label, effective in zip(each.groups.labels, each.groups.effective, strict=True)
        if label in each.too_small
    ]
    if not small:
        return ""
    shown = "; ".join(small[:6]) + (f" and {len(small) - 6} more" if len(small) > 6 else "")
    return f"Too few rows to tell (below {SMALLEST_GROUP}): {shown}."


def _limited_checks(context: AuditContext) -> int:
    limited = [
        each
        for each in all_checks().values()
        if each.pillar == "fairness"
        and each.limit_in(context) is not None
        and not each.absent(context)
    ]
    return max(len(limited), 1)


def _gap_sentence(gaps: Gaps, headline: Estimate, phrase: str, form: Form) -> str:
    name, found = gaps.widest
    if not found.comparable:
        return f"No two groups have enough rows to be compared. {too_small_note(gaps)}".strip()
    value = dict(zip(found.groups.labels, found.groups.values, strict=True))
    link = " of " if form == "share" else " for "
    high, low = (
        _shown(value[label], form) + link + named_group(name, label)
        for label in (found.highest, found.lowest)
    )
    unit = " points" if form == "share" else ""
    apart = f"{phrase} {high} and {low}: {_number(found.gap.value, form)}{unit} apart"
    if headline.low > 0:
        least, most = (_number(each, form) for each in (headline.low, headline.high))
        return f"{apart}; the largest gap is surely between {least} and {most}{unit}."
    return (
        f"{apart}; chance alone would make about {_number(found.by_chance, form)}, and up to "
        f"{_number(headline.high, form)}{unit} cannot be ruled out."
    )


def _gap_estimates(gaps: Gaps, level: float) -> dict[str, Estimate]:
    estimates = {"gap": gaps.largest}
    for name, found in gaps.by_grouping.items():
        estimates[f"gap[{name}]"] = found.gap
        if np.isfinite(found.ratio.value):
            estimates[f"ratio[{name}]"] = found.ratio
    for name, found in gaps.by_grouping.items():
        for label, estimate in found.groups.estimates(level=level).items():
            estimates[f"{name}={label}"] = estimate
    return estimates


def _gap_advice(status: Status, gaps: Gaps, limit: Limit | None) -> tuple[str, ...]:
    advice = []
    if status == "fail":
        advice.append(
            "See fairness.tradeoff for which parities can hold together here, and "
            "performance.slices for where the model is weakest."
        )
    if status == "not enough data" and limit is not None and gaps.comparable:
        advice.append(_rows_needed(gaps, limit))
    note = too_small_note(gaps)
    return (*advice, note) if note and gaps.comparable else tuple(advice)


def _rows_needed(gaps: Gaps, limit: Limit) -> str:
    """Say which pair is open, and roughly how many times its rows would settle it."""
    open_pairs = [
        (name, pair)
        for name, each in gaps.comparable.items()
        for pair in each.pairs
        if pair.difference.low <= limit.value < pair.difference.high
    ]
    if not open_pairs:
        return "Bring more rows."
    name, pair = max(open_pairs, key=lambda each: each[1].difference.high)
    both = f"{named_group(name, pair.higher)} and {named_group(name, pair.lower)}"
    room = abs(limit.value - pair.difference.value)
    width = (pair.difference.high - pair.difference.low) / 2
    if room < width / 10:
        return f"{both} lie at the limit itself; more rows may not settle it."
    times = int(np.ceil((width / room) ** 2))
    rows = dict(
        zip(gaps.by_grouping[name].groups.labels, gaps.by_grouping[name].groups.rows, strict=True)
    )
    return (
        f"To tell whether {both} keep the limit, bring about {times} times as many rows of them, "
        f"which are {rows[pair.higher]:,} and {rows[pair.lower]:,}."
    )


def _group_chart(question: str, gaps: Gaps, level: float, axis: str, form: Form) -> Chart:
    rows: list[dict[str, object]] = []
    for name, found in gaps.by_grouping.items():
        estimates = found.groups.estimates(level=level)
        order = sorted(estimates, key=lambda label: -estimates[label].value)
        rows += [
            {
                "group": label,
                "grouping": name,
                "value": estimates[label].value,
                "low": _finite(estimates[label].low),
                "high": _finite(estimates[label].high),
                "n": estimates[label].n,
                "quiet": label in found.too_small,
            }
            for label in order
        ]
    return interval_chart(question, rows, x=axis, facet="grouping", percent=form == "share")


def _pair_tables(gaps: Gaps) -> tuple[Table, ...]:
    tables = []
    for name, found in gaps.comparable.items():
        shown = found.pairs[:MOST_PAIRS_SHOWN]
        of_all = (
            ""
            if len(shown) == len(found.pairs)
            else f" (widest {len(shown)} of {len(found.pairs)})"
        )
        rows = tuple(
            (
                pair.higher, pair.lower, pair.difference.value, pair.difference.low,
                pair.difference.high, _finite(pair.ratio), "yes" if pair.differs else "no",
            )
            for pair in shown
        )  # fmt: skip
        columns = ("higher", "lower", "difference", "low", "high", "ratio", "surely differ")
        tables.append(Table(f"Pairs of groups, {name}{of_all}", columns, rows))
    return tuple(tables)


def _shown(value: float, form: Form) -> str:
    return f"{value:.1%}" if form == "share" else _number(value, form)


def _number(value: float, form: Form) -> str:
    if form == "share":
        return f"{100 * value:.1f}"
    return f"{value:.3f}" if form == "score" else f"{value:.4g}"


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
