"""Calibration error: how far probabilities are from what happens, with the sampling noise removed.

With bins b of mass q_b, gaps g_b = P(event | b) - E(probability | b), the two errors are

    root mean square   (sum_b q_b g_b^2)^(1/2)          [kumar2019verified, def. 2.1]
    expected (ECE)      sum_b q_b |g_b|                 [guo2017calibration, eq. 2]

and the second is never larger than the first. The plug-in, with observed gaps a_b for g_b, is
biased upward by noise [roelofs2022mitigating]. The mean square is estimated without bias by pairs
of different rows (see `bins`). Its interval inverts sum_b q_b a_b^2 ~ c chi2_v (noncentrality
theta / c), c and v matched to the bins' variances as in [satterthwaite1946approximate], which is
exact where the q_b se_b^2 are equal. No estimate of |g| is unbiased, so the expected error is the
plug-in less its bias at gaps shrunk until their mean square is the unbiased one; its interval runs
from an estimate that is too small on average to the plug-in, which is too large.
A binned error is a lower bound: it can't see what cancels within a bin [kumar2019verified, sec. 3].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.intervals import Estimate, critical_value, share_limits
from alignlab.uncertainty.calibration.bins import (
    FEWEST_EVENTS,
    BinnedGaps,
    Event,
    as_event,
    binned_gaps,
)
from alignlab.uncertainty.calibration.reliability import Reliability, reliability_of

__all__ = ["CalibrationError", "calibration_error"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CalibrationError:
    """How far probabilities are from what happens.

    Attributes
    ----------
    root_mean_square
        The root of the mean squared gap over bins; 0 where `squared` is below 0.
    expected
        The mean size of the gap over bins (ECE), debiased. Its interval holds whatever the gaps'
        shape, and is wider for it.
    expected_plug_in
        The usual ECE, for comparison with others' numbers; too large on average.
    squared
        The unbiased estimate of the mean squared gap. On a calibrated model it is below 0 about
        as often as above.
    p_value
        The chance of a mean squared gap at least as large if the probabilities were right.
    reliability
        The bins.
    """

    root_mean_square: Estimate
    expected: Estimate
    expected_plug_in: float
    squared: float
    p_value: float
    reliability: Reliability

    @property
    def definition(self) -> str:
        """What was computed, in words."""
        bins = len(self.reliability.share)
        return (
            f"Gap between {self.reliability.event} and the share that came true, in {bins} "
            f"bin{'s' * (bins != 1)} of equal mass with equal probabilities kept together; bins "
            "weighted by their mass. Root mean square (l2) and mean size (l1, ECE) of the gap, "
            "sampling noise removed."
        )

    def __str__(self) -> str:
        """Return the root mean square error and its interval."""
        return str(self.root_mean_square)


def calibration_error(
    probability: ArrayLike,
    outcome: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    bins: int = 15,
    level: float = 0.95,
    redraws: int = 1000,
    seed: int | np.random.Generator = 0,
    event: str | None = None,
) -> CalibrationError:
    """Measure how far probabilities are from what happens.

    Use it on rows that the model was not fitted or calibrated on. It answers for the bins' means;
    whether the model tells rows apart is another question (the AUC answers it).

    Parameters
    ----------
    probability
        Shape (n,) for an event; (n, 2), of which the second column is taken; or (n, n_classes),
        of which each row's largest is taken, the event being that it was right.
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,).
    bins
        At most so many bins of equal mass; fewer where rows, events or ties leave fewer.
    level
        The intervals' level.
    redraws
        How many times outcomes are redrawn for the p-value and the band; 0 leaves them out.
    seed
        Seed or generator of the redraws.
    event
        What the definition calls the probability, such as "the probability of approval".

    Returns
    -------
    CalibrationError

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row.

    References
    ----------
    [kumar2019verified], [roelofs2022mitigating]

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> said = generator.random(4000)
    >>> honest = calibration_error(said, generator.random(4000) < said, redraws=200)
    >>> honest.p_value > 0.05, honest.root_mean_square.low
    (True, 0.0)
    >>> bragging = calibration_error(said, generator.random(4000) < (said + 0.5) / 2, redraws=200)
    >>> print(bragging.root_mean_square, round(bragging.p_value, 3))
    0.135 [0.120, 0.150] 0.005
    """
    said = as_event(probability, outcome, weights, event)
    gaps = binned_gaps(said, bins)
    seen = reliability_of(said, gaps, level=level, redraws=redraws, seed=seed)
    squared = float(gaps.share @ gaps.gap_squared)
    return CalibrationError(
        root_mean_square=_root_mean_square(said, gaps, squared, level),
        expected=_expected(said, gaps, squared, level),
        expected_plug_in=float(gaps.share @ np.abs(gaps.gap)),
        squared=squared,
        p_value=seen.p_value,
        reliability=seen,
    )


def _root_mean_square(event: Event, gaps: BinnedGaps, squared: float, level: float) -> Estimate:
    value = float(np.sqrt(max(squared, 0.0)))
    method = "pairs of rows; noncentral chi-square"
    if event.fewest < FEWEST_EVENTS:
        low, high = _exact_single_gap(event, gaps, level)
        method = "pairs of rows; Clopper–Pearson, too few events for bins"
    else:
        low, high = (float(np.sqrt(end)) for end in _mean_square_limits(gaps, level))
    if squared < 0:
        method += "; the unbiased square is below 0, shown as 0"
    return Estimate(value, min(low, value), max(high, value), level, len(event), method)


def _mean_square_limits(gaps: BinnedGaps, level: float) -> tuple[float, float]:
    """Return the limits of sum q g^2 by inverting the distribution of sum q a^2."""
    noise = gaps.share * gaps.gap_error**2
    if not noise.sum() > 0:
        seen = float(gaps.share @ gaps.gap**2)
        return seen, seen
    scale = float(noise @ noise / noise.sum())
    freedom = float(noise.sum() ** 2 / (noise @ noise))
    seen = float(gaps.share @ gaps.gap**2) / scale
    tail = special.ndtr(-critical_value(level))

    def limit(probability: float) -> float:
        if special.chdtr(freedom, seen) <= probability:
            return 0.0
        return scale * float(special.chndtrinc(seen, freedom, probability))

    return limit(1 - tail), limit(tail)


def _exact_single_gap(event: Event, gaps: BinnedGaps, level: float) -> tuple[float, float]:
    """Return the limits of the one gap's size, from those of the observed share."""
    ends = share_limits(gaps.observed[0], gaps.effective[0], level=level)
    from_low, from_high = (float(end) - float(gaps.predicted[0]) for end in ends)
    nearest = 0.0 if from_low <= 0 <= from_high else min(abs(from_low), abs(from_high))
    return nearest, max(abs(from_low), abs(from_high))


def _expected(event: Event, gaps: BinnedGaps, squared: float, level: float) -> Estimate:
    share, gap, error = gaps.share, np.abs(gaps.gap), gaps.gap_error
    plug_in = float(share @ gap)
    mean_square = float(share @ gap**2)
    kept = np.sqrt(max(squared, 0.0) / mean_square) if mean_square > 0 else 0.0
    bias = _sizes(kept * gap, error)[0] - kept * gap
    value = max(plug_in - float(share @ bias), 0.0)
    if event.fewest < FEWEST_EVENTS:
        low, high = _exact_single_gap(event, gaps, level)
    else:
        z = critical_value(level)
        spread = float(np.sqrt(share**2 @ error**2))
        # 1.28 bounds the standard deviation of the half-sample estimate, in errors, at any gap.
        low = max(float(share @ _sizes(gap, error)[1]) - z * 1.28 * spread, 0.0)
        high = plug_in + z * spread
    method = "debiased at shrunken gaps; bounds that hold at any gaps"
    return Estimate(value, min(low, value), max(high, value), level, len(event), method)


def _sizes(mean: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Return two means for an estimate of `mean` with normal `error`: of its size, and of halves.

    The first is E|X|. The second is the gap of one half of a bin's rows signed by the other
    half's, over all halvings: the halves are independent, so that its mean over samples is
    |g| (2 Phi(|g| / (sqrt 2 se)) - 1), which is 0 without a gap, |g| at a clear one, never more.
    """
    scaled = np.divide(mean, error, out=np.full_like(mean, np.inf), where=error > 0)
    signed = mean * (2 * special.ndtr(scaled) - 1)
    noise = 2 * error * np.exp(-(scaled**2) / 2) / np.sqrt(2 * np.pi)
    return signed + noise, signed - noise
