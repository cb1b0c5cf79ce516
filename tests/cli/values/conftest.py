from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import PreferenceDataset, write_preferences, write_trajectories
from alignlab.values.processes import FiniteMDP, simulate, soft_solve

CHAIN = """state,action,next_state,probability,reward
home,walk,office,0.9,-1
home,walk,home,0.1,-1
home,wait,home,1,0
office,work,pub,1,5
"""

HOLES = (5, 7, 11, 12)


@pytest.fixture
def chain(here):
    """A process in `chain.csv`: from home to the office to the pub, where it ends."""
    Path("chain.csv").write_text(CHAIN, encoding="utf-8")
    return "chain.csv"


@pytest.fixture
def lake(here):
    """Tables about FrozenLake-v1: rewards on arrival, a potential, features."""
    states = np.arange(16)
    hole, goal = np.isin(states, HOLES), states == 15
    pd.DataFrame({"next_state": states, "reward": goal.astype(int) - hole}).to_csv(
        "arrival.csv", index=False
    )
    potential = np.where(hole | goal, 0, (states // 4 + states % 4) / 6)
    pd.DataFrame({"state": states, "potential": potential}).to_csv("potential.csv", index=False)
    bonus = np.isin(states, (8, 9)) / 10
    pd.DataFrame({"next_state": states, "reward": bonus}).to_csv("bonus.csv", index=False)
    features = {"next_state": states, "goal": goal, "hole": hole, "step": ~goal & ~hole}
    pd.DataFrame(features).astype(int).to_csv("features.csv", index=False)
    return "FrozenLake-v1"


@pytest.fixture
def walks(lake):
    """Demonstrations for the goal: `walks.csv` by numbers, `walks.jsonl` by names."""
    process = FiniteMDP.from_gymnasium(lake)
    paid = np.full(16, -0.5)
    paid[15], paid[list(HOLES)] = 6.0, -3.0
    wanted = process.with_rewards(process.on_arrival(paid))
    done = simulate(wanted, soft_solve(wanted), 60, length=60, seed=1)
    write_trajectories(done, "walks.csv")
    names = {"state_names": process.state_names, "action_names": process.action_names}
    write_trajectories(done, "walks.jsonl", **names)
    return lake


@pytest.fixture
def said(here):
    """Comparisons in `rows.jsonl` (two numbers, three people) and `texts.jsonl`."""
    rng = np.random.default_rng(0)
    items, n = rng.normal(size=(30, 2)).round(3), 300
    first = rng.integers(30, size=n)
    second = (first + 1 + rng.integers(29, size=n)) % 30
    people = rng.choice(["ana", "ben", "rob"], n)
    chance = 1 / (1 + np.exp((items[first] - items[second]) @ [1.5, -0.7]))
    chance = np.where(people == "rob", 0.5, chance)
    preferred = (rng.random(n) < chance).astype(float)
    preferred[rng.random(n) < 0.05] = 0.5
    rows = PreferenceDataset.from_pairs(items, first, second, preferred, annotators=people)
    write_preferences(rows, "rows.jsonl")
    few = (first < 10) & (second < 10)
    texts = [f"answer {i}" + " and so on" * (i % 4) for i in range(10)]
    write_preferences(
        PreferenceDataset.from_pairs(texts, first[few], second[few], preferred[few]), "texts.jsonl"
    )
    return "rows.jsonl"
