"""`alignlab guide cite`: references for a paper, in BibTeX, APA's style or for Typst."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["cite"]


def cite(
    keys: Annotated[
        list[str], typer.Argument(metavar="KEY…", help="Keys, as alignlab guide papers shows them.")
    ],
    format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT", help="bibtex, apa (a reference list as text) or typst (Hayagriva)."
        ),
    ] = "bibtex",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them there, not to the terminal.")
    ] = None,
) -> None:
    """Print references as BibTeX, in APA's style or for Typst."""
    from alignlab.errors import OutputError
    from alignlab.files import write_whole
    from alignlab.guide import cite as cited

    text = cited(keys, format)  # type: ignore[arg-type]
    if out is None:
        sys.stdout.write(text)
        return
    if out.is_dir():
        raise OutputError(f"Cannot write to {out}: it is a directory. Name a file with --out.")
    write_whole(out, text)
    count = len(dict.fromkeys(keys))
    typer.echo(f"Written to {out}: {'1 reference' if count == 1 else f'{count} references'}")
