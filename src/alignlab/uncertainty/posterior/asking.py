"""How the methods of this room ask torch modules: rows as tensors in batches, softmax in float64.

p = softmax(z) for one logit a class and (1 - sigmoid(z), sigmoid(z)) for a single logit, as
everywhere in alignlab, computed in double precision so that a sure answer keeps its tail.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor, Task, as_predictor, rows_as_tensor

if TYPE_CHECKING:
    import torch

__all__ = [
    "class_probabilities",
    "logits_of",
    "module_predictor",
    "require_module",
    "tensor_batches",
]

Floats = NDArray[np.float64]

BATCH_NUMBERS = 2**22
"""Numbers of the rows in one batch; a row of unknown insides is not asked for one by one."""

MOST_ROWS = 4096
"""Rows in one batch: what a network makes of a row is often larger than the row."""


def module_predictor(
    model: Any,
    *,
    what: str,
    classes: Sequence[Hashable] | None = None,
    task: Task | None = None,
    features: Sequence[str] | None = None,
) -> Predictor:
    """Return the Predictor of a torch module, or say that `what` needs one.

    Raises
    ------
    InputError
        If there is no module behind the model.
    """
    predictor = as_predictor(model, classes=classes, task=task, features=features)
    if predictor.module is None:
        raise InputError(
            f"{what} works on torch modules, and {predictor.name!r} is a {predictor.kind}. Give "
            "the module, or for scikit-learn use bootstrap_predictive or forest_spread."
        )
    return predictor


def require_module(predictor: Predictor) -> torch.nn.Module:
    """Return the predictor's module, or say that there is none."""
    if predictor.module is None:
        raise InputError(f"{predictor.name!r} is a {predictor.kind} and holds no torch module.")
    return predictor.module


def tensor_batches(
    predictor: Predictor, X: Any, *, per_row: int = 1
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield the rows as tensors for the predictor's module, with where they stand.

    Parameters
    ----------
    predictor
        One with a module.
    X
        A data frame, of which the model's features are taken, an array or a tensor.
    per_row
        How many copies of a row's numbers are held at once, such as one for each stacked member.
    """
    if isinstance(X, pd.DataFrame) and predictor.features is not None:
        columns = predictor.columns_in(X.columns)
        missing = [name for name in columns if name not in X.columns]
        if missing:
            raise InputError(
                f"The model {predictor.name!r} reads the column {missing[0]!r}, which the data "
                "does not have."
            )
        X = X[columns]
    elif not hasattr(X, "shape"):
        X = np.asarray(X)
    n = int(X.shape[0])
    if n == 0:
        raise InputError("There are no rows in X. Give at least one.")
    numbers = max(1, int(np.prod(X.shape[1:], dtype=int))) * max(per_row, 1)
    step = predictor.batch_rows or max(1, min(MOST_ROWS, BATCH_NUMBERS // numbers))
    for start in range(0, n, step):
        at = slice(start, min(start + step, n))
        rows = X.iloc[at] if isinstance(X, pd.DataFrame) else X[at]
        yield at, rows_as_tensor(rows, require_module(predictor))


def logits_of(output: Any, rows: int, outputs: int | None, name: str) -> Floats:
    """Return a module's answers as (rows, K) in float64, or say what is wrong with them.

    Parameters
    ----------
    output
        What the module returned.
    rows
        How many rows it was given.
    outputs
        The columns expected; `None` for any number.
    name
        What errors call the module.
    """
    if not hasattr(output, "detach"):
        raise ModelError(
            f"{name} returned a {type(output).__name__} and not a tensor. Wrap it in a module that "
            "returns its logits alone."
        )
    answers = output.detach().double().cpu().numpy()
    answers = answers[:, None] if answers.ndim == 1 else answers
    if answers.ndim != 2 or len(answers) != rows or outputs not in (None, answers.shape[1]):
        wanted = "K" if outputs is None else outputs
        raise ModelError(
            f"{name} answered with shape {tuple(output.shape)} for {rows} rows; ({rows}, {wanted}) "
            "was expected."
        )
    if not np.isfinite(answers).all():
        row = int((~np.isfinite(answers)).any(axis=1).argmax())
        raise ModelError(f"{name} answered {answers[row].tolist()}: not finite numbers.")
    return np.asarray(answers, dtype=np.float64)


def class_probabilities(logits: Floats) -> Floats:
    """Return probabilities for logits (…, K), or for a single logit (…, 1) those of two classes.

    Examples
    --------
    >>> class_probabilities(np.zeros((1, 1)))
    array([[0.5, 0.5]])
    """
    if logits.shape[-1] == 1:
        return np.concatenate([special.expit(-logits), special.expit(logits)], axis=-1)
    return np.asarray(special.softmax(logits, axis=-1))
