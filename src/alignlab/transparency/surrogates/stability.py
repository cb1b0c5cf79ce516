"""How likely a rerun is to rank the features alike.

A rerun with other samples has coefficients b' ~ N(b, V), where b are the true ones and V their
covariance, as this run's had. Seen from this run b' ~ N(b of this run, 2V), and

    stability = P( for each of the k features ranked first: no feature ranked below it
                   is larger in b' than it is, by more than the tolerance ),

by strength |coefficient| x spread. It is as often right as it says over true coefficients of any
size; features that are tied are the worst case: it says 0.70 in the mean where reruns agree in
half, and 0.95 in 2% of the runs. Two features that differ by less than the tolerance may change
places: that is no other explanation. The indices of Visani et al. [visani2022statistical] ask the
same of some dozens of reruns, which cost their evaluations; S-LIME [zhou2021slime] tests one pair
of features at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["repeats", "stability_of"]

Floats = NDArray[np.float64]

TOLERANCE = 0.05
"""Strengths closer than this share of the largest are as good as equal: a reader sees no
difference between two bars of which one is a twentieth longer."""

DRAWS = 2_000


def repeats(strengths: Floats, again: Floats, *, top: int) -> NDArray[np.bool_]:
    """Return which of other runs rank the features as this one does.

    Parameters
    ----------
    strengths
        This run's, shape (features,), signed.
    again
        Other runs', shape (runs, features).
    top
        How many features of the ranking count.

    Returns
    -------
    ndarray of bool
        Shape (runs,).

    Examples
    --------
    >>> runs = np.array([[2.9, 2.1, 0.9], [3.0, 0.9, 1.2], [3.0, 1.11, 1.2]])
    >>> repeats(np.array([3.0, 2.0, 1.0]), runs, top=2).tolist()
    [True, False, True]
    """
    size = np.abs(strengths)
    order = np.argsort(-size, kind="stable")
    others = np.abs(again)[:, order]
    largest = np.maximum(others.max(axis=1), size.max())
    # The largest of all that stand below each place.
    below = np.maximum.accumulate(others[:, ::-1], axis=1)[:, ::-1][:, 1:]
    top = min(top, below.shape[1])
    holds = others[:, :top] >= below[:, :top] - TOLERANCE * largest[:, None]
    return np.asarray(holds.all(axis=1))


def stability_of(strengths: Floats, covariance: Floats, *, top: int) -> float:
    """Return the probability that a rerun ranks the features alike.

    Parameters
    ----------
    strengths
        Shape (features,), signed.
    covariance
        Of `strengths`, shape (features, features).
    top
        How many features of the ranking count.

    Examples
    --------
    Two features of equal strength change places in half of the reruns if both are uncertain:

    >>> half = stability_of(np.array([1.0, 1.0]), np.eye(2), top=1)
    >>> bool(abs(half - 0.5) < 0.05)
    True
    """
    if len(strengths) < 2 or not np.abs(strengths).max() > 0:
        return 1.0
    values, vectors = np.linalg.eigh(2 * covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    # The same numbers on every call: rounds of sampling then differ by their samples alone.
    normal = np.random.default_rng(0).standard_normal((DRAWS, len(strengths)))
    return float(repeats(strengths, strengths + normal @ root.T, top=top).mean())
