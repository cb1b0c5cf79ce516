"""Charts: one question each, one theme, drawn by Altair; SVG by vl-convert.

The colours are few and fixed so that a page's style sheet can find them and turn them for the
dark; they are told apart by colour-blind readers and in grey [okabe2008color].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from alignlab.errors import InputError

__all__ = [
    "ACCENT",
    "INK",
    "QUIET",
    "RULE",
    "WARN",
    "Chart",
    "Table",
    "bar_chart",
    "interval_chart",
    "line_chart",
]

INK = "#1b1f24"
QUIET = "#5b6470"
RULE = "#d5dae0"
ACCENT = "#0b62a8"
WARN = "#b4470a"

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, with a title; numbers stay numbers.

    Attributes
    ----------
    title
        What the table shows, in one line.
    columns
        The columns' names.
    rows
        One tuple a row, as long as `columns`.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise InputError(
                f"A row of the table {self.title!r} has {len(wrong[0])} cells; "
                f"it has {len(self.columns)} columns."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the title, the columns and the rows."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
        }

    def to_frame(self) -> Any:
        """Return the rows as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame([list(row) for row in self.rows], columns=list(self.columns))


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
    spec: dict[str, Any]
    table: Table

    def to_dict(self) -> dict[str, Any]:
        """Return the question, the specification and the table."""
        return {"question": self.question, "spec": self.spec, "table": self.table.to_dict()}

    def themed(self) -> dict[str, Any]:
        """Return the specification with alignlab's theme, ready for any Vega-Lite viewer."""
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "description": self.question,
            "config": theme(),
            **self.spec,
        }

    def svg(self) -> str:
        """Return the chart as an SVG drawing."""
        import json

        import vl_convert

        return str(vl_convert.vegalite_to_svg(json.dumps(self.themed())))


@cache
def theme() -> dict[str, Any]:
    """Return the Vega-Lite configuration that all charts share."""
    text = {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": "transparent",
        "font": "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif",
        "view": {"stroke": None},
        "axis": {
            **text,
            "domainColor": RULE,
            "gridColor": RULE,
            "tickColor": RULE,
            "titleFontWeight": "normal",
            "labelLimit": 220,
        },
        "legend": {**text, "orient": "top", "titleFontWeight": "normal"},
        "header": {**text, "labelFontWeight": "bold"},
        "rule": {"color": QUIET},
        "text": {"color": INK, "fontSize": 12},
        "range": {"category": [ACCENT, WARN, "#3f7d53", "#7a4fa3", "#8a6d00", QUIET]},
    }


def interval_chart(
    question: str,
    rows: Sequence[dict[str, Any]],
    *,
    x: str,
    y: str = "group",
    facet: str | None = None,
    reference: float | None = None,
    reference_label: str = "",
    percent: bool = True,
) -> Chart:
    """Draw a dot and its interval for each row, one below the other.

    Parameters
    ----------
    question
        The title, a question.
    rows
        Dictionaries with `y`, "value", "low", "high" and "n", and `facet` where given; "quiet"
        set to true greys a row out.
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
    """
    import altair as alt

    data = [{**row, "quiet": bool(row.get("quiet", False))} for row in rows]
    # Altair keeps what it is told: the order of the rows is the order on the page.
    order = list(dict.fromkeys(str(row[y]) for row in data))
    form = ".0%" if percent else ".3~g"
    detail = ".2%" if percent else ".4~g"
    base = alt.Chart(alt.Data(values=data)).encode(
        y=alt.Y(f"{y}:N", sort=order, title=None),
        color=alt.condition("datum.quiet", alt.value(QUIET), alt.value(ACCENT)),
        tooltip=[
            alt.Tooltip(f"{y}:N"),
            alt.Tooltip("value:Q", format=detail),
            alt.Tooltip("low:Q", format=detail),
            alt.Tooltip("high:Q", format=detail),
            alt.Tooltip("n:Q", title="rows", format=","),
        ],
    )
    axis = alt.Axis(format=form)
    scale = alt.Scale(zero=False, nice=True)
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=x, axis=axis, scale=scale), x2="high:Q"
    )
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(x="value:Q")
    layers: list[Any] = [bars, dots]
    if reference is not None:
        line = alt.Chart(alt.Data(values=[{"at": reference, "what": reference_label}]))
        layers.insert(
            0,
            line.mark_rule(strokeDash=[5, 4], color=WARN).encode(
                x="at:Q", tooltip=[alt.Tooltip("what:N", title="line")]
            ),
        )
    chart: Any = alt.layer(*layers).properties(width=520, height=alt.Step(26))
    if facet:
        # A layer that carries its own data cannot be faceted: give the panels the rows' data.
        panels = [
            _panel(layers, [row for row in data if row[facet] == name], str(name), reference)
            for name in dict.fromkeys(row[facet] for row in data)
        ]
        chart = alt.vconcat(*panels, spacing=14).resolve_scale(x="shared")
    columns = (*((facet,) if facet else ()), y, "value", "low", "high", "n")
    table = Table(question, columns, tuple(tuple(row.get(c) for c in columns) for row in data))
    return Chart(question, _spec(chart), table)


def _panel(layers: list[Any], rows: list[dict[str, Any]], name: str, reference: Any) -> Any:
    import altair as alt

    fixed = [layer for layer in layers if reference is not None][:1]
    moving = [layer.copy(deep=True) for layer in layers[len(fixed) :]]
    for layer in moving:
        layer.data = alt.Data(values=rows)
        layer.encoding.y.sort = list(dict.fromkeys(next(iter(row.values())) for row in rows))
    title = alt.Title(name, anchor="start", color=QUIET, fontSize=12, fontWeight="normal")
    return alt.layer(*fixed, *moving).properties(width=520, height=alt.Step(26), title=title)


def bar_chart(
    question: str,
    rows: Sequence[dict[str, Any]],
    *,
    x: str,
    y: str,
    value: str,
    percent: bool = True,
) -> Chart:
    """Draw one bar a row, one below the other, in the rows' order.

    Parameters
    ----------
    question
        The title, a question.
    rows
        Dictionaries with the keys `y` and `value`.
    x
        The title of the horizontal axis, with its unit.
    y, value
        The keys of the rows' names and numbers.
    percent
        Whether the axis is in percent.
    """
    import altair as alt

    order = [str(row[y]) for row in rows]
    form = ".0%" if percent else ".3~g"
    chart = (
        alt.Chart(alt.Data(values=list(rows)))
        .mark_bar(color=ACCENT)
        .encode(
            y=alt.Y(f"{y}:N", sort=order, title=None),
            x=alt.X(f"{value}:Q", title=x, axis=alt.Axis(format=form)),
            tooltip=[alt.Tooltip(f"{y}:N"), alt.Tooltip(f"{value}:Q", format=form)],
        )
        .properties(width=520, height=alt.Step(26))
    )
    table = Table(question, (y, value), tuple((row[y], row[value]) for row in rows))
    return Chart(question, _spec(chart), table)


def line_chart(
    question: str,
    rows: Sequence[dict[str, Any]],
    *,
    x: str,
    y: str,
    x_title: str,
    y_title: str,
    series: str | None = None,
    band: tuple[str, str] | None = None,
    diagonal: bool = False,
    mark: Literal["line", "point"] = "line",
    percent: bool = True,
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
        A key that splits the line by colour and dash.
    band
        The keys of a band's lower and upper edge.
    diagonal
        Whether to draw the line y = x.
    mark
        Joined by a line, or points alone.
    percent
        Whether both axes are in percent.
    """
    import altair as alt

    form = ".0%" if percent else ".3~g"
    base = alt.Chart(alt.Data(values=list(rows)))
    at = alt.X(f"{x}:Q", title=x_title, axis=alt.Axis(format=form), scale=alt.Scale(zero=False))
    layers: list[Any] = []
    if band:
        layers.append(
            base.mark_area(opacity=0.18, color=QUIET).encode(
                x=at, y=alt.Y(f"{band[0]}:Q", title=y_title), y2=f"{band[1]}:Q"
            )
        )
    if diagonal:
        ends = alt.Data(values=[{"d": 0.0}, {"d": 1.0}])
        layers.append(
            alt.Chart(ends).mark_line(strokeDash=[5, 4], color=QUIET).encode(x="d:Q", y="d:Q")
        )
    line = base.mark_line(point=True) if mark == "line" else base.mark_point(filled=True, size=60)
    encoding: dict[str, Any] = {
        "x": at,
        "y": alt.Y(f"{y}:Q", title=y_title, axis=alt.Axis(format=form)),
        "tooltip": [alt.Tooltip(f"{x}:Q", format=form), alt.Tooltip(f"{y}:Q", format=form)],
    }
    if series:
        encoding["color"] = alt.Color(f"{series}:N", title=None)
        encoding["strokeDash"] = alt.StrokeDash(f"{series}:N", title=None)
    else:
        encoding["color"] = alt.value(ACCENT)
    layers.append(line.encode(**encoding))
    chart = alt.layer(*layers).properties(width=420, height=300)
    columns = (*((series,) if series else ()), x, y, *(band or ()))
    table = Table(question, columns, tuple(tuple(row.get(c) for c in columns) for row in rows))
    return Chart(question, _spec(chart), table)


def _spec(chart: Any) -> dict[str, Any]:
    """Return an Altair chart's specification without its schema, theme and counted names."""
    spec: dict[str, Any] = chart.to_dict()
    spec.pop("$schema", None)
    spec.pop("config", None)
    return spec
