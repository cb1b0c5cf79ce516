"""Recalibrate a model on rows that it has not seen: choose a map, fit it, and show what it did.

The rows are split once, each class alike. On the larger part every map is cross-fitted: a row's
loss is that of a map fitted on the other folds, which no flexible map can win by memory. Of all
maps within one standard error of the smallest log loss, by the paired differences of the rows, the
one with the fewest numbers is taken [breiman1984classification], and "leave it" is one
of them. It is fitted on all of that part. The other part is used for nothing but the report.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets import joined_hashes
from alignlab.errors import InputError, require_choice
from alignlab.intervals import critical_value, mean_estimate
from alignlab.measures import effective_size
from alignlab.predictors import Predictor, as_predictor, class_positions
from alignlab.predictors.probability_maps import (
    Identity,
    ProbabilityMap,
    log_probabilities,
    normalised_scores,
    recalibrated_scores,
)
from alignlab.predictors.recalibrated import recalibrated, require_probabilities
from alignlab.random import as_generator
from alignlab.uncertainty.calibration.error import CalibrationError, calibration_error
from alignlab.uncertainty.calibration.map_fits import FITS, fit_map
from alignlab.uncertainty.calibration.recalibration_result import (
    Candidate,
    Change,
    RecalibratedResult,
)
from alignlab.uncertainty.calibration.unseen import require_unseen, seen_by

__all__ = ["METHODS", "recalibrate"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

METHODS = ("auto", *FITS)
"""What may be asked for."""

FOLDS = 5

FEWEST_ROWS = 50
"""With fewer, neither what a map does nor which is best could be told."""

FEWEST_OF_A_CLASS = 5
"""Of each class, among the rows to fit on, for a map that has numbers of its own for it."""


def recalibrate(
    model: Any,
    X: Any,
    y: Any,
    *,
    method: str = "auto",
    weights: ArrayLike | None = None,
    test_share: float = 0.3,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
    keep_decisions: bool = True,
    training: Any = None,
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
) -> RecalibratedResult:
    """Return a model whose probabilities are recalibrated, and what that changed.

    Use it where a model ranks rows well and its probabilities are off. It mends no model that
    cannot tell rows apart, and it holds where rows are like these: after a shift, do it again.

    Parameters
    ----------
    model
        A classifier in any form that `as_predictor` takes. It is asked once for each row, and
        neither refitted nor changed.
    X
        n rows, 50 or more, that the model was not trained on.
    y
        Their classes, shape (n,).
    method
        "auto" chooses; or "temperature", "vector", "platt", "beta", "isotonic", "none". With two
        classes vector scaling and beta calibration are one family, and "auto" tries the second.
    weights
        Non-negative, shape (n,).
    test_share
        The share of rows kept apart for the report.
    seed
        Of the split and the folds.
    level
        The intervals' level.
    keep_decisions
        Whether every row's largest probability stays the model's choice. A temperature never
        changes it; of another map the rows that would change are moved to the nearest
        probabilities that do not, and it is chosen or not as it then is.
    training
        Rows that the model was trained on, where it does not name them itself (`trained_on`).
    classes, features
        What the model does not say itself.

    Returns
    -------
    RecalibratedResult
        Its `model` is of the kind that was given.

    Raises
    ------
    InputError
        If the model gives no probabilities, rows are too few, of one class, not finite, or rows
        that it was trained on.

    References
    ----------
    [guo2017calibration], [kull2017beta], [platt1999probabilistic], [zadrozny2002transforming]

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> X = generator.normal(size=(3000, 1))
    >>> y = (generator.random(3000) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    >>> def bragging(rows):
    ...     return 1 / (1 + np.exp(-3 * rows[:, 0]))
    >>> result = recalibrate(bragging, X, y, classes=[0, 1])
    >>> result.method, round(result.map.temperature, 1)
    ('temperature', 3.1)
    >>> result.changes["log_loss"].difference.high < 0
    True
    >>> result.model(X[:2]).shape
    (2,)
    """
    require_choice(method, METHODS, what="method")
    critical_value(level)
    if isinstance(test_share, bool) or not 0 < test_share < 1:
        raise InputError(f"test_share={test_share!r} is not between 0 and 1, such as 0.3.")
    generator = as_generator(seed, "recalibrate")
    predictor = as_predictor(model, classes=classes, features=features)
    require_probabilities(predictor)
    outcomes = class_positions(y, predictor.classes, where="y", of_model=True)
    share = _weights(weights, len(outcomes))
    _require_rows(predictor, X, outcomes, share)
    hashes = require_unseen(predictor, X, training=training)
    scores = log_probabilities(predictor(X))

    fitting, held = _split(outcomes, test_share, share, generator)
    part = scores[fitting], outcomes[fitting], share[fitting]
    known = _allowed(method, predictor, part[1])
    candidates = _candidates(known, *part, keep_decisions, generator)
    chosen = next(each.method for each in candidates if each.chosen)
    fitted = fit_map(chosen, *part)
    measured = _measured(
        fitted.map, scores[held], outcomes[held], share[held], keep_decisions, level, weights
    )
    given = predictor if isinstance(model, Predictor) else model
    mapped = recalibrated(given, fitted.map, keep_decisions=keep_decisions, classes=classes)
    seen = (hashes[fitting], predictor.trained_on, seen_by(predictor, training))
    trained_on = joined_hashes(*(each for each in seen if each is not None))
    if isinstance(mapped, Predictor):
        mapped.trained_on = trained_on
    return RecalibratedResult(
        model=mapped,
        map=fitted.map,
        method=chosen,
        candidates=candidates,
        keep_decisions=keep_decisions,
        fitted_on=fitting,
        held_out=held,
        trained_on=trained_on,
        notes=(fitted.note,) if fitted.note else (),
        evaluations=len(outcomes),
        level=level,
        **measured,
    )


def _weights(weights: ArrayLike | None, n: int) -> Floats:
    if weights is None:
        return np.ones(n)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n,):
        raise InputError(f"weights have the shape {given.shape}; one a row is expected, ({n},).")
    bad = ~np.isfinite(given) | (given < 0)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"Row {row} has the weight {given[row]:g}: weights are finite, from 0 up.")
    return given


def _require_rows(predictor: Predictor, X: Any, outcomes: Indices, weights: Floats) -> None:
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    if n != len(outcomes):
        raise InputError(f"X has {n} rows, and y has {len(outcomes)} labels. Give one label a row.")
    counted = int((weights > 0).sum())
    if counted < FEWEST_ROWS:
        raise InputError(
            f"{counted} rows are too few to recalibrate on: give {FEWEST_ROWS} or more that the "
            "model was not trained on."
        )
    present = np.unique(outcomes[weights > 0])
    if len(present) < 2:
        raise InputError(
            f"All {counted} rows are of the class {predictor.class_names[int(present[0])]!r}: how "
            "often others happen cannot be told. Give rows of at least two classes."
        )


def _split(
    outcomes: Indices, share: float, weights: Floats, generator: np.random.Generator
) -> tuple[Indices, Indices]:
    """Return the rows to fit on and those to report on, each class by the same share."""
    order = generator.permutation(np.flatnonzero(weights > 0))
    held = np.zeros(len(outcomes), dtype=bool)
    for label in np.unique(outcomes):
        rows = order[outcomes[order] == label]
        held[rows[: round(share * len(rows))]] = True
    fitting = np.setdiff1d(order, np.flatnonzero(held))
    few = len(fitting) < FEWEST_ROWS // 2 or held.sum() < FEWEST_ROWS // 5
    if few or len(np.unique(outcomes[fitting])) < 2:
        raise InputError(
            f"test_share={share:g} of {len(order)} rows leaves too few on one side. Give another "
            "share, or more rows."
        )
    return fitting, np.flatnonzero(held)


def _allowed(method: str, predictor: Predictor, outcomes: Indices) -> list[str]:
    counts = np.bincount(outcomes, minlength=len(predictor.classes))
    rare = int(counts.argmin())
    enough = counts[rare] >= FEWEST_OF_A_CLASS
    if method != "auto":
        if not enough and method not in ("none", "temperature"):
            raise InputError(
                f"Of the class {predictor.class_names[rare]!r} there are {counts[rare]} rows to "
                f"fit on, and {method} needs {FEWEST_OF_A_CLASS} of each. Give more, or take "
                "method='temperature'."
            )
        return [method]
    if not enough:
        return ["none", "temperature"]
    return [name for name in FITS if name != "vector" or len(predictor.classes) > 2]


def _candidates(
    methods: list[str],
    scores: Floats,
    outcomes: Indices,
    weights: Floats,
    keep: bool,
    generator: np.random.Generator,
) -> tuple[Candidate, ...]:
    """Return each method with its cross-fitted log loss; the simplest near the best is chosen."""
    folds = _folds(outcomes, generator)
    losses = {
        method: _cross_fitted(method, scores, outcomes, weights, folds, keep) for method in methods
    }
    share = weights / weights.sum()
    means = {method: float(share @ loss) for method, loss in losses.items()}
    best = min(means, key=lambda method: means[method])
    excesses = {}
    for method, loss in losses.items():
        off = loss - losses[best]
        excess = float(share @ off)
        error = float(np.sqrt(np.sum((share * (off - excess)) ** 2)))
        excesses[method] = excess, error
    chosen = next(name for name, (excess, error) in excesses.items() if excess <= error)
    return tuple(
        Candidate(method, means[method], *excesses[method], method == chosen) for method in methods
    )


def _folds(outcomes: Indices, generator: np.random.Generator) -> Indices:
    folds = np.empty(len(outcomes), dtype=np.intp)
    order = generator.permutation(len(outcomes))
    # Classes one after the other, so that each is spread over all folds.
    order = order[np.argsort(outcomes[order], kind="stable")]
    folds[order] = np.arange(len(order)) % FOLDS
    return folds


def _cross_fitted(
    method: str, scores: Floats, outcomes: Indices, weights: Floats, folds: Indices, keep: bool
) -> Floats:
    losses = np.empty(len(outcomes))
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        fitted = fit_map(method, scores[outside], outcomes[outside], weights[outside])
        losses[inside] = _losses(fitted.map, scores[inside], outcomes[inside], keep)
    return losses


def _losses(
    probability_map: ProbabilityMap, scores: Floats, outcomes: Indices, keep: bool
) -> Floats:
    said = recalibrated_scores(probability_map, scores, keep_decisions=keep)
    return -normalised_scores(said)[np.arange(len(outcomes)), outcomes]


def _measured(
    probability_map: ProbabilityMap,
    scores: Floats,
    outcomes: Indices,
    weights: Floats,
    keep: bool,
    level: float,
    stated: ArrayLike | None,
) -> dict[str, Any]:
    """Return what the map changes on held-out rows."""
    given = None if stated is None else weights
    first = normalised_scores(scores)
    then = recalibrated_scores(probability_map, scores, keep_decisions=keep)
    if isinstance(probability_map, Identity):
        then = first  # not a rounding error away from it
    alone = probability_map.log(scores)
    share = weights / weights.sum()
    before, after = np.exp(first), np.exp(then)
    pairs = {
        "log_loss": tuple(-each[np.arange(len(outcomes)), outcomes] for each in (first, then)),
        "brier": tuple(_squares(each, outcomes) for each in (before, after)),
    }
    free = _losses(probability_map, scores, outcomes, False)
    return {
        "changes": {
            name: _change(first, then, weights, level) for name, (first, then) in pairs.items()
        },
        "before": _error(before, outcomes, given, level),
        "after": _error(after, outcomes, given, level),
        "decided_otherwise": float(share @ (alone.argmax(1) != first.argmax(1))),
        "unkept": float(share @ (free - pairs["log_loss"][1])) if keep else 0.0,
    }


def _squares(probabilities: Floats, outcomes: Indices) -> Floats:
    off = probabilities.copy()
    off[np.arange(len(off)), outcomes] -= 1
    squares = (off**2).sum(axis=1)
    return squares / 2 if probabilities.shape[1] == 2 else squares  # as alignlab.measures counts


def _change(before: Floats, after: Floats, weights: Floats, level: float) -> Change:
    from scipy.special import stdtr

    off = after - before
    first, then, difference = (
        mean_estimate(each, weights=weights, level=level) for each in (before, after, off)
    )
    freedom = effective_size(weights) - 1
    half = (difference.high - difference.low) / 2
    p_value = 1.0
    if freedom > 0 and half > 0:
        ratio = abs(difference.value) / half * critical_value(level, freedom=freedom)
        p_value = 2 * float(stdtr(freedom, -ratio))
    return Change(first, then, difference, p_value)


def _error(
    probabilities: Floats, outcomes: Indices, weights: Floats | None, level: float
) -> CalibrationError | None:
    try:
        return calibration_error(probabilities, outcomes, weights=weights, level=level)
    except InputError:
        return None
