"""Rows judged by rules that have not seen them: what the pair earns beside each alone.

With utilities m of the model, h of the person (less the cost of asking) and a the chance of being
asked about, the pair earns m + a (h - m), and its gain over anything is the mean of paired
differences. Rows on which nobody was asked count for the share asked and not for what is earned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.intervals import Estimate, mean_estimate, share_estimate, share_size
from alignlab.uncertainty.deferral.budget import spread

__all__ = ["DeferralCurve", "GroupDeferral", "Judged", "curve_of", "judge_groups"]

Floats = NDArray[np.float64]

CURVE_POINTS = 21

SMALLEST_GROUP = 30
"""A group with fewer rows on which people decided is listed, and nothing is said of it."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows as a rule that has not seen them would treat them; every array has one entry a row.

    Attributes
    ----------
    model, person
        What each earns; the person's less the cost of asking.
    ask
        The chance of being asked about.
    score
        What the best learned rule orders cases by.
    known
        Whether a person has decided.
    weights, person_weights
        How much a row counts for the share asked, and for what is earned; the latter 0 where
        nobody has decided.
    """

    model: Floats
    person: Floats
    ask: Floats
    score: Floats
    known: NDArray[np.bool_]
    weights: Floats
    person_weights: Floats

    @property
    def pair(self) -> Floats:
        """What model and person earn together."""
        return self.model + self.ask * (self.person - self.model)

    def mean(self, values: Floats, level: float, *, share: bool = False) -> Estimate:
        """Return the mean of what is earned, with its interval."""
        return _mean(values[self.known], self.person_weights[self.known], level, share)

    def asked(self, level: float) -> Estimate:
        """Return the share of cases asked about."""
        return _mean(self.ask, self.weights, level, share=True)

    def at(self, rows: NDArray[np.generic]) -> Judged:
        """Return some rows."""
        arrays = (getattr(self, name)[rows] for name in Judged.__dataclass_fields__)
        return Judged(*arrays)

    def oracle(self, budget: float) -> Floats:
        """Return what the pair earns if it is known beforehand who earns more."""
        gain = np.where(self.known, np.maximum(self.person - self.model, 0), 0.0)
        return self.model + spread(gain, budget, self.person_weights) * gain

    def at_share(self, share: float) -> Floats:
        """Return what the pair earns where exactly this share of cases is asked about."""
        chance = spread(self.score, share, self.person_weights)
        return self.model + chance * (self.person - self.model)


@dataclass(frozen=True, eq=False)
class DeferralCurve:
    """What the pair earns as more cases go to people, those of the highest scores first.

    Attributes
    ----------
    share
        Of cases that people decide, from 0 (model alone) to 1 (people alone).
    pair
        What is earned there, with intervals for these rows.
    """

    share: Floats
    pair: tuple[Estimate, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a share: earned by the pair, its limits, and by asking at random."""
        first, last = self.pair[0].value, self.pair[-1].value
        return pd.DataFrame(
            {
                "share": self.share,
                "pair": [each.value for each in self.pair],
                "low": [each.low for each in self.pair],
                "high": [each.high for each in self.pair],
                "at random": first + self.share * (last - first),
            }
        )


@dataclass(frozen=True, slots=True)
class GroupDeferral:
    """What deferral does for one group.

    Attributes
    ----------
    grouping, group
        The column, and its value.
    rows
        Its rows, and those on which people decided.
    decided
        Its rows on which people decided.
    enough
        Whether these are enough to say something.
    asked
        The share of its cases sent to people.
    model, people, pair
        What each earns in it.
    gain
        The pair's over the model's; its interval holds for all groups of the grouping at once.
    """

    grouping: str
    group: str
    rows: int
    decided: int
    enough: bool
    asked: Estimate
    model: Estimate
    people: Estimate
    pair: Estimate
    gain: Estimate


def curve_of(judged: Judged, level: float, *, share: bool) -> DeferralCurve:
    """Return what is earned at each share of cases that people decide."""
    shares = np.linspace(0, 1, CURVE_POINTS)
    pairs = [judged.mean(judged.at_share(float(each)), level, share=share) for each in shares]
    return DeferralCurve(shares, tuple(pairs))


def judge_groups(
    judged: Judged, name: str, codes: NDArray[np.intp], labels: tuple[str, ...], level: float,
    *, share: bool,
) -> tuple[GroupDeferral, ...]:  # fmt: skip
    """Return what deferral does for each group of a grouping that people decided in at all."""
    together = 1 - (1 - level) / len(labels)
    found = []
    for code, label in enumerate(labels):
        part = judged.at(codes == code)
        decided = int((part.person_weights > 0).sum())
        if not decided:
            continue
        found.append(
            GroupDeferral(
                grouping=name,
                group=label,
                rows=len(part.ask),
                decided=decided,
                enough=decided >= SMALLEST_GROUP,
                asked=part.asked(level),
                model=part.mean(part.model, level, share=share),
                people=part.mean(part.person, level, share=share),
                pair=part.mean(part.pair, level, share=share),
                gain=part.mean(part.pair - part.model, together),
            )
        )
    return tuple(found)


def _mean(values: Floats, weights: Floats, level: float, share: bool) -> Estimate:
    """Return a weighted mean: of 0 and 1 with exact limits, of anything else with Student's."""
    kept = weights > 0
    values, weights = values[kept], weights[kept]
    if share and np.isin(values, (0.0, 1.0)).all():
        squares = weights**2
        size = share_size(weights @ values, weights.sum(), squares @ values, squares.sum())
        value = min(float(weights @ values / weights.sum()), 1.0)
        return share_estimate(value, float(size), rows=len(values), level=level)
    return mean_estimate(values, weights=weights, level=level)
