"""What a study can show before it is run: its power, the seeds it needs, and what it costs.

The power is that of each hypothesis' smallest effect, at the level that is left when the family is
corrected: α = (1 − level) / m for m hypotheses about primary measures, which is Holm's first step
[holm1979simple] and what every simultaneous interval is held to; see `power.py`. To generalise to
new tasks, tasks are what is drawn, and seeds only make each task's own number sharper:

    power of T tasks     between that of differences which scatter by σ from task to task, and that
                         of σ / √(n of a task's pairs), where tasks do not differ at all

Nothing is planned from differences that were observed [colas2018many]; the spread may be a pilot's.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import ceil, prod, sqrt
from typing import Literal

from alignlab.errors import require_whole
from alignlab.study.folder import StudyFolder
from alignlab.study.plans.plan import AtSpread, Cost, HypothesisPlan, StudyPlan
from alignlab.study.plans.power import MOST_SEEDS, difference_power, least
from alignlab.study.reading import level_text
from alignlab.study.runs.timing import read_times, seconds_per_run
from alignlab.study.spec import Hypothesis, StudySpec
from alignlab.study.statistics.exact import attainable_p_value
from alignlab.wording import joined

__all__ = ["plan_study"]

KNOWN = (0.5, 1.0, 1.5, 2.0)
"""Spreads to look at, in units of the one stated: it is a guess, and power rests on it."""

UNKNOWN = (0.25, 0.5, 1.0, 2.0, 4.0)
"""The same in units of the smallest effect, where no spread is stated."""


def plan_study(
    study: StudyFolder | StudySpec, *, seeds: int | None = None, workers: int = 1
) -> StudyPlan:
    """Return what a study can show as it is stated, and what its runs cost.

    Use it before registering. It says what power rests on; it is no substitute for a pilot, and
    asked after the runs it tells nothing that their intervals do not.

    Parameters
    ----------
    study
        A study's folder, whose log tells what runs take, or its statement.
    seeds
        Replicates to look at instead of those stated.
    workers
        Runs at a time.

    Raises
    ------
    InputError
        If seeds or workers are not whole numbers from 1.

    References
    ----------
    [holm1979simple], [shieh2016exact], [colas2018many]

    Examples
    --------
    >>> from alignlab.study.reading import parse_study
    >>> spec = parse_study('''
    ... {study: small, title: Small, question: 'Does it help?', run: "experiment:run",
    ...  factors: {x: [old, new]}, seeds: 5, measures: {score: {primary: true}},
    ...  hypotheses: {H1: {says: It helps., measure: score, factor: x, of: new, against: old,
    ...                    smallest-effect: 0.1, spread: 0.1}}}''')
    >>> plan = plan_study(spec)
    >>> round(plan.hypotheses[0].power, 2), plan.seeds_needed
    (0.4, 10)
    """
    spec = study.spec if isinstance(study, StudyFolder) else study
    seeds = spec.seeds if seeds is None else seeds
    require_whole(seeds, "seeds", 1)
    require_whole(workers, "workers", 1)
    family = [name for name, each in spec.hypotheses.items() if spec.measures[each.measure].primary]
    corrected = len(family) if spec.analysis.correction != "none" else 1
    return StudyPlan(
        study=spec.study,
        seeds=seeds,
        configurations=len(spec.configurations()),
        level=spec.analysis.level,
        power=spec.analysis.power,
        hypotheses=tuple(
            _planned(spec, name, each, seeds, corrected if name in family else 1)
            for name, each in spec.hypotheses.items()
        ),
        cost=_cost(study, spec, seeds, workers),
        notes=tuple(_study_notes(spec, family)),
    )


def _planned(
    spec: StudySpec, name: str, stated: Hypothesis, seeds: int, comparisons: int
) -> HypothesisPlan:
    # What `where` fixes is not drawn anew: the outermost factor left is what tasks lie in.
    free = [task for task in spec.analysis.tasks if task not in stated.where]
    counts = [len(spec.factors[task]) for task in free] or [1]
    draws = spec.analysis.generalise
    tasks, inside = (prod(counts), 1) if draws == "seeds" else (prod(counts[:1]), prod(counts[1:]))
    alpha = (1 - spec.analysis.level) / comparisons
    effect, wanted = stated.smallest_effect, spec.analysis.power

    def chance(spread: float, n: int) -> float:
        pairs, of = (n, tasks) if draws == "seeds" else (max(n, 1), 1)
        return difference_power(
            effect, spread, pairs, tasks=of, direction=stated.direction, alpha=alpha
        )

    here = seeds if draws == "seeds" else tasks
    looked_at = (
        [factor * effect for factor in UNKNOWN]
        if stated.spread is None
        else [factor * stated.spread for factor in KNOWN]
    )
    at_spreads = tuple(
        AtSpread(spread, chance(spread, here), least(partial(chance, spread), wanted))
        for spread in looked_at
    )
    known = None if stated.spread is None else at_spreads[KNOWN.index(1.0)]
    most = (
        chance(stated.spread / sqrt(seeds * inside), here)
        if stated.spread is not None and draws == "tasks"
        else None
    )
    units = seeds * tasks if draws == "seeds" else tasks
    planned = HypothesisPlan(
        name=name,
        comparison=_comparison(stated),
        direction=stated.direction,
        effect=effect,
        spread=stated.spread,
        alpha=alpha,
        comparisons=comparisons,
        seeds=seeds,
        tasks=tasks,
        draws=draws,
        power=None if known is None else known.power,
        most=most,
        needed=None if known is None else known.needed,
        attainable=None if stated.direction == "equivalent" else attainable_p_value(units),
        at_spreads=at_spreads,
        notes=(),
    )
    return replace(planned, notes=tuple(_notes(spec, stated, planned, units)))


def _notes(spec: StudySpec, stated: Hypothesis, planned: HypothesisPlan, units: int) -> list[str]:
    notes, name, wanted = [], planned.name, spec.analysis.power
    shows = (
        f"that the difference is within ±{planned.effect:g}"
        if planned.direction == "equivalent"
        else f"a difference of {planned.effect:g}"
    )
    drawn = planned.seeds if planned.draws == "seeds" else planned.tasks
    if drawn < 2:
        notes.append(
            f"{name}: from 1 {planned.draws[:-1]} nothing is learned about others; there will be "
            "no interval and no test."
        )
    if planned.spread is None:
        notes.append(
            f"{name}: how much pairs differ (spread) is not stated, so its power is unknown. The "
            "table shows what it would be; a few runs with other seeds tell the spread."
        )
    elif planned.power is not None and planned.power < wanted:
        more = (
            f"no number up to {MOST_SEEDS:,} has it"
            if planned.needed is None
            else f"it takes {planned.needed} {planned.draws}"
        )
        notes.append(
            f"{name}: {drawn} {planned.draws} show {shows} with a chance of {planned.power:.0%}; "
            f"for the {wanted:.0%} wanted {more}."
        )
    if planned.draws == "tasks" and planned.spread is not None:
        notes.append(
            f"{name} is about new tasks, so its power comes from the number of tasks "
            f"({planned.tasks}): with any number of seeds it is between {planned.power:.0%}, if "
            f"the spread lies between tasks, and {planned.most:.0%} at {planned.seeds} seeds, if "
            "tasks do not differ."
        )
    if planned.attainable is not None and planned.attainable > planned.alpha:
        needed = next(n for n in range(1, 200) if attainable_p_value(n) <= planned.alpha)
        of = "pairs" if planned.draws == "seeds" else "tasks"
        notes.append(
            f"{name}: no result of {units} {of} can pass the exact sign-flip test, whose smallest "
            f"p-value is {planned.attainable:.3g}, above {planned.alpha:.3g}; {needed} {of} can. "
            "What is shown rests on the t test, and so on differences that are roughly normal."
        )
    measure = spec.measures[stated.measure]
    if None not in (measure.low, measure.high):
        width = (measure.high or 0.0) - (measure.low or 0.0)
        if planned.effect > width:
            notes.append(
                f"{name}: its smallest effect, {planned.effect:g}, is more than {stated.measure} "
                f"can differ by, {width:g}."
            )
    if planned.comparisons == 1 and not measure.primary:
        notes.append(
            f"{name} is about {stated.measure}, which is not primary: it is outside the corrected "
            "family, and what it shows is a hint."
        )
    return notes


def _study_notes(spec: StudySpec, family: list[str]) -> list[str]:
    notes = []
    if not spec.hypotheses:
        notes.append("No hypothesis is stated, so there is nothing that the study could show.")
    elif not family:
        notes.append("No hypothesis is about a primary measure: mark one with primary: true.")
    elif len(family) > 1 and spec.analysis.correction == "none":
        notes.append(
            f"{len(family)} hypotheses are tested and none is corrected: if none were true, the "
            f"chance that one is shown would be up to "
            f"{min(1.0, len(family) * (1 - spec.analysis.level)):.0%}."
        )
    return notes


def _cost(study: StudyFolder | StudySpec, spec: StudySpec, seeds: int, workers: int) -> Cost:
    runs = len(spec.configurations()) * seeds
    took = seconds_per_run(read_times(study.log_path)) if isinstance(study, StudyFolder) else None
    known_from: Literal["runs", "stated", "nothing"] = "runs"
    if took is None:
        took = spec.resources.seconds_per_run
        known_from = "nothing" if took is None else "stated"
    seconds = None if took is None else ceil(runs / workers) * took
    return Cost(runs, took, known_from, workers, seconds)


def _comparison(stated: Hypothesis) -> str:
    where = joined(f"{factor} {level_text(level)}" for factor, level in stated.where.items())
    return (
        f"{stated.measure}: {stated.factor} {level_text(stated.of)} against "
        f"{level_text(stated.against)}{f', where {where}' if where else ''}"
    )
