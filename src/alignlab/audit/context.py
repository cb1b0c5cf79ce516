"""What every check is given: the rows, what happened, what the model said, what people want."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import Grouping, ImageData
from alignlab.measures import Answers
from alignlab.predictors import Predictor, Task
from alignlab.random import as_generator

if TYPE_CHECKING:
    from alignlab.oversight.items import Answered

__all__ = ["AuditContext"]


@dataclass(frozen=True, eq=False)
class AuditContext:
    """One model's answers on one table, and what people want of them.

    The predictions are asked for once, before the checks run, and shared among them.

    Attributes
    ----------
    task
        "classification" or "regression".
    classes
        The class labels as text, in the order of the probability columns; empty for regression.
    frame
        The whole table, n rows.
    features
        The columns that describe a row: those that the model reads or, where there are only
        predictions or the model reads images, all but the target, the weights and the predictions.
    predictor
        The model, which answers for any row; `None` where there are only predictions.
    outcomes
        What happened: class indices or values, shape (n,).
    decisions
        What the model decided: class indices or values, shape (n,).
    probabilities
        Shape (n, n_classes), or `None` where there are only decisions.
    groupings
        The groupings asked for; may be empty.
    control
        Groups are compared only within its levels; `None` compares all.
    favourable
        The index of the favourable class, or `None` if nobody has stated it.
    weights
        Sample weights (n,), or `None`.
    utilities
        Utility of deciding a class (row) when another is true (column), shape (n_classes,
        n_classes), or `None` if nobody has stated it.
    asking_cost
        The utility that asking a person costs, on the same scale.
    limits
        What the person stated: check name to value.
    level
        The level of all intervals.
    seed
        The root of all randomness.
    images
        What the model reads where the rows are images, n of them; else `None`.
    reference
        Other rows that are as they should be, to compare with: a table with the columns of
        `features`, or images of the same size; `None` if nobody gave any.
    review
        What people answered who reviewed this model's decisions, planted items included; `None` if
        nobody gave a review.
    """

    task: Task
    classes: tuple[str, ...]
    frame: pd.DataFrame
    features: pd.DataFrame
    predictor: Predictor | None
    outcomes: NDArray[np.generic]
    decisions: NDArray[np.generic]
    probabilities: NDArray[np.float64] | None = None
    groupings: tuple[Grouping, ...] = ()
    control: Grouping | None = None
    favourable: int | None = None
    weights: NDArray[np.float64] | None = None
    utilities: NDArray[np.float64] | None = None
    asking_cost: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    level: float = 0.95
    seed: int = 0
    images: ImageData | None = None
    reference: pd.DataFrame | ImageData | None = None
    review: tuple[Answered, ...] | None = None

    @cached_property
    def answers(self) -> Answers:
        """The outcomes, decisions, probabilities and weights, as measures take them."""
        return Answers(self.outcomes, self.decisions, self.probabilities, self.weights)

    @cached_property
    def predictions(self) -> NDArray[np.float64]:
        """What the model answered, as a `Predictor` returns it: decisions are one-hot."""
        if self.probabilities is not None:
            return self.probabilities
        if self.task == "regression":
            return self.decisions.astype(np.float64)
        return np.eye(len(self.classes))[self.decisions.astype(np.intp)]

    @property
    def outcome_labels(self) -> NDArray[Any]:
        """What happened, as the model's classes are written, or the values."""
        if self.task == "regression":
            return self.outcomes
        return np.array(self.classes, dtype=object)[self.outcomes.astype(np.intp)]

    @property
    def explained_class(self) -> str | None:
        """The class whose probability is explained; `None` for regression.

        The favourable one where it is stated, else the second of two, or the most often decided.
        """
        if self.task == "regression":
            return None
        if self.favourable is not None:
            return self.classes[self.favourable]
        if len(self.classes) == 2:
            return self.classes[1]
        counts = np.bincount(self.decisions.astype(np.intp), minlength=len(self.classes))
        return self.classes[int(counts.argmax())]

    @property
    def favourable_label(self) -> str:
        """The favourable class as text; empty if nobody has stated it."""
        return "" if self.favourable is None else self.classes[self.favourable]

    def generator(self, purpose: str) -> np.random.Generator:
        """Return a generator of its own for each purpose, whatever else runs."""
        return as_generator(self.seed, purpose)
