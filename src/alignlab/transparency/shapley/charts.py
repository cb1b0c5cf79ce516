"""Shapley values of many rows as pictures: all features, one feature, groups of rows.

    beeswarm     phi_p(x) of all rows, a line of points for each feature
    dependence   phi_p(x) against x_p
    cohorts      mean of phi_p(x) over the rows of each group

Summed over features, the means of two groups differ by as much as the groups' mean answers do:
phi adds up to answer - base in every row, and the mean keeps sums. Features that do not fit are
drawn as one, their sum, so that what is drawn adds up too.

Thousands of rows are drawn by some hundreds, spread evenly over the order of their values, with the
extremes, and moved aside by how many lie at the same place: the same rows give the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, Table
from alignlab.errors import InputError
from alignlab.intervals import critical_value
from alignlab.plain import plain
from alignlab.theme import ACCENT, QUIET, WARN
from alignlab.transparency.shapley.chart_parts import (
    BAND,
    COLOURS,
    LIMIT,
    SHAPES,
    WIDTH,
    cells_of,
    digits,
    evenly,
    explained,
    leading,
    levels_of,
    moved_aside,
    moved_axis,
    number_format,
    shortened,
    tendency,
    texts_of,
    thirds_of,
    told_apart,
    tooltip,
    zero_line,
)

if TYPE_CHECKING:
    from alignlab.transparency.shapley.values import ShapleyValues

__all__ = ["beeswarm", "cohorts", "dependence"]

Floats = NDArray[np.float64]
Spec = dict[str, Any]

POINTS = 200
"""Points drawn of one feature in a beeswarm."""
SCATTER = 1500
"""Points drawn of one feature alone."""
LEVELS = ("low", "middle", "high", "a category or missing")
LEVEL_COLOURS = (ACCENT, QUIET, WARN, QUIET)
LEVEL_SHAPES = ("triangle-down", "circle", "triangle-up", "diamond")
LEGEND = {"symbolOpacity": 1, "symbolSize": 60, "symbolStrokeWidth": 1.5}


def beeswarm(values: ShapleyValues, output: int = 0, *, most: int = 20) -> Chart:
    """Draw every row's values, a line of points for each feature, the largest first."""
    phi, names, rest = leading(values, output, most)
    kinds = [thirds_of(values, p) if p is not None else None for p in rest]
    short = told_apart([shortened(name) for name in names])
    drawn: list[Spec] = []
    lines = []
    for at, name in enumerate(names):
        own = phi[:, at]
        chosen = evenly(own, POINTS)
        aside = moved_aside(own[chosen], np.ptp(phi) / 120)
        levels, feature = kinds[at], rest[at]
        given = texts_of(values, feature, chosen) if feature is not None else [""] * len(chosen)
        for row, offset, text in zip(chosen, aside, given, strict=True):
            drawn.append(
                {
                    "feature": short[at],
                    "value": digits(own[row]),
                    "aside": digits(offset),
                    "level": LEVELS[3 if levels is None else levels[row]],
                    "given": text,
                }
            )
        lines.append(
            (name, np.abs(own).mean(), own.min(), own.max(), tendency(own, values, rest[at]))
        )
    drawn_rows = min(len(values), POINTS)
    note = "" if drawn_rows == len(values) else f"; {drawn_rows} of {len(values):,} rows drawn"
    present = [level for level in LEVELS if any(point["level"] == level for point in drawn)]
    shown = [LEVELS.index(level) for level in present]
    level = {"field": "level", "type": "nominal", "title": "the feature's value"}
    spec = {
        "data": {"values": drawn},
        "width": WIDTH,
        "height": {"step": 30},
        "layer": [
            zero_line(),
            {
                "mark": {"type": "point", "filled": True, "size": 22, "opacity": 0.75},
                "encoding": {
                    "x": moved_axis("value", values, output, note),
                    "y": {
                        "field": "feature",
                        "type": "nominal",
                        "sort": short,
                        "title": None,
                        "axis": {"labelLimit": LIMIT},
                    },
                    "yOffset": {
                        "field": "aside",
                        "type": "quantitative",
                        "scale": {"domain": [-BAND - 2, BAND + 2]},
                    },
                    "color": {
                        **level,
                        "legend": LEGEND,
                        "scale": {"domain": present, "range": [LEVEL_COLOURS[k] for k in shown]},
                    },
                    "shape": {
                        **level,
                        "scale": {"domain": present, "range": [LEVEL_SHAPES[k] for k in shown]},
                    },
                    "tooltip": tooltip("feature", "given", value=number_format(values)),
                },
            },
        ],
    }
    question = f"Which features move the {explained(values, output)}, and which way?"
    columns = ("feature", "mean |value|", "lowest", "highest", "goes with the feature")
    return Chart(question, plain(spec), Table(question, columns, tuple(lines)))


def dependence(
    values: ShapleyValues, feature: str, output: int = 0, *, colour: str | None = None
) -> Chart:
    """Draw a feature's values against what the rows hold in it, coloured by another feature."""
    at = values.position(feature)
    beside = None if colour is None else values.position(colour)
    cells = cells_of(values, at)
    own = values.values[:, at, output]
    chosen = evenly(own, SCATTER)
    if cells is not None:
        chosen = chosen[~np.isnan(cells[chosen])]
    given = texts_of(values, at, chosen)
    levels, domain = ([], []) if beside is None else levels_of(values, beside, chosen)
    texts = pd.Series([shortened(text) for text in given], dtype=object)
    aside = np.zeros(len(chosen))
    for places in texts.groupby(texts).indices.values() if cells is None else ():
        aside[places] = moved_aside(own[chosen[places]], np.ptp(own) / 120)
    drawn = [
        {
            "given": texts[k] if cells is None else float(cells[row]),
            "value": digits(own[row]),
            **({"aside": digits(aside[k])} if cells is None else {}),
            **({"level": levels[k]} if levels else {}),
        }
        for k, row in enumerate(chosen)
    ]
    title = feature
    if cells is not None and (gone := int(np.isnan(cells).sum())):
        title += f"; {gone:,} rows without it are not drawn"
    drawable = len(values) if cells is None else int((~np.isnan(cells)).sum())
    if len(chosen) < drawable:
        title += f"; {len(chosen):,} of {drawable:,} rows drawn"
    moves = moved_axis("value", values, output, "")
    if cells is None:
        names = pd.Series(own[chosen]).groupby(texts).mean().sort_values(ascending=False).index
        encoding: Spec = {
            "x": moves,
            "y": {
                "field": "given",
                "type": "nominal",
                "sort": names.tolist(),
                "title": title,
                "axis": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start",
                         "titleX": 0, "titleY": -8, "titleBaseline": "bottom"},
            },
            "yOffset": {
                "field": "aside",
                "type": "quantitative",
                "scale": {"domain": [-BAND - 2, BAND + 2]},
            },
        }  # fmt: skip
    else:
        encoding = {
            "x": {
                "field": "given",
                "type": "quantitative",
                "title": title,
                "scale": {"zero": False, "nice": True},
                "axis": {"format": ".6~g", "grid": False},
            },
            "y": moves,
        }
    told = ("given", "level") if levels else ("given",)
    encoding["tooltip"] = tooltip(*told, value=number_format(values))
    if levels:
        split = {"field": "level", "type": "nominal", "title": shortened(colour or "")}
        scale = {"domain": domain, "range": list(COLOURS[: len(domain)])}
        encoding["color"] = {**split, "scale": scale, "legend": LEGEND}
        shapes = {"domain": domain, "range": list(SHAPES[: len(domain)])}
        encoding["shape"] = {**split, "scale": shapes}
    mark: Spec = {"type": "point", "filled": True, "size": 26, "opacity": 0.65}
    if not levels:
        mark["color"] = ACCENT
    spec = {
        "data": {"values": drawn},
        "width": WIDTH,
        "height": {"step": 30} if cells is None else 280,
        "layer": [zero_line("x" if cells is None else "y"), {"mark": mark, "encoding": encoding}],
    }
    question = f"How does {feature} move the {explained(values, output)}?"
    columns = ("given", "value", *(("level",) if levels else ()))
    lines = tuple(tuple(point[column] for column in columns) for point in drawn)
    titles = (feature, "value", *((str(colour),) if levels else ()))
    return Chart(question, plain(spec), Table(question, titles, lines))


def cohorts(
    values: ShapleyValues,
    groups: Sequence[Any] | pd.Series | NDArray[Any],
    output: int = 0,
    *,
    most: int = 12,
    level: float = 0.95,
) -> Chart:
    """Draw each feature's mean value in each group, the feature that parts them most first."""
    if np.ndim(groups) != 1 or len(groups) != len(values):
        raise InputError(
            f"groups has shape {np.shape(groups)}, and there are {len(values)} rows: give one "
            "group a row."
        )
    held = np.asarray(groups, dtype=object)
    gone = pd.isna(held)
    labels = np.array(["missing" if gone[row] else str(held[row]) for row in range(len(held))])
    names = sorted(set(labels.tolist()))
    if not 2 <= len(names) <= len(COLOURS):
        raise InputError(
            f"groups has {len(names)} groups, and 2 to {len(COLOURS)} can be told apart. "
            + ("There is nothing to compare." if len(names) < 2 else "Join the small ones.")
        )
    phi = values.values[:, :, output]
    members = [np.flatnonzero(labels == name) for name in names]
    means = np.array([phi[rows].mean(axis=0) for rows in members])
    order = np.argsort(-np.ptp(means, axis=0), kind="stable")
    lines = [([int(p)], values.features[p]) for p in order[:most]]
    if len(order) == most + 1:
        lines.append(([int(order[most])], values.features[order[most]]))
    elif len(order) > most:
        lines.append((order[most:].tolist(), f"{len(order) - most} other features, summed"))
    z = critical_value(level)
    short = told_apart([shortened(group) for group in names])
    places = told_apart([shortened(name) for _, name in lines])
    drawn: list[Spec] = []
    table = []
    for place, (players, name) in zip(places, lines, strict=True):
        line: list[Any] = [name]
        for label, rows in zip(short, members, strict=True):
            own = phi[rows][:, players].sum(axis=1)
            mean = float(own.mean())
            half = float(z * own.std(ddof=1) / np.sqrt(len(own))) if len(own) > 1 else 0.0
            drawn.append(
                {
                    "feature": place,
                    "group": label,
                    "value": mean,
                    "low": mean - half,
                    "high": mean + half,
                    "n": len(rows),
                }
            )
            line.append(mean)
        table.append((*line, max(line[1:]) - min(line[1:])))
    answers = [float(values.answers[rows, output].mean() - values.base[output]) for rows in members]
    table.append(("all features", *answers, max(answers) - min(answers)))
    where = {
        "field": "feature",
        "type": "nominal",
        "sort": places,
        "title": None,
        "axis": {"labelLimit": LIMIT},
    }
    group = {"field": "group", "type": "nominal", "title": None}
    colour = {
        **group,
        "scale": {"domain": short, "range": list(COLOURS[: len(short)])},
        "legend": LEGEND,
    }
    aside = {**group, "scale": {"domain": short}}
    common = {"y": where, "yOffset": aside, "color": colour}
    spec = {
        "data": {"values": drawn},
        "width": WIDTH,
        "height": {"step": max(9, 22 // len(short)), "for": "offset"},
        "layer": [
            zero_line(),
            {
                "mark": {"type": "rule", "strokeWidth": 2, "strokeCap": "round"},
                "encoding": {
                    **common,
                    "x": moved_axis("low", values, output, f"; mean, {level:.0%} interval"),
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1},
                "encoding": {
                    **common,
                    "x": {"field": "value", "type": "quantitative"},
                    "shape": {
                        **group,
                        "scale": {"domain": short, "range": list(SHAPES[: len(short)])},
                    },
                    "tooltip": tooltip("feature", "group", "n", value=number_format(values)),
                },
            },
        ],
    }
    question = f"Which features make the groups' mean {explained(values, output)} differ?"
    columns = ("feature", *names, "largest difference")
    return Chart(question, plain(spec), Table(question, columns, tuple(table)))
