"""The linear model nearest to a black box in a neighbourhood, and how sure its numbers are.

    b = argmin sum_i w_i (y_i - a - b'x_i)^2,          A = (X'WX)^-1,
    Cov(b) = A [ sum_p g_p g_p' ] A,                   g_p = sum_{i in p} w_i x_i r_i,

    r = (I - H_pp)^-1 e_p,      H_pp = X_p A X_p' W_p,

where r_i is the residual of row i from the fit without its unit p, which is the row itself or the
pair that it was drawn in. For single rows this is the covariance HC3 [mackinnon1985some], for pairs
the same by pairs [bell2002bias]. It asks for no constant variance of the residuals: a linear model
of a black box is wrong by as much as the box is not linear there, and not by noise.

The fidelity is R^2 on rows that the fit did not see, 1 - sum w r^2 / sum w (y - mean without its
unit)^2. Its interval is that of log(1 - R^2), by the influence of each unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import Estimate, critical_value
from alignlab.transparency.pool import chunks

__all__ = ["LocalFit", "Samples", "local_fit"]

Floats = NDArray[np.float64]

IN_CACHE = 2**15
"""Numbers in one block: it stays in the processor's cache."""

ROUNDING = 1e-10
"""A direction of the design with less than this share of the largest variance has none."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples and what the model answered.

    Attributes
    ----------
    design
        Shape (units, rows a unit, features), of about mean 0 and deviation 1; a unit is a pair,
        or, where there are weights, a row by itself.
    answers
        Shape (units, rows a unit).
    weights
        Shape (units,), or `None` for equal ones.
    """

    design: Floats
    answers: Floats
    weights: Floats | None = None

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """The sums of w x x' and of w x y, where x begins with 1 and y is the answer."""
        features = self.design.shape[-1]
        gram, moment = np.zeros((features + 1, features + 1)), np.zeros(features + 1)
        for x, y, w in _blocks(self):
            weighted = x if w is None else x * w[:, None]
            total = float(len(x)) if w is None else float(w.sum())
            gram[0, 0] += total
            gram[0, 1:] += weighted.sum(axis=0)
            gram[1:, 1:] += weighted.T @ x
            moment[0] += float(y.sum()) if w is None else float(w @ y)
            moment[1:] += weighted.T @ y
        gram[1:, 0] = gram[0, 1:]
        return gram, moment


@dataclass(frozen=True, eq=False)
class LocalFit:
    """A fitted linear model.

    Attributes
    ----------
    intercept
        Its answer where the design is 0.
    slopes
        Shape (features,).
    covariance
        Of `slopes` over repetitions of the sampling, shape (features, features); NaN where all
        answers are equal.
    fidelity
        R^2 on rows that the fit did not see; NaN where all answers are equal.
    error
        The standard error of log(1 - R^2).
    variation
        The standard deviation of the answers.
    samples
        The number of rows.
    blurred
        Whether each slope cannot be told from those of other features, shape (features,).
    """

    intercept: float
    slopes: Floats
    covariance: Floats
    fidelity: float
    error: float
    variation: float
    samples: int
    blurred: NDArray[np.bool_]

    @property
    def miss(self) -> float:
        """The standard deviation of what the linear model leaves unexplained."""
        return self.variation * float(np.sqrt(max(1 - np.nan_to_num(self.fidelity), 0.0)))

    @property
    def standard_errors(self) -> Floats:
        """Of `slopes`, shape (features,)."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))

    def fidelity_estimate(self, level: float = 0.95) -> Estimate:
        """Return R^2 with its interval."""
        value, n = self.fidelity, self.samples
        if not np.isfinite(value):
            return Estimate(value, value, value, level, n, "all answers are equal")
        half = critical_value(level) * self.error
        low, high = 1 - (1 - value) * np.exp(half), 1 - (1 - value) * np.exp(-half)
        return Estimate(value, float(low), float(high), level, n, "delta method, log(1 - R2)")


def local_fit(batches: Sequence[Samples], mean: Floats, deviation: Floats) -> LocalFit:
    """Fit a linear model to samples.

    Parameters
    ----------
    batches
        The samples, in parts.
    mean, deviation
        Of what `design` was before it was standardised, shape (features,): the model is returned
        in those units.

    Returns
    -------
    LocalFit

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 1, 2))
    >>> fit = local_fit([Samples(x, 1 + x @ np.array([2.0, -3.0]))], np.zeros(2), np.ones(2))
    >>> fit.slopes.round(12).tolist(), round(fit.fidelity, 12)
    ([2.0, -3.0], 1.0)
    """
    gram = np.sum([each.moments[0] for each in batches], axis=0)
    moment = np.sum([each.moments[1] for each in batches], axis=0)
    total = float(gram[0, 0])
    level = float(moment[0]) / total
    inverse, blurred = _inverse(gram)
    beta = inverse @ (moment - level * gram[0])

    meat = np.zeros_like(gram)
    misses, spreads = [], []
    squares = 0.0
    for each in batches:
        rows = each.design.shape[1]
        for x, answers, w in _blocks(each):
            y = answers - level
            residual, apart = _without_own_unit(x, y, w, rows, inverse, beta, total)
            weighted = residual if w is None else w * residual
            score = np.empty((len(x) // rows, len(gram)))
            score[:, 0] = _units(weighted, rows)
            by_unit = len(score), rows
            np.einsum(
                "urf,ur->uf", x.reshape(*by_unit, -1), weighted.reshape(by_unit), out=score[:, 1:]
            )
            meat += score.T @ score
            misses.append(_units(weighted * residual, rows))
            spreads.append(_units(apart**2 if w is None else w * apart**2, rows))
            squares += float(y @ y if w is None else w @ y**2)
    slopes = beta[1:] / deviation
    fidelity, error = _fidelity(np.concatenate(misses), np.concatenate(spreads), level)
    covariance = (inverse @ meat @ inverse)[1:, 1:] / np.outer(deviation, deviation)
    if np.isnan(fidelity):
        # Answers that are all equal say nothing of how much others would have differed.
        slopes, covariance = np.zeros_like(slopes), np.full_like(covariance, np.nan)
    return LocalFit(
        intercept=float(level + beta[0] - slopes @ mean),
        slopes=slopes,
        covariance=covariance,
        fidelity=fidelity,
        error=error,
        variation=float(np.sqrt(squares / total)),
        samples=sum(batch.answers.size for batch in batches),
        blurred=blurred[1:],
    )


def _without_own_unit(
    x: Floats,
    y: Floats,
    w: Floats | None,
    rows: int,
    inverse: Floats,
    beta: Floats,
    total: float,
) -> tuple[Floats, Floats]:
    """Return what the fit and the mean miss of each row when they have not seen its unit."""
    residual = y - x @ beta[1:] - beta[0]
    half = x @ inverse[1:, 1:] + inverse[0, 1:]
    edge = x @ inverse[1:, 0] + inverse[0, 0]
    leverage = np.einsum("ij,ij->i", half, x) + edge
    if rows == 1:
        weight = 1.0 if w is None else w
        return residual / np.maximum(1 - weight * leverage, 1e-9), y / (1 - weight / total)
    own, other = residual[0::2], residual[1::2]
    shared = np.einsum("ij,ij->i", half[0::2], x[1::2]) + edge[0::2]
    first, second = 1 - leverage[0::2], 1 - leverage[1::2]
    determinant = np.maximum(first * second - shared**2, 1e-9)
    residual = np.empty_like(residual)
    residual[0::2] = (second * own + shared * other) / determinant
    residual[1::2] = (first * other + shared * own) / determinant
    return residual, y + np.repeat(y[0::2] + y[1::2], 2) / (total - 2)


def _blocks(samples: Samples) -> Iterator[tuple[Floats, Floats, Floats | None]]:
    """Yield design, answers and weights row by row, as much of them as the cache holds."""
    units, rows, features = samples.design.shape
    for part in chunks(units, max(1, IN_CACHE // (rows * features))):
        x = samples.design[part].reshape(-1, features)
        w = None if samples.weights is None else np.repeat(samples.weights[part], rows)
        yield x, samples.answers[part].reshape(-1), w


def _units(values: Floats, rows: int) -> Floats:
    """Return the sums over the rows of each unit."""
    # A sum over an axis of two is far slower than an addition.
    return reduce(np.add, [values[at::rows] for at in range(rows)])


def _inverse(gram: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the inverse, or the pseudo-inverse and which coefficients it leaves undecided."""
    scale = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    kept = values > ROUNDING * values[-1]
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T / np.outer(scale, scale)
    lost = np.square(vectors[:, ~kept]).sum(axis=1) > 1e-6
    return inverse, np.asarray(lost)


def _fidelity(misses: Floats, spreads: Floats, level: float) -> tuple[float, float]:
    missed, spread = float(misses.sum()), float(spreads.sum())
    # Answers that differ by rounding alone are equal.
    if spread <= len(spreads) * (1e-13 * max(abs(level), 1e-300)) ** 2:
        return float("nan"), float("nan")
    if missed <= 1e-24 * spread:
        return 1.0, 0.0
    influence = misses / missed - spreads / spread
    return 1 - missed / spread, float(np.sqrt(np.square(influence).sum()))
