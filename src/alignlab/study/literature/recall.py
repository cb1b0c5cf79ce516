"""How many relevant papers the screening has found, when people stop before the last one.

n of the N papers were drawn at random, and r of these are relevant. Whatever K of all N are,
r is hypergeometric: P(r) = C(K, r) C(N - K, n - r) / C(N, n). The limits of K are those that a test
at (1 - level) / 2 on each side does not reject; with f papers found and u not decided,
f <= K <= f + u. Recall is f / K.

Nothing is assumed of how the other papers were chosen, so it holds under active learning, and
whenever people stop. A sample drawn from what is left when they stop is sharper, and must not be
looked at twice [callaghan2020statistical].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.study.digits import enough, fixed_text
from alignlab.study.literature.screening import Screening

__all__ = ["Recall", "estimate_recall", "recall_of"]

METHOD = "hypergeometric, by the random sample"


@dataclass(frozen=True, slots=True)
class Recall:
    """What share of the relevant papers was found.

    Attributes
    ----------
    estimate
        The share with its interval; `n` are the papers of the random sample. NaN where nothing
        tells it: none of the sample is decided, or none is found.
    found
        Relevant papers found: taken in, or still in conflict.
    papers, undecided
        All papers, and those that are not decided.
    sampled, relevant
        Papers of the random sample that are decided, and how many of them are relevant.
    waiting
        Papers of the random sample that are to be decided first.
    missed
        How many relevant papers are not found, at most and as estimated.
    """

    estimate: Estimate
    found: int
    papers: int
    undecided: int
    sampled: int
    relevant: int
    waiting: int
    missed: Estimate

    def __str__(self) -> str:
        """Return what is known in a sentence or two."""
        decided, level = self.papers - self.undecided, f"{100 * self.estimate.level:.4g}%"
        said = f"{decided:,} of {self.papers:,} decided, {self.found:,} relevant."
        if not self.undecided:
            return f"{said} Nothing is left to be missed."
        if not self.sampled:
            return f"{said} Of the random sample none is decided: nobody knows what is missed."
        if self.estimate.value != self.estimate.value:
            return f"{said} At most {self.missed.high:,.0f} are missed ({level})."
        return (
            f"{said} By the {self.sampled:,} decided at random, that is an estimated "
            f"{_percent(self.estimate.value)} of the relevant ones, between "
            f"{_percent(self.estimate.low)} and {_percent(self.estimate.high)} "
            f"({level}): about "
            f"{self.missed.value:,.0f} are missed, {self.missed.high:,.0f} at most."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def _percent(share: float) -> str:
    """Return a share in percent, of which only all are 100 and only none are 0."""
    return f"{fixed_text(100 * share, enough(100 * share, 0, (0.0, 100.0)))}%"


def recall_of(screening: Screening, sample: Sequence[str], *, level: float = 0.95) -> Recall:
    """Return what share of the relevant papers a screening has found.

    Parameters
    ----------
    screening
        What was decided. A conflict counts as relevant.
    sample
        Keys of the papers drawn by chance, in the order drawn (`Order.sample`). They count up to
        the first that is not decided: which of them are decided must not depend on what they are.
    level
        Coverage.
    """
    outcomes = {each.key: screening.outcome(each.key) for each in screening.papers}
    waiting = [at for at, key in enumerate(sample) if outcomes[key] == "waiting"]
    counted = sample[: waiting[0]] if waiting else sample
    relevant = [key for key, outcome in outcomes.items() if outcome in ("include", "conflict")]
    return estimate_recall(
        papers=len(outcomes),
        undecided=sum(outcome == "waiting" for outcome in outcomes.values()),
        found=len(relevant),
        sampled=len(counted),
        relevant=len(set(counted) & set(relevant)),
        waiting=len(waiting),
        level=level,
    )


def estimate_recall(
    *,
    papers: int,
    undecided: int,
    found: int,
    sampled: int,
    relevant: int,
    waiting: int = 0,
    level: float = 0.95,
) -> Recall:
    """Return what share of the relevant papers was found, from the counts.

    Use it when people consider to stop. With few relevant papers in the sample its interval is
    wide, and that is the truth.

    Parameters
    ----------
    papers, undecided, found
        All papers, those not decided, and the relevant ones found.
    sampled, relevant
        Papers of the random sample that are decided, and how many of them are relevant.
    waiting
        Papers of the random sample that are to be decided first.
    level
        Coverage.

    References
    ----------
    [callaghan2020statistical]

    Examples
    --------
    >>> found = estimate_recall(papers=1000, undecided=600, found=48, sampled=100, relevant=5)
    >>> print(found.estimate, found.missed.high)
    0.960 [0.440, 1.000] 61.0
    """
    critical_value(level)  # says what is wrong with a level
    if not 0 <= relevant <= min(sampled, found) or sampled + undecided > papers:
        raise InputError(
            f"relevant={relevant} of sampled={sampled}, found={found}, undecided={undecided} and "
            f"papers={papers} do not fit together."
        )
    limits, usual = (0, papers), np.nan
    if sampled:
        tail = (1 - level) / 2
        every = np.arange(papers + 1)
        not_too_few = stats.hypergeom.sf(relevant - 1, papers, every, sampled) > tail
        not_too_many = stats.hypergeom.cdf(relevant, papers, every, sampled) > tail
        limits = every[not_too_few].min(), every[not_too_many].max()
        usual = papers * relevant / sampled
    low, high = np.clip(limits, found, found + undecided)
    value = float(np.clip(usual, low, high)) if undecided else float(found)
    share = [found / each if each else np.nan for each in (value, high, low)]
    return Recall(
        Estimate(float(share[0]), float(share[1]), float(share[2]), level, sampled, METHOD),
        found,
        papers,
        undecided,
        sampled,
        relevant,
        waiting,
        Estimate(value - found, float(low - found), float(high - found), level, sampled, METHOD),
    )
