"""How the methods of this room ask torch modules: rows as tensors, answers checked, the softmax.

p = softmax(z) for one logit a class and (1 - sigmoid(z), sigmoid(z)) for a single logit, in double
precision, so that a sure answer keeps its tail. A mean of logits is no logit of a mean: each
model's own softmax is taken, before any mean.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor, Task, as_predictor, rows_as_tensor

if TYPE_CHECKING:
    import torch

__all__ = [
    "as_outputs",
    "as_samples",
    "class_probabilities",
    "module_predictor",
    "require_module",
    "rows_for",
    "some_rows",
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
    if predictor.module is None and predictor.kind == "torch module":
        raise InputError(
            f"{what} asks a torch module, and the model {predictor.name!r} encodes its rows before "
            "its module sees them. Give the module and the encoded rows."
        )
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


def rows_for(predictor: Predictor, X: Any) -> Any:
    """Return the rows as the module is given them: the columns that it reads, in its order.

    Raises
    ------
    InputError
        If there are no rows, or a column that the model reads is missing.
    """
    rows = predictor.selected(X)
    if isinstance(rows, np.ndarray):  # torch takes no view that runs backwards
        rows = np.ascontiguousarray(rows)
    if len(rows) == 0:
        raise InputError("There are no rows in X. Give at least one.")
    return rows


def some_rows(rows: Any, which: Any) -> Any:
    """Return some of the rows of a data frame, an array or a tensor."""
    return rows.iloc[which] if isinstance(rows, pd.DataFrame) else rows[which]


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
    rows = rows_for(predictor, X)
    n = len(rows)
    numbers = max(1, int(np.prod(rows.shape[1:], dtype=int))) * max(per_row, 1)
    step = predictor.batch_rows or max(1, min(MOST_ROWS, BATCH_NUMBERS // numbers))
    for start in range(0, n, step):
        at = slice(start, min(start + step, n))
        yield at, rows_as_tensor(some_rows(rows, at), require_module(predictor))


def as_outputs(outputs: Any, predictor: Predictor, rows: int) -> Floats:
    """Return the outputs of several models for some rows, or say what is wrong with them.

    Parameters
    ----------
    outputs
        Logits, shape (passes, n, n_classes), or (passes, n, 1) or (passes, n) for two classes; or
        values, shape (passes, n) or (passes, n, 1).
    predictor
        Tells the task, the classes and the model's name.
    rows
        n.

    Returns
    -------
    numpy.ndarray
        Shape (passes, n, n_classes), or (passes, n, 1).

    Raises
    ------
    ModelError
        If the outputs have another shape, are not finite, or are probabilities already.
    """
    import torch

    name, classes = predictor.name, len(predictor.classes)
    if not isinstance(outputs, torch.Tensor):
        raise ModelError(
            f"The torch module {name} returned a {type(outputs).__name__} and not a tensor. Wrap "
            "it in a module that returns its logits alone."
        )
    single = (outputs.ndim == 2 or outputs.shape[2:] == (1,)) and classes in (0, 2)
    if outputs.shape[1:2] != (rows,) or not (
        single or (classes and outputs.shape[2:] == (classes,))
    ):
        wanted = f"{classes} logits a row were" if classes else "one value a row was"
        raise ModelError(
            f"The torch module {name} returned shape {tuple(outputs.shape[1:])} for {rows} rows; "
            f"{wanted} expected."
        )
    whole = outputs.detach().double()
    if not math.isfinite(whole.sum()):
        row = int((~torch.isfinite(whole)).flatten(2).any(2).any(0).nonzero()[0])
        raise ModelError(
            f"The torch module {name} returned numbers that are not finite, first on row {row} of "
            "those asked at once."
        )
    if classes and not single:
        _require_logits(whole.flatten(0, 1), name)
    return np.asarray(whole.reshape(*whole.shape[:2], -1).cpu().numpy(), dtype=np.float64)


def _require_logits(outputs: torch.Tensor, name: str) -> None:
    import torch

    if len(outputs) < 2 or outputs.min() < 0:
        return
    totals = outputs.sum(1)
    if bool(torch.isclose(totals, torch.ones_like(totals), atol=1e-5).all()):
        raise ModelError(
            f"The torch module {name} returned probabilities, and logits are expected: a second "
            "softmax would flatten them. Leave its last softmax out."
        )


def as_samples(outputs: Any, predictor: Predictor, rows: int) -> Floats:
    """Return outputs as samples of a `PosteriorPredictive`: (passes, n, n_classes) or (passes, n).

    Parameters and errors are those of `as_outputs`.
    """
    found = as_outputs(outputs, predictor, rows)
    return class_probabilities(found) if predictor.classes else found[:, :, 0]


def class_probabilities(logits: Floats) -> Floats:
    """Return probabilities for logits (…, K), or for a single logit (…, 1) those of two classes.

    Examples
    --------
    >>> class_probabilities(np.zeros((1, 1)))
    array([[0.5, 0.5]])
    """
    import torch

    z = torch.from_numpy(np.ascontiguousarray(logits))
    if z.shape[-1] == 1:
        found = torch.cat([torch.sigmoid(-z), torch.sigmoid(z)], dim=-1)
    else:  # numpy and torch.softmax take two and four times as long over so short an axis
        found = (z - z.amax(-1, keepdim=True)).exp_()
        found.div_(found.sum(-1, keepdim=True))
    return np.asarray(found.numpy(), dtype=np.float64)
