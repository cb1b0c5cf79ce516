"""`alignlab study status`: where a study stands in the eight steps, and what is next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from alignlab.cli.options import Json
from alignlab.cli.study.options import Folder

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.study.status import StudyStatus

__all__ = ["status"]

SIGNS = {"done": "✓", "begun": "…", "open": "·"}
PLAIN_SIGNS = {"done": "v", "begun": "~", "open": "."}
STYLES = {"done": "green", "begun": "yellow", "open": ""}


def status(folder: Folder = Path("."), as_json: Json = False) -> int:
    """Say where a study stands, from its question to its publication, and what is next."""
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json
    from alignlab.study.folder import open_study
    from alignlab.study.status import status_of

    now = status_of(open_study(folder))
    if as_json:
        sys.stdout.write(to_json(now.to_dict()))
        return 0
    with printing() as console:
        _show(console, now)
    return 0


def _show(console: Console, now: StudyStatus) -> None:
    from rich.table import Table
    from rich.text import Text

    from alignlab.cli.output import bullet, speaks

    signs = SIGNS if speaks(console) else PLAIN_SIGNS
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for step in now.steps:
        sign = Text(signs[step.state], style=STYLES[step.state])
        table.add_row(sign, str(step.number), step.title, step.says)
    console.print(Text(now.study, style="bold"))
    console.print(table)
    if now.deviations:
        console.print()
        console.print("Done otherwise than registered:")
        for sentence in now.deviations:
            bullet(console, sentence)
    console.print()
    told = f"Next: {now.next}" if now.next else "Nothing is left to do."
    console.print(Text(told, style="bold"), soft_wrap=True)
