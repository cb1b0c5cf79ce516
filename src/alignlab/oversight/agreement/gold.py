"""How often each rater is right on items whose truth is known.

The share right with exact limits [clopper1934use] that hold for all raters at once
[dunn1961multiple]. With twenty raters one in twenty falls out of an ordinary interval by chance,
and whoever looks for the worst would find them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, share_estimate, share_limits
from alignlab.oversight.agreement.rated import rated
from alignlab.wording import joined

__all__ = ["GoldAccuracy", "gold_accuracy"]

MOST_DRAWN = 40
"""Raters in a chart; those who do worst come first."""


@dataclass(frozen=True, eq=False)
class GoldAccuracy:
    """How often each rater is right on gold items.

    Attributes
    ----------
    raters
        Names, sorted.
    shares
        The share right of each; the intervals hold for all raters at once.
    right
        Right answers of each.
    pooled
        The share right among all answers, as if they were one rater's and independent.
    least
        The share that is asked for; `None` if none is.
    missing
        Answers without a label, left out.
    """

    raters: tuple[Any, ...]
    shares: tuple[Estimate, ...]
    right: tuple[int, ...]
    pooled: Estimate
    least: float | None
    missing: int

    @property
    def surely_below(self) -> tuple[Any, ...]:
        """The raters whose share right is surely below `least`."""
        return self._those(lambda each, least: each.high < least)

    @property
    def surely_above(self) -> tuple[Any, ...]:
        """The raters whose share right is surely `least` or more."""
        return self._those(lambda each, least: each.low >= least)

    def _those(self, holds: Any) -> tuple[Any, ...]:
        if self.least is None:
            return ()
        pairs = zip(self.raters, self.shares, strict=True)
        return tuple(name for name, each in pairs if holds(each, self.least))

    @property
    def headline(self) -> str:
        """What was found, in a sentence."""
        told = (
            f"{sum(self.right):,} of {self.pooled.n:,} gold answers of {len(self.raters):,} raters "
            f"are right ({self.pooled.value:.1%})"
        )
        if self.least is None:
            return f"{told}."
        below = [str(name) for name in self.surely_below]
        who = joined(below) if len(below) < 6 else f"{len(below)} raters"
        verb = "are" if len(below) > 1 else "is"
        return f"{told}; {who or 'nobody'} {verb} surely below {self.least:.0%}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row a rater."""
        return pd.DataFrame(
            {
                "rater": self.raters,
                "answers": [each.n for each in self.shares],
                "right": self.right,
                "share": [each.value for each in self.shares],
                "low": [each.low for each in self.shares],
                "high": [each.high for each in self.shares],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "headline": self.headline,
            "raters": self.to_frame().to_dict("records"),
            "pooled": self.pooled.to_dict(),
            "least": self.least,
            "surely_below": list(self.surely_below),
            "missing": self.missing,
        }

    def chart(self) -> Chart:
        """Draw the raters' shares, the lowest first."""
        rows = self.to_frame().sort_values(["share", "high"], kind="stable")[:MOST_DRAWN]
        return interval_chart(
            "How often is each reviewer right where the answer is known?",
            [
                {"reviewer": str(row.rater), "value": row.share, "low": row.low, "high": row.high,
                 "n": row.answers}
                for row in rows.itertuples()
            ],
            x="right on gold items (%), limits for all at once",
            y="reviewer",
            reference=self.least,
            reference_label="" if self.least is None else f"asked for: {self.least:.0%}",
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def gold_accuracy(
    item: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    truth: ArrayLike,
    *,
    least: float | None = None,
    classes: Sequence[Any] | None = None,
    level: float = 0.95,
) -> GoldAccuracy:
    """Return how often each rater is right on items whose truth is known.

    Use it where gold items are mixed in unseen. Without any, `dawid_skene`.

    Parameters
    ----------
    item, rater, label, truth
        Of each answer to a gold item, shape (n,); answers whose label is None or NaN ("cannot
        tell") are left out and counted.
    least
        The share right that is asked for; who is surely below it is named.
    classes
        The labels that there are; by default whatever occurs.
    level
        Coverage of all intervals at once.

    Returns
    -------
    GoldAccuracy

    Raises
    ------
    InputError
        If a rater answers an item twice, or an item has no truth or two.

    References
    ----------
    [clopper1934use], [dunn1961multiple]

    Examples
    --------
    >>> raters, said = ["ann"] * 3 + ["bo"] * 3, list("xyxxxx")
    >>> found = gold_accuracy([1, 2, 3] * 2, raters, said, list("xyx") * 2)
    >>> found.to_frame()[["rater", "right", "answers"]].values.tolist()
    [['ann', 3, 3], ['bo', 2, 3]]
    """
    if least is not None and not 0 < least < 1:
        raise InputError(f"least={least!r} is not a share between 0 and 1.")
    given = rated(item, rater, label, categories=classes, name="label")
    truths = np.asarray(truth, dtype=object)
    labels = np.asarray(label, dtype=object)
    if truths.shape != labels.shape:
        raise InputError(
            f"label and truth have the shapes {labels.shape} and {truths.shape}. Give the truth of "
            "each answer's item."
        )
    if pd.isna(truths).any():
        raise InputError(
            f"Answer {int(pd.isna(truths).argmax())} has no truth. Give answers to gold items only."
        )
    kept = ~pd.isna(labels)
    known = pd.factorize(truths[kept])[0]
    first = np.zeros(len(given.items), dtype=known.dtype)
    first[given.item] = known
    if (first[given.item] != known).any():
        at = int(given.item[(first[given.item] != known).argmax()])
        raise InputError(f"Item {given.items[at]!s} has two truths. Give it one.")
    if not len(given.item):
        raise InputError("There is no answer to a gold item.")
    hit = labels[kept] == truths[kept]
    answers = np.bincount(given.rater, minlength=len(given.raters))
    right = np.bincount(given.rater, hit, len(given.raters))
    low, high = share_limits(right / answers, answers, level=level, comparisons=len(answers))
    method = f"Clopper–Pearson, for {len(answers):,} raters at once"
    shares = tuple(
        Estimate(float(r / n), float(a), float(b), level, int(n), method)
        for r, n, a, b in zip(right, answers, low, high, strict=True)
    )
    total = len(given.item)
    return GoldAccuracy(
        raters=tuple(given.raters.tolist()),
        shares=shares,
        right=tuple(right.astype(int).tolist()),
        pooled=share_estimate(float(hit.mean()), total, rows=total, level=level),
        least=least,
        missing=given.missing,
    )
