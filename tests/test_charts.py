from __future__ import annotations

import json
from xml.etree import ElementTree

import altair
import numpy as np
import pytest

from alignlab.charts import Chart, bar_chart, interval_chart, line_chart
from alignlab.plain import plain
from alignlab.theme import ACCENT, INK, QUIET, RULE, SERIES, WARN

SVG = "{http://www.w3.org/2000/svg}"
NASTY = '<script>alert(1)</script> & "quotes" \x00 \' opacity="1"'


def group_rows(names, **more):
    return [
        {"group": name, "value": 0.5 + i / 100, "low": 0.4, "high": 0.7, "n": 10 + i, **more}
        for i, name in enumerate(names)
    ]


def texts(drawing: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def some_charts() -> dict[str, Chart]:
    facets = [
        {**row, "by": by}
        for by, names in {"sex": ["f", "m"], "race": ["m", "a", "z"]}.items()
        for row in group_rows(names)
    ]
    line_rows = [
        {"x": x / 10, "y": x / 12, "lo": 0, "hi": 1, "s": s} for x in range(5) for s in "ab"
    ]
    titles = {"x_title": "said (%)", "y_title": "was (%)"}
    return {
        "intervals": interval_chart("Who?", group_rows(["b", "a"]), x="rate (%)"),
        "quiet": interval_chart("Who?", group_rows(["b", "a"], quiet=True), x="rate (%)"),
        "reference": interval_chart(
            "Who?", group_rows(["a"]), x="rate (%)", reference=0.5, reference_label="overall"
        ),
        "facets": interval_chart("Who?", facets, x="rate (%)", facet="by", reference=0.5),
        "bars": bar_chart("What?", [{"name": "x", "v": 0.3}], x="drop (%)", y="name", value="v"),
        "whiskers": bar_chart(
            "What?",
            [{"name": "x", "v": 0.3, "low": 0.2, "high": 0.4}],
            x="drop (%)",
            y="name",
            value="v",
        ),
        "line": line_chart(
            "Is it so?", line_rows[::2], x="x", y="y", band=("lo", "hi"), diagonal=True, **titles
        ),
        "series": line_chart(
            "Is it so?", line_rows, x="x", y="y", series="s", band=("lo", "hi"), **titles
        ),
        "points": line_chart("Is it so?", line_rows, x="x", y="y", mark="point", **titles),
    }


@pytest.mark.parametrize("name", some_charts())
def test_altair_accepts_the_specification(name):
    altair.Chart.from_dict(some_charts()[name].themed())


@pytest.mark.parametrize("name", some_charts())
def test_it_is_drawn_with_known_colours_only_and_the_same_bytes_each_time(name):
    chart = some_charts()[name]
    drawing = chart.svg()
    assert drawing == chart.svg()
    used = {
        element.get(key)
        for element in ElementTree.fromstring(drawing).iter()
        for key in ("fill", "stroke")
    }
    known = {None, "none", "transparent", INK, QUIET, RULE, ACCENT, WARN, *SERIES}
    assert used <= known, "a colour that no style sheet can find and turn for the dark"


def test_rows_keep_their_order_on_the_page():
    drawing = interval_chart("Who?", group_rows(["b", "c", "a"]), x="rate (%)").svg()
    assert [text for text in texts(drawing) if len(text) == 1] == ["b", "c", "a"]


def test_each_panel_has_its_own_rows_in_its_own_order_over_one_axis():
    drawing = some_charts()["facets"].svg()
    shown = texts(drawing)
    assert [text for text in shown if text in {"f", "m", "a", "z"}] == ["f", "m", "m", "a", "z"]
    assert [text for text in shown if text in {"sex", "race"}] == ["sex", "race"]
    assert shown.count("rate (%)") == 1
    ticks = [text for text in shown if text.endswith("%") and text != "rate (%)"]
    assert ticks[: len(ticks) // 2] == ticks[len(ticks) // 2 :]


def test_panels_line_up():
    named = group_rows(["x", "a much longer name"])
    rows = [{**row, "by": by} for by, row in zip("pq", named, strict=True)]
    spec = interval_chart("Who?", rows, x="rate (%)", facet="by").spec
    rooms = [panel["layer"][0]["encoding"]["y"]["axis"] for panel in spec["vconcat"]]
    assert rooms[0] == rooms[1]
    assert rooms[0]["minExtent"] > 100


def test_forty_groups_with_long_names_all_have_a_label_and_room():
    names = [f"a group with quite a long name that goes on, number {i}" for i in range(40)]
    drawing = interval_chart("Who?", group_rows(names), x="rate (%)").svg()
    root = ElementTree.fromstring(drawing)
    assert len([text for text in texts(drawing) if text.startswith("a group")]) == 40
    assert float(root.get("height")) > 40 * 26
    assert float(root.get("width")) < 750


def test_a_quiet_row_is_told_apart_without_colour():
    rows = [*group_rows(["loud"]), *group_rows(["faint"], quiet=True)]
    chart = interval_chart("Who?", rows, x="rate (%)")
    drawing = chart.svg()
    assert 'stroke-dasharray="2,4"' in drawing
    dots = ElementTree.fromstring(drawing).iter(f"{SVG}path")
    shown = {dot.get("stroke"): dot.get("fill") for dot in dots if dot.get("stroke")}
    assert shown == {ACCENT: ACCENT, QUIET: None}
    assert "rate (%); hollow and dashed: too few rows to tell" in texts(drawing)


def test_names_have_room_in_a_wide_font():
    names = ["the model's decisions: expected", "90% to 100%"]
    for name in names:
        for chart in (
            interval_chart("Who?", group_rows([name]), x="rate (%)"),
            bar_chart("Who?", [{"name": name, "x": 0.5}], x="x", y="name", value="x"),
        ):
            root = ElementTree.fromstring(chart.svg())
            assert float(root.get("width")) > 480 + 7 * len(name)


def test_a_quiet_row_without_an_interval_is_not_called_dashed():
    rows = [{"group": "a", "value": 0.5, "low": 0.5, "high": 0.5, "n": 9, "quiet": True}]
    told = texts(interval_chart("Who?", rows, x="weight", percent=False).svg())
    assert "weight; hollow: too few rows to tell" in told


def test_ticks_have_as_many_digits_as_they_need():
    rows = [{"group": "a", "value": 0.0105, "low": 0.010, "high": 0.011, "n": 9}]
    ticks = [t for t in texts(interval_chart("Who?", rows, x="r").svg()) if t.endswith("%")]
    assert len(ticks) == len(set(ticks)) > 2


def test_a_series_has_colour_and_dash_and_shape_and_one_legend():
    drawing = some_charts()["series"].svg()
    assert texts(drawing).count("a") == 1
    assert "stroke-dasharray" in drawing


def test_a_name_from_data_is_text_and_nothing_else():
    drawing = interval_chart("Who?", group_rows([NASTY]), x="rate (%)").svg()
    assert "<script" not in drawing
    assert any(text.startswith("<script>") for text in texts(drawing))


def test_a_dot_in_a_key_is_part_of_the_name():
    rows = [{"hours.per[week]": "x", "v": 0.3}]
    drawing = bar_chart("What?", rows, x="d", y="hours.per[week]", value="v").svg()
    assert "x" in texts(drawing)


def test_numbers_that_are_not_finite_do_not_break_the_drawing():
    rows = [{"group": "a", "value": np.nan, "low": -np.inf, "high": np.inf, "n": np.int64(0)}]
    chart = interval_chart("Who?", [*rows, *group_rows(["b"])], x="rate (%)")
    assert {"a", "b"} <= set(texts(chart.svg()))
    json.dumps(chart.spec, allow_nan=False)
    assert plain(chart.to_dict())["table"]["rows"][0] == ["a", None, None, None, 0]


def test_there_is_a_table_of_what_is_drawn():
    chart = some_charts()["facets"]
    assert chart.table.columns == ("by", "group", "value", "low", "high", "n")
    assert chart.table.to_frame().shape == (5, 6)


def test_a_notebook_gets_both_forms():
    bundle = some_charts()["bars"]._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.vegalite.v6+json", "image/svg+xml"}


def test_a_shell_shows_a_chart_and_a_table_in_one_line():
    chart = bar_chart("What?", [{"name": "debt", "share": 0.4}], x="x", y="name", value="share")
    assert repr(chart) == "<Chart 'What?'; rows: 1>"
    assert repr(chart.table) == "<Table 'What?'; rows: 1, columns: 2>"


def test_long_names_that_begin_alike_stay_apart_by_their_ends():
    names = [f"payment to income: over 0.37 to 3 and {end}" for end in ("debt: over 2", "rate: 7")]
    shown = [text for text in texts(interval_chart("?", group_rows(names), x="x").svg()) if text]
    ends = [text for text in shown if text.startswith("payment to incom … ")]
    assert [text[-8:] for text in ends] == [": over 2", " rate: 7"]
