"""`alignlab review status`: how far a review is, and who said how much."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from alignlab.cli.options import Json
from alignlab.cli.review.options import Database, Project, opened

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.oversight.archive.reading import Status

__all__ = ["status"]


def status(project: Project, database: Database = None, as_json: Json = False) -> int:
    """Say how far a review is, and each person."""
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json

    with opened(project, database) as review:
        now, title = review.status(), review.settings.title
    if as_json:
        sys.stdout.write(to_json(asdict(now)))
        return 0
    with printing() as console:
        _show(console, title, now)
    return 0


def _show(console: Console, title: str, now: Status) -> None:
    import pandas as pd

    from alignlab.cli.output import rows_table

    console.print(title, style="bold")
    share = f" ({now.complete / now.items:.0%})" if now.items else ""
    console.print(
        f"{now.complete:,} of {now.items:,} complete{share}; {now.answers:,} "
        f"{'answer' if now.answers == 1 else 'answers'}; {now.leased:,} being looked at; "
        f"{now.waiting:,} wait for a colleague."
    )
    if now.people:
        rows = [
            [
                each.name,
                each.role if each.invited else f"{each.role}, revoked",
                f"{each.answered:,}",
                "yes" if each.holds else "",
            ]
            for each in now.people
        ]
        console.print()
        columns = ["person", "role", "answered", "looks at a case"]
        frame = pd.DataFrame(rows, columns=columns)
        console.print(rows_table(frame, right=("answered",), most=len(rows)))
    else:
        console.print("Nobody is invited yet.")
    console.print()
    console.print(f"Head {now.head}", soft_wrap=True)
