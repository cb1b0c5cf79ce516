"""What is written is what is read; what a person gets wrong in a table is named with its row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError, OutputError
from alignlab.values.processes import read_mdp, read_rewards, solve, write_mdp

WALK = """state,action,next_state,probability,reward
home,walk,office,0.9,-1
home,walk,home,0.1,-3
home,drive,office,1,-2
"""


def written(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text)
    return path


def test_a_table_by_hand(tmp_path):
    mdp = read_mdp(written(tmp_path, WALK), discount=1.0)
    assert (mdp.state_names, mdp.action_names) == (("home", "office"), ("walk", "drive"))
    assert mdp.terminal.tolist() == [False, True]
    assert mdp.expected_rewards[0].tolist() == pytest.approx([-1.2, -2])
    assert solve(mdp).values[0] == pytest.approx(-1.2 / 0.9)


def test_numbers_stay_in_their_order_and_names_as_written(tmp_path):
    text = "state,action,next_state,probability\n1,0,0,1\n0,0,2,1\n"
    mdp = read_mdp(written(tmp_path, text))
    assert mdp.state_names == ("0", "1", "2")
    assert mdp.transitions.toarray().argmax(axis=1).tolist() == [2, 0, 0]
    assert not mdp.expected_rewards.any()
    odd = "state,action,next_state,probability\n007,NA,07,1\n"
    assert read_mdp(written(tmp_path, odd)).state_names == ("007", "07")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("form", [0, 1, 2])
def test_there_and_back(random_mdp, tmp_path, ending, form):
    mdp = random_mdp(form, state_names=list("abcdef"), action_names=["x", "y", "z"])
    rewards = [np.arange(6.0), mdp.rewards, mdp.on_arrival(np.arange(6.0))][form]
    path = tmp_path / f"process.{ending}"
    write_mdp(mdp.with_rewards(rewards), path)
    again = read_mdp(path, discount=mdp.discount)
    # States are numbered as they are first named; compare by name.
    order = [again.state_names.index(name) for name in mdp.state_names]
    acts = [again.action_names.index(name) for name in mdp.action_names]
    S, A = 6, 3
    dense = again.transitions.toarray().reshape(S, A, S)[order][:, acts][:, :, order]
    assert dense == pytest.approx(mdp.transitions.toarray().reshape(S, A, S), abs=1e-15)
    paid = again.expected_rewards[order][:, acts]
    assert paid == pytest.approx(mdp.with_rewards(rewards).expected_rewards)
    assert again.initial[order] == pytest.approx(mdp.initial)


def test_more_ends_can_be_named(tmp_path):
    text = WALK + "office,walk,home,1,0\n"
    path = written(tmp_path, text)
    assert not read_mdp(path).terminal.any()
    assert read_mdp(path, terminal=["office"]).terminal.tolist() == [False, True]
    with pytest.raises(InputError, match=r"There is no state 'ofice'\. Did you mean 'office'"):
        read_mdp(path, terminal=["ofice"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WALK.replace("0.9", "0.8"), "state home, action walk sum to 0.9"),
        (WALK.replace("0.9", "-0.9"), "row 1: the probability of state home, action walk, .* -0.9"),
        (WALK.replace("0.9", "often"), "row 1: probability is 'often', not a finite number"),
        (WALK.replace(",-3", ",nan"), "row 2: reward is 'nan'"),
        (WALK + "home,drive,office,0,1\n", "row 4: .* is listed twice"),
        (WALK.replace("next_state", "nextstate"), "no column 'next_state'. Did you mean 'nextst"),
        (WALK.replace("reward", "rewards"), "a column 'rewards' that means nothing .* 'reward'"),
        (WALK.splitlines()[0] + "\n", "has no rows"),
        ("", "cannot be read as csv"),
    ],
)
def test_bad_tables_are_said_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_mdp(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_bad_files_are_said_in_one_line(tmp_path, chain):
    with pytest.raises(InputError, match="There is no file"):
        read_mdp(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"neither in \.csv nor in \.parquet"):
        read_mdp(written(tmp_path, WALK, "table.txt"))
    with pytest.raises(InputError, match="cannot be read as parquet"):
        read_mdp(written(tmp_path, WALK, "table.parquet"))
    with pytest.raises(InputError, match=r"neither in \.csv nor in \.parquet"):
        write_mdp(chain(1, 0.9), tmp_path / "table.txt")
    with pytest.raises(OutputError, match="Cannot write"):
        write_mdp(chain(1, 0.9), written(tmp_path, "x", "file") / "table.csv")


def test_two_chances_of_beginning_in_one_state_are_said(tmp_path):
    rows = ["state,action,next_state,probability,initial", "a,x,b,1,0.4", "a,y,b,1,0.6"]
    with pytest.raises(InputError, match="rows of state a give it two chances"):
        read_mdp(written(tmp_path, "\n".join(rows)))


def test_rewards_in_their_three_forms(tmp_path):
    mdp = read_mdp(written(tmp_path, WALK))
    by_state = read_rewards(written(tmp_path, "state,reward\nhome,5\n", "r.csv"), mdp)
    assert by_state.tolist() == [5, 0]
    text = "state,action,reward\nhome,drive,5\n"
    assert read_rewards(written(tmp_path, text, "r.csv"), mdp).tolist() == [[0, 5], [0, 0]]
    text = "state,action,next_state,reward\nhome,walk,home,5\n"
    paid = read_rewards(written(tmp_path, text, "r.csv"), mdp)
    assert mdp.expected(paid)[0].tolist() == [0.5, 0]
    frame = pd.DataFrame({"state": ["home"], "reward": [2]})
    frame.to_parquet(tmp_path / "r.parquet")
    assert read_rewards(tmp_path / "r.parquet", mdp).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("state,reward\nhoem,5\n", "no state 'hoem'. Did you mean 'home'"),
        ("state,action,reward\nhome,fly,5\n", "no action 'fly'"),
        ("state,next_state,reward\nhome,home,5\n", "none called action"),
        ("state,reward\nhome,5\nhome,6\n", "row 2: state home is listed twice"),
        ("state,reward\nhome,much\n", "reward is 'much'"),
        ("state\nhome\n", "no column 'reward'"),
    ],
)
def test_bad_rewards_are_said_in_one_line(tmp_path, text, message):
    mdp = read_mdp(written(tmp_path, WALK))
    with pytest.raises(InputError, match=message) as caught:
        read_rewards(written(tmp_path, text, "r.csv"), mdp)
    assert "\n" not in str(caught.value)
