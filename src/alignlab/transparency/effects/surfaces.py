"""The joint effect of two features as a heat map; cells without a row are hollow.

Points stand equally far apart, whatever their values. Each cell is coloured by its point: from pale
to dark for mean answers, from one colour over white to another for what two features do beyond each
alone, where 0 means that they do not work together.
"""

from __future__ import annotations

from typing import Any

from alignlab.charts import Chart, Table
from alignlab.plain import plain
from alignlab.theme import ACCENT, QUIET, WARN
from alignlab.transparency.effects.pictures import answer_title, form_of
from alignlab.transparency.effects.results import Effects, PairEffect

__all__ = ["pair_chart"]

Spec = dict[str, Any]

SIDE = 360
PALE = "#e9f1f8"
WHITE = "#f6f6f4"


def pair_chart(effects: Effects, pair: PairEffect, output: int) -> Chart:
    """Draw the joint effect of a pair."""
    first, second = pair.features
    together = pair.method != "partial dependence"
    question = (
        f"What do {first} and {second} do together, beyond each alone?"
        if together
        else f"How do the answers change with {first} and {second}?"
    )
    drawn: list[Spec] = [
        {
            "first": x,
            "second": y,
            "effect": float(pair.values[i, j, output]),
            "low": float(pair.low[i, j, output]),
            "high": float(pair.high[i, j, output]),
            "rows": int(pair.counts[i, j]),
        }
        for i, x in enumerate(pair.labels[0])
        for j, y in enumerate(pair.labels[1])
    ]
    rows = tuple(
        (d["first"], d["second"], d["effect"], d["low"], d["high"], d["rows"]) for d in drawn
    )
    table = Table(question, (first, second, "effect", "low", "high", "rows"), rows)
    return Chart(question, plain(_spec(effects, pair, output, drawn, together)), table)


def _spec(
    effects: Effects, pair: PairEffect, output: int, drawn: list[Spec], together: bool
) -> Spec:
    form = form_of(effects)
    seen = [d["effect"] for d in drawn if d["rows"]] or [0.0]
    if together:
        reach = max(max(abs(value) for value in seen), 1e-12)
        scale: Spec = {
            "domain": [-reach, 0, reach],
            "range": [WARN, WHITE, ACCENT],
            "interpolate": "rgb",
        }
    else:
        low, high = min(seen), max(seen)
        scale = {
            "domain": [low, high if high > low else low + 1e-12],
            "range": [PALE, ACCENT],
            "zero": False,
            "nice": False,
        }
    title = "joint effect" if together else answer_title(effects, output)
    hollow = any(not d["rows"] for d in drawn)
    title += "; hollow: no rows" if hollow else ""
    legend = {
        "title": title,
        "titleLimit": SIDE,
        # Squares, as a gradient's name would be shared by all drawings of a page.
        "type": "symbol",
        "symbolType": "square",
        "symbolSize": 160,
        "format": form,
        "tickCount": 5,
    }
    tooltip = [
        {"field": "first", "type": "nominal", "title": pair.features[0]},
        {"field": "second", "type": "nominal", "title": pair.features[1]},
        *(
            {"field": key, "type": "quantitative", "format": form, "title": told}
            for key, told in (("effect", "effect"), ("low", "from"), ("high", "to"))
        ),
        {"field": "rows", "type": "quantitative", "format": ","},
    ]
    return {
        "data": {"values": drawn},
        "mark": {"type": "rect", "stroke": QUIET, "strokeWidth": 0.3},
        "encoding": {
            "x": _axis(pair, 0, "first"),
            "y": _axis(pair, 1, "second"),
            "color": {
                "condition": {"test": "datum.rows === 0", "value": "transparent"},
                "field": "effect",
                "type": "quantitative",
                "scale": scale,
                "legend": legend,
            },
            "tooltip": tooltip,
        },
        "width": SIDE,
        "height": SIDE * 0.8,
    }


def _axis(pair: PairEffect, side: int, key: str) -> Spec:
    """Return an axis of points, equally far apart: they are spread by mass, and so is the map."""
    labels = list(pair.labels[side])
    # Values rise upwards; levels are read downwards.
    upwards = key == "second" and pair.kinds[side] != "category"
    return {
        "field": key,
        "type": "nominal",
        "title": pair.features[side],
        "sort": labels[::-1] if upwards else labels,
        "axis": {"labelAngle": -40 if key == "first" else 0, "grid": False},
    }
