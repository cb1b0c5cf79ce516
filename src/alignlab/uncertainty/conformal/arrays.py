"""Conformal sets and intervals from arrays alone: one sort, one comparison.

The same scores and ranks as everywhere (see `scores`, `ranks`), without a model, groups or names.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.uncertainty.conformal.ranks import Level, conformal_threshold, level_value
from alignlab.uncertainty.conformal.scores import ClassScore, class_scores
from alignlab.uncertainty.conformal.sets import PredictionIntervals, interval_ends

__all__ = ["conformal_intervals", "conformal_sets"]


def conformal_sets(
    calibration: ArrayLike,
    outcomes: ArrayLike,
    probabilities: ArrayLike,
    *,
    level: Level = 0.9,
    score: ClassScore = "lac",
    uniform: tuple[ArrayLike, ArrayLike] | None = None,
    penalty: float = 0.0,
    free_labels: int = 0,
) -> NDArray[np.bool_]:
    """Return sets of classes from arrays alone.

    Use it inside loops and simulations; `ConformalClassifier` looks after everything else.

    Parameters
    ----------
    calibration
        The model's probabilities on calibration rows, shape (n, n_classes).
    outcomes
        Their true classes as column numbers, shape (n,).
    probabilities
        On the rows to predict, shape (m, n_classes).
    level
        The coverage wanted.
    score, penalty, free_labels
        As of `class_scores`.
    uniform
        One number a calibration row and one a row to predict, for APS and RAPS.

    Returns
    -------
    ndarray
        Whether each class is in each set, shape (m, n_classes).

    Examples
    --------
    >>> said = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    >>> conformal_sets(said, [0, 0, 1, 1], [[0.95, 0.05], [0.5, 0.5]], level=0.8)
    array([[ True, False],
           [False, False]])
    """
    options: dict[str, Any] = {"score": score, "penalty": penalty, "free_labels": free_labels}
    draws = (None, None) if uniform is None else uniform
    true = np.asarray(outcomes)
    scores = class_scores(calibration, uniform=draws[0], **options)
    if true.shape != scores.shape[:1] or not (true == true.astype(np.intp)).all():
        raise InputError(f"outcomes has shape {true.shape}: give a column number a row.")
    if true.size and not (true.min() >= 0 and true.max() < scores.shape[1]):
        raise InputError(f"outcomes are column numbers from 0 to {scores.shape[1] - 1}.")
    own = scores[np.arange(len(true)), true.astype(np.intp, copy=False)]
    found = class_scores(probabilities, uniform=draws[1], **options)
    return np.asarray(found <= conformal_threshold(own, level))


def conformal_intervals(
    residuals: ArrayLike,
    prediction: ArrayLike,
    *,
    level: Level = 0.9,
    residual_spread: ArrayLike | None = None,
    spread: ArrayLike | None = None,
) -> PredictionIntervals:
    """Return intervals from arrays alone.

    Use it inside loops and simulations; `ConformalRegressor` looks after everything else.

    Parameters
    ----------
    residuals
        Value less prediction of the calibration rows, shape (n,).
    prediction
        Of the rows to predict, shape (m,).
    level
        The coverage wanted.
    residual_spread, spread
        How far off the model is on the calibration rows and on the rows to predict, above 0.

    Examples
    --------
    >>> made = conformal_intervals([-1, 2, 0.5, -3], [10.0, 20.0], level=0.6)
    >>> made.low, made.high
    (array([ 8., 18.]), array([12., 22.]))
    """
    scores = np.abs(np.asarray(residuals, dtype=np.float64))
    middle = np.asarray(prediction, dtype=np.float64)
    if (residual_spread is None) != (spread is None):
        raise InputError("residual_spread and spread belong together: give both or neither.")
    if residual_spread is None:
        cut, unit = conformal_threshold(scores, level), np.ones(())
    else:
        units = np.asarray(residual_spread, dtype=np.float64), np.asarray(spread, dtype=np.float64)
        if not all((each > 0).all() for each in units):
            raise InputError("A spread is not above 0. How far off a model is lies above 0.")
        cut, unit = conformal_threshold(scores / units[0], level), units[1]
    return PredictionIntervals(
        *interval_ends(middle, middle, cut, unit), middle, level_value(level)
    )
