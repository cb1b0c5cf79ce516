"""The door: arrays and frames, groups and stated grids, and rows that are never changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency.effects import partial_dependence
from alignlab.transparency.effects.study import study_of
from alignlab.transparency.outputs import output_of


def study(X, features=None, **given):
    settings = {
        "pairs": (), "grid": None, "weights": None, "groups": None, "max_rows": None, "seed": 0,
        "purpose": "test",
    }  # fmt: skip
    output = output_of(lambda rows: np.zeros(len(rows)), task="regression")
    return study_of(output, X, features, **(settings | given))


def test_arrays_and_frames_give_the_same_features():
    values = np.random.default_rng(0).normal(size=(20, 3))
    array = study(values)
    frame = study(pd.DataFrame(values, columns=["a", "b", "c"]))
    assert [each.name for each in array.columns] == ["0", "1", "2"]
    for one, other in zip(array.columns, frame.columns, strict=True):
        assert np.array_equal(one.value, other.value)
    assert array.explained == frame.explained


def test_columns_that_are_numbers_are_named_either_way():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 2)), columns=[7, 8])
    for name in (7, "7"):
        made = partial_dependence(lambda r: r[7], X, name, grid={name: [1, 2]}, task="regression")
        assert made["7"].values[:, 0] == pytest.approx([1, 2])


def test_what_was_given_is_never_changed():
    X = pd.DataFrame({"a": [1, 2, 3], "b": pd.Categorical(["x", "y", "x"])}, index=[5, 5, 9])
    before = X.copy()
    seen = []

    def model(rows):
        seen.append(rows.dtypes.to_dict())
        rows["a"] = 0
        return np.zeros(len(rows))

    partial_dependence(model, X, grid={"a": [7, 8]}, task="regression")
    pd.testing.assert_frame_equal(X, before)
    assert all(each == before.dtypes.to_dict() for each in seen)


def test_stated_values_reach_the_model_in_the_columns_own_type():
    frame = pd.DataFrame({"n": np.array([1, 2], "int16"), "d": pd.to_datetime(["2020-01-01"] * 2)})
    seen = []

    def model(rows):
        seen.append(rows.copy())
        return np.zeros(len(rows))

    partial_dependence(
        model, frame, ["n", "d"], grid={"n": [9], "d": ["2021-05-05"]}, task="regression"
    )
    asked = pd.concat(seen)
    assert asked["n"].dtype == "int16"
    assert 9 in asked["n"].to_numpy()
    assert pd.Timestamp("2021-05-05") in set(asked["d"])


def test_groups_of_numbers_are_left_out_with_a_reason_and_weights_of_nothing_drop_rows():
    X = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 3)), columns=["a", "b", "c"])
    made = study(X, groups={"both": ["a", "b"]}, weights=np.r_[np.zeros(10), np.ones(40)])
    assert made.left_out == {"both": "40 different values: several columns at once"}
    assert made.rows.tolist() == list(range(10, 50))
    assert made.shares.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), "shape"),
        (np.zeros((0, 2)), "There are 0 rows to use"),
        (pd.DataFrame({"a": [1.0]}), "There are 1 rows to use"),
        ("rows", "Give a data frame"),
    ],
)
def test_rows_that_cannot_be_used(X, message):
    with pytest.raises(InputError, match=message):
        study(X)


def test_a_feature_without_a_value():
    X = pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, 2.0]})
    assert study(X).left_out == {"a": "it has no value"}
    with pytest.raises(InputError, match="'a' has no value in any row used"):
        study(X, ["a"])
