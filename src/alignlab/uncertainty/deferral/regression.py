"""Logistic regression of what somebody earns, by Newton's method, its penalty by cross-fitting.

For targets t in [0, 1] and weights w, with eta = a + Z b, the strictly convex

    sum_i w_i [ln(1 + exp eta_i) - t_i eta_i] + (s / 2) |b|^2

is brought to its optimum in float64. Targets between 0 and 1 are allowed: the score equations are
those of a mean, so the estimate of E[t | x] is consistent wherever the form is right. The penalty s
does not grow with the rows. One row at the average of all columns, half right and half wrong, keeps
a person who was never wrong from an infinite intercept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

__all__ = ["PENALTIES", "CrossFitted", "cross_fitted", "fit_logistic"]

Floats = NDArray[np.float64]

PENALTIES = (1000.0, 100.0, 10.0, 1.0, 0.1)
"""Strengths that are tried, in units of one row's curvature; the strongest first, as a start."""

TOLERANCE = 1e-10
"""Newton's decrement, relative to the total weight, at which the optimum is reached."""

MOST_STEPS = 100


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """A fit on all rows, and what fits without a row say of it.

    Attributes
    ----------
    coefficients
        Intercept and slopes, fitted on all rows that have a target; shape (1 + width,).
    held_out
        Each row's linear predictor by a fit that has not seen the row, shape (n,).
    penalty
        The strength chosen.
    loss
        Its mean log loss on rows that were held out.
    """

    coefficients: Floats
    held_out: Floats
    penalty: float
    loss: float


def fit_logistic(
    design: Floats,
    targets: Floats,
    weights: Floats,
    *,
    penalty: float,
    start: Floats | None = None,
) -> Floats:
    """Return the coefficients at the optimum, the intercept first.

    Parameters
    ----------
    design
        Standardised columns, shape (n, width).
    targets, weights
        Shape (n,): between 0 and 1; not negative.
    penalty
        The strength s, above 0.
    start
        Where to begin; the optimum does not depend on it.
    """
    n, width = design.shape
    # The row that stands for "nothing is known yet" is the last one: all columns at their average.
    rows = np.zeros((n + 1, width + 1))
    rows[:, 0] = 1
    rows[:n, 1:] = design
    t, w = np.append(targets, 0.5), np.append(weights, 1.0)
    ridge = np.full(width + 1, penalty)
    ridge[0] = 0
    at = np.zeros(width + 1) if start is None else start.copy()
    value, eta = _objective(rows, t, w, ridge, at)
    for _ in range(MOST_STEPS):
        share = expit(eta)
        gradient = rows.T @ (w * (share - t)) + ridge * at
        # Where every row is sure, the curvature is 0 in floats; a little keeps the step finite.
        curvature = (rows * (w * share * (1 - share))[:, None]).T @ rows
        curvature[np.diag_indices_from(curvature)] += ridge + 1e-12
        step = cho_solve(cho_factor(curvature), gradient)
        decrement = float(gradient @ step)
        if decrement <= TOLERANCE * w.sum() * 1e-4:
            return at - step
        length = 1.0
        while True:
            tried = at - length * step
            tried_value, tried_eta = _objective(rows, t, w, ridge, tried)
            if tried_value <= value - 0.25 * length * decrement or length < 1e-8:
                break
            length /= 2
        at, value, eta = tried, tried_value, tried_eta
    return at


def cross_fitted(
    design: Floats,
    targets: Floats,
    weights: Floats,
    folds: NDArray[np.intp],
    *,
    penalties: tuple[float, ...] = PENALTIES,
) -> CrossFitted:
    """Choose the penalty by log loss on held-out rows, and fit with it on all.

    Parameters
    ----------
    design
        Standardised columns, shape (n, width).
    targets, weights
        Shape (n,). A row of weight 0 teaches nothing and gets a prediction all the same.
    folds
        Each row's fold, shape (n,), from 0.
    penalties
        Strengths to try, the strongest first.
    """
    known = weights > 0
    held_out = np.zeros((len(penalties), len(design)))
    for fold in range(int(folds.max()) + 1):
        away = folds == fold
        teach = known & ~away
        found: Floats | None = None
        for position, penalty in enumerate(penalties):
            found = fit_logistic(
                design[teach], targets[teach], weights[teach], penalty=penalty, start=found
            )
            held_out[position, away] = found[0] + design[away] @ found[1:]
    losses = [
        float(weights @ (np.logaddexp(0, eta) - targets * eta) / weights.sum()) for eta in held_out
    ]
    best = int(np.argmin(np.round(losses, 12)))
    coefficients = fit_logistic(
        design[known], targets[known], weights[known], penalty=penalties[best]
    )
    return CrossFitted(coefficients, held_out[best], penalties[best], losses[best])


def _objective(
    rows: Floats, targets: Floats, weights: Floats, ridge: Floats, at: Floats
) -> tuple[float, Floats]:
    eta = rows @ at
    value = weights @ (np.logaddexp(0, eta) - targets * eta) + 0.5 * float(ridge @ at**2)
    return float(value), eta
