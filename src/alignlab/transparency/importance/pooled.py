"""Answers to rows made from other rows, and what is measured of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.measures import Answers, Measured
from alignlab.predictors import Predictor

__all__ = ["Direction", "Metric", "Pooled", "RowFunction", "per_row", "row_weights"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
RowFunction = Callable[[Any, Any], Any]
Direction = Literal["rise", "fall"]


@dataclass(frozen=True, eq=False)
class Pooled:
    """Answers to many rows, each made from one of the n rows given.

    Attributes
    ----------
    predictor
        The model.
    outcomes
        What happened in the n rows: class indices or values; `None` where nobody said.
    labels
        The same as people write it.
    raw
        The model's answers, shape (m, n_classes) or (m,).
    rows
        Which of the n rows each is made from, shape (m,).
    weights
        Shape (m,).
    """

    predictor: Predictor
    outcomes: NDArray[Any] | None
    labels: NDArray[Any] | None
    raw: Floats
    rows: Rows
    weights: Floats

    @cached_property
    def shares(self) -> Floats:
        """The weights, scaled to sum to one."""
        return self.weights / self.weights.sum()

    @cached_property
    def answers(self) -> Answers:
        """Outcomes, decisions and probabilities, as measures take them."""
        scored = self.predictor.task == "classification" and self.predictor.probabilistic
        truth = np.zeros(1, dtype=np.intp) if self.outcomes is None else self.outcomes
        return Answers(
            truth[self.rows] if self.outcomes is not None else np.resize(truth, len(self.rows)),
            self.predictor.decide(self.raw),
            self.raw if scored else None,
            self.weights,
        )


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of answers, and which of its changes is meant.

    Attributes
    ----------
    name
        What it is called.
    direction
        Whether a feature matters by the measure's "rise" (a loss) or its "fall" (an AUC, a gap)
        when the feature is shuffled.
    compute
        From pooled answers to the value and its influences; `None` where there is a `function`.
    function
        From outcomes as people write them and answers to one number.
    chance
        The value that says nothing, of which shares are taken: 0.5 for the AUC, 0 for a gap.
    needs_outcomes
        Whether it cannot be computed without what happened.
    chosen_from
        From how many alike it was chosen by the rows measured: its own interval allows for them.
    """

    name: str
    direction: Direction
    compute: Callable[[Pooled], Measured] | None = None
    function: RowFunction | None = None
    chance: float | None = None
    needs_outcomes: bool = True
    chosen_from: int = 1


def per_row(function: RowFunction, pooled: Pooled) -> Floats:
    """Return what a function says of every row, held to its promise."""
    labels = None if pooled.labels is None else pooled.labels[pooled.rows]
    values = np.asarray(function(labels, pooled.raw), dtype=np.float64)
    if values.shape != (len(pooled.rows),) or not np.isfinite(values).all():
        raise InputError(
            f"The function of rows returned shape {values.shape} for {len(pooled.rows)} rows, or "
            "a number that is not finite. Return one finite number a row."
        )
    return values


def row_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Return the weight of each of n rows, finite and from 0."""
    try:
        given = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("The weights are not numbers. Give one number a row.") from None
    if given.ndim != 1:
        raise InputError(f"The weights have shape {given.shape}. Give one number a row.")
    if len(given) != n:
        raise InputError(f"There are {n} rows in X and {len(given)} weights.")
    wrong = ~np.isfinite(given) | (given < 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(f"The weight of row {row} is {given[row]:g}: give numbers from 0.")
    return given
