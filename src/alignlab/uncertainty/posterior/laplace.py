"""Laplace's approximation in the last layer: how well the data pin down the weights it ends in.

With H the curvature of minus the log-likelihood in those P weights w, and prior N(0, I / d),

    posterior    N(w, (H + d I)^-1)                                        [daxberger2021laplace]
    evidence     log p(y | w) - d |w|^2 / 2 + (P log d - log det(H + d I)) / 2

whose peak in d is one root of one variable (see `evidence`). Logits are then exactly normal; class
probabilities come from drawn weights, or without drawing from `gaussian_softmax`. Everything before
the last layer is taken as known.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.errors import InputError, require_choice
from alignlab.predictors import Predictor, Task, class_positions
from alignlab.random import as_generator
from alignlab.uncertainty.posterior.asking import class_probabilities, module_predictor
from alignlab.uncertainty.posterior.curvature import (
    Curvature,
    CurvatureSum,
    Structure,
    output_curvature,
)
from alignlab.uncertainty.posterior.evidence import determined, peak_precision, regression_peak
from alignlab.uncertainty.posterior.last_layer import last_layer
from alignlab.uncertainty.posterior.log_odds import gaussian_softmax
from alignlab.uncertainty.posterior.predictive import PosteriorPredictive

__all__ = ["GaussianOutputs", "LastLayerLaplace", "last_layer_laplace"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GaussianOutputs:
    """A normal distribution of the outputs (logits, or values) of each row.

    Attributes
    ----------
    mean
        What the module answers, shape (n, K).
    covariance
        Shape (n, K, K); epistemic alone.
    """

    mean: Floats
    covariance: Floats


@dataclass(frozen=True, eq=False)
class LastLayerLaplace:
    """A normal distribution over the weights of a module's last linear layer.

    Attributes
    ----------
    model
        The model, which is not changed.
    weights
        The layer's weights, the bias as the last column, shape (K, D): the distribution's centre.
    curvature
        That of minus the log-likelihood over the training rows.
    structure
        "full", "kronecker" or "diagonal".
    prior_precision
        1 / variance of the weights before the data.
    noise_variance
        Regression: the variance of an outcome; `None` for classification.
    log_evidence
        The log of the probability of the training outcomes: larger is better, for comparing
        structures, priors and networks on the same rows.
    effective_weights
        How many of the weights the data determine: the sum of h / (d + h) over the
        curvature's eigenvalues h.
    offset
        How far the weights are from the peak of this posterior, by one step of Newton, as a root
        mean square over weights in standard deviations. Much above 1, the centre is not where the
        approximation supposes it, for example after early stopping.
    evaluations
        Rows that the module was asked for.
    """

    model: Predictor
    weights: Floats
    curvature: Curvature = field(repr=False)
    structure: Structure
    prior_precision: float
    noise_variance: float | None
    log_evidence: float
    effective_weights: float
    offset: float
    evaluations: int

    def outputs(self, X: Any) -> GaussianOutputs:
        """Return the exact mean and covariance of each row's logits or value.

        Parameters
        ----------
        X
            n rows, as the model takes them.
        """
        inputs, mean = self._inputs(X)
        return GaussianOutputs(mean, self.curvature.output_covariance(inputs, self.prior_precision))

    def probabilities(self, X: Any) -> Floats:
        """Return class probabilities (n, n_classes) without sampling; see `gaussian_softmax`.

        Raises
        ------
        InputError
            If this is regression.
        """
        if not self.model.classes:
            raise InputError("probabilities are of classes, and this is regression. Use outputs.")
        found = self.outputs(X)
        return gaussian_softmax(found.mean, found.covariance)

    def predict(
        self, X: Any, *, passes: int = 100, seed: int | np.random.Generator = 0
    ) -> PosteriorPredictive:
        """Return what the posterior says of rows, by drawing the last layer's weights.

        Each draw is one layer for all rows. The rows go through the module once, whatever the
        number of draws.

        Parameters
        ----------
        X
            n rows, as the model takes them.
        passes
            How many layers are drawn.
        seed
            Seed or generator; the same seed draws the same layers.
        """
        if isinstance(passes, bool) or not isinstance(passes, int) or passes < 2:
            raise InputError(f"passes={passes!r} is not a whole number from 2. Give passes=100.")
        inputs, mean = self._inputs(X)
        normal = as_generator(seed, "last-layer Laplace").normal(size=(passes, *self.weights.shape))
        moves = self.curvature.draws(normal, self.prior_precision)
        outputs = mean + inputs @ moves.transpose(0, 2, 1)
        kind = f"{passes} draws of the last layer ({self.structure} Laplace)"
        if not self.model.classes:
            noise = np.full(len(mean), self.noise_variance)
            return PosteriorPredictive(
                outputs[:, :, 0], kind, noise_variance=noise, evaluations=len(mean)
            )
        return PosteriorPredictive(
            class_probabilities(outputs), kind, classes=self.model.classes, evaluations=len(mean)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values; the weights and the curvature are left out."""
        return {
            "model": self.model.name,
            "structure": self.structure,
            "weights": self.weights.size,
            "prior_precision": self.prior_precision,
            "noise_variance": self.noise_variance,
            "log_evidence": self.log_evidence,
            "effective_weights": self.effective_weights,
            "offset": self.offset,
            "evaluations": self.evaluations,
        }

    def _inputs(self, X: Any) -> tuple[Floats, Floats]:
        seen = list(last_layer(self.model, X))
        inputs = np.concatenate([batch.inputs for batch in seen])
        return inputs, np.concatenate([batch.outputs for batch in seen])


def last_layer_laplace(
    model: Any,
    X: Any,
    y: Sequence[Hashable] | Any,
    *,
    structure: Structure = "full",
    prior_precision: float | None = None,
    noise_variance: float | None = None,
    classes: Sequence[Hashable] | None = None,
    task: Task | None = None,
    features: Sequence[str] | None = None,
) -> LastLayerLaplace:
    """Return how well the training rows determine the last layer of a trained module.

    Use it to tell rows that are unlike the training data, at the price of one pass over it. It
    knows only what the layers before the last one show: where they map a strange row onto a known
    one, this sees nothing. An ensemble sees more and costs its members' training.

    Parameters
    ----------
    model
        A trained torch module, or a model that holds one, whose last operation is a linear layer.
        It is found by watching a pass, and the module is left as it was.
    X, y
        The rows and outcomes that the module was trained on: the posterior is theirs.
    structure
        Of the curvature: "full" is exact; "kronecker" where that is too large (above 4,000
        weights); "diagonal" neglects that weights move together.
    prior_precision
        1 / variance of each weight before the data; `None` takes the peak of the evidence.
    noise_variance
        Regression: the variance of an outcome; `None` takes the peak of the evidence.
    classes
        The labels in the order of the logits.
    task
        "regression" for a module that returns values.
    features
        The columns that the module reads, in its order.

    Returns
    -------
    LastLayerLaplace

    Raises
    ------
    InputError
        If the module does not end in a linear layer, or arguments do not fit.

    References
    ----------
    [daxberger2021laplace], [mackay1992evidence]

    Examples
    --------
    A line through four points: nothing was seen at 10.

    >>> import torch
    >>> line = torch.nn.Linear(1, 1).double()
    >>> _ = torch.nn.init.constant_(line.weight, 2.0), torch.nn.init.zeros_(line.bias)
    >>> x, y = np.array([[-1.0], [0.0], [1.0], [2.0]]), np.array([-2.1, 0.1, 2.1, 3.9])
    >>> fitted = last_layer_laplace(line, x, y, task="regression")
    >>> spread = fitted.outputs(np.array([[0.5], [10.0]])).covariance[:, 0, 0] ** 0.5
    >>> bool(spread[1] > 5 * spread[0])
    True
    """
    require_choice(structure, ["full", "kronecker", "diagonal"], what="structure")
    for name, value in (("prior_precision", prior_precision), ("noise_variance", noise_variance)):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise InputError(
                f"{name}={value!r} is not a number above 0. Leave it out, or give one."
            )
    predictor = module_predictor(
        model, what="last_layer_laplace", classes=classes, task=task, features=features
    )
    if noise_variance is not None and predictor.classes:
        raise InputError("noise_variance is for regression: class probabilities hold their own.")
    seen = _pass(predictor, X, y, structure)
    if seen.size == 0:
        raise InputError(
            "The last layer's weights are all 0: it is not trained, and says nothing of a prior."
        )
    if predictor.classes:
        precision = prior_precision or peak_precision(seen.curvature, seen.size)
        return _posterior(predictor, seen, precision, None)
    peak = regression_peak(
        seen.curvature,
        seen.size,
        seen.rows,
        seen.squared_error,
        precision=prior_precision,
        noise=noise_variance,
    )
    return _posterior(predictor, seen, *peak)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What one pass over the training rows shows of the last layer."""

    weights: Floats
    curvature: Curvature
    """Here and in `gradient`, regression is taken with noise variance 1."""

    structure: Structure
    gradient: Floats
    """Of the log-likelihood in the weights, shape (K, D)."""

    log_likelihood: float
    """0 for regression."""

    squared_error: float
    rows: int

    @property
    def size(self) -> float:
        """The weights' squared length."""
        return float(np.sum(self.weights**2))


def _pass(predictor: Predictor, X: Any, y: Any, structure: Structure) -> _Seen:
    outcomes = np.asarray(y)
    n = int(X.shape[0]) if hasattr(X, "shape") else len(X)
    if outcomes.shape != (n,):
        raise InputError(f"y has shape {outcomes.shape} and there are {n} rows. Give one a row.")
    if predictor.classes:
        targets = class_positions(outcomes, predictor.classes)
    else:
        targets = outcomes.astype(np.float64)
        if not np.isfinite(targets).all():
            row = int((~np.isfinite(targets)).argmax())
            raise InputError(f"y is {targets[row]} on row {row}: not a finite number.")
    log_likelihood, squared_error = 0.0, 0.0
    weights = np.zeros((0, 0))
    for batch in last_layer(predictor, X):
        outside, bend, told = _at_outputs(batch.outputs, targets[batch.at], len(predictor.classes))
        if weights.size == 0:
            weights = batch.matrix
            total, gradient = CurvatureSum(structure, *weights.shape), np.zeros(weights.shape)
        total.add(batch.inputs, bend)
        gradient += outside.T @ batch.inputs
        log_likelihood += told
        squared_error += float(np.sum(outside**2))
    return _Seen(
        weights=weights,
        curvature=total.curvature(),
        structure=structure,
        gradient=gradient,
        log_likelihood=log_likelihood,
        squared_error=squared_error,
        rows=n,
    )


def _at_outputs(
    outputs: Floats, targets: NDArray[Any], classes: int
) -> tuple[Floats, Floats, float]:
    """Return the log-likelihood's gradient and curvature in the outputs, and its sum."""
    n, width = outputs.shape
    if not classes:
        return targets[:, None] - outputs, np.ones((n, 1, 1)), 0.0
    probabilities = class_probabilities(outputs)
    happened = np.eye(classes)[targets]
    single = width == 1
    away = happened - probabilities
    if single:
        told = special.log_expit(np.where(targets == 1, outputs[:, 0], -outputs[:, 0])).sum()
    else:
        told = special.log_softmax(outputs, axis=1)[np.arange(n), targets].sum()
    return (
        away[:, 1:] if single else away,
        output_curvature(probabilities, single=single),
        float(told),
    )


def _posterior(
    predictor: Predictor, seen: _Seen, precision: float, noise: float | None
) -> LastLayerLaplace:
    curvature, told, gradient = seen.curvature, seen.log_likelihood, seen.gradient
    if noise is not None:
        curvature, gradient = curvature.scaled(1 / noise), gradient / noise
        told = -0.5 * (seen.rows * np.log(2 * np.pi * noise) + seen.squared_error / noise)
    values = curvature.eigenvalues
    evidence = told - precision * seen.size / 2 - np.log1p(values / precision).sum() / 2
    slope = curvature.rotated(gradient - precision * seen.weights)
    return LastLayerLaplace(
        model=predictor,
        weights=seen.weights,
        curvature=curvature,
        structure=seen.structure,
        prior_precision=precision,
        noise_variance=noise,
        log_evidence=float(evidence),
        effective_weights=determined(curvature, precision),
        offset=float(np.sqrt(np.mean(slope**2 / (values + precision)))),
        evaluations=seen.rows,
    )
