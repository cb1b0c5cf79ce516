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


def test_too_little_memory_is_no_defect(alignlab, chain, monkeypatch):
    def full(*_, **__):
        raise MemoryError("Unable to allocate 119. GiB")

    monkeypatch.setattr("alignlab.values.processes.solve", full)
    code, shown, error = alignlab(f"values solve {chain}")
    assert (code, shown) == (2, "")
    assert error.startswith("alignlab: there is not enough memory for this (Unable to allocate")
    assert "defect" not in error


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


def test_what_the_beginning_is_is_said(alignlab, chain):
    shown = alignlab(f"values solve {chain} --discount 0.5")[1]
    assert "drawn from all 2 states where it does not end is worth 3.16." in " ".join(shown.split())
    text = Path(chain).read_text("utf-8").replace("reward\n", "reward,initial\n")
    first, *rows = text.splitlines()
    rows = [f"{row},{int(row.startswith('home'))}" for row in rows]
    Path("i.csv").write_text("\n".join([first, *rows]) + "\n", encoding="utf-8")
    assert "The beginning is worth 1.32." in alignlab("values solve i.csv --discount 0.5")[1]


def test_with_a_horizon_what_is_shown_is_the_first_step(alignlab, chain):
    shown = alignlab(f"values solve {chain} --horizon 3")[1]
    assert "By backward induction; what is shown is best at the first step." in shown


def test_the_picture_asks_what_it_answers(alignlab, chain):
    assert alignlab(f"values solve {chain} --out o")[0] == 0
    assert ">What is each state worth?<" in Path("o/solve.svg").read_text("utf-8")
    assert alignlab(f"{LAKE} --horizon 3 --out h")[0] == 0
    assert "at the first step?" in " ".join(Path("h/solve.svg").read_text("utf-8").split())


def test_a_name_like_another_is_warned_of(alignlab, chain):
    text = Path(chain).read_text("utf-8").replace("\noffice,", "\nOffice,")
    Path("slip.csv").write_text(text, encoding="utf-8")
    code, _, error = alignlab("values solve slip.csv")
    assert code == 0
    assert error == (
        "alignlab: warning: 'office' has no row of its own and so ends it; did you mean 'Office'?\n"
    )
    Path("rooms.csv").write_text(
        "state,action,next_state,probability,reward\nroom 1,go,room 2,1,1\n", encoding="utf-8"
    )
    code, shown, error = alignlab("values solve rooms.csv")
    assert (code, error) == (0, "")
    assert shown.startswith("rooms.csv: 2 states (1 ends it), 1 action, discount 0.99\n")


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
        ("absent.csv", "There is no file 'absent.csv'"),
        ("chain.cvs", "chain.cvs"),
        ("chain", "There is no environment 'chain'"),
        ("''", "MDP is empty"),
        ("p.csv", "p.csv has no column 'state'"),
        ("empty.csv", "empty.csv"),
        ("words.csv", "probability is 'often'"),
        ("half.csv", "sum to 0.5"),
        ("endless.csv --discount 1", "discount 1 with no way to end"),
        ("chain.csv --discount 1.5", "--discount 1.5 is not a number from 0 to 1"),
        ("chain.csv --horizon 0", "--horizon 0"),
        ("chain.csv --method policy", "'policy iteration'"),
        ("chain.csv --soft 0", "temperature=0"),
        ("chain.csv --soft 1 --method x", "--method is for the best actions"),
        ("chain.csv --method vi", "did you mean 'value iteration'?"),
        ("chain.csv --method 'value iteration' --horizon 3", "the method is backward induction"),
        ("chain.csv --horizon 1000000000000", "steps take"),
        ("chain.csv --soft 1e300", "--soft is 1e+300: give numbers between -1e+100 and 1e+100"),
        ("chain.csv --gamma 0.5", "there is no option --gamma. Did you mean '--discount'?"),
        ("huge.csv", "huge.csv: a reward is 1e+308: give numbers between"),
        ("FrozenLake-v1 --option is_slippery=maybe", "is_slippery=maybe: it is true or false"),
        ("FrozenLake-v1 --option is_slippery=1", "is_slippery=1: it is true or false"),
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
        "huge.csv": head + "a,go,b,1,1e308\n",
        "endless.csv": head + "a,go,a,1,1\n",
    }.items():
        Path(name).write_text(rows, encoding="utf-8")
    before = sorted(Path().iterdir())
    code, shown, error = alignlab(f"values solve {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(Path().iterdir()) == before
