"""The change of a measure when a feature is shuffled, and how sure it is.

With T(before) over rows and T(after) over pairs (i, j) of a receiver and a donor, the change is
linear in the pairs up to a rest of order 1/n [hampel1974influence]:

    d_ij = psi_after(row i with j's value) - psi_before(row i),
    se^2 = sum_i (sum of the w_ij d_ij that row i is part of)^2 - sum (w_ij d_ij)^2,

since terms that share a row, as receiver or as donor, are dependent, and others are not
[hoeffding1948class; aronow2015cluster]. For a mean loss d_ij is the centred change of loss, and the
mean of the d_ij is a U-statistic [fisher2019all, eq. 3]. Where rows are swapped within strata, d is
centred within each, and the spread of the strata's means over rows is added.

A function without influences is measured with blocks of rows left out in turn, as receivers and as
donors, se^2 = (G - 1)/G sum_g (theta_g - mean)^2 [efron1981jackknife].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.measures import Measured
from alignlab.transparency.importance.pooled import Metric, Pooled
from alignlab.transparency.importance.swaps import BLOCKS, Swaps

__all__ = ["Change", "change_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

SURE = 4.0
"""So many standard errors from nothing: shares of less are too wide, and too small on average,
since a gap that just passes for one is mostly a gap overestimated."""


@dataclass(frozen=True, slots=True)
class Change:
    """A measure's change on account of one feature, and its share of what there was.

    `freedom` is that of Student's t, or `None` for the normal distribution. `share` is `None` where
    the measure has no value that says nothing, or where it is not surely away from it.
    """

    value: float
    error: float
    share: float | None
    share_error: float
    freedom: int | None
    method: str

    def estimate(self, n: int, level: float, comparisons: int) -> Estimate:
        """Return the change with an interval that holds for so many at once."""
        return self._estimate(self.value, self.error, n, level, comparisons)

    def share_estimate(self, n: int, level: float, comparisons: int) -> Estimate | None:
        """Return the share with its interval."""
        if self.share is None:
            return None
        return self._estimate(self.share, self.share_error, n, level, comparisons)

    def _estimate(
        self, value: float, error: float, n: int, level: float, comparisons: int
    ) -> Estimate:
        half = critical_value(level, comparisons=comparisons, freedom=self.freedom) * error
        method = f"{self.method}, {comparisons} at once"
        return Estimate(value, value - half, value + half, level, n, method)


def change_of(metric: Metric, whole: Pooled, plan: Swaps, after: Floats) -> Change:
    """Return how a measure changes when one feature's values are swapped.

    Parameters
    ----------
    metric
        The measure.
    whole
        The rows as they are, with their weights.
    plan, after
        What was asked on account of the feature, and the answers.
    """
    n = len(whole.rows)
    method = "jackknife" if metric.compute is None else "dyadic"
    if np.array_equal(after, whole.raw[plan.receivers]):  # not one answer has changed
        share = None if metric.chance is None or not _skilled(metric, whole) else 0.0
        return Change(0.0, 0.0, share, 0.0, None, method)
    if metric.compute is None:
        return _left_out(metric, whole, plan, after)
    pairs = _all_pairs(plan, whole) if plan.complete else _sampled_pairs(plan, whole)
    answers = (plan.of_values if plan.complete else plan.of_pairs)(whole.raw, after)
    swapped = replace(whole, raw=answers, rows=pairs.rows, weights=pairs.weights.ravel())
    # The same weights as the pairs have, so that a feature that does nothing changes nothing.
    as_receivers = np.bincount(pairs.rows, pairs.weights.ravel(), n).astype(np.float64)
    before, later = metric.compute(replace(whole, weights=as_receivers)), metric.compute(swapped)
    sign = 1 if metric.direction == "rise" else -1
    own = before.influence[pairs.rows]
    error = pairs.error(sign * (later.influence - own))
    value = sign * (later.value - before.value)
    share, share_error = None, 0.0
    if metric.chance is not None and _away(before, metric.chance):
        there, left = before.value - metric.chance, later.value - metric.chance
        share = 1 - left / there
        share_error = pairs.error((left * own / there - later.influence) / there)
    return Change(value, error, share, share_error, None, method)


def _skilled(metric: Metric, whole: Pooled) -> bool:
    assert metric.compute is not None
    assert metric.chance is not None
    return _away(metric.compute(whole), metric.chance)


def _away(measured: Measured, chance: float) -> bool:
    """Tell whether a measure is far enough from the value that says nothing to be shared out."""
    return abs(measured.value - chance) > SURE * measured.standard_error


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of a receiver and what it receives: weights, and the spread of their mean."""

    plan: Swaps
    shares: Floats
    rows: Rows
    weights: Floats

    def error(self, terms: Floats) -> float:
        """Return the standard error of the weighted mean of one term a pair."""
        plan, shares = self.plan, self.shares
        terms = terms.reshape(self.weights.shape)
        if plan.complete:
            parts, squared = self._over_all(terms)
            return self._root(parts, squared, 0.0, 1)
        strata = plan.circle.strata
        mass = np.bincount(strata, self.weights.sum(axis=0))
        weighted = self.weights * terms
        means = np.bincount(strata, weighted.sum(axis=0)) / mass
        weighted -= self.weights * means[strata]
        parts = weighted.sum(axis=0)
        for giver, given in zip(plan.circle.donors, weighted, strict=True):
            parts[giver] += given
        overall = float(mass @ means)
        between = float(shares**2 @ (means[strata] - overall) ** 2) if len(mass) > 1 else 0.0
        return self._root(parts, float((weighted**2).sum()), between, len(mass))

    def _over_all(self, terms: Floats) -> tuple[Floats, float]:
        """Return every row's part, and the sum of squared terms, over all pairs of two rows."""
        plan, shares = self.plan, self.shares
        n = len(shares)
        total = 1 - float(shares @ shares)
        terms = terms - float((self.weights * terms).sum())
        squares = np.bincount(plan.codes, shares**2, plan.values)
        own = terms[np.arange(n), plan.codes]  # a row with the value that it holds
        received = (self.weights * terms).sum(axis=1)
        given = shares * ((shares @ terms)[plan.codes] - shares * own) / total
        squared = float(shares**2 @ terms**2 @ squares) - float(shares**4 @ own**2)
        return received + given, squared / total**2

    def _root(self, parts: Floats, squared: float, between: float, strata: int) -> float:
        total = float(np.square(parts).sum())
        # A term has two rows and is counted at both. Where taking it off once leaves nothing,
        # which happens by chance on few rows, the larger sum is the safe one.
        variance = total - squared if total > squared else total
        effective = 1 / float(np.square(self.shares).sum())
        correction = effective / max(effective - strata, 1.0)
        return float(np.sqrt(variance * correction + between))


def _sampled_pairs(plan: Swaps, whole: Pooled) -> _Pairs:
    shares, donors, strata = whole.shares, plan.circle.donors, plan.circle.strata
    # Within a stratum a donor counts by its share of the stratum, a receiver by its own.
    mean_share = np.bincount(strata, shares) / np.bincount(strata)
    weights = shares * shares[donors] / mean_share[strata]
    rows = np.tile(np.arange(len(shares)), len(donors))
    return _Pairs(plan, shares, rows, weights / weights.sum())


def _all_pairs(plan: Swaps, whole: Pooled) -> _Pairs:
    shares = whole.shares
    n = len(shares)
    mass = np.bincount(plan.codes, shares, plan.values)
    weights = shares[:, None] * mass
    weights[np.arange(n), plan.codes] -= shares**2  # nobody gives to itself
    weights = np.maximum(weights, 0.0) / (1 - float(shares @ shares))
    return _Pairs(plan, shares, np.repeat(np.arange(n), plan.values), weights)


def _left_out(metric: Metric, whole: Pooled, plan: Swaps, after: Floats) -> Change:
    """Return the change of a function of which nothing is known, by a jackknife over blocks."""
    blocks, donors = plan.circle.blocks, plan.circle.donors
    n = len(blocks)
    groups = int(blocks.max()) + 1
    if groups < min(BLOCKS, 10):
        raise InputError(f"{n} rows are too few for the metric {metric.name!r}: give 20 or more.")
    answers = plan.of_pairs(whole.raw, after)
    sign = 1 if metric.direction == "rise" else -1
    receivers, givers = np.tile(blocks, len(donors)), blocks[donors].ravel()
    rows = np.tile(np.arange(n), len(donors))

    def change(kept: NDArray[np.bool_], pairs: NDArray[np.bool_]) -> float:
        later = _value(metric, whole, answers[pairs], rows[pairs])
        return sign * (later - _value(metric, whole, whole.raw[kept], np.flatnonzero(kept)))

    everything = np.ones(n, dtype=bool), np.ones(len(rows), dtype=bool)
    value = change(*everything)
    without = [
        change(blocks != left, (receivers != left) & (givers != left)) for left in range(groups)
    ]
    error = float(np.sqrt((groups - 1) * np.var(without)))
    return Change(value, error, None, 0.0, groups - 1, "jackknife")


def _value(metric: Metric, whole: Pooled, raw: NDArray[Any], rows: Rows) -> float:
    assert metric.function is not None
    labels = None if whole.labels is None else whole.labels[rows]
    value = float(metric.function(labels, raw))
    if not np.isfinite(value):
        raise InputError(
            f"The metric {metric.name!r} returned {value} on {len(rows)} of the rows. Give one "
            "that is finite on part of the rows too."
        )
    return value
