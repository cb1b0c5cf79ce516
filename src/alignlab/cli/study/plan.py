"""`alignlab study plan`: what a study can show before it is run, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignlab.cli.options import Json
from alignlab.cli.study.options import Folder

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.study.plans.plan import HypothesisPlan, StudyPlan

__all__ = ["plan"]


def plan(
    context: typer.Context,
    folder: Folder = Path("."),
    seeds: Annotated[
        int | None, typer.Option(metavar="N", help="Look at another number of seeds.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Runs at a time. [default: one for each core]"),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Write plan.json, plan.csv and plan.svg there."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Say what a study can show, how many seeds it needs, and what it costs.

    For each hypothesis: the chance of showing the smallest effect that matters, at the level that
    the correction leaves; what that chance would be if pairs differed less or more than stated; and
    whether any result could pass the exact test at all.
    """
    import os

    from alignlab.cli.output import Result, deliver, prepare
    from alignlab.study.folder import open_study
    from alignlab.study.plans.planning import plan_study

    directory = prepare(out)
    opened = open_study(folder)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    planned = plan_study(opened, seeds=seeds, workers=(cores or 1) if workers is None else workers)
    deliver(
        lambda: Result("plan", {"plan": planned.to_dict()}, planned.to_frame(), planned.chart()),
        lambda console: _show(console, planned),
        words=context.obj,
        out=directory,
        as_json=as_json,
    )
    return 0


def _show(console: Console, planned: StudyPlan) -> None:
    from rich.text import Text

    from alignlab.cli.output import bullet

    console.print(Text(f"{planned.study}: {planned.headline}", style="bold"))
    for each in planned.hypotheses:
        console.print()
        _show_hypothesis(console, each, planned.power)
    notes = [note for each in planned.hypotheses for note in each.notes] + list(planned.notes)
    if notes:
        console.print()
        for note in notes:
            bullet(console, note)
    console.print()
    console.print(_cost(planned))


def _show_hypothesis(console: Console, each: HypothesisPlan, wanted: float) -> None:
    from rich.table import Table
    from rich.text import Text

    sign = "±" if each.direction == "equivalent" else ""
    family = f", {each.comparisons} in the family" if each.comparisons > 1 else ""
    tasks = f", {each.tasks} tasks" if each.tasks > 1 else ""
    seeds = "seed" if each.seeds == 1 else "seeds"
    console.print(Text(f"{each.name}  {each.comparison}"))
    console.print(
        f"    {each.direction}, smallest effect {sign}{each.effect:g}, {each.seeds} {seeds}{tasks}"
        f", at {each.alpha:.3g}{family}"
    )
    table = Table(box=None, padding=(0, 2, 0, 4), pad_edge=False)
    for title in ("    if pairs vary by", "chance of showing it", f"{each.draws} for {wanted:.0%}"):
        table.add_column(title, justify="right")
    for at in each.at_spreads:
        needed = "never" if at.needed is None else f"{at.needed:,}"
        here = at.spread == each.spread
        table.add_row(f"{at.spread:.3g}", _chance(at.power), needed, style="bold" if here else "")
    console.print(table)


def _chance(power: float) -> str:
    """Return a chance as a person reads it; none is certain.

    >>> _chance(0.804), _chance(0.9996), _chance(0.001)
    ('80%', '>99%', '<1%')
    """
    return ">99%" if power >= 0.995 else "<1%" if power < 0.005 else f"{power:.0%}"


def _cost(planned: StudyPlan) -> str:
    from alignlab.cli.study.options import duration

    cost = planned.cost
    if cost.seconds is None or cost.seconds_per_run is None:
        return (
            f"Cost: {cost.runs:,} runs; how long one takes is not known. State it under resources, "
            "as seconds-per-run."
        )
    source = "as the runs so far" if cost.known_from == "runs" else "as stated"
    return (
        f"Cost: {cost.runs:,} runs of {duration(cost.seconds_per_run)} each ({source}), "
        f"{cost.workers} at a time: {duration(cost.seconds)}."
    )
