"""The weights of a linear reward: Newton's method on what can be told, and what it ends in.

Each step solves I p = g on the identified directions, with the gradient g and the information I of
`dual`, and is halved until the objective rises. The maximum is reached where no feature expectation
differs by more than the tolerance *and* p is next to nothing: where a weight runs to infinity, as
in separable data [albert1984existence], the gradient vanishes too, but each step stays as long as
the last one. Then L(t p) / t, for t large, tells: it is negative along every direction that has a
maximum, and 0 or positive along p means that there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.values.inverse.dual import Curvature, Dual, Plan

__all__ = ["Fit", "maximise"]

Floats = NDArray[np.float64]

STILL = 1e-6
"""A Newton step this small beside the temperature and the weights is next to nothing."""

MORE = 8
"""Steps granted after the tolerance is met, for the last one to become next to nothing."""

BEYOND = 1e6
"""Weights of so many temperatures are on their way to infinity."""

FAR = 1e9
"""How far out, in temperatures, the slope along a runaway direction is measured."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Where the weights came to rest; everything in units where each feature's largest is 1.

    Attributes
    ----------
    weights
        Shape (k,).
    plan, curvature
        At the weights.
    gradient
        Shape (k,), penalty included; the unidentified part of it is chance, which no weight moves.
    gap
        Its largest absolute value on what is identified.
    iterations
        Newton's steps.
    converged
        Whether the tolerance is met at a finite maximum.
    runaway
        A direction without a maximum, longest entry 1, or `None`.
    """

    weights: Floats
    plan: Plan
    curvature: Curvature
    gradient: Floats
    gap: float
    iterations: int
    converged: bool
    runaway: Floats | None


def maximise(
    dual: Dual,
    table: Floats,
    counted: Floats,
    free: Floats,
    *,
    start: Floats,
    tolerance: float,
    penalty: float,
    most: int,
) -> Fit:
    """Maximise the objective, less penalty/2 · |weights|², from `start`.

    Parameters
    ----------
    dual
        The objective.
    table
        Expected features, shape (S, A, k).
    counted
        What was counted in each trajectory, shape (n, k).
    free
        The identified directions, orthonormal, shape (k, m).
    start
        Where to begin, shape (k,).
    tolerance
        The largest difference of feature expectations.
    penalty
        λ.
    most
        The most steps.
    """
    mean = counted.mean(axis=0)

    def look(weights: Floats) -> tuple[Plan | None, float]:
        plan = dual.plan(table @ weights)
        if plan is None:
            return None, -np.inf
        return plan, float(mean @ weights) + plan.worth - penalty / 2 * float(weights @ weights)

    weights = start
    plan, value = look(weights)
    if plan is None:
        raise InputError(
            "With these rewards the soft values are infinite: going on for ever pays more than "
            "ending. Give a discount below 1, a horizon, or (in Python) start=… with weights that "
            "make steps cost something."
        )
    met = 0
    for iteration in range(most + 1):
        curvature = dual.curvature(plan, table)
        gradient = mean - curvature.expected.mean(axis=0) - penalty * weights
        slope = free.T @ gradient
        gap = float(np.abs(free @ slope).max(initial=0.0))
        step = free @ _newton(free.T @ curvature.information @ free, slope, penalty)
        size = dual.temperature + float(np.abs(weights).max(initial=0.0))
        longest = float(np.abs(step).max(initial=0.0))
        still = longest <= STILL * size
        # Where hardly anything curves a step has no length of its own.
        step = step * min(1.0, 10 * size / max(longest, 1e-300))
        met = met + 1 if gap <= tolerance else 0
        beyond = float(np.abs(weights).max(initial=0.0)) > BEYOND * dual.temperature
        if (met and still) or met > MORE or beyond or iteration == most:
            break
        moved = _forward(look, weights, step, value, slope @ (free.T @ step), gap <= tolerance)
        if moved is None:
            break
        weights, plan, value = moved
    fit_is_finite = gap <= tolerance and still
    runaway = None
    if not fit_is_finite and step.any():
        runaway = _without_maximum(dual, table, mean, penalty, (step, free @ (free.T @ weights)))
    return Fit(weights, plan, curvature, gradient, gap, iteration, fit_is_finite, runaway)


def _newton(information: Floats, slope: Floats, penalty: float) -> Floats:
    """Solve for the step uphill; a direction that curves the wrong way is followed, not fled."""
    if not len(slope):
        return slope
    values, vectors = np.linalg.eigh((information + information.T) / 2)
    size = np.abs(values) + penalty
    return vectors @ ((vectors.T @ slope) / np.maximum(size, max(1e-15 * size.max(), 1e-200)))


def _forward(
    look: object, weights: Floats, step: Floats, value: float, rise: float, near: bool
) -> tuple[Floats, Plan, float] | None:
    """Return the first of step, step/2, step/4 … that raises the objective, if one does."""
    share = 1.0
    for _ in range(40):
        tried = weights + share * step
        plan, reached = look(tried)  # type: ignore[operator]
        # Next to the maximum the rise drowns in rounding, and the full step is the better judge.
        slack = 1e-12 * (1 + abs(value))
        if plan is not None and (reached >= value + 1e-4 * share * rise - slack * (near or 1)):
            return tried, plan, reached
        share /= 2
    return None


def _without_maximum(
    dual: Dual, table: Floats, mean: Floats, penalty: float, candidates: tuple[Floats, ...]
) -> Floats | None:
    if penalty > 0:
        return None
    for candidate in candidates:
        longest = float(np.abs(candidate).max(initial=0.0))
        if longest == 0:
            continue
        direction = candidate / longest
        plan = dual.plan(FAR * dual.temperature * (table @ direction))
        if plan is None:
            continue
        slope = float(mean @ direction) + plan.worth / (FAR * dual.temperature)
        if slope >= -1e-5:
            return direction
    return None
