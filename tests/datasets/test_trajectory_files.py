from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.datasets import Trajectory, read_trajectories, write_trajectories
from alignlab.errors import InputError

STATES = ["home", "shop", "gone"]
ACTIONS = ["stay", "go"]


def written(tmp_path, text, name="walks.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def told(trajectories):
    return [each.to_dict() for each in trajectories]


@st.composite
def collections(draw):
    rewarded = draw(st.booleans())
    found = []
    for _ in range(draw(st.integers(1, 4))):
        steps = draw(st.integers(1, 5))
        states = draw(st.lists(st.integers(0, 2), min_size=steps + 1, max_size=steps + 1))
        actions = draw(st.lists(st.integers(0, 1), min_size=steps, max_size=steps))
        number = st.floats(-1e9, 1e9)
        rewards = draw(st.lists(number, min_size=steps, max_size=steps)) if rewarded else None
        found.append(Trajectory(states, actions, rewards, draw(st.booleans())))
    return found


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
@given(given_ones=collections())
def test_what_is_written_is_read(tmp_path_factory, ending, named, given_ones):
    path = tmp_path_factory.mktemp("walks") / f"walks{ending}"
    names = {"state_names": STATES, "action_names": ACTIONS} if named else {}
    write_trajectories(given_ones, path, **names)
    assert told(read_trajectories(path, **names)) == told(given_ones)


def test_vectors_go_through_lines_of_json(tmp_path):
    walk = Trajectory([[0.5, 1.0], [2.0, 3.0]], [[0.25]], ended=True)
    write_trajectories([walk], tmp_path / "walks.jsonl")
    assert told(read_trajectories(tmp_path / "walks.jsonl")) == told([walk])


def test_a_table_by_hand(tmp_path):
    path = written(
        tmp_path,
        "trajectory,state,action,reward,ended,remark\n"
        "b,0,1,-1,,\n"
        "a,2,0,5,false,first\n"
        "b,1,0,2.5,,\n"
        "b,2,,,yes,\n"
        "a,2,,,no,\n",
    )
    first, second = read_trajectories(path)
    assert first.to_dict() == {
        "states": [0, 1, 2],
        "actions": [1, 0],
        "rewards": [-1.0, 2.5],
        "ended": True,
    }
    assert second.to_dict() == {
        "states": [2, 2],
        "actions": [0],
        "rewards": [5.0],
        "ended": False,
    }


def test_next_states_say_where_the_last_action_led(tmp_path):
    path = written(tmp_path, "trajectory,state,action,next_state\n1,0,1,1\n1,1,0,2\n2,1,1,1\n")
    assert told(read_trajectories(path)) == told(
        [Trajectory([0, 1, 2], [1, 0]), Trajectory([1, 1], [1])]
    )


def test_names_that_are_digits_are_names(tmp_path):
    path = written(tmp_path, "trajectory,state,action\n1,20,7\n1,10,\n")
    (walk,) = read_trajectories(path, state_names=["10", "20"], action_names=["7"])
    assert (walk.states.tolist(), walk.actions.tolist()) == ([1, 0], [0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trajectory,stat,action\n1,0,0\n", "no column 'state'. Did you mean 'stat'"),
        ("trajectory,state,action,end\n1,0,0,0\n", "'end', which nothing reads. .*'ended'"),
        ("trajectory,state,action\n1,0,0\n,1,\n", "Row 2 of walks.csv names no trajectory"),
        ("trajectory,state,action\n1,0,0\n1,1,0\n", "stops in row 2 with an action"),
        ("trajectory,state,action\n1,0,0\n1,1,\n1,2,\n", "Row 2 .* has no action and is not the"),
        ("trajectory,state,action\n1,,0\n1,1,\n", "Row 1 of walks.csv has no state"),
        ("trajectory,state,action\n1,home,0\n1,shop,\n", "Row 1.* 'home' is not .* state_names"),
        ("trajectory,state,action\n1,0,0.5\n1,1,\n", "Row 1.* action 0.5 is not a whole number"),
        ("trajectory,state,action\n1,0,-1\n1,1,\n", "Row 1.* action -1 is not a whole number"),
        (
            "trajectory,state,action,next_state\n1,0,0,1\n1,2,0,2\n",
            "Row 1 of walks.csv leads to 1, but the next row of trajectory '1'",
        ),
        ("trajectory,state,action,next_state\n1,0,0,\n", "Row 1 of walks.csv has no next_state"),
        ("trajectory,state,action,reward\n1,0,0,\n1,1,0,1\n1,2,,\n", "Row 1 .* has no reward"),
        ("trajectory,state,action,reward\n1,0,0,1\n1,1,,7\n", "Row 2 .* reward and no action"),
        ("trajectory,state,action,reward\n1,0,0,much\n1,1,,\n", "Row 1.* reward 'much' is not"),
        ("trajectory,state,action,ended\n1,0,0,maybe\n1,1,,\n", "Row 1.* ended is 'maybe'"),
        ("trajectory,state,action,ended\n1,0,0,yes\n1,1,,no\n", "Row 1 .* and it goes on"),
    ],
)
def test_bad_tables_are_said_with_their_row(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_trajectories(written(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no trajectory"),
        ("{", "Line 1 of walks.jsonl is not JSON"),
        ('\n{"states": [0]}', "Line 2 of walks.jsonl is not an object with"),
        ('{"states": [0, 1], "actions": 3}', "actions are not a list"),
        ('{"states": [0, 1], "actions": ["go"]}', "Line 1.* action 'go' .* action_names"),
        ('{"states": [0, 1], "actions": [0], "end": true}', "'end', which nothing reads"),
        ('{"states": [0], "actions": [0]}', "Line 1 .*1 states and 1 actions"),
        ('{"states": [0, 1], "actions": [0], "rewards": [NaN]}', "reward .* at step 0 is nan"),
        ('{"states": [[0], 1], "actions": [0]}', "vectors of several lengths"),
    ],
)
def test_bad_lines_are_said_with_their_number(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_trajectories(written(tmp_path, text, "walks.jsonl"))
    assert "\n" not in str(caught.value)


def test_a_misspelt_name_is_met_by_the_nearest_one(tmp_path):
    path = written(tmp_path, "trajectory,state,action\n1,hom,go\n1,shop,\n")
    with pytest.raises(InputError, match=r"Row 1.* no state named 'hom'. Did you mean 'home'"):
        read_trajectories(path, state_names=STATES, action_names=ACTIONS)
    with pytest.raises(InputError, match="have one name"):
        read_trajectories(path, state_names=["home", "home"])


def test_a_file_that_is_not_there(tmp_path):
    written(tmp_path, json.dumps({"states": [0], "actions": []}), "walks.jsonl")
    with pytest.raises(InputError, match=r"There is no file .* Did you mean 'walks.jsonl'"):
        read_trajectories(tmp_path / "walk.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"latin.jsonl cannot be read as UTF-8"):
        read_trajectories(tmp_path / "latin.jsonl")


def test_what_a_table_cannot_hold_is_not_written(tmp_path):
    vectors = Trajectory([[0.5], [1.0]], [0])
    plain = Trajectory([0, 1], [0])
    rewarded = Trajectory([0, 1], [0], [1.0])
    with pytest.raises(InputError, match="A table holds no vectors"):
        write_trajectories([vectors], tmp_path / "walks.csv")
    with pytest.raises(InputError, match="have rewards and some have none"):
        write_trajectories([plain, rewarded], tmp_path / "walks.csv")
    with pytest.raises(InputError, match=r"Did you mean '.csv'\?"):
        write_trajectories([plain], tmp_path / "walks.cvs")
    with pytest.raises(InputError, match="There is no name for state 1 among 1 names"):
        write_trajectories([plain], tmp_path / "walks.csv", state_names=["home"])
    assert list(tmp_path.iterdir()) == []


def test_the_rows_of_a_table_are_steps(tmp_path):
    write_trajectories([Trajectory([0, 1], [1], ended=True)], tmp_path / "walks.csv")
    frame = pd.read_csv(tmp_path / "walks.csv")
    assert frame.columns.tolist() == ["trajectory", "state", "action", "ended"]
    assert frame["state"].tolist() == [0, 1]
    assert np.isnan(frame["action"][1])
