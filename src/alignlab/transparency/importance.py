"""What a model goes by: how much worse its answers get when one feature tells it nothing.

The importance of a feature is the mean loss of rows that carry another row's value of it, minus
their loss as they are [breiman2001random, sec. 10; fisher2019all, eq. 3]:

    theta = E h(i, j),   h(i, j) = loss of row i with row j's value - loss of row i,   i != j.

Rows are put on one random circle and each receives from the 1st, ..., K-th row ahead, so that no
row keeps its own value (a plain permutation is biased by (n-1)/n) and every row gives and
receives K times. The interval allows for both roles and for the repeats at once: terms that share
a row, as receiver or as donor, are dependent, others not [hoeffding1948class; aronow2015cluster]:

    se^2 = sum_i (sum of the centred terms that row i is part of)^2 - sum of squared centred terms.

Assumes independent rows. The question answered is the marginal one: where features depend on each
other, shuffled rows leave the data [hooker2021unrestricted], and `explained` says how far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate, critical_value
from alignlab.predictors import Predictor
from alignlab.random import as_generator
from alignlab.transparency.dependence import explained_variance
from alignlab.transparency.features import features_of
from alignlab.transparency.swaps import Swaps, changes_of_loss, circle, row_losses_of, swaps_of

__all__ = [
    "FeatureImportance",
    "PermutationImportance",
    "affordable",
    "permutation_importance",
]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """How much one feature matters to a model.

    Attributes
    ----------
    name
        The column, or the name of a group of columns that were moved together.
    columns
        The columns moved.
    estimate
        The rise of the mean loss; its interval holds for all features at once.
    explained
        The share of the feature's variance that the other features predict linearly: near 1, a
        shuffled row is one that the data does not have. NaN where it could not be computed.
    donors
        "all" if every row was tried with every other row's value, "sampled" otherwise.
    """

    name: str
    columns: tuple[str, ...]
    estimate: Estimate
    explained: float
    donors: Literal["all", "sampled"]

    @property
    def matters(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.estimate.low > 0


@dataclass(frozen=True, slots=True)
class PermutationImportance:
    """The importance of every feature, the largest first.

    Attributes
    ----------
    features
        One a feature or group.
    loss
        What rises: "log loss", "error" or "squared error".
    baseline
        The mean loss on the rows as they are.
    rows
        The number of rows used.
    rows_given
        The number of rows given.
    repeats
        How many donors each row had where donors were sampled.
    level
        The level that the intervals hold at together.
    evaluations
        Rows that the model was asked for.
    """

    features: tuple[FeatureImportance, ...]
    loss: str
    baseline: float
    rows: int
    rows_given: int
    repeats: int
    level: float
    evaluations: int

    def __getitem__(self, name: str) -> FeatureImportance:
        """Return the feature or group of that name."""
        for each in self.features:
            if each.name == name:
                return each
        names = [each.name for each in self.features]
        raise InputError(f"There is no feature {name!r}.{nearest(name, names)}")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "loss": self.loss,
            "baseline": self.baseline,
            "rows": self.rows,
            "rows_given": self.rows_given,
            "repeats": self.repeats,
            "level": self.level,
            "evaluations": self.evaluations,
            "features": [
                {
                    "name": each.name,
                    "columns": list(each.columns),
                    "estimate": each.estimate.to_dict(),
                    "explained": each.explained,
                    "donors": each.donors,
                }
                for each in self.features
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one line a feature: name, value, low, high, matters, explained, columns."""
        return pd.DataFrame(
            [
                {
                    "feature": each.name,
                    "importance": each.estimate.value,
                    "low": each.estimate.low,
                    "high": each.estimate.high,
                    "matters": each.matters,
                    "explained": each.explained,
                    "columns": len(each.columns),
                }
                for each in self.features
            ]
        )

    def chart(self, *, most: int = 20) -> Chart:
        """Draw the `most` important features with their intervals."""
        lines = [
            {
                "feature": each.name,
                "value": each.estimate.value,
                "low": each.estimate.low,
                "high": each.estimate.high,
                "n": each.estimate.n,
                "quiet": not each.matters,
            }
            for each in self.features[:most]
        ]
        return interval_chart(
            "How much worse are the answers when a feature is shuffled?",
            lines,
            x=f"rise of the {self.loss}",
            y="feature",
            reference=0.0,
            reference_label="the feature does not matter",
            percent=self.loss == "error",
            quiet_label="not shown to matter",
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4g}".format))


def permutation_importance(
    predictor: Predictor,
    X: pd.DataFrame,
    outcomes: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    answers: ArrayLike | None = None,
    repeats: int = 5,
    max_rows: int = 10_000,
    groups: Mapping[str, Sequence[str]] | None = None,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
) -> PermutationImportance:
    """Measure how much a model's answers worsen when each feature is shuffled among rows.

    Use it to see what a given model relies on, on rows that it was not trained on. It says
    nothing of causes, and little of a feature that others can stand in for (see `explained`).

    Parameters
    ----------
    predictor
        The model.
    X
        n rows of features; never changed. Dtypes, categories and missing values reach the model
        as they are. Columns of 0 and 1 that spell out one feature (`race_a`, `race_b`, ... with
        exactly one 1 a row) are found and move together.
    outcomes
        What happened, shape (n,): class indices, or values for regression.
    weights
        Non-negative sample weights, shape (n,); they weigh receivers and donors alike.
    answers
        What the model answers for `X` as it is, where that is known already.
    repeats
        Donors for each row. With n·repeats evaluations to spend, more rows tell more than more
        repeats; see `affordable`. A feature with at most repeats + 1 values is tried with all.
    max_rows
        More rows than this are sampled down to it. Rows of weight 0 are left out.
    groups
        Further columns that move together, by name: `{"income": ["salary", "bonus"]}`.
    level
        The level at which all intervals hold together (Bonferroni).
    seed
        Decides the rows sampled and the circle.

    Returns
    -------
    PermutationImportance

    Raises
    ------
    InputError
        If there are fewer than 2 rows, lengths differ, or a group names unknown or shared columns.
    ModelError
        If the model fails on a shuffled row.

    References
    ----------
    [fisher2019all], [hoeffding1948class], [aronow2015cluster], [hooker2021unrestricted]

    Examples
    --------
    >>> X = pd.DataFrame({"used": [0.0, 1.0, 2.0, 3.0], "unused": [5.0, 1.0, 4.0, 0.0]})
    >>> model = Predictor(lambda rows: 2 * rows["used"], task="regression")
    >>> result = permutation_importance(model, X, [0.0, 2.0, 4.0, 6.0], repeats=3)
    >>> [(each.name, round(each.estimate.value, 2)) for each in result.features]
    [('used', 13.33), ('unused', 0.0)]
    """
    X, truth, shares, known = _at_the_door(predictor, X, outcomes, weights, answers, repeats)
    players = features_of(X, groups)
    given = len(X)
    asked = predictor.rows_evaluated
    generator = as_generator(seed, "permutation importance")
    kept = np.flatnonzero(shares > 0)
    if len(kept) > max_rows:
        kept = np.sort(generator.choice(kept, max_rows, replace=False))
    n = len(kept)
    if n < 2:
        raise InputError(f"There are {n} rows to use: a value is swapped between two or more.")
    X = X.take(kept).set_axis(pd.RangeIndex(n))
    truth, shares = truth[kept], shares[kept] / shares[kept].sum()
    known = None if known is None else known[kept]
    repeats = min(repeats, n - 1)
    before = predictor(X) if known is None else known
    base, loss = row_losses_of(predictor, before, truth)
    donors = circle(n, repeats, generator)

    plans = [swaps_of(name, columns, X, donors) for name, columns in players.items()]
    changes = changes_of_loss(predictor, X, truth, before, base, plans)
    comparisons = len(plans)
    measured = []
    for plan, change, explained in zip(
        plans, changes, explained_variance(X, [plan.columns for plan in plans]), strict=True
    ):
        value, error = (
            _from_all(plan, change, shares)
            if plan.complete
            else _from_sample(plan, change, shares, donors)
        )
        half = critical_value(level, comparisons=comparisons) * error
        estimate = Estimate(
            value, value - half, value + half, level, n, f"dyadic, {comparisons} at once"
        )
        measured.append(
            FeatureImportance(
                plan.name, plan.columns, estimate, explained, "all" if plan.complete else "sampled"
            )
        )
    # Ties keep the order of the columns, so that the result does not hang on a sort's whim.
    measured.sort(key=lambda each: -each.estimate.value)
    return PermutationImportance(
        features=tuple(measured),
        loss=loss,
        baseline=float(shares @ base),
        rows=n,
        rows_given=given,
        repeats=repeats,
        level=level,
        evaluations=predictor.rows_evaluated - asked,
    )


def affordable(
    rows: int, features: int, *, evaluations: int = 1_000_000, most_repeats: int = 10
) -> tuple[int, int]:
    """Return the `max_rows` and `repeats` that spend an allowance of evaluations best.

    With B = n·K evaluations a feature, the variance is (K Var(a + b) + Var(e)) / B, where a and b
    are a row's parts as receiver and as donor and e is the rest: rows before repeats.

    Parameters
    ----------
    rows
        The rows there are.
    features
        The features or groups to measure.
    evaluations
        How many rows the model may be asked for, at most.
    most_repeats
        More repeats than this gain nothing that the rows don't limit.

    Examples
    --------
    >>> affordable(48_842, 14)
    (48842, 1)
    >>> affordable(569, 30)
    (569, 10)
    >>> affordable(60_000, 784)
    (1275, 1)
    """
    each = evaluations // max(features, 1)
    max_rows = max(2, min(rows, each))
    return max_rows, max(1, min(most_repeats, each // max_rows))


def _at_the_door(
    predictor: Predictor,
    X: pd.DataFrame,
    outcomes: ArrayLike,
    weights: ArrayLike | None,
    answers: ArrayLike | None,
    repeats: int,
) -> tuple[pd.DataFrame, NDArray[Any], Floats, Floats | None]:
    if not isinstance(X, pd.DataFrame):
        raise InputError(f"X is a {type(X).__name__}; give a pandas data frame of features.")
    if X.columns.has_duplicates:
        twice = X.columns[X.columns.duplicated()][0]
        raise InputError(f"Two columns of X are named {twice!r}. Rename one.")
    if repeats < 1:
        raise InputError(f"repeats={repeats!r} is not a whole number from 1.")
    n = len(X)
    truth = np.asarray(outcomes)
    if predictor.task == "regression":
        truth = truth.astype(float)
    shares = np.ones(n) if weights is None else np.asarray(weights, float)
    known = None if answers is None else np.asarray(answers, float)
    for name, given in (("outcomes", truth), ("weights", shares), ("answers", known)):
        if given is not None and len(given) != n:
            raise InputError(f"There are {n} rows in X and {len(given)} {name}.")
    return X, truth, shares, known


def _from_sample(plan: Swaps, change: Floats, shares: Floats, donors: Rows) -> tuple[float, float]:
    """Return the mean change over sampled donors and its standard error."""
    n = len(plan.codes)
    wanted = np.arange(n) * plan.values + plan.codes[donors]
    found = np.minimum(np.searchsorted(plan.slots, wanted), len(plan.slots) - 1)
    terms = np.where(plan.codes[donors] == plan.codes, 0.0, change[found])
    weight = shares * shares[donors]
    weight /= weight.sum()
    value = float((weight * terms).sum())
    centred = weight * (terms - value)
    parts = centred.sum(axis=0)
    for giver, given in zip(donors, centred, strict=True):
        parts[giver] += given
    return value, _standard_error(parts, float((centred**2).sum()), shares)


def _from_all(plan: Swaps, change: Floats, shares: Floats) -> tuple[float, float]:
    """Return the mean change over all pairs of rows and its standard error."""
    n = len(plan.codes)
    flat = np.zeros(n * plan.values)
    flat[plan.slots] = change
    terms = flat.reshape(n, plan.values)
    mass = np.bincount(plan.codes, shares, plan.values)
    squares = np.bincount(plan.codes, shares**2, plan.values)
    pairs = 1 - float(shares @ shares)  # the weight of all pairs of two different rows
    as_receiver, as_donor = terms @ mass, (shares @ terms)[plan.codes]
    value = float(shares @ as_receiver) / pairs
    parts = shares * (as_receiver + as_donor - 2 * value * (1 - shares)) / pairs
    own = value**2 * float((shares**4).sum())  # a row paired with itself changes nothing
    squared = (float(shares**2 @ (terms - value) ** 2 @ squares) - own) / pairs**2
    return value, _standard_error(parts, squared, shares)


def _standard_error(parts: Floats, squared: float, shares: Floats) -> float:
    total = float(np.square(parts).sum())
    # A term has two rows and is counted at both. Where taking it off once leaves nothing, which
    # happens by chance on few rows, the larger sum is the safe one.
    variance = total - squared if total > squared else total
    effective = 1 / float(np.square(shares).sum())
    return float(np.sqrt(variance * effective / (effective - 1)))
