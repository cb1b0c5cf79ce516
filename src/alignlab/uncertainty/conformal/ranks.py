"""Which calibration score is the threshold, and what coverage to expect from it.

Of n calibration scores the threshold is the k-th smallest, with

    k = ceil((n + 1) level)        [vovk2005algorithmic, sec. 2.2], [lei2018distribution, thm. 2.2]

and infinite where k > n. Then a new score, exchangeable with these, is at or below the threshold
with a probability of at least k / (n + 1), and of exactly that without ties. Given the calibration
rows the coverage of untied scores is Beta(k, n + 1 - k) [vovk2012conditional, prop. 2a].

k is worked out in whole numbers from the level as it is written: `ceil((n + 1) * level)` in floats
is one too high at n = 24 and level 0.56, and at many other places.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import InputError
from alignlab.intervals import Estimate

__all__ = [
    "Level",
    "conformal_rank",
    "conformal_threshold",
    "expected_coverage",
    "fewest_rows",
    "level_value",
    "require_finite",
]

Level = float | str | Fraction


def conformal_rank(n: int, level: Level) -> int | None:
    """Return the rank, from 1, of the calibration score that is the threshold.

    Parameters
    ----------
    n
        The number of calibration scores, from 0.
    level
        The coverage wanted, between 0 and 1, taken as it is written: 0.9 is nine tenths. So write
        0.3 and not 1 - 0.7, which is 0.30000000000000004. A `Fraction` or a text such as "9/10" is
        taken as it is.

    Returns
    -------
    int or None
        `None` where n is too small for the level: no finite threshold keeps it.

    Raises
    ------
    InputError
        If the level is not between 0 and 1, or `n` is negative.

    References
    ----------
    [vovk2005algorithmic], [lei2018distribution]

    Examples
    --------
    >>> conformal_rank(9, 0.9), conformal_rank(8, 0.9)
    (9, None)
    >>> conformal_rank(24, 0.56), int(np.ceil(25 * 0.56))
    (14, 15)
    """
    part, whole = _as_fraction(level)
    if n < 0:
        raise InputError(f"n={n!r} is negative. Give the number of calibration rows.")
    rank = -(-(int(n) + 1) * part // whole)
    return rank if rank <= n else None


def fewest_rows(level: Level) -> int:
    """Return the fewest calibration rows that give a finite threshold at this level.

    Examples
    --------
    >>> fewest_rows(0.9), fewest_rows(0.95), fewest_rows(0.5)
    (9, 19, 1)
    """
    part, whole = _as_fraction(level)
    return -(-part // (whole - part))


def conformal_threshold(scores: ArrayLike, level: Level) -> float:
    """Return the threshold: a new score is at or below it with at least this probability.

    Use it where you have scores of your own. It costs one sort.

    Parameters
    ----------
    scores
        Of the calibration rows, larger where the row fits worse; shape (n,).
    level
        The coverage wanted.

    Returns
    -------
    float
        Infinite where there are too few scores for the level.

    Raises
    ------
    InputError
        If a score is not finite, or the level is not between 0 and 1.

    Examples
    --------
    >>> conformal_threshold([0.3, 0.1, 0.2, 0.5, 0.4, 0.9, 0.7, 0.6, 0.8], 0.8)
    0.8
    >>> conformal_threshold([0.3, 0.1, 0.2], 0.8)
    inf
    """
    values = np.array(scores, dtype=np.float64)
    if values.ndim == 1:
        values.sort()
    # Sorted, what is not finite stands at the ends.
    if values.ndim != 1 or (len(values) and not (values[0] > -np.inf and values[-1] < np.inf)):
        require_finite(scores)
    rank = conformal_rank(len(values), level)
    return np.inf if rank is None else float(values[rank - 1])


def expected_coverage(n: int, level: Level, *, confidence: float = 0.95) -> Estimate:
    """Return the coverage to expect of sets that n calibration rows make.

    The value is the mean over calibration sets, k / (n + 1); the limits are where the coverage of
    this one calibration set lies with probability `confidence`, which is not yet the scatter of a
    share among few test rows.

    Parameters
    ----------
    n
        The number of calibration rows.
    level
        The coverage wanted.
    confidence
        The probability of the limits, half of what is left on each side.

    References
    ----------
    [vovk2012conditional], [angelopoulos2023gentle]

    Examples
    --------
    >>> print(expected_coverage(99, 0.9))
    0.900 [0.834, 0.950]
    >>> print(expected_coverage(5, 0.9))
    1.000 [1.000, 1.000]
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence={confidence!r} is not between 0 and 1. Give such as 0.95.")
    rank = conformal_rank(n, level)
    if rank is None:
        return Estimate(1.0, 1.0, 1.0, confidence, n, "everything is in the set: too few rows")
    tail = (1 - confidence) / 2
    low, high = special.betaincinv(rank, n + 1 - rank, [tail, 1 - tail])
    return Estimate(
        rank / (n + 1), float(low), float(high), confidence, n, f"Beta({rank}, {n + 1 - rank})"
    )


def require_finite(scores: ArrayLike) -> NDArray[np.float64]:
    """Return scores as an array, or say which one is not a finite number."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1:
        raise InputError(f"The scores have shape {values.shape}. Give one a row: (n,).")
    finite = np.isfinite(values)
    if not finite.all():
        row = int((~finite).argmax())
        raise InputError(
            f"The score of calibration row {row} is {values[row]}: scores are finite numbers. "
            "Leave the row out or mend the model there."
        )
    return values


def level_value(level: Level) -> float:
    """Return the level as a number."""
    part, whole = _as_fraction(level)
    return part / whole


def _as_fraction(level: Level) -> tuple[int, int]:
    """Return the level as a fraction of whole numbers."""
    try:
        part, whole = _exact(level)
    except (TypeError, ValueError, ZeroDivisionError):
        part, whole = 0, 1
    if not 0 < part < whole:
        raise InputError(f"level={level!r} is not between 0 and 1. Give one, such as level=0.9.")
    return part, whole


# By type, for Fraction(0.9) equals 0.9 and is not nine tenths.
@lru_cache(maxsize=1024, typed=True)
def _exact(level: Level) -> tuple[int, int]:
    exact = level if isinstance(level, Fraction) else Fraction(str(level))
    return exact.numerator, exact.denominator
