"""How true explanations are, as a result: one line a method, and the controls beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from alignlab.charts import Chart, interval_chart, line_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate

__all__ = ["Agreement", "Curve", "ExplanationQuality", "ExplanationScore"]

MEASURES = (
    "deletion",
    "insertion",
    "infidelity",
    "incompleteness",
    "sensitivity",
    "largest_sensitivity",
    "error",
)


@dataclass(frozen=True)
class ExplanationScore:
    """How true one method's explanations are.

    Attributes
    ----------
    name
        The method.
    deletion, insertion
        How many times as fast the answer leaves what it was (comes back) as in random order, when
        features are taken away (put back) in the explanation's order. 1: no better than random.
    infidelity
        The share of the answer's squared changes, under random removals, that the explanation does
        not foretell after the best scaling; 0: foretells all, 1: nothing.
    scaling
        That best scaling; 1 where the values are in the answer's unit.
    incompleteness
        What the values' sum misses, as a share of answer - base.
    sensitivity, largest_sensitivity
        How far the explanation moves when the row is moved a little, relative to its size: the mean
        and the largest over the moves of a row, averaged over rows. `None` for arrays.
    error
        Its distance to the exact Shapley values, relative to their size; `None` where they were not
        computed.
    """

    name: str
    deletion: Estimate
    insertion: Estimate
    infidelity: Estimate
    scaling: float
    incompleteness: Estimate
    sensitivity: Estimate | None
    largest_sensitivity: Estimate | None
    error: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        found = {name: getattr(self, name) for name in MEASURES}
        return {
            "name": self.name,
            "scaling": self.scaling,
            **{name: None if each is None else each.to_dict() for name, each in found.items()},
        }


@dataclass(frozen=True)
class Agreement:
    """How alike two methods' explanations are.

    Attributes
    ----------
    first, second
        The methods.
    rank_correlation
        Spearman's, of the signed values, averaged over rows; 0 by chance.
    overlap
        The share of the largest features that both name.
    overlap_by_chance
        What two random explanations would share.
    signs
        How often they agree on the direction of what either calls largest; a half by chance.
    """

    first: str
    second: str
    rank_correlation: Estimate
    overlap: Estimate
    overlap_by_chance: float
    signs: Estimate


@dataclass(frozen=True)
class Curve:
    """The mean curves of one method.

    Attributes
    ----------
    name
        The method.
    share
        The share of features taken away, or put back.
    fall, rise
        How far the answer has left what it was, and has come back, in the answer's unit.
    """

    name: str
    share: tuple[float, ...]
    fall: tuple[float, ...]
    rise: tuple[float, ...]


@dataclass(frozen=True)
class ExplanationQuality:
    """How true several explanations of the same rows are.

    Attributes
    ----------
    scores
        One for each method, with the controls "random" and, where affordable, "exact Shapley".
    agreement
        One for each pair of methods.
    curves
        One for each method.
    output
        What is explained: a class, or "value".
    scale
        On which scale.
    rows, background_rows, features
        How many.
    perturbations
        How often each row was moved for the sensitivity.
    radius
        By up to so many standard deviations.
    evaluations
        Rows that the model was asked for here; what explainers asked for themselves comes on top.
    notes
        Sentences that a reader must know.
    """

    scores: tuple[ExplanationScore, ...]
    agreement: tuple[Agreement, ...]
    curves: tuple[Curve, ...]
    output: str
    scale: str
    rows: int
    background_rows: int
    features: int
    perturbations: int
    radius: float
    evaluations: int
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return how true the first explanation is; `to_frame` has all numbers."""
        return f"<ExplanationQuality ({self.rows} rows): {self.sentence(self.scores[0].name)}>"

    def __getitem__(self, name: str) -> ExplanationScore:
        """Return a method's score by its name."""
        known = [each.name for each in self.scores]
        if name not in known:
            raise InputError(f"There is no explanation {name!r}.{nearest(name, known)}")
        return self.scores[known.index(name)]

    def sentence(self, name: str) -> str:
        """Return what a method's deletion curve says, for a reader without statistics."""
        found = self[name].deletion
        if found.value != found.value:
            return (
                "The answers hardly differ from the background's mean answer, so it cannot be "
                f"said whether {name} is true."
            )
        times = (
            f"{found.value:.1f} times as fast as removing features at random "
            f"[{found.low:.2f}, {found.high:.2f}]"
        )
        verb = "call" if name.endswith("s") else "calls"
        begun = f"Removing what {name} {verb} important changes the answer {times}"
        if found.low > 1:
            return f"{begun}."
        if found.high < 1:
            return f"{begun}: it points at the wrong features."
        return f"{begun}: it is not shown to know more than chance."

    def to_frame(self) -> pd.DataFrame:
        """Return one line a method, with the limits of each measure beside it."""
        lines = []
        for each in self.scores:
            line: dict[str, Any] = {"explanation": each.name}
            for name in MEASURES:
                found = getattr(each, name)
                line[name] = float("nan") if found is None else found.value
                line[f"{name}_low"] = float("nan") if found is None else found.low
                line[f"{name}_high"] = float("nan") if found is None else found.high
            lines.append({**line, "scaling": each.scaling})
        return pd.DataFrame(lines)

    def agreement_frame(self) -> pd.DataFrame:
        """Return one line a pair of methods."""
        return pd.DataFrame(
            [
                {
                    "first": each.first,
                    "second": each.second,
                    "rank_correlation": each.rank_correlation.value,
                    "overlap": each.overlap.value,
                    "overlap_by_chance": each.overlap_by_chance,
                    "signs": each.signs.value,
                }
                for each in self.agreement
            ],
            columns=[
                "first", "second", "rank_correlation", "overlap", "overlap_by_chance", "signs",
            ],
        )  # fmt: skip

    def chart(self) -> Chart:
        """Return how much faster than random each explanation takes the answer away."""
        rows = [
            {"group": each.name, **_ends(each.deletion), "n": self.rows} for each in self.scores
        ]
        return interval_chart(
            "Does the answer go when what is called important goes?",
            [row for row in rows if row["value"] == row["value"]],
            x="times as fast as in random order",
            y="group",
            reference=1.0,
            reference_label="no better than random",
            percent=False,
        )

    def curves_chart(self) -> Chart:
        """Return how far the answer has gone, by the share of features taken away."""
        rows = [
            {"explanation": each.name, "share": share, "fall": fall}
            for each in self.curves
            for share, fall in zip(each.share, each.fall, strict=True)
        ]
        return line_chart(
            "How fast does the answer go as features are taken away?",
            rows,
            x="share",
            y="fall",
            x_title="features taken away, the most important first (share)",
            y_title=f"how far the answer has gone ({self.scale})",
            series="explanation",
            percent=False,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "output": self.output,
            "scale": self.scale,
            "rows": self.rows,
            "background_rows": self.background_rows,
            "features": self.features,
            "perturbations": self.perturbations,
            "radius": self.radius,
            "scores": [each.to_dict() for each in self.scores],
            "sentences": {each.name: self.sentence(each.name) for each in self.scores},
            "agreement": self.agreement_frame().to_dict("records"),
            "curves": [
                {
                    "name": each.name,
                    "share": list(each.share),
                    "fall": list(each.fall),
                    "rise": list(each.rise),
                }
                for each in self.curves
            ],
            "evaluations": self.evaluations,
            "notes": list(self.notes),
        }


def _ends(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
