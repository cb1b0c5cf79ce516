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
    race = made().importance()["race"]
    assert race.value == pytest.approx((3 + 0.25) / 2)
    # Student's t of one degree of freedom at 1 - 0.05 / (2 * 2), for two features.
    assert race.high - race.value == pytest.approx(25.451699579 * (3 - 0.25) / 2)


def test_an_unknown_feature_is_named():
    with pytest.raises(InputError, match="'age'"):
        made().position("aeg")
    with pytest.raises(InputError, match="no feature 0"):
        made().position(0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda some: some.to_frame(2), "row=2 is none of the 2 rows"),
        (lambda some: some.to_frame("a"), "row='a' is none"),
        (lambda some: some.importance(1), r"output=1 is none of the 1 outputs \(value\)"),
        (lambda some: some.importance("value"), "output='value' is none"),
        (lambda some: some.beeswarm(True), "output=True is none"),
        (lambda some: some.waterfall(0, 3), "output=3 is none"),
        (lambda some: some[:0].importance(), "no row"),
    ],
)
def test_a_row_or_output_that_is_not_there_is_told(asked, said):
    with pytest.raises(InputError, match=said):
        asked(made())


def test_the_gap_sees_a_value_that_does_not_add_up():
    wrong = made()
    wrong.values[0, 0, 0] += 0.5
    assert wrong.gap == pytest.approx(0.5)


def test_several_rows_are_a_table_and_one_is_told_by_itself():
    wide = made().to_frame()
    assert wide.columns.tolist() == ["age", "race"]
    assert wide.to_numpy().tolist() == made().values[:, :, 0].tolist()
    assert made()[1].to_frame().equals(made().to_frame(1))
    assert repr(made()) == (
        "<ShapleyValues (interventional; exact): 2 rows, 2 features, value of value>"
    )
