from __future__ import annotations

from xml.etree import ElementTree

import altair
import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.theme import ACCENT, INK, QUIET, RULE, SERIES, WARN
from alignlab.transparency.shapley.values import ShapleyValues


def result(n=60, features=4, scale="probability", seed=0):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({f"x{at}": rng.normal(size=n) for at in range(features)})
    rows["x1"] = rng.choice(["a", "b", "c <&> d"], size=n)
    rows.loc[3, "x0"] = np.nan
    values = rng.normal(size=(n, features, 1)) * np.linspace(0.2, 0.02, features)[:, None]
    return ShapleyValues(
        values=values,
        base=np.array([0.3]),
        answers=0.3 + values.sum(axis=1),
        standard_errors=np.zeros_like(values),
        background_errors=None,
        features=tuple(rows.columns),
        columns=tuple((name,) for name in rows.columns),
        outputs=("yes",),
        rows=rows,
        game="interventional",
        method="exact",
        scale=scale,
        evaluations=0,
        background_rows=9,
    )


def some_charts():
    few, many = result(30), result(100, 23, scale="log odds")
    groups = np.where(np.arange(100) < 30, "old", "young")
    return {
        "beeswarm": few.beeswarm(),
        "beeswarm of many": many.beeswarm(),
        "numbers": few.dependence("x0"),
        "numbers by levels": few.dependence("x0", colour="x1"),
        "numbers by thirds": few.dependence("x2", colour="x3"),
        "levels": few.dependence("x1", colour="x0"),
        "cohorts": few.cohorts(few.rows["x1"]),
        "cohorts of many": many.cohorts(groups),
    }


CHARTS = some_charts()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_drawn_with_known_colours_and_the_same_bytes_each_time(name):
    chart = CHARTS[name]
    altair.Chart.from_dict({**chart.themed(), "data": {"values": []}})
    drawing = chart.svg()
    assert drawing == some_charts()[name].svg()
    used = {
        element.get(key)
        for element in ElementTree.fromstring(drawing).iter()
        for key in ("fill", "stroke")
    }
    assert used <= {None, "none", "transparent", INK, QUIET, RULE, ACCENT, WARN, *SERIES}
    assert chart.question.endswith("?")


def test_a_beeswarm_leads_with_the_largest_and_keeps_the_others_as_their_sum():
    values = result(features=30)
    table = values.beeswarm(most=5).table
    size = np.abs(values.values[:, :, 0]).mean(axis=0)
    assert [row[0] for row in table.rows[:5]] == [f"x{at}" for at in np.argsort(-size)[:5]]
    assert table.rows[5][0] == "25 other features, summed"
    others = values.values[:, np.argsort(-size)[5:], 0].sum(axis=1)
    assert table.rows[5][1:4] == pytest.approx((np.abs(others).mean(), others.min(), others.max()))


def test_a_beeswarm_of_thousands_draws_hundreds_with_the_extremes_and_says_so():
    values = result(5000, 3)
    chart = values.beeswarm()
    points = chart.spec["data"]["values"]
    first = [point["value"] for point in points if point["feature"] == "x0"]
    own = values.values[:, 0, 0]
    assert len(first) == 200
    assert (min(first), max(first)) == pytest.approx((own.min(), own.max()), rel=1e-3)
    assert "200 of 5,000 rows drawn" in str(chart.spec)


def test_what_goes_with_a_feature_is_said_in_words_and_by_shape():
    values = result(300, 3)
    cells = np.nan_to_num(values.rows["x0"].to_numpy())
    values.values[:, 0, 0], values.values[:, 2, 0] = cells, -values.rows["x2"]
    chart = values.beeswarm()
    assert {row[0]: row[4] for row in chart.table.rows} == {"x0": "rises", "x1": "", "x2": "falls"}
    levels = {point["level"] for point in chart.spec["data"]["values"] if point["feature"] == "x2"}
    assert levels == {"low", "middle", "high"}
    lowest = [p for p in chart.spec["data"]["values"] if p["feature"] == "x0" and p["value"] < -1.5]
    assert {point["level"] for point in lowest} == {"low"}


def test_dependence_has_one_point_a_row_and_leaves_missing_cells_out_aloud():
    values = result()
    chart = values.dependence("x0")
    assert len(chart.table.rows) == 59
    assert "1 rows without it are not drawn" in str(chart.spec)
    drawn = {row[0]: row[1] for row in chart.table.rows}
    for row in (0, 7, 59):
        cell = values.rows["x0"].iloc[row]
        assert drawn[cell] == pytest.approx(values.values[row, 0, 0], rel=1e-3)


def test_categories_stand_in_the_order_of_their_means():
    values = result(300, 2)
    order = {"a": -1.0, "b": 2.0, "c <&> d": 0.5}
    values.values[:, 1, 0] = values.rows["x1"].map(order)
    spec = values.dependence("x1").spec
    assert spec["layer"][1]["encoding"]["y"]["sort"] == ["b", "c <&> d", "a"]


def test_the_groups_features_sum_to_the_gap_of_their_mean_answers():
    values = result(200, 25)
    groups = pd.Series(np.where(np.arange(200) % 3, "f", "m"))
    table = values.cohorts(groups, most=6).table
    assert table.columns == ("feature", "f", "m", "largest difference")
    means = values.answers[:, 0]
    gap = means[groups == "f"].mean() - means[groups == "m"].mean()
    parts = [row[1] - row[2] for row in table.rows[:-1]]
    assert len(parts) == 7
    assert sum(parts) == pytest.approx(gap, abs=1e-14)
    assert table.rows[-1][1] - table.rows[-1][2] == pytest.approx(gap, abs=1e-14)
    assert table.rows[0][3] == max(row[3] for row in table.rows[:6])


def test_a_cohorts_interval_is_that_of_a_mean():
    """Coverage in 1,000 means of 60 rows, at 95 %."""
    rng = np.random.default_rng(0)
    values = result(120, 2)
    hits = []
    for _ in range(250):
        values.values[:, :, 0] = rng.normal(size=(120, 2)) + np.array([1.0, -2.0])
        points = values.cohorts(np.arange(120) % 2).spec["data"]["values"]
        truth = {"x0": 1.0, "x1": -2.0}
        hits += [p["low"] <= truth[p["feature"]] <= p["high"] for p in points]
    assert len(hits) == 1000
    # A normal quantile with 60 rows: 0.945; four standard errors of 1,000 draws.
    assert abs(np.mean(hits) - 0.945) < 4 * np.sqrt(0.95 * 0.05 / 1000)


def test_what_cannot_be_drawn_is_said():
    values = result()
    with pytest.raises(InputError, match="There is no feature 'x9'"):
        values.dependence("x9")
    with pytest.raises(InputError, match="one group a row"):
        values.cohorts(["a", "b"])
    with pytest.raises(InputError, match=r"1 groups.*nothing to compare"):
        values.cohorts(["a"] * 60)
    with pytest.raises(InputError, match=r"60 groups.*Join the small ones"):
        values.cohorts(range(60))


def test_names_alike_but_for_the_middle_stay_two_lines():
    values = result(30, 4)
    long = [f"the same beginning of {at} and the same end of a long name" for at in range(4)]
    rows = values.rows.set_axis(long, axis=1)
    renamed = ShapleyValues(
        **{
            **{name: getattr(values, name) for name in values.__dataclass_fields__},
            "features": tuple(long),
            "columns": tuple((name,) for name in long),
            "rows": rows,
        }
    )
    drawn = {point["feature"] for point in renamed.beeswarm().spec["data"]["values"]}
    assert len(drawn) == 4
