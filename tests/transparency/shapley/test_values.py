"""Shapley values as a result."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency.shapley import ShapleyValues


def made() -> ShapleyValues:
    rows = pd.DataFrame({"age": [30.0, 40.0], "race_a": [1, 0], "race_b": [0, 1]})
    values = np.array([[[1.0], [-3.0]], [[0.5], [0.25]]])
    return ShapleyValues(
        values=values,
        base=np.array([2.0]),
        answers=2.0 + values.sum(axis=1),
        standard_errors=np.full_like(values, 0.1),
        background_errors=None,
        features=("age", "race"),
        columns=(("age",), ("race_a", "race_b")),
        outputs=("value",),
        rows=rows,
        game="interventional",
        method="exact",
        scale="value",
        evaluations=8,
        background_rows=2,
    )


def test_rows_are_chosen_together():
    some = made()[1]
    assert len(some) == 1
    assert some.rows["age"].tolist() == [40.0]
    assert some.gap == 0
    assert made()[np.array([False, True])].values.tolist() == some.values.tolist()


def test_a_frame_has_the_largest_first_and_says_what_the_row_holds():
    frame = made().to_frame(0)
    assert frame["feature"].tolist() == ["race", "age"]
    assert frame["given"].tolist() == ["a", "30"]
    assert frame["high"][1] - frame["low"][1] == pytest.approx(2 * 1.959964 * 0.1)


def test_the_importance_is_the_mean_size():
    assert made().importance()["race"].value == pytest.approx((3 + 0.25) / 2)


def test_an_unknown_feature_is_named():
    with pytest.raises(InputError, match="'age'"):
        made().position("aeg")


def test_the_gap_sees_a_value_that_does_not_add_up():
    wrong = made()
    wrong.values[0, 0, 0] += 0.5
    assert wrong.gap == pytest.approx(0.5)
