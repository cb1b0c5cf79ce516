"""Several tests of "calibrated?" at once: which are off, with one chance of any false alarm.

Each statistic is a sum of squares, whose cube root is close to normal [wilson1931distribution]; in
standard units of its redraws it can be compared with the others'. Step by step from the largest,
p is the share of redraws in which the largest of those not yet judged is at least as large
[westfall1993resampling]. The redraws carry the statistics' dependence, and the smallest p is 1 over
the redraws however many tests there are, which Bonferroni's or Holm's correction is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["adjusted_p_values"]

Floats = NDArray[np.float64]


def adjusted_p_values(seen: Floats, redrawn: Floats) -> Floats:
    """Return p-values of which the smallest is below alpha by chance in a share alpha of samples.

    Parameters
    ----------
    seen
        Sums of squares, shape (n_tests,).
    redrawn
        The same under calibration, shape (redraws, n_tests).

    Returns
    -------
    numpy.ndarray
        Shape (n_tests,).

    Examples
    --------
    >>> redrawn = np.random.default_rng(0).chisquare(3, (999, 20))
    >>> adjusted_p_values(np.array([40.0, *[3.0] * 19]), redrawn).round(3)[:2].tolist()
    [0.001, 1.0]
    """
    # Redrawn sums of weights carry seven digits, and a tie counts against the model.
    root = np.cbrt(np.vstack([redrawn, seen * (1 - 1e-6)]))
    center, spread = root[:-1].mean(axis=0), root[:-1].std(axis=0)
    # Where nothing can vary, any error at all is beyond chance.
    certain = np.where(root > center + 1e-9, np.inf, -np.inf)
    moves = spread > 1e-12
    units = np.where(moves, (root - center) / np.where(moves, spread, 1.0), certain)
    order = np.argsort(-units[-1], kind="stable")
    largest = np.maximum.accumulate(units[:-1, order[::-1]], axis=1)[:, ::-1]
    stepwise = (1 + np.sum(largest >= units[-1, order], axis=0)) / (1 + len(redrawn))
    adjusted = np.empty(len(seen))
    adjusted[order] = np.maximum.accumulate(stepwise)
    return adjusted
