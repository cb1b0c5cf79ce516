"""Rows known by their hashes: what is one row, what is not, and what chance explains."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from alignlab.datasets.row_hashes import joined_hashes, require_apart, row_hashes, shared_rows
from alignlab.errors import InputError


def test_what_the_rows_are_kept_in_does_not_matter():
    array = np.array([[1.0, 0.1], [np.nan, -0.0], [3.0, 1e300]])
    hashes = row_hashes(array)
    assert len(np.unique(hashes)) == 3
    for same in (
        pd.DataFrame(array, columns=["a", "b"], index=[7, 8, 9]),
        pd.DataFrame(array).astype(object),
        pd.DataFrame(array).astype("Float64"),
        pd.DataFrame(array).assign(unused="x")[[0, 1]],
        torch.tensor(array),
        torch.tensor(array, dtype=torch.float32).clamp(max=torch.inf),
        array.tolist(),
        np.asfortranarray(array),
        sparse.csr_matrix(np.nan_to_num(array, nan=np.nan)),
    ):
        assert (row_hashes(same) == hashes).all()


def test_whole_numbers_flags_texts_and_categories_agree_with_what_they_say():
    frame = pd.DataFrame({"n": [1, 0], "flag": [True, False], "word": ["x", None]})
    other = frame.astype({"n": float, "flag": int, "word": "category"})
    nullable = frame.astype({"n": "Int64", "flag": "boolean", "word": "string"})
    assert (row_hashes(frame) == row_hashes(other)).all()
    assert (row_hashes(frame) == row_hashes(nullable)).all()
    assert (row_hashes(frame) == row_hashes(frame.to_numpy(dtype=object))).all()


def test_images_are_rows():
    images = np.arange(48, dtype=np.float32).reshape(3, 1, 4, 4)
    assert (row_hashes(images) == row_hashes(images.reshape(3, 16))).all()
    assert (row_hashes(images) == row_hashes(torch.tensor(images))).all()


def test_a_large_array_is_hashed_in_parts(monkeypatch):
    array = np.random.default_rng(0).random((50, 7))
    whole = row_hashes(array)
    monkeypatch.setattr(sys.modules["alignlab.datasets.row_hashes"], "CELLS", 20)
    assert (row_hashes(array) == whole).all()


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 20), st.integers(1, 4)),
        elements=st.sampled_from([0.0, 1.0, 2.5, np.nan]),
    )
)
def test_equal_rows_and_no_others_have_one_hash(array):
    equal = ((array[:, None] == array) | (np.isnan(array[:, None]) & np.isnan(array))).all(-1)
    hashes = row_hashes(array)
    assert ((hashes[:, None] == hashes) == equal).all()


def test_cells_that_change_places_make_another_row():
    assert row_hashes([[1.0, 2.0]]) != row_hashes([[2.0, 1.0]])


def test_a_class_belongs_to_the_row_in_any_spelling():
    X = [[1.0], [1.0]]
    first, second = row_hashes(X, [0, 1])
    assert first != second
    assert (row_hashes(X, ["0", "1"]) == [first, second]).all()
    assert (row_hashes(X, torch.tensor([0, 1])) == [first, second]).all()
    assert (row_hashes(X, [0.0, 1.0]) == [first, second]).all()
    with pytest.raises(InputError, match="one label a row"):
        row_hashes(X, [1])


def test_a_single_number_is_refused():
    with pytest.raises(InputError, match="no table of rows"):
        row_hashes(3.0)


def test_shared_rows_are_named_and_counted():
    hashes = row_hashes(np.arange(20.0).reshape(10, 2))
    assert shared_rows(hashes[:4], hashes[3:]).tolist() == [False, False, False, True]
    require_apart(hashes[:5], hashes[5:])
    with pytest.raises(InputError, match=r"3 of the 6 threshold rows are also training rows") as e:
        require_apart(hashes[:6], hashes[3:], what="threshold")
    assert "(rows 3, 4, 5)" in str(e.value)
    assert "\n" not in str(e.value)


def test_people_who_are_alike_are_no_leak_and_a_leak_among_them_is_found():
    generator = np.random.default_rng(0)

    def drawn(n):
        return row_hashes(generator.integers(0, 12, (n, 3)))

    refused = 0
    for _ in range(40):
        trained_on = drawn(2000)
        try:
            require_apart(drawn(500), trained_on)
        except InputError:
            refused += 1
    assert refused == 0
    trained_on = drawn(2000)
    alike = 1 - (np.unique(trained_on, return_counts=True)[1] == 1).sum() / 2000
    assert 0.3 < alike < 0.9  # or the test would be about nothing
    with pytest.raises(InputError, match="also training rows"):
        require_apart(np.concatenate([drawn(300), trained_on[:200]]), trained_on)


def test_few_training_rows_say_little_of_how_often_people_are_alike():
    """With its estimate from 200 rows taken as certain, one honest calibration in four is lost."""
    refused = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        trained_on, new = (generator.integers(0, 1000, n).astype(np.uint64) for n in (200, 5000))
        try:
            require_apart(new, trained_on)
        except InputError:
            refused += 1
    assert refused == 0


def test_rows_named_twice_are_no_sign_of_people_who_are_alike():
    rows = row_hashes(np.arange(200.0).reshape(100, 2))
    joined = joined_hashes(rows, rows[:50], rows[::-1])
    assert (joined == np.sort(rows)).all()
    with pytest.raises(InputError, match="10 of the 50 calibration rows"):
        require_apart(np.concatenate([rows[:10], np.arange(40, dtype=np.uint64)]), joined)
    twice = np.concatenate([rows[:3], rows[:1]])
    assert (joined_hashes(twice, rows[:2]) == np.sort(twice)).all()
    assert len(joined_hashes(rows[:0], rows[:0])) == 0


def test_no_rows_share_nothing():
    none = np.array([], dtype=np.uint64)
    require_apart(none, row_hashes([[1.0]]))
    require_apart(row_hashes([[1.0]]), none)
