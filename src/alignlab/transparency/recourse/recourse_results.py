"""What a better answer costs each group, as a result: estimates, gaps, words, a table, a chart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate
from alignlab.plain import plain
from alignlab.wording import shortened

__all__ = ["GroupRecourse", "RecourseCost", "RecourseGap"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupRecourse:
    """What a better answer costs one group.

    Attributes
    ----------
    group
        Its label.
    rows, denied
        How many rows it has, and how many of them are not answered as wanted.
    mean
        The mean cost of those who have a way; `None` where fewer than two have.
    median
        The median cost of all denied, infinite for those without a way; `None` without denied.
    without
        The share of the denied for whom no way was found; `None` without denied.
    """

    group: str
    rows: int
    denied: int
    mean: Estimate | None
    median: Estimate | None
    without: Estimate | None


@dataclass(frozen=True, slots=True)
class RecourseGap:
    """By how much the mean cost of one group is above that of another, among those with a way."""

    higher: str
    lower: str
    estimate: Estimate

    @property
    def sure(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.estimate.low > 0


@dataclass(frozen=True, slots=True)
class RecourseCost:
    """What a better answer costs the people of each group.

    Attributes
    ----------
    groups
        One entry a group, in the order of their labels.
    gaps
        Each pair of groups, the largest gap first.
    costs
        Each row's cost, shape (n,): NaN where it is answered as wanted, infinite where no way was
        found.
    changed
        How many columns each row's cheapest change changes, shape (n,); NaN where there is none.
    favourable
        What was wanted, in words.
    method
        "exact: …", or "search": then costs are bounds from above.
    level
        The level that all intervals of a kind hold at together.
    evaluations
        Rows that the model was asked for.
    notes
        What else to know.
    """

    groups: tuple[GroupRecourse, ...]
    gaps: tuple[RecourseGap, ...]
    costs: Floats = field(repr=False)
    changed: Floats = field(repr=False)
    favourable: str
    method: str
    level: float
    evaluations: int
    notes: tuple[str, ...] = ()

    def __getitem__(self, group: str) -> GroupRecourse:
        """Return the group of that label."""
        for each in self.groups:
            if each.group == group:
                return each
        names = [each.group for each in self.groups]
        raise InputError(f"There is no group {group!r}.{nearest(str(group), names)}")

    def to_frame(self) -> pd.DataFrame:
        """Return one line a group: denied, mean, median and share without a way, with limits."""
        return pd.DataFrame(
            [
                {"group": each.group, "rows": each.rows, "denied": each.denied}
                | {
                    f"{name}{end}": np.nan if held is None else getattr(held, key)
                    for name, held in (
                        ("mean", each.mean), ("median", each.median), ("without", each.without),
                    )
                    for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
                }
                for each in self.groups
            ]
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values; infinite costs are null."""
        return {
            "favourable": self.favourable,
            "method": self.method,
            "level": self.level,
            "groups": [
                {
                    "group": each.group,
                    "rows": each.rows,
                    "denied": each.denied,
                    **{
                        name: None if held is None else plain(held.to_dict())
                        for name, held in (
                            ("mean", each.mean), ("median", each.median),
                            ("without", each.without),
                        )
                    },
                }
                for each in self.groups
            ],
            "gaps": [
                {
                    "higher": each.higher,
                    "lower": each.lower,
                    "estimate": plain(each.estimate.to_dict()),
                    "sure": each.sure,
                }
                for each in self.gaps
            ],
            "evaluations": self.evaluations,
            "notes": list(self.notes),
        }  # fmt: skip

    def __repr__(self) -> str:
        """Return the sentences; `to_frame` has the numbers."""
        return f"<RecourseCost: {shortened(' '.join(self.sentences))}>"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in words."""
        found = [
            f"{each.group}: {each.denied:,} of {each.rows:,} are denied"
            + (
                "."
                if each.mean is None
                else f"; those who have a way to {self.favourable} pay {each.mean.value:.2f} "
                f"[{each.mean.low:.2f}, {each.mean.high:.2f}] on average."
            )
            + (
                ""
                if each.without is None or not each.without.value
                else f" {each.without.value:.0%} have none that was found."
            )
            for each in self.groups
        ]
        if self.gaps:
            gap = self.gaps[0]
            surely = "surely more" if gap.sure else "not surely more"
            found.append(
                f"{gap.higher} pay {gap.estimate.value:.2f} [{gap.estimate.low:.2f}, "
                f"{gap.estimate.high:.2f}] more than {gap.lower}: {surely}."
            )
        return tuple(found)

    def chart(self) -> Chart:
        """Draw each group's mean cost with its interval."""
        lines = [
            {
                "group": each.group,
                "value": each.mean.value,
                "low": each.mean.low,
                "high": each.mean.high,
                "n": each.mean.n,
            }
            for each in self.groups
            if each.mean is not None and np.isfinite(each.mean.low)
        ]
        return interval_chart(
            f"What does it cost the denied to be answered {self.favourable}?",
            lines,
            x="mean cost of the cheapest change",
            percent=False,
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4g}".format))
