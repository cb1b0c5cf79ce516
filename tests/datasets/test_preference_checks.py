from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.datasets import Trajectory
from alignlab.datasets.preference_checks import (
    checked_items,
    checked_names,
    chosen_rows,
    content_of,
    dense_ranks,
    require_comparisons,
    whole_numbers,
)
from alignlab.errors import InputError


@given(st.lists(st.lists(st.sampled_from([0, 1, 2.5, -3]), min_size=2, max_size=6)))
def test_ranks_become_dense_within_each_comparison(ranks):
    starts = np.concatenate([[0], np.cumsum([len(each) for each in ranks], dtype=int)]).astype(int)
    flat = np.array([rank for each in ranks for rank in each], float)
    expected = [sorted(set(each)).index(rank) for each in ranks for rank in each]
    assert dense_ranks(flat, starts).tolist() == expected


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([], r"give rows of numbers \(n, d\)"),
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[1.0], [float("nan")]], r"Item 1 is \[nan\]: its numbers must be finite"),
        ([[1.0], [1.0, 2.0]], "give rows of numbers"),
        (("a", 1), "Item 1 is a int; the first a text"),
        ((Trajectory([0, 1], [0]), "a"), "Item 1 is a str, and the first a trajectory"),
        (
            (Trajectory([0, 1], [0]), Trajectory([[0.0, 1.0]], [])),
            "Item 1 is a trajectory with 2 numbers for each state, and item 0 has a whole number",
        ),
        (
            (Trajectory([0], []), Trajectory([0, 1], [[0.5]]), Trajectory([0, 1], [1])),
            "Item 2 is a trajectory with a whole number for each action, and item 1 has 1 numbers",
        ),
    ],
)
def test_items_that_are_not_alike_are_said(items, says):
    with pytest.raises(InputError, match=says):
        checked_items(items)


def test_a_trajectory_without_a_step_has_the_others_form():
    made = checked_items([Trajectory([0], []), Trajectory([0, 1], [[0.5, 1.0]])])
    assert [each.actions.shape for each in made] == [(0, 2), (1, 2)]
    plain = [Trajectory([0], []), Trajectory([0, 1], [1])]
    assert checked_items(plain) == tuple(plain)


def test_what_an_item_shows_is_its_content():
    def walk(**more):
        return content_of(Trajectory([0, 1], [0], **more))

    assert walk() == walk(rewards=[3.0])
    assert walk() != walk(ended=True)
    assert content_of(np.array([0.0])) == content_of(np.array([-0.0]))
    assert content_of("a") != content_of("b")


def test_comparisons_are_chosen_by_a_mask_or_by_positions():
    assert chosen_rows([], 3).tolist() == []
    assert chosen_rows([2, 0, 2], 3).tolist() == [2, 0, 2]
    assert chosen_rows([True, False, True], 3).tolist() == [0, 2]
    for given_, says in [
        ([True], r"The mask has shape \(1,\); there are 3 comparisons"),
        ([3], "There is no comparison 3; there are 3, counted from 0"),
        ([-1], "There is no comparison -1"),
        ([0.5], "must be a list of whole numbers, a mask or positions"),
    ]:
        with pytest.raises(InputError, match=says):
            chosen_rows(given_, 3)


def test_a_gap_in_a_table_is_nobodys_name():
    given_ = [float("nan"), None, pd.NA, pd.NaT, 0, 7.0, 1.5, "nan", ""]
    names = checked_names(given_, 9, "annotators", "comparison").tolist()
    assert names == ["", "", "", "", "0", "7", "1.5", "nan", ""]


def test_items_are_copied_and_become_floats():
    rows = np.array([[1, 2]])
    made = checked_items(rows)
    assert made.dtype == np.float64
    assert not np.shares_memory(made, rows)


def test_names_and_numbers():
    assert checked_names(["x", None, 3], 3, "annotators", "comparison").tolist() == ["x", "", "3"]
    assert checked_names(None, 3, "annotators", "comparison") is None
    assert whole_numbers([], "members").dtype == np.int64
    with pytest.raises(InputError, match="members must be a list of whole numbers"):
        whole_numbers([[0]], "members")


def test_comparisons_name_two_items_that_are_there():
    require_comparisons(np.array([0, 1, 2, 0]), np.array([0, 2, 4]), 3)
    with pytest.raises(InputError, match="Comparison 1 names item 3"):
        require_comparisons(np.array([0, 1, 3, 0]), np.array([0, 2, 4]), 3)
    with pytest.raises(InputError, match="Comparison 1 names item 2 twice"):
        require_comparisons(np.array([0, 1, 2, 1, 2]), np.array([0, 2, 5]), 3)
    with pytest.raises(InputError, match="two items or more"):
        require_comparisons(np.array([0, 1]), np.array([0, 1, 2]), 3)
