"""`alignlab study …`: from a research question to a paper; one file a command."""

from __future__ import annotations

import typer

from alignlab.cli.study.analyze import analyze
from alignlab.cli.study.demo import demo
from alignlab.cli.study.literature import literature
from alignlab.cli.study.new import new
from alignlab.cli.study.paper import paper
from alignlab.cli.study.plan import plan
from alignlab.cli.study.publish import publish, verify
from alignlab.cli.study.register import register
from alignlab.cli.study.revise import revise
from alignlab.cli.study.run import run
from alignlab.cli.study.status import status

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


# In the order in which a study is made.
for command in (demo, new, plan, register, run, analyze, paper, status):
    study.command()(command)
study.add_typer(literature)
study.command()(revise)
study.command()(publish)
study.command()(verify)
