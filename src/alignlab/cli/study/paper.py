"""`alignlab study paper`: the paper, every number of it from the results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from alignlab.cli.options import Json
from alignlab.cli.study.options import Folder

__all__ = ["paper"]


def paper(
    folder: Folder = Path("."),
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="pdf; html: one page to read offline; latex, typst: the sources.",
        ),
    ] = "pdf",
    columns: Annotated[
        int | None, typer.Option(metavar="1|2", help="[default: as study.yaml says]")
    ] = None,
    anonymous: Annotated[
        bool | None,
        typer.Option(
            "--anonymous/--named",
            help="Without or with the authors' names. [default: as study.yaml says]",
            show_default=False,
        ),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            metavar="STYLE",
            help="Of citations: ieee, apa or chicago-author-date. [default: as study.yaml says]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A file for pdf and html, a folder for sources. [default: in paper/]",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Typeset the paper of a study.

    Its text is in paper/*.md (or .typ). Every number, table and figure comes from analysis.json; a
    name that is not there, or a work that nobody knows, is told with file and line, and the paper
    that was there stays.
    """
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json
    from alignlab.study.paper.building import build_paper

    chosen: Any = {"format": form, "columns": columns, "style": style}
    built = build_paper(folder, anonymous=anonymous, out=out, **chosen)
    if as_json:
        sys.stdout.write(to_json(built.to_dict()))
        return 0
    with printing() as console:
        console.print(str(built), soft_wrap=True)
    return 0
