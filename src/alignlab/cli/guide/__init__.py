"""`alignlab guide …`: the field itself, from the terminal; one file a command."""

from __future__ import annotations

import typer

from alignlab.cli.guide.books import books
from alignlab.cli.guide.check import check
from alignlab.cli.guide.cite import cite
from alignlab.cli.guide.forums import forums
from alignlab.cli.guide.organisations import organisations
from alignlab.cli.guide.papers import papers
from alignlab.cli.guide.path import path
from alignlab.cli.guide.show import show
from alignlab.cli.guide.venues import venues

__all__ = ["guide"]

guide = typer.Typer(
    name="guide",
    help="The field: papers, books, organisations, venues, forums, and a path into it.",
    add_completion=False,
    rich_markup_mode=None,
)
for command in (papers, show, cite, books, organisations, venues, forums, path, check):
    guide.command()(command)
