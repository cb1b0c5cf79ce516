"""A picture shows each cell, its value, its arrows and its ends, and is the same each time."""

from __future__ import annotations

import altair
import numpy as np
import pytest

from alignlab.values.processes import FiniteMDP, soft_solve, solve
from alignlab.values.processes.pictures import ON_DARK, ON_LIGHT, values_chart


def layers(chart, kind):
    return [layer for layer in chart.spec["layer"] if layer["mark"]["type"] == kind]


def lake(**options):
    return FiniteMDP.from_gymnasium("FrozenLake-v1", **options)


def test_a_lake_shows_its_letters_its_values_and_its_best_ways():
    best = solve(lake(is_slippery=False, desc=["SH", "FG"]))
    chart = best.chart()
    assert chart.table.columns == ("state", "row", "column", "value", "does")
    assert chart.table.rows[0] == ("S 0,0", 0, 0, pytest.approx(0.99), "down")
    assert chart.table.rows[2][4] == "right"
    letters, numbers = layers(chart, "text")
    assert [row["text"] for row in letters["data"]["values"]] == ["S", "H", "G"]
    assert [row["text"] for row in numbers["data"]["values"]] == ["0.99", "1.00"]
    (heads,) = layers(chart, "point")
    # 90 points right and 180 down.
    assert [row["angle"] for row in heads["data"]["values"]] == [180, 90]


def test_arrows_of_a_soft_policy_are_as_long_as_they_are_likely():
    soft = soft_solve(lake(is_slippery=False), temperature=0.2)
    (shafts,) = layers(soft.chart(), "rule")
    first = [row for row in shafts["data"]["values"] if row["x"] < 1 and row["y"] < 1]
    lengths = [abs(row["to x"] - row["x"]) + abs(row["to y"] - row["y"]) for row in first]
    chances = soft.policy()[0]
    assert np.argsort(lengths).tolist() == np.argsort(chances[chances >= 0.05]).tolist()


def test_cells_that_nothing_enters_are_hollow():
    cliff = solve(FiniteMDP.from_gymnasium("CliffWalking-v1")).chart()
    cells = layers(cliff, "rect")[0]["data"]["values"]
    assert [cell["column"] for cell in cells if cell["unseen"]] == list(range(1, 11))


def test_it_is_valid_reads_on_any_page_and_is_the_same_each_time():
    chart = solve(lake()).chart()
    altair.Chart.from_dict(chart.themed())
    assert chart.svg() == solve(lake()).chart().svg()
    assert {ON_DARK, ON_LIGHT} <= set(chart.svg().replace('"', " ").split())
    # A gradient's name would be shared by all drawings of a page.
    assert "url(#gradient" not in chart.svg()


def test_a_large_grid_is_drawn_in_blocks(big_walk):
    mdp = big_walk(150)
    chart = values_chart(mdp, np.arange(22_500.0), question="Worth?")
    assert chart.question == "Worth? (means of 2 × 2 cells)"
    assert len(chart.table.rows) == 75 * 75
    assert chart.table.rows[0][3] == np.mean([0, 1, 150, 151])
    # The last cell ends it and has no part in the mean.
    assert chart.table.rows[-1][3] == np.mean([22_348, 22_349, 22_498])


def test_without_a_grid_bars_have_names_and_many_states_are_a_line(random_mdp):
    few = solve(random_mdp(0)).chart()
    assert [row[0] for row in few.table.rows] == list("012345")
    many = solve(random_mdp(0, 100)).chart()
    values = [row[1] for row in many.table.rows]
    assert len(values) == 100
    assert values == sorted(values, reverse=True)


def test_values_that_are_all_alike_are_drawn():
    mdp = FiniteMDP(np.ones((1, 1, 1)), [1.0], grid=(1, 1))
    assert "<svg" in solve(mdp).chart().svg()
