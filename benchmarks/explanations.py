"""Methods of explanation, ranked by how well they recover what a planted model really goes by.

    python benchmarks/explanations.py             # about ten minutes; prints Markdown tables
    python benchmarks/explanations.py --small     # seconds, for a test

Each planted world is a formula, so that it is known which features it goes by for each row:

    additive       three features count, each by a curve of its own; three do not
    interactions   two products of pairs count, beside one curve; three features do not
    decoys         the model ignores three features that the data correlate 0.95 with the used ones
    twins          the same with a correlation of 0.9999: the model reads one of each pair alone
    Clever Hans    where a mark is set the model goes by the mark alone; else by three features

Recovery: of a feature that counts for this row and one that does not, how often is the first given
the larger size; 0.5 by chance. On ignored: the share of the sizes that goes to features that do not
count. Rank: Spearman's correlation with the known contributions, where the world is additive.
Intervals are over draws of the whole world (model, rows, background): what rows of one world share
is no evidence twice.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from alignlab.intervals import mean_estimate
from alignlab.predictors import as_predictor
from alignlab.transparency.gradients import (
    expected_gradients,
    integrated_gradients,
    occlusion,
    smooth_gradients,
)
from alignlab.transparency.importance import permutation_importance
from alignlab.transparency.quality import evaluate_explanations
from alignlab.transparency.quality.measures import rank_correlation
from alignlab.transparency.shapley import shapley_values
from alignlab.transparency.surrogates import lime

KEPT = ("recovery", "ignored", "rank", "times", "seconds")

CURVES = (torch.sin, torch.tanh, lambda z: z**2 / 2, lambda z: z, lambda z: torch.relu(z) - 0.4)


class Formula(torch.nn.Module):
    """A function of rows as a module, so that its slopes can be had."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function
        self.register_buffer("one", torch.ones(1, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return one value a row."""
        return self.function(x)


@dataclass
class World:
    """A planted model, rows, and what counts.

    Attributes
    ----------
    module
        The model.
    X, background
        The rows explained, and what fills absent features.
    counts
        Which features count for each row, shape (n, features).
    contributions
        What each contributes, where that is beyond dispute; else `None`.
    """

    module: Formula
    X: np.ndarray
    background: np.ndarray
    counts: np.ndarray
    contributions: np.ndarray | None = None


def curves(rng: np.random.Generator, at: tuple[int, ...]) -> Callable:
    """Return a sum of random curves of some columns."""
    kinds = [CURVES[k] for k in rng.choice(len(CURVES), len(at), replace=False)]
    slopes = rng.uniform(0.5, 2, len(at)) * rng.choice([-1, 1], len(at))

    def one_by_one(x: torch.Tensor) -> list[torch.Tensor]:
        return [s * k(x[:, p]) for s, k, p in zip(slopes, kinds, at, strict=True)]

    return one_by_one


def contributions(parts: Callable, at: tuple[int, ...], X: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return what each curve adds over its mean on the background."""
    found = np.zeros(X.shape)
    here, there = (parts(torch.as_tensor(each)) for each in (X, B))
    for p, mine, theirs in zip(at, here, there, strict=True):
        found[:, p] = (mine - theirs.mean()).numpy()
    return found


def additive(rng: np.random.Generator, n: int) -> World:
    """Three curves, three features that do not count."""
    X, B = rng.normal(size=(n, 6)), rng.normal(size=(n, 6))
    at = tuple(rng.permutation(6)[:3])
    parts = curves(rng, at)
    counts = np.isin(np.arange(6), at) & np.ones((n, 1), dtype=bool)
    return World(Formula(lambda x: sum(parts(x))), X, B, counts, contributions(parts, at, X, B))


def interactions(rng: np.random.Generator, n: int) -> World:
    """Two products and a curve, three features that do not count."""
    X, B = rng.normal(size=(n, 8)), rng.normal(size=(n, 8))
    a, b, c, d, e, *_ = rng.permutation(8)
    parts, size = curves(rng, (e,)), rng.uniform(0.7, 1.5, 2)
    counts = np.isin(np.arange(8), [a, b, c, d, e]) & np.ones((n, 1), dtype=bool)

    def answer(x: torch.Tensor) -> torch.Tensor:
        return size[0] * x[:, a] * x[:, b] - size[1] * x[:, c] * x[:, d] + sum(parts(x))

    return World(Formula(answer), X, B, counts)


def decoys(rng: np.random.Generator, n: int, noise: float = 0.33) -> World:
    """Three curves, and for each a column that goes with it and that the model ignores."""
    true = rng.normal(size=(2 * n, 3))
    beside = (true + noise * rng.normal(size=true.shape)) / np.sqrt(1 + noise**2)
    order = rng.permutation(6)
    rows = np.concatenate([true, beside], axis=1)[:, order]
    at = tuple(int(np.flatnonzero(order == p)[0]) for p in range(3))
    parts = curves(rng, at)
    X, B = rows[:n], rows[n:]
    counts = np.isin(np.arange(6), at) & np.ones((n, 1), dtype=bool)
    return World(Formula(lambda x: sum(parts(x))), X, B, counts, contributions(parts, at, X, B))


def twins(rng: np.random.Generator, n: int) -> World:
    """Decoys that are all but equal to the columns that count."""
    return decoys(rng, n, noise=0.01)


def clever_hans(rng: np.random.Generator, n: int) -> World:
    """A mark in column 0 decides alone where it is set."""
    rows = rng.normal(size=(2 * n, 7))
    rows[:, 0] = rng.random(2 * n) < 0.3
    at = tuple(1 + rng.permutation(6)[:3])
    parts = curves(rng, at)

    def answer(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] * 4 + (1 - x[:, 0]) * sum(parts(x))

    X, B = rows[:n], rows[n:]
    marked = X[:, :1] == 1
    counts = np.where(marked, np.arange(7) == 0, np.isin(np.arange(7), (0, *at)))
    # Without the mark it counts that there is none; the three count there alone.
    return World(Formula(answer), X, B, counts)


WORLDS = {
    "additive": additive,
    "interactions": interactions,
    "decoys": decoys,
    "twins": twins,
    "Clever Hans": clever_hans,
}


def methods(
    world: World, seed: int, *, small: bool
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return every method as an explainer of rows."""
    model = as_predictor(world.module, task="regression")
    module, B = world.module, world.background
    mean = B.mean(axis=0)

    def shapley(rows: np.ndarray, **options) -> np.ndarray:
        return shapley_values(model, rows, B, seed=seed, **options).values[:, :, 0]

    def local(rows: np.ndarray) -> np.ndarray:
        budget = 6_000 if small else 20_000
        found = [
            lime(model, row, background=B, max_evaluations=budget, seed=seed).coefficients
            for row in rows
        ]
        return np.nan_to_num(np.array(found)) * (rows - mean)

    def shuffled(rows: np.ndarray) -> np.ndarray:
        answers = model(B)
        found = permutation_importance(model, B, answers, seed=seed)
        by_name = {each.name: each.estimate.value for each in found.features}
        return np.tile([by_name[str(p)] for p in range(B.shape[1])], (len(rows), 1))

    budget = 41 * len(B) + 2  # the row and the background are asked for too
    return {
        "Shapley, exact": lambda r: shapley(r, method="exact"),
        "Shapley, 40 coalitions": lambda r: shapley(
            r, method="odd regression", max_evaluations=budget * len(r), tolerance=None
        ),
        "Shapley, conditional": lambda r: shapley(r, game="conditional"),
        "occlusion": lambda r: occlusion(model, r, background=B).values,
        "integrated gradients": lambda r: integrated_gradients(module, r, background=B).values,
        "expected gradients": lambda r: expected_gradients(module, r, B, seed=seed).values,
        "SmoothGrad": lambda r: smooth_gradients(module, r, background=B, seed=seed).values,
        "LIME": local,
        "permutation importance": shuffled,
        "random": lambda r: np.random.default_rng(seed).normal(size=r.shape),
    }


def rounded(values: np.ndarray) -> np.ndarray:
    """Return values without what is only rounding, which would put ignored features in an order."""
    return np.where(np.abs(values) < 1e-9 * np.abs(values).max(), 0.0, values)


def recovery(values: np.ndarray, counts: np.ndarray) -> float:
    """Return how often what counts has the larger size, equal ones counted half."""
    shares = []
    for sizes, used in zip(np.abs(rounded(values)), counts, strict=True):
        apart = sizes[used][:, None] - sizes[~used]
        shares.append((np.sign(apart).mean() + 1) / 2)
    return float(np.mean(shares))


def on_ignored(values: np.ndarray, counts: np.ndarray) -> float:
    """Return the share of the sizes that goes to features that do not count."""
    sizes = np.abs(values)
    return float((sizes * ~counts).sum() / sizes.sum())


def measured(name: str, draws: int, n: int, *, small: bool) -> list[dict]:
    """Return one line a method of one world."""
    found: dict[str, dict[str, list[float]]] = {}
    for draw in range(draws):
        world = WORLDS[name](np.random.default_rng(draw), n)
        model = as_predictor(world.module, task="regression")
        explained = {}
        for method, explain in methods(world, draw, small=small).items():
            begun = time.perf_counter()
            values = explain(world.X)
            line = found.setdefault(method, {each: [] for each in KEPT})
            line["seconds"].append(time.perf_counter() - begun)
            line["recovery"].append(recovery(values, world.counts))
            line["ignored"].append(on_ignored(values, world.counts))
            if world.contributions is not None:
                ranks = rank_correlation(rounded(values), world.contributions)
                line["rank"].append(float(np.nan_to_num(ranks).mean()))
            if method != "random":
                explained[method] = values
        quality = evaluate_explanations(
            model, world.X, explained, background=world.background, perturbations=0,
            exact_evaluations=0, seed=draw,
        )  # fmt: skip
        for method in found:
            found[method]["times"].append(quality[method].deletion.value)
    lines = [{"world": name, "method": method, **each} for method, each in found.items()]
    return sorted(lines, key=lambda line: -np.mean(line["recovery"]))


def told(values: list[float]) -> str:
    """Return a mean with the half-width of its interval over draws."""
    if not values:
        return "-"
    found = mean_estimate(values)
    return f"{found.value:.3f} ± {found.high - found.value:.3f}"


def main() -> None:
    """Print one table a world, the best method first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="two draws of 24 rows")
    small = parser.parse_args().small
    draws, n = (2, 24) if small else (20, 40)
    torch.set_num_threads(1)
    for name in WORLDS:
        print(f"\n**{name}** ({draws} draws of {n} rows)\n")
        print("| method | recovery | on ignored | rank | deletion, times random | seconds |")
        print("|---|---|---|---|---|---|")
        for line in measured(name, draws, n, small=small):
            print(
                f"| {line['method']} | {told(line['recovery'])} | {told(line['ignored'])} | "
                f"{told(line['rank'])} | {told(line['times'])} | {np.mean(line['seconds']):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
