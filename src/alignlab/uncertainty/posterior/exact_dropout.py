"""One dropout before one linear layer: mean and covariance of the outputs without a single pass.

With inputs h, weights W, bias b and each input dropped with chance p and else divided by 1 - p,

    mean = W h + b,        cov = p / (1 - p)  W diag(h^2) W'

since the masks of different inputs are independent [wang2013fast, sec. 2]. Outputs are logits or
values; of probabilities only the passes of `mc_dropout` tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.predictors import Task, rows_as_tensor
from alignlab.uncertainty.posterior.asking import module_predictor, require_module, rows_for

__all__ = ["DropoutMoments", "dropout_moments", "linear_dropout_moments"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DropoutMoments:
    """The mean and the covariance of a network's outputs under dropout, exactly.

    Attributes
    ----------
    mean
        Shape (n, outputs): the network's answer in evaluation mode.
    covariance
        Shape (n, outputs, outputs).
    p
        The chance of being dropped.
    """

    mean: Floats
    covariance: Floats
    p: float

    @property
    def standard_deviation(self) -> Floats:
        """The standard deviation of each output, shape (n, outputs)."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "mean": self.mean.tolist(),
            "covariance": self.covariance.tolist(),
            "p": self.p,
        }


def linear_dropout_moments(
    hidden: Any, weight: Any, bias: Any = None, *, p: float
) -> DropoutMoments:
    """Return the moments of a linear layer's outputs when its inputs are dropped.

    Parameters
    ----------
    hidden
        The layer's inputs as they are before dropout, shape (n, inputs).
    weight
        Shape (outputs, inputs).
    bias
        Shape (outputs,); `None` for none.
    p
        The chance of being dropped, from 0 to below 1.

    Raises
    ------
    InputError
        If the shapes do not fit or `p` is out of range.

    References
    ----------
    [wang2013fast]

    Examples
    --------
    Of 1 and 2 each is kept, doubled, half of the time: the sum has mean 3 and variance 1 + 4.

    >>> moments = linear_dropout_moments([[1.0, 2.0]], [[1.0, 1.0]], p=0.5)
    >>> moments.mean, moments.covariance
    (array([[3.]]), array([[[5.]]]))
    """
    h, w = np.asarray(hidden, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    if h.ndim != 2 or w.ndim != 2 or h.shape[1] != w.shape[1]:
        raise InputError(
            f"hidden has shape {h.shape} and weight {w.shape}; (n, inputs) and (outputs, inputs) "
            "were expected."
        )
    if not 0 <= p < 1:
        raise InputError(f"p={p!r} is not a chance from 0 to below 1. Give such as 0.5.")
    shift = 0.0 if bias is None else np.asarray(bias, dtype=np.float64)
    squares = p / (1 - p) * h**2
    covariance = np.stack([(squares * row) @ w.T for row in w], axis=1)
    return DropoutMoments(h @ w.T + shift, covariance, float(p))


def dropout_moments(model: Any, X: Any) -> DropoutMoments:
    """Return the exact moments of the outputs of a network with one dropout before its last layer.

    Use it where the head is a dropout and one linear layer, and logits or values are what is
    wanted: it costs one pass. Where there is more dropout, or after the softmax, use `mc_dropout`.

    Parameters
    ----------
    model
        A `torch.nn.Module`, or a Predictor of one.
    X
        n rows: a data frame, an array or a tensor.

    Raises
    ------
    InputError
        If the module has no dropout, or another one than a single one straight before a linear
        layer that gives the output.

    References
    ----------
    [wang2013fast]

    Examples
    --------
    >>> import torch
    >>> head = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(2, 1, bias=False))
    >>> _ = torch.nn.init.ones_(head[1].weight)
    >>> dropout_moments(head, np.array([[1.0, 2.0]])).covariance
    array([[[5.]]])
    """
    import torch

    from alignlab.uncertainty.posterior import dropout_switch
    from alignlab.uncertainty.posterior.dropout_head import head_of

    # A module's outputs need no names here.
    task: Task | None = "regression" if isinstance(model, torch.nn.Module) else None
    predictor = module_predictor(model, what="dropout_moments", task=task)
    module = require_module(predictor)
    rows = rows_as_tensor(rows_for(predictor, X), module)
    with torch.no_grad(), dropout_switch.left_alone(module):
        plan = dropout_switch.find_dropout(module, rows[:2])
        with dropout_switch.dropping(plan.parts):
            hidden, weight, bias, p = head_of(module, rows, forced=plan.forced)
    arrays = [
        None if t is None else t.detach().double().cpu().numpy() for t in (hidden, weight, bias)
    ]
    return linear_dropout_moments(arrays[0], arrays[1], arrays[2], p=p)
