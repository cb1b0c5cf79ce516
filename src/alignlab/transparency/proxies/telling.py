"""How well each feature alone, and all of them together, tell something of a row.

Every row is foretold from rows of other folds: by the shares among rows of the same value
(drawn towards the overall share p by 5 rows),

    P(class | value) = (n_class,value + 5 p_class) / (n_value + 5),

by a small tree where values hardly repeat, and by boosted trees from all features together. What
comes of it is measured as any answer is: the AUC (the mean over classes where there are more than
two, each against the rest) or R². Chance gives 0.5 or 0, on average a little less: folds that hold
more of a class leave fewer of it to learn from.

Assumes independent rows: two rows of one person in two folds tell of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.measures import Answers, measure
from alignlab.random import as_generator
from alignlab.transparency.importance.conditional import columns_of_numbers
from alignlab.transparency.importance.pooled import row_weights
from alignlab.transparency.pool import players_of, value_codes

__all__ = ["FEWEST_ROWS", "Telling", "predictability"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Table = pd.DataFrame | NDArray[Any]

FOLDS = 5

FEWEST_ROWS = 10
"""A class of fewer rows cannot be learned and tested."""

REPEATED = 20
"""Values held by so many rows on average are looked up; others are cut by a tree."""

PRIOR_ROWS = 5.0


@dataclass(frozen=True, slots=True)
class Telling:
    """How well features tell something.

    Attributes
    ----------
    features
        The AUC or R² of each feature alone; the intervals hold at once.
    together
        That of all features, or `None` where it was not asked for.
    measure
        "AUC" or "R²".
    chance
        What says nothing: 0.5 or 0.
    rows
        The rows used.
    """

    features: Mapping[str, Estimate]
    together: Estimate | None
    measure: str
    chance: float
    rows: int

    @property
    def best(self) -> str:
        """The name of the feature that tells most."""
        return max(self.features, key=lambda name: self.features[name].value)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "measure": self.measure,
            "rows": self.rows,
            "features": {name: each.to_dict() for name, each in self.features.items()},
            "together": None if self.together is None else self.together.to_dict(),
        }


def predictability(
    X: Table,
    target: ArrayLike,
    *,
    values: bool = False,
    features: bool = True,
    together: bool = True,
    weights: ArrayLike | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    max_rows: int = 10_000,
    level: float = 0.95,
    comparisons: int | None = None,
    seed: int | np.random.Generator = 0,
) -> Telling:
    """Measure how well features foretell something, on rows that were not learned from.

    Use it to find what gives a sensitive attribute, or an outcome, away. It finds what shares of
    rows and small trees find; a low number is no proof that nothing tells.

    Parameters
    ----------
    X
        n rows of features, a data frame or an array.
    target
        What is to be told, shape (n,): labels, or numbers where `values`.
    values
        Whether the target is a number, measured by R², and not a class, measured by the AUC.
    features, together
        Whether to measure each feature alone, and all of them together, which takes longest.
    weights
        Non-negative, shape (n,): they weigh the rows that are measured.
    groups
        Columns that belong together, by name.
    max_rows
        More rows than this are sampled down to it.
    level
        The level at which all features' intervals hold together.
    comparisons
        How many intervals hold at once; `None` is one a feature.
    seed
        Decides the sample and the folds.

    Raises
    ------
    InputError
        If lengths differ, a weight is negative, or fewer than two classes have `FEWEST_ROWS` rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sex = rng.integers(0, 2, 400)
    >>> X = pd.DataFrame({"height": rng.normal(170 + 12 * sex, 7), "shoe": rng.integers(36, 46, 400)})
    >>> told = predictability(X, sex, together=False)
    >>> told.best, round(told.features["height"].value, 1), told.features["shoe"].low < 0.5
    ('height', 0.9, True)
    """  # noqa: E501
    players = players_of(X, groups)
    n = len(X)
    labels = np.asarray(target)
    if len(labels) != n:
        raise InputError(f"There are {n} rows in X and {len(labels)} values of the target.")
    shares = row_weights(weights, n)
    generator = as_generator(seed, "predictability")
    kept = np.flatnonzero(shares > 0)
    if values:
        told: NDArray[Any] = labels.astype(np.float64)
    else:
        told, _ = pd.factorize(labels, use_na_sentinel=False)
        counts = np.bincount(told[kept], minlength=int(told.max()) + 1)
        kept = kept[counts[told[kept]] >= FEWEST_ROWS]
        if len(np.unique(told[kept])) < 2:
            raise InputError(
                f"Fewer than two classes have {FEWEST_ROWS} rows, so nothing can be told apart."
            )
    if len(kept) > max_rows:
        kept = np.sort(generator.choice(kept, max_rows, replace=False))
    if len(kept) < 2 * FEWEST_ROWS:
        raise InputError(f"There are {len(kept)} rows; {2 * FEWEST_ROWS} are needed to tell.")
    X = X.take(kept) if isinstance(X, pd.DataFrame) else X[kept]
    sought = _Sought.of(told[kept], values, shares[kept], generator)
    family = comparisons or len(players)
    alone = {
        name: sought.estimate(_from_one(X, columns, sought), level, family)
        for name, columns in players.items()
        if features
    }
    everything = (
        sought.estimate(_from_all(X, list(players.values()), sought), level, 1)
        if together
        else None
    )
    return Telling(alone, everything, "R²" if values else "AUC", 0.0 if values else 0.5, len(kept))


@dataclass(frozen=True, eq=False)
class _Sought:
    """What is to be told: its columns (a class each, or the value), folds and weights."""

    codes: NDArray[Any]
    columns: Floats
    fold: Rows
    weights: Floats
    values: bool

    @classmethod
    def of(
        cls, told: NDArray[Any], values: bool, weights: Floats, generator: np.random.Generator
    ) -> _Sought:
        n = len(told)
        if values:
            codes, columns = told, told[:, None]
        else:
            _, codes = np.unique(told, return_inverse=True)
            columns = np.eye(int(codes.max()) + 1)[codes]
        # Each class is dealt out evenly: folds of unlike shares tell of the rows left out.
        fold = np.empty(n, dtype=np.intp)
        order = np.lexsort((generator.random(n), np.zeros(n) if values else codes))
        fold[order] = np.arange(n) % FOLDS
        return cls(codes, columns, fold, weights, values)

    def estimate(self, said: Floats, level: float, comparisons: int) -> Estimate:
        if self.values:
            made = measure("r2", Answers(self.codes, said[:, 0], None, self.weights))
        else:
            made = measure("auc", Answers(self.codes, said.argmax(axis=1), said, self.weights))
        return made.estimate(level=level, comparisons=comparisons)


def _from_one(X: Table, columns: Sequence[Any], sought: _Sought) -> Floats:
    """Return what one feature says of every row, by the rows of other folds."""
    codes = value_codes(X, columns)
    distinct = int(codes.max()) + 1
    if distinct * REPEATED <= len(codes):
        return _looked_up(codes, distinct, sought)
    numbers = np.column_stack([columns_of_numbers(X, column) for column in columns])
    return _by_tree(numbers, sought)


def _looked_up(codes: Rows, distinct: int, sought: _Sought) -> Floats:
    place = sought.fold * distinct + codes
    size = FOLDS * distinct
    rows = np.bincount(place, minlength=size).reshape(FOLDS, distinct)
    said = np.empty_like(sought.columns)
    for at, column in enumerate(sought.columns.T):
        sums = np.bincount(place, column, size).reshape(FOLDS, distinct)
        others = sums.sum(axis=0) - sums
        left = rows.sum(axis=0) - rows
        overall = others.sum(axis=1, keepdims=True) / left.sum(axis=1, keepdims=True)
        said[:, at] = ((others + PRIOR_ROWS * overall) / (left + PRIOR_ROWS))[sought.fold, codes]
    return said


def _by_tree(numbers: Floats, sought: _Sought) -> Floats:
    from sklearn.tree import DecisionTreeRegressor

    said = np.empty_like(sought.columns)
    for left in range(FOLDS):
        rest = sought.fold == left
        fit = ~rest
        # The mean squared error of 0 and 1 splits as the Gini index does, for any targets at once.
        tree = DecisionTreeRegressor(
            min_samples_leaf=max(5, int(fit.sum()) // 100), max_leaf_nodes=16, random_state=0
        ).fit(numbers[fit], sought.columns[fit])
        said[rest] = tree.predict(numbers[rest]).reshape(int(rest.sum()), -1)
    return said


def _from_all(X: Table, players: Sequence[Sequence[Any]], sought: _Sought) -> Floats:
    """Return what all features together say of every row, by boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    numbers, categorical = _ordinal(X, [column for columns in players for column in columns])
    kind = HistGradientBoostingRegressor if sought.values else HistGradientBoostingClassifier
    said = np.empty_like(sought.columns)
    for left in range(FOLDS):
        rest = sought.fold == left
        model = kind(
            max_iter=50, max_leaf_nodes=15, early_stopping=False, random_state=0,
            categorical_features=categorical,
        ).fit(numbers[~rest], sought.codes[~rest])  # fmt: skip
        if sought.values:
            said[rest, 0] = model.predict(numbers[rest])
        else:
            said[rest] = model.predict_proba(numbers[rest])
    return said


def _ordinal(X: Table, columns: Sequence[Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return every column as numbers, and which of them number the values of a category."""
    most = 250  # values that boosted trees take for a category; rarer ones are one
    made, categorical = [], []
    for column in columns:
        values: Any = (
            X[column] if isinstance(X, pd.DataFrame) else pd.Series(X[:, column]).infer_objects()
        )
        is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        categorical.append(not is_number)
        if is_number:
            made.append(values.to_numpy(np.float64, na_value=np.nan))
            continue
        codes, levels = pd.factorize(values, use_na_sentinel=False)
        rank = np.empty(len(levels))
        rank[np.argsort(-np.bincount(codes, minlength=len(levels)), kind="stable")] = np.arange(
            len(levels)
        )
        made.append(np.minimum(rank[codes], most))
    return np.column_stack(made), np.array(categorical)
