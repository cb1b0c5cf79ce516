"""How often the bands of partial dependence and of accumulated local effects hold the truth.

Three features: 0 and 1 normal with correlation 0.8, 2 with four values. The model is
f = x0 x1 + exp(x1 / 2) + x2 (x2 - x0); the truth is that of two million rows, on which the standard
errors are hundreds of times smaller. Run it with `python benchmarks/effects_coverage.py [RUNS]`.
"""

from __future__ import annotations

import sys

import numpy as np

from alignlab.transparency.effects import accumulated_local_effects, partial_dependence

GRID = {"0": [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5], "2": [0.0, 1.0, 2.0, 3.0]}


def model(rows):
    a, b, c = rows.T
    return a * b + np.exp(b / 2) + c * (c - a)


def rows(n, rng):
    a, e = rng.standard_normal((2, n))
    return np.column_stack([a, 0.8 * a + 0.6 * e, rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])])


def settings(band):
    return {"grid": GRID, "band": band, "task": "regression", "max_rows": None}


def coverage(n, runs, band, truths):
    held = dict.fromkeys(truths, 0)
    points = dict.fromkeys(truths, 0)
    for seed in range(runs):
        X = rows(n, np.random.default_rng(seed))
        for method in (partial_dependence, accumulated_local_effects):
            more = {"ale": "never"} if method is partial_dependence else {}
            result = method(model, X, ["0", "2"], seed=seed, **settings(band), **more)
            for effect in result.effects:
                key = (method.__name__, effect.feature)
                inside = (effect.low <= truths[key]) & (truths[key] <= effect.high)
                held[key] += inside.all()
                points[key] += inside.mean()
    return {key: (held[key] / runs, points[key] / runs) for key in truths}


def truths():
    many = rows(2_000_000, np.random.default_rng(10**6))
    made = {}
    for method in (partial_dependence, accumulated_local_effects):
        more = {"ale": "never"} if method is partial_dependence else {}
        result = method(model, many, ["0", "2"], **settings("pointwise"), **more)
        made |= {(method.__name__, each.feature): each.values for each in result.effects}
    return made


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    known = truths()
    for n in (50, 200, 1_000, 6_000):
        for band in ("simultaneous", "pointwise"):
            for (method, feature), (whole, point) in coverage(n, runs, band, known).items():
                held = f"{whole:.3f} whole  {point:.3f} points"
                print(f"{n:>6} {band:<13} {method:<26} {feature}  {held}")
