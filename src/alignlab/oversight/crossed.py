"""Estimates from trials that share people and share items, with intervals that know of both.

Of a statistic f of sums S over trials, the jackknife by clusters gives for people, items and cells
(one person with one item)

    V_person = (G - 1)/G sum_g (f(S - S_g) - f(S))^2,    and V_item likewise,
    V_rest   = sum_c r_c^2 * (C - 1)^2 / (C (C - G - H + 1)),

where r_c is what a cell's own influence f(S) - f(S - S_c) keeps when the effects of its person and
its item are taken out of it. Then, as in the analysis of variance of crossed factors
[cornfield1956average; cameron2011robust, eq. 2.11],

    V = max(V_person - V_rest, 0) + max(V_item - V_rest, 0) + V_rest,

with Satterthwaite's degrees of freedom [satterthwaite1946approximate]: a difference below zero is
noise, and taking it as it is loses coverage. A share gets exact limits at the size at which it
would be known as well, t for z allowed for [korn1998confidence, sec. 2].

The interval is for other people and other items like these. With one person or one item nothing is
known of others, and there is none: its limits are NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import Estimate, critical_value, share_limits

__all__ = ["CROSSED", "Spread", "Statistic", "difference", "estimated", "ratio", "spread_of"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

CROSSED = "jackknife by people and items, Student's t"
SHARE = "jackknife by people and items, exact at the effective size"
DESIGNED = "fixed by the design's strata"
NONE = "no interval: fewer than two people or two items, or one of them has all the cases"

SWEEPS = 30
"""Alternations that take the effects of people and items out of cells; one is enough where all
people answered all items."""

STILL = 1e-10


@dataclass(frozen=True, eq=False)
class Statistic:
    """A number made of sums over trials.

    Attributes
    ----------
    features
        What is summed, shape (n, k).
    value
        The number, of sums of shape (..., k); NaN where it is undefined.
    counts
        Which trials it is about, shape (n,): the others weigh nothing in it.
    """

    features: Floats
    value: Callable[[Floats], Floats]
    counts: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spread:
    """A statistic and the parts of its variance.

    Attributes
    ----------
    value
        The statistic; NaN where it is undefined.
    person, item, rest
        The parts of the variance that people, items, and single answers bring.
    freedom
        Degrees of freedom of the variance.
    trials
        How many trials it is about.
    people, items
        How many people and items, as if all had as many trials.
    """

    value: float
    person: float
    item: float
    rest: float
    freedom: float
    trials: int
    people: float
    items: float

    @property
    def variance(self) -> float:
        """Of the statistic, for other people and other items."""
        return self.person + self.item + self.rest


def ratio(
    top: NDArray[Any],
    bottom: NDArray[Any],
    *,
    strata: Codes | None = None,
    rates: Floats | None = None,
) -> Statistic:
    """Return the statistic sum(top) / sum(bottom), at given rates of the strata if there are any.

    Parameters
    ----------
    top, bottom
        One number a trial, shape (n,); `bottom` is not negative.
    strata
        The stratum of each trial, from 0; -1 where a trial is in none and does not count.
    rates
        How much of the world each stratum is; sums to one.

    Examples
    --------
    >>> part = ratio(np.array([1.0, 0, 1]), np.array([1.0, 1, 1]))
    >>> round(float(part.value(part.features.sum(axis=0))), 3)
    0.667
    """
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    if strata is None or rates is None:
        return Statistic(np.column_stack([top, bottom]), _quotient, bottom > 0)
    size = len(rates)
    inside = (strata[:, None] == np.arange(size)).astype(float)
    features = np.hstack([inside * top[:, None], inside * bottom[:, None], inside])

    def value(sums: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            here = sums[..., 2 * size :]
            above = rates * sums[..., :size] / here
            below = rates * sums[..., size : 2 * size] / here
            return np.asarray(above.sum(axis=-1) / below.sum(axis=-1))

    return Statistic(features, value, (bottom > 0) & (strata >= 0))


def difference(first: Statistic, second: Statistic) -> Statistic:
    """Return the first statistic less the second; what they share cancels in the variance."""
    k = first.features.shape[1]
    return Statistic(
        np.hstack([first.features, second.features]),
        lambda sums: first.value(sums[..., :k]) - second.value(sums[..., k:]),
        first.counts | second.counts,
    )


def estimated(
    statistic: Statistic, person: Codes, item: Codes, *, level: float, share: bool = False
) -> Estimate | None:
    """Return a statistic with its interval, or `None` where it is undefined.

    Parameters
    ----------
    statistic
        What to estimate.
    person, item
        Whose trial it is, and of what, shape (n,).
    level
        Of the interval.
    share
        Whether it is a share among trials, whose limits are kept between 0 and 1.
    """
    spread = spread_of(statistic, person, item)
    if np.isnan(spread.value):
        return None
    if share:
        return share_of(spread, level=level)
    half = float(np.sqrt(spread.variance)) * _critical(spread.freedom, level)
    known = np.isfinite(half)
    low, high = (spread.value - half, spread.value + half) if known else (np.nan, np.nan)
    return Estimate(spread.value, low, high, level, spread.trials, CROSSED if known else NONE)


def share_of(spread: Spread, *, level: float) -> Estimate:
    """Return a share with exact limits at the size at which it would be known as well.

    Examples
    --------
    Ten people and ten items, all right: as good as ten independent answers, not a hundred.

    >>> print(share_of(Spread(1.0, 0, 0, 0, 9, 100, 10, 10), level=0.95))
    1.000 [0.692, 1.000]
    """
    share = min(max(spread.value, 0.0), 1.0)
    if not np.isfinite(spread.variance):
        return Estimate(share, np.nan, np.nan, level, spread.trials, NONE)
    if spread.variance == 0 and 0 < share < 1:
        return Estimate(share, share, share, level, spread.trials, DESIGNED)
    # Where all are alike, the trials do not say how much people and items differ.
    size = min(spread.people, spread.items)
    if 0 < share < 1:
        shrunk = (critical_value(level) / _critical(spread.freedom, level)) ** 2
        size = min(share * (1 - share) / spread.variance * shrunk, float(spread.trials))
    low, high = share_limits(share, size, level=level)
    return Estimate(share, float(low), float(high), level, spread.trials, SHARE)


def spread_of(statistic: Statistic, person: Codes, item: Codes) -> Spread:
    """Return a statistic's value and the parts of its variance."""
    features = statistic.features
    sums = features.sum(axis=0)
    value = float(statistic.value(sums))
    trials = int(statistic.counts.sum())
    people = _effective(person[statistic.counts])
    items = _effective(item[statistic.counts])
    unknown = Spread(value, np.nan, np.nan, np.nan, np.nan, trials, people, items)
    if np.isnan(value) or min(people, items) <= 1:
        return unknown
    by_person = value - statistic.value(sums - _summed(features, person))
    by_item = value - statistic.value(sums - _summed(features, item))
    used = features.any(axis=1)
    cell, cell_person, cell_item = _cells(person[used], item[used])
    by_cell = value - statistic.value(sums - _summed(features[used], cell))
    if not all(np.isfinite(each).all() for each in (by_person, by_item, by_cell)):
        return unknown
    g, h = len(np.unique(person[used])), len(np.unique(item[used]))
    v_person = (g - 1) / g * float(by_person @ by_person)
    v_item = (h - 1) / h * float(by_item @ by_item)
    v_rest = _rest(by_cell, cell_person, cell_item)
    parts = max(v_person - v_rest, 0.0), max(v_item - v_rest, 0.0)
    freedom = _freedom(parts, v_person, v_item, v_rest, people, items)
    return Spread(value, *parts, v_rest, freedom, trials, people, items)


def _quotient(sums: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(sums[..., 1] > 0, sums[..., 0] / sums[..., 1], np.nan))


def _summed(features: Floats, codes: Codes) -> Floats:
    columns = [np.bincount(codes, column) for column in features.T]
    return np.stack(columns, axis=1)


def _cells(person: Codes, item: Codes) -> tuple[Codes, Codes, Codes]:
    """Return each trial's cell, and each cell's person and item, all from 0 without gaps."""
    width = int(item.max()) + 1
    keys, cell = np.unique(person * width + item, return_inverse=True)
    _, cell_person = np.unique(keys // width, return_inverse=True)
    _, cell_item = np.unique(keys % width, return_inverse=True)
    return cell, cell_person, cell_item


def _rest(influence: Floats, person: Codes, item: Codes) -> float:
    """Return what cells differ by beyond their people and items, as a variance of the statistic."""
    cells = len(influence)
    sizes = [(codes, np.bincount(codes)) for codes in (person, item)]
    left = influence
    for _ in range(SWEEPS):
        before = left
        for codes, size in sizes:
            left = left - (np.bincount(codes, left) / size)[codes]
        if np.abs(left - before).max(initial=0.0) <= STILL * np.abs(influence).max(initial=0.0):
            break
    spare = cells - len(sizes[0][1]) - len(sizes[1][1]) + 1
    jackknife = (cells - 1) / cells
    whole = jackknife * float(influence @ influence)
    # With hardly more cells than people and items, nothing is left to see the rest by.
    if spare < cells / 4:
        return whole
    return min(jackknife * float(left @ left) * (cells - 1) / spare, whole)


def _freedom(
    parts: tuple[float, float],
    v_person: float,
    v_item: float,
    v_rest: float,
    people: float,
    items: float,
) -> float:
    total = parts[0] + parts[1] + v_rest
    if total == 0:
        return min(people, items) - 1
    spent = v_rest**2 / max((people - 1) * (items - 1), 1.0)
    for part, whole, size in ((parts[0], v_person, people), (parts[1], v_item, items)):
        spent += whole**2 / (size - 1) if part > 0 else 0.0
    return total**2 / spent


def _effective(codes: Codes) -> float:
    """Return how many clusters of equal size would be as many."""
    size = np.bincount(codes).astype(float) if len(codes) else np.zeros(1)
    return float(size.sum() ** 2 / (size @ size)) if size.any() else 0.0


def _critical(freedom: float, level: float) -> float:
    return critical_value(level, freedom=max(freedom, 1.0)) if np.isfinite(freedom) else np.nan
