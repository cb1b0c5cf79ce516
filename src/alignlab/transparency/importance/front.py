"""What a model goes by: how much worse its answers get when one feature tells it nothing.

The importance of a feature is the change of a measure when rows carry another row's value of it
[breiman2001random, sec. 10; fisher2019all, eq. 3]; for a mean loss,

    theta = E h(i, j),   h(i, j) = loss of row i with row j's value - loss of row i,   i != j.

Rows are put on one random circle and each receives from the 1st, ..., K-th row ahead, so that no
row keeps its own value (a plain permutation is biased by (n-1)/n) and every row gives and receives
K times (`swaps`). The interval allows for both roles and for the repeats at once (`pairs`).

Assumes independent rows. The marginal form shuffles among all rows; where features depend on each
other, its rows leave the data [hooker2021unrestricted], and `explained` says how far. The
conditional form swaps among rows that are alike in the other features (`conditional`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.intervals import critical_value
from alignlab.predictors import as_predictor
from alignlab.transparency.importance.answers import shuffled_answers
from alignlab.transparency.importance.metrics import MetricLike
from alignlab.transparency.importance.pooled import Direction
from alignlab.transparency.importance.results import Form, PermutationImportance

__all__ = ["affordable", "permutation_importance"]


def permutation_importance(
    model: Any,
    X: pd.DataFrame | NDArray[Any],
    y: ArrayLike | None = None,
    *,
    metric: MetricLike | None = None,
    direction: Direction | None = None,
    form: Form = "marginal",
    weights: ArrayLike | None = None,
    answers: ArrayLike | None = None,
    repeats: int = 5,
    max_rows: int = 10_000,
    groups: Mapping[str, Sequence[Any]] | None = None,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> PermutationImportance:
    """Measure how much a model's answers worsen when each feature is shuffled among rows.

    Use it to see what a given model relies on, on rows that it was not trained on. It says
    nothing of causes. In the marginal form it says little of a feature that others can stand in
    for (see `explained`); the conditional form says what only this feature tells the model.

    Parameters
    ----------
    model
        The model: a `Predictor`, or whatever `as_predictor` takes.
    X
        n rows of features, a data frame or an array; never changed. Dtypes, categories and missing
        values reach the model as they are. Columns of 0 and 1 that spell out one feature (`race_a`,
        `race_b`, ... with exactly one 1 a row) are found and move together.
    y
        What happened, shape (n,): labels as people write them, or values for regression. May be
        left out where the metric is a gap in answers or decisions.
    metric
        What may worsen. `None`: log loss, else error, else squared error. The name of a measure:
        "auc", "accuracy", "balanced_accuracy", "log_loss", "brier", or "r2", "mae", "rmse". A
        square table of utilities, one row a decision and one column an outcome: the expected
        utility of the model's decisions. `("gap", labels)` or a `Gap`: the gap between two groups,
        where importance is how much of it goes. A function of y and the answers (probabilities
        of shape (n, n_classes), or values): one number a row (a loss), or one number for all.
    direction
        For a function only: whether its value shows a "rise" (losses; default for one number a
        row) or a "fall" (scores) when answers worsen. Needed where it returns one number for all.
    form
        "marginal": values of any row. "conditional": of rows that are alike in the other features.
    weights
        Non-negative sample weights, shape (n,); they weigh receivers and donors alike.
    answers
        What the model answers for `X` as it is, where that is known already.
    repeats
        Donors for each row. With n·repeats evaluations to spend, more rows tell more than more
        repeats; see `affordable`. In the marginal form a feature with at most repeats + 1 values is
        tried with all.
    max_rows
        More rows than this are sampled down to it. Rows of weight 0 are left out.
    groups
        Further columns that move together, by name: `{"income": ["salary", "bonus"]}`.
    level
        The level at which all intervals hold together (Bonferroni).
    seed
        Decides the rows sampled and the circle.
    classes, task, features
        Passed to `as_predictor`.

    Returns
    -------
    PermutationImportance

    Raises
    ------
    InputError
        If there are fewer than 2 rows (100 for the conditional form), lengths differ, a label is
        none of the model's classes, a group names unknown or shared columns, or the metric does
        not fit.
    ModelError
        If the model fails on a shuffled row.

    References
    ----------
    [fisher2019all], [hoeffding1948class], [aronow2015cluster], [hooker2021unrestricted],
    [chamma2023statistically], [molnar2024model]

    Examples
    --------
    >>> X = pd.DataFrame({"used": [0.0, 1.0, 2.0, 3.0], "unused": [5.0, 1.0, 4.0, 0.0]})
    >>> result = permutation_importance(
    ...     lambda rows: 2 * rows["used"], X, [0.0, 2.0, 4.0, 6.0], repeats=3, task="regression"
    ... )
    >>> [(each.name, round(each.estimate.value, 2)) for each in result.features]
    [('used', 13.33), ('unused', 0.0)]
    """
    predictor = as_predictor(model, classes=classes, task=task, features=features)
    critical_value(level)  # says what is wrong with a level, before the model is asked
    asked = shuffled_answers(
        predictor,
        X,
        y,
        form=form,
        weights=weights,
        answers=answers,
        repeats=repeats,
        max_rows=max_rows,
        groups=groups,
        seed=seed,
    )
    return asked.importance(metric, direction=direction, level=level)


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
