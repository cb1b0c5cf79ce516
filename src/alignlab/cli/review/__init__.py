"""`alignlab review …`: people judge, correct and prefer; one file a command."""

from __future__ import annotations

import typer

from alignlab.cli.review.create import create
from alignlab.cli.review.demo import demo
from alignlab.cli.review.export import export
from alignlab.cli.review.people import invite, revoke
from alignlab.cli.review.serve import serve
from alignlab.cli.review.status import status
from alignlab.cli.review.verify import verify

__all__ = ["review"]

review = typer.Typer(
    name="review",
    help="People judge a model's decisions, or compare behaviours, in a browser.",
    add_completion=False,
    rich_markup_mode=None,
)
for command in (demo, create, invite, serve, status, export, verify, revoke):
    review.command()(command)
