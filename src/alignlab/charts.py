"""Charts: one question each, one theme; plain Vega-Lite, drawn as SVG by vl-convert.

A specification is written out as a dictionary with nothing counted or random in it, so that the
same rows always give the same bytes; `altair.Chart.from_dict(chart.themed())` opens it in Altair.
What a colour says is said again by a shape or a dash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from alignlab.drawing import vegalite_svg
from alignlab.plain import plain
from alignlab.tables import Cell, Table
from alignlab.theme import ACCENT, LABEL_LIMIT, QUIET, WARN, theme

__all__ = [
    "Cell",
    "Chart",
    "Table",
    "bar_chart",
    "interval_chart",
    "line_chart",
]

WIDTH = 480
"""Of the plot itself; with its labels a chart fits a column of text."""

STEP = 26
"""Height of one row."""

LETTERS = 36
"""A longer name loses its middle; the table and the tooltip have it in full."""

LETTER = 7.0
"""Room for a letter of a name, in pixels: a viewer's font may be wider than the one laid out with,
and what does not fit is cut off at the left."""

SHORTENED = (
    f"length(datum.label) > {LETTERS} ? "
    "slice(datum.label, 0, 16) + ' … ' + slice(datum.label, -17) : datum.label"
)
"""Names that begin alike stay apart by their ends."""

DASHES = ([1, 0], [7, 4], [2, 3], [9, 3, 2, 3], [4, 2], [1, 4])

Row = Mapping[str, Any]
Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture that answers one question, and the same answer as a table.

    Attributes
    ----------
    question
        The chart's title.
    spec
        The Vega-Lite specification, data inline, without a theme or a title.
    table
        What the chart draws, for those who read it otherwise.
    """

    question: str
    spec: Spec
    table: Table

    def __repr__(self) -> str:
        """Return the question and the size; `table` has the numbers."""
        return f"<Chart {self.question!r}; rows: {len(self.table.rows):,}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the question, the specification and the table."""
        return {"question": self.question, "spec": self.spec, "table": self.table.to_dict()}

    def themed(self) -> Spec:
        """Return the specification with alignlab's theme, ready for any Vega-Lite viewer."""
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "description": self.question,
            "config": theme(),
            **self.spec,
        }

    def svg(self) -> str:
        """Return the chart as an SVG drawing, the same bytes each time."""
        return vegalite_svg(self.themed())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Return the chart for notebooks: interactive where they can, a drawing elsewhere."""
        return {
            "application/vnd.vegalite.v6+json": plain(self.themed()),
            "image/svg+xml": self.svg(),
        }


def interval_chart(
    question: str,
    rows: Sequence[Row],
    *,
    x: str,
    y: str = "group",
    facet: str | None = None,
    reference: float | None = None,
    reference_label: str = "",
    percent: bool = True,
    quiet_label: str = "too few rows to tell",
) -> Chart:
    """Draw a dot and its interval for each row, one below the other.

    Use it for one number in many groups. Use `line_chart` where the rows have an order that
    matters on an axis.

    Parameters
    ----------
    question
        The title, a question.
    rows
        Dictionaries with `y`, "value", "low", "high" and "n", and `facet` where given; "quiet"
        set to true draws a row hollow, dashed and grey.
    x
        The title of the horizontal axis, with its unit.
    y
        The key of the rows' names.
    facet
        A key that splits the chart into panels, one below the other.
    reference
        A value to mark by a dashed line.
    reference_label
        What the line marks.
    percent
        Whether the axis is in percent.
    quiet_label
        What a quiet row is, said below the axis.

    Examples
    --------
    >>> rows = [{"group": "f", "value": 0.4, "low": 0.3, "high": 0.5, "n": 90}]
    >>> interval_chart("Who is approved?", rows, x="approved (%)").table.rows
    (('f', 0.4, 0.3, 0.5, 90),)
    """
    columns = (*((facet,) if facet else ()), y, "value", "low", "high", "n")
    table = Table(question, columns, tuple(tuple(row.get(c) for c in columns) for row in rows))
    drawn: list[Spec] = [
        {
            **{c: row.get(c) for c in columns},
            y: str(row[y]),
            "note": quiet_label if row.get("quiet") else "",
        }
        for row in rows
    ]
    line = None if reference is None else _reference(reference, reference_label, percent)
    if any(row["note"] for row in drawn):
        dashed = any(row["note"] and row["low"] != row["high"] for row in drawn)
        x = f"{x}; {'hollow and dashed' if dashed else 'hollow'}: {quiet_label}"
    panel = partial(_intervals, y=y, percent=percent, line=line)
    if not facet:
        return Chart(question, plain(panel(drawn, x=x)), table)
    # Panels of one axis line up only if their labels take the same room.
    room = _room([row[y] for row in drawn])
    names = list(dict.fromkeys(row[facet] for row in drawn))
    panels = [
        {
            "title": {"text": str(name)},
            **panel(
                [row for row in drawn if row[facet] == name],
                x=x if name == names[-1] else None,
                position=position,
                room=room,
            ),
        }
        for position, name in enumerate(names)
    ]
    scales = {"scale": {"x": "shared", "y": "independent"}}
    return Chart(question, plain({"vconcat": panels, "spacing": 18, "resolve": scales}), table)


def _intervals(
    rows: Sequence[Row],
    *,
    y: str,
    x: str | None,
    percent: bool,
    line: Spec | None,
    position: int = 0,
    room: float | None = None,
) -> Spec:
    """Return one panel: a rule and a dot for each row over an axis of values."""
    noted = any(row["note"] for row in rows)
    quiet = "datum.note !== ''"
    over, hover = _hover(y, f"over{position}")
    names = list(dict.fromkeys(row[y] for row in rows))
    extent: Spec = {"minExtent": _room(names) if room is None else room}
    if room is not None:
        extent["maxExtent"] = room
    if any(len(name) > LETTERS for name in names):
        extent["labelExpr"] = SHORTENED
    common = {
        "y": _name(y, title=None, sort=names, axis=extent),
        "color": {"condition": {"test": quiet, "value": QUIET}, "value": ACCENT},
        "opacity": over,
        "tooltip": [
            _name(y),
            *(_number(key, title=title, format=_form(percent)) for key, title in _ENDS),
            _number("n", title="rows", format=","),
            *([_name("note")] if noted else []),
        ],
    }
    bar = {
        "mark": {"type": "rule", "strokeWidth": 2, "strokeCap": "round"},
        "encoding": {
            **common,
            "x": _number("low", title=x, axis={"format": _form(percent)}, scale={"zero": False}),
            "x2": {"field": "high"},
            "strokeDash": {"condition": {"test": quiet, "value": [2, 4]}, "value": [1, 0]},
        },
    }
    dot = {
        "params": [hover],
        "mark": {"type": "point", "size": 64, "strokeWidth": 2},
        "encoding": {
            **common,
            "x": _number("value"),
            "fill": {"condition": {"test": quiet, "value": "transparent"}, "value": ACCENT},
        },
    }
    return {
        "data": {"values": rows},
        "layer": [*([line] if line else []), bar, dot],
        "width": WIDTH,
        "height": {"step": STEP},
    }


_ENDS = (("value", "value"), ("low", "from"), ("high", "to"))


def _reference(value: float, label: str, percent: bool) -> Spec:
    """Return a dashed line across the rows, with its label above."""
    tooltip = [_name("what", title="line"), _number("at", title="at", format=_form(percent))]
    return {
        "data": {"values": [{"at": value, "what": label}]},
        "encoding": {"x": _number("at"), "tooltip": tooltip},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "color": WARN}},
            {
                "mark": {"type": "text", "color": WARN, "y": 0, "dy": -5, "baseline": "bottom"},
                "encoding": {"text": {"field": "what"}},
            },
        ],
    }


def bar_chart(
    question: str,
    rows: Sequence[Row],
    *,
    x: str,
    y: str,
    value: str,
    percent: bool = True,
) -> Chart:
    """Draw one bar a row from zero, one below the other, in the rows' order.

    Use it for amounts, whose zero means something. A whisker is drawn where the rows have "low"
    and "high".

    Parameters
    ----------
    question
        The title, a question.
    rows
        Dictionaries with the keys `y` and `value`, and "low" and "high" where known.
    x
        The title of the horizontal axis, with its unit.
    y, value
        The keys of the rows' names and numbers.
    percent
        Whether the axis is in percent.

    Examples
    --------
    >>> bar_chart("What matters?", [{"name": "debt", "share": 0.4}], x="drop in accuracy",
    ...           y="name", value="share").table.columns
    ('name', 'share')
    """
    ends = ("low", "high") if rows and all("low" in row for row in rows) else ()
    columns = (y, value, *ends)
    table = Table(question, columns, tuple(tuple(row.get(c) for c in columns) for row in rows))
    drawn = [{**{c: row.get(c) for c in columns}, y: str(row[y])} for row in rows]
    over, hover = _hover(y, "over")
    layers: list[Spec] = [
        {
            "params": [hover],
            "mark": {
                "type": "bar",
                "color": ACCENT,
                "height": {"band": 0.62},
                "fillOpacity": 0.35 if ends else 1,
            },
            "encoding": {"x": _number(value, title=x, axis={"format": _form(percent)})},
        }
    ]
    if ends:
        whisker = {"type": "rule", "color": ACCENT, "strokeWidth": 2, "strokeCap": "round"}
        dot = {"type": "point", "color": ACCENT, "filled": True, "size": 50, "opacity": 1}
        layers += [
            {"mark": whisker, "encoding": {"x": _number("low"), "x2": {"field": "high"}}},
            {"mark": dot, "encoding": {"x": _number(value)}},
        ]
    told = [(value, value), *(_ENDS[1:] if ends else ())]
    names = list(dict.fromkeys(str(row[y]) for row in drawn))
    spec = {
        "data": {"values": drawn},
        "encoding": {
            "y": _name(y, sort=names, title=None, axis={"minExtent": _room(names)}),
            "opacity": over,
            "tooltip": [
                _name(y),
                *(_number(key, title=title, format=_form(percent)) for key, title in told),
            ],
        },
        "layer": layers,
        "width": WIDTH,
        "height": {"step": STEP},
    }
    return Chart(question, plain(spec), table)


def line_chart(
    question: str,
    rows: Sequence[Row],
    *,
    x: str,
    y: str,
    x_title: str,
    y_title: str,
    series: str | None = None,
    band: tuple[str, str] | None = None,
    diagonal: bool = False,
    mark: Literal["line", "point"] = "line",
    percent: bool | Literal["y"] = True,
) -> Chart:
    """Draw `y` against `x`, with a band around it and the diagonal where asked.

    Parameters
    ----------
    question
        The title, a question.
    rows
        Dictionaries with the keys `x`, `y`, and `series` and the band's two where given.
    x, y
        The keys of the two axes.
    x_title, y_title
        The axes' titles, with units.
    series
        A key that splits the line by colour, dash and the points' shape; a click on the legend
        picks one out.
    band
        The keys of a band's lower and upper edge.
    diagonal
        Whether to draw the line y = x.
    mark
        Joined by a line, or points alone.
    percent
        Whether both axes are in percent; "y" for that one alone.

    Examples
    --------
    >>> rows = [{"said": 0.1, "was": 0.2}, {"said": 0.9, "was": 0.8}]
    >>> line_chart("Is it calibrated?", rows, x="said", y="was", x_title="said (%)",
    ...            y_title="was (%)", diagonal=True).table.columns
    ('said', 'was')
    """
    columns = (*((series,) if series else ()), x, y, *(band or ()))
    table = Table(question, columns, tuple(tuple(row.get(c) for c in columns) for row in rows))
    drawn = [{c: row.get(c) for c in columns} for row in rows]
    across, up = _form(percent is True), _form(bool(percent))
    place = {
        key: _number(name, title=title, axis={"format": form}, scale={"zero": False})
        for key, name, title, form in (("x", x, x_title, across), ("y", y, y_title, up))
    }
    told = [(y, y_title), *((edge, edge) for edge in band or ())]
    tooltip = [
        _number(x, title=x_title, format=across),
        *(_number(key, title=title, format=up) for key, title in told),
    ]
    colour: Spec = {"color": {"value": ACCENT}}
    dash: Spec = {}
    shape: Spec = {}
    params: list[Spec] = []
    if series:
        names = list(dict.fromkeys(row[series] for row in drawn))
        # The legend's signs would be as pale as the band.
        legend = {"symbolOpacity": 1}
        split = _name(series, title=None, scale={"domain": names}, legend=legend)
        faded = {"condition": {"param": "picked", "value": 1}, "value": 0.15}
        colour = {"color": split, "opacity": faded}
        dash = {"strokeDash": {**split, "scale": {"domain": names, "range": DASHES}}}
        shape = {"shape": split}
        picked = {"type": "point", "fields": [_field(series)]}
        params = [{"name": "picked", "select": picked, "bind": "legend"}]
        tooltip.insert(0, _name(series))
    layers: list[Spec] = []
    if diagonal:
        layers.append(
            {
                "data": {"values": [{"d": 0.0}, {"d": 1.0}]},
                "mark": {"type": "line", "strokeDash": [5, 4], "color": QUIET, "strokeWidth": 1},
                "encoding": {"x": _number("d"), "y": _number("d")},
            }
        )
    if band:
        edges = {"y": _number(band[0], title=y_title), "y2": {"field": _field(band[1])}}
        tint = {"color": colour["color"]} if series else {"color": {"value": QUIET}}
        layers.append(
            {
                "mark": {"type": "area", "opacity": 0.18},
                "encoding": {"x": place["x"], **edges, **tint},
            }
        )
    if mark == "line":
        layers.append(
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {**place, **colour, **dash},
            }
        )
    layers.append(
        {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {**place, **colour, **shape, "tooltip": tooltip},
        }
    )
    # Of the layers that share a legend, only the first one's parameters are bound to it.
    next(layer for layer in layers if "data" not in layer)["params"] = params
    spec = {"data": {"values": drawn}, "layer": layers, "width": WIDTH, "height": 300}
    return Chart(question, plain(spec), table)


def _room(names: Sequence[str]) -> float:
    """Return how many pixels names take beside an axis."""
    return min(max(map(len, names), default=0) * LETTER + 8, LABEL_LIMIT)


def _form(percent: bool) -> str:
    """Return the numbers' format: as many digits as they need, so that ticks stay apart."""
    return ".3~%" if percent else ".4~g"


def _number(key: str, **more: Any) -> Spec:
    return {"field": _field(key), "type": "quantitative", **more}


def _name(key: str, **more: Any) -> Spec:
    return {"field": _field(key), "type": "nominal", **more}


def _hover(key: str, name: str) -> tuple[Spec, Spec]:
    """Return an opacity and the parameter that it obeys: the row at the pointer stands out."""
    events = {"on": "pointerover", "clear": "pointerout"}
    select = {"type": "point", "fields": [_field(key)], **events}
    opacity = {"condition": {"param": name, "value": 1}, "value": 0.3}
    return opacity, {"name": name, "select": select}


def _field(key: str) -> str:
    r"""Return a key as Vega-Lite reads it: dots and brackets are part of the name.

    >>> print(_field("hours.per.week"))
    hours\.per\.week
    """
    return re.sub(r"([\\.\[\]'\"])", r"\\\1", key)
