"""A model with its probabilities mapped, of the kind that it was: the model itself is not touched.

A scikit-learn classifier stays one with `predict` and `predict_proba`, a torch module returns
logits, a function probabilities, a Predictor is a Predictor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError
from alignlab.predictors.adapt import as_predictor
from alignlab.predictors.functions import from_function
from alignlab.predictors.predictor import Predictor
from alignlab.predictors.probability_maps import (
    ProbabilityMap,
    log_probabilities,
    recalibrated_scores,
)

__all__ = ["RecalibratedClassifier", "RecalibratedFunction", "recalibrated"]

Floats = NDArray[np.float64]


def recalibrated(
    model: Any,
    probability_map: ProbabilityMap,
    *,
    keep_decisions: bool = True,
    classes: Sequence[Hashable] | None = None,
) -> Any:
    """Return a model of the same kind whose probabilities are mapped.

    Parameters
    ----------
    model
        A Predictor, a fitted classifier, a torch module that returns logits, or a function from
        rows to probabilities. It is held, not copied, and never changed.
    probability_map
        What is done to its log-probabilities.
    keep_decisions
        Whether every row's decision stays the model's; see
        `probability_maps.keeping_decisions`.
    classes
        The labels of a function's probabilities, in their order.

    Raises
    ------
    InputError
        If the model gives no probabilities, or decides by a rule of its own.

    Examples
    --------
    >>> from alignlab.predictors.probability_maps import Temperature
    >>> surer = recalibrated(lambda rows: rows[:, 0], Temperature(2.0), classes=["no", "yes"])
    >>> surer(np.array([[0.75]])).round(3)
    array([0.9])
    """
    if isinstance(model, Predictor):
        return _predictor(model, probability_map, keep_decisions)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        from alignlab.predictors.recalibrated_module import RecalibratedModule

        return RecalibratedModule(model, probability_map, keep_decisions=keep_decisions)
    if hasattr(model, "predict_proba") or hasattr(model, "predict"):
        require_probabilities(as_predictor(model, classes=classes))
        return RecalibratedClassifier(model, probability_map, keep_decisions=keep_decisions)
    return RecalibratedFunction(
        model, probability_map, tuple(as_predictor(model, classes=classes).classes), keep_decisions
    )


def require_probabilities(predictor: Predictor) -> None:
    """Raise unless a model gives probabilities by which it decides."""
    if predictor.task == "regression":
        raise InputError(
            f"The model {predictor.name!r} predicts a number, and only probabilities of classes "
            "can be recalibrated. For numbers, calibrate intervals (alignlab predict --intervals)."
        )
    if not predictor.probabilistic:
        raise InputError(
            f"The model {predictor.name!r} gives decisions and no probabilities, so there is "
            "nothing to recalibrate. Give a model with predict_proba."
        )
    if predictor.decision is not None:
        raise InputError(
            f"The model {predictor.name!r} decides by a threshold of its own, which would mean "
            "something else on other probabilities. Recalibrate the model inside "
            "(model.estimator_), and choose the threshold again."
        )


def _predictor(model: Predictor, probability_map: ProbabilityMap, keep: bool) -> Predictor:
    require_probabilities(model)
    module = model.module
    if module is not None:
        from alignlab.predictors.recalibrated_module import RecalibratedModule

        module = RecalibratedModule(module, probability_map, keep_decisions=keep)
    # Its parameters no longer give its probabilities, so it is no longer known by its estimator.
    return replace(
        model,
        answer=lambda rows: _mapped(model(rows), probability_map, keep),
        module=module,
        estimator=None,
        fingerprint="",
        kind=f"{model.kind}, recalibrated ({probability_map.name})",
    )


def _mapped(probabilities: Floats, probability_map: ProbabilityMap, keep: bool) -> Floats:
    scores = log_probabilities(probabilities)
    return np.exp(recalibrated_scores(probability_map, scores, keep_decisions=keep))


class RecalibratedClassifier:
    """A fitted classifier with its probabilities mapped; it is never fitted again.

    Attributes
    ----------
    estimator
        The classifier.
    probability_map
        What is done to its log-probabilities.
    keep_decisions
        Whether `predict` is the classifier's own.
    classes_
        The labels of the probability columns.
    """

    _estimator_type = "classifier"

    def __init__(
        self, estimator: Any, probability_map: ProbabilityMap, *, keep_decisions: bool
    ) -> None:
        self.estimator = estimator
        self.probability_map = probability_map
        self.keep_decisions = keep_decisions
        self.classes_ = estimator.classes_
        for name in ("n_features_in_", "feature_names_in_"):
            if (known := getattr(estimator, name, None)) is not None:
                setattr(self, name, known)

    def predict_proba(self, X: Any) -> Floats:
        """Return mapped probabilities, shape (n, n_classes)."""
        said = np.asarray(self.estimator.predict_proba(X), dtype=np.float64)
        return _mapped(said, self.probability_map, self.keep_decisions)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each row: the classifier's own where decisions are kept."""
        if self.keep_decisions:
            return np.asarray(self.estimator.predict(X))
        return np.asarray(self.classes_)[self.predict_proba(X).argmax(axis=1)]

    def fit(self, *_: Any, **__: Any) -> RecalibratedClassifier:
        """Refuse: the classifier is fitted, and the map belongs to it as it is."""
        raise ModelError(
            "A recalibrated classifier is not fitted again: fit its estimator, and recalibrate "
            "that on rows that it has not seen."
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Return True."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn wants to know of the classifier."""
        return self.estimator.__sklearn_tags__()


@dataclass(frozen=True, eq=False)
class RecalibratedFunction:
    """A function from rows to probabilities, with these mapped.

    Attributes
    ----------
    function
        Returns probabilities, shape (n, n_classes), or (n,) of the second of two classes.
    probability_map
        What is done to their logarithms.
    classes
        Their labels.
    keep_decisions
        Whether every row's largest stays the largest.
    """

    function: Callable[[Any], Any]
    probability_map: ProbabilityMap
    classes: tuple[Hashable, ...]
    keep_decisions: bool = True

    @property
    def __name__(self) -> str:
        """The function's name."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def __call__(self, rows: Any) -> Floats:
        """Return mapped probabilities in the shape of the function's."""
        raw = self.function(rows)
        n = len(raw)
        checked = replace(from_function(lambda _: raw, classes=self.classes), batch_rows=max(n, 1))
        mapped = _mapped(checked(np.zeros((n, 1))), self.probability_map, self.keep_decisions)
        shape = np.shape(raw)
        return mapped[:, 1].reshape(shape) if shape in ((n,), (n, 1)) else mapped
