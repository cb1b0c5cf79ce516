"""How far a bagged prediction would move on other training data: the infinitesimal jackknife.

For B members t_b, of which member b saw row i N_bi times, with m of n rows drawn for each,

    V = sum_i C_i^2,   C_i = (1/B) sum_b (N_bi - m/n) (t_b - t)       [efron2014estimation]

estimates the sampling variance of their mean t, as B grows. With finite B every C_i carries noise,
and V too much of it by about sum_i var(N_i) var(t_b) / B, so that

    V_U = V - m (1 - 1/n) v / B,   v = (1/B) sum_b (t_b - t)^2          [wager2014confidence]

It may fall below 0: then B is too small to tell, and the result says so. V is computed from the
members' Gram matrix of counts, once for all predictions: O(B^2 (n + predictions)).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import critical_value
from alignlab.predictors import class_text
from alignlab.uncertainty.posterior.estimators import BootstrapMembers, as_forest, forest_spread

__all__ = ["BaggedVariance", "forest_variance", "infinitesimal_jackknife"]

Floats = NDArray[np.float64]

ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class BaggedVariance:
    """The sampling variance of bagged predictions.

    Attributes
    ----------
    value
        The predictions, shape (n,), or (n, n_classes) of probabilities.
    variance
        Bias-corrected, in the shape of `value`; below 0 where there are too few members to tell.
    plug_in
        Without the correction: too large.
    members
        B.
    classes
        The labels of the columns; empty for regression.
    """

    value: Floats
    variance: Floats
    plug_in: Floats
    members: int
    classes: tuple[Hashable, ...] = ()

    @property
    def standard_error(self) -> Floats:
        """The root of `variance`, NaN where that is below 0."""
        return np.sqrt(np.where(self.variance >= 0, self.variance, np.nan))

    @property
    def undecided(self) -> float:
        """The share of predictions whose variance is below 0: more members are needed."""
        return float((self.variance < 0).mean())

    def to_frame(self, *, level: float = 0.95) -> pd.DataFrame:
        """Return one row a row: the prediction, its standard error and normal limits.

        The limits are for the mean of such ensembles over training sets. They do not hold the
        ensemble's bias, nor an outcome's noise.
        """
        z = critical_value(level)
        error = self.standard_error
        parts = {"": (self.value, error)}
        if self.classes:
            parts = {
                f"p({class_text(name)})": (self.value[:, k], error[:, k])
                for k, name in enumerate(self.classes)
            }
        columns: dict[str, Floats] = {}
        for name, (value, spread) in parts.items():
            start = f"{name} " if name else ""
            columns[name or "prediction"] = value
            columns[f"{start}standard_error"] = spread
            columns[f"{start}low"] = value - z * spread
            columns[f"{start}high"] = value + z * spread
        return pd.DataFrame(columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "members": self.members,
            "classes": [class_text(name) for name in self.classes],
            "undecided": self.undecided,
            "rows": self.to_frame().to_dict("records"),
        }


def forest_variance(forest: Any, X: Any) -> BaggedVariance:
    """Return how far a forest's predictions would move on another training set of its size.

    Use it for an error bar of the prediction itself. The spread of the trees is no such thing: it
    is the variance of a single tree, two to five times as large. Trees that are grown until their
    leaves are pure lean on single rows, which the jackknife, a derivative, does not follow: it then
    gave 0.6 of the true variance, and 0.97 with 20 rows a leaf. About as many trees as training
    rows are needed; `undecided` tells when there are too few.

    Parameters
    ----------
    forest
        A fitted RandomForest or ExtraTrees with `bootstrap=True`, or a pipeline that ends in one.
        The rows that each tree saw are known from its seed; nothing is fitted.
    X
        n rows.

    Raises
    ------
    InputError
        If the trees saw all rows each, or rows were drawn by sample weights.

    References
    ----------
    [wager2014confidence], [efron2014estimation]

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(60, 1))
    >>> forest = RandomForestRegressor(200, min_samples_leaf=5, random_state=0)
    >>> found = forest_variance(forest.fit(x, x[:, 0] + generator.normal(size=60)), x[:5])
    >>> bool((found.variance < forest_spread(forest, x[:5]).epistemic).all())
    True
    """
    trees, rows, classes = as_forest(forest, X)
    if not trees.bootstrap:
        raise InputError(
            f"The trees of this {type(trees).__name__} saw all rows each (bootstrap=False): how "
            "they differ says nothing of other data. Fit it with bootstrap=True."
        )
    if getattr(trees, "_sample_weight", None) is not None:
        raise InputError(
            "The forest's rows were drawn by sample weights, for which the jackknife does not hold."
        )
    n = int(trees._n_samples)
    counts = np.stack([np.bincount(seen, minlength=n) for seen in trees.estimators_samples_])
    bare = forest_spread(trees, rows)
    variance, plug_in = infinitesimal_jackknife(counts, bare.samples)
    return BaggedVariance(bare.mean, variance, plug_in, len(counts), classes)


def infinitesimal_jackknife(
    counts: BootstrapMembers | ArrayLike, answers: ArrayLike
) -> tuple[Floats, Floats]:
    """Return the sampling variance of a bagged mean, bias-corrected and as it is plugged in.

    Parameters
    ----------
    counts
        How often each member saw each training row, shape (B, n); equal sums.
    answers
        What each member answers, shape (B, …).

    Returns
    -------
    tuple of numpy.ndarray
        Corrected and plug-in, in the shape of one member's answers.

    Raises
    ------
    InputError
        If the shapes do not fit, or members saw different numbers of rows.

    Examples
    --------
    All 27 redraws of three numbers, and their means: the classical variance of a mean.

    >>> from itertools import product
    >>> y = np.array([1.0, 2.0, 6.0])
    >>> seen = [np.bincount(rows, minlength=3) for rows in product(range(3), repeat=3)]
    >>> _, plug_in = infinitesimal_jackknife(seen, np.array(seen) @ y / 3)
    >>> round(float(plug_in), 10) == round(float(np.sum((y - 3) ** 2) / 9), 10)
    True
    """
    table = np.asarray(counts.counts if isinstance(counts, BootstrapMembers) else counts)
    said = np.asarray(answers, dtype=np.float64)
    if table.ndim != 2 or len(said) != len(table) or len(table) < 2:
        raise InputError(
            f"counts have shape {table.shape} and answers {said.shape}; (members, rows) and "
            "(members, …) were expected, with at least two members."
        )
    drawn = table.sum(axis=1)
    if (drawn != drawn[0]).any():
        raise InputError("The members saw different numbers of rows, and equal ones are expected.")
    members, n = table.shape
    expected = drawn[0] / n
    gram = np.zeros((members, members))
    for start in range(0, n, ROWS_AT_ONCE):
        part = table[:, start : start + ROWS_AT_ONCE] - expected
        gram += part @ part.T
    flat = said.reshape(members, -1)
    away = flat - flat.mean(axis=0)
    plug_in = np.sum(away * (gram @ away), axis=0) / members**2
    noise = drawn[0] * (1 - 1 / n) * np.mean(away**2, axis=0) / members
    shape = said.shape[1:]
    return (plug_in - noise).reshape(shape), plug_in.reshape(shape)
