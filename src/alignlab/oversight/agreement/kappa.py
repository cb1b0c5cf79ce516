"""Cohen's kappa: how far two raters agree beyond what their own habits would make by chance.

    kappa = 1 - sum w_ij p_ij / sum w_ij p_i. p_.j

with the shares p_ij of items that the first rater calls i and the second j, and w_ij 1 where i is
not j [cohen1960coefficient], |x_i - x_j| (linear) or its square (quadratic) [cohen1968weighted].
The largest kappa that the two habits p_i. and p_.j allow pairs their answers in order, which is
the cheapest way to match two distributions for all three weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate
from alignlab.oversight.agreement.limits import coefficient_estimate, undefined_estimate, widened
from alignlab.oversight.agreement.rated import rated

__all__ = ["WEIGHTS", "CohenKappa", "Weights", "cohen_kappa"]

Floats = NDArray[np.float64]
Weights = Literal["none", "linear", "quadratic"]
WEIGHTS: tuple[Weights, ...] = ("none", "linear", "quadratic")


@dataclass(frozen=True, eq=False)
class CohenKappa:
    """Cohen's kappa of two raters, and what bounds it.

    Attributes
    ----------
    estimate
        Kappa with its interval; NaN where undefined.
    weights
        How disagreement is weighed.
    maximum
        The largest kappa that two raters with these habits can reach; NaN where undefined.
    agreement
        The share of items on which both say the same.
    observed, expected
        The weighted disagreement that there is, and that chance would make.
    categories
        What they can say.
    table
        Items by the first rater's answer (rows) and the second's, shape (k, k).
    prevalence, bias
        With two categories, the difference of the shares of both, and of one by the two raters:
        what pulls kappa down, and up, at the same agreement. NaN with more.
    left_out
        Items without an answer of both.
    undefined
        Why kappa is undefined; empty where it is not.
    """

    estimate: Estimate
    weights: Weights
    maximum: float
    agreement: float
    observed: float
    expected: float
    categories: tuple[Any, ...]
    table: NDArray[np.intp]
    prevalence: float
    bias: float
    left_out: int
    undefined: str

    @property
    def value(self) -> float:
        """Kappa; NaN where undefined."""
        return self.estimate.value

    @property
    def headline(self) -> str:
        """What was found, in a sentence."""
        if self.undefined:
            return f"Kappa is undefined: {self.undefined}."
        return (
            f"Kappa is {self.estimate}, of at most {self.maximum:.3f} for how often each of the "
            f"two says what; they say the same on {self.agreement:.0%} of {self.estimate.n:,} "
            "items."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table: the first rater's answers down, the second's across."""
        names = list(self.categories)
        return pd.DataFrame(
            self.table, index=pd.Index(names, name="first"), columns=pd.Index(names, name="second")
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        told = {name: getattr(self, name) for name in CohenKappa.__dataclass_fields__}
        told |= {"estimate": self.estimate.to_dict(), "table": self.table.tolist()}
        return {"headline": self.headline, **told}

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html())


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weights: Weights = "none",
    categories: Sequence[Any] | None = None,
    level: float = 0.95,
) -> CohenKappa:
    """Return Cohen's kappa of two raters with an interval over items.

    Use it for two people who answered the same items. For more people, or gaps,
    `krippendorff_alpha`. Kappa is low where nearly all cases are of one kind, however well the two
    agree; read it beside `agreement`, `prevalence` and `maximum`.

    Parameters
    ----------
    first, second
        The two raters' answers to the same items, shape (n,). Items where one is None or NaN are
        left out and counted.
    weights
        What a disagreement costs: the same always ("none"), its distance ("linear"), its square
        ("quadratic"). Numbers stand where they stand, also if a grade between never occurs.
    categories
        What can be said, from the lowest to the highest; needed where weighted answers are words,
        which then are one apart.
    level
        Coverage of the interval.

    Returns
    -------
    CohenKappa

    Raises
    ------
    InputError
        If lengths differ, or weighted answers are words without an order.

    References
    ----------
    [cohen1960coefficient], [cohen1968weighted], [byrt1993bias]

    Examples
    --------
    >>> first, second = "y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    >>> found = cohen_kappa(list(first), list(second))
    >>> print(found.estimate, round(found.maximum, 3))
    0.400 [0.116, 0.633] 0.8
    """
    require_choice(weights, WEIGHTS, what="weights")
    lengths = [np.asarray(each, dtype=object).shape for each in (first, second)]
    if lengths[0] != lengths[1] or len(lengths[0]) != 1:
        raise InputError(
            f"The two raters' answers have the shapes {lengths[0]} and {lengths[1]}. Give one "
            "answer of each to every item, None where there is none."
        )
    n = lengths[0][0]
    both = np.empty((n, 2), dtype=object)
    both[:, 0], both[:, 1] = list(np.asarray(first, object)), list(np.asarray(second, object))
    numbers = weights != "none" and categories is None
    if numbers:
        _require_order(both)
    every = rated(both, categories=categories, numbers=numbers)
    paired = every.at(every.per_item[every.item] == 2)
    kinds, size = len(every.values), len(paired.items)
    # Two answers to an item are one of each, and the raters' codes are the columns.
    sides = np.zeros((2, size), dtype=np.intp)
    sides[paired.rater, paired.item] = paired.value
    places = every.values.astype(np.float64) if numbers else np.arange(kinds, dtype=np.float64)
    gaps = np.abs(places[:, None] - places)
    cost = {"none": (gaps > 0).astype(np.float64), "linear": gaps, "quadratic": gaps**2}[weights]
    table = np.bincount(sides[0] * kinds + sides[1], minlength=kinds**2).reshape(kinds, kinds)
    undefined = ""
    if not size:
        undefined = "no item has an answer of both raters"
    elif (sides == sides[0, 0]).all():
        undefined = f"both raters say the same of all {size:,} items"
    if undefined:
        estimate, maximum = undefined_estimate(level, size), math.nan
        observed = expected = 0.0 if size else math.nan
    else:
        estimate, observed, expected = _estimated(sides, cost, level)
        usual = table.sum(axis=0) + table.sum(axis=1)
        farthest = int(np.where(usual > 0, cost @ usual, -1).argmax())
        more = np.append(sides, [[farthest], [farthest]], axis=1)
        estimate = widened(estimate, _estimated(more, cost, level)[0])
        # Answers at random are one way to pair them, so the best way is no worse than 0.
        maximum = max(1 - _least(sides, table, places, weights) / expected, 0.0)
    two = size > 0 and kinds == 2
    return CohenKappa(
        estimate=estimate,
        weights=weights,
        maximum=maximum,
        agreement=float(np.trace(table)) / size if size else math.nan,
        observed=observed,
        expected=expected,
        categories=tuple(every.values.tolist()),
        table=table,
        prevalence=float(table[0, 0] - table[1, 1]) / size if two else math.nan,
        bias=float(table[0, 1] - table[1, 0]) / size if two else math.nan,
        left_out=n - size,
        undefined=undefined,
    )


def _require_order(both: NDArray[Any]) -> None:
    words = next((each for each in both.ravel().tolist() if isinstance(each, str)), None)
    if words is not None:
        raise InputError(
            f"The answer {words!r} has no place on a scale, which weights need. Name the answers "
            "from the lowest to the highest: categories=[…]."
        )


def _estimated(
    sides: NDArray[np.intp], cost: Floats, level: float
) -> tuple[Estimate, float, float]:
    """Return kappa and both disagreements."""
    size, kinds = sides.shape[1], len(cost)
    rows, columns = (np.bincount(side, minlength=kinds) / size for side in sides)
    paid = cost[sides[0], sides[1]]
    observed, expected = float(paid.mean()), float(rows @ cost @ columns)
    by_expected = (cost @ columns)[sides[0]] + (rows @ cost)[sides[1]] - 2 * expected
    estimate = coefficient_estimate(
        (observed / expected * by_expected - (paid - observed)) / (expected * size),
        observed=observed,
        expected=expected,
        most=float(cost.max()),
        level=level,
    )
    return estimate, observed, expected


def _least(
    sides: NDArray[np.intp], table: NDArray[np.intp], places: Floats, weights: Weights
) -> float:
    """Return the least weighted disagreement of two raters with these habits."""
    if weights == "none":
        return 1 - float(np.minimum(table.sum(axis=0), table.sum(axis=1)).sum() / table.sum())
    first, second = np.sort(places[sides], axis=1)
    gaps = np.abs(first - second)
    return float((gaps if weights == "linear" else gaps**2).mean())
