"""The figures of an analysis: each answers one question, and carries its numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np

from alignlab.charts import WIDTH, Chart, interval_chart
from alignlab.intervals import Estimate
from alignlab.plain import plain
from alignlab.study.analysis.arranging import Runs
from alignlab.study.analysis.hypotheses import Answer
from alignlab.study.analysis.measured import Part, conditions, name_of
from alignlab.study.reading import level_text
from alignlab.study.statistics import performance_profile
from alignlab.tables import Table
from alignlab.theme import ACCENT, QUIET
from alignlab.wording import called

__all__ = ["Figure", "analysis_figures"]

MOST_TASKS = 12
"""More rows than this are a list, not a picture."""

MOST_PROFILES = 5
"""More panels than this are no longer one picture."""

MOST_STEPS = 200
"""More steps of a profile than this are a line."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture for a paper.

    Attributes
    ----------
    title, description
        What it shows, and how to read it.
    chart
        The picture.
    """

    title: str
    description: str
    chart: Chart

    def to_dict(self, file: str) -> dict[str, Any]:
        """Return what is said of the picture in its file."""
        return {
            "title": self.title,
            "description": self.description,
            "file": file,
            "sha256": sha256(self.chart.svg().encode()).hexdigest(),
        }


def analysis_figures(
    runs: Runs, answers: Sequence[Answer], parts: Mapping[str, Part]
) -> dict[str, Figure]:
    """Return the figures by name: one a hypothesis, and two a primary measure."""
    made = {each.name: _differences(each) for each in answers if _drawable(each.difference)}
    for name, stated in runs.spec.measures.items():
        if not stated.primary:
            continue
        held = [parts[name_of(name, levels)] for levels in conditions(runs)]
        if all(not math.isnan(each.mean.value) for each in held):
            made[name] = _measure(runs, name, parts)
            if 1 < len(held) <= MOST_PROFILES:
                made[f"{name}.profile"] = _profile(runs, name, held)
    return made


def _differences(found: Answer) -> Figure:
    """Return the difference over all tasks and in each, with the pairs and what would matter."""
    level = f"{100 * found.difference.level:.4g}%"
    many = len(found.by_task) > 1
    rows = [_row("all tasks" if many else "difference", found.difference)]
    dots = []
    if 1 < len(found.by_task) <= MOST_TASKS:
        rows += [
            _row(_said(task), each)
            for task, each in zip(found.pairs.tasks, found.by_task, strict=True)
            if not math.isnan(each.value)
        ]
    for task, values in zip(found.pairs.tasks, found.pairs.differences, strict=True):
        name = _said(task) if 1 < len(found.by_task) <= MOST_TASKS else rows[0]["group"]
        dots += [{"group": name, "value": float(value)} for value in values]
    unit = f" ({found.unit})" if found.unit else ""
    small = found.stated.smallest_effect
    title = f"{found.name}: {found.what}"
    chart = interval_chart(
        title,
        rows,
        x=f"difference in {found.label}{unit}",
        reference=0.0,
        reference_label="",
        percent=False,
        quiet_label="no interval",
    )
    description = (
        f"Mean difference with its {level} interval"
        + (
            f", which holds together with the family's of {found.family}"
            if found.family > 1
            else ""
        )
        + ("; below it each task alone, not corrected" if many and len(rows) > 1 else "")
        + f". Small dots are pairs of runs; in the shaded band, ±{small:g}, differences are too "
        "small to matter."
    )
    return Figure(
        title,
        description,
        replace(chart, spec=_with_pairs(chart.spec, dots, small, [each["group"] for each in rows])),
    )


def _with_pairs(
    spec: Mapping[str, Any], dots: Sequence[Mapping[str, Any]], small: float, names: Sequence[str]
) -> dict[str, Any]:
    """Return a chart of intervals with the pairs below them and a band of what is too small."""
    words = f"too small to matter: ±{small:g}"
    band = {
        "data": {"values": [{"from": -small, "to": small, "what": words}]},
        "layer": [
            {
                "mark": {"type": "rect", "color": QUIET, "opacity": 0.13},
                "encoding": {"x": _at("from"), "x2": {"field": "to"}},
            },
            {
                "mark": {"type": "text", "color": QUIET, "y": 0, "dy": -5, "baseline": "bottom",
                         "align": "right", "fontSize": 11},
                "encoding": {"x": _at("to"), "text": {"field": "what"}},
            },
        ],
    }  # fmt: skip
    pairs = {
        "data": {"values": list(dots)},
        "mark": {"type": "point", "size": 14, "filled": True, "color": QUIET, "opacity": 0.75,
                 "yOffset": 8},
        "encoding": {
            "x": _at("value"),
            "y": {"field": "group", "type": "nominal", "sort": list(names), "title": None},
        },
    }  # fmt: skip
    line, *others = spec["layer"]
    return {**spec, "layer": [band, line, *others, pairs], "height": {"step": 34}}


def _at(field: str) -> dict[str, str]:
    return {"field": field, "type": "quantitative"}


def _measure(runs: Runs, measure: str, parts: Mapping[str, Part]) -> Figure:
    """Return a measure in each condition: over all tasks, and in each."""
    spec = runs.spec
    tasks = [name for name in spec.factors if name in spec.analysis.tasks]
    combined = _tasks(runs, tasks)
    rows = []
    panels = 1 < len(combined) <= MOST_TASKS
    for levels in conditions(runs):
        group = _said(levels) if levels else "all runs"
        rows.append({"task": "all tasks", **_row(group, parts[name_of(measure, levels)].mean)})
    if panels:
        for task in combined:
            for levels in conditions(runs):
                whole = {name: {**levels, **task}[name] for name in spec.factors}
                found = parts[name_of(measure, whole)].mean
                if not math.isnan(found.value):
                    row = _row(_said(levels) if levels else "all runs", found)
                    rows.append({"task": _said(task), **row})
    label, unit = _label(runs, measure)
    over = f" over all {len(combined)} tasks" + (" and in each" if panels else "") if tasks else ""
    title = f"{label} in each condition"
    chart = interval_chart(
        title,
        rows,
        x=f"{label}{unit}",
        facet="task" if panels else None,
        percent=False,
        quiet_label="no interval",
    )
    level = f"{100 * spec.analysis.level:.4g}%"
    return Figure(title, f"Mean{over}, with {level} intervals, each for itself.", chart)


def _profile(runs: Runs, measure: str, parts: Sequence[Part]) -> Figure:
    """Return the share of runs above each score: a panel a condition, the others' curves behind."""
    held = np.concatenate([each for part in parts for each in part.sample.values])
    # Each run is a step, at its own place; of many runs the picture shows no more than a grid.
    scores = np.unique(held)
    if len(scores) > MOST_STEPS:
        scores = np.linspace(held.min(), held.max(), MOST_STEPS)
    level, together = runs.spec.analysis.level, len(parts)
    rows: list[dict[str, Any]] = []
    for part in parts:
        found = performance_profile(
            list(part.sample.values), scores=scores, level=level, comparisons=together
        )
        held_here = zip(found.scores, found.share, found.low, found.high, strict=True)
        rows += [
            {"condition": _said(part.levels), "score": s, "share": f, "low": low, "high": high}
            for s, f, low, high in (map(float, each) for each in held_here)
        ]
    label, unit = _label(runs, measure)
    title = f"What share of runs is above each {label}?"
    names = [_said(part.levels) for part in parts]
    panels = [_panel(rows, name, f"{label}{unit}" if name == names[-1] else None) for name in names]
    columns = ("condition", "score", "share", "low", "high")
    table = Table(title, columns, tuple(tuple(row[c] for c in columns) for row in rows))
    chart = Chart(title, plain({"vconcat": panels, "spacing": 14}), table)
    better = runs.spec.measures[measure].better
    higher = f"A {better} curve is better. " if better else ""
    description = (
        "The share of runs above the value on the axis, tasks weighted alike; behind each "
        f"condition, pale, the others. {higher}The bands hold all {together} curves at once with "
        f"{100 * level:.4g}% confidence."
    )
    return Figure(title, description, chart)


def _panel(rows: Sequence[Mapping[str, Any]], name: str, title: str | None) -> dict[str, Any]:
    """Return one condition's curve and band, the other conditions' curves pale behind it."""
    x = {**_at("score"), "title": title, "scale": {"zero": False}}
    y = {**_at("share"), "title": "share above", "axis": {"format": ".0%", "tickCount": 3}}
    steps = {"interpolate": "step-after"}
    return {
        "title": {"text": name},
        "width": WIDTH,
        "height": 110,
        "layer": [
            {
                "data": {"values": [row for row in rows if row["condition"] != name]},
                "mark": {
                    "type": "line",
                    **steps,
                    "color": QUIET,
                    "opacity": 0.45,
                    "strokeWidth": 1,
                },
                "encoding": {
                    "x": x,
                    "y": y,
                    "detail": {"field": "condition", "type": "nominal"},
                },
            },
            {
                "data": {"values": [row for row in rows if row["condition"] == name]},
                "layer": [
                    {
                        "mark": {"type": "area", **steps, "color": ACCENT, "opacity": 0.16},
                        "encoding": {"x": x, "y": {**y, **_at("low")}, "y2": {"field": "high"}},
                    },
                    {
                        "mark": {"type": "line", **steps, "color": ACCENT, "strokeWidth": 2},
                        "encoding": {"x": x, "y": y},
                    },
                ],
            },
        ],
    }


def _tasks(runs: Runs, tasks: Sequence[str]) -> list[dict[str, Any]]:
    found = [{name: each[name] for name in tasks} for each in runs.spec.configurations()]
    return [each for at, each in enumerate(found) if each not in found[:at]]


def _label(runs: Runs, measure: str) -> tuple[str, str]:
    stated = runs.spec.measures[measure]
    return stated.label or called(measure, {}), f" ({stated.unit})" if stated.unit else ""


def _row(group: str, found: Estimate) -> dict[str, Any]:
    low, high = (found.value if math.isnan(each) else each for each in (found.low, found.high))
    quiet = math.isnan(found.low)
    return {"group": group, "value": found.value, "low": low, "high": high, "n": found.n,
            "quiet": quiet}  # fmt: skip


def _said(levels: Mapping[str, Any]) -> str:
    """Return levels in few words: the level alone where there is one factor."""
    if len(levels) == 1:
        return level_text(next(iter(levels.values())))
    return ", ".join(f"{name} {level_text(level)}" for name, level in levels.items())


def _drawable(found: Estimate) -> bool:
    return not math.isnan(found.value)
