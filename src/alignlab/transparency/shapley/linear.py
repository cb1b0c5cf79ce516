"""Exact Shapley values of linear models, in closed form.

    answer = a + sum_j beta_j z_j(x),
    phi_p(x) = sum over the cells j of feature p of  beta_j (z_j(x) - mean of z_j(background))

[lundberg2017unified, corollary 1], for the interventional game and one feature a cell. The standard
error from having a sample of background rows is that of the mean: no other route gives it as
cheaply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors.linear_form import linear_form
from alignlab.transparency.outputs import Output
from alignlab.transparency.shapley.encoded import (
    MIXED,
    agreement,
    encoded_rows,
    rounding,
    route_of,
)
from alignlab.transparency.shapley.values import Game, ShapleyValues

__all__ = ["linear_values"]

Floats = NDArray[np.float64]


def linear_values(
    output: Output,
    X: Any,
    background: Any,
    players: Mapping[str, Sequence[Any]],
    *,
    game: Game = "interventional",
) -> ShapleyValues | None:
    """Return the exact Shapley values of a linear model, or `None`.

    Use it for whatever has scikit-learn's `coef_` and adds up: linear, ridge, lasso and robust
    regressions in values, logistic regression and discriminants of two classes in log odds, alone
    or behind a pipeline that works column by column. `shapley_values` tries it by itself.

    Parameters
    ----------
    output
        What is explained (`output_of`).
    X
        The n rows to explain: a data frame or an array.
    background
        The rows that features not known are taken from, of the same kind.
    players
        The columns of each feature (`players_of`).
    game
        "interventional", or "baseline" with one background row.

    Returns
    -------
    ShapleyValues or None
        `None` where the model is no such thing, where its preprocessing mixes features, or where
        the sum is not what the model answers: another route takes over.

    References
    ----------
    [lundberg2017unified]

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from alignlab.transparency.outputs import output_of
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> model = LinearRegression().fit(X, 3 * X[:, 0] - X[:, 1])
    >>> result = linear_values(output_of(model), X[3:], X, {"a": (0,), "b": (1,)})
    >>> result.values[0, :, 0].round(12)
    array([ 1.5, -0.5])
    """
    route = route_of(output) if game in ("interventional", "baseline") and len(X) else None
    slopes = _slopes(route.estimator, output) if route is not None else None
    if route is None or slopes is None:
        return None
    encoded = encoded_rows(route, X, background, players)
    if encoded is None or encoded.rows.shape[1] != len(slopes):
        return None
    if agreement(output, encoded.mixed @ slopes, encoded.asked) is None:
        return None
    behind = encoded.background
    center = behind.mean(axis=0)
    spread = behind - center
    m, (n, _) = len(behind), encoded.rows.shape
    values = np.zeros((n, len(players), slopes.shape[1]))
    errors = np.zeros((len(players), slopes.shape[1]))
    for player in range(len(players)):
        own = encoded.owner == player
        values[:, player] = (encoded.rows[:, own] - center[own]) @ slopes[own]
        if m > 1:
            variance = ((spread[:, own] @ slopes[own]) ** 2).sum(axis=0) / (m - 1)
            errors[player] = np.sqrt(variance / m)
    answers = output(X)
    base = output(background).mean(axis=0)
    allowed = rounding(output, answers)
    if (np.abs(answers - base - values.sum(axis=1)) > allowed + allowed.max()).any():
        return None
    return ShapleyValues(
        values=values,
        base=base,
        answers=answers,
        standard_errors=np.zeros_like(values),
        background_errors=np.broadcast_to(errors, values.shape).copy() if m > 1 else None,
        features=tuple(players),
        columns=tuple(tuple(columns) for columns in players.values()),
        outputs=output.names,
        rows=X,
        game=game,
        method="exact, linear",
        scale=output.scale,
        evaluations=MIXED + n + m,
        background_rows=m,
    )


def _slopes(estimator: Any, output: Output) -> Floats | None:
    """Return the coefficients of each output, shape (cells, outputs); `None` if there are none."""
    form = linear_form(estimator)
    if form is None or len(form.weights) != 1 or output.scale not in ("value", "log odds"):
        return None
    slopes = form.weights.T
    if output.scale == "value":
        return slopes
    return slopes * np.where(np.array(output.positions) == 1, 1.0, -1.0)
