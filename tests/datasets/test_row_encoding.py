"""A row that goes to numbers and back is the same row, dtypes included."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.datasets import load_example
from alignlab.datasets.row_encoding import RowEncoding
from alignlab.errors import InputError


def of_every_kind():
    return pd.DataFrame(
        {
            "whole": np.array([3, 1, 2], dtype=np.int16),
            "real": [0.5, np.nan, -1.0],
            "single": np.array([0.1, 0.2, 0.3], dtype=np.float32),
            "nullable": pd.array([7, None, 9], dtype="Int64"),
            "text": ["b", "a", None],
            "object": pd.Series(["b", 4, None], dtype=object),
            "kind": pd.Categorical(["low", None, "high"], ["low", "mid", "high"], ordered=True),
            "flag": [True, False, True],
            "maybe": pd.array([True, None, False], dtype="boolean"),
            "day": pd.to_datetime(["2026-01-02", None, "2026-01-01"]),
        }
    )


def test_codes_by_hand():
    frame = pd.DataFrame({"n": [4, 5], "word": ["b", "a"], "flag": [True, False]})
    encoding = RowEncoding.of(frame, values={"word": ["b", "a", "c"]})
    assert encoding.encode(frame).tolist() == [[4, 0, 1], [5, 1, 0]]
    back = encoding.decode(np.array([[6.0, 2.0, 0.0]]))
    assert back.iloc[0].tolist() == [6, "c", False]
    assert back["n"].dtype == frame["n"].dtype


def test_every_kind_of_column_comes_back_as_it_was():
    frame = of_every_kind()
    encoding = RowEncoding.of(frame)
    numbers = encoding.encode(frame)
    pd.testing.assert_frame_equal(encoding.decode(numbers), frame)
    assert np.array_equal(encoding.encode(encoding.decode(numbers)), numbers, equal_nan=True)


def test_columns_are_found_by_name_and_labels_are_kept():
    frame = pd.DataFrame({0: [1, 2], "b": ["x", "y"]}, index=[7, 9])
    encoding = RowEncoding.of(frame)
    swapped = frame[["b", 0]].assign(more=1)
    assert np.array_equal(encoding.encode(swapped), encoding.encode(frame))
    back = encoding.decode(encoding.encode(swapped), index=frame.index)
    pd.testing.assert_frame_equal(back, frame)


def test_a_real_table_comes_back():
    frame = load_example("mortgage").frame
    encoding = RowEncoding.of(frame)
    pd.testing.assert_frame_equal(encoding.decode(encoding.encode(frame)), frame)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**53), 2**53),
            st.floats(allow_infinity=False, width=32),
            st.sampled_from(["a", "b", "ß", None]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_any_rows_come_back_in_any_order(rows, random):
    frame = pd.DataFrame(rows, columns=["whole", "single", "text"])
    frame = frame.astype({"whole": "int64", "single": "float32", "text": object})
    encoding = RowEncoding.of(frame)
    numbers = encoding.encode(frame)
    pd.testing.assert_frame_equal(encoding.decode(numbers), frame)
    shuffled = list(range(len(frame)))
    random.shuffle(shuffled)
    other = frame.iloc[shuffled].reset_index(drop=True)
    assert np.array_equal(RowEncoding.of(other).encode(other), numbers[shuffled], equal_nan=True)


def test_a_whole_number_column_knows_what_it_holds():
    frame = pd.DataFrame({"small": np.array([1], dtype=np.uint8), "real": [1.0]})
    small, real = RowEncoding.of(frame).columns
    assert small.limits == (0, 255)
    assert real.limits == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"n": [1], "word": ["bb"]}, r"Row 0 has 'bb' in column 'word'.*not one of 'aa', 'ab'"),
        ({"n": [1]}, "no column 'word' for the rows"),
        ({"n": ["1"], "word": ["aa"]}, "numbers .int64. were expected"),
        ({"n": [2**60], "word": ["aa"]}, "above 2.53"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(rows, says):
    encoding = RowEncoding.of(pd.DataFrame({"n": [1, 2], "word": ["aa", "ab"]}))
    with pytest.raises(InputError, match=says) as error:
        encoding.encode(pd.DataFrame(rows))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame(index=[0, 1]), "no column"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
        (pd.DataFrame({"z": [1j]}), "complex"),
    ],
)
def test_a_table_that_cannot_be_encoded_is_refused(frame, says):
    with pytest.raises(InputError, match=says):
        RowEncoding.of(frame)
