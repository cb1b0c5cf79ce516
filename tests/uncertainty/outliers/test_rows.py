import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from alignlab.errors import InputError
from alignlab.uncertainty.outliers.rows import (
    RowNumbers,
    as_table,
    picture_columns,
    require_alike,
)


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "age": [20.0, 40.0, np.nan, 30.0],
            "job": ["cook", "nurse", "cook", None],
            "id": ["a1", "b2", "c3", "d4"],
            "empty": [None] * 4,
        }
    )


def test_three_columns_by_hand(frame):
    numbers = RowNumbers.fitted(frame.drop(columns="id"))
    assert list(numbers.left_out) == ["empty"]
    assert numbers(frame).tolist() == [
        [20, 0, 1, 0, 0],
        [40, 0, 0, 1, 0],
        [30, 1, 1, 0, 0],
        [30, 0, 0, 0, 1],
    ]


def test_names_of_rows_are_left_out():
    frame = pd.DataFrame({"id": [f"r{at}" for at in range(50)], "age": np.arange(50.0)})
    numbers = RowNumbers.fitted(frame)
    assert "names the rows" in numbers.left_out["id"]
    assert numbers(frame).shape == (50, 1)
    with pytest.raises(InputError, match="No column of the reference can be compared"):
        RowNumbers.fitted(frame[["id"]])


def test_numbers_keep_64_bits():
    seconds = pd.DataFrame({"at": 1.6e9 + np.arange(100.0)})
    assert np.diff(RowNumbers.fitted(seconds)(seconds)[:, 0]).tolist() == [1.0] * 99


def test_dates_are_days():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["1970-01-03", None]),
            "zoned": pd.to_datetime(["1970-01-02", "1970-01-05"]).tz_localize("UTC"),
            "took": pd.to_timedelta([12, 36], unit="h"),
        }
    )
    table = as_table(frame)
    assert table["day"].tolist()[0] == 2.0
    assert np.isnan(table["day"].tolist()[1])
    assert table["zoned"].tolist() == [1.0, 4.0]
    assert table["took"].tolist() == [0.5, 1.5]
    assert frame["took"].dtype.kind == "m"


def test_whatever_holds_rows_becomes_a_table():
    rows = np.arange(6.0).reshape(3, 2)
    for given in (rows, torch.from_numpy(rows), sparse.csr_matrix(rows)):
        assert as_table(given).to_numpy().tolist() == rows.tolist()
    mixed = as_table(np.array([["a", 1], ["b", 2]], dtype=object))
    assert [each.kind for each in mixed.dtypes] == ["O", "i"]
    with pytest.raises(InputError, match=r"X has the shape \(3,\)"):
        as_table(np.arange(3))
    with pytest.raises(InputError, match="the reference has 0 rows"):
        as_table(rows[:0], what="the reference")


def test_pictures_are_described():
    dark, light = np.zeros((1, 3, 8, 8)), np.ones((1, 3, 8, 8))
    half = np.zeros((1, 3, 8, 8))
    half[:, 0, :4] = 0.9
    said = picture_columns(np.concatenate([dark, light, half]))
    assert said["brightness"].tolist() == pytest.approx([0, 1, 0.15])
    assert said["red"].tolist() == pytest.approx([0, 1, 0.45])
    assert said["top left"].tolist() == pytest.approx([0, 1, 0.3])
    assert said["black"].tolist() == [1, 0, 0.5]
    assert said["sharpness"].tolist() == pytest.approx([0, 0, 0.3 / 8])
    assert "red" not in picture_columns(np.zeros((2, 1, 8, 8)))
    assert np.isfinite(picture_columns(np.zeros((2, 1, 1, 1))).to_numpy()).all()


def test_tables_that_cannot_be_compared_are_told_apart(frame):
    require_alike(frame, frame[::-1])
    with pytest.raises(InputError, match=r"'job' .* is one that the reference does not have"):
        require_alike(frame.drop(columns="job"), frame)
    with pytest.raises(InputError, match=r"'job' .* is one that X does not have"):
        require_alike(frame, frame.drop(columns="job"))
    with pytest.raises(InputError, match=r"'age' holds float64 in the reference and .* in X"):
        require_alike(frame, frame.assign(age=["x", "y", "z", "w"]))
    require_alike(frame, frame.assign(empty=1.0))


def test_two_columns_of_one_name_are_refused(frame):
    with pytest.raises(InputError, match="X has two columns called 'age'"):
        as_table(pd.concat([frame, frame[["age"]]], axis=1))
