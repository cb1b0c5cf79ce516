"""A number of each row's own, and how many rows there are.

The u of randomised scores is a hash of the row as the model reads it, the seed and the purpose
(`alignlab.random.row_streams`). So a row has the same set whenever and beside whomever it is asked
about, and coverage needs no fresh randomness: a score may be any fixed function of row and label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors import Predictor
from alignlab.random import row_streams
from alignlab.uncertainty.calibration.unseen import hashes_as_read

__all__ = ["row_count", "row_uniforms"]


def row_count(X: Any) -> int:
    """Return how many rows there are."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def row_uniforms(X: Any, predictor: Predictor, seed: int) -> NDArray[np.float64]:
    """Return one number between 0 and 1 for each row, by what is in the row; shape (n,)."""
    return row_streams(seed, hashes_as_read(predictor, X), "conformal").uniform(1)[:, 0]
