"""choix on the pairs of a file, in the peers' environment: times and scores as JSON.

benchmarks/.venv/bin/python benchmarks/peers_preferences.py pairs.npz
"""

from __future__ import annotations

import json
import sys
import time

import choix
import numpy as np

METHODS = ("ilsr_pairwise", "lsr_pairwise", "mm_pairwise", "opt_pairwise")


def main() -> None:
    held = np.load(sys.argv[1])
    first, second, preferred = held["first"], held["second"], held["preferred"]
    pairs = list(
        zip(
            np.where(preferred == 0, first, second).tolist(),
            np.where(preferred == 0, second, first).tolist(),
            strict=True,
        )
    )
    told = {}
    for name in METHODS:
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            scores = getattr(choix, name)(int(held["n_items"]), pairs)
            seconds.append(time.perf_counter() - start)
        told[name] = {"seconds": min(seconds), "scores": np.asarray(scores).tolist()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
