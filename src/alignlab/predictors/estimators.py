"""A scikit-learn estimator, or anything with its methods, as a Predictor; it is never fitted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError, UnnamedClassesError, listed
from alignlab.predictors.labels import class_positions, class_text
from alignlab.predictors.predictor import Predictor, Task

__all__ = ["from_estimator"]

_THRESHOLD_CLASSIFIERS = ("FixedThresholdClassifier", "TunedThresholdClassifierCV")


def from_estimator(
    model: Any,
    *,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
) -> Predictor:
    """Return a Predictor that asks a fitted estimator.

    Parameters
    ----------
    model
        A fitted estimator or pipeline. `predict_proba` is asked where there is one, else
        `predict`, whose decisions become one-hot rows.
    task, classes, features
        Stated where the estimator does not say them itself.

    Raises
    ------
    InputError
        If it has several outputs, is not fitted, or is neither classifier nor regressor.
    """
    name = _name_of(model)
    known = _classes_of(model, name)
    task = task or _task_of(model, name, known)
    features = features if features is not None else getattr(model, "feature_names_in_", None)
    if features is not None and not all(isinstance(column, str) for column in features):
        features = None
    kind = "scikit-learn" if type(model).__module__.startswith("sklearn.") else "estimator"
    common: dict[str, Any] = {
        "task": task,
        "name": name,
        "kind": f"{kind} {type(model).__name__}",
        "features": None if features is None else tuple(features),
        "width": getattr(model, "n_features_in_", None),
        "estimator": model,
    }
    as_input = _input_of(model, name)
    if task == "regression":
        return Predictor(lambda rows: _one_output(model.predict(as_input(rows)), name), **common)
    labels = known if known is not None else classes
    if labels is None:
        raise UnnamedClassesError(
            f"{name} has no classes_: it is not fitted (alignlab never fits a model), or its "
            "classes must be named with --classes A,B,… (in Python: classes=[...])."
        )
    if classes is not None and known is not None:
        _require_same(classes, known, name)
    labels = tuple(labels)
    if hasattr(model, "predict_proba") and not _decides_on_other_scores(model):
        return Predictor(
            lambda rows: _one_output(model.predict_proba(as_input(rows)), name),
            classes=labels,
            decision=_decision_rule(model, labels),
            **common,
        )
    return Predictor(
        lambda rows: _one_hot(_one_output(model.predict(as_input(rows)), name), labels, name),
        classes=labels,
        probabilistic=False,
        **common,
    )


def _name_of(model: Any) -> str:
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps:
        return " + ".join(type(step).__name__ for _, step in steps if step != "passthrough")
    return type(model).__name__


def _classes_of(model: Any, name: str) -> tuple[Hashable, ...] | None:
    classes = getattr(model, "classes_", None)
    if classes is None:
        return None
    several = isinstance(classes, list) and any(isinstance(each, np.ndarray) for each in classes)
    if several or getattr(model, "multilabel_", False):
        raise InputError(_several_outputs(name))
    return tuple(np.asarray(classes).tolist())


def _task_of(model: Any, name: str, known: Sequence[Hashable] | None) -> Task:
    from sklearn.base import is_classifier, is_regressor

    if known is not None or hasattr(model, "predict_proba"):
        return "classification"
    if hasattr(model, "__sklearn_tags__"):
        if is_classifier(model):
            return "classification"
        if is_regressor(model):
            return "regression"
    raise InputError(
        f"{name} does not say whether it predicts a class or a number. "
        "State the task: --task classification (with --classes A,B,…) or --task regression."
    )


def _input_of(model: Any, name: str) -> Callable[[Any], Any]:
    """Return what turns rows into what the estimator was fitted on."""
    named = getattr(model, "feature_names_in_", None) is not None
    width = getattr(model, "n_features_in_", None)

    def as_input(rows: Any) -> Any:
        # Fitted on a matrix: a data frame would be matched by position, with a warning each time.
        if named or width is None or not isinstance(rows, pd.DataFrame):
            return rows
        if len(rows.columns) != width:
            raise InputError(
                f"{name} was fitted on {width} columns without names, and the data has "
                f"{len(rows.columns)}: {listed(rows.columns)}. Name the columns that it reads, in "
                "its order, with --features COL,… (in Python: features=[...])."
            )
        return np.ascontiguousarray(rows.to_numpy())

    return as_input


def _one_output(answers: Any, name: str) -> Any:
    shape = np.shape(answers) if not isinstance(answers, list) else (len(answers), 2, 2)
    if isinstance(answers, list) or len(shape) > 2:
        raise ModelError(_several_outputs(name))
    return answers


def _one_hot(answers: Any, classes: tuple[Hashable, ...], name: str) -> NDArray[np.float64]:
    decisions = np.asarray(answers)
    if decisions.ndim == 2 and decisions.shape[1] > 1:
        raise ModelError(_several_outputs(name))
    positions = class_positions(decisions.reshape(-1), classes, where=f"{name}'s decisions")
    return np.eye(len(classes))[positions]


def _several_outputs(name: str) -> str:
    return (
        f"{name} predicts several targets at once, and alignlab audits one. Give a function that "
        "returns one target's predictions."
    )


def _require_same(given: Sequence[Hashable], known: Sequence[Hashable], name: str) -> None:
    try:
        positions = class_positions(given, known)
    except InputError:
        positions = np.array([], dtype=np.intp)
    if positions.tolist() != list(range(len(known))):
        raise InputError(
            f"The model's classes are {listed(map(class_text, known))}, in this order ({name}), "
            f"and not {listed(map(class_text, given))}. Leave the classes away: the model knows "
            "its own."
        )


def _decision_rule(
    model: Any, classes: tuple[Hashable, ...]
) -> Callable[[NDArray[np.float64]], NDArray[np.intp]] | None:
    """Return how the estimator decides where it does not take the most probable class.

    scikit-learn's threshold classifiers pass `predict_proba` through and decide by a threshold of
    their own: taking the most probable class would audit another model.
    """
    last = _deciding_step(model)
    if type(last).__name__ not in _THRESHOLD_CLASSIFIERS:
        return None
    threshold = getattr(last, "best_threshold_", getattr(last, "threshold", "auto"))
    cut = 0.5 if threshold == "auto" else float(threshold)
    positive = 1 if last.pos_label is None else int(class_positions([last.pos_label], classes)[0])

    def decide(answers: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.where(answers[:, positive] >= cut, positive, 1 - positive)

    return decide


def _decides_on_other_scores(model: Any) -> bool:
    last = _deciding_step(model)
    return (
        type(last).__name__ in _THRESHOLD_CLASSIFIERS
        and last.response_method == "decision_function"
    )


def _deciding_step(model: Any) -> Any:
    """Return what decides: the last step of a pipeline, the best estimator of a search."""
    inner = model
    while True:
        steps = getattr(inner, "steps", None)
        if isinstance(steps, list) and steps:
            inner = steps[-1][1]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        else:
            return inner
