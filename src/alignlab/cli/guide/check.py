"""`alignlab guide check`: whether the guide holds together, and with --online its links."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.guide import Answer, Issue

__all__ = ["check"]

FINE, FOUND = 0, 1

WRONG = ("gone", "unreachable")


def check(
    context: typer.Context,
    online: Annotated[
        bool, typer.Option("--online", help="Ask each link whether it still leads somewhere.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="With --online: ask the first N links only.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="With --online: how long to wait for one.")
    ] = 15.0,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="List also what is merely not there yet.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Check the guide: keys, identifiers and links; exits with 1 if something is wrong."""
    from alignlab.errors import InputError
    from alignlab.guide import check as checked
    from alignlab.guide import check_links

    if limit is not None and not online:
        raise InputError("--limit is about --online: say both, or neither.")
    issues = checked()
    answers = check_links(limit=limit, timeout=timeout) if online else ()
    faults = [issue for issue in issues if issue.kind == "fault"]
    wrong = [answer for answer in answers if answer.state in WRONG]
    if as_json:
        from alignlab.cli.guide.output import print_json

        content: dict[str, Any] = {"issues": [issue.to_dict() for issue in issues]}
        if online:
            content["links"] = [answer.to_dict() for answer in answers]
        print_json(content, context.obj or [])
    else:
        from alignlab.cli.terminal import printing

        with printing() as console:
            _show(console, issues, gaps=gaps)
            if online:
                _show_links(console, answers)
    return FOUND if faults or wrong else FINE


def _show(console: Console, issues: tuple[Issue, ...], *, gaps: bool) -> None:
    from rich.text import Text

    from alignlab.cli.guide.output import grid
    from alignlab.guide import books, competitions, forums, organisations, references, venues

    faults = [issue for issue in issues if issue.kind == "fault"]
    places = len(organisations()) + len(venues()) + len(competitions()) + len(forums())
    held = f"{len(references())} references, {len(books())} books and {places} places"
    if faults:
        said = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        console.print(Text(f"{held}, and {said}:", style="bold red"))
    else:
        console.print(Text(f"{held} hold together.", style="green"))
    shown = faults + [issue for issue in issues if issue.kind == "gap" and gaps]
    if shown:
        table = grid(44, None)
        for issue in shown:
            table.add_row(Text(issue.where, style="cyan"), issue.what)
        console.print(table)
    counts = Counter(issue.what for issue in issues if issue.kind == "gap")
    for what, count in counts.items():
        console.print(Text(f"Of {count} entries: {what}.", style="dim"))
    if counts and not gaps:
        console.print(Text("--gaps lists them.", style="dim"))


def _show_links(console: Console, answers: tuple[Answer, ...]) -> None:
    from rich.text import Text

    from alignlab.cli.guide.output import grid, shown_link

    console.print()
    table = grid(12, None)
    for answer in answers:
        if answer.state in (*WRONG, "moved"):
            style = "red" if answer.state in WRONG else "yellow"
            told = Text(f"{', '.join(answer.keys)}: {answer.detail}")
            table.add_row(
                Text(answer.state, style=style), Text("\n").join([shown_link(answer.url), told])
            )
    if table.row_count:
        console.print(table)
    counts = Counter(answer.state for answer in answers)
    states = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    console.print(f"{len(answers)} links asked: {states}.")
