"""Fleiss' kappa: agreement beyond chance of several raters, as many answers to each item.

    kappa = 1 - D_o / D_e,    D_o = 1 - mean_u sum_c n_uc (n_uc - 1) / (m (m - 1)),
    D_e = 1 - sum_c p_c^2

with n_uc answers of category c to item u, m answers to each, and p_c the share of c in all answers
[fleiss1971measuring]. The raters of one item need not be those of another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.oversight.agreement.limits import coefficient_estimate, undefined_estimate, widened
from alignlab.oversight.agreement.rated import rated

__all__ = ["FleissKappa", "fleiss_kappa"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FleissKappa:
    """Fleiss' kappa, and what it rests on.

    Attributes
    ----------
    estimate
        Kappa with its interval; NaN where undefined.
    observed, expected
        The share of pairs of answers that differ, and that would by chance.
    items, each
        Items, and answers to each.
    shares
        Of each category in all answers.
    undefined
        Why kappa is undefined; empty where it is not.
    """

    estimate: Estimate
    observed: float
    expected: float
    items: int
    each: int
    shares: dict[Any, float]
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
            f"Kappa is {self.estimate}, from {self.each} answers to each of {self.items:,} items."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        told = {name: getattr(self, name) for name in FleissKappa.__dataclass_fields__}
        return {"headline": self.headline, **told, "estimate": self.estimate.to_dict()}

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>"


def fleiss_kappa(
    ratings: ArrayLike,
    rater: ArrayLike | None = None,
    value: ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> FleissKappa:
    """Return Fleiss' kappa with an interval over items.

    Use it to compare with published numbers. `krippendorff_alpha` takes unequal numbers of answers
    as well and is the same number but for a small-sample term, alpha = kappa + (1 - kappa) / N.

    Parameters
    ----------
    ratings
        A matrix (items, raters), or the item of each answer; not a table of counts.
    rater, value
        Of each answer, shape (n,).
    level
        Coverage of the interval.

    Returns
    -------
    FleissKappa

    Raises
    ------
    InputError
        If items have unequal numbers of answers, or one.

    References
    ----------
    [fleiss1971measuring]

    Examples
    --------
    >>> print(fleiss_kappa([["a", "a", "a"], ["b", "b", "b"], ["a", "b", "b"]] * 5).estimate)
    0.550 [0.078, 0.830]
    """
    answers = rated(ratings, rater, value)
    counts = answers.per_item
    if len(counts) and (counts.min() < counts.max() or counts[0] < 2):
        ragged = counts.min() < counts.max()
        told = f"{counts.min()} to {counts.max()} answers" if ragged else "one answer each"
        raise InputError(
            f"Items have {told}, and Fleiss' kappa needs the same number, two or more, on "
            "each. Use krippendorff_alpha, which takes answers as they are."
        )
    size, kinds = len(counts), len(answers.values)
    each = int(counts[0]) if size else 0
    total = np.bincount(answers.value, minlength=kinds)
    shares = total / max(len(answers.item), 1)
    undefined = ""
    if size == 0:
        undefined = "there is no answer"
    elif kinds == 1:
        undefined = f"all {len(answers.item):,} answers are the same"
    if undefined:
        observed = expected = 0.0 if size else math.nan
        estimate = undefined_estimate(level, size)
    else:
        table = np.zeros((size, kinds))
        np.add.at(table, (answers.item, answers.value), 1)
        estimate, observed, expected = _estimated(table, each, level)
        rarest = np.eye(kinds)[[total.argmin()]] * each
        estimate = widened(estimate, _estimated(np.vstack([table, rarest]), each, level)[0])
    named = dict(zip(answers.values.tolist(), shares.tolist(), strict=True))
    return FleissKappa(estimate, observed, expected, size, each, named, undefined)


def _estimated(table: Floats, each: int, level: float) -> tuple[Estimate, float, float]:
    """Return kappa and both disagreements, from the answers of each kind to each item."""
    shares = table.sum(axis=0) / table.sum()
    differ = 1 - (table * (table - 1)).sum(axis=1) / (each * (each - 1))
    observed, expected = float(differ.mean()), float(1 - shares @ shares)
    by_expected = 2 * (shares @ shares - table @ shares / each)
    estimate = coefficient_estimate(
        (observed / expected * by_expected - (differ - observed)) / (expected * len(table)),
        observed=observed,
        expected=expected,
        most=1.0,
        level=level,
    )
    return estimate, observed, expected
