"""`alignlab values …`: what people want, as rewards and utilities; one file a command."""

from __future__ import annotations

import typer

from alignlab.cli.values.compare import compare
from alignlab.cli.values.elicit import elicit
from alignlab.cli.values.irl import irl
from alignlab.cli.values.prefer import prefer
from alignlab.cli.values.shape import shape
from alignlab.cli.values.solve import solve

__all__ = ["values"]

values = typer.Typer(
    name="values",
    help="What people want, as rewards and utilities.",
    add_completion=False,
    rich_markup_mode=None,
)
for command in (solve, irl, prefer, shape, compare, elicit):
    values.command()(command)
