"""Rows become numbers as the rows that were learned from say, whatever comes later."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.predictors.table_encoding import TableEncoding

FRAME = pd.DataFrame(
    {
        "age": [20.0, 40.0, None, 60.0],
        "job": ["cook", None, "nurse", "cook"],
        "married": [True, False, True, True],
        "rooms": pd.array([1, 2, 3, 4], dtype="Int64"),
    }
)


def test_a_case_by_hand():
    encoding = TableEncoding.fitted(FRAME)
    assert encoding.width == 7
    later = pd.DataFrame(
        {"rooms": [9, 2], "age": [np.nan, 1], "job": ["pilot", "nurse"], "married": [1, 0]}
    )
    expected = [[40, 1, 0, 0, 0, 1, 9], [1, 0, 0, 1, 0, 0, 2]]
    assert encoding.encode(later).tolist() == expected
    assert encoding.shift.tolist() == [40, 0, 0, 0, 0, 0.75, 2.5]
    assert encoding.scale[0] == pytest.approx(np.std([20, 40, 60]))
    assert encoding.scale[1:5].tolist() == [1, 1, 1, 1]
    assert not encoding.keeps_rows
    assert TableEncoding.fitted(FRAME[["married", "rooms"]]).keeps_rows


def test_it_is_the_same_after_a_journey():
    encoding = TableEncoding.fitted(FRAME)
    assert TableEncoding.from_dict(encoding.to_dict()) == encoding


@given(st.permutations(range(4)))
def test_rows_do_not_know_of_each_other(order):
    encoding = TableEncoding.fitted(FRAME)
    whole = encoding.encode(FRAME)
    assert (encoding.encode(FRAME.iloc[order]) == whole[order]).all()
    alone = [encoding.encode(FRAME.iloc[[row]])[0] for row in range(4)]
    assert (np.array(alone) == whole).all()


def test_a_constant_is_not_divided_by_nothing():
    encoding = TableEncoding.fitted(pd.DataFrame({"a": [3.0, 3.0]}))
    assert encoding.scale.tolist() == [1]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": [None, None]}), "'a' is empty"),
        (pd.DataFrame({"a": [1, np.inf]}), "infinite"),
        (pd.DataFrame({"id": [f"row {n}" for n in range(30)]}), "names the rows"),
        (pd.DataFrame(index=[0, 1]), "no column to decide by"),
    ],
)
def test_columns_that_describe_nothing_are_refused(frame, message):
    with pytest.raises(InputError, match=message):
        TableEncoding.fitted(frame)


def test_rows_of_another_table_are_refused():
    encoding = TableEncoding.fitted(FRAME)
    with pytest.raises(InputError, match="Did you mean 'ages'"):
        encoding.encode(FRAME.rename(columns={"age": "ages"}))
    with pytest.raises(InputError, match="'age' holds texts such as 'old', and"):
        encoding.encode(FRAME.assign(age="old"))
