"""How many images a second each corruption takes, one core, by size of image.

python benchmarks/corruptions.py
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from alignlab.robustness import CORRUPTIONS, corrupt_images

SHAPES = {
    "8×8 grey": (1, 8, 8),
    "28×28 grey": (1, 28, 28),
    "64×64": (3, 64, 64),
    "224×224": (3, 224, 224),
}
NUMBERS = 400_000
"""Numbers of pixels corrupted at once, at least so many images as that."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{'images a second':20}", *(f"{name:>12}" for name in SHAPES))
    for kind in (kind for kinds in CORRUPTIONS.values() for kind in kinds):
        speeds = []
        for shape in SHAPES.values():
            n = max(2, NUMBERS // int(np.prod(shape)))
            images = np.random.default_rng(0).random((n, *shape), dtype=np.float32)
            fastest = min(_seconds(images, kind) for _ in range(repeats))
            speeds.append(5 * n / fastest)
        print(f"{kind:20}", *(f"{speed:12,.0f}" for speed in speeds), flush=True)


def _seconds(images: np.ndarray, kind: str) -> float:
    started = time.perf_counter()
    for severity in (1, 2, 3, 4, 5):
        corrupt_images(images, kind, severity)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
