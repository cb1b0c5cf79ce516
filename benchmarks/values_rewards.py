"""How fast are rewards checked and compared exactly? Beside dense arrays, and econirl where it is.

    python benchmarks/values_rewards.py             # ten minutes, nearly all for the last size
    python benchmarks/values_rewards.py 100 1024    # these numbers of states only

A square grid world with a slip: 4 actions, four outcomes each, a goal in the corner. "Dense" is the
same mathematics in NumPy arrays of S·A·S numbers, as it mostly is written. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse
from shared import best_time, slippery_grid

from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards import (
    check_shaping,
    epic_distance,
    potential_shaping,
    regret,
    starc_distance,
)

SIZES = [100, 1_024, 10_000, 99_856]
DENSE_MOST = 2_304
"""Beyond this the dense arrays take minutes, and soon more memory than there is."""

DISCOUNT = 0.99
PEERS = Path(__file__).parent / ".venv" / "bin" / "python"


def grid(states: int) -> FiniteMDP:
    """Return a square grid with a goal in its last corner and a small price of a step."""
    matrix = slippery_grid(states)
    S = matrix.shape[1]
    process = FiniteMDP(matrix, np.full(S, -0.01), discount=DISCOUNT, terminal=[S - 1], initial=0)
    goal = np.zeros(S)
    goal[-1] = 1.0
    return process.with_rewards(process.on_arrival(goal))


def dense_starc(process: FiniteMDP, first: np.ndarray, second: np.ndarray) -> float:
    """Return STARC by a dense solve; `first` and `second` are r(s, a)."""
    S, A = process.n_states, process.n_actions
    chances = process.transitions.toarray().reshape(S, A, S)
    uniform = process.available / np.maximum(process.available.sum(axis=1, keepdims=True), 1)
    moves = np.einsum("sa,sat->st", uniform, chances)
    levelled = []
    for reward in (first, second):
        paid = np.where(process.available, reward, 0)
        values = np.linalg.solve(np.eye(S) - DISCOUNT * moves, (uniform * paid).sum(axis=1))
        advantage = paid + DISCOUNT * chances @ values - values[:, None]
        levelled.append(advantage[process.available])
    scaled = [each / np.linalg.norm(each) for each in levelled]
    return float(np.linalg.norm(scaled[0] - scaled[1])) / 2


def dense_epic(process: FiniteMDP, first: np.ndarray, second: np.ndarray) -> float:
    """Return EPIC under uniform distributions from cubes of S·A·S numbers."""
    S, A = process.n_states, process.n_actions
    canonical = []
    for reward in (first, second):
        cube = np.broadcast_to(reward[:, :, None], (S, A, S))
        mean = cube.mean(axis=(1, 2))
        canonical.append(
            (cube + DISCOUNT * mean - mean[:, None, None] - DISCOUNT * mean.mean()).ravel()
        )
    return float(np.sqrt(max(1 - np.corrcoef(*canonical)[0, 1], 0) / 2))


def dense_check(process: FiniteMDP, added: sparse.csr_array) -> float:
    """Return the residual of the least squares with a dense row for each possible step."""
    steps = process.transitions.tocoo()
    source, target = steps.coords[0] // process.n_actions, steps.coords[1]
    paid = np.asarray(added[steps.coords[0], target]).ravel()
    rows = np.zeros((len(paid), process.n_states))
    at = np.arange(len(paid))
    rows[at, source] -= 1
    ahead = ~process.terminal[target]
    rows[at[ahead], target[ahead]] += DISCOUNT
    return float(np.abs(paid - rows @ np.linalg.lstsq(rows, paid, rcond=None)[0]).max())


def timed(states: int) -> dict[str, float]:
    """Return the seconds of each work on a grid of so many states."""
    process = grid(states)
    S, A = process.n_states, process.n_actions
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, S, A))
    potential = np.where(process.terminal, 0.0, rng.normal(size=S))
    shaped = potential_shaping(process, potential)
    side = round(S**0.5)
    nearness = np.add(*np.divmod(np.arange(S), side)) / (2 * side - 2)
    bonus = process.with_rewards(process.rewards + process.on_arrival(0.3 * nearness))
    verdicts = check_shaping(process, shaped).verdict, check_shaping(process, bonus).verdict
    if verdicts != ("potential-based", "changes the optimal policy"):
        raise SystemExit(f"wrong verdicts at {S} states: {verdicts}")
    found = {
        "check: a true shaping": best_time(lambda: check_shaping(process, shaped)),
        "check: a bonus, with witness and regret": best_time(
            lambda: check_shaping(process, bonus), 1
        ),
        "STARC, levelling": best_time(lambda: starc_distance(process, first, second)),
        "STARC, minimal": best_time(
            lambda: starc_distance(process, first, second, canonicalisation="minimal"), 1
        ),
        "EPIC": best_time(lambda: epic_distance(process, first, second)),
        "regret": best_time(lambda: regret(process, first, second), 1),
    }
    if S <= DENSE_MOST:
        gaps = [
            dense_starc(process, first, second) - starc_distance(process, first, second).distance,
            dense_epic(process, first, second) - epic_distance(process, first, second).distance,
        ]
        if np.abs(gaps).max() > 1e-9:
            raise SystemExit(f"dense and sparse disagree at {S} states: {gaps}")
        found["dense STARC"] = best_time(lambda: dense_starc(process, first, second))
        found["dense EPIC"] = best_time(lambda: dense_epic(process, first, second))
        added = shaped.rewards - process.rewards
        found["dense check"] = best_time(lambda: dense_check(process, added), 1)
    return found


def against_dense(sizes: list[int]) -> None:
    """Print the seconds and their ratios to the dense ones."""
    columns = {size: timed(size) for size in sizes}
    beside = {
        "check: a true shaping": "dense check",
        "STARC, levelling": "dense STARC",
        "EPIC": "dense EPIC",
    }
    print("| seconds (dense / ours) | " + " | ".join(f"S = {size:,}" for size in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for work in columns[sizes[0]]:
        if work.startswith("dense"):
            continue
        cells = []
        for size in sizes:
            dense = columns[size].get(beside.get(work, ""))
            ratio = f" ({dense / columns[size][work]:,.1f})" if dense else ""
            cells.append(f"{columns[size][work]:.3g}{ratio}")
        print(f"| {work} | " + " | ".join(cells) + " |")
    print()


def against_econirl(peers: Path, sizes: list[int]) -> None:
    """Print seconds and answers beside econirl's, on the questions that it takes."""
    rows = []

    def seconds(work: Callable[..., object], *given: object) -> float:
        return best_time(lambda: work(*given))

    for size in sizes:
        process = grid(size).with_initial(None)
        S, A = process.n_states, process.n_actions
        rng = np.random.default_rng(1)
        # Nothing ends: the only question that its detector is made for.
        open_ended = FiniteMDP(
            process.transitions + _stay(S, A), np.zeros(S), discount=DISCOUNT, terminal=[]
        )
        first, second = rng.normal(size=(2, S, A))
        potential = 20 + rng.normal(size=S)
        onward = (open_ended.transitions @ potential).reshape(S, A)
        shaped = first + DISCOUNT * onward - potential[:, None]
        # Half a per cent of the added reward, on every second action.
        flawed = shaped + 0.005 * np.std(shaped - first) * (np.arange(S * A).reshape(S, A) % 2)
        states = np.where(np.arange(S) == 0, 0.6, 0.4 / (S - 1))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "given.npz"
            dense = open_ended.transitions.toarray().reshape(S, A, S).transpose(1, 0, 2)
            np.savez(
                file,
                first=first,
                second=second,
                shaped=shaped,
                flawed=flawed,
                states=states,
                transitions=dense,
                discount=DISCOUNT,
            )
            script = Path(__file__).with_name("peers_rewards.py")
            done = subprocess.run([peers, script, file], capture_output=True, text=True)
        if done.returncode:
            print(f"econirl is left out: {done.stderr.strip().splitlines()[-1]}")
            return
        theirs = json.loads(done.stdout)
        whole = open_ended.with_rewards(first)
        ours = {
            "epic": seconds(epic_distance, open_ended, first, second),
            "check": seconds(check_shaping, whole, shaped),
        }
        verdicts = [check_shaping(whole, each).verdict for each in (shaped, flawed)]
        near = epic_distance(open_ended, first, second).distance
        skewed = epic_distance(open_ended, first, second, states=states).distance
        rows += [
            (f"EPIC, uniform, S = {S:,}", ours["epic"], theirs["epic"], near, theirs["distance"]),
            (f"EPIC, 0.6 on one state, S = {S:,}", "", "", skewed, theirs["skewed"]),
            (
                f"a true shaping, S = {S:,}",
                ours["check"],
                theirs["check"],
                verdicts[0],
                _said(theirs["shaped"]),
            ),
            (f"0.5 % off, S = {S:,}", "", "", verdicts[1], _said(theirs["flawed"])),
        ]
    print("| work | alignlab s | econirl s | ratio | alignlab says | econirl says |")
    print("|---|---|---|---|---|---|")
    for work, mine, other, said, their in rows:
        ratio = f"{other / mine:,.1f}" if mine else ""
        told = [f"{each:.5f}" if isinstance(each, float) else each for each in (said, their)]
        clocks = [f"{each:.3g}" if each else "" for each in (mine, other)]
        print(f"| {work} | {clocks[0]} | {clocks[1]} | {ratio} | {told[0]} | {told[1]} |")


def _stay(states: int, actions: int) -> sparse.csr_array:
    """Return transitions that keep the last state where it is."""
    rows = (states - 1) * actions + np.arange(actions)
    there = np.full(actions, states - 1)
    return sparse.csr_array((np.ones(actions), (rows, there)), shape=(states * actions, states))


def _said(shaping: bool) -> str:
    return "a shaping" if shaping else "no shaping"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--peers", type=Path, default=PEERS, help="a Python that has econirl")
    given = parser.parse_args()
    against_dense(given.sizes or SIZES)
    against_econirl(given.peers, [100, 1_024])


if __name__ == "__main__":
    main()
