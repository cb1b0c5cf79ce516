"""What is asked of rows before they calibrate: kept apart from training, and a number of their own.

The u of randomised scores is a hash of the row as the model reads it, the seed and the purpose
(`alignlab.random.row_streams`). So a row has the same set whenever and beside whomever it is asked
about, and coverage needs no fresh randomness: a score may be any fixed function of row and label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.row_hashes import require_apart, row_hashes
from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.random import row_streams

__all__ = ["hashes_as_read", "require_unseen", "row_count", "row_uniforms"]


def row_count(X: Any) -> int:
    """Return how many rows there are."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def row_uniforms(X: Any, predictor: Predictor, seed: int) -> NDArray[np.float64]:
    """Return one number between 0 and 1 for each row, by what is in the row; shape (n,)."""
    hashes = hashes_as_read(X, predictor)
    return row_streams(seed, hashes, "conformal").uniform(1)[:, 0]


def hashes_as_read(X: Any, predictor: Predictor) -> NDArray[np.uint64]:
    """Return each row's hash, by the columns that the model reads; shape (n,)."""
    return row_hashes(predictor.selected(X))


def require_unseen(
    X: Any, predictor: Predictor, training: Any, *, what: str = "calibration"
) -> None:
    """Raise if rows are also training rows, where those are given or the model's file knows them.

    Parameters
    ----------
    X
        The rows.
    predictor
        The model; its `trained_on` is used where nothing is given.
    training
        The training rows, or their hashes by `row_hashes`; `None` if not given.
    what
        What the rows are for, for the error.

    Raises
    ------
    InputError
        If rows are shared.
    """
    known = predictor.trained_on
    if training is not None:
        hashed = isinstance(training, np.ndarray) and training.dtype == np.uint64
        known = training if hashed else hashes_as_read(training, predictor)
        if not len(known):
            raise InputError("training holds no row. Give the rows that the model was fitted on.")
    if known is not None:
        require_apart(hashes_as_read(X, predictor), known, what=what)
