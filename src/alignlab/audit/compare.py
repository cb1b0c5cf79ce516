"""What changed between two audits: verdicts, and every number with the interval of its difference.

Where both reports hold the same rows in the same order, the difference is taken in pairs, row by
row, and what is common to the two models cancels; elsewhere the two intervals are put together as
those of different rows. The methods are in `alignlab.audit.paired`.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from alignlab.audit.check import all_checks
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Status
from alignlab.audit.paired import RowNumbers, paired_difference, unpaired_difference
from alignlab.audit.result import AuditResult
from alignlab.audit.rows import decode_rows
from alignlab.errors import InputError, listed
from alignlab.intervals import Estimate

__all__ = ["Change", "Comparison", "Verdicts", "compare"]


WORSE = {("at most", "up"), ("at least", "down")}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One check's status in both audits; `None` where an audit did not run it."""

    check: str
    before: Status | None
    after: Status | None

    @property
    def changed(self) -> bool:
        """Whether the status is another one."""
        return self.before != self.after

    @property
    def worse(self) -> bool:
        """Whether the check fails now and did not fail before."""
        return self.after == "fail" and self.before != "fail"


@dataclass(frozen=True, slots=True)
class Change:
    """One number in both audits.

    Attributes
    ----------
    check, estimate
        The check, and the name among its estimates.
    before, after
        The number.
    difference
        `after - before` with its interval; its method says whether rows were paired.
    headline
        Whether it is the number that the check's limit is about.
    side
        Where that limit lies, whether or not one was stated: "at most" or "at least"; empty for a
        check that takes none.
    """

    check: str
    estimate: str
    before: float
    after: float
    difference: Estimate
    headline: bool
    side: Literal["at most", "at least", ""] = ""

    @property
    def paired(self) -> bool:
        """Whether the difference was taken row by row."""
        return self.difference.method.startswith("paired")

    @property
    def direction(self) -> Literal["up", "down", ""]:
        """Where the number surely went; empty if the interval holds 0."""
        return "up" if self.difference.low > 0 else "down" if self.difference.high < 0 else ""

    @property
    def worse(self) -> bool:
        """Whether it is a headline that surely went to the wrong side."""
        return self.headline and (self.side, self.direction) in WORSE


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changed from one audit to another.

    Attributes
    ----------
    before, after
        The subjects of the two audits.
    rows
        Whether the rows are the same, or why not, in words.
    same_rows
        The same as a truth value.
    settings
        What was stated differently: name to both values.
    verdicts
        Every check's status in both, in the order of the report.
    changes
        Every number that both audits have.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    rows: str
    same_rows: bool
    settings: Mapping[str, tuple[Any, Any]]
    verdicts: tuple[Verdicts, ...]
    changes: tuple[Change, ...]

    def worse(self, checks: Sequence[str] | None = None) -> list[Verdicts]:
        """Return the checks that fail now and did not before, of some checks or of all."""
        chosen = [each for each in self.verdicts if checks is None or each.check in checks]
        return [each for each in chosen if each.worse]

    def declined(self, checks: Sequence[str] | None = None) -> list[Change]:
        """Return the headlines that surely got worse, whatever the verdict, of some checks or all.

        Worse is up where the check's limit is "at most", down where it is "at least"; surely, if
        the interval of the difference excludes 0.
        """
        chosen = [each for each in self.changes if checks is None or each.check in checks]
        return [each for each in chosen if each.worse]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values."""
        return {
            "schema": "alignlab-comparison-1",
            "before": _named(self.before),
            "after": _named(self.after),
            "same_rows": self.same_rows,
            "rows": self.rows,
            "settings": {name: list(both) for name, both in self.settings.items()},
            "verdicts": [
                {"check": each.check, "before": each.before, "after": each.after}
                for each in self.verdicts
            ],
            "changes": [
                {
                    "check": each.check,
                    "estimate": each.estimate,
                    "before": each.before,
                    "after": each.after,
                    "paired": each.paired,
                    "worse": each.worse,
                    "difference": each.difference.to_dict(),
                }
                for each in self.changes
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one line a number: both values, the difference and its limits."""
        lines = [
            {
                "check": each.check,
                "estimate": each.estimate,
                "before": each.before,
                "after": each.after,
                "difference": each.difference.value,
                "low": each.difference.low,
                "high": each.difference.high,
                "paired": each.paired,
                "direction": each.direction,
            }
            for each in self.changes
        ]
        columns = ["check", "estimate", "before", "after", "difference", "low", "high"]
        return pd.DataFrame(lines, columns=[*columns, "paired", "direction"])

    def to_markdown(self) -> str:
        """Return the comparison as a Markdown document."""
        lines = [f"# {self.title}", "", f"{self.rows}", ""]
        lines += [f"- {text}" for text in self.setting_lines()]
        lines += ["", "## Verdicts", "", "| check | before | after |", "| --- | --- | --- |"]
        lines += [
            f"| {each.check} | {_or_absent(each.before)} | "
            + (f"**{_or_absent(each.after)}** |" if each.changed else f"{_or_absent(each.after)} |")
            for each in self.verdicts
        ]
        lines += ["", "## Numbers", "", "| number | before | after | difference | pairs |"]
        lines += ["| --- | ---: | ---: | ---: | --- |"]
        lines += [
            f"| {_escaped(each)} | {each.before:.4g} | {each.after:.4g} | "
            f"{_signed(each.difference)} | {'yes' if each.paired else 'no'} |"
            for each in self.changes
        ]
        return "\n".join([*lines, ""])

    @property
    def title(self) -> str:
        """What is compared, in one line."""
        before, after = (each["model"]["name"] for each in (self.before, self.after))
        return f"From {before} to {after}: what changed"

    def setting_lines(self) -> list[str]:
        """Return what was stated differently, one line each."""
        return [
            f"{name}: {_or_absent(before)} before, {_or_absent(after)} after"
            for name, (before, after) in self.settings.items()
        ]

    def _repr_html_(self) -> str:
        """Return the tables of verdicts and numbers."""
        verdicts = "".join(
            _html_row(
                each.check, _or_absent(each.before), _or_absent(each.after), bold=each.changed
            )
            for each in self.verdicts
        )
        numbers = "".join(
            _html_row(
                f"{each.check}: {each.estimate}",
                f"{each.before:.4g}",
                f"{each.after:.4g}",
                _signed(each.difference),
                "paired" if each.paired else "not paired",
                bold=bool(each.direction),
            )
            for each in self.changes
        )
        settings = "".join(f"<li>{html.escape(each)}</li>" for each in self.setting_lines())
        return (
            f"<h1>{html.escape(self.title)}</h1><p>{html.escape(self.rows)}</p><ul>{settings}</ul>"
            "<h2>Verdicts</h2><table><thead><tr><th scope='col'>check</th><th scope='col'>before"
            f"</th><th scope='col'>after</th></tr></thead><tbody>{verdicts}</tbody></table>"
            "<h2>Numbers</h2><table><thead><tr><th scope='col'>number</th>"
            "<th scope='col'>before</th><th scope='col'>after</th><th scope='col'>difference</th>"
            f"<th scope='col'>rows</th></tr></thead><tbody>{numbers}</tbody></table>"
        )


def compare(before: AuditResult, after: AuditResult) -> Comparison:
    """Say what changed from one audit to another.

    Parameters
    ----------
    before, after
        Two results, as `alignlab.audit` returns them or as they were read from reports.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If the reports are of different targets, tasks or classes, or a report's rows are damaged.
    """
    _require_same_question(before.subject, after.subject)
    groupings, note = _shared_groupings(before.subject, after.subject)
    rows_before, rows_after = decode_rows(before.rows), decode_rows(after.rows)
    paired, words = _matched(rows_before, rows_after)
    numbers = None if paired is None else (RowNumbers(paired[0]), RowNumbers(paired[1]))
    known = {each.check: each for each in before.findings}
    later = {each.check: each for each in after.findings}
    names = [*later, *(name for name in known if name not in later)]
    return Comparison(
        before=before.subject,
        after=after.subject,
        rows=f"{words}{note}",
        same_rows=paired is not None,
        settings=_settings(before.subject, after.subject),
        verdicts=tuple(
            Verdicts(
                name,
                known[name].status if name in known else None,
                later[name].status if name in later else None,
            )
            for name in names
        ),
        changes=tuple(
            change
            for name in later
            if name in known
            for change in _changes(known[name], later[name], numbers, groupings)
        ),
    )


def _require_same_question(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise if the numbers of the two audits are about different things."""
    asked = [
        ("targets", before["data"]["target"], after["data"]["target"]),
        ("tasks", before["model"]["task"], after["model"]["task"]),
        (
            "classes",
            listed(sorted(before["model"]["classes"])),
            listed(sorted(after["model"]["classes"])),
        ),
    ]
    if asked[1][1] != asked[1][2]:
        asked = asked[1:]
    for what, earlier, later in asked:
        if earlier != later:
            raise InputError(
                f"The reports are of different {what}: {earlier} before, {later} after. "
                "Compare two audits of one question."
            )


def _shared_groupings(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[tuple[str, ...] | None, str]:
    """Return the groupings of both audits where they are not the same, and say so."""
    earlier, later = (each["data"]["groups"] for each in (before, after))
    if set(earlier) == set(later) or not (earlier and later):
        return None, ""
    shared = tuple(name for name in later if name in earlier)
    only = f"only what both have is compared: {', '.join(shared)}"
    nothing = "no grouping is in both, so no gap is compared"
    return shared, f" The groupings differ; {only if shared else nothing}."


def _matched(
    before: AuditContext | None, after: AuditContext | None
) -> tuple[tuple[AuditContext, AuditContext] | None, str]:
    """Return both rows in one order of classes if they are the same rows, and say so or why not."""
    unpaired = "so differences are of different rows"
    if before is None or after is None:
        return None, f"A report holds no rows, {unpaired}."
    n = len(before.outcomes)
    if n != len(after.outcomes):
        return None, f"{n:,} rows before and {len(after.outcomes):,} after, {unpaired}."
    if before.task != after.task or sorted(before.classes) != sorted(after.classes):
        return None, f"The targets have other classes, {unpaired}."
    after = _in_classes(after, before.classes)
    if not np.array_equal(before.outcomes, after.outcomes):
        return None, f"The outcomes are others, or in another order, {unpaired}."
    if not _same_weights(before, after):
        return None, f"The weights are others, {unpaired}."
    of_before = {each.name: each for each in before.groupings}
    shared = [each for each in after.groupings if each.name in of_before]
    for each in shared:
        known = of_before[each.name]
        if each.labels != known.labels or not np.array_equal(each.codes, known.codes):
            return None, f"The rows' groups under {each.name} are others, {unpaired}."
    agreeing = " and ".join(
        [
            "outcomes",
            *(["weights"] if before.weights is not None else []),
            *(["groups"] if shared else []),
        ]
    )
    words = f"The same {n:,} rows in both ({agreeing} agree), so differences are taken row by row."
    return (before, after), words


def _same_weights(before: AuditContext, after: AuditContext) -> bool:
    if before.weights is None or after.weights is None:
        return before.weights is after.weights
    return np.array_equal(before.weights, after.weights)


def _in_classes(context: AuditContext, classes: tuple[str, ...]) -> AuditContext:
    """Return the context with its class indices in another order of the same classes."""
    if context.classes == classes:
        return context
    position = np.array([classes.index(label) for label in context.classes], dtype=np.intp)
    given = context.probabilities
    return replace(
        context,
        classes=classes,
        outcomes=position[context.outcomes],
        decisions=position[context.decisions],
        probabilities=None if given is None else given[:, np.argsort(position)],
        favourable=None if context.favourable is None else int(position[context.favourable]),
    )


def _changes(
    before: Finding,
    after: Finding,
    numbers: tuple[RowNumbers, RowNumbers] | None,
    groupings: Sequence[str] | None,
) -> list[Change]:
    changes: list[Change] = []
    check = all_checks().get(after.check)
    limit = after.limit if check is None else check.limit
    headlines = [next(iter(after.estimates), "")]
    if groupings is not None and check is not None and "groups" in check.needs:
        # The largest gap of all is one of other groupings: each shared grouping has its own.
        headlines = [f"{headlines[0]}[{grouping}]" for grouping in groupings]
    else:
        groupings = None
    for name, later in after.estimates.items():
        earlier = before.estimates.get(name)
        if earlier is None or not (np.isfinite(earlier.value) and np.isfinite(later.value)):
            continue
        if groupings is not None and not any(_is_of(name, each) for each in groupings):
            continue
        changes.append(
            Change(
                after.check,
                name,
                earlier.value,
                later.value,
                _difference(after.check, name, earlier, later, numbers),
                headline=name in headlines,
                side="" if limit is None else limit.side,
            )
        )
    return changes


def _is_of(estimate: str, grouping: str) -> bool:
    """Whether an estimate's name says that it is of one grouping, or of a group in it."""
    named = estimate.startswith(f"{grouping}=") or f" {grouping}=" in estimate
    return named or f"[{grouping}]" in estimate


def _difference(
    check: str,
    name: str,
    before: Estimate,
    after: Estimate,
    numbers: tuple[RowNumbers, RowNumbers] | None,
) -> Estimate:
    if numbers is not None:
        of_before = numbers[0].find(check, name, before.value)
        of_after = numbers[1].find(check, name, after.value)
        if of_before is not None and of_after is not None and of_before.pairs_with(of_after):
            # Scores are kept with 32 bits; the reports' own numbers are exact.
            exact = after.value - before.value
            level = min(before.level, after.level)
            return replace(paired_difference(of_before, of_after, level=level), value=exact)
    return unpaired_difference(before, after)


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what a person stated otherwise, or what was audited otherwise."""
    found: dict[str, tuple[Any, Any]] = {}
    for part in ("model", "data", "settings"):
        for name in after[part]:
            both = before[part].get(name), after[part][name]
            # Another file has another fingerprint; that one name has two of them is worth saying.
            other_file = name == "sha256" and before[part].get("name") != after[part].get("name")
            if name in ("rows_evaluated", "reading", "checks") or other_file:
                continue
            if both[0] != both[1]:
                label = name if part == "settings" else f"{part}.{name}"
                found[label] = both
    return found


def _named(subject: Mapping[str, Any]) -> dict[str, Any]:
    return {"model": subject["model"], "data": subject["data"]}


def _or_absent(value: Any) -> str:
    return "absent" if value in (None, "", {}, []) else str(value)


def _signed(difference: Estimate) -> str:
    value, low, high = difference.value, difference.low, difference.high
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"


def _escaped(change: Change) -> str:
    return f"{change.check}: {change.estimate}".replace("|", "\\|")


def _html_row(*cells: str, bold: bool) -> str:
    style = " class='changed'" if bold else ""
    first, *rest = (html.escape(cell) for cell in cells)
    others = "".join(f"<td>{cell}</td>" for cell in rest)
    return f"<tr{style}><th scope='row'>{first}</th>{others}</tr>"
