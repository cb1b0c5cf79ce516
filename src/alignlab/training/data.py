"""The rows that a module learns from: checked once, split once, and batched alike every time.

The order of the rows in an epoch depends on the seed and the epoch's number alone, so a training
that was stopped goes on with the batches that it would have had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed
from alignlab.predictors import class_positions, class_text, undisturbed
from alignlab.predictors.labels import sorted_classes
from alignlab.random import as_generator
from alignlab.training.objective import TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["as_training_data", "batches", "rows_of", "split_rows"]


def as_training_data(
    data: Any,
    *,
    columns: Mapping[str, Any] | pd.DataFrame | None = None,
    classes: Sequence[str] | None = None,
) -> TrainingData:
    """Return rows as training takes them.

    Parameters
    ----------
    data
        `TrainingData`, which is returned as it is; `ImageData`; or a pair (X, y) of n rows of
        numbers, shape (n, ...), and their n classes. Classes that are whole numbers from 0 are
        positions among the module's logits; others are put in order.
    columns
        What else is known of each row, by name, n values each; missing ones are allowed.
    classes
        The names of the classes, in the order of the module's logits.

    Returns
    -------
    TrainingData

    Raises
    ------
    InputError
        If there are no rows, a row holds what is not a finite number, there are fewer than two
        classes, or a class is out of range; the message names the row.

    Examples
    --------
    >>> data = as_training_data(([[0.0], [1.0]], ["no", "yes"]), columns={"sex": ["f", "m"]})
    >>> data.classes, data.levels
    (('no', 'yes'), {'sex': ('f', 'm')})
    """
    if isinstance(data, TrainingData):
        return _checked(data)
    if hasattr(data, "images") and hasattr(data, "labels"):
        known = data.columns if columns is None else columns
        return _from_pair(data.images, data.labels, known, classes or data.classes)
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise InputError(
            f"The data is a {type(data).__name__}. Give TrainingData, ImageData, or a pair (X, y)."
        )
    return _from_pair(data[0], data[1], columns, classes)


def rows_of(data: TrainingData, rows: Any) -> TrainingData:
    """Return some rows of the data, by their positions."""
    import torch

    at = torch.as_tensor(rows, device=data.y.device)
    return replace(
        data,
        x=data.x.index_select(0, at),
        y=data.y.index_select(0, at),
        columns={name: codes.index_select(0, at) for name, codes in data.columns.items()},
    )


def split_rows(
    y: Any, share: float, *, seed: int, purpose: str = "split"
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split rows in two, every class by the same share as far as whole rows allow.

    Parameters
    ----------
    y
        The classes of n rows.
    share
        Of all rows, how many go to the second part; between 0 and 1.
    seed, purpose
        Say which.

    Returns
    -------
    tuple of numpy.ndarray
        The positions of the rows in each part, ascending.

    Raises
    ------
    InputError
        If one part would be empty.

    Examples
    --------
    >>> first, second = split_rows([0] * 8 + [1] * 4, 0.25, seed=1)
    >>> len(second), int((second < 8).sum())
    (3, 2)
    """
    labels = np.asarray(y)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise InputError(f"A share of {share!r} of the rows is not between 0 and 1, such as 0.2.")
    n = len(labels)
    wanted = round(share * n)
    if wanted in (0, n):
        raise InputError(
            f"A share of {share:g} of {n} rows leaves no rows "
            f"{'to validate' if wanted == 0 else 'to train'} with. Give another share, or more "
            "rows."
        )
    rows = as_generator(seed, purpose).permutation(n)
    values, counts = np.unique(labels, return_counts=True)
    exact = counts * wanted / n
    taken = np.floor(exact).astype(int)
    rest = np.argsort(taken - exact, kind="stable")[: wanted - taken.sum()]
    taken[rest] += 1
    second = np.concatenate(
        [rows[labels[rows] == value][:count] for value, count in zip(values, taken, strict=True)]
    )
    return np.setdiff1d(rows, second), np.sort(second)


def batches(n: int, size: int, *, seed: int, epoch: int) -> Iterator[NDArray[np.intp]]:
    """Yield the positions of the rows of each batch of an epoch.

    A last batch of one row joins the one before it: neither a batch's statistics nor a gap between
    groups is known from one row.
    """
    order = as_generator(seed, "batches", str(epoch)).permutation(n)
    starts = list(range(0, n, size))
    if len(starts) > 1 and n - starts[-1] == 1 < size:
        starts.pop()
    for start, end in zip(starts, [*starts[1:], n], strict=True):
        yield order[start:end]


def batch_count(n: int, size: int) -> int:
    """Return how many batches an epoch has."""
    full, rest = divmod(n, size)
    return full + (rest > 0) - (rest == 1 < size and full > 0)


def require_fitting(module: torch.nn.Module, data: TrainingData) -> None:
    """Raise if the module does not answer the data's rows with a logit a class."""
    import torch

    with torch.no_grad(), undisturbed(module):
        try:
            logits = module(data.x[:2])
        except (RuntimeError, IndexError, ValueError) as error:
            raise InputError(
                f"The module {type(module).__name__} does not take rows of shape "
                f"{tuple(data.x.shape[1:])}: {str(error).splitlines()[0]}."
            ) from error
    if not isinstance(logits, torch.Tensor):
        raise InputError(
            f"The module {type(module).__name__} returns a {type(logits).__name__}, and logits "
            "are expected, one tensor."
        )
    rows = len(data.x[:2])
    outputs = 2 if logits.shape in ((rows,), (rows, 1)) else logits.shape[-1]
    if logits.ndim > 2 or len(logits) != rows:
        raise InputError(
            f"The module {type(module).__name__} answers {rows} rows with shape "
            f"{tuple(logits.shape)}; one logit a class is expected, {(rows, len(data.classes))}."
        )
    if outputs != len(data.classes):
        raise InputError(
            f"The module {type(module).__name__} returns {outputs} logits a row, and the data has "
            f"{len(data.classes)} classes ({listed(data.classes)}). Give the module one logit for "
            "each, or name all of its classes: as_training_data((X, y), classes=[…])."
        )


def _from_pair(
    X: Any, y: Any, columns: Mapping[str, Any] | pd.DataFrame | None, classes: Any
) -> TrainingData:
    import torch

    if isinstance(X, pd.DataFrame):
        wrong = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
        if wrong:
            raise InputError(
                f"Column {str(wrong[0])!r} holds {X[wrong[0]].dtype} and a module takes numbers. "
                "Encode it first."
            )
        X = X.to_numpy(dtype=np.float32, na_value=np.nan)
    if not isinstance(X, torch.Tensor):
        X = np.array(X)
        if X.dtype.kind not in "fiub":
            raise InputError(f"X holds {X.dtype}, and a module takes numbers. Encode it first.")
    x = torch.as_tensor(X)
    x = x if x.is_floating_point() else x.float()
    labels = y.cpu().numpy() if isinstance(y, torch.Tensor) else np.asarray(y)
    if labels.ndim != 1 or x.ndim < 2 or len(labels) != len(x):
        raise InputError(
            f"X has the shape {tuple(x.shape)} and y {labels.shape}; n rows of numbers and their n "
            "classes are expected."
        )
    if np.issubdtype(labels.dtype, np.integer):
        codes = labels.astype(np.int64)
        top = int(codes.max(initial=-1)) + 1
        names = tuple(map(class_text, classes)) if classes else tuple(map(str, range(top)))
    else:
        named = classes if classes else sorted_classes(pd.unique(pd.Series(labels)).tolist())
        names = tuple(class_text(name) for name in named)
        codes = class_positions(labels, names, where="y").astype(np.int64)
    coded = {str(name): _coded(values) for name, values in _items(columns)}
    return _checked(
        TrainingData(
            x,
            torch.as_tensor(codes, device=x.device),
            names,
            {name: torch.as_tensor(codes, device=x.device) for name, (codes, _) in coded.items()},
            {name: levels for name, (_, levels) in coded.items()},
        )
    )


def _items(columns: Mapping[str, Any] | pd.DataFrame | None) -> Any:
    return () if columns is None else columns.items()


def _coded(values: Any) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    given, distinct = pd.factorize(pd.Series(values).reset_index(drop=True))
    texts = [class_text(level) for level in sorted_classes(distinct.tolist())]
    positions = {text: position for position, text in enumerate(texts)}
    codes = np.array([*(positions[class_text(each)] for each in distinct), -1], dtype=np.int64)
    return codes[given], tuple(texts)


def _checked(data: TrainingData) -> TrainingData:
    import torch

    n = len(data.y)
    if n == 0:
        raise InputError("The data has no rows; there is nothing to learn from.")
    if not data.x.is_floating_point():
        raise InputError(f"x holds {data.x.dtype}; a module is trained on floats.")
    if len(data.x) != n:
        raise InputError(f"x has {len(data.x)} rows, and y has {n}.")
    finite = torch.isfinite(data.x).flatten(1).all(1)
    if not bool(finite.all()):
        row = int((~finite).nonzero()[0, 0])
        raise InputError(
            f"Row {row} holds what is not a finite number ({int((~finite).sum())} such rows). "
            "Drop such rows, or fill in what is missing."
        )
    outside = (data.y < 0) | (data.y >= len(data.classes))
    if bool(outside.any()):
        row = int(outside.nonzero()[0, 0])
        raise InputError(
            f"Row {row} has the class {int(data.y[row])}, and there are {len(data.classes)} "
            f"classes, 0 to {len(data.classes) - 1}. Count classes from 0, or name them all."
        )
    if len(data.classes) < 2 or int(data.y.min()) == int(data.y.max()):
        raise InputError(
            f"All {n} rows are of one class ({listed(data.classes)}); there is nothing to tell "
            "apart."
        )
    for name, codes in data.columns.items():
        if codes.shape != (n,):
            raise InputError(
                f"The column {name!r} has the shape {tuple(codes.shape)}; one value for each of "
                f"the {n} rows is expected."
            )
    return data
