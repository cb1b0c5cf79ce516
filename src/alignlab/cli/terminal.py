"""What an audit found, on a terminal of 80 columns: a table by pillar and the few sentences."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from alignlab.audit import AuditResult, Finding

__all__ = ["COLOURS", "printing", "show_result"]

WIDEST = 100

SIGNS = {"fail": "✗", "not enough data": "?", "pass": "✓", "measured": "·", "not applicable": "–"}
PLAIN_SIGNS = {**SIGNS, "fail": "x", "pass": "v", "measured": ".", "not applicable": "-"}
COLOURS = {"fail": "bold red", "not enough data": "yellow", "pass": "green"}
SIDES = {"at most": "≤", "at least": "≥"}
PLAIN_SIDES = {"at most": "<=", "at least": ">="}

MOST_SENTENCES = 3

OBEYED = re.compile("(?!\x1b\\[[0-9;]*m)[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters, but for line ends, tabs and the beginnings of colours."""


@contextmanager
def printing() -> Iterator[Console]:
    """Give a console that is no wider than is readable; what it prints has no trailing spaces.

    Of what a terminal would obey only rich's own colours go through: a title, or the name of an
    altered row, may hold anything.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDEST)
    with console.capture() as captured:
        yield console
    # One write: a reader that stops listening does so before or after it, never in between.
    try:
        told = OBEYED.sub("?", captured.get())
        sys.stdout.write(re.sub(r" +$", "", told, flags=re.MULTILINE))
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on; the exit code is still somebody's gate
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (closed with the process)


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
    with printing() as console:
        _show_subject(console, result)
        shown = [each for each in result.findings if each.status != "not applicable"]
        if shown:
            console.print(_table(console, shown))
        _show_not_applicable(console, result)
        console.print()
        for sentence in _sentences(result):
            console.print(sentence)
        if gate:
            console.print(_gate_line(result, gate))
        console.print(Text(f"Report: {directory / 'report.html'}", style="bold"), soft_wrap=True)


def _show_subject(console: Console, result: AuditResult) -> None:
    model, data = result.subject["model"], result.subject["data"]
    rows = f"{data['rows']:,} {'images' if data.get('images') else 'rows'}"
    whose = f"{model['name']} ({model['kind']})"
    console.print(
        f"{whose}, {rows}"
        if model["name"] == data["name"]
        else f"{whose} on {data['name']}, {rows}"
    )
    if model["reading"]:
        console.print(Text(f"Note: {model['reading']}.", style="dim"))
    if data.get("seen"):
        console.print(Text(data["seen"], style="bold red"))
    console.print()


def _table(console: Console, findings: Sequence[Finding]) -> Table:
    speaks = console.encoding.lower().startswith("utf")
    signs, sides = (SIGNS, SIDES) if speaks else (PLAIN_SIGNS, PLAIN_SIDES)
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for pillar, group in groupby(findings, key=lambda each: each.pillar):
        table.add_row(Text(pillar, style="bold"))
        for each in group:
            key = each.check.partition(".")[2]
            word = key.replace("_", " ")
            verdict = Text(
                f"{signs[each.status]} {each.status}", style=COLOURS.get(each.status, "")
            )
            name, number = next(iter(each.estimates.items()), ("", None))
            name = word if name == key else name  # else it may be a column's own
            known = number is not None and number.value == number.value
            of = "" if name == word else name
            if each.limit is not None:
                of += f" {sides[each.limit.side]} {each.limit.value:g}"
            table.add_row(f" {word}", verdict, str(number) if known else "", of.strip())
    return table


def _show_not_applicable(console: Console, result: AuditResult) -> None:
    reasons: dict[str, list[str]] = {}
    for each in result.findings:
        if each.status == "not applicable":
            reasons.setdefault(each.summary, []).append(each.check)
    for summary, checks in reasons.items():
        reason = summary.removeprefix("Not applicable: ").rstrip(".")
        few = ", ".join(checks) if len(checks) <= 3 else f"{len(checks)} checks"
        console.print(Text(f"Not applicable: {few} ({reason}).", style="dim"))


def _sentences(result: AuditResult) -> list[Text | Padding]:
    """Return what matters most: what failed and what would help, then what cannot be told."""
    failed = result.failed()
    lines: list[Text | Padding] = []
    for each in failed[:MOST_SENTENCES]:
        lines.append(Text.assemble(("Fail: ", "bold red"), each.summary))
        lines += [Padding(Text(advice), (0, 0, 0, 6)) for advice in each.advice[:1]]
    if len(failed) > MOST_SENTENCES:
        lines.append(Text(f"{len(failed) - MOST_SENTENCES} more failed; the report has them all."))
    unclear = [each.check for each in result.findings if each.status == "not enough data"]
    held = [each for each in result.findings if each.limit is not None]
    if not held:
        lines.append(
            Text(
                "Nothing was held against a limit, so nothing passed or failed. State what you "
                "accept with --limit CHECK=VALUE."
            )
        )
    elif not failed:
        passed = result.counts["pass"]
        lines.append(Text(f"No check failed; {passed} of the {len(held)} with a limit passed."))
    if unclear:
        more = f" and {len(unclear) - 3} more" if len(unclear) > 3 else ""
        lines.append(
            Text.assemble(
                ("Not enough data", "yellow"),
                f" to pass or fail: {', '.join(unclear[:3])}{more}. More rows would tell.",
            )
        )
    measured = result.counts["measured"]
    if held and measured:
        lines.append(
            Text(
                f"{measured} were measured without a limit: state what you accept with "
                "--limit CHECK=VALUE.",
                style="dim",
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
    told = f"; {', '.join(silent)} could not be judged" if silent else ""
    return Text(f"Gate: {len(gate) - len(silent)} of {len(gate)} passed{told}.")
