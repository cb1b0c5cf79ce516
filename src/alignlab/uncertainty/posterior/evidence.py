"""Prior precision and noise where the evidence of a Laplace approximation peaks: one root each.

With eigenvalues h_j of the likelihood's curvature in weights w, the evidence's slope in the prior
precision d vanishes where

    d |w|^2 = g(d) = sum_j h_j / (d + h_j)                                   [mackay1992evidence]

The left side grows in d and the right side falls: there is one root. For regression with n rows,
squared error E, and h_j at noise variance 1, the noise has precision s = (n - g) / E and the root
is in r = d / s:  r (n - g(r)) |w|^2 = g(r) E, of which again one side grows and one falls.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.curvature import Curvature

__all__ = ["determined", "peak_precision", "regression_peak"]


def determined(curvature: Curvature, precision: float) -> float:
    """Return how many weights the data determine under a prior: g(d)."""
    return float(np.sum(curvature.eigenvalues / (curvature.eigenvalues + precision)))


def peak_precision(curvature: Curvature, size: float) -> float:
    """Return the prior precision d at which d |w|^2 = g(d).

    Parameters
    ----------
    curvature
        Of minus the log-likelihood.
    size
        |w|^2, above 0.
    """
    values = curvature.eigenvalues
    total, largest = float(values.sum()), float(values.max())
    if not largest > 0:
        raise InputError(
            "The training rows say nothing of the last layer: its curvature is 0, as where every "
            "answer is entirely sure. Give prior_precision=1.0, or a network that is less sure."
        )
    # g lies between that of the largest eigenvalue alone and sum(h) / d.
    low = 2 * largest / (largest * size + np.sqrt((largest * size) ** 2 + 4 * size * largest))
    high = np.sqrt(total / size)
    return _root(lambda d: d * size - determined(curvature, d), low, high)


def regression_peak(
    curvature: Curvature,
    size: float,
    rows: int,
    error: float,
    *,
    precision: float | None = None,
    noise: float | None = None,
) -> tuple[float, float]:
    """Return the prior precision and the noise variance at the peak, where they are not given.

    Parameters
    ----------
    curvature
        At noise variance 1.
    size
        The squared length of the weights.
    rows, error
        n, and the sum of squared errors.
    precision, noise
        What is known.
    """
    if noise is not None:
        return precision or peak_precision(curvature.scaled(1 / noise), size), noise
    if error == 0:
        raise InputError(
            "The module passes through every training outcome, so that no noise can be seen. Give "
            "noise_variance, such as the residuals' variance on held-out rows."
        )
    rough = rows / error
    if precision is not None:
        held = precision
        s = _root(lambda s: s * error + determined(curvature, held / s) - rows, rough / 2, rough)
        return held, 1 / s

    def past(ratio: float) -> float:
        known = determined(curvature, ratio)
        return ratio * (rows - known) * size - known * error

    start = error / (rows * size)
    ratio = _root(past, start, start)
    known = determined(curvature, ratio)
    return known / size, error / (rows - known)


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that goes from below 0 to above it crosses, near low to high."""
    for _ in range(400):
        if rising(low) <= 0:
            break
        low /= 4
    for _ in range(400):
        if rising(high) >= 0:
            break
        high *= 4
    found = optimize.brentq(
        lambda log: rising(float(np.exp(log))), np.log(low), np.log(high), xtol=1e-13, rtol=1e-14
    )
    return float(np.exp(found))
