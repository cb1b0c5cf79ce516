"""`alignlab study …`: from a research question to a paper; one file a command."""

from __future__ import annotations

import typer

from alignlab.cli.study.run import run

__all__ = ["study"]

study = typer.Typer(
    name="study",
    help="From a research question to runs, statistics and a paper.",
    add_completion=False,
    rich_markup_mode=None,
)


@study.callback()
def _group() -> None:
    """From a research question to runs, statistics and a paper."""


study.command()(run)
