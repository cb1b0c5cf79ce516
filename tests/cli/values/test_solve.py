import json
from pathlib import Path

import pandas as pd
import pytest

LAKE = "values solve FrozenLake-v1"


def test_a_grid_is_printed_with_arrows(alignlab):
    code, shown, error = alignlab(LAKE)
    assert (code, error) == (0, "")
    assert "FrozenLake-v1: 16 states (5 end it), 4 actions, discount 0.99" in shown
    assert "  ←  0.542   ↑  0.499   ↑  0.471   ↑  0.457" in shown
    assert "H, G: ends it" in shown
    assert "The beginning is worth 0.542. No value is off by more than" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_file_of_transitions_is_solved_by_hand(alignlab, chain):
    code, shown, error = alignlab(f"values solve {chain} --discount 0.5")
    assert (code, error) == (0, "")
    # V(office) = 5; walking: v = -1 + 0.5 (0.9 · 5 + 0.1 v), so v = 1.25 / 0.95.
    assert [line.split() for line in shown.splitlines()[2:6]] == [
        ["state", "value", "best"],
        ["home", "1.32", "walk"],
        ["office", "5", "work"],
        ["pub", "0", "ends"],
    ]


def test_the_json_is_all_that_is_printed_and_is_what_is_written(alignlab, chain):
    code, shown, error = alignlab(f"values solve {chain} --discount 0.5 --out o --json")
    assert (code, error) == (0, "")
    assert shown == Path("o/solve.json").read_text(encoding="utf-8")
    told = json.loads(shown)
    assert told["values"] == pytest.approx([1.25 / 0.95, 5, 0])
    assert told["command"] == "alignlab values solve chain.csv --discount 0.5 --json"
    assert told["states"] == ["home", "office", "pub"]
    assert alignlab(f"values solve {chain} --discount 0.5 --json")[1] == shown


def test_the_files_are_written_and_said(alignlab):
    code, shown, _ = alignlab(f"{LAKE} --option is_slippery=false --out o")
    assert code == 0
    assert shown.endswith("Written to o: solve.json, solve.csv, solve.svg\n")
    assert sorted(path.name for path in Path("o").iterdir()) == [
        "solve.csv", "solve.json", "solve.svg",
    ]  # fmt: skip
    frame = pd.read_csv("o/solve.csv")
    assert frame["value"].iloc[0] == pytest.approx(0.99**5)
    assert "What is each state worth" in Path("o/solve.svg").read_text(encoding="utf-8")


def test_all_methods_find_the_same(alignlab):
    found = []
    for method in ("policy iteration", "value iteration", "linear programming"):
        code, shown, _ = alignlab(f"{LAKE} --json --method '{method}'")
        assert code == 0
        found.append(json.loads(shown)["values"])
    assert found[1] == pytest.approx(found[0], abs=1e-7)
    assert found[2] == pytest.approx(found[0], abs=1e-7)


def test_soft_values_and_a_horizon(alignlab, chain):
    code, shown, _ = alignlab(f"values solve {chain} --soft 1 --discount 0.5")
    assert code == 0
    assert "most probable  with probability" in shown
    assert "Actions are chosen by exp(value / 1)" in " ".join(shown.split())
    code, shown, _ = alignlab(f"values solve {chain} --horizon 1 --json")
    assert code == 0
    assert json.loads(shown)["values"] == [[0.0, 5.0, 0.0], [0.0, 0.0, 0.0]]


def test_rewards_from_a_file_are_planned_for(alignlab, lake):
    code, shown, _ = alignlab(f"values solve {lake} --rewards arrival.csv --json")
    assert code == 0
    assert json.loads(shown)["beginning"] < 0.542


def test_a_large_process_is_cut_short_and_says_so(alignlab):
    code, shown, error = alignlab("values solve Taxi-v3")
    assert code == 0
    assert "… and 481 more states; --out DIR writes them all." in shown
    assert error.startswith("alignlab: warning: Taxi-v3 is not registered")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("FrozenLak-v1", "Did you mean 'FrozenLake-v1'?"),
        ("CartPole-v1", "keeps no table"),
        ("absent.csv", "There is no file absent.csv"),
        ("chain.cvs", "chain.cvs"),
        ("chain", "There is no environment 'chain'"),
        ("''", "MDP is empty"),
        ("p.csv", "p.csv has no column 'state'"),
        ("empty.csv", "empty.csv"),
        ("words.csv", "probability is 'often'"),
        ("half.csv", "sum to 0.5"),
        ("endless.csv --discount 1", "discount 1 with no way to end"),
        ("chain.csv --discount 1.5", "discount=1.5 is not a number from 0 to 1"),
        ("chain.csv --horizon 0", "horizon=0"),
        ("chain.csv --method policy", "'policy iteration'"),
        ("chain.csv --soft 0", "temperature=0"),
        ("chain.csv --soft 1 --method x", "--method is for the best actions"),
        ("chain.csv --option a=1", "options are an environment's, and chain.csv is a file"),
        ("FrozenLake-v1 --option slippery", "write NAME=VALUE"),
        ("FrozenLake-v1 --option a=1 --option a=2", "--option a is said twice"),
        ("FrozenLake-v1 --option is_slipery=1", "is_slipery"),
        ("chain.csv --out p.csv", "Cannot write to p.csv: Not a directory"),
        ("chain.csv --out ''", "--out"),
        ("chain.csv --rewards absent.csv", "There is no file 'absent.csv'"),
        ("chain.csv --discount 0.5 --discount 0.6", "--discount is said twice"),
    ],
)
def test_wrong_input_is_one_line(alignlab, chain, line, message):
    head = "state,action,next_state,probability,reward\n"
    for name, rows in {
        "empty.csv": "",
        "words.csv": head + "a,go,b,often,1\n",
        "half.csv": head + "a,go,b,0.5,1\n",
        "endless.csv": head + "a,go,a,1,1\n",
    }.items():
        Path(name).write_text(rows, encoding="utf-8")
    before = sorted(Path().iterdir())
    code, shown, error = alignlab(f"values solve {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(Path().iterdir()) == before
