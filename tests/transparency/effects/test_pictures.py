"""Charts draw every point, the band, the rows below, and where there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency.effects import accumulated_local_effects, partial_dependence


def rows(n=120):
    rng = np.random.default_rng(0)
    income = rng.normal(size=n)
    return pd.DataFrame(
        {
            "income": income,
            "rent": income + 0.05 * rng.normal(size=n),
            "children": rng.integers(0, 3, n),
            "since.when": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "job": rng.choice(["nurse", "<b>"], n),
        }
    )


def model(r):
    return 1 / (1 + np.exp(-(r["income"] + 0.3 * r["children"]).to_numpy(float)))


@pytest.fixture(scope="module")
def effects():
    return partial_dependence(
        model, rows(), task="classification", classes=["no", "yes"], points=6, redraws=50
    )


def marks(spec):
    """Return the marks of all layers, the strip's last."""
    return [
        layer["mark"]["type"] for part in spec["vconcat"] for layer in part.get("layer", [part])
    ]


def test_a_number_has_a_curve_a_band_and_its_rows_below(effects):
    chart = effects.chart("children")
    assert marks(chart.spec) == ["area", "line", "point", "rule"]
    strip = chart.spec["vconcat"][1]["data"]["values"]
    assert sum(bar["rows"] for bar in strip) == 120
    assert [row[0] for row in chart.table.rows] == [0, 1, 2]
    assert [row[1] for row in chart.table.rows] == effects["children"].values[:, 0].tolist()


def test_local_effects_are_drawn_beside_at_the_level_of_the_mean(effects):
    chart = effects.chart("rent")
    assert marks(chart.spec)[-5:] == ["area", "line", "line", "point", "rect"]
    beside = chart.spec["vconcat"][0]["layer"][-3]["data"]["values"]
    effect = effects["rent"]
    level = effect.counts @ effect.values[:, 0] / effect.counts.sum()
    assert [each["local"] - level for each in beside] == pytest.approx(
        effect.accumulated.values[:, 0].tolist()
    )


def test_rows_own_curves_as_they_are_and_from_a_common_start(effects):
    for kind in ("curves", "centred"):
        chart = effects.chart("children", individual=kind)
        own = chart.spec["vconcat"][0]["layer"][0]["data"]["values"]
        assert len({each["row"] for each in own}) == 100
        starts = [each["own"] for each in own if each["at"] == 0]
        assert (max(map(abs, starts)) == 0) == (kind == "centred")


def test_a_stretch_without_rows_is_shaded():
    X = pd.DataFrame({"a": [*np.linspace(0, 1, 100), 9.0]})
    chart = partial_dependence(lambda r: r["a"], X, task="regression").chart("a")
    band = chart.spec["vconcat"][0]["layer"][0]
    assert band["data"]["values"] == [{"from": 1.0, "to": 9.0, "said": "no rows"}]


@pytest.mark.parametrize("feature", ["income", "rent", "children", "since.when", "job"])
def test_every_kind_is_drawn_the_same_bytes_each_time(effects, feature):
    svg = effects.chart(feature).svg()
    assert svg.startswith("<svg")
    assert svg == effects.chart(feature).svg()
    assert "<b>" not in svg


def test_levels_are_dots_and_have_no_curves_of_rows(effects):
    chart = effects.chart("job")
    assert set(chart.table.columns) == {"job", "effect", "low", "high", "rows"}
    with pytest.raises(InputError, match="no rows' own curves of 'job'"):
        effects.chart("job", individual="curves")
    with pytest.raises(InputError, match="individual='curve' is not one of"):
        effects.chart("rent", individual="curve")


def test_local_effects_have_a_line_at_zero():
    local = accumulated_local_effects(model, rows(), task="classification", classes=["no", "yes"])
    assert marks(local.chart("rent").spec)[0] == "rule"
    assert "from the mean" in local.chart("rent").svg()
    assert "the mean answer" in local.chart("job").svg()


def test_large_answers_are_written_out():
    X = pd.DataFrame({"years": np.linspace(0.0, 10.0, 100)})
    drawn = partial_dependence(lambda asked: 1200 * asked["years"], X, task="regression")
    assert ">10,000<" in drawn.chart("years").svg()
