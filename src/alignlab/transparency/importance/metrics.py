"""What may worsen when a feature is shuffled: any measure T of outcomes and answers.

A measure comes with its influence psi on every row, and two measures' influences with the interval
of their difference (`pairs`). So a mean loss, an AUC, an expected utility and a gap between groups
are one case, and only a function of which nothing is known is measured by leaving rows out.

    mean of a loss or utility        T = E l,                        psi = l - T
    gap between two groups           see `gaps`
    slope of answers on outcomes     T = E f' y' / E y'²,            psi = y' (f' - T y') / E y'²

with f' and y' centred [hampel1974influence]; the others stand in `alignlab.measures`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_choice
from alignlab.measures import (
    CLASSIFICATION_MEASURES,
    REGRESSION_MEASURES,
    Measured,
    measure,
    row_losses,
)
from alignlab.predictors import Predictor
from alignlab.transparency.importance.gaps import Gap, gap_of
from alignlab.transparency.importance.pooled import (
    Direction,
    Metric,
    Pooled,
    RowFunction,
    per_row,
)

__all__ = ["MetricLike", "metric_of", "skill_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

MetricLike = str | Metric | Gap | RowFunction | ArrayLike | tuple[str, Any]


def metric_of(
    metric: MetricLike | None, whole: Pooled, kept: Rows, given: int, direction: Direction | None
) -> Metric:
    """Return what a person asked for as a metric.

    Parameters
    ----------
    metric
        See `permutation_importance`.
    whole
        The rows as they are.
    kept
        Their positions among the rows given.
    given
        The number of rows given.
    direction
        What a function's value does when answers worsen.
    """
    if isinstance(metric, tuple) and len(metric) == 2 and isinstance(metric[0], str):
        require_choice(metric[0], ["gap"], what="metric")
        metric = Gap(metric[1])
    if metric is None:
        return Metric(row_losses(whole.answers)[1], "rise", _mean_loss)
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        return _named(metric, whole)
    if isinstance(metric, Gap):
        return gap_of(metric, whole, kept, given)[0]
    if callable(metric):
        return _function(metric, whole, direction)
    return _utility(metric, whole.predictor)


def skill_of(predictor: Predictor) -> Metric:
    """Return how far a model's answers keep outcomes apart: 0 without any skill.

    Of classes, the mean over k of E[p_k | k] - E[p_k | not k], which is Tjur's coefficient for two
    [tjur2009coefficients]; of values, the slope of answers on outcomes. It is linear in the
    answers: in a model that adds up, the features' shares add up to one, and a feature that breaks
    ties has the share of what it adds, where in an AUC it has that of whatever it orders.
    """
    compute = _slope if predictor.task == "regression" else _separation
    return Metric("separation of outcomes", "fall", compute, chance=0.0)


def _named(name: str, whole: Pooled) -> Metric:
    known = REGRESSION_MEASURES if whole.predictor.task == "regression" else CLASSIFICATION_MEASURES
    found = known[require_choice(name, known, what="metric")]
    if found.needs_probabilities and whole.answers.probabilities is None:
        raise InputError(
            f"metric={name!r} needs probabilities, and the model {whole.predictor.name!r} gives "
            "decisions only. Take metric='accuracy' or 'balanced_accuracy'."
        )
    chances = {"auc": 0.5, "r2": 0.0, "balanced_accuracy": 1 / max(len(whole.predictor.classes), 1)}
    return Metric(
        found.name,
        "fall" if found.better == "higher" else "rise",
        _of_answers(name),
        chance=chances.get(name),
    )


def _of_answers(name: str) -> Callable[[Pooled], Measured]:
    return lambda pooled: measure(name, pooled.answers)


def _mean(values: Floats, pooled: Pooled) -> Measured:
    value = float(pooled.shares @ values)
    return Measured(value, values - value, pooled.shares)


def _mean_loss(pooled: Pooled) -> Measured:
    return _mean(row_losses(pooled.answers)[0], pooled)


def _separation(pooled: Pooled) -> Measured:
    shares, outcomes = pooled.shares, pooled.answers.outcomes
    influence = np.zeros(len(shares))
    value, compared = 0.0, 0
    for k, said in enumerate(pooled.raw.T):
        members = outcomes == k
        mass = float(shares[members].sum())
        if not 0 < mass < 1:  # nobody, or everybody, is of this class
            continue
        compared += 1
        for side, part, sign in ((members, mass, 1.0), (~members, 1 - mass, -1.0)):
            mean = float(shares[side] @ said[side]) / part
            value += sign * mean
            influence[side] += sign * (said[side] - mean) / part
    compared = max(compared, 1)
    return Measured(value / compared, influence / compared, shares, (-1, 1))


def _slope(pooled: Pooled) -> Measured:
    shares, y = pooled.shares, pooled.answers.outcomes.astype(np.float64)
    y = y - shares @ y
    said = pooled.raw - shares @ pooled.raw
    spread = float(shares @ y**2)
    if spread == 0:  # nothing to keep apart
        return Measured(0.0, np.zeros(len(y)), shares)
    value = float(shares @ (said * y)) / spread
    return Measured(value, y * (said - value * y) / spread, shares)


def _utility(matrix: Any, predictor: Predictor) -> Metric:
    try:
        utilities = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        utilities = np.zeros(0)
    k = len(predictor.classes)
    if predictor.task == "regression" or utilities.shape != (k, k):
        raise InputError(
            f"metric={_short(matrix)} is neither the name of a measure nor a function nor a table "
            f"of utilities, which holds one number for each decision and each outcome"
            + (f": shape ({k}, {k})." if k else ", and the model decides nothing.")
        )
    if not np.isfinite(utilities).all():
        raise InputError("The utilities given as metric hold a number that is not finite.")
    return Metric(
        "expected utility",
        "fall",
        lambda pooled: _mean(
            utilities[pooled.answers.decisions, pooled.answers.outcomes.astype(np.intp)], pooled
        ),
    )


def _short(given: Any) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _function(function: RowFunction, whole: Pooled, direction: Direction | None) -> Metric:
    name = getattr(function, "__name__", "metric")
    name = "metric" if name == "<lambda>" else name.replace("_", " ")
    shape = np.shape(function(whole.labels, whole.raw))
    if shape == (len(whole.rows),):
        return Metric(
            name, direction or "rise", lambda pooled: _mean(per_row(function, pooled), pooled)
        )
    if shape != ():
        raise InputError(
            f"The metric {name!r} returned shape {shape} for {len(whole.rows)} rows. Return one "
            "number a row, or one number."
        )
    if direction is None:
        raise InputError(
            f"The metric {name!r} returns one number, and nothing says which way is worse. Give "
            "direction='rise' for a loss, direction='fall' for a score."
        )
    if (whole.weights != whole.weights[0]).any():
        raise InputError(
            f"The metric {name!r} is a function that knows no weights. Give one that returns one "
            "number a row, or the name of a measure."
        )
    return Metric(name, direction, function=function)
