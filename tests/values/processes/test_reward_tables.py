"""Rewards in a table mean one thing, and what is forgotten is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.processes.reward_tables import (
    read_columns,
    read_potential,
    read_rewards,
    rewards_frame,
)

FORK = FiniteMDP(
    np.eye(3)[[1, 2, 0, 2, 0, 0]],
    np.zeros(3),
    terminal=[2],
    state_names=["home", "office", "pub"],
    action_names=["walk", "stay"],
)


def table(folder, text):
    path = Path(folder, "t.csv")
    path.write_text(text, encoding="utf-8")
    return path


def test_each_form_is_read(tmp_path):
    by_state = read_rewards(table(tmp_path, "state,reward\nhome,1\noffice,2\n"), FORK)
    assert by_state.tolist() == [1, 2, 0]
    rows = "state,action,reward\nhome,walk,1\nhome,stay,2\noffice,walk,3\noffice,stay,4\n"
    assert read_rewards(table(tmp_path, rows), FORK).tolist() == [[1, 2], [3, 4], [0, 0]]
    rows = (
        "state,action,next_state,reward\nhome,walk,office,1\nhome,stay,pub,2\n"
        "office,walk,home,3\noffice,stay,pub,4\n"
    )
    assert FORK.expected(read_rewards(table(tmp_path, rows), FORK)).tolist() == [
        [1, 2], [3, 4], [0, 0],
    ]  # fmt: skip
    arrival = table(tmp_path, "next_state,reward\nhome,1\noffice,2\npub,3\n")
    assert FORK.expected(read_rewards(arrival, FORK)).tolist() == [[2, 3], [1, 3], [0, 0]]
    everywhere = read_rewards(arrival, FORK, impossible=True)
    assert everywhere.toarray().tolist() == [[1, 2, 3]] * 6


def test_numbers_serve_where_no_name_is_used(tmp_path):
    path = table(tmp_path, "state,reward\n1,5\n0,4\n2,9\n")
    assert read_rewards(path, FORK).tolist() == [4, 5, 9]


def test_a_potential_and_features_are_read(tmp_path):
    path = table(tmp_path, "state,potential\noffice,2\nhome,1\n")
    assert read_potential(path, FORK).tolist() == [1, 2, 0]
    path = table(tmp_path, "state,far,dear\nhome,1,0\noffice,0,7\n")
    found = read_columns(path, FORK)
    assert {name: each.tolist() for name, each in found.items()} == {
        "far": [1, 0, 0],
        "dear": [0, 7, 0],
    }


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6), st.sampled_from([1, 2, 3]))
def test_what_is_written_is_read_back(tmp_path_factory, numbers, form):
    folder = tmp_path_factory.mktemp("t")
    by_action = np.array(numbers).reshape(3, 2) * ~FORK.terminal[:, None]
    rewards = by_action[:, 0] if form == 1 else by_action
    if form == 3:
        matrix = FORK.transitions
        paid = np.repeat(by_action.ravel(), np.diff(matrix.indptr))
        rewards = sparse.csr_array((paid, matrix.indices, matrix.indptr), matrix.shape)
    frame = rewards_frame(FORK, FORK.with_rewards(rewards).rewards)
    frame.to_csv(folder / "r.csv", index=False)
    again = read_rewards(folder / "r.csv", FORK)
    assert FORK.expected(again) == pytest.approx(FORK.expected(rewards), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("state,reward\nhome,1\n", "has no row for state office: everything"),
        ("state,action,reward\nhome,walk,1\n", "for state home, action stay and for 2 more"),
        ("state,reward\nhome,1\noffice,2\nhome,3\n", "Row 3 of t.csv is about state home again"),
        ("state,reward\nhome,1\nofice,2\n", "Row 2 of t.csv: there is no state 'ofice'. Did you"),
        ("state,reward\nhome,1\noffice,much\n", "Row 2 of t.csv: reward is 'much'"),
        ("state,reward\nhome,1\noffice,\n", "Row 2 of t.csv: reward is nothing"),
        ("state,reward\nhome,1\n,2\n", "Row 2 of t.csv has no state"),
        ("state,price\nhome,1\n", "has no column 'reward'"),
        ("stat,reward\nhome,1\n", "no state among its columns. Did you mean 'stat'?"),
        ("action,reward\nwalk,1\n", "has action among its columns"),
        ("state,reward\n7,1\n", "there is no state '7'"),
        ("state,reward\n", "0 rows"),
    ],
)
def test_wrong_rewards_are_refused_by_place(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        read_rewards(table(tmp_path, text), FORK)
    assert message in str(caught.value)


def test_a_table_of_no_features_or_of_another_potential_is_refused(tmp_path):
    with pytest.raises(InputError, match="no feature"):
        read_columns(table(tmp_path, "state\nhome\noffice\n"), FORK)
    with pytest.raises(InputError, match="a number for each state"):
        read_potential(table(tmp_path, "state,action,potential\nhome,walk,1\n"), FORK)
