"""An estimate and how sure we are of it: Clopper–Pearson, its survey form, Wald on influences.

For a share of k among n, the exact limits are quantiles of the beta distribution
[clopper1934use, eq. in sec. 2]: low = Beta(a; k, n-k+1), high = Beta(1-a; k+1, n-k). With sample
weights the same limits are taken at the effective size n* = p(1-p) / v, where v is the linearised
variance of the weighted share p [korn1998confidence, sec. 2], or at (sum w)^2 / sum w^2 where that
is smaller: it knows nothing of weights that go with the outcome, but needs no estimate of v. For a
mean of independent terms, the limits are value ± t * s/sqrt(n), with Student's t for n - 1.
Assumes independent rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import InputError

__all__ = [
    "Estimate",
    "beta_binomial",
    "critical_value",
    "mean_estimate",
    "share_estimate",
    "share_limits",
    "share_size",
]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its uncertainty.

    Attributes
    ----------
    value
        The point estimate.
    low, high
        The limits of the interval; equal to `value` where the number is not a sample's.
    level
        The interval's nominal coverage, such as 0.95.
    n
        The number of rows that the estimate rests on.
    method
        How the interval was made, in words.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    method: str

    def __str__(self) -> str:
        """Return the value and its limits with three decimals.

        >>> print(Estimate(0.5, 0.4, 0.6, 0.95, 100, "exact"))
        0.500 [0.400, 0.600]
        """
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary of plain values."""
        return asdict(self)


def critical_value(level: float, *, comparisons: int = 1, freedom: float | None = None) -> float:
    """Return the two-sided critical value, Bonferroni-corrected for a family.

    Parameters
    ----------
    level
        The coverage wanted for the whole family, between 0 and 1.
    comparisons
        How many intervals must hold at once [dunn1961multiple].
    freedom
        Degrees of freedom of Student's t; `None` for the normal distribution.

    Examples
    --------
    >>> round(critical_value(0.95), 3)
    1.96
    >>> round(critical_value(0.95, comparisons=66), 3)
    3.368
    >>> round(critical_value(0.95, freedom=9), 3)
    2.262
    """
    if not 0 < level < 1:
        raise InputError(f"level={level!r} is not between 0 and 1. Give one, such as level=0.95.")
    tail = (1 - level) / (2 * max(comparisons, 1))
    return float(-special.ndtri(tail) if freedom is None else -special.stdtrit(freedom, tail))


def share_size(
    hits: ArrayLike, total: ArrayLike, hit_squares: ArrayLike, squares: ArrayLike
) -> NDArray[np.float64]:
    """Return how many equally weighted rows would know a weighted share as well.

    Parameters
    ----------
    hits, total
        The weight of the rows that count, and of all rows that the share is among; any shape.
    hit_squares, squares
        The same sums of squared weights.

    Returns
    -------
    ndarray
        The effective sizes; 0 where there is no weight. Equal weights give the number of rows.

    Examples
    --------
    Where the heavy rows are the ones that count, the weights alone would promise 48 rows:

    >>> w, x = np.repeat([10.0, 1.0], [2, 100]), np.repeat([1.0, 0.0], [2, 100])
    >>> round(float(share_size(w @ x, w.sum(), w**2 @ x, w @ w)), 1)
    14.1
    """
    hits, total, hit_squares, squares = (
        np.asarray(each, float) for each in (hits, total, hit_squares, squares)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / total
        by_weights = total**2 / squares
        spread = hit_squares * (1 - share) ** 2 + (squares - hit_squares) * share**2
        by_variance = share * (1 - share) * total**2 / spread
    # At a share of 0 or 1 there is no variance to go by; equal weights are exactly the rows.
    smaller = (share > 0) & (share < 1) & (by_variance < by_weights * (1 - 1e-9))
    return np.where(squares > 0, np.where(smaller, by_variance, by_weights), 0.0)


def share_limits(
    share: ArrayLike, n: ArrayLike, *, level: float = 0.95, comparisons: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the exact limits of shares: Clopper–Pearson, at fractional sizes where weighted.

    Parameters
    ----------
    share
        Observed shares, any shape, between 0 and 1; NaN where `n` is 0.
    n
        Rows, or effective rows, behind each share.
    level
        Coverage for the whole family.
    comparisons
        How many intervals must hold at once.

    Returns
    -------
    (low, high)
        Arrays of the broadcast shape; 0 and 1 where there is no row.

    Examples
    --------
    >>> low, high = share_limits(0.0, 10)
    >>> float(low), round(float(high), 4)
    (0.0, 0.3085)
    """
    share, n = np.broadcast_arrays(np.asarray(share, float), np.asarray(n, float))
    tail = special.ndtr(-critical_value(level, comparisons=comparisons))
    hits = np.where(n > 0, np.nan_to_num(share) * n, 0.0)
    misses = np.where(n > 0, n - hits, 0.0)
    # A share computed from weights can miss 0 or 1 by a rounding error; those are the exact ends.
    hits = np.where(hits < 1e-9, 0.0, hits)
    misses = np.where(misses < 1e-9, 0.0, misses)
    low = np.where(hits > 0, special.betaincinv(np.maximum(hits, 1e-12), misses + 1, tail), 0.0)
    high = np.where(misses > 0, special.betainccinv(hits + 1, np.maximum(misses, 1e-12), tail), 1.0)
    return np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0)


def share_estimate(share: float, n: float, *, rows: int, level: float = 0.95) -> Estimate:
    """Return a share with its exact interval.

    Parameters
    ----------
    share
        The observed share.
    n
        The effective number of rows (equal to `rows` without weights).
    rows
        The number of rows.
    level
        Coverage.

    Examples
    --------
    >>> print(share_estimate(0.9, 100, rows=100))
    0.900 [0.824, 0.951]
    """
    low, high = share_limits(share, n, level=level)
    return Estimate(float(share), float(low), float(high), level, rows, "Clopper–Pearson")


def mean_estimate(
    values: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return a (weighted) mean with Student's interval.

    Parameters
    ----------
    values
        One number a row, shape (n,).
    weights
        One non-negative weight a row, or `None` for equal ones. The standard error is the
        linearised one of a ratio of sums.
    level
        Coverage.

    Examples
    --------
    >>> print(mean_estimate([0.0, 1.0] * 50))
    0.500 [0.400, 0.600]
    """
    values = np.asarray(values, float)
    share = np.full(len(values), 1 / len(values)) if weights is None else np.asarray(weights, float)
    share = share / share.sum()
    mean = float(share @ values)
    # Bessel's correction at the effective size: n/(n-1) for equal weights.
    effective = 1 / float(share @ share)
    half = np.inf
    if effective > 1:
        correction = effective / (effective - 1)
        error = float(np.sqrt(correction * np.sum((share * (values - mean)) ** 2)))
        half = critical_value(level, freedom=effective - 1) * error
    return Estimate(mean, mean - half, mean + half, level, len(values), "Student's t")


def beta_binomial(trials: int, a: float, b: float) -> NDArray[np.float64]:
    """Return the chance of each number of successes, from 0 to all, shape (trials + 1,).

    Each trial succeeds with one unknown probability, which is Beta(a, b).

    Examples
    --------
    >>> beta_binomial(3, 1, 1).round(6).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    h = np.arange(trials + 1)
    logs = special.betaln(a + h, b + trials - h) - special.betaln(h + 1, trials - h + 1)
    chances = np.exp(logs - logs.max())
    return np.asarray(chances / chances.sum())
