"""Values swapped among rows that are alike in the other features: the conditional form.

For a number x, with m its prediction from the other features by rows of other folds,

    row i receives   m_i + (x_j - m_j),   j from the same stratum of m,

the residual permutation of [chamma2023statistically, alg. 1], within strata so that the spread of
residuals may hang on the prediction, and moved to the nearest value that the data holds. For
anything else (categories, few values, groups of columns) values are swapped within the leaves of a
tree that tells them from the other features [molnar2024model, sec. 4], grown on the other half of
the rows. For a linear model f = sum_k beta_k x_k under squared loss and Gaussian features the
importance is 2 beta_j^2 Var(x_j | others), where the marginal one is 2 beta_j^2 Var(x_j).

Assumes that what the others tell of x_j is found by a ridge regression or by boosted trees,
whichever foretells it better on unseen rows; what neither finds, is shuffled as in the marginal
form. The model under study has no part in this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.transparency.importance.swaps import Circle, Swaps, circle, swaps_of
from alignlab.transparency.pool import value_codes

__all__ = ["FEWEST_ROWS", "columns_of_numbers", "conditional_swaps"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Table = pd.DataFrame | NDArray[Any]

FEWEST_ROWS = 100
"""With fewer rows nothing is learned of a feature from the others."""

FEW_VALUES = 10
"""A number with no more values than this is treated as a category."""

FOLDS = 3

MOST_STRATA = 20

LEVELS = 20
"""So many values of a category have a column of their own, the frequent ones first."""

ENOUGH_FOR_TREES = 300
"""With fewer rows a feature is foretold by a ridge regression alone."""


def conditional_swaps(
    X: Table,
    players: Mapping[str, tuple[Any, ...]],
    repeats: int,
    generator: np.random.Generator,
) -> tuple[list[Swaps], list[float]]:
    """Return what to ask for each feature, and the share of its variance that the others explain.

    Raises
    ------
    InputError
        If there are fewer than `FEWEST_ROWS` rows.
    """
    n = len(X)
    if n < FEWEST_ROWS:
        raise InputError(
            f"There are {n} rows, and form='conditional' learns each feature from the others: give "
            f"{FEWEST_ROWS} or more, or take form='marginal'."
        )
    numbers = {
        name: np.column_stack([columns_of_numbers(X, column) for column in columns])
        for name, columns in players.items()
    }
    plans, explained = [], []
    for name, columns in players.items():
        others = [numbers[other] for other in players if other != name]
        beside = np.column_stack(others) if others else np.zeros((n, 1))
        alike = _alike(X, columns, numbers[name], beside, repeats, generator)
        plans.append(swaps_of(name, columns, X, alike.circle, sources=alike.sources))
        explained.append(alike.explained)
    return plans, explained


def columns_of_numbers(X: Table, column: Any) -> Floats:
    """Return a column as numbers: itself, or one column of 0 and 1 for each frequent value."""
    values = X[column] if isinstance(X, pd.DataFrame) else pd.Series(X[:, column]).infer_objects()
    if _is_number(values):
        numbers: Any = values.to_numpy(np.float64, na_value=np.nan)
        return numbers[:, None]
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    frequent = np.argsort(-np.bincount(codes, minlength=len(levels)), kind="stable")[:LEVELS]
    return np.asarray(codes[:, None] == frequent, dtype=np.float64)


def _is_number(values: pd.Series) -> bool:
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return numeric and not values.isna().all()


@dataclass(frozen=True, eq=False)
class _Alike:
    """Who swaps with whom, the rows whose values are received, and what the others explain."""

    circle: Circle
    sources: Rows
    explained: float


def _alike(
    X: Table,
    columns: Sequence[Any],
    own: Floats,
    others: Floats,
    repeats: int,
    generator: np.random.Generator,
) -> _Alike:
    distinct = int(value_codes(X, columns).max()) + 1
    if own.shape[1] == 1 and distinct > FEW_VALUES:
        return _residuals(own[:, 0], others, repeats, generator)
    return _leaves(own, others, repeats, generator)


def _residuals(x: Floats, others: Floats, repeats: int, generator: np.random.Generator) -> _Alike:
    """Swap what the others do not tell of a number, among rows of like prediction."""
    n = len(x)
    held = ~np.isnan(x)
    predicted = _foretold(x, others, held, generator)
    residual = x - predicted
    explained = 1 - float(np.mean(residual[held] ** 2)) / max(float(np.var(x[held])), 1e-300)
    count = int(np.clip(n // max(50, 4 * (repeats + 1)), 1, MOST_STRATA))
    strata = np.empty(n, dtype=np.intp)
    strata[np.argsort(predicted, kind="stable")] = np.arange(n) * count // n
    seated = circle(n, repeats, generator, strata=strata)
    sources = seated.donors.copy()  # a row without the value gives that it has none
    given = held[seated.donors]
    received = (predicted + residual[seated.donors])[given]
    in_order = np.flatnonzero(held)[np.argsort(x[held], kind="stable")]
    values = x[in_order]
    above = np.clip(np.searchsorted(values, received), 1, len(values) - 1)
    nearer = received - values[above - 1] <= values[above] - received
    sources[given] = in_order[np.where(nearer, above - 1, above)]
    return _Alike(seated, sources, float(np.clip(explained, 0, 1)))


def _foretold(
    x: Floats, others: Floats, held: NDArray[np.bool_], generator: np.random.Generator
) -> Floats:
    """Return the prediction of a number from the others by rows of other folds."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    n = len(x)
    fold = generator.permutation(n) % FOLDS
    filled = _standardised(others)
    linear, trees = np.empty(n), np.empty(n)
    use_trees = int(held.sum()) >= ENOUGH_FOR_TREES
    for left in range(FOLDS):
        fit, rest = held & (fold != left), fold == left
        linear[rest] = _ridge(filled[fit], x[fit], filled[rest])
        if use_trees:
            forest = HistGradientBoostingRegressor(
                max_iter=60, learning_rate=0.2, max_leaf_nodes=15, min_samples_leaf=8,
                early_stopping=False, random_state=0,
            )  # fmt: skip
            trees[rest] = forest.fit(others[fit], x[fit]).predict(others[rest])
    if use_trees and np.mean((x - trees)[held] ** 2) < np.mean((x - linear)[held] ** 2):
        return trees
    return linear


def _standardised(numbers: Floats) -> Floats:
    """Return columns of mean 0 and variance 1; missing values are 0 and have their own column."""
    missing = np.isnan(numbers)
    lacking = missing.any(axis=0)
    filled = np.where(missing, np.nan_to_num(np.nanmean(numbers, axis=0)), numbers)
    filled = np.column_stack([filled, missing[:, lacking].astype(np.float64)])
    centred = filled - filled.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0))


def _ridge(X: Floats, x: Floats, wanted: Floats) -> Floats:
    centre, mean = X.mean(axis=0), x.mean()
    centred = X - centre
    slopes = np.linalg.solve(centred.T @ centred + np.eye(X.shape[1]), centred.T @ (x - mean))
    return np.asarray(mean + (wanted - centre) @ slopes)


def _leaves(own: Floats, others: Floats, repeats: int, generator: np.random.Generator) -> _Alike:
    """Swap values within leaves of a tree that was grown on the other half of the rows."""
    from sklearn.tree import DecisionTreeRegressor

    n = len(own)
    target = _standardised(own)
    half = generator.permutation(n) % 2
    strata = np.empty(n, dtype=np.intp)
    fewest = max(20, 2 * (repeats + 1))
    for side in (0, 1):
        tree = DecisionTreeRegressor(
            min_samples_leaf=fewest, max_leaf_nodes=64, random_state=0
        ).fit(others[half != side], target[half != side])
        strata[half == side] = _merged(
            _from_left(tree)[tree.apply(others[half == side])], fewest // 2
        )
        strata[half == side] += n * side
    strata = np.unique(strata, return_inverse=True)[1].astype(np.intp)
    counts = np.bincount(strata)
    means = np.column_stack([np.bincount(strata, column) / counts for column in target.T])
    spread = float(target.var(axis=0).sum())
    left = float(((target - means[strata]) ** 2).sum()) / max(n - len(counts), 1)
    explained = float("nan") if spread == 0 else float(np.clip(1 - left / spread, 0, 1))
    seated = circle(n, repeats, generator, strata=strata)
    return _Alike(seated, seated.donors, explained)


def _from_left(tree: Any) -> Rows:
    """Return each node's place when a tree's leaves are counted from the left."""
    grown = tree.tree_
    place = np.zeros(grown.node_count, dtype=np.intp)
    open_nodes, seen = [0], 0
    while open_nodes:
        node = open_nodes.pop()
        if grown.children_left[node] < 0:
            place[node] = seen
            seen += 1
        else:
            open_nodes += [int(grown.children_right[node]), int(grown.children_left[node])]
    return place


def _merged(leaves: NDArray[Any], fewest: int) -> Rows:
    """Return leaves numbered from the left, small ones joined to the next."""
    _, numbered = np.unique(leaves, return_inverse=True)
    sizes = np.bincount(numbered)
    joined = np.empty(len(sizes), dtype=np.intp)
    current, rows = 0, 0
    for leaf, size in enumerate(sizes):
        joined[leaf] = current
        rows += size
        if rows >= fewest:
            current, rows = current + 1, 0
    if rows:  # what is left over at the right end
        joined[joined == current] = max(current - 1, 0)
    return joined[numbered].astype(np.intp)
