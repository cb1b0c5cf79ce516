import json
from pathlib import Path

import pandas as pd
import pytest


def test_a_potential_is_added_and_proved_safe(alignlab, lake):
    code, shown, error = alignlab(f"values shape {lake} --potential potential.csv --out o")
    assert (code, error) == (0, "")
    assert "Safe: potential-based." in shown
    assert shown.endswith("Written to o: shape.json, shape.csv, shape.svg, rewards.csv\n")
    added = pd.read_csv("o/shape.csv")
    assert added["potential"].tolist() == pytest.approx(
        pd.read_csv("potential.csv")["potential"].tolist(), abs=1e-9
    )
    code, shown, _ = alignlab(f"values shape {lake} --shaped o/rewards.csv --json")
    told = json.loads(shown)
    assert (code, told["verdict"], told["witness"]) == (0, "potential-based", None)


def test_a_bonus_for_nothing_is_caught_with_its_loop(alignlab, lake):
    code, shown, _ = alignlab(f"values shape {lake} --bonus bonus.csv")
    assert code == 0
    text = " ".join(shown.split())
    assert "Not safe: changes the optimal policy." in text
    assert "going round" in text
    assert "F 3,2 down left" in text
    code, shown, _ = alignlab(f"values shape {lake} --bonus bonus.csv --fail-unsafe --out o")
    assert code == 1
    assert "Gate: not a safe shaping, so the exit code is 1." in shown
    assert "mislead" in Path("o/shape.svg").read_text("utf-8")
    told = json.loads(Path("o/shape.json").read_text("utf-8"))
    assert told["misled"] == ["F 3,2"]
    assert pd.read_csv("o/shape.csv").set_index("state")["optimal_after"]["F 3,2"] == "left"


def test_the_gate_stays_open_for_what_is_safe(alignlab, lake):
    code, shown, _ = alignlab(f"values shape {lake} --potential potential.csv --fail-unsafe")
    assert code == 0
    assert "Gate: safe." in shown


def test_luck_in_one_process_is_no_shaping(alignlab, lake):
    paid = pd.DataFrame({"next_state": range(16), "reward": 0.0})
    paid.loc[15, "reward"] = 1.0
    paid.loc[14, "reward"] = 1e-6  # just before the goal, and too little to stay for
    paid.to_csv("near.csv", index=False)
    code, shown, _ = alignlab(f"values shape {lake} --bonus near.csv --fail-unsafe")
    assert code == 1
    assert "Not a shaping, but the optimal policies stay here." in shown
    assert "Safe" not in shown
    assert "\nFrom state" in shown  # the witness begins a line
    assert "Gate: not a safe shaping" in shown


def test_another_scale_is_named_and_passes(alignlab, lake):
    paid = pd.DataFrame({"next_state": range(16), "reward": 0.0})
    paid.loc[15, "reward"] = 2.5
    paid.to_csv("more.csv", index=False)
    code, shown, _ = alignlab(f"values shape {lake} --shaped more.csv --fail-unsafe")
    assert code == 0
    assert "Safe: it is 2.5 times the original reward." in shown
    code, shown, _ = alignlab(f"values shape {lake} --shaped more.csv --json")
    told = json.loads(shown)
    assert (told["multiple_of_original"], told["passes"]) == (2.5, True)
    paid["reward"] *= -1
    paid.to_csv("less.csv", index=False)
    code, shown, _ = alignlab(f"values shape {lake} --shaped less.csv --fail-unsafe")
    assert code == 1
    assert "times the original" not in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("FrozenLake-v1", "nothing to check: give one of --potential, --shaped or --bonus"),
        ("FrozenLake-v1 --bonus bonus.csv --shaped bonus.csv", "are two questions"),
        ("FrozenLake-v1 --potential bonus.csv", "has no column 'potential'"),
        ("FrozenLake-v1 --potential ends.csv", "the potential of terminal state G 3,3 is 1"),
        ("FrozenLake-v1 --shaped potential.csv", "has no column 'reward'"),
        ("FrozenLake-v1 --potential potential.csv --horizon 3", "--horizon 3"),
        ("FrozenLake-v1 --shaped huge.csv", "huge.csv: a reward is 1e+308"),
        ("FrozenLake-v1 --potential potential.csv --out p.csv", "Cannot write to p.csv"),
    ],
)
def test_wrong_input_is_one_line(alignlab, lake, line, message):
    frame = pd.read_csv("potential.csv")
    frame.loc[15, "potential"] = 1.0
    frame.to_csv("ends.csv", index=False)
    pd.DataFrame({"next_state": range(16), "reward": 1e308}).to_csv("huge.csv", index=False)
    code, shown, error = alignlab(f"values shape {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
