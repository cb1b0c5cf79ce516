"""A row brought to the background's kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.surrogates.one_row import background_rows, row_like

MODEL = Predictor(len, "regression")
TABLE = pd.DataFrame(
    {
        "n": [1, 2],
        "x": [0.5, np.nan],
        "k": pd.Categorical(["a", "b"]),
        "t": pd.to_datetime(["2020-01-01", "2021-01-01"]),
        "i": pd.array([1, None], dtype="Int64"),
        "s": ["u", "v"],
    }
)


@pytest.mark.parametrize("at", [0, 1])
def test_a_series_of_objects_is_the_row_it_came_from(at):
    row, background = row_like(TABLE.iloc[at], TABLE, MODEL)
    pd.testing.assert_frame_equal(row, TABLE.iloc[[at]].reset_index(drop=True))
    pd.testing.assert_frame_equal(background, TABLE)


def test_the_background_given_is_not_changed():
    before = TABLE.copy()
    row, background = row_like({**TABLE.iloc[0], "k": "new", "n": 1.5}, TABLE, MODEL)
    pd.testing.assert_frame_equal(TABLE, before)
    assert row["k"].dtype == background["k"].dtype
    assert row["n"].tolist() == [1.5]
    assert background["n"].dtype == float


def test_arrays_stay_arrays():
    array = np.arange(6).reshape(3, 2)
    row, background = row_like([0.5, 1], array, MODEL)
    assert row.tolist() == [[0.5, 1.0]]
    assert background is array
    named = Predictor(len, "regression", features=("b", "a"))
    assert background_rows(named, array).columns.tolist() == ["b", "a"]


@pytest.mark.parametrize("value", ["12", "old"])
def test_a_text_is_no_number(value):
    with pytest.raises(InputError, match="in the column 'n'"):
        row_like({**TABLE.iloc[0], "n": value}, TABLE, MODEL)
