"""Classwise calibration: each class's probability against how often that class came true.

For K classes the errors of the columns are averaged, each class weighing the same:

    root mean square   (1/K sum_k sum_b q_kb g_kb^2)^(1/2)       [kumar2019verified, def. 2.4]
    expected            1/K sum_k sum_b q_kb |g_kb|               [kull2019beyond]

The condition is the probability of class k, never that k is the true class, which asks another
question. Columns share their rows: the covariance between the bins of different classes enters the
first interval, and the second holds whatever it is. Labels are redrawn from whole rows of
probabilities, so that the p-values of the classes are corrected for their number as they depend on
each other (see `family`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.random import as_generator
from alignlab.uncertainty.calibration.bins import BinnedGaps, Binning, binned_gaps
from alignlab.uncertainty.calibration.diagram import mean_square
from alignlab.uncertainty.calibration.error import (
    CalibrationError,
    error_of,
    expected_estimate,
    root_mean_square_estimate,
)
from alignlab.uncertainty.calibration.event import Event, as_event, as_probabilities, as_weights
from alignlab.uncertainty.calibration.family import adjusted_p_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ClasswiseCalibration", "classwise_calibration"]

Floats = NDArray[np.float64]

COLUMNS = ("class", "predicted", "observed", "error", "low", "high", "plug_in_ece", "p_value")

MOST_PAIRED = 100
"""With more classes the covariance between them is bounded instead of computed."""


@dataclass(frozen=True, eq=False)
class ClasswiseCalibration:
    """How far each class's probability is from how often that class came true.

    Attributes
    ----------
    classes
        Their names.
    errors
        The calibration error of each class's probability.
    root_mean_square, expected
        Over all classes, sampling noise removed.
    expected_plug_in
        The usual classwise ECE, for comparison with others' numbers; too large on average.
    p_values
        One a class, corrected for the number of classes; NaN without redraws.
    p_value
        The smallest of them: the test of all classes at once.
    redraws
        How many times the labels were redrawn.
    """

    classes: tuple[str, ...]
    errors: tuple[CalibrationError, ...]
    root_mean_square: Estimate
    expected: Estimate
    expected_plug_in: float
    p_values: Floats
    p_value: float
    redraws: int

    @property
    def definition(self) -> str:
        """What was computed, in words."""
        return (
            f"Gap between each of {len(self.classes)} classes' probability and how often that "
            f"class came true, in bins of {self.errors[0].binning.replace('-', ' ')} of that "
            "probability; classes weighted alike. Root mean square (l2) and mean size (l1, "
            "classwise ECE) of the gap, sampling noise removed."
        )

    def __str__(self) -> str:
        """Return the root mean square error over all classes and its interval."""
        return str(self.root_mean_square)

    def off(self, alpha: float = 0.05) -> tuple[str, ...]:
        """Return the classes that are off, with at most a chance of `alpha` of any false alarm."""
        return tuple(np.array(self.classes, object)[self.p_values <= alpha].tolist())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a class."""
        import pandas as pd

        rows = []
        for name, error, p_value in zip(self.classes, self.errors, self.p_values, strict=True):
            bins, seen = error.reliability, error.root_mean_square
            said, came_true = bins.share @ bins.predicted, bins.share @ bins.observed
            rows.append((name, said, came_true, seen.value, seen.low, seen.high,
                         error.expected_plug_in, p_value))  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and their definition as plain values."""
        return {
            "definition": self.definition,
            "root_mean_square": self.root_mean_square.to_dict(),
            "expected": self.expected.to_dict(),
            "expected_plug_in": self.expected_plug_in,
            "p_value": self.p_value,
            "redraws": self.redraws,
            "classes": {
                name: {**error.to_dict(), "p_value": float(p_value)}
                for name, error, p_value in zip(
                    self.classes, self.errors, self.p_values, strict=True
                )
            },
        }


def classwise_calibration(
    probability: ArrayLike,
    outcome: ArrayLike,
    *,
    classes: Sequence[Any] | None = None,
    weights: ArrayLike | None = None,
    logits: bool = False,
    bins: int = 15,
    binning: Binning = "equal-mass",
    level: float = 0.95,
    redraws: int = 1000,
    seed: int | np.random.Generator = 0,
) -> ClasswiseCalibration:
    """Measure how far each class's probability is from how often that class came true.

    Use it where the probabilities of classes that are not chosen matter as well: for a decision
    with costs, a prediction set, or a rare class. `calibration_error` looks at the class chosen.

    Parameters
    ----------
    probability
        Shape (n, n_classes).
    outcome
        Shape (n,): the index of the class that came true.
    classes
        Their names, in the order of the columns; `None` numbers them.
    weights
        Non-negative, shape (n,).
    logits
        Whether `probability` holds logits.
    bins
        At most so many bins a class; fewer where rows, events or ties leave fewer.
    binning
        "equal-mass" or "equal-width".
    level
        The intervals' level.
    redraws
        How many times labels are redrawn for the p-values; 0 leaves them out.
    seed
        Seed or generator of the redraws.

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row.

    References
    ----------
    [kumar2019verified], [kull2019beyond], [westfall1993resampling]

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> said = generator.dirichlet([1, 1, 1], 3000)
    >>> label = (generator.random((3000, 1)) > said.cumsum(axis=1)).sum(axis=1)
    >>> shifted = said[:, [0, 2, 1]]
    >>> classwise_calibration(said, label, redraws=200).off()
    ()
    >>> classwise_calibration(shifted, label, classes=["a", "b", "c"], redraws=200).off()
    ('b', 'c')
    """
    said = as_probabilities(probability, logits=logits)
    if said.ndim != 2:
        raise InputError(
            f"probability has shape {said.shape}: give one column a class, (n, n_classes)."
        )
    count = said.shape[1]
    names = tuple(str(name) for name in (range(count) if classes is None else classes))
    if len(names) != count:
        raise InputError(f"classes names {len(names)}, but probability has {count} columns.")
    if redraws < 0:
        raise InputError(f"redraws={redraws!r} is negative. Give 0 for none, or such as 1000.")
    words = [f"the probability of {name!r}" for name in names]
    events = [as_event(said, outcome, weights, words[k], about=k) for k in range(count)]
    gaps = [binned_gaps(event, bins, binning) for event in events]
    errors = tuple(
        error_of(event, each, binning=binning, level=level)
        for event, each in zip(events, gaps, strict=True)
    )
    share = np.concatenate([each.share for each in gaps]) / count
    gap = np.concatenate([each.gap for each in gaps])
    gap_error = np.concatenate([each.gap_error for each in gaps])
    squared = float(np.mean([error.squared for error in errors]))
    n = len(events[0])
    by_class = sum(float(np.sqrt(each.share**2 @ each.gap_error**2)) for each in gaps) / count
    p_values = np.full(count, np.nan)
    if redraws:
        kept = as_weights(weights, len(said)) > 0
        generator = as_generator(seed, "redrawn labels")
        redrawn = _redrawn_mean_squares(said[kept], events[0].weights, gaps, redraws, generator)
        pairs = zip(events, gaps, strict=True)
        seen = [mean_square(event, each.tested)[1] for event, each in pairs]
        p_values = adjusted_p_values(np.array(seen), redrawn)
    spread, along = _spread(events, gaps)
    return ClasswiseCalibration(
        classes=names,
        errors=errors,
        root_mean_square=root_mean_square_estimate(
            share, gap, gap_error, squared, n, level, spread=spread, along=along
        ),
        expected=expected_estimate(share, gap, gap_error, squared, n, level, spread=by_class),
        expected_plug_in=float(np.mean([error.expected_plug_in for error in errors])),
        p_values=p_values,
        p_value=float(p_values.min()),
        redraws=redraws,
    )


def _spread(events: list[Event], gaps: list[BinnedGaps]) -> tuple[float | None, float | None]:
    """Return the squared entries' sum, and the variance along the gaps, of all bins' covariance."""
    count = len(events)
    noise = [each.share * each.gap_error**2 / count for each in gaps]
    within = [float(each @ each) for each in noise]
    if not sum(within) > 0:
        return None, None
    parts, projected, length = [], np.zeros(len(events[0])), 0.0
    for event, each, variance in zip(events, gaps, noise, strict=True):
        off = event.weights * (event.outcome - event.probability - each.gap[each.codes])
        total = np.bincount(each.codes, off**2)
        scale = np.sqrt(np.divide(variance, total, out=np.zeros_like(total), where=total > 0))
        parts.append(off * scale[each.codes])
        direction = np.sqrt(each.share / count) * each.gap
        projected += parts[-1] * direction[each.codes]
        length += float(direction @ direction)
    along = float(projected @ projected) / length if length > 0 else None
    if count > MOST_PAIRED:
        return sum(np.sqrt(within)) ** 2, along  # by Cauchy and Schwarz
    between = 0.0
    for k in range(count):
        for other in range(k):
            pair = gaps[k].codes * len(gaps[other].share) + gaps[other].codes
            between += float(np.sum(np.bincount(pair, parts[k] * parts[other]) ** 2))
    return sum(within) + 2 * between, along


def _redrawn_mean_squares(
    said: Floats,
    weights: Floats,
    gaps: list[BinnedGaps],
    redraws: int,
    generator: np.random.Generator,
) -> Floats:
    """Return each class's mean squared gap, shape (redraws, n_classes), of redrawn labels."""
    n, count = said.shape
    sizes = [int(each.tested.max()) + 1 for each in gaps]
    first = np.cumsum([0, *sizes])
    cells = np.column_stack([each.tested for each in gaps]) + first[:-1]
    # Sorted by what a row says, so that the order of the rows changes no draw.
    order = np.lexsort((weights, *said.T[::-1]))
    said, weights, cells = said[order], weights[order], cells[order]
    mass = np.bincount(cells.ravel(), np.repeat(weights, count))
    expected = np.bincount(cells.ravel(), (weights[:, None] * said).ravel())
    share = mass / weights.sum()
    # One sorted array of all rows' cumulated probabilities: a row's label is found in one look-up.
    cumulated = np.cumsum(said, axis=1)
    rows = np.arange(n)
    ends = (cumulated / cumulated[:, -1:] + rows[:, None]).ravel()
    result = np.empty((redraws, count))
    for redraw in range(redraws):
        label = np.searchsorted(ends, generator.random(n) + rows, side="right") - rows * count
        drawn = cells[rows, np.minimum(label, count - 1)]
        gap = (np.bincount(drawn, weights, minlength=first[-1]) - expected) / mass
        result[redraw] = np.add.reduceat(share * gap**2, first[:-1])
    return result
