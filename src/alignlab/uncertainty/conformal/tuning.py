"""RAPS's two numbers, chosen for small sets on rows that will not calibrate.

Free labels are the conformal quantile of the true labels' places; the penalty is the one of five
whose sets, calibrated on these rows, are smallest on them [angelopoulos2021uncertainty, app. E].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.uncertainty.conformal.ranks import Level, conformal_threshold
from alignlab.uncertainty.conformal.scores import class_scores

__all__ = ["PENALTIES", "tuned_penalty"]

PENALTIES = (0.001, 0.01, 0.1, 0.2, 0.5)


def tuned_penalty(
    probabilities: NDArray[np.float64],
    outcomes: NDArray[np.intp],
    uniform: NDArray[np.float64] | None = None,
    *,
    level: Level = 0.9,
) -> tuple[float, int]:
    """Return the penalty and the free labels that make small sets on these rows.

    Parameters
    ----------
    probabilities
        Shape (n, n_classes).
    outcomes
        The true classes as column numbers, shape (n,).
    uniform
        One number a row, as of `class_scores`.
    level
        The level at which sets are to be small.

    Examples
    --------
    >>> said = np.array([[0.6, 0.3, 0.1]] * 30)
    >>> tuned_penalty(said, np.repeat([0, 1], [20, 10]), np.linspace(0.01, 0.99, 30))[1]
    2
    """
    n, width = probabilities.shape
    own = probabilities[np.arange(n), outcomes]
    place = (probabilities >= own[:, None]).sum(axis=1)
    free = int(min(conformal_threshold(place, level), width))

    def mean_size(penalty: float) -> float:
        scores = class_scores(
            probabilities, score="raps", uniform=uniform, penalty=penalty, free_labels=free
        )
        threshold = conformal_threshold(scores[np.arange(n), outcomes], level)
        return float((scores <= threshold).sum(axis=1).mean())

    return min(PENALTIES, key=mean_size), free
