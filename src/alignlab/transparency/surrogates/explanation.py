"""What LIME says of one row, how sure it is of it, and whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, bar_chart, interval_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate, critical_value
from alignlab.transparency.surrogates.overlay import overlay_chart
from alignlab.transparency.surrogates.sampling import LocalFeature, Trial

__all__ = ["LimeExplanation"]

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""Below this share of the largest, a strength is 0 but for rounding."""


@dataclass(frozen=True, eq=False)
class LimeExplanation:
    """A linear model that stands for the black box around one row.

    Attributes
    ----------
    coefficients
        How the answer changes with each feature, shape (features,): per unit of a number; from
        another state to the row's own; from a word or a piece left out to it being there. NaN
        where the background gave no way to move the feature.
    standard_errors
        Of `coefficients`, from the sampling.
    features
        What each feature is, with what the row holds.
    intercept
        The linear model's answer where every number is as in the row and every other state is
        not the row's.
    answer
        What the model answers for the row itself.
    local_answer
        What the linear model says there.
    fidelity
        The share of the variance of the model's answers in the neighbourhood that the linear
        model explains on samples that it did not see (R^2).
    data_fidelity
        The squared correlation of the linear model with the model on real rows nearest to the
        row, 0 where it is negative; `None` for texts and images, and where the samples are real
        rows.
    made_up_fidelity
        The same on perturbed rows as far away as those; NaN where there are none.
    stability
        How likely a rerun ranks the first `top` features alike.
    top
        How many features of the ranking count.
    trusted
        Whether it is stable and faithful enough to be shown to anybody.
    reasons
        Why it is not trusted, in words; empty where it is.
    width
        The kernel's width, in spreads of each number; see `neighbourhood`.
    trials
        What each width's pilot sample said.
    kind
        "table", "text" or "image".
    perturb
        "cells" or "rows".
    target
        What the numbers are about: the class, or "value".
    scale
        "probability", "log odds", "decision" or "value".
    samples
        Perturbed rows that the linear model rests on.
    evaluations
        Rows that the model was asked for in all.
    level
        The level of the intervals.
    notes
        Sentences that a reader must know.
    """

    coefficients: Floats
    standard_errors: Floats
    features: tuple[LocalFeature, ...]
    intercept: float
    answer: float
    local_answer: float
    fidelity: Estimate
    data_fidelity: Estimate | None
    made_up_fidelity: float
    stability: float
    top: int
    trusted: bool
    reasons: tuple[str, ...]
    width: float
    trials: tuple[Trial, ...]
    kind: Literal["table", "text", "image"]
    perturb: str
    target: str
    scale: str
    samples: int
    evaluations: int
    level: float = 0.95
    notes: tuple[str, ...] = ()
    subject: Any = field(default=None, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names."""
        return tuple(each.name for each in self.features)

    @property
    def strengths(self) -> Floats:
        """Coefficient times spread, signed; 0 where the feature could not be moved.

        A number's spread is 1.25 times its mean distance from the median in the background, which
        is the standard deviation of a normal one; that of a state, a word or a piece is 1/2, a
        fair coin's. Features are ranked by the size of these.
        """
        return np.nan_to_num(self.coefficients) * self._spreads

    @property
    def _spreads(self) -> Floats:
        return np.array([each.spread for each in self.features])

    @property
    def ranking(self) -> tuple[str, ...]:
        """The features' names, the strongest first."""
        return tuple(self.names[at] for at in self._order)

    @property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(-np.abs(self.strengths), kind="stable")

    def __getitem__(self, name: str) -> Estimate:
        """Return the coefficient of a feature with its interval."""
        if name not in self.names:
            raise InputError(f"There is no feature {name!r}.{nearest(name, self.names)}")
        at = self.names.index(name)
        value, error = float(self.coefficients[at]), float(self.standard_errors[at])
        half = critical_value(self.level) * error
        return Estimate(
            value, value - half, value + half, self.level, self.samples, "sandwich (HC3)"
        )

    def __repr__(self) -> str:
        """Return the sentence; `to_frame` has the numbers."""
        return f"<LimeExplanation: {self.sentence}>"

    @property
    def sentence(self) -> str:
        """What is said, in one plain sentence; it begins with "Don't trust this one" if so."""
        if not self.trusted:
            return f"Don't trust this one: {'; '.join(self.reasons)}."
        told = [at for at in self._order[: self.top] if self._matters(at)]
        parts = [_effect(self.features[at], float(self.coefficients[at])) for at in told]
        moved = "; ".join(parts) if parts else "nothing that could be moved changes it"
        return (
            f"Around this {_NOUN[self.kind]}, for {self._what}: {moved}. A straight line accounts "
            f"for {_share(self.fidelity.value)} of how the answer varies here, and a rerun would "
            f"rank these alike with probability {self.stability:.2f}."
        )

    def _matters(self, at: int) -> bool:
        half = critical_value(self.level) * self.standard_errors[at]
        rounding = ROUNDING * np.abs(self.strengths).max()
        return bool(abs(self.coefficients[at]) > half and abs(self.strengths[at]) > rounding)

    @property
    def _what(self) -> str:
        return "the value" if self.scale == "value" else f"the {self.scale} of {self.target!r}"

    def to_frame(self) -> pd.DataFrame:
        """Return one line a feature, the strongest first."""
        half = critical_value(self.level) * self.standard_errors
        frame = pd.DataFrame(
            {
                "feature": self.names,
                "given": [each.given for each in self.features],
                "kind": [each.kind for each in self.features],
                "coefficient": self.coefficients,
                "low": self.coefficients - half,
                "high": self.coefficients + half,
                "strength": self.strengths,
            }
        )
        return frame.iloc[self._order].reset_index(drop=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "kind": self.kind,
            "perturb": self.perturb,
            "target": self.target,
            "scale": self.scale,
            "trusted": self.trusted,
            "sentence": self.sentence,
            "reasons": list(self.reasons),
            "answer": self.answer,
            "local_answer": self.local_answer,
            "intercept": self.intercept,
            "features": [
                {
                    "name": each.name,
                    "given": each.given,
                    "kind": each.kind,
                    "coefficient": float(value),
                    "standard_error": float(error),
                    "strength": float(strength),
                }
                for each, value, error, strength in zip(
                    self.features, self.coefficients, self.standard_errors, self.strengths,
                    strict=True,
                )
            ],
            "fidelity": self.fidelity.to_dict(),
            "data_fidelity": None if self.data_fidelity is None else self.data_fidelity.to_dict(),
            "made_up_fidelity": self.made_up_fidelity,
            "stability": self.stability,
            "top": self.top,
            "width": self.width,
            "trials": [
                {"width": each.width, "fidelity": each.fidelity, "error": each.error}
                for each in self.trials
            ],
            "samples": self.samples,
            "evaluations": self.evaluations,
            "level": self.level,
            "notes": list(self.notes),
        }  # fmt: skip

    def chart(self, *, most: int = 15) -> Chart:
        """Draw the strongest features with their intervals; for an image, its pieces over it."""
        doubt = "" if self.trusted else " Don't trust this one"
        if self.kind == "image":
            return overlay_chart(
                f"Which parts speak for {self._what}?{doubt}",
                self.subject.picture,
                self.subject.segments,
                self.strengths,
            )
        if self.kind == "text":
            words = [
                {
                    "word": each.feature,
                    "effect": each.coefficient,
                    "low": each.low,
                    "high": each.high,
                }
                for each in self.to_frame().head(most).itertuples()
            ]
            return bar_chart(
                f"Which words move {self._what}?{doubt}",
                words,
                x="change of the answer where the word is there",
                y="word",
                value="effect",
                percent=self.scale == "probability",
            )
        errors = np.nan_to_num(self.standard_errors) * self._spreads
        half = critical_value(self.level) * errors
        lines = [
            {
                "feature": _label(self.features[at]),
                "value": float(self.strengths[at]),
                "low": float(self.strengths[at] - half[at]),
                "high": float(self.strengths[at] + half[at]),
                "n": self.samples,
                "quiet": not self._matters(at),
            }
            for at in self._order[:most]
            if self.features[at].moves
        ]
        return interval_chart(
            f"What moves {self._what} here?{doubt}",
            lines,
            x=_UNIT,
            y="feature",
            reference=0.0,
            reference_label="no effect",
            percent=self.scale == "probability",
            quiet_label="may be no effect",
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.sentence}</p>" + str(
            self.to_frame().to_html(index=False, float_format="{:.4g}".format)
        )


_NOUN = {"table": "row", "text": "text", "image": "image"}

_UNIT = "change with one spread more (numbers), half the change from another state (others)"


def _label(feature: LocalFeature) -> str:
    return f"{feature.name} = {feature.given}"


def _effect(feature: LocalFeature, value: float) -> str:
    if feature.kind == "number":
        return f"{value:+.3g} for each unit more of {feature.name}"
    if feature.kind == "state":
        return f"{value:+.3g} for {feature.name} being {feature.given} rather than another"
    if feature.kind == "word":
        return f"{value:+.3g} for the word {feature.name!r}"
    return f"{value:+.3g} for the {feature.name} {feature.given}"


def _share(value: float) -> str:
    return f"{value:.0%}" if value < 0.995 or value == 1 else "over 99%"
