"""A plain function as a Predictor: rows in, probabilities or values out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import pandas as pd

from alignlab.errors import UnnamedClassesError
from alignlab.predictors.labels import class_text
from alignlab.predictors.predictor import Predictor, Task

__all__ = ["from_function"]


def from_function(
    function: Callable[[Any], Any],
    *,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
) -> Predictor:
    """Return a Predictor that calls a function.

    Parameters
    ----------
    function
        Takes a batch of rows. Returns values for regression; for classification probabilities,
        shape (n, n_classes), or (n,) or (n, 1) for the second of two classes, or a data frame
        whose columns are the classes.
    task, classes
        A function says neither: name the classes in the order of its probabilities, or
        `task="regression"`.
    features
        The columns that the function reads; `None` hands on all.

    Raises
    ------
    InputError
        If neither classes nor `task="regression"` is given.
    """
    name = getattr(function, "__name__", type(function).__name__)
    if task is None and classes is None:
        raise UnnamedClassesError(
            f"The function {name} does not say what it returns. Name classes=[...] in the order "
            "of its probabilities, or state task='regression'."
        )
    labels = () if task == "regression" else tuple(() if classes is None else classes)
    names = [class_text(label) for label in labels]

    def answer(rows: Any) -> Any:
        raw = function(rows)
        if isinstance(raw, pd.DataFrame) and set(map(class_text, raw.columns)) == set(names):
            return raw.set_axis([class_text(column) for column in raw.columns], axis=1)[names]
        return raw

    return Predictor(
        answer,
        "regression" if task == "regression" else "classification",
        classes=labels,
        name=name,
        features=None if features is None else tuple(features),
    )
