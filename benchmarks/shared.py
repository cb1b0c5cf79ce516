"""What several benchmarks need: the best of a few times, and a grid in which steps slip."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from scipy import sparse


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
