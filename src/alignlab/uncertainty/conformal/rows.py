"""A number of each row's own, how many rows there are, and what models say of them.

The u of randomised scores is a hash of the row as the model reads it, the seed and the purpose
(`alignlab.random.row_streams`). So a row has the same set whenever and beside whomever it is asked
about, and coverage needs no fresh randomness: a score may be any fixed function of row and label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.random import row_streams
from alignlab.uncertainty.calibration.unseen import hashes_as_read

__all__ = ["answers_for", "row_count", "row_uniforms"]


def row_count(X: Any) -> int:
    """Return how many rows there are."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def row_uniforms(X: Any, predictor: Predictor, seed: int) -> NDArray[np.float64]:
    """Return one number between 0 and 1 for each row, by what is in the row; shape (n,)."""
    return row_streams(seed, hashes_as_read(predictor, X), "conformal").uniform(1)[:, 0]


def answers_for(predictors: Sequence[Predictor], X: Any, answers: Any) -> list[NDArray[np.float64]]:
    """Return what each model says of the rows: asked now, or as it was asked before."""
    if answers is None:
        return [each(X) for each in predictors]
    given = [answers] if len(predictors) == 1 else list(answers)
    if len(given) != len(predictors):
        raise InputError(
            f"answers holds those of {len(given)} models, and {len(predictors)} are asked. Give "
            "one array a model."
        )
    n = row_count(X)
    return [each._validated(one, n, 0) for each, one in zip(predictors, given, strict=True)]
