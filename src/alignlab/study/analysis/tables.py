"""The tables of an analysis: for a paper numbers with their intervals, for a program plain ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from alignlab.intervals import Estimate
from alignlab.study.analysis.arranging import Runs
from alignlab.study.analysis.hypotheses import Answer
from alignlab.study.analysis.measured import Part, conditions, name_of
from alignlab.study.digits import decimals, enough, fixed_text, p_text
from alignlab.study.reading import level_text
from alignlab.tables import Cell, Table
from alignlab.wording import called

__all__ = ["analysis_tables", "bracketed"]


def analysis_tables(
    runs: Runs, answers: Sequence[Answer], parts: Mapping[str, Part]
) -> dict[str, Table]:
    """Return the tables by name: main, tasks, hypotheses, measures and failures."""
    made = {"main": _main(runs, parts)}
    if runs.spec.analysis.tasks:
        made["tasks"] = _tasks(runs, parts)
    if answers:
        made["hypotheses"] = _hypotheses(runs, answers)
    return {**made, "measures": _measures(runs, parts), "failures": _failures(runs)}


def _main(runs: Runs, parts: Mapping[str, Part]) -> Table:
    """Return one row a condition and one column a primary measure."""
    spec = runs.spec
    shown = _shown(runs)
    factors = [name for name in spec.factors if name not in spec.analysis.tasks]
    rows: list[tuple[Cell, ...]] = []
    for levels in conditions(runs):
        held = [parts[name_of(measure, levels)] for measure in shown]
        sample = held[0].sample
        rows.append(
            (
                *(level_text(levels[name]) for name in factors),
                *(bracketed(each.mean) for each in held),
                sample.done,
            )
        )
    over = "seeds and tasks" if spec.analysis.tasks else "seeds"
    columns = (*factors, *(_label(runs, name) for name in shown), "runs")
    return Table(f"Means over {over}, with {_level(runs)} intervals", columns, tuple(rows))


def _tasks(runs: Runs, parts: Mapping[str, Part]) -> Table:
    """Return the same in each task: one row a configuration."""
    spec = runs.spec
    shown = _shown(runs)
    inner = [name for name in spec.factors if name not in spec.analysis.tasks]
    factors = [*spec.analysis.tasks, *inner]
    order = sorted(
        spec.configurations(),
        key=lambda each: [spec.factors[name].index(each[name]) for name in factors],
    )
    rows = tuple(
        (
            *(level_text(levels[name]) for name in factors),
            *(bracketed(parts[name_of(measure, levels)].mean) for measure in shown),
        )
        for levels in order
    )
    columns = (*factors, *(_label(runs, name) for name in shown))
    return Table(f"Means in each task, with {_level(runs)} intervals", columns, rows)


def _hypotheses(runs: Runs, answers: Sequence[Answer]) -> Table:
    alpha = 1 - runs.spec.analysis.level
    corrected = runs.spec.analysis.correction != "none"
    adjusted = corrected and any(each.family > 1 for each in answers)
    columns = (
        *("hypothesis", "difference", "p"),
        *(("p adjusted",) if adjusted else ()),
        *("effect size", "improves", "verdict"),
    )
    rows = tuple(
        (
            each.name,
            bracketed(each.difference),
            p_text(each.p_value, alpha=alpha),
            *(
                (p_text(each.p_adjusted, alpha=alpha) if each.family > 1 else "",)
                if adjusted
                else ()
            ),
            bracketed(each.effect_size),
            bracketed(each.improvement),
            each.verdict.kind,
        )
        for each in answers
    )
    titles = [f"The hypotheses, with {_level(runs)} intervals"]
    if any(each.stated.direction == "equivalent" for each in answers):
        titles.append(f"of an equivalence {100 * (2 * runs.spec.analysis.level - 1):.4g}%")
    if any(each.family > 1 for each in answers):
        titles.append("which hold together for the family")
    return Table(", ".join(titles), columns, rows)


def _measures(runs: Runs, parts: Mapping[str, Part]) -> Table:
    columns = (
        "measure", "levels", "mean", "low", "high", "IQM", "IQM low", "IQM high", "runs", "failed",
    )  # fmt: skip
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            each.measure,
            each.name.partition(".")[2],
            *map(_number, (each.mean.value, each.mean.low, each.mean.high)),
            *map(_number, (each.iqm.value, each.iqm.low, each.iqm.high)),
            each.sample.done,
            each.sample.failed,
        )
        for each in parts.values()
    )
    drawn = runs.spec.analysis.generalise == "tasks"
    about = ", whose interval is for new seeds on these tasks" if drawn else ""
    return Table(f"Every measure, with its interquartile mean (IQM){about}", columns, rows)


def _failures(runs: Runs) -> Table:
    columns = (*runs.spec.factors, "replicate", "failure")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            *(level_text(each.configuration[name]) for name in runs.spec.factors),
            each.replicate,
            "" if each.error is None else str(each.error),
        )
        for each in runs.failed
    )
    return Table("Runs that failed", columns, rows)


def _shown(runs: Runs) -> list[str]:
    measures = runs.spec.measures
    return [name for name, each in measures.items() if each.primary] or list(measures)


def _label(runs: Runs, measure: str) -> str:
    stated = runs.spec.measures[measure]
    label = stated.label or called(measure, {})
    return f"{label} ({stated.unit})" if stated.unit else label


def _level(runs: Runs) -> str:
    return f"{100 * runs.spec.analysis.level:.4g}%"


def bracketed(estimate: Estimate) -> str:
    """Return a value and its limits, with two significant digits of the half width.

    Examples
    --------
    >>> bracketed(Estimate(0.08123, 0.0423, 0.1201, 0.95, 10, "t"))
    '0.081 [0.042, 0.120]'
    >>> bracketed(Estimate(0.5, float("nan"), float("nan"), 0.95, 1, "none"))
    '0.5'
    """
    if math.isnan(estimate.value):
        return ""
    if math.isnan(estimate.low):
        return f"{estimate.value:.3g}"
    digits = decimals(estimate.low, estimate.high)
    low, high = (fixed_text(each, enough(each, digits)) for each in (estimate.low, estimate.high))
    return f"{fixed_text(estimate.value, digits)} [{low}, {high}]"


def _number(value: float) -> Cell:
    return None if math.isnan(value) else value
