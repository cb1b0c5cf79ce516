"""How fast are finite processes solved, beside other libraries and beside reading their matrix?

    python benchmarks/values_planning.py               # all three parts, about ten minutes
    python benchmarks/values_planning.py sweeps        # or some of: sweeps peers large

A square grid with a slip and a random process, four actions, 16 transitions a state. The peers run
in benchmarks/.venv (`make bench` makes it) on the same arrays; a peer that is not there is left
out. Prints Markdown tables.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse
from shared import best_time

from alignlab.values.processes import (
    FiniteMDP,
    occupancy,
    soft_backward,
    soft_gradient,
    soft_solve,
    solve,
)
from alignlab.values.processes.sweeps import Sweeps

HERE = Path(__file__).parent
PEERS = HERE / ".venv" / "bin" / "python"
HORIZON = 10
ACCURACY = 1e-6


def process(side: int, kind: str, discount: float = 0.99) -> FiniteMDP:
    """Return side² states: neighbours on a grid (a step slips to any side), or anywhere."""
    S = side * side
    row, column = np.divmod(np.arange(S), side)
    steps = [(-1, 0), (0, 1), (1, 0), (0, -1)]
    to = [np.clip(row + y, 0, side - 1) * side + np.clip(column + x, 0, side - 1) for y, x in steps]
    rng = np.random.default_rng(0)
    targets = np.empty((S, 4, 4), np.int32)
    chances = np.empty((S, 4, 4))
    for a in range(4):
        for k in range(4):
            targets[:, a, k] = to[k] if kind == "grid" else rng.integers(0, S, S)
            chances[:, a, k] = 0.7 if k == a else 0.1
    pointers = np.arange(0, 16 * S + 1, 4, dtype=np.int32)
    matrix = sparse.csr_array((chances.ravel(), targets.ravel(), pointers), shape=(4 * S, S))
    return FiniteMDP(matrix, rng.random((S, 4)), discount=discount, initial=0, terminal=[])


def stream(mdp: FiniteMDP) -> float:
    """Return how long one core takes to read the transitions once, in order."""
    matrix = mdp.transitions
    words = [np.frombuffer(each, np.uint64) for each in (matrix.data, matrix.indices)]
    return best_time(lambda: [np.bitwise_or.reduce(each) for each in words])


def sweeps() -> None:
    print("## One pass, and one gradient, over the time to read the matrix\n")
    print(
        "| states | kind | MB | read once, ms (GB/s) | hard, ms | soft, ms | soft / read | "
        f"gradient of {HORIZON} steps, ms | over {2 * HORIZON} reads | the same, one thread |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for side, kind in ((32, "grid"), (316, "grid"), (1000, "grid"), (1000, "random")):
        mdp = process(side, kind)
        size = mdp.transitions.data.nbytes + mdp.transitions.indices.nbytes
        read = stream(mdp)
        values, now = np.zeros(mdp.n_states), np.empty(mdp.n_states)
        choice = np.empty(mdp.n_states, np.int32)
        with Sweeps(mdp) as one:
            hard = best_time(partial(one.hard, values, now, choice))
            soft = best_time(partial(one.soft, values, now, 1.0))
        late = mdp.replace(horizon=HORIZON).with_initial(None)
        gradient = best_time(partial(soft_gradient, late), 3)
        alone = best_time(partial(soft_gradient, late, threads=1), 3)
        print(
            f"| {mdp.n_states:,} | {kind} | {size / 1e6:.1f} | {1e3 * read:.2f} "
            f"({size / read / 1e9:.1f}) | {1e3 * hard:.2f} | {1e3 * soft:.2f} | "
            f"{soft / read:.1f} | {1e3 * gradient:.1f} | {gradient / read / 2 / HORIZON:.1f} | "
            f"{alone / read / 2 / HORIZON:.1f} |",
            flush=True,
        )
    print()


def peers() -> None:
    print(f"## Solving to {ACCURACY:g} (discount 0.99), seconds (largest error)\n")
    rows: list[tuple[str, dict[str, tuple[float, float]]]] = []
    for side, kind in ((20, "grid"), (48, "grid"), (100, "grid"), (316, "grid"), (100, "random")):
        mdp = process(side, kind)
        soft = soft_solve(mdp, tolerance=1e-11)
        truth = solve(mdp, method="modified policy iteration", tolerance=1e-11)
        found: dict[str, tuple[float, float]] = {}
        for method in ("policy iteration", "modified policy iteration", "value iteration"):
            if method == "policy iteration" and mdp.n_states > 10_000:
                continue
            work = partial(solve, mdp, method=method, tolerance=ACCURACY)
            off = np.abs(work().values - truth.values).max()
            found[f"alignlab, {method}"] = best_time(work, 3), float(off)
        work = partial(soft_solve, mdp, tolerance=ACCURACY)
        off = np.abs(work().values - soft.values).max()
        found["alignlab, soft values"] = best_time(work, 3), float(off)
        for name, (seconds, values) in beside(mdp).items():
            right = soft if "soft" in name else truth
            found[name] = seconds, float(np.abs(np.array(values) - right.values).max())
        rows.append((f"{mdp.n_states:,} {kind}", found))
    names = list(dict.fromkeys(name for _, found in rows for name in found))
    print(f"| | {' | '.join(label for label, _ in rows)} |")
    print("|---" * (len(rows) + 1) + "|")
    for name in names:
        cells = [
            f"{found[name][0]:.3f} ({found[name][1]:.0e})" if name in found else "–"
            for _, found in rows
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    print()


def beside(mdp: FiniteMDP) -> dict[str, Any]:
    """Return each peer's seconds and values."""
    if not PEERS.exists():
        print("(benchmarks/.venv is not there: `make bench` makes it)\n", file=sys.stderr)
        return {}
    matrix = mdp.transitions
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "process.npz"
        np.savez(
            file,
            data=matrix.data,
            indices=matrix.indices,
            indptr=matrix.indptr,
            rewards=mdp.expected_rewards,
            discount=mdp.discount,
            accuracy=ACCURACY,
        )
        done = subprocess.run(
            [PEERS, HERE / "peers_planning.py", file], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return {}
    return json.loads(done.stdout)


def large() -> None:
    print("## A million states, 16 transitions each (discount 0.99, to 1e-6)\n")
    print("| kind | what | seconds | steps | error at most | peak memory so far, GB |")
    print("|---|---|---|---|---|---|")
    for kind in ("grid", "random"):
        mdp = process(1000, kind)
        soft = None
        for what in ("solve", "soft_solve", "occupancy", "soft values, horizon 20"):
            begun = perf_counter()
            if what == "solve":
                found: Any = solve(mdp, tolerance=ACCURACY)
            elif what == "soft_solve":
                found = soft = soft_solve(mdp, tolerance=ACCURACY)
            elif what == "occupancy":
                found = occupancy(mdp, soft, tolerance=ACCURACY)
            else:
                soft_backward(mdp.replace(horizon=20))
            seconds = perf_counter() - begun
            steps = getattr(found, "iterations", "–") if what != "occupancy" else "–"
            error = f"{found.error_bound:.0e}" if not what.startswith("soft v") else "–"
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(
                f"| {kind} | {what} | {seconds:.1f} | {steps} | {error} | {peak:.1f} |", flush=True
            )
    print()


if __name__ == "__main__":
    parts = {"sweeps": sweeps, "peers": peers, "large": large}
    for name in sys.argv[1:] or parts:
        parts[name]()
