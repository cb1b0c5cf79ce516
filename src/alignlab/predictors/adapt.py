"""From whatever a person holds to a Predictor: one adapter a kind of model."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from alignlab.errors import InputError, require_choice
from alignlab.predictors.estimators import from_estimator
from alignlab.predictors.functions import from_function
from alignlab.predictors.modules import from_module
from alignlab.predictors.predictor import Predictor, Task

__all__ = ["as_predictor"]


def as_predictor(
    model: Any,
    *,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
    batch_rows: int | None = None,
    name: str | None = None,
) -> Predictor:
    """Return a Predictor that asks the model given, which is never fitted, cloned or changed.

    For a model in memory; `load_model` is for one in a file or behind an address.

    Parameters
    ----------
    model
        A Predictor (returned as it is, unless an option changes it); a fitted scikit-learn
        estimator or pipeline, or anything with its methods; a `torch.nn.Module` that returns
        logits; or a function from a data frame to probabilities or values.
    task
        "classification" or "regression", where the model does not say it.
    classes
        The labels of the probabilities, in their order; needed for modules and functions.
    features
        The columns that the model reads, in its order. `None` takes what the model was fitted
        on where it knows that, and all columns otherwise.
    batch_rows
        Rows in one call of the model; `None` fits them to memory.
    name
        What the report calls the model.

    Returns
    -------
    Predictor

    Raises
    ------
    InputError
        If the model cannot be asked, or does not say what its outputs mean.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> predictor = as_predictor(LogisticRegression(max_iter=1000).fit(X, y))
    >>> predictor(X[:5]).shape
    (5, 3)
    >>> predictor.kind, predictor.rows_evaluated
    ('scikit-learn LogisticRegression', 5)
    """
    if task is not None:
        require_choice(task, ["classification", "regression"], what="task")
    predictor = _adapted(model, task, classes, features, name)
    changes: dict[str, Any] = {}
    if batch_rows is not None:
        changes["batch_rows"] = batch_rows
    if name is not None:
        changes["name"] = name
    return replace(predictor, **changes) if changes else predictor


def _adapted(
    model: Any,
    task: Task | None,
    classes: Sequence[Hashable] | None,
    features: Sequence[str] | None,
    name: str | None,
) -> Predictor:
    options: dict[str, Any] = {"task": task, "classes": classes, "features": features}
    if isinstance(model, Predictor):
        stated = {key: value for key, value in options.items() if value is not None}
        return replace(model, **stated) if stated else model
    if isinstance(model, type):
        raise InputError(
            f"{model.__name__} is a class and not a model. Make an instance, fit it, and give that."
        )
    if isinstance(model, str):
        raise InputError(
            f"{model!r} is a text and not a model. Open it with load_model({model!r})."
        )
    # Nobody can hold a torch module without having imported torch.
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return from_module(model, **options)
    if hasattr(model, "predict_proba") or hasattr(model, "predict"):
        return from_estimator(model, **options)
    if callable(model):
        return from_function(model, **options)
    raise InputError(
        f"{name or 'The model'} is {_with_article(type(model).__name__)}, which cannot be "
        "asked for predictions. Give a fitted estimator, a torch module, or a function from rows "
        "to probabilities."
    )


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
