"""Bins of equal mass that keep ties together, and the gap between what was said and what happened.

A row with score s goes to bin floor(B * m(s)), where m(s) is the mass below s plus half the mass at
s: no order of the rows can change that, which cutting a sorted array does [nixon2019measuring].
In a bin with residuals d_i = y_i - p_i and weights w_i the gap is a = sum w d / sum w, and its
square is estimated without bias by the pairs of different rows,

    U = ((sum w d)^2 - sum w^2 d^2) / ((sum w)^2 - sum w^2),

which is a^2 - o(1-o)/(n-1) [kumar2019verified, sec. 4] where all scores in the bin are equal and
rows weigh the same, o being the observed share. Assumes independent rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import share_size

__all__ = ["BinnedGaps", "Event", "as_event", "binned_gaps", "equal_mass_bins"]

Floats = NDArray[np.float64]

ROWS_PER_BIN = 20
"""There are at most so many bins that each has this many (effective) rows on average."""

FEWEST_ROWS = 10
"""A bin with fewer effective rows joins its neighbour: its variance would not be known."""

ROUNDING = 1e-9
"""Sums of weights that differ by less, relatively, fall on the same side of an edge."""

FEWEST_EVENTS = 5
"""With fewer rows of the rarer outcome than this there is one bin, and its interval is exact."""


@dataclass(frozen=True, eq=False)
class Event:
    """A yes-or-no statement about each row, the probability given to it, and whether it came true.

    Attributes
    ----------
    probability
        Shape (n,).
    outcome
        1.0 where it came true, else 0.0; shape (n,).
    weights
        Positive, shape (n,).
    weighted
        Whether weights were given.
    name
        Which probability this is, in words.
    """

    probability: Floats
    outcome: Floats
    weights: Floats
    weighted: bool
    name: str

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def effective_rows(self) -> float:
        """The number of equally weighted rows that would know as much."""
        return float(self.weights.sum() ** 2 / (self.weights @ self.weights))

    @property
    def fewest(self) -> int:
        """How many rows have the rarer outcome."""
        came_true = int(self.outcome.sum())
        return min(came_true, len(self) - came_true)


@dataclass(frozen=True, eq=False)
class BinnedGaps:
    """What was said and what happened, bin by bin; every array has one entry a bin.

    Attributes
    ----------
    codes
        Each row's bin, shape (n,).
    share
        The bins' mass; sums to one.
    count
        The bins' rows.
    effective
        The effective rows behind each observed share (`alignlab.intervals.share_size`).
    predicted, observed
        The mean probability and the share that came true.
    gap_squared
        The unbiased estimate of the squared gap; it can be negative.
    gap_error
        The standard error of the gap.
    """

    codes: NDArray[np.intp]
    share: Floats
    count: NDArray[np.intp]
    effective: Floats
    predicted: Floats
    observed: Floats
    gap_squared: Floats
    gap_error: Floats

    @property
    def gap(self) -> Floats:
        """Observed minus predicted."""
        return self.observed - self.predicted


def as_event(
    probability: ArrayLike,
    outcome: ArrayLike,
    weights: ArrayLike | None = None,
    name: str | None = None,
) -> Event:
    """Check what was given and say which event it is about.

    Parameters
    ----------
    probability
        Shape (n,): the probability of the event. Shape (n, 2): the second column is taken. Shape
        (n, K) with K > 2: the largest of each row is taken, and the event is that it was right.
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,); rows of weight 0 are left out. `None` weighs all alike.
    name
        Which probability this is, in words; `None` says it as above.

    Raises
    ------
    InputError
        If shapes differ, a number is out of range, or fewer than two rows have weight.
    """
    said = np.asarray(probability, float)
    happened = np.asarray(outcome)
    if said.ndim not in (1, 2) or happened.shape != said.shape[:1]:
        raise InputError(
            f"probability has shape {said.shape} and outcome {happened.shape}: give (n,) or "
            "(n, n_classes) probabilities and (n,) outcomes."
        )
    # `not >=` rather than `<`, so that NaN is caught as well.
    bad = ~((said >= 0) & (said <= 1)).reshape(len(said), -1).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"The probability in row {row} is {said[row].tolist()}: it lies between 0 and 1."
        )
    n_classes = said.shape[1] if said.ndim == 2 else 2
    wrong = ~np.isin(happened, np.arange(n_classes))
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"The outcome in row {row} is {happened[row]!r}: it is a whole number from 0 to "
            f"{n_classes - 1}."
        )
    words = "the probability of the event"
    if said.ndim == 2 and n_classes == 2:
        said, words = said[:, 1], "the probability of the second class"
    elif said.ndim == 2:
        happened = said.argmax(axis=1) == happened
        said, words = said.max(axis=1), "the probability of the class chosen (top label)"
    mass = np.ones(len(said)) if weights is None else np.asarray(weights, float)
    if mass.shape != said.shape or not (np.isfinite(mass) & (mass >= 0)).all():
        raise InputError("weights are finite numbers from 0, one a row.")
    kept = mass > 0
    if kept.sum() < 2:
        raise InputError(f"{int(kept.sum())} rows have weight; calibration needs at least 2.")
    return Event(
        said[kept], happened[kept].astype(float), mass[kept], weights is not None, name or words
    )


def binned_gaps(event: Event, bins: int) -> BinnedGaps:
    """Put the rows into at most `bins` bins and compare what was said with what happened.

    There are fewer bins where there are too few rows or events to fill them.

    Raises
    ------
    InputError
        If `bins` is not a whole number from 1.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise InputError(f"bins={bins!r} is not a whole number from 1. Give one, such as bins=15.")
    most = max(1, min(int(bins), int(event.effective_rows / ROWS_PER_BIN + ROUNDING)))
    if event.fewest < FEWEST_EVENTS:
        most = 1
    weights = event.weights
    codes = equal_mass_bins(event.probability, weights, most)
    mass = np.bincount(codes, weights)
    squares = np.bincount(codes, weights**2)
    predicted = np.bincount(codes, weights * event.probability) / mass
    observed = np.bincount(codes, weights * event.outcome) / mass
    # A bin where everything came true must not show 0.9999999999999999.
    observed = np.clip(np.where(np.abs(observed - 1) < 1e-12, 1.0, observed), 0, 1)
    residual = event.outcome - event.probability
    total = np.bincount(codes, weights * residual)
    gap_squared = (total**2 - np.bincount(codes, (weights * residual) ** 2)) / (mass**2 - squares)
    spread = np.bincount(codes, (weights * (residual - (total / mass)[codes])) ** 2)
    hits = np.bincount(codes, weights * event.outcome)
    hit_squares = np.bincount(codes, weights**2 * event.outcome)
    by_weights = mass**2 / squares
    return BinnedGaps(
        codes=codes,
        share=mass / mass.sum(),
        count=np.bincount(codes),
        effective=share_size(hits, mass, hit_squares, squares),
        predicted=predicted,
        observed=observed,
        gap_squared=gap_squared,
        gap_error=np.sqrt(spread * by_weights / (by_weights - 1)) / mass,
    )


def equal_mass_bins(score: Floats, weights: Floats, bins: int) -> NDArray[np.intp]:
    """Return each row's bin, from 0 in the order of the scores; equal scores share a bin.

    Parameters
    ----------
    score
        Shape (n,).
    weights
        Positive, shape (n,).
    bins
        At most so many; fewer where ties or a bin of too few rows leave fewer.

    Examples
    --------
    >>> score = np.repeat([0.1, 0.2, 0.9], [30, 8, 22])
    >>> np.bincount(equal_mass_bins(score, np.ones(60), 3)).tolist()
    [30, 30]
    """
    _, level = np.unique(score, return_inverse=True)
    mass = np.bincount(level, weights)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    fine = np.floor(bins * middle + ROUNDING).astype(np.intp)
    at_level, at_square = np.bincount(fine, mass), np.bincount(fine[level], weights**2)
    joined = np.zeros(len(at_level), dtype=np.intp)
    current, filled, total, squares = -1, True, 0.0, 0.0
    for position, (bin_mass, bin_squares) in enumerate(zip(at_level, at_square, strict=True)):
        if bin_mass == 0:
            continue
        if filled:
            current, total, squares = current + 1, 0.0, 0.0
        joined[position] = current
        total, squares = total + bin_mass, squares + bin_squares
        filled = total**2 >= FEWEST_ROWS * squares * (1 - ROUNDING)
    if not filled and current > 0:
        joined = np.minimum(joined, current - 1)
    return joined[fine[level]]
