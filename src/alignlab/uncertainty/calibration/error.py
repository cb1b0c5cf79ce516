"""Calibration error: how far probabilities are from what happens, with the sampling noise removed.

With bins b of mass q_b, gaps g_b = P(event | b) - E(probability | b), the three errors are

    root mean square (l2)   (sum_b q_b g_b^2)^(1/2)     [kumar2019verified, def. 2.1]
    expected (l1, ECE)       sum_b q_b |g_b|            [guo2017calibration, eq. 2]
    largest (max, MCE)       max_b |g_b|                [guo2017calibration, eq. 4]

and the second is never larger than the first. The plug-in, with observed gaps a_b for g_b, is
biased upward by noise [roelofs2022mitigating]. The mean square is estimated without bias by pairs
of different rows (see `bins`). Its interval inverts sum_b q_b a_b^2 ~ c chi2_v (noncentrality
theta / c), c and v matched to the bins' variances as in [satterthwaite1946approximate], which is
exact where the q_b se_b^2 are equal; c is raised where the gaps lie in noisy bins. No estimate of
|g| is unbiased, so the expected and the largest error are plug-ins less their bias at gaps shrunk
until their mean square is the unbiased one. The interval of the expected error runs from an
estimate that is too small on average to the plug-in, which is too large; that of the largest holds
all bins at once, by exact limits of shares.
A binned error is a lower bound: it can't see what cancels within a bin [kumar2019verified, sec. 3].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.intervals import Estimate, critical_value, share_limits
from alignlab.uncertainty.calibration.bins import (
    FEWEST_EVENTS,
    BinnedGaps,
    Binning,
    binned_gaps,
)
from alignlab.uncertainty.calibration.diagram import Reliability, reliability_of
from alignlab.uncertainty.calibration.event import About, Event, as_event

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CalibrationError",
    "calibration_error",
    "error_of",
    "expected_estimate",
    "root_mean_square_estimate",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CalibrationError:
    """How far probabilities are from what happens.

    Attributes
    ----------
    root_mean_square
        The root of the mean squared gap over bins (l2); 0 where `squared` is below 0.
    expected
        The mean size of the gap over bins (l1, ECE), debiased. Its interval holds whatever the
        gaps' shape, and is wider for it.
    largest
        The size of the largest gap (max, MCE), debiased. Bins of few rows make its interval wide.
    root_mean_square_plug_in, expected_plug_in, largest_plug_in
        The usual numbers, for comparison with others'; too large on average. With bins of equal
        width they are those of exactly the bins asked for, however few rows are in them.
    squared
        The unbiased estimate of the mean squared gap. On a calibrated model it is below 0 about
        as often as above.
    p_value
        The chance of a mean squared gap at least as large if the probabilities were right.
    binning
        How rows were put into bins.
    reliability
        The bins.
    """

    root_mean_square: Estimate
    expected: Estimate
    largest: Estimate
    root_mean_square_plug_in: float
    expected_plug_in: float
    largest_plug_in: float
    squared: float
    p_value: float
    binning: Binning
    reliability: Reliability

    @property
    def definition(self) -> str:
        """What was computed, in words."""
        bins = len(self.reliability.share)
        how = self.binning.replace("-", " ")
        return (
            f"Gap between {self.reliability.event} and the share that came true, in {bins} "
            f"bin{'s' * (bins != 1)} of {how} with equal probabilities kept together; bins "
            "weighted by their mass. Root mean square (l2) and mean size (l1, ECE) of the gap, "
            "sampling noise removed."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a number, with what it is: event, binning, norm, debiased or plug-in."""
        import pandas as pd

        rows = []
        for norm, name in (("l2", "root_mean_square"), ("l1", "expected"), ("max", "largest")):
            estimate = getattr(self, name)
            rows.append((name, norm, True, estimate.value, estimate.low, estimate.high))
            plug_in = getattr(self, f"{name}_plug_in")
            rows.append((name, norm, False, plug_in, float("nan"), float("nan")))
        frame = pd.DataFrame(rows, columns=["measure", "norm", "debiased", "value", "low", "high"])
        frame.insert(1, "event", self.reliability.event)
        frame.insert(2, "binning", self.binning)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and their definition as plain values."""
        return {
            "definition": self.definition,
            "event": self.reliability.event,
            "binning": self.binning,
            "bins": len(self.reliability.share),
            "root_mean_square": self.root_mean_square.to_dict(),
            "expected": self.expected.to_dict(),
            "largest": self.largest.to_dict(),
            "root_mean_square_plug_in": self.root_mean_square_plug_in,
            "expected_plug_in": self.expected_plug_in,
            "largest_plug_in": self.largest_plug_in,
            "squared": self.squared,
            "p_value": self.p_value,
        }

    def __str__(self) -> str:
        """Return the root mean square error and its interval."""
        return str(self.root_mean_square)


def calibration_error(
    probability: ArrayLike,
    outcome: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    about: About = "auto",
    logits: bool = False,
    bins: int = 15,
    binning: Binning = "equal-mass",
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
        Shape (n,) for an event, or (n, n_classes).
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,).
    about
        Of (n, n_classes) probabilities: "top-label", each row's largest, the event being that it
        was right; a class's position, that class's column; "auto", the second class of two and
        the top label of more. `classwise_calibration` takes each class in turn.
    logits
        Whether `probability` holds logits (log-odds where its shape is (n,)).
    bins
        At most so many bins; fewer where rows, events or ties leave fewer.
    binning
        "equal-mass", which follows the scores and keeps ties together; or "equal-width", the bins
        of most libraries, to compare with their numbers (the plug-ins).
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
    said = as_event(probability, outcome, weights, event, about=about, logits=logits)
    gaps = binned_gaps(said, bins, binning)
    return error_of(said, gaps, binning=binning, level=level, redraws=redraws, seed=seed)


def error_of(
    event: Event,
    gaps: BinnedGaps,
    *,
    binning: Binning,
    level: float,
    redraws: int = 0,
    seed: int | np.random.Generator = 0,
) -> CalibrationError:
    """Return the calibration error of an event that has been put into bins."""
    seen = reliability_of(event, gaps, level=level, redraws=redraws, seed=seed)
    squared = float(gaps.share @ gaps.gap_squared)
    exact = _exact_single_gap(event, gaps, level) if event.fewest < FEWEST_EVENTS else None
    bins = (gaps.share, gaps.gap, gaps.gap_error)
    residual = event.weights * (event.outcome - event.probability)
    total = np.bincount(gaps.asked, residual) / event.weights.sum()
    mass = np.bincount(gaps.asked, event.weights) / event.weights.sum()
    total, mass = np.abs(total[mass > 0]), mass[mass > 0]
    return CalibrationError(
        root_mean_square=root_mean_square_estimate(*bins, squared, len(event), level, exact=exact),
        expected=expected_estimate(*bins, squared, len(event), level, exact=exact),
        largest=_largest(gaps, squared, len(event), level),
        root_mean_square_plug_in=float(np.sqrt(np.sum(total**2 / mass))),
        expected_plug_in=float(total.sum()),
        largest_plug_in=float(np.max(total / mass)),
        squared=squared,
        p_value=seen.p_value,
        binning=binning,
        reliability=seen,
    )


def root_mean_square_estimate(
    share: Floats,
    gap: Floats,
    error: Floats,
    squared: float,
    n: int,
    level: float,
    *,
    spread: float | None = None,
    along: float | None = None,
    exact: tuple[float, float] | None = None,
) -> Estimate:
    """Return the root of the mean square of gaps seen with some error.

    Parameters
    ----------
    share, gap, error
        The bins' mass, gaps and the gaps' standard errors.
    squared
        The unbiased estimate of the mean square.
    n
        The rows behind it.
    level
        The interval's level.
    spread
        The sum of the squares of all entries of the covariance matrix of sqrt(share) * gap, where
        bins depend on each other; `None` where they don't.
    along
        The variance, by that matrix, along sqrt(share) * gap; `None` as above.
    exact
        The limits where they are known otherwise.
    """
    value = float(np.sqrt(max(squared, 0.0)))
    method = "pairs of rows; noncentral chi-square"
    if exact is not None:
        low, high = exact
        method = "pairs of rows; Clopper–Pearson, too few events for bins"
    else:
        limits = _mean_square_limits(share, gap, error, level, spread, along)
        low, high = (float(np.sqrt(end)) for end in limits)
    if squared < 0:
        method += "; the unbiased square is below 0, shown as 0"
    return Estimate(value, min(low, value), max(high, value), level, n, method)


def _mean_square_limits(
    share: Floats,
    gap: Floats,
    error: Floats,
    level: float,
    spread: float | None,
    along: float | None,
) -> tuple[float, float]:
    """Return the limits of sum q g^2 by inverting the distribution of sum q a^2.

    Without gaps the variance of the sum is 2 tr(S^2), with clear ones 4 g'Sg: the scale is the
    larger of the two that give them, so that gaps in noisy bins do not make the interval too short.
    A sample with less than the usual noise proves nothing: its upper limit is that of the median
    sample without gaps [cowan2011power].
    """
    noise = share * error**2
    mean_square = float(share @ gap**2)
    if not noise.sum() > 0:
        return mean_square, mean_square
    spread = float(noise @ noise) if spread is None else spread
    scale = spread / float(noise.sum())
    if mean_square > 0:
        along = float(noise @ (share * gap**2)) / mean_square if along is None else along
        scale = max(scale, along)
    freedom = float(noise.sum()) / scale
    seen = mean_square / scale
    tail = special.ndtr(-critical_value(level))

    def limit(probability: float, seen: float) -> float:
        if special.chdtr(freedom, seen) <= probability:
            return 0.0
        return scale * float(special.chndtrinc(seen, freedom, probability))

    usual = float(special.chdtri(freedom, 0.5))
    return limit(1 - tail, seen), limit(tail, max(seen, usual))


def _exact_single_gap(event: Event, gaps: BinnedGaps, level: float) -> tuple[float, float]:
    """Return the limits of the one gap's size, from those of the observed share."""
    ends = share_limits(gaps.observed[0], gaps.effective[0], level=level)
    from_low, from_high = (float(end) - float(gaps.predicted[0]) for end in ends)
    nearest = 0.0 if from_low <= 0 <= from_high else min(abs(from_low), abs(from_high))
    return nearest, max(abs(from_low), abs(from_high))


def expected_estimate(
    share: Floats,
    gap: Floats,
    error: Floats,
    squared: float,
    n: int,
    level: float,
    *,
    spread: float | None = None,
    exact: tuple[float, float] | None = None,
) -> Estimate:
    """Return the mean size of gaps seen with some error.

    The parameters are those of `root_mean_square_estimate`, but `spread` is a bound on the
    standard deviation of sum share * gap whatever the gaps' signs.
    """
    size = np.abs(gap)
    plug_in = float(share @ size)
    shrunk = _shrinkage(share, size, squared) * size
    bias = sizes(shrunk, error)[0] - shrunk
    value = max(plug_in - float(share @ bias), 0.0)
    if exact is not None:
        low, high = exact
    else:
        z = critical_value(level)
        spread = float(np.sqrt(share**2 @ error**2)) if spread is None else spread
        # 1.28 bounds the standard deviation of the half-sample estimate, in errors, at any gap.
        low = max(float(share @ sizes(size, error)[1]) - z * 1.28 * spread, 0.0)
        high = plug_in + z * spread
    method = "debiased at shrunken gaps; bounds that hold at any gaps"
    return Estimate(value, min(low, value), max(high, value), level, n, method)


def _shrinkage(share: Floats, size: Floats, squared: float) -> float:
    """Return the factor at which the gaps have the mean square that is estimated without bias."""
    mean_square = float(share @ size**2)
    return float(np.sqrt(max(squared, 0.0) / mean_square)) if mean_square > 0 else 0.0


def _largest(gaps: BinnedGaps, squared: float, n: int, level: float) -> Estimate:
    size = np.abs(gaps.gap)
    shrunk = _shrinkage(gaps.share, size, squared) * size
    value = max(float(size.max()) - (_mean_largest(shrunk, gaps.gap_error) - shrunk.max()), 0.0)
    # Bins are independent: all hold at once with the product of their chances (Šidák).
    low, high = share_limits(gaps.observed, gaps.effective, level=level ** (1 / len(size)))
    from_low, from_high = low - gaps.predicted, high - gaps.predicted
    nearest = np.maximum(np.maximum(from_low, -from_high), 0.0).max()
    farthest = np.maximum(np.abs(from_low), np.abs(from_high)).max()
    method = "debiased at shrunken gaps; Clopper–Pearson in all bins at once"
    low_end, high_end = min(float(nearest), value), max(float(farthest), value)
    return Estimate(value, low_end, high_end, level, n, method)


def _mean_largest(mean: Floats, error: Floats) -> float:
    """Return E max |X_b| of independent normal X_b: the integral of 1 - P(all are smaller)."""
    edges = np.linspace(0.0, float((mean + 6 * error).max()), 2001)
    at = (edges[1:] + edges[:-1])[:, None] / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        below = special.ndtr((at - mean) / error) - special.ndtr((-at - mean) / error)
    below = np.where(error > 0, below, at >= mean)
    return float(np.sum(1 - below.prod(axis=1)) * (edges[1] - edges[0]))


def sizes(mean: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Return two means for an estimate of `mean` with normal `error`: of its size, and of halves.

    The first is E|X|. The second is the gap of one half of a bin's rows signed by the other
    half's, over all halvings: the halves are independent, so that its mean over samples is
    |g| (2 Phi(|g| / (sqrt 2 se)) - 1), which is 0 without a gap, |g| at a clear one, never more.
    """
    scaled = np.divide(mean, error, out=np.full_like(mean, np.inf), where=error > 0)
    signed = mean * (2 * special.ndtr(scaled) - 1)
    noise = 2 * error * np.exp(-(scaled**2) / 2) / np.sqrt(2 * np.pi)
    return signed + noise, signed - noise
