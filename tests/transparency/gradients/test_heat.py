"""The heat map: parts in words, one strong pixel, sizes that are odd."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.transparency.gradients.heat import heat_chart


def test_the_table_names_the_strongest_part():
    values = np.zeros((1, 9, 13))
    values[0, 8, 12], values[0, 0, 0] = -3.0, 1.0
    chart = heat_chart("Where?", np.ones((1, 9, 13)), values)
    assert chart.table.rows[0] == ("row 4, column 4", -3.0)
    assert chart.table.rows[1] == ("row 1, column 1", 1.0)
    assert len(chart.table.rows) == 16


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 5), (1, 27, 31), (4, 8, 8)])
def test_any_size_is_drawn_the_same_each_time(shape):
    rng = np.random.default_rng(0)
    image, values = rng.normal(size=shape), rng.normal(size=(1, *shape[1:]))
    first, second = (heat_chart("Where?", image, values).svg() for _ in range(2))
    assert first == second
    assert first.startswith("<svg")


def test_values_of_zero_are_drawn():
    assert heat_chart("Where?", np.zeros((1, 4, 4)), np.zeros((1, 4, 4))).svg()
