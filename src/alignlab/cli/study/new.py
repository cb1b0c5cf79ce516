"""`alignlab study new`: a study's folder, from a question in one line or from a template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["new"]


def new(
    name: Annotated[
        Path,
        typer.Argument(
            metavar="NAME", help="The folder to make: small letters, digits and dashes."
        ),
    ],
    question: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The research question, in one line.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER", help="What to begin from. [default: comparison]"),
    ] = None,
) -> int:
    """Make a study that runs as it is, with comments that say what to change.

    It writes study.yaml (what is asked, varied, measured and planned), experiment.py (the function
    that is run) and paper/ (its sections). Nothing that exists is replaced.
    """
    import shlex

    from alignlab.cli.terminal import printing
    from alignlab.study.creating import create_study

    made = create_study(name, question=question, template=template)
    with printing() as console:
        console.print(f"Made {name}: {made.spec.question}", soft_wrap=True)
        console.print(f"State your study in {name / 'study.yaml'}, then:", soft_wrap=True)
        console.print()
        for command in ("plan", "register", "run", "analyze", "paper"):
            console.print(
                f"  {shlex.join(['alignlab', 'study', command, str(name)])}", soft_wrap=True
            )
    return 0
