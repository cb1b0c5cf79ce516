"""Several models' outputs as samples: each model's own softmax, taken before any mean.

A mean of logits is no logit of a mean, so that the softmax (of one logit: the sigmoid) stands here,
once, in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import ModelError
from alignlab.predictors import Predictor

if TYPE_CHECKING:
    import torch

__all__ = ["as_samples"]


def as_samples(outputs: torch.Tensor, predictor: Predictor) -> NDArray[np.float64]:
    """Return outputs as samples of a `PosteriorPredictive`.

    Parameters
    ----------
    outputs
        Logits, shape (passes, n, n_classes), or (passes, n, 1) or (passes, n) for two classes; or
        values, shape (passes, n) or (passes, n, 1).
    predictor
        Tells the task, the classes and the model's name.

    Returns
    -------
    numpy.ndarray
        Probabilities, shape (passes, n, n_classes), or values, shape (passes, n).

    Raises
    ------
    ModelError
        If the outputs have another shape, are not finite, or are probabilities already.
    """
    import torch

    name = predictor.name
    if not isinstance(outputs, torch.Tensor):
        raise ModelError(
            f"The torch module {name} returned a {type(outputs).__name__} and not a tensor. Wrap "
            "it in a module that returns its logits alone."
        )
    whole = outputs.detach().double()
    single = whole.ndim == 2 or whole.shape[2:] == (1,)
    classes = len(predictor.classes)
    fits = single if predictor.task == "regression" else (single and classes == 2)
    if not fits and (predictor.task == "regression" or whole.shape[2:] != (classes,)):
        wanted = "one value a row" if predictor.task == "regression" else f"{classes} logits a row"
        raise ModelError(
            f"The torch module {name} returned shape {tuple(outputs.shape[1:])} for "
            f"{outputs.shape[1]} rows; {wanted} was expected."
        )
    if not bool(torch.isfinite(whole).all()):
        row = int((~torch.isfinite(whole)).flatten(2).any(2).any(0).nonzero()[0])
        raise ModelError(
            f"The torch module {name} returned numbers that are not finite, first on row {row} of "
            "those asked at once."
        )
    if single:
        values = whole.reshape(whole.shape[:2])
        if predictor.task == "regression":
            return _array(values)
        return _array(torch.stack([torch.sigmoid(-values), torch.sigmoid(values)], dim=2))
    _require_logits(whole, name)
    # torch.softmax over a last axis this short is four times slower.
    risen = (whole - whole.amax(2, keepdim=True)).exp_()
    return _array(risen.div_(risen.sum(2, keepdim=True)))


def _require_logits(outputs: torch.Tensor, name: str) -> None:
    import torch

    flat = outputs.flatten(0, 1)
    if len(flat) < 2 or not bool((flat >= 0).all()):
        return
    totals = flat.sum(1)
    if bool(torch.isclose(totals, torch.ones_like(totals), atol=1e-5).all()):
        raise ModelError(
            f"The torch module {name} returned probabilities, and logits are expected: a second "
            "softmax would flatten them. Leave its last softmax out."
        )


def _array(values: Any) -> NDArray[np.float64]:
    return np.asarray(values.cpu().numpy(), dtype=np.float64)
