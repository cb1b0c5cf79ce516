"""Whom do the sets fail? Answered on one sample, each half calibrating the other.

The rows are cut in two at random; sets for each half are calibrated on the other, so that every row
is held against a set that has not seen it. A group's coverage is the (weighted) share of its rows
whose set holds the truth, with exact limits of a share [clopper1934use], Bonferroni-corrected over
all groups. The two halves' errors are opposed, which makes these limits wider than they need be,
not narrower: measured in `test_crossed`.

On average over all rows coverage is near the level whatever the model, for that is how sets are
calibrated. So the answer is in the groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.intervals import Estimate, share_limits, share_size
from alignlab.random import as_generator
from alignlab.uncertainty.conformal.ranks import (
    Level,
    conformal_threshold,
    fewest_rows,
    level_value,
    require_finite,
)

__all__ = ["CrossedCoverage", "CrossedGroup", "crossed_coverage"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrossedGroup:
    """One group's coverage.

    Attributes
    ----------
    grouping, group
        The grouping's name and the group's.
    rows
        Its rows.
    covered
        The share covered, with limits that hold for all groups at once; `None` where there are too
        few rows to say.
    size
        The mean number of classes in a set, or the mean width of an interval.
    short
        Whether even the upper limit is below the level.
    """

    grouping: str
    group: str
    rows: int
    covered: Estimate | None
    size: float
    short: bool


@dataclass(frozen=True, eq=False)
class CrossedCoverage:
    """Coverage and sizes of sets, each half of the rows calibrating the other.

    Attributes
    ----------
    level
        The coverage promised.
    overall
        The share covered of all rows.
    groups
        Every group of every grouping.
    inside
        Whether each row's set holds the truth, shape (n,).
    sizes
        How many classes are in each row's set, or how wide its interval is; shape (n,).
    thresholds
        The two halves' thresholds.
    """

    level: float
    overall: Estimate
    groups: tuple[CrossedGroup, ...]
    inside: NDArray[np.bool_]
    sizes: Floats
    thresholds: tuple[float, float]

    @property
    def known(self) -> tuple[CrossedGroup, ...]:
        """The groups with enough rows, the least covered first."""
        found = [each for each in self.groups if each.covered is not None]
        return tuple(sorted(found, key=lambda each: each.covered.value if each.covered else 1.0))

    @property
    def short(self) -> tuple[CrossedGroup, ...]:
        """The groups that are surely covered less often than promised, the least first."""
        return tuple(each for each in self.known if each.short)


def crossed_coverage(
    own: Floats,
    *,
    scores: Floats | None = None,
    level: Level = 0.9,
    groupings: Sequence[Grouping] = (),
    weights: Floats | None = None,
    confidence: float = 0.95,
    fewest: int = 20,
    seed: int | np.random.Generator = 0,
) -> CrossedCoverage:
    """Calibrate sets on each half of the rows and hold them against the other half.

    Use it to see whom sets calibrated on average would fail. With randomised APS scores and right
    probabilities every group is covered alike, however hard its rows are; a group that falls short
    is one for which the probabilities are wrong.

    Parameters
    ----------
    own
        The score of what was true, larger where it fits worse; shape (n,).
    scores
        Those of every class, shape (n, n_classes); `None` for absolute residuals in `own`.
    level
        The coverage promised.
    groupings
        Whom to look at.
    weights
        Non-negative, shape (n,): each row's share in the coverage. Sets are calibrated on rows of
        positive weight, counted alike.
    confidence
        Of the limits, for all groups at once.
    fewest
        A group with fewer effective rows than this is named without a number.
    seed
        Of the cut into halves.

    Raises
    ------
    InputError
        If a half has too few rows for the level, or a score is not finite.

    References
    ----------
    [vovk2012conditional], [clopper1934use]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noisy = Grouping("who", (rng.random(2000) < 0.2).astype(int), ("quiet", "noisy"))
    >>> seen = crossed_coverage(rng.exponential(1 + noisy.codes), groupings=[noisy])
    >>> [(each.group, str(each.covered)) for each in seen.short]
    [('noisy', '0.745 [0.694, 0.791]')]
    """
    values = require_finite(own)
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = np.flatnonzero(mass > 0)
    if len(kept) // 2 < fewest_rows(level):
        raise InputError(
            f"{len(kept)} rows are too few: each half needs at least {fewest_rows(level)} for sets "
            f"at level {level}."
        )
    order = kept[as_generator(seed).permutation(len(kept))]
    halves = order[: len(kept) // 2], order[len(kept) // 2 :]
    cuts = np.zeros(len(values))
    thresholds = tuple(conformal_threshold(values[half], level) for half in halves)
    cuts[halves[1]], cuts[halves[0]] = thresholds
    inside = (values <= cuts) & (mass > 0)
    sizes = 2 * cuts if scores is None else (scores <= cuts[:, None]).sum(axis=1).astype(float)

    members = [
        (grouping.name, label, (grouping.codes == code) & (mass > 0))
        for grouping in groupings
        for code, label in enumerate(grouping.labels)
    ]
    enough = [_effective(inside[member], mass[member]) >= fewest for *_, member in members]
    family = max(sum(enough), 1)
    groups = []
    for (name, label, member), large in zip(members, enough, strict=True):
        covered = _covered(inside[member], mass[member], confidence, family) if large else None
        size = float(np.average(sizes[member], weights=mass[member])) if member.any() else np.nan
        short = covered is not None and covered.high < level_value(level)
        groups.append(CrossedGroup(name, label, int(member.sum()), covered, size, short))
    return CrossedCoverage(
        level=level_value(level),
        overall=_covered(inside[kept], mass[kept], confidence, 1),
        groups=tuple(groups),
        inside=inside,
        sizes=sizes,
        thresholds=(thresholds[0], thresholds[1]),
    )


def _effective(inside: NDArray[np.bool_], mass: Floats) -> float:
    squares = mass**2
    return float(share_size(mass @ inside, mass.sum(), squares @ inside, squares.sum()))


def _covered(
    inside: NDArray[np.bool_], mass: Floats, confidence: float, comparisons: int
) -> Estimate:
    share = float(mass @ inside / mass.sum())
    low, high = share_limits(
        share, _effective(inside, mass), level=confidence, comparisons=comparisons
    )
    method = "Clopper–Pearson"
    if comparisons > 1:
        method += f", for {comparisons} groups at once"
    return Estimate(share, float(low), float(high), confidence, len(inside), method)
