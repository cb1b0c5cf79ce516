"""Sampled Shapley values beside the exact ones: error and coverage at equal budgets.

    python benchmarks/shapley.py             # about five minutes; prints a Markdown table

Seven kinds of games with 12 players, each solved exactly from all 4,096 coalitions and then from
samples of them, over many seeds. Error: the root mean square over seeds of |found - exact| /
|exact|, averaged over the games of a kind. Coverage: how often an exact value lies within 1.96
standard errors.
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.transparency.shapley import shapley_of_game

PLAYERS = 12
BITS = 1 << np.arange(PLAYERS)
EVERY = (np.arange(2**PLAYERS)[:, None] >> np.arange(PLAYERS) & 1).astype(bool)
METHODS = ("permutation", "kernel", "odd regression")
BUDGETS = (128, 256, 512, 1024, 2048)
SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 25


def played(model, rows, background):
    """What every coalition is worth to each row, shape (coalitions, rows)."""
    worths = []
    for row in rows:
        mixed = np.where(EVERY[:, None, :], row, background).reshape(-1, PLAYERS)
        worths.append(model(mixed).reshape(len(EVERY), -1).mean(axis=1))
    return np.stack(worths, axis=1)


def games() -> dict[str, np.ndarray]:
    """Kinds of games by name, each as the worth of every coalition, shape (4096, games)."""
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :PLAYERS]
    rows, background = X[[3, 77, 200, 400, 500, 568]], X[::19][:30]
    network = MLPClassifier((64, 64), random_state=0, max_iter=300)
    network = make_pipeline(StandardScaler(), network).fit(X, y)
    boosted = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(X, y)
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(1500, PLAYERS))
    target = np.sign(Z[:, :3].prod(axis=1)) + Z[:, 3] * Z[:, 4] + 0.3 * np.abs(Z[:, 5:]).sum(axis=1)
    forest = RandomForestRegressor(20, max_depth=9, random_state=0).fit(Z, target)
    unanimity = np.zeros((len(EVERY), 6))
    for game in range(6):
        for _ in range(60):
            needed = rng.random(PLAYERS) < rng.uniform(0.1, 0.6)
            unanimity[:, game] += rng.normal() * EVERY[:, needed].all(axis=1)
    votes = rng.exponential(size=(PLAYERS, 6))
    return {
        "network": played(lambda r: network.predict_proba(r)[:, 1], rows, background),
        "boosted trees": played(lambda r: boosted.predict_proba(r)[:, 1], rows, background),
        "forest": played(forest.predict, Z[:6], Z[50:70]),
        "forest, one background row": played(forest.predict, Z[:6], Z[50:51]),
        "60 unanimity games": unanimity,
        "weighted voting": (EVERY @ votes > votes.sum(axis=0) / 2).astype(float),
        "every worth at random": rng.normal(size=(len(EVERY), 4)),
    }


def main() -> None:
    """Print one line for each kind of game and budget."""
    print("| game | budget | " + " | ".join(f"{m}: error, coverage" for m in METHODS) + " |")
    print("|---" * (2 + len(METHODS)) + "|")
    for name, table in games().items():
        exact = shapley_of_game(lambda S, t=table: t[S @ BITS], PLAYERS).values
        for budget in BUDGETS:
            cells = []
            for method in METHODS:
                apart, inside = [], []
                for seed in range(SEEDS):
                    found = shapley_of_game(
                        lambda S, t=table: t[S @ BITS],
                        PLAYERS,
                        method=method,
                        max_evaluations=budget,
                        tolerance=None,
                        seed=seed,
                    )
                    away = found.values - exact
                    apart.append((away**2).sum(axis=0) / (exact**2).sum(axis=0))
                    inside.append(np.abs(away) <= 1.96 * found.standard_errors + 1e-12)
                error = np.sqrt(np.mean(apart, axis=0)).mean()
                cells.append(f"{error:.4f}, {np.mean(inside):.3f}")
            print(f"| {name} | {budget} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
