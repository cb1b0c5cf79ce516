"""Which way probabilities are wrong: too high or too low, too extreme or too timid.

Logistic recalibration [cox1958two]: logit P(event) = intercept + slope * logit(probability).
Calibrated probabilities have intercept 0 and slope 1; a slope below 1 says that they are too
extreme, above 1 too timid. Fitted by Newton's method on the (weighted) likelihood; the intervals
are normal, with the sandwich variance, which stays right with weights and where the logistic
curve is not the true one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.intervals import Estimate, critical_value, mean_estimate
from alignlab.uncertainty.calibration.event import About, Event, as_event

__all__ = ["CalibrationLine", "calibration_line"]

SMALLEST_PROBABILITY = 1e-6
"""Probabilities are kept this far from 0 and 1, so that one certain error has a finite logit."""

STEEPEST = 100.0
"""A slope beyond this means that the outcome is separated by the probability."""


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """The line from what a model says to what it should say, in log-odds.

    Attributes
    ----------
    intercept, slope
        0 and 1 for calibrated probabilities; `None` where the data determine no line: one
        probability for all, one outcome, or an outcome that the probability separates.
    excess
        The mean probability less the share that came true.
    """

    intercept: Estimate | None
    slope: Estimate | None
    excess: Estimate

    @property
    def direction(self) -> Literal["over-confident", "under-confident", "neither"]:
        """What the slope's whole interval says."""
        if self.slope is None or self.slope.low <= 1 <= self.slope.high:
            return "neither"
        return "over-confident" if self.slope.high < 1 else "under-confident"


def calibration_line(
    probability: ArrayLike,
    outcome: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    about: About = "auto",
    logits: bool = False,
    level: float = 0.95,
) -> CalibrationLine:
    """Fit the line from what a model says to what it should say.

    Use it to learn the direction of a calibration error. It measures; the model is not changed.

    Parameters
    ----------
    probability
        Shape (n,) for an event, or (n, n_classes).
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,).
    about
        Of (n, n_classes) probabilities: "top-label", each row's largest; a class's position, that
        class's column; "auto", the second class of two and the top label of more.
    logits
        Whether `probability` holds logits (log-odds where its shape is (n,)).
    level
        The intervals' level.

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row.

    References
    ----------
    [cox1958two]

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> truth = generator.random(5000)
    >>> happened = generator.random(5000) < truth
    >>> too_extreme = truth**2 / (truth**2 + (1 - truth) ** 2)
    >>> seen = calibration_line(too_extreme, happened)
    >>> print(seen.slope, seen.direction)
    0.505 [0.476, 0.535] over-confident
    """
    event = as_event(probability, outcome, weights, about=about, logits=logits)
    excess = mean_estimate(event.probability - event.outcome, weights=event.weights, level=level)
    fitted = _fit(event)
    if fitted is None:
        return CalibrationLine(None, None, excess)
    values, errors = fitted
    z = critical_value(level)
    intercept, slope = (
        Estimate(float(v), float(v - z * e), float(v + z * e), level, len(event), "sandwich")
        for v, e in zip(values, errors, strict=True)
    )
    return CalibrationLine(intercept, slope, excess)


def _fit(event: Event) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return (intercept, slope) and their standard errors, or `None` where there is no line."""
    inside = np.clip(event.probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    logit = special.logit(inside)
    if event.fewest == 0 or np.ptp(logit) == 0:
        return None
    design = np.column_stack([np.ones(len(event)), logit])
    share = event.weights / event.weights.sum()
    line = np.array([0.0, 1.0])
    loss = _loss(design @ line, event.outcome, share)
    for _ in range(100):
        said = special.expit(design @ line)
        score = design.T @ (share * (event.outcome - said))
        curvature = design.T @ ((share * said * (1 - said))[:, None] * design)
        try:
            step = np.linalg.solve(curvature, score)
        except np.linalg.LinAlgError:
            return None
        # A full Newton step can overshoot where the line is far off; the loss is convex.
        while _loss(design @ (line + step), event.outcome, share) > loss + 1e-12:
            step = step / 2
        line = line + step
        loss = _loss(design @ line, event.outcome, share)
        if abs(line[1]) > STEEPEST:
            return None
        if np.abs(step).max() < 1e-10:
            break
    said = special.expit(design @ line)
    curvature = design.T @ ((share * said * (1 - said))[:, None] * design)
    scores = (share * (event.outcome - said))[:, None] * design
    if np.linalg.cond(curvature) > 1e12:
        return None
    inverse = np.linalg.inv(curvature)
    variance = inverse @ (scores.T @ scores) @ inverse
    return line, np.sqrt(np.diag(variance))


def _loss(
    logit: NDArray[np.float64], outcome: NDArray[np.float64], share: NDArray[np.float64]
) -> float:
    return float(share @ (np.logaddexp(0, logit) - outcome * logit))
