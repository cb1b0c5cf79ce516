"""The arguments and options that the commands of `alignlab review` share, and how one is opened."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alignlab.oversight.review import Review

__all__ = ["Database", "Host", "NoBrowser", "Port", "Project", "opened", "typed"]

# Each is a type of its own, so that a command's signature reads as the list of its options.
Project = Annotated[Path, typer.Argument(metavar="PROJECT", help="The review's folder.")]
Database = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="postgresql://… for a team. [default: what PROJECT remembers, or a file in it]",
    ),
]
Host = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Where the site listens. On this machine only by default; others need TLS before it.",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(metavar="N", help="Which port it listens on. [default: 8000, or the next free]"),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Open no browser.")]


def typed(command: str, *words: object) -> str:
    """Return what is typed for a command of `alignlab review`, as a shell takes it.

    >>> typed("revoke", "loans", "Bora Çelik")
    "alignlab review revoke loans 'Bora Çelik'"
    """
    return shlex.join(["alignlab", "review", command, *map(str, words)])


def opened(project: Path, database: str | None) -> Review:
    """Open a review, or say that there is none and what to do."""
    from alignlab.errors import InputError, nearest

    if project.is_file():
        raise InputError(f"{project} is a file, and a review is a folder. Name its folder.")
    if not project.exists():
        beside = project.parent if project.parent.is_dir() else Path()
        names = [each.name for each in beside.iterdir() if each.is_dir()]
        raise InputError(
            f"There is no review at {project}.{nearest(project.name, names)} Make one with: "
            f"{typed('create', project)} …"
        )
    from alignlab.oversight.review import Review

    return Review.open(project, database=database)
