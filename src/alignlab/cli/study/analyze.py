"""`alignlab study analyze`: what the runs say, as it was planned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.options import Json
from alignlab.cli.study.options import Folder

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.study.analysis import StudyAnalysis
    from alignlab.tables import Table

__all__ = ["analyze"]

MOST_ROWS = 20

COLOURS = {"supported": "green", "not supported": "bold red", "cannot tell": "yellow"}


def analyze(
    folder: Folder = Path("."),
    unfinished: Annotated[
        bool,
        typer.Option(
            "--unfinished",
            help="Analyse what runs there are; the paper lists it as a deviation from the plan.",
        ),
    ] = False,
    as_json: Json = False,
) -> int:
    """Analyse a study's runs as it was planned.

    Writes analysis.json, from which the paper takes every number, and figures/. The same results
    give the same bytes.
    """
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json
    from alignlab.study.analysis import analyze as analysed
    from alignlab.study.folder import open_study

    study = open_study(folder)
    found = analysed(study, unfinished=unfinished)
    found.write(study)
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return 0
    with printing() as console:
        _show(console, found)
        drawn = f", figures to {study.figures}" if found.figures else ""
        console.print(f"Written to {study.analysis_path}{drawn}", soft_wrap=True)
    return 0


def _show(console: Console, found: StudyAnalysis) -> None:
    from rich.text import Text

    from alignlab.cli.output import bullet, paragraph

    console.print(Text(f"{found.study}: {found.headline}", style="bold"))
    for each in found.hypotheses:
        console.print()
        console.print(Text(f"{each.name}: {each.stated.says}", style="bold"))
        console.print(Text(each.verdict.sentence, style=COLOURS[each.verdict.kind]))
        told = _tests(
            each.p_value, each.p_adjusted, each.family, alpha=1 - found.numbers["level"]["value"]
        )
        if told:
            console.print(Text(told, style="dim"))
    _print(console, found.tables["main"])
    if found.tables["failures"].rows:
        _print(console, found.tables["failures"])
    if found.deviations:
        paragraph(console, "What departs from the plan", style="bold")
        for sentence in found.deviations:
            bullet(console, sentence)
    console.print()


def _tests(p_value: float, adjusted: float, family: int, *, alpha: float) -> str:
    import math

    if math.isnan(p_value):
        return ""
    more = (
        f"; {_p(adjusted, alpha)} adjusted for the family of {family} by Holm" if family > 1 else ""
    )
    return f"{_p(p_value, alpha)}{more}"


def _p(p_value: float, alpha: float) -> str:
    from alignlab.study.digits import p_text

    text = p_text(p_value, alpha=alpha)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _print(console: Console, table: Table) -> None:
    from alignlab.cli.output import paragraph, rows_table

    frame = table.to_frame().map(lambda value: "" if value is None else str(value))
    paragraph(console, table.title, style="bold")
    console.print(rows_table(frame, most=MOST_ROWS))
    if len(table.rows) > MOST_ROWS:
        console.print(f"… and {len(table.rows) - MOST_ROWS} more in analysis.json.")
