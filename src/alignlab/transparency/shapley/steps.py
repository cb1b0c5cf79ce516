"""One row's Shapley values as a picture: the steps from the average answer to its own.

    base, base + phi_1, base + phi_1 + phi_2, ..., answer,      |phi_1| >= |phi_2| >= ...

Features that do not fit are drawn as one step, their sum, so that the last step ends at the answer.
Where values were sampled, a line across each step's end is the 95 % interval of that step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.charts import Chart, Table
from alignlab.plain import plain
from alignlab.theme import ACCENT, INK, QUIET, WARN
from alignlab.transparency.shapley.chart_parts import (
    LIMIT,
    WIDTH,
    explained,
    leading,
    moved_axis,
    number_format,
    shortened,
    told_apart,
    tooltip,
)

if TYPE_CHECKING:
    from alignlab.transparency.shapley.values import ShapleyValues

__all__ = ["waterfall"]

Spec = dict[str, Any]


def waterfall(values: ShapleyValues, row: int, output: int = 0, *, most: int = 12) -> Chart:
    """Draw one row's way from the average answer to its own, the largest step first."""
    one = values[row]
    phi, names, rest = leading(one, output, most)
    half = one.half_widths()[0, :, output]
    base, answer = float(one.base[output]), float(one.answers[0, output])
    ends = base + np.cumsum(phi[0])
    starts = np.concatenate([[base], ends[:-1]])
    form = number_format(values)
    drawn: list[Spec] = [_landmark("the average answer", base)]
    for at, name in enumerate(names):
        feature = rest[at]
        label = shortened(name, 34)
        label += "" if feature is None else f" = {shortened(one.shown(0, feature), 18)}"
        width = 0.0 if feature is None else float(half[feature])
        drawn.append(
            {
                "step": label,
                "from": starts[at],
                "to": ends[at],
                "right": max(starts[at], ends[at] + width),
                "value": phi[0, at],
                "low": ends[at] - width,
                "high": ends[at] + width,
                "kind": "up" if phi[0, at] > 0 else "down",
            }
        )
    drawn.append(_landmark("this answer", answer))
    order = told_apart([line["step"] for line in drawn])
    drawn = [{**line, "step": label} for line, label in zip(drawn, order, strict=True)]
    links = [
        {"step": order[at], "next": order[at + 1], "at": drawn[at]["to"]}
        for at in range(len(drawn) - 1)
    ]
    place = {"field": "step", "type": "nominal", "sort": order, "title": None}
    axis = {"labelLimit": LIMIT, "minExtent": min(max(map(len, order)) * 7 + 8, LIMIT)}
    is_step = "datum.kind == 'up' || datum.kind == 'down'"
    high = max(line["right"] for line in drawn)
    low = min(min(line["from"], line["low"]) for line in drawn)
    room = (high - low or 1.0) * 0.14
    x = moved_axis("from", values, output, "", whole=True)
    x["scale"] = {"zero": False, "nice": False, "domain": [low - room * 0.3, high + room]}
    colour = {"condition": {"test": "datum.kind == 'up'", "value": WARN}, "value": ACCENT}
    layers: list[Spec] = [
        {
            "data": {"values": links},
            "mark": {"type": "rule", "color": QUIET, "strokeWidth": 1, "opacity": 0.6},
            "encoding": {
                "x": {"field": "at", "type": "quantitative"},
                "y": place,
                "y2": {"field": "next"},
            },
        },
        {
            "transform": [{"filter": is_step}],
            "mark": {"type": "bar", "height": {"band": 0.62}},
            "encoding": {
                "y": {**place, "axis": axis},
                "x": x,
                "x2": {"field": "to"},
                "color": colour,
                "tooltip": tooltip("step", value=form),
            },
        },
        {
            "transform": [{"filter": f"!({is_step})"}],
            "mark": {"type": "tick", "color": INK, "thickness": 3, "size": 20},
            "encoding": {"y": place, "x": {"field": "from", "type": "quantitative"}},
        },
        {
            "transform": [
                {
                    "calculate": f"({is_step} && datum.value > 0 ? '+' : '')"
                    f" + format(datum.value, '{'.2~%' if form.endswith('%') else '.3~g'}')",
                    "as": "said",
                }
            ],
            "mark": {"type": "text", "align": "left", "dx": 7, "baseline": "middle"},
            "encoding": {
                "y": place,
                "x": {"field": "right", "type": "quantitative"},
                "text": {"field": "said", "type": "nominal"},
            },
        },
    ]  # fmt: skip
    if (half > 0).any():
        layers.insert(
            3,
            {
                "transform": [{"filter": is_step}],
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5},
                "encoding": {
                    "y": place,
                    "x": {"field": "low", "type": "quantitative"},
                    "x2": {"field": "high"},
                },
            },
        )
    spec = {"data": {"values": drawn}, "width": WIDTH, "height": {"step": 28}, "layer": layers}
    question = f"What moves this row's {explained(one, output)} away from the average?"
    lines = [(line["step"], line["value"], line["to"]) for line in drawn]
    return Chart(question, plain(spec), Table(question, ("step", "value", "answer"), tuple(lines)))


def _landmark(name: str, at: float) -> Spec:
    return {
        "step": name, "from": at, "to": at, "right": at, "value": at, "low": at, "high": at,
        "kind": "mark",
    }  # fmt: skip
