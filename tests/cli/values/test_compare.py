import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

KEYS = ("starc", "epic")


def found(alignlab, line):
    code, shown, error = alignlab(f"{line} --json")
    assert (code, error) == (0, "")
    return json.loads(shown)


def test_a_reward_and_itself_want_the_same(alignlab, lake):
    told = found(alignlab, f"values compare {lake} arrival.csv arrival.csv")
    assert [told[key]["distance"] for key in KEYS] == pytest.approx([0, 0], abs=1e-7)
    assert told["regret_of_first"]["worst"] == told["regret_of_second"]["worst"] == 0
    frame = pd.read_csv("arrival.csv")
    frame["reward"] = -2 * frame["reward"]
    frame.to_csv("turned.csv", index=False)
    code, shown, _ = alignlab(f"values compare {lake} arrival.csv turned.csv")
    assert code == 0
    assert "STARC 1.000: the two want the opposite, as far as policies" in shown
    assert "EPIC 1.000: the two want the opposite, over all transitions" in shown


def test_without_a_second_table_the_process_is_meant(alignlab, lake):
    code, shown, error = alignlab(f"values compare {lake} arrival.csv --out o")
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "B: the process's own reward" in text
    assert "STARC 0.038: the two want nearly the same" in text
    assert "EPIC: not measured. EPIC asks what every transition pays" in text
    assert "Regret: optimising A where B is meant loses nothing." in text
    assert "How far apart are the two rewards?" in Path("o/compare.svg").read_text("utf-8")
    frame = pd.read_csv("o/compare.csv").set_index("measure")
    assert frame["value"]["regret of A for B"] == 0
    assert np.isnan(frame["value"]["EPIC"])


def test_a_shaping_is_invisible_and_a_bonus_costs(alignlab, lake):
    assert alignlab(f"values shape {lake} --potential potential.csv --out s")[0] == 0
    told = found(alignlab, f"values compare {lake} s/rewards.csv")
    assert told["starc"]["distance"] == pytest.approx(0, abs=1e-6)
    told = found(alignlab, f"values compare {lake} bonus.csv")
    assert told["starc"]["distance"] > 0.5
    assert told["regret_of_first"]["worst_share"] > 0.5


def test_a_reward_that_prefers_nothing_is_said_to(alignlab, chain):
    pd.DataFrame({"state": ["home", "office"], "reward": [0, 0]}).to_csv("no.csv", index=False)
    code, shown, _ = alignlab(f"values compare {chain} no.csv")
    assert code == 0
    assert "STARC 0.500: one of the two prefers nothing to anything" in shown
    assert (
        "STARC 0.000: both prefer nothing" in alignlab(f"values compare {chain} no.csv no.csv")[1]
    )


def test_what_a_horizon_does_not_allow_is_not_measured(alignlab, lake):
    code, shown, _ = alignlab(f"values compare {lake} arrival.csv --horizon 20")
    assert code == 0
    assert "STARC: not measured." in shown
    assert "Regret: optimising A where B is meant loses" in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("FrozenLake-v1", "A.csv"),
        ("FrozenLake-v1 absent.csv", "There is no file 'absent.csv'"),
        ("FrozenLake-v1 potential.csv", "has no column 'reward'"),
        ("CliffWalking-v1 arrival.csv", "has no row for next_state 1,4 and for 21 more"),
        ("chain.csv arrival.csv", "there is no state '3'. It is one of 'home'"),
        ("FrozenLake-v1 huge.csv", "huge.csv: a reward is 1e+308"),
        ("FrozenLake-v1 arrival.csv huge.csv", "huge.csv: a reward is 1e+308"),
        ("FrozenLake-v1 arrival.csv --out p.csv", "Cannot write to p.csv"),
    ],
)
def test_wrong_input_is_one_line(alignlab, lake, chain, line, message):
    pd.DataFrame({"next_state": range(16), "reward": 1e308}).to_csv("huge.csv", index=False)
    code, shown, error = alignlab(f"values compare {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
