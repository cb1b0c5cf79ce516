from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.shapley import chart_parts as parts
from alignlab.transparency.shapley.values import ShapleyValues


def holding(rows, columns=None):
    n = len(rows)
    columns = columns or tuple((name,) for name in rows.columns)
    count = len(columns)
    return ShapleyValues(
        values=np.zeros((n, count, 1)),
        base=np.zeros(1),
        answers=np.zeros((n, 1)),
        standard_errors=np.zeros((n, count, 1)),
        background_errors=None,
        features=tuple(f"p{at}" for at in range(count)),
        columns=columns,
        outputs=("value",),
        rows=rows,
        game="interventional",
        method="exact",
        scale="value",
        evaluations=0,
        background_rows=2,
    )


def test_cells_are_numbers_where_they_have_an_order():
    grade = pd.Categorical(["low", "high", None], ["low", "high"], ordered=True)
    rows = pd.DataFrame(
        {
            "count": [1, 2, 3],
            "flag": [True, False, True],
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "mixed": pd.Series([1, 2.5, None], dtype=object),
            "grade": grade,
            "kind": pd.Categorical(["a", "b", "a"]),
            "text": ["a", "b", "c"],
        }
    )
    values = holding(rows)
    expected = {
        0: [1, 2, 3], 1: [1, 0, 1], 2: [1, np.nan, 3], 3: [1, 2.5, np.nan], 4: [0, 1, np.nan],
    }  # fmt: skip
    for feature, cells in expected.items():
        np.testing.assert_array_equal(parts.cells_of(values, feature), cells)
    assert parts.cells_of(values, 5) is None
    assert parts.cells_of(values, 6) is None
    assert parts.cells_of(holding(rows, (("count", "flag"),)), 0) is None


def test_thirds_have_about_as_many_rows_each_and_two_values_are_low_and_high():
    rows = pd.DataFrame({"a": np.arange(90.0), "b": np.arange(90) % 2, "c": 1.0})
    rows["d"] = rows["a"].where(rows["a"] > 8)
    values = holding(rows)
    assert np.bincount(parts.thirds_of(values, 0)).tolist() == [30, 30, 30]
    assert np.bincount(parts.thirds_of(values, 1)).tolist() == [45, 0, 45]
    assert (parts.thirds_of(values, 2) == 1).all()
    assert np.bincount(parts.thirds_of(values, 3)).tolist() == [27, 27, 27, 9]


def test_rows_are_drawn_evenly_over_the_order_with_both_ends():
    phi = np.random.default_rng(0).normal(size=1000)
    chosen = parts.evenly(phi, 11)
    assert len(set(chosen)) == 11
    ranks = np.argsort(np.argsort(phi))[chosen]
    assert ranks.tolist() == [0, 100, 200, 300, 400, 500, 599, 699, 799, 899, 999]
    assert sorted(parts.evenly(phi, 2000)) == list(range(1000))


def test_points_of_one_place_lie_aside_on_both_sides_and_within_the_band():
    aside = parts.moved_aside(np.zeros(101), 0.1)
    assert len(set(aside)) == 101
    assert aside.max() == pytest.approx(parts.BAND)
    assert aside.sum() == pytest.approx(0)
    assert (parts.moved_aside(np.arange(5.0), 0.1) == 0).all()


def test_levels_beyond_five_are_joined():
    rows = pd.DataFrame({"kind": list("aaabbbcccddefg"), "size": range(14)})
    values = holding(rows)
    found, domain = parts.levels_of(values, 0, np.arange(14))
    assert domain == ["a", "b", "c", "d", "others"]
    assert found[-3:] == ["others"] * 3
    found, domain = parts.levels_of(values, 1, np.arange(14))
    assert domain == ["up to 4.333", "to 8.667", "above 8.667"]
    assert found[0] == domain[0]


def test_long_texts_lose_their_middle_and_stay_apart():
    long = "the first words of it and the last words of it"
    assert parts.shortened(long, 20) == "the first … rds of it"
    assert len(parts.shortened(long, 20)) <= 21
    assert parts.told_apart(["a", "b", "a"]) == ["a", "b", "a (2)"]


def test_texts_are_those_of_the_rows_in_every_kind_of_table():
    rows = pd.DataFrame(
        {
            "n": [1234567, 2, 1234567, 4],
            "x": [0.1, np.nan, 0.1, np.nan],
            "kind": pd.Categorical(["a", None, "b", "a"]),
            "job_cook": [0, 1, 1, 0],
            "job_smith": [1, 0, 0, 1],
        }
    )
    values = holding(rows, (("n",), ("x",), ("kind",), ("job_cook", "job_smith")))
    some = np.array([3, 0, 1, 2])
    for feature in range(4):
        expected = [values.shown(int(row), feature) for row in some]
        assert parts.texts_of(values, feature, some) == expected
    assert parts.texts_of(values, 0, some)[1] == "1234567"
    array = holding(np.array([[1.5, 2.0], [1.5, 3.0]]), ((0,), (1,)))
    assert parts.texts_of(array, 0, np.array([1, 0])) == ["1.5", "1.5"]
