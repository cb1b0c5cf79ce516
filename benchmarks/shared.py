"""What several benchmarks need: sections, peers, the best of a few times, a slippery grid."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy import sparse

HERE = Path(__file__).parent


def chosen(only: str, sections: Iterable[str], parser: argparse.ArgumentParser) -> list[str]:
    """Return the sections that `--only` names, or end with what they are called."""
    names = only.split(",")
    unknown = sorted(set(names) - set(sections))
    if unknown:
        parser.error(f"{unknown[0]!r} is none of {', '.join(sections)}")
    return names


def by_peers(room: str, folder: Path) -> list[dict]:
    """Return what `peers_<room>.py` measured in an environment of its own, and say what failed."""
    python, script = HERE / f".venv-{room}" / "bin" / "python", HERE / f"peers_{room}.py"
    if not python.exists():
        print(f"The peers are not installed: see the docstring of {script.name}.\n")
        return []
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, script, folder], stdout=subprocess.PIPE, text=True, env=environment, check=False
    )
    if done.returncode:
        print("The peers' side stopped with an error; what it had done by then is below.\n")
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for each in found:
        if "failed" in each and not each.get("case"):
            print(f"Not run: {each['section']} by {each['who']}: {each['failed']}\n")
    return found


def best_time(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the best wall time of a few, stopping once they have taken ten seconds."""
    times: list[float] = []
    while len(times) < repeats and sum(times) < 10:
        begun = perf_counter()
        work()
        times.append(perf_counter() - begun)
    return min(times)


def slippery_grid(states: int, slip: float = 0.2) -> sparse.csr_array:
    """Return a square grid's transitions; an action is carried out, or one at random."""
    side = round(states**0.5)
    cells = np.arange(side * side)
    rows, columns = np.divmod(cells, side)
    ahead = np.stack(
        [
            np.clip(rows + down, 0, side - 1) * side + np.clip(columns + right, 0, side - 1)
            for down, right in ((0, -1), (1, 0), (0, 1), (-1, 0))
        ],
        axis=1,
    )
    source = np.repeat(np.arange(side * side * 4), 4)
    target = np.repeat(ahead, 4, axis=0).ravel()
    chances = np.tile((np.eye(4) * (1 - slip) + slip / 4).ravel(), side * side)
    return sparse.csr_array((chances, (source, target)), shape=(side * side * 4, side * side))
