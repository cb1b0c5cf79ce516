"""Heat maps: one cell a pair of points, hollow where there is no row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.theme import ACCENT, WARN
from alignlab.transparency.effects import accumulated_local_effects, partial_dependence

RNG = np.random.default_rng(0)
A = RNG.normal(size=300)
X = pd.DataFrame({"a": A, "b": A + 0.1 * RNG.normal(size=300), "job": RNG.choice(["x", "y"], 300)})


def model(rows):
    return rows["a"] * rows["b"] + (rows["job"] == "x") * rows["a"]


@pytest.mark.parametrize("method", [partial_dependence, accumulated_local_effects])
def test_cells_without_rows_are_said_and_the_table_has_all(method):
    pair = ("a", "b")
    effects = method(model, X, pairs=[pair], pair_points=6, task="regression")
    chart = effects.chart(pair)
    drawn = chart.spec["data"]["values"]
    assert len(drawn) == len(chart.table.rows) == 36
    assert sum(cell["rows"] for cell in drawn) == 300
    assert any(cell["rows"] == 0 for cell in drawn)
    assert "hollow: no rows" in chart.spec["encoding"]["color"]["legend"]["title"]
    assert chart.svg() == chart.svg()


def test_what_two_do_together_has_a_middle_at_zero():
    effects = accumulated_local_effects(model, X, pairs=[("job", "a")], task="regression")
    scale = effects.chart(("a", "job")).spec["encoding"]["color"]["scale"]
    assert scale["domain"][1] == 0
    assert scale["domain"][0] == -scale["domain"][2]
    assert (scale["range"][0], scale["range"][2]) == (WARN, ACCENT)


def test_numbers_rise_upwards_and_levels_are_read_downwards():
    effects = partial_dependence(
        model, X, pairs=[("a", "b"), ("a", "job")], pair_points=3, task="regression"
    )
    numbers, levels = (chart.spec["encoding"]["y"]["sort"] for chart in effects.charts())
    assert numbers == list(effects.pairs[0].labels[1])[::-1]
    assert levels == list(effects.pairs[1].labels[1])
