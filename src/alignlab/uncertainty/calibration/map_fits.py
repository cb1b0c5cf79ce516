"""How each map of probabilities is fitted: by the log loss, which is convex for all but isotonic.

    temperature     argmin over 1/T in [1/100, 100] of sum_i w_i (log sum_k e^(s_ik/T) - s_iy/T)
                    by Newton's method kept in a bracket, to the optimum [guo2017calibration]
    vector          the same loss in 2 K numbers, by L-BFGS within bounds
    Platt, beta     logistic regression for each class against the rest, slopes from 0 up, on
                    targets (n1 + 1) / (n1 + 2) and 1 / (n0 + 2), which stay finite where
                    classes separate [platt1999probabilistic, kull2017beta]
    isotonic        pool adjacent violators after one more event below all rows and one more
                    miss above them, so that no value is 0 or 1

Maps that separate classes without end stop at a bound, and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, logsumexp

from alignlab.predictors.probability_maps import (
    Beta,
    Identity,
    Isotonic,
    Platt,
    ProbabilityMap,
    Temperature,
    Vector,
    normalised_scores,
    one_against_rest,
)

__all__ = ["FITS", "FittedMap", "fit_map"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

STEEPEST = 100.0
"""No slope, temperature or inverse temperature goes above this."""

FARTHEST = 40.0
"""No shift goes beyond this: e^40 to 1 is certain."""

SEPARATED = 1e-6
"""A log loss below this is falling to 0, at numbers that grow without end."""

STEPS = 100
CONVERGED = 1e-20
"""Of Newton's method: more steps than it ever needs, and the fall in loss at which it ends."""


@dataclass(frozen=True, slots=True)
class FittedMap:
    """A map, and what is to be said of its fit.

    Attributes
    ----------
    map
        The map.
    note
        Empty, or one sentence.
    """

    map: ProbabilityMap
    note: str = ""


def fit_map(method: str, scores: Floats, outcomes: Indices, weights: Floats) -> FittedMap:
    """Return the map of that name with the smallest log loss.

    Parameters
    ----------
    method
        A key of `FITS`.
    scores
        Log-probabilities or logits, shape (n, n_classes).
    outcomes
        Class indices, shape (n,).
    weights
        Positive, shape (n,).
    """
    scaled = weights * (weights.sum() / (weights @ weights))  # sum: as many rows as know as much
    return FITS[method](normalised_scores(scores), outcomes, scaled)


def _identity(scores: Floats, outcomes: Indices, weights: Floats) -> FittedMap:
    return FittedMap(Identity())


def _temperature(scores: Floats, outcomes: Indices, weights: Floats) -> FittedMap:
    share = weights / weights.sum()
    seen = float(share @ scores[np.arange(len(scores)), outcomes])

    def derivatives(inverse: float) -> tuple[float, float]:
        p = np.exp(log_softmax(inverse * scores, axis=1))
        mean = (p * scores).sum(axis=1)
        spread = (p * (scores - mean[:, None]) ** 2).sum(axis=1)
        return float(share @ mean) - seen, float(share @ spread)

    low, high = 1 / STEEPEST, STEEPEST
    if derivatives(high)[0] <= 0:
        return FittedMap(
            Temperature(high),
            f"Every row is told right by its score alone, so no temperature is low enough: it is "
            f"kept at 1/{STEEPEST:g}.",
        )
    if derivatives(low)[0] >= 0:
        return FittedMap(
            Temperature(low),
            f"What the model says does not help to tell the classes apart: the temperature is "
            f"kept at {STEEPEST:g}.",
        )
    inverse = 1.0
    for _ in range(STEPS):
        slope, curve = derivatives(inverse)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        step = inverse - slope / curve if curve > 0 else low
        following = step if low < step < high else (low * high) ** 0.5
        # Half the slope times the step is what a convex loss can still fall by.
        if abs(slope * (following - inverse)) < CONVERGED or following == inverse:
            break
        inverse = following
    return FittedMap(Temperature(inverse))


def _vector(scores: Floats, outcomes: Indices, weights: Floats) -> FittedMap:
    from scipy.optimize import minimize

    n, classes = scores.shape
    share = weights / weights.sum()
    rows = np.arange(n)

    def loss(numbers: Floats) -> tuple[float, Floats]:
        slopes, shifts = numbers[:classes], numbers[classes:]
        logits = scores * slopes + shifts
        total = logsumexp(logits, axis=1)
        off = np.exp(logits - total[:, None])
        off[rows, outcomes] -= 1
        off *= share[:, None]
        value = float(share @ (total - logits[rows, outcomes]))
        return value, np.concatenate([(off * scores).sum(axis=0), off.sum(axis=0)])

    found = minimize(
        loss,
        np.concatenate([np.ones(classes), np.zeros(classes)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, STEEPEST)] * classes + [(-FARTHEST, FARTHEST)] * classes,
        options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-14, "gtol": 1e-8, "maxcor": 30},
    )
    slopes, shifts = found.x[:classes], found.x[classes:]
    apart = float(found.fun) < SEPARATED or float(slopes.max()) > STEEPEST * 0.999
    apart = apart or float(np.abs(shifts).max()) > FARTHEST * 0.999
    note = (
        "The scores separate classes without end: the map's numbers are where the search stopped."
    )
    return FittedMap(
        Vector(_floats(slopes), _floats(shifts - shifts.mean())), note if apart else ""
    )


def _platt(scores: Floats, outcomes: Indices, weights: Floats) -> FittedMap:
    fitted = [
        _logistic((event - rest)[:, None], _targets(hit, weights), weights)
        for event, rest, hit in _each_class(scores, outcomes)
    ]
    slopes, shifts = zip(*((each[0], each[-1]) for each in fitted), strict=True)
    return FittedMap(Platt(_floats(slopes), _floats(shifts)))


def _beta(scores: Floats, outcomes: Indices, weights: Floats) -> FittedMap:
    fitted = [
        _logistic(np.column_stack([event, -rest]), _targets(hit, weights), weights)
        for event, rest, hit in _each_class(scores, outcomes)
    ]
    events, rests, shifts = zip(*fitted, strict=True)
    return FittedMap(Beta(_floats(events), _floats(rests), _floats(shifts)))


def _isotonic(scores: Floats, outcomes: Indices, weights: Floats) -> FittedMap:
    from sklearn.isotonic import IsotonicRegression

    unit = weights.sum() / len(weights)
    places, values = [], []
    for event, rest, hit in _each_class(scores, outcomes):
        odds = event - rest
        ends = [odds.min(), odds.max()]
        fitted = IsotonicRegression().fit(
            np.concatenate([odds, ends]),
            np.concatenate([hit, [1.0, 0.0]]),
            sample_weight=np.concatenate([weights, [unit, unit]]),
        )
        places.append(_floats(fitted.X_thresholds_))
        values.append(_floats(fitted.y_thresholds_))
    return FittedMap(Isotonic(tuple(places), tuple(values)))


Fit = Callable[[Floats, Indices, Floats], FittedMap]

FITS: dict[str, Fit] = {
    "none": _identity,
    "temperature": _temperature,
    "platt": _platt,
    "vector": _vector,
    "beta": _beta,
    "isotonic": _isotonic,
}
"""How each map is fitted, the one with the fewest numbers first."""


def _each_class(scores: Floats, outcomes: Indices) -> list[tuple[Floats, Floats, Floats]]:
    """Return log p, log(1 - p) and whether it came true, for each class; of two, the second."""
    event, rest = one_against_rest(scores)
    labels = [1] if scores.shape[1] == 2 else range(scores.shape[1])
    return [
        (event[:, at], rest[:, at], (outcomes == label).astype(float))
        for at, label in enumerate(labels)
    ]


def _targets(hit: Floats, weights: Floats) -> Floats:
    events = float(weights @ hit)
    misses = float(weights.sum()) - events
    return np.where(hit > 0, (events + 1) / (events + 2), 1 / (misses + 2))


def _logistic(features: Floats, targets: Floats, weights: Floats) -> Floats:
    """Return slopes, none below 0, and the shift of a logistic regression with shares as targets.

    The constrained optimum of a convex loss is the best of those optima without a constraint, each
    of some of the slopes, whose slopes are above 0.
    """
    width = features.shape[1]
    subsets = sorted(range(2**width), key=lambda bits: -bits.bit_count())
    best, lowest = np.zeros(width + 1), np.inf
    for bits in subsets:
        at = [place for place in range(width) if bits >> place & 1]
        design = np.column_stack([features[:, at], np.ones(len(features))])
        found, loss = _newton(design, targets, weights)
        if (found[:-1] >= 0).all() and loss < lowest:
            best, lowest = np.zeros(width + 1), loss
            best[[*at, width]] = found
            if len(at) == width:
                break
    return best


def _newton(design: Floats, targets: Floats, weights: Floats) -> tuple[Floats, float]:
    share = weights / weights.sum()

    def loss_of(numbers: Floats) -> float:
        odds = design @ numbers
        return float(share @ (np.logaddexp(0, odds) - targets * odds))

    numbers = np.zeros(design.shape[1])
    loss = loss_of(numbers)
    for _ in range(STEPS):
        p = expit(design @ numbers)
        slope = design.T @ (share * (p - targets))
        curve = (design.T * (share * p * (1 - p))) @ design
        # Where all rows say the same, a slope and the shift do the same: the smaller one is taken.
        step = np.linalg.lstsq(curve, slope, rcond=1e-12)[0]
        size, fall = 1.0, float(slope @ step)
        while loss_of(numbers - size * step) > loss - 1e-4 * size * fall and size > 1e-8:
            size /= 2
        numbers = numbers - size * step
        loss = loss_of(numbers)
        if fall < CONVERGED or size <= 1e-8:
            break
    return numbers, loss


def _floats(numbers: Sequence[float] | Floats) -> tuple[float, ...]:
    return tuple(float(each) for each in numbers)
