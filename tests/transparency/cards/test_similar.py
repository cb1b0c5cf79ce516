from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from alignlab.transparency.cards.similar import distances, nearest_rows

AGE_HOME = {"age": ("age",), "home": ("home",)}


def test_a_distance_by_hand():
    data = pd.DataFrame({"age": np.arange(0.0, 101.0), "home": ["own", *["rent"] * 100]})
    found = distances(data.iloc[[0]], data, AGE_HOME)
    # From the 5% to the 95% quantile are 90 years; another home differs by 1.
    assert found[0] == 0
    assert found[45] == (45 / 90 + 1) / 2
    assert found[100] == (1 + 1) / 2  # beyond the spread is no farther than it


def test_one_hot_columns_count_as_one_feature():
    data = pd.DataFrame({"home_own": [1, 0, 0], "home_rent": [0, 1, 0], "home_free": [0, 0, 1]})
    found = distances(data.iloc[[0]], data, {"home": tuple(data.columns)})
    assert found.tolist() == [0, 1, 1]


def test_missing_cells_are_alike_and_far_from_known_ones():
    data = pd.DataFrame({"age": [np.nan, np.nan, 30.0, 40.0], "home": ["a", None, None, "a"]})
    by_age = {"age": ("age",)}
    assert distances(data.iloc[[0]], data, by_age).tolist() == [0, 0, 1, 1]
    assert distances(data.iloc[[2]], data, by_age).tolist()[:3] == [1, 1, 0]
    assert distances(data.iloc[[1]], data, {"home": ("home",)}).tolist() == [1, 0, 0, 1]


def test_a_column_that_hardly_varies_is_equal_or_not():
    data = pd.DataFrame({"x": [0.0] * 99 + [5.0]})
    assert distances(data.iloc[[0]], data, {"x": ("x",)})[-2:].tolist() == [0, 1]


def test_of_equal_distances_the_first_rows_are_nearest():
    assert nearest_rows(np.array([0.2, 0.1, 0.2, np.inf, 0.1]), 3).tolist() == [1, 4, 0]
    assert nearest_rows(np.array([np.inf, 0.5]), 2).tolist() == [1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=30), st.floats(0.5, 100))
def test_units_change_nothing(values, factor):
    data = pd.DataFrame({"x": values})
    other = data * factor
    here, there = (distances(each.iloc[[0]], each, {"x": ("x",)}) for each in (data, other))
    assert ((here >= 0) & (here <= 1)).all()
    spread = np.subtract(*np.quantile(values, [0.95, 0.05]))
    if spread > 1e-3:
        np.testing.assert_allclose(here, there, atol=1e-6)
