import json
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from alignlab.cli.values.irl import _held_out
from alignlab.datasets import Trajectory, write_trajectories
from alignlab.intervals import Estimate
from alignlab.values.inverse.cloning import PolicyComparison


def test_a_reward_is_recovered_with_what_cannot_be_told(alignlab, walks):
    code, shown, error = alignlab(f"values irl {walks} walks.jsonl --features features.csv --out o")
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "From 60 trajectories with" in text
    assert "On 12 trajectories kept back" in text
    assert "goal - hole can be told: " in text
    assert "goal - step can be told" not in text
    assert "What these demonstrations cannot tell: - shaping: adding any multiple of" in text
    assert max(map(len, shown.splitlines())) <= 80
    told = json.loads(Path("o/irl.json").read_text("utf-8"))
    assert told["converged"]
    assert told["weights"]["goal"]["value"] > told["weights"]["hole"]["value"] + 5
    assert set(told["held_out"]["log_likelihood"]) == {"cloning", "reward"}
    assert {path.name for path in Path("o").iterdir()} == {
        "irl.json", "irl.csv", "irl.svg", "policy.svg", "rewards.csv",
    }  # fmt: skip


def test_the_other_commands_read_what_was_found(alignlab, walks):
    assert alignlab(f"values irl {walks} walks.csv --features features.csv --out o")[0] == 0
    assert alignlab(f"values solve {walks} --rewards o/rewards.csv")[0] == 0
    code, shown, _ = alignlab(f"values compare {walks} o/rewards.csv")
    assert code == 0
    assert "STARC" in shown


def test_names_and_numbers_are_the_same_demonstrations(alignlab, walks):
    line = "values irl FrozenLake-v1 {} --features action --json"
    found = [json.loads(alignlab(line.format(name))[1]) for name in ("walks.csv", "walks.jsonl")]
    assert found[0]["weights"] == found[1]["weights"]
    assert list(found[0]["weights"]) == ["left", "down", "right", "up"]


def test_three_of_four_go_right_by_hand(alignlab, here):
    Path("fork.csv").write_text(
        "state,action,next_state,probability,reward\nfork,left,west,1,0\nfork,right,east,1,0\n",
        encoding="utf-8",
    )
    Path("features.csv").write_text(
        "state,action,right\nfork,left,0\nfork,right,1\n", encoding="utf-8"
    )
    rows = ["trajectory,state,action,next_state"]
    rows += [f"{i},fork,{'left,west' if i == 0 else 'right,east'}" for i in range(4)]
    Path("walks.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    code, shown, error = alignlab("values irl fork.csv walks.csv --features features.csv")
    assert (code, error) == (0, "")
    assert shown.splitlines()[3].split()[:2] == ["right", "1.1"]  # log 3
    assert "probability of 57%" in shown  # (3/4)^(3/4) (1/4)^(1/4)
    assert "Whether it foresees more than imitation was not asked: 10 traj" in " ".join(
        shown.split()
    )


def test_what_imitation_foresees_better_is_said_with_its_interval():
    told = _held_out(compared(0.2, 0.1, 0.3))
    assert told.endswith("the reward foresees more, by 0.2 [0.1, 0.3] nats a decision.")
    told = _held_out(compared(-0.2, -0.3, -0.1))
    assert "imitation foresees more, by 0.2 [0.1, 0.3] nats a decision. Something that" in told
    assert told.endswith("people chose in another way than the model takes them to.")
    told = _held_out(compared(0.1, -0.1, 0.3))
    assert "neither foresees surely more (the reward's gain is 0.1 [-0.1, 0.3] nats" in told


def compared(*gain):
    estimate = partial(Estimate, level=0.95, n=12, method="")
    likely = {name: estimate(-0.5, -0.6, -0.4) for name in ("cloning", "reward")}
    return PolicyComparison(likely, {"reward": estimate(*gain)})


def test_weights_without_a_maximum_are_said_to_mean_nothing(alignlab, walks):
    code, shown, _ = alignlab(f"values irl {walks} walks.csv --features state --json")
    assert code == 0
    told = json.loads(shown)
    assert told["runaway"]
    code, shown, _ = alignlab(f"values irl {walks} walks.csv --features state")
    text = " ".join(shown.split())
    assert text.index("the numbers below mean nothing") < text.index("feature weight")
    code, shown, _ = alignlab(
        f"values irl {walks} walks.csv --features state --regularization 0.1 --out o"
    )
    assert code == 0
    assert "mean nothing" not in shown
    assert "pulled towards 0; no interval" in shown
    assert "can be told: " not in shown
    assert "What does each state pay" in Path("o/irl.svg").read_text("utf-8")


def test_features_of_arrival_have_a_weight_a_state(alignlab, walks):
    code, shown, _ = alignlab(
        f"values irl {walks} walks.csv --features arrival --regularization 0.1 --json"
    )
    assert code == 0
    assert len(json.loads(shown)["weights"]) == 16


def test_each_decision_can_be_explained_instead(alignlab, walks):
    code, shown, _ = alignlab(f"values irl {walks} walks.csv --features action --match decisions")
    assert code == 0
    assert "The weights explain each decision" in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "DEMONSTRATIONS"),
        ("absent.csv", "There is no file 'absent.csv'"),
        ("absent.jsonl", "There is no file 'absent.jsonl'"),
        ("features.csv", "has no column 'trajectory'"),
        ("walks.txt", "has no ending of a table"),
        ("empty.jsonl", "no trajectory"),
        ("broken.jsonl", "Line 1 of broken.jsonl is not JSON"),
        ("impossible.csv", "cannot lead to state"),
        ("beyond.csv", "16"),
        ("named.csv", "there is no state named 'home'"),
        ("walks.csv --features stat", "Did you mean 'state'?"),
        ("walks.csv --features absent.csv", "There is no file 'absent.csv'"),
        ("walks.csv --features potential2.csv", "Row 1 of potential2.csv: height is 'tall'"),
        ("walks.csv --temperature 0", "temperature"),
        ("walks.csv --temperature 1e300", "--temperature is 1e+300"),
        ("walks.csv --level 2", "level"),
        ("walks.csv --regularization -1", "regularization"),
        ("walks.csv --match decision", "Did you mean 'decisions'?"),
        ("walks.csv --horizon 2", "horizon is 2"),
        ("walks.csv --out p.csv", "Cannot write to p.csv"),
    ],
)
def test_wrong_input_is_one_line(alignlab, walks, line, message):
    Path("walks.txt").write_text("0 0\n", encoding="utf-8")
    Path("empty.jsonl").write_text("\n", encoding="utf-8")
    Path("broken.jsonl").write_text("{states: 0}\n", encoding="utf-8")
    write_trajectories([Trajectory([0, 15], [0])], "impossible.csv")
    write_trajectories([Trajectory([0, 16], [0])], "beyond.csv")
    pd.DataFrame(
        {"trajectory": 0, "state": ["home"], "action": ["left"], "next_state": ["home"]}
    ).to_csv("named.csv", index=False)
    frame = pd.read_csv("potential.csv").rename(columns={"potential": "height"})
    frame["height"] = "tall"
    frame.to_csv("potential2.csv", index=False)
    code, shown, error = alignlab(f"values irl FrozenLake-v1 {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
