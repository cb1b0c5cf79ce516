"""What the guide's commands share: works and places on a terminal, JSON for a program."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from alignlab.guide import Correction, Reference

__all__ = [
    "corrected",
    "grid",
    "places",
    "print_json",
    "shown_link",
    "works_table",
]

STATE = {
    "active": "green",
    "changed": "yellow",
    "dormant": "yellow",
    "unconfirmed": "yellow",
    "closed": "red",
    "ended": "red",
    "not found": "red",
}


def print_json(content: Mapping[str, Any], words: Sequence[str]) -> None:
    """Print what a command found as JSON, after the version and the command line."""
    from alignlab import __version__
    from alignlab.cli.audit import command_line
    from alignlab.plain import to_json

    head = {"alignlab": __version__, "command": command_line(words)}
    sys.stdout.write(to_json({**head, **content}))
    sys.stdout.flush()


def grid(*widths: int | None) -> RichTable:
    """Return a table without rules whose columns are so wide; a column of `None` takes the rest."""
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False, expand=True)
    for width in widths:
        table.add_column(width=width, overflow="fold", ratio=1 if width is None else None)
    return table


def works_table(console: Console, works: Sequence[Reference]) -> RichTable:
    """Return works one below the other: the key, then who, when, what, and where it is found."""
    from rich.text import Text

    widest = max((len(work.key) for work in works), default=0)
    table = grid(min(widest, max(16, console.width // 3)), None)
    for work in works:
        head = Text.assemble((work.title, "bold"))
        who = f"{work.by} ({work.year or 'n.d.'})" if work.by else f"{work.year or 'n.d.'}"
        where = f". {work.venue}" if work.venue else ""
        about = Text(f"{who}{where}")
        table.add_row(Text(work.key, style="cyan"), Text("\n").join([head, about]))
        if work.link:
            table.add_row("", shown_link(work.link))
    return table


def shown_link(url: str) -> Text:
    """Return an address as a terminal shows it: a link, which can be clicked where it is broken."""
    from rich.style import Style
    from rich.text import Text

    return Text(url, style=Style(color="blue", link=url), overflow="fold")


def corrected(console: Console, corrections: Sequence[Correction]) -> None:
    """Print what the founding texts said of an entry, and what is true."""
    from rich.text import Text

    for each in corrections:
        table = grid(15, None)
        table.add_row(Text("The text said", style="red"), Text(each.said))
        table.add_row(Text("What is true", style="green"), Text(each.truth))
        table.add_row(Text("Seen", style="dim"), Text(f"{each.seen} ({each.as_of})", style="dim"))
        console.print()
        console.print(table)


def places(console: Console, title: str, rows: Sequence[tuple[Any, Sequence[str]]]) -> None:
    """Print organisations, venues or forums under a title: state, name, what there is to say."""
    from rich.text import Text

    if not rows:
        return
    console.print(Text(title, style="bold underline"))
    table = grid(min(22, max(len(entry.key) for entry, _ in rows)), None)
    for entry, about in rows:
        state = getattr(entry, "status", "")
        head = Text.assemble((entry.name, "bold"), "  ", (state, STATE.get(state, "")))
        lines = [head, *(Text(line) for line in about if line)]
        if entry.url:
            lines.append(shown_link(entry.url))
        table.add_row(Text(entry.key, style="cyan"), Text("\n").join(lines))
    console.print(table)
    console.print()
