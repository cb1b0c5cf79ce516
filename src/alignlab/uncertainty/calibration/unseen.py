"""Whether a model has seen rows before: what is calibrated on training rows promises too much."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.row_hashes import require_apart, row_hashes
from alignlab.errors import InputError
from alignlab.predictors import Predictor

__all__ = ["hashes_as_read", "require_unseen", "seen_by"]

Hashes = NDArray[np.uint64]


def require_unseen(
    model: Predictor | None, X: Any, *, training: Any = None, what: str = "calibration"
) -> Hashes:
    """Raise if rows are also training rows, and return their hashes.

    Parameters
    ----------
    model
        Where it says what it was trained on (`trained_on`), that is looked up. `None` where only
        its answers are at hand.
    X
        n rows, as the model takes them, or their hashes.
    training
        Further rows that it was trained on, as it takes them, or their hashes: they are added to
        what the model says.
    what
        What the rows are for, for the error ("calibration", "threshold").

    Returns
    -------
    numpy.ndarray
        Shape (n,): the rows' hashes, for `Predictor.trained_on` of what is fitted on them.

    Raises
    ------
    InputError
        If rows are shared beyond what equal rows of different cases explain, see
        `alignlab.datasets.require_apart`; or if `training` holds no row.

    Examples
    --------
    >>> from alignlab.predictors import as_predictor
    >>> model = as_predictor(lambda X: X[:, 0], classes=["no", "yes"])
    >>> X = np.arange(8.0).reshape(4, 2) / 8
    >>> require_unseen(model, X[:2], training=X[2:]).shape
    (2,)
    """
    hashes = hashes_as_read(model, X)
    for others in (None if model is None else model.trained_on, seen_by(model, training)):
        if others is not None:
            require_apart(hashes, others, what=what)
    return hashes


def seen_by(model: Predictor | None, training: Any) -> Hashes | None:
    """Return the hashes of rows that a model was trained on; `None` if none are given."""
    if training is None:
        return None
    seen = hashes_as_read(model, training)
    if not len(seen):
        raise InputError("training holds no row. Give the rows that the model was fitted on.")
    return seen


def hashes_as_read(model: Predictor | None, X: Any) -> Hashes:
    """Return each row's hash, by the columns that the model reads; hashes stay; shape (n,)."""
    if isinstance(X, np.ndarray) and X.dtype == np.uint64 and X.ndim == 1:
        return X
    return row_hashes(X if model is None else model.selected(X))
