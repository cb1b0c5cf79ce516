"""What counts as an explanation, and rows moved a little."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency.quality.explainers import attributions_of, disturbed, reserved

X = np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    "given",
    [
        lambda rows: rows,
        X,
        SimpleNamespace(values=X[:, :, None]),
        lambda _: SimpleNamespace(values=X),
    ],
)
def test_functions_arrays_and_results_are_explanations(given):
    assert (attributions_of(given, X, ("a", "b"), "mine") == X).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (X[:, :1], "has the shape (3, 1), and (3, 2) is needed"),
        (np.zeros((3, 2, 2)), "for one output"),
        (X * np.nan, "not finite, first in row 0"),
        (lambda _: {"a": 1}, "is a dict and no array of numbers"),
    ],
)
def test_what_is_none_is_refused(given, said):
    with pytest.raises(InputError) as caught:
        attributions_of(given, X, ("a", "b"), "mine")
    assert said in str(caught.value)


def test_a_frame_is_read_by_its_columns_names():
    frame = pd.DataFrame(X[:, ::-1], columns=["b", "a"])
    assert (attributions_of(frame, X, ("a", "b"), "mine") == X).all()


def test_names_of_controls_are_taken():
    with pytest.raises(InputError, match="'random' is the control's"):
        reserved({"random": X})
    with pytest.raises(InputError, match="no explanations"):
        reserved({})
    with pytest.raises(InputError, match="name 1 "):
        reserved({1: X})
    with pytest.raises(InputError, match="explanations is a function"):
        reserved(lambda rows: rows)


def test_only_quantities_move_and_kinds_stay():
    frame = pd.DataFrame(
        {
            "age": [30, 40, 50, 60],
            "income": [1.0, 2.0, 3.0, 4.0],
            "yes": [0, 1, 0, 1],
            "job": pd.Categorical(["a", "b", "a", "b"]),
        }
    )
    moved = disturbed(frame, frame, np.random.default_rng(0), radius=0.5, times=3)
    assert len(moved) == 12
    assert (moved.dtypes == frame.dtypes).all()
    again = frame.loc[frame.index.repeat(3)].reset_index(drop=True)
    assert (moved[["yes", "job"]] == again[["yes", "job"]]).all().all()
    off = (moved["income"] - again["income"]).abs()
    assert off.max() <= 0.5 * frame["income"].std()
    assert off.min() > 0
    assert (moved["age"] != again["age"]).any()


def test_arrays_move_by_their_backgrounds_spread():
    moved = disturbed(X, X * [1, 100], np.random.default_rng(0), radius=0.1, times=50)
    off = np.abs(moved - np.repeat(X, 50, axis=0)).max(axis=0)
    assert 50 < off[1] / off[0] < 200


def test_an_array_of_mixed_cells_moves_its_numbers_alone():
    cells = np.array([[1.5, "a", 1], [2.5, "b", 2], [3.5, "a", 3]], dtype=object)
    moved = disturbed(cells, cells, np.random.default_rng(0), radius=0.5, times=1)
    assert (moved[:, 1] == cells[:, 1]).all()
    assert (moved[:, 0] != cells[:, 0]).all()
    assert [type(each) for each in moved[0]] == [float, str, int]
