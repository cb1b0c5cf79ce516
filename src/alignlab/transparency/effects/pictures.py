"""An effect as a picture: a curve with its band, and below it where there are rows to read it by.

Stretches without a row are shaded. Levels of a category are dots with intervals.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from alignlab.charts import Chart, Table, interval_chart
from alignlab.errors import InputError, require_choice
from alignlab.plain import plain
from alignlab.theme import ACCENT, QUIET, RULE, WARN
from alignlab.transparency.effects.results import Effect, Effects

__all__ = ["answer_title", "axis_of", "effect_chart", "effect_rows", "form_of", "position"]

Spec = dict[str, Any]

WIDTH, HEIGHT, STRIP = 480, 260, 34

FEW_ROWS = 20
"""A level with fewer rows is drawn hollow."""


def effect_rows(effect: Effect, output: int) -> list[dict[str, Any]]:
    """Return one line a point: at, effect, low, high, rows, outside."""
    return [
        {
            "at": position(effect.kind, effect.at[k], effect.labels[k], readable=True),
            "effect": float(effect.values[k, output]),
            "low": float(effect.low[k, output]),
            "high": float(effect.high[k, output]),
            "rows": int(effect.counts[k]),
            "outside": float(effect.outside[k]),
        }
        for k in range(len(effect.at))
    ]


def effect_chart(
    effects: Effects,
    effect: Effect,
    output: int,
    individual: Literal["none", "curves", "centred"],
) -> Chart:
    """Draw one effect."""
    require_choice(individual, ("none", "curves", "centred"), what="individual")
    question = f"How do the answers change with {effect.feature}?"
    rows = effect_rows(effect, output)
    columns = (effect.feature, "effect", "low", "high", "rows")
    table = Table(
        question,
        columns,
        tuple((row["at"], row["effect"], row["low"], row["high"], row["rows"]) for row in rows),
    )
    if individual != "none" and (effect.kind == "category" or not len(effect.individual)):
        raise InputError(
            f"There are no rows' own curves of {effect.feature!r} to draw: they are of numbers and "
            "dates, in partial_dependence(..., individual=100)."
        )
    title = answer_title(effects, output, centred=individual == "centred")
    if effect.kind == "category" or len(rows) < 2:
        return _dots(effects, effect, output, question, title, table)
    return Chart(question, plain(_lines(effects, effect, output, title, individual)), table)


def answer_title(effects: Effects, output: int, *, centred: bool = False) -> str:
    """Return the title of the axis of answers, with its unit."""
    name = effects.outputs[output]
    what = {
        "probability": f"probability of {name} (%)",
        "decision": f"decided {name} (%)",
        "log odds": f"log-odds of {name}",
    }.get(effects.scale, "predicted value")
    if centred:
        return f"change of the {what}"
    if effects.method == "partial dependence":
        return what
    return f"{what}, from the mean"


def _dots(
    effects: Effects, effect: Effect, output: int, question: str, title: str, table: Table
) -> Chart:
    lines = [
        {
            "level": effect.labels[k],
            "value": row["effect"],
            "low": row["low"],
            "high": row["high"],
            "n": row["rows"],
            "quiet": row["rows"] < FEW_ROWS,
        }
        for k, row in enumerate(effect_rows(effect, output))
    ]
    local = effects.method != "partial dependence"
    drawn = interval_chart(
        question,
        lines,
        x=title,
        y="level",
        reference=0.0 if local else None,
        reference_label="the mean answer" if local else "",
        percent=_percent(effects),
        quiet_label=f"fewer than {FEW_ROWS} rows",
    )
    return Chart(question, drawn.spec, table)


def _lines(effects: Effects, effect: Effect, output: int, title: str, individual: str) -> Spec:
    start = effect.values[0, output] if individual == "centred" else 0.0
    rows = [
        {
            "at": position(effect.kind, effect.at[k], effect.labels[k]),
            "effect": row["effect"] - start,
            "low": row["low"] - start,
            "high": row["high"] - start,
            "rows": row["rows"],
        }
        for k, row in enumerate(effect_rows(effect, output))
    ]
    across = axis_of(effect)
    form = form_of(effects)
    up = {
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": {"format": form, "title": title},
    }
    beside = effect.accumulated
    local = effects.method != "partial dependence"
    names = {"accumulated local effects" if local else "mean answer": (ACCENT, [1, 0])}
    layers: list[Spec] = [*_gaps(effect, across)]
    if individual != "none":
        names["rows' own curves"] = (QUIET, [1, 0])
        layers.append(_own_curves(effect, output, individual, across, up))
    if beside is not None:
        names["accumulated local effects"] = (WARN, [6, 3])
    colour = _series(names)
    layers.append(
        {
            "mark": {"type": "area", "color": ACCENT, "opacity": 0.16},
            "encoding": {
                "x": across,
                "y": {"field": "low", **up},
                "y2": {"field": "high"},
            },
        }
    )
    if beside is not None:
        level = _mean_level(effect, output) - start
        layers.append(_beside(beside, output, level, across, up, colour))
    main = next(iter(names))
    tooltip = [
        {"field": "at", "title": effect.feature, **_told(effect)},
        *(
            {"field": key, "type": "quantitative", "format": form, "title": told}
            for key, told in (("effect", main), ("low", "from"), ("high", "to"))
        ),
        {"field": "rows", "type": "quantitative", "format": ",", "title": "rows nearest"},
    ]
    place = {"x": across, "y": {"field": "effect", **up}}
    layers.append(
        {"mark": {"type": "line", "strokeWidth": 2.4}, "encoding": {**place, **colour(main)}}
    )
    layers.append(
        {
            "mark": {"type": "point", "filled": True, "size": 22, "color": ACCENT, "opacity": 1},
            "encoding": {**place, "tooltip": tooltip},
        }
    )
    if local:
        layers.insert(0, _zero(up))
    curve = {"layer": layers, "width": WIDTH, "height": HEIGHT}
    return {
        "data": {"values": rows},
        "vconcat": [curve, _strip(effect, across)],
        "spacing": 6,
        "resolve": {"scale": {"x": "shared"}},
    }


def _series(names: dict[str, tuple[str, list[int]]]) -> Any:
    """Return what colours and dashes one of several lines; a legend where there are several."""
    domain = list(names)
    legend = (
        None
        if len(names) < 2
        else {"title": None, "symbolType": "stroke", "symbolStrokeWidth": 2.4}
    )

    def of(name: str) -> Spec:
        return {
            "color": {
                "datum": name,
                "type": "nominal",
                "scale": {"domain": domain, "range": [names[key][0] for key in domain]},
                "legend": legend,
            },
            "strokeDash": {
                "datum": name,
                "type": "nominal",
                "scale": {"domain": domain, "range": [names[key][1] for key in domain]},
                "legend": legend,
            },
        }

    return of


def _own_curves(effect: Effect, output: int, individual: str, across: Spec, up: Spec) -> Spec:
    curves = effect.centred if individual == "centred" else effect.individual
    values = [
        {
            "row": int(row),
            "at": position(effect.kind, effect.at[k], effect.labels[k]),
            "own": float(value),
        }
        for row, curve in zip(effect.individual_rows, curves[:, :, output], strict=True)
        for k, value in enumerate(curve)
    ]
    return {
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 0.8, "opacity": 0.28, "color": QUIET},
        "encoding": {
            "x": across,
            "y": {"field": "own", **up},
            "detail": {"field": "row", "type": "nominal"},
        },
    }


def _beside(beside: Effect, output: int, level: float, across: Spec, up: Spec, colour: Any) -> Spec:
    values = [
        {
            "at": position(beside.kind, beside.at[k], beside.labels[k]),
            "local": float(value) + level,
        }
        for k, value in enumerate(beside.values[:, output])
    ]
    return {
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "x": across,
            "y": {"field": "local", **up},
            **colour("accumulated local effects"),
        },
    }


def _mean_level(effect: Effect, output: int) -> float:
    """Return the mean of the curve over the rows, from which local effects are drawn."""
    share = effect.counts / max(effect.counts.sum(), 1)
    return float(share @ effect.values[:, output])


def _gaps(effect: Effect, across: Spec) -> list[Spec]:
    if not effect.gaps:
        return []
    values = [
        {
            "from": position(effect.kind, low, ""),
            "to": position(effect.kind, high, ""),
            "said": "no rows",
        }
        for low, high in effect.gaps
    ]
    widest = max(range(len(values)), key=lambda k: effect.gaps[k][1] - effect.gaps[k][0])
    end = effect.gaps[widest][1]
    band = {
        "data": {"values": values},
        "mark": {"type": "rect", "color": RULE, "opacity": 0.45},
        "encoding": {"x": {**across, "field": "from"}, "x2": {"field": "to"}},
    }
    text = {
        "data": {"values": [{"at": position(effect.kind, end, ""), "said": "no rows"}]},
        "mark": {
            "type": "text",
            "color": QUIET,
            "y": HEIGHT - 10,
            "fontSize": 11,
            "align": "right",
            "dx": -4,
        },
        "encoding": {"x": across, "text": {"field": "said"}},
    }
    return [band, text]


def _zero(up: Spec) -> Spec:
    return {
        "data": {"values": [{"zero": 0.0}]},
        "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1, "color": QUIET},
        "encoding": {"y": {"field": "zero", **up}},
    }


def _strip(effect: Effect, across: Spec) -> Spec:
    """Return the rows along the axis, as bars."""
    named = {**across, "axis": {**across["axis"], "labels": True, "title": effect.feature}}
    if effect.complete:
        values = [
            {
                "at": position(effect.kind, effect.at[k], ""),
                "rows": int(effect.counts[k]),
            }
            for k in range(len(effect.at))
        ]
        mark: Spec = {"type": "rule", "strokeWidth": 5, "color": QUIET, "opacity": 0.7}
        encoding: Spec = {"x": named, "y2": {"datum": 0}}
    else:
        values = [
            {
                "from": position(effect.kind, effect.bins[k], ""),
                "to": position(effect.kind, effect.bins[k + 1], ""),
                "rows": int(effect.binned[k]),
            }
            for k in range(len(effect.binned))
        ]
        mark = {"type": "rect", "color": QUIET, "opacity": 0.55}
        encoding = {
            "x": {**named, "field": "from"},
            "x2": {"field": "to"},
            "y2": {"datum": 0},
        }
    tooltip = [{"field": "rows", "type": "quantitative", "format": ","}]
    rows_axis = {"title": "rows", "labels": False, "grid": False}
    return {
        "data": {"values": values},
        "mark": mark,
        "encoding": {
            **encoding,
            "y": {"field": "rows", "type": "quantitative", "axis": rows_axis},
            "tooltip": tooltip,
        },
        "width": WIDTH,
        "height": STRIP,
    }


def axis_of(effect: Effect) -> Spec:
    """Return the horizontal axis: its ends are the grid's, and its labels stand below the strip."""
    ends = [position(effect.kind, effect.at[k], "") for k in (0, -1)]
    axis: Spec = {"title": None, "labels": False, "ticks": False, "grid": False}
    if effect.kind == "date":
        return {
            "field": "at",
            "type": "temporal",
            "axis": axis,
            "scale": {"domain": ends, "type": "utc"},
        }
    room = 0.02 * (effect.at[-1] - effect.at[0]) if effect.complete else 0.0
    domain = [float(effect.at[0] - room), float(effect.at[-1] + room)]
    axis["format"] = ",.4~g" if np.abs(effect.at).max() < 1e4 else ",.0f"
    return {
        "field": "at",
        "type": "quantitative",
        "axis": axis,
        "scale": {"domain": domain, "nice": False, "zero": False},
    }


def position(kind: str, at: float, label: str, *, readable: bool = False) -> Any:
    """Return a point as a chart or a table holds it."""
    if kind == "category":
        return label
    if kind == "date":
        return label if readable else pd.Timestamp(at, unit="ms").isoformat() + "Z"
    return float(at)


def form_of(effects: Effects) -> str:
    """Return the format of answers."""
    return ".3~%" if _percent(effects) else ",.4~r"


def _percent(effects: Effects) -> bool:
    return effects.scale in ("probability", "decision")


def _told(effect: Effect) -> Spec:
    return (
        {"type": "temporal"}
        if effect.kind == "date"
        else {"type": "quantitative", "format": ",.6~g"}
    )
