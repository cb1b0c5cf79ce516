"""Krippendorff's alpha: how far answers agree beyond chance, for any number of raters and gaps.

    alpha = 1 - D_o / D_e
    D_o = (1/N) sum_u 2/(m_u - 1) sum_{pairs (c, k) in u} d^2(c, k)
    D_e = 1/(N (N - 1)) sum_{c, k} n_c n_k d^2(c, k)

over the items u with m_u >= 2 answers, N answers in all, n_c of them of value c
[hayes2007answering]. d^2 is 1 where values differ (nominal), the squared difference of mid-ranks
(ordinal), of values (interval), or ((c - k) / (c + k))^2 (ratio). Sums over pairs are taken from
sums over answers; only ratios compare values one with another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate
from alignlab.oversight.agreement.limits import coefficient_estimate, undefined_estimate, widened
from alignlab.oversight.agreement.rated import Rated, rated

__all__ = ["METRICS", "Alpha", "Metric", "krippendorff_alpha"]

Floats = NDArray[np.float64]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")

MOST_RATIOS = 20_000
"""Distinct values that are compared each with each; beyond it, rounding them loses nothing."""

BLOCK = 2_000_000
"""Comparisons held at once."""


@dataclass(frozen=True, eq=False)
class Alpha:
    """Krippendorff's alpha, and what it rests on.

    Attributes
    ----------
    estimate
        Alpha with its interval; NaN where undefined. 1 is full agreement, 0 that of chance, below
        0 less than that.
    metric
        How values differ.
    observed, expected
        The disagreement that there is, and that chance would make, in units of the metric: shares
        of pairs (nominal), squared ranks (ordinal), squared units (interval), squares of relative
        differences (ratio).
    items, raters, answers, pairs
        Items with two answers or more, the raters who gave these answers, how many there are, and
        the pairs that they make within items.
    alone
        Answers to items that nobody else answered; they say nothing about agreement.
    missing
        Answers left out because they hold no value.
    undefined
        Why alpha is undefined; empty where it is not.
    """

    estimate: Estimate
    metric: Metric
    observed: float
    expected: float
    items: int
    raters: int
    answers: int
    pairs: int
    alone: int
    missing: int
    undefined: str

    @property
    def value(self) -> float:
        """Alpha; NaN where undefined."""
        return self.estimate.value

    @property
    def headline(self) -> str:
        """What was found, in a sentence."""
        if self.undefined:
            return f"Alpha is undefined: {self.undefined}."
        return (
            f"Alpha ({self.metric}) is {self.estimate}, from {self.pairs:,} pairs of answers by "
            f"{self.raters:,} raters to {self.items:,} items."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        names = [name for name in Alpha.__dataclass_fields__ if name != "estimate"]
        told = {name: getattr(self, name) for name in names}
        return {"headline": self.headline, "estimate": self.estimate.to_dict(), **told}

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>"


def krippendorff_alpha(
    ratings: ArrayLike,
    rater: ArrayLike | None = None,
    value: ArrayLike | None = None,
    *,
    metric: Metric = "nominal",
    categories: Sequence[Any] | None = None,
    level: float = 0.95,
) -> Alpha:
    """Return Krippendorff's alpha with an interval over items.

    Use it for any number of raters, gaps and unequal numbers of answers included. Alpha says how
    alike answers are, not whether they are right: raters who share an error agree.

    Parameters
    ----------
    ratings
        A matrix or data frame with a row an item and a column a rater, None or NaN where a rater
        did not answer. Or the item of each answer, shape (n,), with `rater` and `value`.
    rater, value
        Of each answer, shape (n,).
    metric
        What makes two values differ: being another ("nominal"), ranks between them ("ordinal"),
        their difference ("interval"), or their difference over their sum ("ratio").
    categories
        The values from the lowest to the highest, where "ordinal" values are words.
    level
        Coverage of the interval, which is about these raters on other items.

    Returns
    -------
    Alpha

    Raises
    ------
    InputError
        If a rater answers an item twice, shapes do not fit, or values do not suit the metric.

    References
    ----------
    [hayes2007answering], [hughes2022toward]

    Examples
    --------
    >>> found = krippendorff_alpha([["a", "a", "a"], ["b", "b", "b"], ["a", "b", None]] * 2)
    >>> print(found.headline)
    Alpha (nominal) is 0.531 [-0.533, 0.944], from 14 pairs of answers by 3 raters to 6 items.

    Answers that never vary say nothing of agreement:

    >>> krippendorff_alpha([["a", "a"], ["a", "a"]]).undefined
    'all 4 answers are the same'
    """
    require_choice(metric, METRICS, what="metric")
    if categories is not None and metric not in ("nominal", "ordinal"):
        raise InputError(f"categories have no sizes, which metric={metric!r} needs. Give numbers.")
    numbers = metric != "nominal" and categories is None
    every = rated(ratings, rater, value, categories=categories, numbers=numbers)
    paired = every.at(every.per_item[every.item] > 1)
    counts = paired.per_item
    undefined = ""
    if not len(paired.item):
        undefined = "no item has two answers"
    elif (paired.value == paired.value[0]).all():
        undefined = f"all {len(paired.item):,} answers are the same"
    if undefined:
        observed, expected = 0.0 if len(counts) else math.nan, 0.0 if len(counts) else math.nan
        estimate = undefined_estimate(level, len(counts))
    else:
        estimate, observed, expected, farthest = _estimated(paired, metric, level)
        more = _estimated(_with_one_more(paired, farthest), metric, level)[0]
        estimate = widened(estimate, more)
    return Alpha(
        estimate=estimate,
        metric=metric,
        observed=observed,
        expected=expected,
        items=len(counts),
        raters=len(np.unique(paired.rater)),
        answers=len(paired.item),
        pairs=int((counts * (counts - 1) // 2).sum()),
        alone=len(every.item) - len(paired.item),
        missing=every.missing,
        undefined=undefined,
    )


@dataclass(frozen=True, eq=False)
class _Terms:
    """The sums of D_o and D_e before they are divided, and how they change with an item's weight.

    observed = sum_u w_u d_u and expected = sum n_c n_k d^2(c, k), at w = 1.
    """

    observed: float
    expected: float
    observed_slope: Floats
    expected_slope: Floats
    most: float
    farthest: int


def _estimated(answers: Rated, metric: Metric, level: float) -> tuple[Estimate, float, float, int]:
    """Return alpha, both disagreements, and the value that is farthest from the rest."""
    terms = _ordinal(answers) if metric == "ordinal" else _fixed(answers, metric)
    size = float(len(answers.item))
    observed, expected = terms.observed / size, terms.expected / (size * (size - 1))
    estimate = coefficient_estimate(
        _influence(terms, answers.per_item, size),
        observed=observed,
        expected=expected,
        most=terms.most,
        level=level,
    )
    return estimate, observed, expected, terms.farthest


def _with_one_more(answers: Rated, value: int) -> Rated:
    """Return the answers and one item more, of a usual number of answers, all the same."""
    number = int(np.median(answers.per_item))
    items = np.append(answers.items.astype(object), "one more")
    return replace(
        answers,
        item=np.append(answers.item, np.full(number, len(answers.items))),
        rater=np.append(answers.rater, np.zeros(number, dtype=np.intp)),
        value=np.append(answers.value, np.full(number, value)),
        items=items,
    )


def _influence(terms: _Terms, counts: NDArray[np.intp], size: float) -> Floats:
    """Return the derivative of alpha = 1 - (N - 1) observed / expected by each item's weight."""
    ratio = terms.observed / terms.expected
    slope = (terms.observed_slope - ratio * terms.expected_slope) / terms.expected
    return np.asarray(-(size - 1) * slope - counts * ratio)


def _fixed(answers: Rated, metric: Metric) -> _Terms:
    """Return the terms of a metric that does not depend on who answered what else."""
    counts, kinds = answers.per_item, len(answers.values)
    n = np.bincount(answers.value, minlength=kinds).astype(np.float64)
    if metric == "nominal":
        ones, shape = np.ones(len(answers.item)), (len(counts), kinds)
        times = sparse.coo_array((ones, (answers.item, answers.value)), shape=shape).tocsr()
        alike: Floats = times.power(2).sum(axis=1)
        own: Floats = (counts**2 - alike) / (counts - 1)
        reach, most = n.sum() - n, 1.0
    elif metric == "interval":
        values = answers.values - float(n @ answers.values) / n.sum()
        own = _spread(answers, values)
        squares = float(n @ values**2)
        reach = n.sum() * values**2 - 2 * values * float(n @ values) + squares
        most = float(np.ptp(values[n > 0])) ** 2
    else:
        own, reach, most = _ratios(answers, n)
    whole = answers.summed(reach[answers.value])
    farthest = int(np.where(n > 0, reach, -1).argmax())
    return _Terms(float(own.sum()), float(n @ reach), own, 2 * whole, most, farthest)


def _spread(answers: Rated, places: Floats) -> Floats:
    """Return 2/(m-1) times the squared differences of an item's pairs, summed: 2m/(m-1) S."""
    counts = answers.per_item
    at = places[answers.value]
    mean = answers.summed(at) / counts
    squares = answers.summed((at - mean[answers.item]) ** 2)
    # The mean of equal numbers may miss them by a rounding error; they do not differ at all.
    low = np.full(len(counts), len(places))
    high = np.full(len(counts), -1)
    np.minimum.at(low, answers.item, answers.value)
    np.maximum.at(high, answers.item, answers.value)
    return np.where(low == high, 0.0, 2 * counts * squares / (counts - 1))


def _ratios(answers: Rated, n: Floats) -> tuple[Floats, Floats, float]:
    values = answers.values
    if (values < 0).any():
        raise InputError(
            f"value={values.min():g} is below 0, and metric='ratio' needs amounts. Use "
            "metric='interval'."
        )
    if len(values) > MOST_RATIOS:
        raise InputError(
            f"There are {len(values):,} distinct values, and metric='ratio' compares each with "
            f"each, up to {MOST_RATIOS:,}. Round them, or use metric='interval' on logarithms."
        )

    def apart(first: Floats, second: Floats) -> Floats:
        sums = first + second
        return np.asarray(((first - second) / np.where(sums > 0, sums, 1.0)) ** 2)

    order = np.argsort(answers.item, kind="stable")
    item, at = answers.item[order], values[answers.value[order]]
    counts = answers.per_item
    own = np.zeros(len(counts))
    for step in range(1, int(counts.max())):
        same = np.flatnonzero(item[step:] == item[:-step])
        gaps = apart(at[same], at[same + step])
        own += np.bincount(item[same], gaps, len(counts))
    rows = max(BLOCK // len(values), 1)
    reach = np.concatenate(
        [
            apart(values[begin : begin + rows, None], values[None, :]) @ n
            for begin in range(0, len(values), rows)
        ]
    )
    held = values[n > 0]
    most = float(apart(held.min(), held.max()))
    return 2 * own / (counts - 1), reach, most


def _ordinal(answers: Rated) -> _Terms:
    """Return the terms for mid-ranks, which move with every item's weight.

    With R_c = sum_{b<c} n_b + n_c/2, d(c, k) = R_c - R_k, and the expected sum is
    N (N^3 - sum n_c^3) / 6.
    """
    counts = answers.per_item
    n = np.bincount(answers.value, minlength=len(answers.values)).astype(np.float64)
    size = n.sum()
    ranks = np.cumsum(n) - n / 2
    own = _spread(answers, ranks)
    at = ranks[answers.value]
    mean = answers.summed(at) / counts
    # d observed / d R_c, and from there to the n_b on which R_c stands.
    by_answer = 4 * counts[answers.item] * (at - mean[answers.item]) / (counts[answers.item] - 1)
    by_rank = np.bincount(answers.value, by_answer, len(n))
    above = by_rank.sum() - np.cumsum(by_rank)
    moved = above + by_rank / 2
    cubes = size**3 - float((n**3).sum())
    reach: Floats = cubes / 6 + size * (size**2 - n**2) / 2
    whole = answers.summed(reach[answers.value])
    held = ranks[n > 0]
    return _Terms(
        observed=float(own.sum()),
        expected=size * cubes / 6,
        observed_slope=own + answers.summed(moved[answers.value]),
        expected_slope=whole,
        most=float(np.ptp(held)) ** 2,
        farthest=int(np.where(n > 0, np.abs(ranks - size / 2), -1).argmax()),
    )
