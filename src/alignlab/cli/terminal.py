"""What an audit found, on a terminal of 80 columns: a table by pillar and the few sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from alignlab.audit import AuditResult, Finding

__all__ = ["console", "show_result"]

WIDEST = 100

SIGNS = {"fail": "✗", "not enough data": "?", "pass": "✓", "measured": "·", "not applicable": "–"}
PLAIN_SIGNS = {**SIGNS, "fail": "x", "pass": "v", "measured": ".", "not applicable": "-"}
COLOURS = {"fail": "bold red", "not enough data": "yellow", "pass": "green"}

MOST_SENTENCES = 3


def console() -> Console:
    """Return the terminal: no wider than is readable, without colour where none is wanted."""
    there = Console(highlight=False, markup=False, emoji=False)
    there.width = min(there.width, WIDEST)
    return there


def show_result(result: AuditResult, directory: Path, *, gate: Sequence[str] = ()) -> None:
    """Print an audit's findings.

    Parameters
    ----------
    result
        The audit.
    directory
        Where its report lies.
    gate
        The checks that `--fail-on` names.
    """
    out = console()
    _show_subject(out, result)
    shown = [each for each in result.findings if each.status != "not applicable"]
    if shown:
        out.print(_table(out, shown))
    _show_not_applicable(out, result)
    out.print()
    for sentence in _sentences(result):
        out.print(sentence)
    if gate:
        out.print(_gate_line(result, gate))
    out.print(Text.assemble("Report: ", (str(directory / "report.html"), "bold")), soft_wrap=True)


def _show_subject(out: Console, result: AuditResult) -> None:
    model, data = result.subject["model"], result.subject["data"]
    out.print(f"{model['name']} ({model['kind']}) on {data['name']}: {data['rows']:,} rows")
    if model["reading"]:
        out.print(Text(f"Note: {model['reading']}.", style="dim"))
    out.print()


def _table(out: Console, findings: Sequence[Finding]) -> Table:
    signs = SIGNS if out.encoding.lower().startswith("utf") else PLAIN_SIGNS
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for pillar, group in groupby(findings, key=lambda each: each.pillar):
        table.add_row(Text(pillar, style="bold"))
        for each in group:
            verdict = f"{signs[each.status]} {each.status}"
            name = each.check.partition(".")[2].replace("_", " ")
            headline = next(iter(each.estimates.items()), None)
            number = "" if headline is None else f"{headline[1]}  {headline[0]}"
            if each.limit is not None:
                number += f", {each.limit.side} {each.limit.value:g}"
            style = COLOURS.get(each.status, "")
            table.add_row(f"  {name}", Text(verdict, style=style), number)
    return table


def _show_not_applicable(out: Console, result: AuditResult) -> None:
    reasons: dict[str, list[str]] = {}
    for each in result.findings:
        if each.status == "not applicable":
            reasons.setdefault(each.summary, []).append(each.check)
    for summary, checks in reasons.items():
        reason = summary.removeprefix("Not applicable: ").rstrip(".")
        few = ", ".join(checks) if len(checks) <= 3 else f"{len(checks)} checks"
        out.print(Text(f"Not applicable: {few} ({reason}).", style="dim"))


def _sentences(result: AuditResult) -> list[Text | Padding]:
    """Return what matters most: what failed and what would help, then what cannot be told."""
    failed = result.failed()
    lines: list[Text | Padding] = []
    for each in failed[:MOST_SENTENCES]:
        lines.append(Text.assemble(("Fail: ", "bold red"), each.summary))
        lines += [Padding(Text(advice), (0, 0, 0, 6)) for advice in each.advice[:1]]
    if len(failed) > MOST_SENTENCES:
        lines.append(Text(f"{len(failed) - MOST_SENTENCES} more checks failed; see the report."))
    unclear = [each for each in result.findings if each.status == "not enough data"]
    if not failed:
        counts = result.counts
        held = counts["pass"] + len(unclear)
        told = (
            f"No check failed: {counts['pass']} of {held} with a limit passed."
            if held
            else (
                "Nothing was held against a limit, so nothing passed or failed: state limits with "
                "--limit CHECK=VALUE."
            )
        )
        lines.append(Text(told))
    if unclear:
        names = ", ".join(each.check for each in unclear[:3])
        more = f" and {len(unclear) - 3} more" if len(unclear) > 3 else ""
        lines.append(
            Text.assemble(
                ("Not enough data ", "yellow"),
                f"to pass or fail {names}{more}: more rows would tell.",
            )
        )
    return lines


def _gate_line(result: AuditResult, gate: Sequence[str]) -> Text:
    failed = [each.check for each in result.failed(tuple(gate))]
    if failed:
        return Text(f"Gate: {', '.join(failed)} failed, so the exit code is 1.", style="bold red")
    silent = [
        name
        for name in gate
        if result.finding(name).status in ("not applicable", "not enough data")
    ]
    told = f" ({', '.join(silent)} could not be judged)" if silent else ""
    return Text(f"Gate: none of {len(gate)} checks failed{told}.")
