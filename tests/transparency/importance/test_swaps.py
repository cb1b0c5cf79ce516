from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.predictors import Predictor
from alignlab.transparency import permutation_importance
from alignlab.transparency.importance.swaps import Circle, circle, swaps_of


def seats(donors):
    """Return one circle of which only the donors matter."""
    donors = np.array(donors)
    one = np.zeros(donors.shape[1], dtype=np.intp)
    return Circle(donors, one, one)


def test_the_circle_moves_every_row_and_never_repeats_a_pair():
    donors = circle(23, 22, np.random.default_rng(0)).donors
    for row in range(23):
        assert sorted(donors[:, row]) == [other for other in range(23) if other != row]
    for repeat in donors:
        assert sorted(repeat) == list(range(23))


def test_swaps_by_hand():
    X = pd.DataFrame({"x": ["a", "b", "a", None]})
    donors = [[1, 2, 3, 0]]
    sampled = swaps_of("x", ("x",), X, seats(donors))
    assert not sampled.complete
    assert list(zip(sampled.receivers, sampled.givers, strict=True)) == [
        (0, 1),
        (1, 0),  # row 2 holds what row 0 holds
        (2, 3),
        (3, 0),
    ]
    everything = swaps_of("x", ("x",), X, seats([[1, 2, 3, 0], [2, 3, 0, 1]]))
    assert everything.complete
    assert list(zip(everything.receivers, everything.givers, strict=True)) == [
        (0, 1), (0, 3), (1, 0), (1, 3), (2, 1), (2, 3), (3, 0), (3, 1),
    ]  # fmt: skip


def test_columns_that_move_together_are_told_apart_by_all_of_them():
    X = pd.DataFrame({"a": [0, 0, 1, 1, 0], "b": [0, 1, 0, 1, 0]})
    both = swaps_of("ab", ("a", "b"), X, seats([[1, 2, 3, 4, 0]]))
    assert both.values == 4
    assert both.codes[0] == both.codes[4]
    assert list(both.receivers) == [0, 1, 2, 3]  # row 4 would take what it holds


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=3, max_size=40), st.integers(1, 6), st.integers(0, 5))
def test_the_model_is_asked_only_for_rows_that_differ_and_once_for_each(values, repeats, seed):
    X = pd.DataFrame({"x": values})
    seated = circle(len(X), min(repeats, len(X) - 1), np.random.default_rng(seed))
    donors = seated.donors
    swaps = swaps_of("x", ("x",), X, seated)
    column = X["x"].to_numpy()
    pairs = list(zip(swaps.receivers, column[swaps.givers], strict=True))
    assert len(set(pairs)) == len(pairs)
    assert (column[swaps.receivers] != column[swaps.givers]).all()
    needed = {
        (row, column[donor])
        for row in range(len(X))
        for donor in donors[:, row]
        if column[donor] != column[row]
    }
    if swaps.complete:
        assert len(pairs) == len(X) * (len(set(values)) - 1)
        assert needed <= set(pairs)
    else:
        assert set(pairs) == needed


def test_dtypes_categories_and_missing_values_reach_the_model_as_they_are():
    n = 40
    X = pd.DataFrame(
        {
            "category": pd.Categorical(["a", "b", None, "c"] * 10, categories=list("cbaz")),
            "ordered": pd.Categorical(["lo", "hi"] * 20, categories=["lo", "hi"], ordered=True),
            "nullable": pd.array([1, 2, None, 4] * 10, dtype="Int64"),
            "small": np.arange(n, dtype="float32"),
            "whole": np.arange(n, dtype="int8"),
            "flag": [True, False] * 20,
            "text": pd.array(["x", "y", "z", None] * 10, dtype="str"),
            "object": pd.Series(["x", 1, None, 2.5] * 10, dtype=object),
            "when": pd.date_range("2020", periods=n, tz="UTC"),
        },
        index=np.arange(n) * 3,
    )
    original = X.copy(deep=True)

    def answer(rows):
        pd.testing.assert_series_equal(rows.dtypes, original.dtypes)
        return rows["small"].to_numpy() + rows["category"].isna().to_numpy()

    result = permutation_importance(
        Predictor(answer, task="regression"), X, np.arange(n), repeats=2
    )
    pd.testing.assert_frame_equal(X, original)
    assert {each.name for each in result.features if each.estimate.value} == {"small", "category"}
