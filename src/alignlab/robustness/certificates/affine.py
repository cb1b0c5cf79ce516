"""Models whose scores are linear in the row, read as what they are.

    scores(x) = W (a∘x + c) + b,    a decision for the highest, the first of equals

The scaling a, c is that of scikit-learn's scalers before the model; a binary model with one score s
has the scores (0, s). What is not surely linear is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors import Predictor
from alignlab.predictors.linear_form import linear_form
from alignlab.robustness.certificates.sequential import layers_of

__all__ = ["Affine", "affine_of"]

Floats = NDArray[np.float64]

SCORERS = {
    "LinearSVC",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PassiveAggressiveClassifier",
    "Perceptron",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
}
"""The scikit-learn classifiers that decide by `coef_` and `intercept_`."""


@dataclass(frozen=True, eq=False)
class Affine:
    """Scores that are linear in the row.

    Attributes
    ----------
    weights
        W, shape (n_classes, d).
    intercept
        b, shape (n_classes,).
    scale, shift
        a and c, shape (d,).
    steps
        How many roundings the scaling adds to a score's sum.
    precisions
        What the model computes in beside the row's own precision: torch dtypes.
    """

    weights: Floats
    intercept: Floats
    scale: Floats
    shift: Floats
    steps: int = 0
    precisions: tuple[Any, ...] = ()

    @property
    def slopes(self) -> Floats:
        """What a score gains as a number of the row grows, shape (n_classes, d)."""
        return self.weights * self.scale

    def scores(self, rows: Floats) -> Floats:
        """Return the scores of rows (n, d), shape (n, n_classes)."""
        return (rows * self.scale + self.shift) @ self.weights.T + self.intercept

    def sizes(self, largest: Floats) -> Floats:
        """Return a bound on a score's sum of absolute terms, shape (n, n_classes).

        Parameters
        ----------
        largest
            The largest absolute value that each number of a row may have, shape (n, d).
        """
        moved = largest * np.abs(self.scale) + np.abs(self.shift)
        return moved @ np.abs(self.weights).T + np.abs(self.intercept)


def affine_of(predictor: Predictor) -> Affine | None:
    """Return the linear scores by which a model decides, or `None` if it is not surely linear.

    Read are scikit-learn's linear classifiers, alone or after scalers in a pipeline, and torch
    modules of one `Linear`, alone or with layers around it that do nothing when the module is
    evaluated. Not read is what turns several scores into probabilities one by one (a multiclass
    `SGDClassifier(loss="log_loss")`): those saturate at 1, and then the first class wins.
    """
    if predictor.task != "classification" or predictor.decision is not None:
        return None
    if predictor.module is not None:
        return _of_module(predictor.module)
    if predictor.estimator is not None:
        return _of_estimator(predictor.estimator, len(predictor.classes))
    return None


def _of_module(module: Any) -> Affine | None:
    import torch

    layers = layers_of(module) or []
    if layers and type(layers[0]) is torch.nn.Flatten:
        if (layers[0].start_dim, layers[0].end_dim) != (1, -1):
            return None
        layers = layers[1:]
    if [type(each) for each in layers] != [torch.nn.Linear]:
        return None
    (linear,) = layers
    weights = linear.weight.detach().double().cpu().numpy()
    bias = linear.bias
    intercept = np.zeros(len(weights)) if bias is None else bias.detach().double().cpu().numpy()
    width = weights.shape[1]
    return _with_two_scores(
        Affine(
            weights, intercept, np.ones(width), np.zeros(width), precisions=(linear.weight.dtype,)
        )
    )


def _of_estimator(model: Any, n_classes: int) -> Affine | None:
    scalers, last = _unpacked(model)
    if type(last).__name__ not in SCORERS or not _of_sklearn(last):
        return None
    if hasattr(last, "predict_proba") and n_classes > 2 and not _is_softmax(last):
        return None
    form = linear_form(last)
    if form is None:
        return None
    scale, shift = np.ones(form.weights.shape[1]), np.zeros(form.weights.shape[1])
    for scaler in scalers:
        factors = _factors(scaler)
        if factors is None:
            return None
        scale, shift = scale * factors[0], shift * factors[0] + factors[1]
    return _with_two_scores(
        Affine(form.weights, form.intercept, scale, shift, steps=4 * len(scalers))
    )


def _unpacked(model: Any) -> tuple[list[Any], Any]:
    """Return what stands before the model, without what does nothing, and the model."""
    before: list[Any] = []
    while True:
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif type(model).__name__ == "Pipeline" and _of_sklearn(model):
            steps = [step for _, step in model.steps]
            before += [step for step in steps[:-1] if step is not None and step != "passthrough"]
            model = steps[-1]
        else:
            return before, model


def _factors(scaler: Any) -> tuple[Any, Any] | None:
    """Return the scale and the shift of a scaler, or `None` if it is not known to be affine."""
    if not _of_sklearn(scaler) or getattr(scaler, "clip", False):
        return None
    name = type(scaler).__name__
    if name == "MinMaxScaler":
        return scaler.scale_, scaler.min_
    if name == "MaxAbsScaler":
        return 1 / scaler.scale_, 0.0
    if name == "StandardScaler":
        center = scaler.mean_ if scaler.with_mean else 0.0
        scale = scaler.scale_ if scaler.with_std else 1.0
    elif name == "RobustScaler":
        center = scaler.center_ if scaler.with_centering else 0.0
        scale = scaler.scale_ if scaler.with_scaling else 1.0
    else:
        return None
    return 1 / np.asarray(scale), -np.asarray(center) / np.asarray(scale)


def _is_softmax(model: Any) -> bool:
    if not type(model).__name__.startswith("LogisticRegression"):
        return False
    return getattr(model, "multi_class", None) != "ovr" and model.solver != "liblinear"


def _of_sklearn(model: Any) -> bool:
    return type(model).__module__.startswith("sklearn.")


def _with_two_scores(affine: Affine) -> Affine:
    """Return one score as that of the second of two classes, beside a score of 0."""
    if len(affine.weights) > 1:
        return affine
    return Affine(
        np.vstack([np.zeros_like(affine.weights), affine.weights]),
        np.array([0.0, affine.intercept[0]]),
        affine.scale,
        affine.shift,
        affine.steps,
        affine.precisions,
    )
