"""What is written is what is read; what a person gets wrong in a table is named with its row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError, OutputError
from alignlab.values.processes import FiniteMDP, read_mdp, solve, write_mdp

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
        (
            WALK.replace("0.9", "-0.9"),
            "Row 1 of table.csv: the probability of state home, action walk, .* -0.9",
        ),
        (
            WALK.replace("0.9", "often"),
            "Row 1 of table.csv: probability is 'often', and not a finite",
        ),
        (WALK.replace(",-3", ",nan"), "Row 2 of table.csv: reward is nothing"),
        (WALK + "home,drive,office,0,1\n", "Row 4 of .* is listed twice"),
        (WALK.replace("next_state", "nextstate"), "no column 'next_state'. Did you mean 'nextst"),
        (WALK.replace("reward", "rewards"), "a column 'rewards' that means nothing .* 'reward'"),
        (WALK.splitlines()[0] + "\n", "0 rows"),
        ("", "is empty"),
        (WALK.replace("0.9,-1", "0.9,-1,7"), "Line 2 of table.csv has 6 cells"),
    ],
)
def test_bad_tables_are_said_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_mdp(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_bad_files_are_said_in_one_line(tmp_path, chain):
    with pytest.raises(InputError, match="There is no file"):
        read_mdp(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"table\.txt has no ending of a table"):
        read_mdp(written(tmp_path, WALK, "table.txt"))
    with pytest.raises(InputError, match="is not a Parquet file"):
        read_mdp(written(tmp_path, WALK, "table.parquet"))
    with pytest.raises(InputError, match=r"neither in \.csv nor in \.parquet"):
        write_mdp(chain(1, 0.9), tmp_path / "table.txt")
    with pytest.raises(OutputError, match="Cannot write"):
        write_mdp(chain(1, 0.9), written(tmp_path, "x", "file") / "table.csv")


def test_two_chances_of_beginning_in_one_state_are_said(tmp_path):
    rows = ["state,action,next_state,probability,initial", "a,x,b,1,0.4", "a,y,b,1,0.6"]
    with pytest.raises(InputError, match="rows of state a give it two chances"):
        read_mdp(written(tmp_path, "\n".join(rows)))


@pytest.mark.parametrize("names", [["00", "01", "02"], ["0", "01", "02"], ["٠", "١", "٢"]])
def test_what_is_not_written_as_a_number_is_a_name(tmp_path, names):
    a, b, c = names
    text = f"state,action,next_state,probability\n{a},{a},{b},1\n{b},{b},{c},1\n"
    mdp = read_mdp(written(tmp_path, text))
    assert (mdp.state_names, mdp.action_names) == (tuple(names), tuple(names[:2]))


def test_numbers_are_the_same_however_a_column_stores_them(tmp_path):
    rows = {"state": [0.0, 1.0], "action": [0, 0], "next_state": [1, 2], "probability": [1, 1.0]}
    path = tmp_path / "t.parquet"
    pd.DataFrame(rows).to_parquet(path)
    assert read_mdp(path).state_names == ("0", "1", "2")
    text = "state,action,next_state,probability\n0.0,go,1,1\n1.0,go,end,1\n"
    assert read_mdp(written(tmp_path, text)).state_names == ("0", "1", "end")


def test_spaces_after_commas_mean_nothing(tmp_path):
    assert read_mdp(written(tmp_path, WALK.replace(",", ", "))).state_names == ("home", "office")


@pytest.mark.parametrize("column", ["state", "action", "next_state"])
def test_a_missing_name_is_no_name(tmp_path, column):
    rows = {"state": ["a", "b"], "action": ["x", "x"], "next_state": ["b", "c"]}
    rows = {**rows, "probability": [1.0, 1.0]}
    rows[column][1] = None
    path = tmp_path / "t.parquet"
    pd.DataFrame(rows).to_parquet(path)
    with pytest.raises(InputError, match=rf"Row 2 of t\.parquet has no {column}"):
        read_mdp(path)


def test_what_a_table_cannot_hold_is_not_written(tmp_path):
    path = tmp_path / "t.csv"
    # 0 -> 1, and 2 is an end that nothing leads to.
    chances = np.zeros((3, 1, 3))
    chances[0, 0, 1] = 1.0
    for process, message in [
        (
            FiniteMDP(chances[:2, :, :2], [1.0, 0], initial=[0.5, 0.5]),
            "begin in the terminal st.*1",
        ),
        (FiniteMDP(chances, np.zeros(3)), "Nothing leads to the terminal state 2"),
        (FiniteMDP(chances[:2, :, :2], [1.0, 0], state_names=[" a", "b"]), "' a' would be read as"),
        (
            FiniteMDP(chances[:2, :, :2], [1.0, 0], action_names=["1.0"]),
            "'1.0' would be read as '1'",
        ),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            write_mdp(process, path)
        assert "\n" not in str(caught.value)
    assert not path.exists()
