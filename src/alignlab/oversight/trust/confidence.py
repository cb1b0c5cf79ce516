"""Are people as often right as they say? Calibration of stated confidence, by people and items.

With confidence c and r = 1 where the answer was right, in bins b of share q_b, mean confidence c_b
and share right r_b:

    over-confidence = mean(c - r)
    Brier score     = mean((c - r)^2)
                    = sum q_b (c_b - r_b)^2 - sum q_b (r_b - r)^2 + r (1 - r) + what is within bins
                      (reliability)           (resolution)          (uncertainty)   [murphy1973new]
    ECE             = sum q_b |c_b - r_b|

The ECE of perfectly calibrated people is above zero: noise has no sign. So there are few bins, what
noise alone would give is said, and each bin's squared gap is estimated without it, from the pairs
of answers that share neither person nor item. Each person has few answers: people's own
over-confidence is pooled (`pooling.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, interval_chart, line_chart
from alignlab.errors import InputError, require_whole
from alignlab.intervals import Estimate, critical_value
from alignlab.oversight.crossed import Statistic, estimated, ratio, spread_of
from alignlab.oversight.trust.pooling import Pooled, pooled_means

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConfidenceBin", "ConfidenceCalibration", "confidence_calibration"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

BINS = 5


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Answers given with about one confidence.

    Attributes
    ----------
    low, high
        The lowest and highest confidence in it.
    said
        The mean confidence.
    right
        The share that was right.
    n
        Its answers.
    """

    low: float
    high: float
    said: float
    right: Estimate
    n: int


@dataclass(frozen=True, eq=False)
class ConfidenceCalibration:
    """How people's confidence fits what they get right.

    Attributes
    ----------
    over_confidence
        Mean confidence less the share right; above zero they claim too much.
    confidence, accuracy
        The two.
    brier
        The mean squared difference; smaller is better.
    reliability, resolution, uncertainty, within
        The parts of the Brier score: reliability - resolution + uncertainty + within.
    ece
        The expected calibration error as it is usually computed: too large.
    ece_by_chance
        What it would be on average if people were calibrated.
    ece_debiased
        The same from squared gaps without noise, below zero taken as zero; NaN where no two
        answers in a bin share neither person nor item.
    bins
        Lowest confidence first.
    people
        Their names.
    pooled
        The over-confidence of each.
    below_chance
        The share of answers given with less confidence than guessing has: a person who says so
        would have chosen otherwise. NaN where the number of choices was not given.
    left_out
        Answers without a confidence.
    """

    over_confidence: Estimate
    confidence: Estimate
    accuracy: Estimate
    brier: Estimate
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    ece: float
    ece_by_chance: float
    ece_debiased: float
    bins: tuple[ConfidenceBin, ...]
    people: tuple[str, ...]
    pooled: Pooled
    below_chance: float
    left_out: int

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        gap = self.over_confidence
        said = f"People are {self.confidence.value:.0%} sure and {self.accuracy.value:.0%} right"
        if not np.isfinite(gap.low):
            return f"{said}; there are too few people or items for an interval."
        ends = f"{100 * gap.value:+.0f} points [{100 * gap.low:+.0f}, {100 * gap.high:+.0f}]"
        if gap.low > 0:
            return f"{said}: surely over-confident, by {ends}."
        if gap.high < 0:
            return f"{said}: surely under-confident, by {ends}."
        return f"{said}: {ends}, so neither over- nor under-confidence is shown."

    def to_frame(self) -> pd.DataFrame:
        """Return one row a bin."""
        import pandas as pd

        rows = [
            {
                "lowest": each.low,
                "highest": each.high,
                "said": each.said,
                "right": each.right.value,
                "low": each.right.low,
                "high": each.right.high,
                "n": each.n,
            }
            for each in self.bins
        ]
        return pd.DataFrame(rows)

    def people_frame(self) -> pd.DataFrame:
        """Return one row a person: the own over-confidence, and the pooled one with its limits."""
        import pandas as pd

        return pd.DataFrame(
            {
                "person": self.people,
                "answers": self.pooled.count,
                "own": self.pooled.own,
                "pooled": self.pooled.pooled,
                "low": self.pooled.low,
                "high": self.pooled.high,
            }
        )

    def chart(self) -> Chart:
        """Draw how often people are right against how sure they are."""
        return line_chart(
            "Are people as often right as they say?",
            [dict(row) for _, row in self.to_frame().iterrows()],
            x="said",
            y="right",
            x_title="stated confidence (mean of the bin, %)",
            y_title="right (share of the bin, %)",
            band=("low", "high"),
            diagonal=True,
        )

    def people_chart(self) -> Chart:
        """Draw each person's over-confidence, pooled, the highest first."""
        found = self.pooled
        value = np.where(np.isfinite(found.pooled), found.pooled, found.own)
        rows = [
            {
                "group": self.people[at],
                "value": float(value[at]),
                "low": float(found.low[at]),
                "high": float(found.high[at]),
                "n": int(found.count[at]),
            }
            for at in np.argsort(-value, kind="stable")
        ]
        return interval_chart(
            "Who claims too much?",
            rows,
            x="confidence less share right (points)",
            reference=0.0,
            reference_label="calibrated on the whole",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        names = ("over_confidence", "confidence", "accuracy", "brier")
        parts = ("reliability", "resolution", "uncertainty", "within", "ece", "ece_by_chance")
        return {
            "headline": self.headline,
            **{name: getattr(self, name).to_dict() for name in names},
            **{name: getattr(self, name) for name in (*parts, "ece_debiased", "below_chance")},
            "between_people": self.pooled.between,
            "left_out": self.left_out,
            "bins": self.to_frame().to_dict("records"),
            "people": self.people_frame().to_dict("records"),
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def confidence_calibration(
    confidence: ArrayLike,
    right: ArrayLike,
    *,
    person: ArrayLike,
    item: ArrayLike,
    choices: int | None = None,
    bins: int = BINS,
    level: float = 0.95,
) -> ConfidenceCalibration:
    """Compare how sure people were with how often they were right.

    Use it with probabilities that people gave to the answer they chose. Do not use it with steps
    of a scale from "unsure" to "sure", which are no probabilities.

    Parameters
    ----------
    confidence
        The probability of being right that was stated, shape (n,); NaN where none was.
    right
        Whether the answer was right, shape (n,).
    person, item
        Who answered, and what, shape (n,).
    choices
        Between how many answers people chose, to count confidence below guessing.
    bins
        At most so many, of equal size; equal confidence is never parted.
    level
        Of the intervals.

    Raises
    ------
    InputError
        If a confidence is no probability, arrays differ in length, or nobody stated one.

    References
    ----------
    [murphy1973new], [morris1983parametric]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> person, item = np.repeat(np.arange(20), 16), np.tile(np.arange(16), 20)
    >>> said = rng.choice([0.6, 0.8, 1.0], 320)
    >>> right = rng.random(320) < said - 0.15
    >>> confidence_calibration(said, right, person=person, item=item).headline
    'People are 81% sure and 62% right: surely over-confident, by +19 points [+14, +25].'
    """
    critical_value(level)
    require_whole(bins, "bins", 1)
    if choices is not None:
        require_whole(choices, "choices", 2)
    said, was, people, who, what, left_out = _read(confidence, right, person, item)
    codes = _binned(said, bins)
    n = len(said)
    every = np.ones(n)

    def mean(values: Floats, *, share: bool = False) -> Estimate:
        found = estimated(ratio(values, every), who, what, level=level, share=share)
        if found is None:
            raise InputError("There is no answer with a confidence. Give some.")
        return found

    share = np.bincount(codes) / n
    said_in = np.bincount(codes, said) / np.bincount(codes)
    right_in = np.bincount(codes, was) / np.bincount(codes)
    score = mean((said - was) ** 2)
    reliability = float(share @ (said_in - right_in) ** 2)
    resolution = float(share @ (right_in - was.mean()) ** 2)
    uncertainty = float(was.mean() * (1 - was.mean()))
    noise, squares = _gaps(was - said, codes, who, what)
    below = float(np.mean(said < 1 / choices - 1e-9)) if choices else float("nan")
    return ConfidenceCalibration(
        over_confidence=mean(said - was),
        confidence=mean(said, share=True),
        accuracy=mean(was, share=True),
        brier=score,
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within=score.value - reliability + resolution - uncertainty,
        ece=float(share @ np.abs(said_in - right_in)),
        ece_by_chance=float(share @ noise * np.sqrt(2 / np.pi)),
        ece_debiased=float(share @ np.sqrt(np.maximum(squares, 0))),
        bins=tuple(_bin(code, said, was, codes, who, what, level) for code in range(len(share))),
        people=people,
        pooled=pooled_means(said - was, who, level=level),
        below_chance=below,
        left_out=left_out,
    )


def _bin(
    code: int, said: Floats, was: Floats, codes: Codes, who: Codes, what: Codes, level: float
) -> ConfidenceBin:
    here = codes == code
    found = estimated(ratio(was * here, here), who, what, level=level, share=True)
    if found is None:
        raise InputError("A bin is empty.")
    return ConfidenceBin(
        float(said[here].min()), float(said[here].max()), float(said[here].mean()), found,
        int(here.sum()),
    )  # fmt: skip


def _gaps(residual: Floats, codes: Codes, who: Codes, what: Codes) -> tuple[Floats, Floats]:
    """Return each bin's standard error of the gap, and its squared gap without noise."""
    size = int(codes.max()) + 1
    noise, squares = np.zeros(size), np.zeros(size)
    for code in range(size):
        here = codes == code
        part: Statistic = ratio(residual * here, here)
        variance = spread_of(part, who, what).variance
        noise[code] = np.sqrt(variance)
        d, p, i = residual[here], who[here], what[here]
        cell = p * (int(what.max()) + 1) + i
        total, pairs = d.sum() ** 2, float(len(d)) ** 2
        for groups, sign in ((p, -1), (i, -1), (cell, 1)):
            _, at = np.unique(groups, return_inverse=True)
            total += sign * float(np.sum(np.bincount(at, d) ** 2))
            pairs += sign * float(np.sum(np.bincount(at).astype(float) ** 2))
        squares[code] = total / pairs if pairs > 0 else np.nan
    return noise, squares


def _binned(said: Floats, bins: int) -> Codes:
    """Return each answer's bin by its place in the order; equal confidence shares one."""
    values, at = np.unique(np.round(said, 9), return_inverse=True)
    mass = np.bincount(at)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    fine = np.floor(bins * middle).astype(np.intp) if len(values) > bins else np.arange(len(values))
    return np.unique(fine[at], return_inverse=True)[1].astype(np.intp)


def _read(
    confidence: ArrayLike, right: ArrayLike, person: ArrayLike, item: ArrayLike
) -> tuple[Floats, Floats, tuple[str, ...], Codes, Codes, int]:
    try:
        said = np.array([np.nan if e is None else e for e in np.asarray(confidence)], dtype=float)
    except (TypeError, ValueError):
        raise InputError("confidence is not made of numbers. Give probabilities, 0 to 1.") from None
    others = {"right": right, "person": person, "item": item}
    columns = {name: np.asarray(value) for name, value in others.items()}
    for name, column in columns.items():
        if column.shape != said.shape or said.ndim != 1:
            raise InputError(
                f"{name} has shape {column.shape} and confidence has {said.shape}. Give one entry "
                "an answer in each."
            )
    wrong = np.flatnonzero((said < 0) | (said > 1))
    if len(wrong):
        raise InputError(
            f"confidence is {said[wrong[0]]:g} at position {wrong[0]}. Give probabilities from 0 "
            "to 1; divide percentages by 100, and do not take steps of a scale for them."
        )
    was = columns["right"]
    if not np.isin(was.astype(object), [True, False]).all():
        raise InputError("right holds something else than true and false (1 and 0). Give these.")
    kept = np.isfinite(said)
    if not kept.any():
        raise InputError("There is no answer with a confidence. Ask people how sure they are.")
    people, who = np.unique(columns["person"][kept].astype(str), return_inverse=True)
    _, what = np.unique(columns["item"][kept].astype(str), return_inverse=True)
    return (
        said[kept],
        was[kept].astype(float),
        tuple(map(str, people)),
        who.astype(np.intp),
        what.astype(np.intp),
        int((~kept).sum()),
    )
