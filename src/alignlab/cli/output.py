"""How a command ends whose result is one: text on a terminal, JSON for a program, files in DIR.

Files are drawn and encoded first and then written together, so that a result is there whole or not
at all. The JSON on standard output is the file's, byte for byte.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table as RichTable

    from alignlab.charts import Chart

__all__ = [
    "Result",
    "bullet",
    "deliver",
    "drawn",
    "paragraph",
    "prepare",
    "rows_table",
    "signed",
    "speaks",
]

MARGIN = 16
"""Around a drawing, in pixels: a viewer's letters may be wider than those it was laid out with."""

LETTER = 7.5
"""Width of a letter of a title, in pixels, in a wide font."""

NARROWEST = 300
"""A title is broken into lines that fit the drawing, or this if it is narrower."""

MOST_ROWS = 20
"""A table on a terminal has no more rows than this; the file has them all."""


@dataclass(frozen=True)
class Result:
    """What a command found, in the forms in which it leaves.

    Attributes
    ----------
    name
        The command's: its files are NAME.json, NAME.csv and NAME.svg.
    content
        What the JSON holds, after the version and the command line.
    table
        What the CSV holds, or `None`.
    chart
        The picture, or `None`.
    more
        Other files, by name.
    """

    name: str
    content: Mapping[str, Any]
    table: pd.DataFrame | None = None
    chart: Chart | None = None
    more: Mapping[str, str | bytes] = field(default_factory=dict)


def prepare(out: str | None) -> Path | None:
    """Return the directory that `--out` names; raise now what writing there would raise later."""
    from alignlab.errors import InputError, OutputError
    from alignlab.files import require_writable

    if out is None:
        return None
    if not out.strip():
        raise InputError("--out is empty: give it a value, or leave it out.")
    if Path(out).is_file():
        raise OutputError(
            f"Cannot write to {out}: Not a directory but a file. Nothing was written. Name a "
            "directory with --out."
        )
    require_writable(Path(out))
    return Path(out)


def deliver(
    made: Callable[[], Result],
    show: Callable[[Console], None],
    *,
    words: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Write the files, then print the JSON or what a person reads.

    Parameters
    ----------
    made
        Makes what leaves; not called where it goes nowhere, for that takes longer than planning.
    show
        Prints it for a person.
    words
        The command line, without `alignlab`.
    out
        The directory of the files, or `None`.
    as_json
        Whether to print the JSON instead.
    """
    from alignlab import __version__
    from alignlab.cli.audit import command_line
    from alignlab.cli.terminal import printing
    from alignlab.files import write_all
    from alignlab.plain import to_json

    text = ""
    if out is not None or as_json:
        result = made()
        head = {"alignlab": __version__, "command": command_line(words)}
        text = to_json({**head, **result.content})
    if out is not None:
        files: dict[str, str | bytes] = {f"{result.name}.json": text}
        if result.table is not None:
            files[f"{result.name}.csv"] = result.table.to_csv(index=False, lineterminator="\n")
        if result.chart is not None:
            files[f"{result.name}.svg"] = drawn(result.chart)
        files |= result.more
        write_all(out, files)
    if as_json:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    with printing() as console:
        show(console)
        if out is not None:
            console.print(f"Written to {out}: {', '.join(files)}", soft_wrap=True)


def drawn(chart: Chart) -> str:
    """Return a chart as a drawing on white, its question above: a file has no page around it."""
    from textwrap import wrap

    from alignlab.drawing import vegalite_svg

    given = chart.spec.get("width")
    width = max(given if isinstance(given, int | float) else 0, NARROWEST)
    lines = wrap(chart.question, int(width / LETTER))
    title = {"text": lines, "anchor": "start", "offset": 12}
    more = {"title": title, "padding": MARGIN, "background": "white"}
    return vegalite_svg({**chart.themed(), **more})


def speaks(console: Console) -> bool:
    """Return whether the terminal can write arrows and stars."""
    return console.encoding.lower().startswith("utf")


def paragraph(console: Console, text: str, *, style: str = "") -> None:
    """Print one paragraph after an empty line."""
    from rich.text import Text

    console.print()
    console.print(Text(text, style=style))


def bullet(console: Console, text: str, *, style: str = "") -> None:
    """Print one point, its further lines set in."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_row("-", Text(text, style=style))
    console.print(grid)


def rows_table(
    frame: pd.DataFrame, *, right: Sequence[str] = (), most: int = MOST_ROWS
) -> RichTable:
    """Return the first rows of a frame of texts as a table without rules."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in frame.columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in frame.head(most).itertuples(index=False):
        table.add_row(*map(str, row))
    return table


def signed(number: float) -> str:
    """Return a number as a person reads it: three digits, no negative zero.

    >>> signed(-0.00001), signed(12345.678), signed(-0.0)
    ('-1e-05', '1.23e+04', '0')
    """
    return f"{number + 0.0:.3g}"
