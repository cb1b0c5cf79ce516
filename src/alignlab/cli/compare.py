"""`alignlab compare`: what changed between two reports, and a gate on what got worse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.audit import Comparison

__all__ = ["compare"]

FINE, GOT_WORSE = 0, 1

FORMS = (".html", ".json", ".md")


def compare(
    before: Annotated[Path, typer.Argument(metavar="A.json", help="A report, or its directory.")],
    after: Annotated[Path, typer.Argument(metavar="B.json", help="The later one.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it too: a name that ends in .html, .json or .md."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="CHECK[,CHECK…]",
            help="Exit with 1 if one of these checks or pillars fails in B and did not in A, or "
            "its number surely got worse.",
        ),
    ] = None,
) -> int:
    """Say what changed between two reports.

    Verdicts, and every number with the interval of its difference: taken row by row where both
    reports hold the same rows. Exit code: 0, or 1 if --fail-on says so, or 2 on wrong input.
    """
    from alignlab.audit.compare import compare as compare_results
    from alignlab.errors import InputError, nearest
    from alignlab.files import require_writable, write_whole
    from alignlab.report import read_report

    if out is not None:
        if out.suffix not in FORMS:
            raise InputError(f"--out {out}: the name ends in one of {', '.join(FORMS)}.")
        require_writable(out.parent)
    comparison = compare_results(read_report(before), read_report(after))
    gate = None if fail_on is None else [name.strip() for name in fail_on.split(",")]
    for name in gate or ():
        known = [each.check for each in comparison.verdicts]
        pillars = {check.partition(".")[0] for check in known}
        if name not in known and name not in pillars:
            raise InputError(
                f"--fail-on {name}: neither report has that check."
                f"{nearest(name, [*known, *sorted(pillars)])} Checks: {', '.join(known)}."
            )
    if out is not None:
        write_whole(out, _written(comparison, out.suffix))
    _show(comparison, out)
    if gate is None:
        return FINE
    gated = [each.check for each in comparison.verdicts if _named(each.check, gate)]
    failed = [each.check for each in comparison.worse(gated)]
    declined = [each.check for each in comparison.declined(gated) if each.check not in failed]
    _show_gate(failed, list(dict.fromkeys(declined)))
    return GOT_WORSE if failed or declined else FINE


def _show_gate(failed: list[str], declined: list[str]) -> None:
    from rich.text import Text

    from alignlab.cli.terminal import COLOURS, printing

    reasons = [f"{', '.join(failed)} fails newly"] if failed else []
    reasons += [f"{', '.join(declined)} surely got worse"] if declined else []
    line = Text("Gate: nothing that it names fails newly or surely got worse.")
    if reasons:
        line = Text(f"Gate: {'; '.join(reasons)}, so the exit code is 1.", style=COLOURS["fail"])
    with printing() as console:
        console.print(line)


def _named(check: str, names: list[str]) -> bool:
    return check in names or check.partition(".")[0] in names


def _written(comparison: Comparison, suffix: str) -> str:
    if suffix == ".md":
        return comparison.to_markdown()
    if suffix == ".json":
        from alignlab.plain import to_json

        return to_json(comparison.to_dict())
    from html import escape

    return PAGE.format(title=escape(comparison.title), body=comparison._repr_html_())


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; }}
body {{ margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; font-weight: normal; padding: 0.2rem 1rem 0.2rem 0; }}
th, td {{ border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }}
thead th, .changed * {{ font-weight: 600; }}
</style>
</head>
<body><main>{body}</main></body>
</html>
"""


def _show(comparison: Comparison, out: Path | None) -> None:
    from rich.text import Text

    from alignlab.cli.terminal import printing

    with printing() as console:
        console.print(Text(comparison.title, style="bold"))
        console.print(comparison.rows)
        for line in comparison.setting_lines():
            console.print(f"  {line}")
        console.print()
        _show_verdicts(console, comparison)
        _show_numbers(console, comparison)
        if out is not None:
            console.print(f"Written: {out}", soft_wrap=True)


def _show_verdicts(console: Console, comparison: Comparison) -> None:
    from rich.table import Table
    from rich.text import Text

    from alignlab.cli.terminal import COLOURS

    changed = [each for each in comparison.verdicts if each.changed]
    table = Table("verdict", "before", "after", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for each in changed:
        words = [status or "absent" for status in (each.before, each.after)]
        table.add_row(each.check, *(Text(word, style=COLOURS.get(word, "")) for word in words))
    if changed:
        console.print(table)
    console.print(f"{len(comparison.verdicts) - len(changed)} verdicts are the same.")
    console.print()


def _show_numbers(console: Console, comparison: Comparison) -> None:
    from rich.table import Table

    headlines = [each for each in comparison.changes if each.headline]
    moved = [each for each in headlines if each.direction]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("number", "before", "after", "difference"):
        table.add_column(name, justify="right" if name in ("before", "after") else "left")
    for each in moved:
        apart = each.difference
        shown = f"{apart.value:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}]"
        pairs = "" if each.paired else " unpaired"
        table.add_row(each.check, f"{each.before:.3f}", f"{each.after:.3f}", shown + pairs)
    if moved:
        console.print(table)
    console.print(f"{len(headlines) - len(moved)} of {len(headlines)} numbers did not surely move.")
