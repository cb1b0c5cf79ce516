"""econirl's side of `values_rewards.py`; runs in the peers' environment and prints JSON.

benchmarks/.venv/bin/python benchmarks/peers_rewards.py FILE.npz
"""

from __future__ import annotations

import json
import sys
from time import perf_counter

import numpy as np
from econirl.inference.reward_comparison import detect_reward_shaping, epic_distance


def timed(work):
    """Return the second of two wall times, past the compilation, and the answer."""
    work()
    begun = perf_counter()
    answer = work()
    return perf_counter() - begun, answer


def main() -> None:
    given = np.load(sys.argv[1])
    first, second, discount = given["first"], given["second"], float(given["discount"])
    epic, far = timed(lambda: epic_distance(first, second, discount))
    skewed = epic_distance(first, second, discount, state_dist=given["states"])
    found = {"epic": epic, "distance": far["epic_distance"], "skewed": skewed["epic_distance"]}
    for name in ("shaped", "flawed"):
        seconds, answer = timed(
            lambda name=name: detect_reward_shaping(
                first, given[name], discount, given["transitions"]
            )
        )
        found[name] = bool(answer["is_shaping"])
        found["check"] = seconds
    print(json.dumps({key: value if isinstance(value, bool) else float(value)
                      for key, value in found.items()}))  # fmt: skip


if __name__ == "__main__":
    main()
