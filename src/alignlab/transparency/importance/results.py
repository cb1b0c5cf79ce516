"""The importance of features as a result: estimates with intervals, warnings, a table, a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate
from alignlab.transparency.dependence import DEPENDENT
from alignlab.transparency.importance.pooled import Direction
from alignlab.wording import shortened

__all__ = ["FeatureImportance", "Form", "PermutationImportance"]

Form = Literal["marginal", "conditional"]


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """How much one feature matters to a model.

    Attributes
    ----------
    name
        The column, or the name of a group of columns that were moved together.
    columns
        The columns moved.
    estimate
        The change of the measure; its interval holds for all features at once.
    explained
        The share of the feature's variance that the other features predict: linearly in the
        marginal form, where near 1 a shuffled row is one that the data does not have; by the
        fitted prediction in the conditional form. NaN where it could not be computed.
    donors
        "all" if every row was tried with every other row's value, "sampled" otherwise.
    share
        The change as a share of what there was (of the gap, of the AUC beyond 0.5); `None` where
        the measure has no value that says nothing, or is not four standard errors away from it.
    """

    name: str
    columns: tuple[Any, ...]
    estimate: Estimate
    explained: float
    donors: Literal["all", "sampled"]
    share: Estimate | None = None

    @property
    def matters(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.estimate.low > 0


@dataclass(frozen=True, slots=True)
class PermutationImportance:
    """The importance of every feature, the largest first.

    Attributes
    ----------
    features
        One a feature or group.
    metric
        What changes: "log loss", "AUC", "expected utility", ...
    direction
        Whether a positive importance is its "rise" or its "fall".
    form
        "marginal" (values of any row) or "conditional" (of rows alike in the other features).
    baseline
        The measure on the rows as they are.
    rows
        The number of rows used.
    rows_given
        The number of rows given.
    repeats
        How many donors each row had where donors were sampled.
    level
        The level that the intervals hold at together.
    evaluations
        Rows that the model was asked for.
    """

    features: tuple[FeatureImportance, ...]
    metric: str
    direction: Direction
    form: Form
    baseline: float
    rows: int
    rows_given: int
    repeats: int
    level: float
    evaluations: int

    def __repr__(self) -> str:
        """Return what matters most; `to_frame` has the numbers."""
        names = ", ".join(each.name for each in self.features if each.matters) or "none shown"
        return (
            f"<PermutationImportance ({self.form}, {self.direction} of {self.metric}, "
            f"{self.rows} rows): {shortened(names)}>"
        )

    def __getitem__(self, name: str) -> FeatureImportance:
        """Return the feature or group of that name."""
        for each in self.features:
            if each.name == name:
                return each
        names = [each.name for each in self.features]
        raise InputError(f"There is no feature {name!r}.{nearest(name, names)}")

    @property
    def extrapolates(self) -> tuple[FeatureImportance, ...]:
        """The features that matter by rows unlike any that the data holds (marginal form only)."""
        if self.form == "conditional":
            return ()
        return tuple(each for each in self.features if each.explained > DEPENDENT)

    @property
    def warning(self) -> str:
        """What to mind about these numbers, in a sentence; empty if nothing."""
        if not self.extrapolates:
            return ""
        shown = ", ".join(f"{each.name} ({each.explained:.0%})" for each in self.extrapolates[:3])
        more = f" and {len(self.extrapolates) - 3} more" * (len(self.extrapolates) > 3)
        return (
            f"The other features foretell {shown}{more}: shuffled rows are unlike real ones there, "
            "and features that stand in for each other share their importance. Group them, or ask "
            "form='conditional'."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "metric": self.metric,
            "direction": self.direction,
            "form": self.form,
            "baseline": self.baseline,
            "rows": self.rows,
            "rows_given": self.rows_given,
            "repeats": self.repeats,
            "level": self.level,
            "evaluations": self.evaluations,
            "warning": self.warning,
            "features": [
                {
                    "name": each.name,
                    "columns": list(each.columns),
                    "estimate": each.estimate.to_dict(),
                    "share": None if each.share is None else each.share.to_dict(),
                    "explained": each.explained,
                    "donors": each.donors,
                }
                for each in self.features
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one line a feature: importance, limits, share, matters, explained, columns."""
        return pd.DataFrame(
            [
                {
                    "feature": each.name,
                    "importance": each.estimate.value,
                    "low": each.estimate.low,
                    "high": each.estimate.high,
                    "share": float("nan") if each.share is None else each.share.value,
                    "matters": each.matters,
                    "explained": each.explained,
                    "columns": len(each.columns),
                }
                for each in self.features
            ]
        )

    def chart(self, *, most: int = 20) -> Chart:
        """Draw the `most` important features with their intervals."""
        lines = [
            {
                "feature": each.name,
                "value": each.estimate.value,
                "low": each.estimate.low,
                "high": each.estimate.high,
                "n": each.estimate.n,
                "quiet": not each.matters,
            }
            for each in self.features[:most]
        ]
        among = "" if self.form == "marginal" else " among rows alike in the others"
        gap = self.metric.startswith("gap ")
        question = (
            f"How much of the gap goes when a feature is shuffled{among}?"
            if gap
            else f"How much worse are the answers when a feature is shuffled{among}?"
        )
        return interval_chart(
            question,
            lines,
            x=f"{self.direction} of the {self.metric}",
            y="feature",
            reference=0.0,
            reference_label="the feature does not matter",
            percent=self.metric in ("error", "accuracy", "balanced accuracy"),
            quiet_label="not shown to matter",
        )

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(index=False, float_format="{:.4g}".format)
        return f"{table}<p>{self.warning}</p>" if self.warning else str(table)
