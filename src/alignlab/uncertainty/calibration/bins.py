"""Bins that no order of the rows changes, and the gap between what was said and what happened.

Equal mass: a row with score s goes to bin floor(B * m(s)), where m(s) is the mass below s plus half
the mass at s; cutting a sorted array would part equal scores [nixon2019measuring]. Equal width: to
bin floor(B * s), that is [b / B, (b + 1) / B), with the score 1 in the last; a score that rounding
left just below an edge is on it.
In a bin with residuals d_i = y_i - p_i and weights w_i the gap is a = sum w d / sum w, and its
square is estimated without bias by the pairs of different rows,

    U = ((sum w d)^2 - sum w^2 d^2) / ((sum w)^2 - sum w^2),

which is a^2 - o(1-o)/(n-1) [kumar2019verified, sec. 4] where all scores in the bin are equal and
rows weigh the same, o being the observed share. Assumes independent rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.intervals import share_size
from alignlab.uncertainty.calibration.event import Event

__all__ = ["BinnedGaps", "Binning", "binned_gaps", "equal_mass_bins", "equal_width_bins"]

Binning = Literal["equal-mass", "equal-width"]

Floats = NDArray[np.float64]

ROWS_PER_BIN = 20
"""There are at most so many bins that each has this many (effective) rows on average."""

FEWEST_ROWS = 10
"""A bin with fewer effective rows joins its neighbour: its variance would not be known."""

ROUNDING = 1e-9
"""Sums of weights that differ by less, relatively, fall on the same side of an edge."""

ON_EDGE = 1e-7
"""A score no further than this below an edge is on it: single precision rounds by so much."""

FEWEST_EVENTS = 5
"""With fewer rows of the rarer outcome than this there is one bin, and its interval is exact."""


@dataclass(frozen=True, eq=False)
class BinnedGaps:
    """What was said and what happened, bin by bin; every array has one entry a bin.

    Attributes
    ----------
    codes
        Each row's bin, shape (n,).
    asked
        Each row's bin before bins of too few rows joined their neighbours, shape (n,): the bins
        that the plug-ins are about.
    tested
        Each row's bin by scores and weights alone, shape (n,): other than `codes` where events are
        few. A test whose bins follow the outcomes would lose its size.
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
    asked: NDArray[np.intp]
    tested: NDArray[np.intp]
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


def binned_gaps(event: Event, bins: int, binning: Binning = "equal-mass") -> BinnedGaps:
    """Put the rows into at most `bins` bins and compare what was said with what happened.

    There are fewer bins where there are too few rows or events to fill them.

    Raises
    ------
    InputError
        If `bins` is not a whole number from 1, or `binning` is not a name of a binning.
    """
    require_choice(binning, ("equal-mass", "equal-width"), what="binning")
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise InputError(f"bins={bins!r} is not a whole number from 1. Give one, such as bins=15.")
    weights, few = event.weights, event.fewest < FEWEST_EVENTS
    if binning == "equal-width":
        asked = equal_width_bins(event.probability, int(bins))
        tested = _joined(asked, weights)
        codes = np.zeros_like(asked) if few else tested
    else:
        most = min(int(bins), int(event.effective_rows / ROWS_PER_BIN + ROUNDING))
        tested = equal_mass_bins(event.probability, weights, max(1, most))
        asked = codes = np.zeros_like(tested) if few else tested
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
        asked=asked,
        tested=tested,
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
    return _joined(fine[level], weights)


def equal_width_bins(score: Floats, bins: int) -> NDArray[np.intp]:
    """Return each row's bin of the `bins` that cut 0 to 1 evenly; the score 1 is in the last.

    Parameters
    ----------
    score
        Between 0 and 1, shape (n,).
    bins
        How many; some may be empty.

    Examples
    --------
    In binary, 0.15 is just below 3 / 20; it is in the bin that begins there all the same:

    >>> equal_width_bins(np.array([0.0, 0.05, 0.15, 0.35, 1.0]), 20).tolist()
    [0, 1, 3, 7, 19]
    """
    code = np.floor(bins * (score + ON_EDGE)).astype(np.intp)
    return np.minimum(code, bins - 1)


def _joined(fine: NDArray[np.intp], weights: Floats) -> NDArray[np.intp]:
    """Join each bin of too few rows to the next, the last to the one before; empty ones vanish."""
    at_bin, at_square = np.bincount(fine, weights), np.bincount(fine, weights**2)
    joined = np.zeros(len(at_bin), dtype=np.intp)
    current, filled, total, squares = -1, True, 0.0, 0.0
    for position, (bin_mass, bin_squares) in enumerate(zip(at_bin, at_square, strict=True)):
        if bin_mass == 0:
            continue
        if filled:
            current, total, squares = current + 1, 0.0, 0.0
        joined[position] = current
        total, squares = total + bin_mass, squares + bin_squares
        filled = total**2 >= FEWEST_ROWS * squares * (1 - ROUNDING)
    if not filled and current > 0:
        joined = np.minimum(joined, current - 1)
    return joined[fine]
