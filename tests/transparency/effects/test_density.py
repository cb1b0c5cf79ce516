"""Gaps are where there is no row, and few values have none by nature."""

from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.transparency.effects.density import density_of
from alignlab.transparency.effects.grids import column_of, grid_of
from alignlab.transparency.pool import value_codes


def density(values, points=10, stated=()):
    whole = np.concatenate([values, stated])
    frame = pd.DataFrame({"x": whole})
    column = column_of("x", frame, ["x"], value_codes(frame, ["x"]))
    n = len(values)
    rows = np.arange(n, len(whole)) if len(stated) else None
    return density_of(grid_of(column, np.full(n, 1 / n), points=points, stated_rows=rows), n)


def test_a_lone_large_value_leaves_a_gap():
    made = density(np.append(np.arange(100.0), 1_000.0))
    assert made.gaps == ((99.0, 1_000.0),)
    assert made.binned.sum() == 101
    assert made.bins[0] == 0
    assert made.bins[-1] == 1_000


def test_a_stated_grid_beyond_the_rows_is_a_gap():
    made = density(np.linspace(0, 1, 200), stated=[0.0, 0.5, 2.0])
    assert made.gaps == ((1.0, 2.0),)


def test_few_values_and_even_ones_have_no_gap():
    assert density(np.repeat([0.0, 5.0, 9.0], 20)).gaps == ()
    assert density(np.linspace(0, 1, 500)).gaps == ()


def test_values_too_close_for_bins_between_them_have_none():
    for values in ([0.3, 0.1 + 0.2], 2.0**60 + np.array([0, 256, 512])):
        made = density(np.repeat(values, 20))
        assert (made.gaps, len(made.bins), len(made.binned)) == ((), 0, 0)
