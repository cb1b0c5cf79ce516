"""The reliability diagram: what was said against what happened, and the band that chance allows.

The band is where all bins lie together in `level` of the samples whose outcomes are redrawn from
the model's own probabilities, the consistency resampling of [brocker2007increasing, sec. 3] taken
for all bins at once: each bin's 2.5 % and 97.5 % quantiles are stretched by one factor until that
holds [myllymaki2017global, sec. 3], which keeps the skew of bins near 0 and 1. Bin by bin at 95 %,
a calibrated model leaves a band of 15 bins more often than not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, Table, line_chart
from alignlab.errors import InputError
from alignlab.intervals import share_limits
from alignlab.random import as_generator
from alignlab.uncertainty.calibration.bins import BinnedGaps, Binning, binned_gaps
from alignlab.uncertainty.calibration.event import About, Event, as_event

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reliability", "redrawn_gaps", "reliability", "reliability_of"]

Floats = NDArray[np.float64]

DRAWS_AT_ONCE = 2**21
"""Random numbers in memory at a time."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """What was said and what happened, bin by bin; every array has one entry a bin.

    Attributes
    ----------
    predicted
        The mean probability.
    observed
        The share that came true.
    low, high
        The exact interval of `observed`.
    band_low, band_high
        Where `observed` lies, in all bins at once, if the probabilities are right; NaN without
        redraws.
    share
        The bins' mass; sums to one.
    count
        The bins' rows.
    p_value
        The chance that outcomes drawn from the model's own probabilities have a mean squared gap
        at least as large as the one seen; NaN without redraws.
    redraws
        How many times the outcomes were redrawn.
    level
        The level of the intervals and of the band.
    event
        Which probability this is about.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    band_low: Floats
    band_high: Floats
    share: Floats
    count: NDArray[np.intp]
    p_value: float
    redraws: int
    level: float
    event: str

    def to_table(self, title: str = "What was predicted and what happened") -> Table:
        """Return one row a bin."""
        columns = ("predicted", "observed", "low", "high", "band_low", "band_high")
        arrays = [getattr(self, name) for name in columns]
        rows = zip(*(array.tolist() for array in arrays), self.count.tolist(), strict=True)
        return Table(title, (*columns, "rows"), tuple(rows))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a bin."""
        frame: pd.DataFrame = self.to_table().to_frame()
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return the bins and the test as plain values."""
        arrays = ("predicted", "observed", "low", "high", "band_low", "band_high", "share", "count")
        return {
            "event": self.event,
            **{name: getattr(self, name).tolist() for name in arrays},
            "p_value": self.p_value,
            "redraws": self.redraws,
            "level": self.level,
        }

    def chart(self, question: str = "Does it happen as often as the model says?") -> Chart:
        """Draw what happened against what was said, with the band and the diagonal."""
        band = ("band_low", "band_high") if self.redraws else None
        table = self.to_table()
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        return line_chart(
            question,
            rows,
            x="predicted",
            y="observed",
            x_title="predicted by the model (mean probability in the bin)",
            y_title="happened (share of the bin)",
            band=band,
            diagonal=True,
        )


def reliability(
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
) -> Reliability:
    """Compare what a model said with what happened, bin by bin.

    Use it to see where probabilities are wrong; `calibration_error` says by how much.

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
    bins
        At most so many bins; fewer where rows, events or ties leave fewer.
    binning
        "equal-mass" or "equal-width".
    level
        The level of the intervals, bin by bin, and of the band, for all bins at once.
    redraws
        How many times outcomes are redrawn for the band; 0 leaves the band out.
    seed
        Seed or generator of the redraws.
    event
        What the definition calls the probability, such as "the probability of approval".

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row.

    References
    ----------
    [brocker2007increasing]

    Examples
    --------
    >>> generator = np.random.default_rng(3)
    >>> said = generator.random(3000)
    >>> seen = reliability(said, generator.random(3000) < said, bins=5)
    >>> bool(np.all((seen.band_low <= seen.observed) & (seen.observed <= seen.band_high)))
    True
    """
    said = as_event(probability, outcome, weights, event, about=about, logits=logits)
    gaps = binned_gaps(said, bins, binning)
    return reliability_of(said, gaps, level=level, redraws=redraws, seed=seed)


def reliability_of(
    event: Event,
    gaps: BinnedGaps,
    *,
    level: float,
    redraws: int,
    seed: int | np.random.Generator,
) -> Reliability:
    """Return the reliability of an event that has been put into bins."""
    if redraws < 0:
        raise InputError(f"redraws={redraws!r} is negative. Give 0 for none, or such as 1000.")
    low, high = share_limits(gaps.observed, gaps.effective, level=level)
    band_low = band_high = np.full(len(gaps.share), np.nan)
    p_value = float("nan")
    if redraws:
        redrawn = redrawn_gaps(event, gaps.codes, redraws, as_generator(seed, "redrawn outcomes"))
        below, above = _simultaneous_reach(event, gaps.codes, redrawn, level)
        band_low = np.clip(gaps.predicted - below, 0, 1)
        band_high = np.clip(gaps.predicted + above, 0, 1)
        again = as_generator(seed, "redrawn outcomes")
        mean_squares, seen = redrawn_mean_squares(event, gaps, redraws, again, redrawn)
        # Redrawn sums of weights carry seven digits, and a tie counts against the model.
        p_value = float((1 + np.sum(mean_squares >= seen * (1 - 1e-6))) / (1 + redraws))
    return Reliability(
        predicted=gaps.predicted,
        observed=gaps.observed,
        low=low,
        high=high,
        band_low=band_low,
        band_high=band_high,
        share=gaps.share,
        count=gaps.count,
        p_value=p_value,
        redraws=redraws,
        level=level,
        event=event.name,
    )


def redrawn_gaps(
    event: Event, codes: NDArray[np.intp], redraws: int, generator: np.random.Generator
) -> Floats:
    """Return the bins' gaps, shape (redraws, n_bins), of outcomes drawn from the probabilities."""
    # Sorted by what a row says, so that the order of the rows changes no draw.
    order = np.lexsort((event.weights, event.probability, codes))
    said = event.probability[order].astype(np.float32)
    weights = event.weights[order].astype(np.float32)
    sums = np.zeros((int(codes.max()) + 1, redraws))
    step = max(1, DRAWS_AT_ONCE // redraws)
    uniform = np.empty((step, redraws), dtype=np.float32)
    ends = np.cumsum(np.bincount(codes))
    for code, (start, end) in enumerate(zip(ends - np.bincount(codes), ends, strict=True)):
        for first in range(start, end, step):
            rows = slice(first, min(first + step, end))
            drawn = generator.random(out=uniform[: rows.stop - first], dtype=np.float32)
            if event.weighted:
                # As numbers rather than truth values, in place: the product is twice as fast.
                came_true = np.less(drawn, said[rows, None], out=drawn)
                sums[code] += weights[rows] @ came_true
            else:
                sums[code] += (drawn < said[rows, None]).sum(axis=0)
    expected = np.bincount(codes, event.weights * event.probability)
    mass = np.bincount(codes, event.weights)
    return (sums.T - expected) / mass


def redrawn_mean_squares(
    event: Event,
    gaps: BinnedGaps,
    redraws: int,
    generator: np.random.Generator,
    redrawn: Floats | None = None,
) -> tuple[Floats, float]:
    """Return mean squared gaps of redrawn outcomes, shape (redraws,), and the one seen.

    They are of bins that no outcome had a say in; `redrawn` holds what was redrawn for `gaps.codes`
    already.
    """
    if redrawn is None or gaps.tested is not gaps.codes:
        redrawn = redrawn_gaps(event, gaps.tested, redraws, generator)
    share, seen = mean_square(event, gaps.tested)
    return redrawn**2 @ share, seen


def mean_square(event: Event, codes: NDArray[np.intp]) -> tuple[Floats, float]:
    """Return the mass of the bins, and their mean squared gap."""
    mass = np.bincount(codes, event.weights)
    total = np.bincount(codes, event.weights * (event.outcome - event.probability))
    return mass / mass.sum(), float(np.sum(total**2 / mass) / mass.sum())


def _simultaneous_reach(
    event: Event, codes: NDArray[np.intp], redrawn: Floats, level: float
) -> tuple[Floats, Floats]:
    """Return how far below and above all bins lie together in `level` of the redraws."""
    variance = np.bincount(codes, event.weights**2 * event.probability * (1 - event.probability))
    spread = np.sqrt(variance) / np.bincount(codes, event.weights)
    low, high = np.quantile(redrawn, [0.025, 0.975], axis=0)
    # Where an event is rarer than the quantile it is never seen there; the spread still sees it.
    below, above = np.maximum(-low, spread), np.maximum(high, spread)
    reach = np.where(redrawn < 0, below, above)
    scaled = np.divide(np.abs(redrawn), reach, out=np.zeros_like(redrawn), where=reach > 0)
    largest = np.sort(scaled.max(axis=1))
    stretch = largest[min(int(np.ceil(level * (len(largest) + 1))), len(largest)) - 1]
    return stretch * below, stretch * above
