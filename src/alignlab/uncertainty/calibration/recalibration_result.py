"""What a recalibration changed, on rows that it was neither fitted nor chosen on.

The two models answer for the same rows, so the difference of their losses is a mean of paired
differences, with Student's interval and test; calibration errors are compared by their intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, line_chart
from alignlab.intervals import Estimate
from alignlab.predictors.probability_maps import ProbabilityMap
from alignlab.tables import Table
from alignlab.uncertainty.calibration.error import CalibrationError

__all__ = ["Candidate", "Change", "RecalibratedResult"]

LOSSES = {"log_loss": "log loss", "brier": "Brier score"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A map that could have been taken.

    Attributes
    ----------
    method
        Its name.
    log_loss
        Cross-fitted: each row's by a map fitted without it.
    excess
        By how much that is above the smallest, by pairs of rows.
    standard_error
        Of the excess.
    chosen
        Whether it was taken.
    """

    method: str
    log_loss: float
    excess: float
    standard_error: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One loss before and after, on the same held-out rows; smaller is better.

    Attributes
    ----------
    before, after
        The two models'.
    difference
        After less before, by pairs of rows.
    p_value
        The chance of a difference at least as large, either way, if there is none.
    """

    before: Estimate
    after: Estimate
    difference: Estimate
    p_value: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        parts = {name: getattr(self, name).to_dict() for name in ("before", "after", "difference")}
        return {**parts, "p_value": self.p_value}


@dataclass(frozen=True, eq=False)
class RecalibratedResult:
    """A recalibrated model, how its map was chosen, and what it changed on held-out rows.

    Attributes
    ----------
    model
        Of the kind that was given.
    map
        What is done to its log-probabilities.
    method
        The map's name; "none" where the probabilities were best left alone.
    candidates
        What could have been taken, by cross-fitted log loss; one where a method was asked for.
    changes
        "log_loss" and "brier" before and after.
    before, after
        The calibration errors; `None` where the held-out rows are too few of a kind.
    decided_otherwise
        The share of held-out rows whose largest probability would be another class's by the map
        alone. Where decisions are kept, these rows' probabilities are moved to the model's own.
    keep_decisions
        Whether they are.
    unkept
        Where decisions are kept, the held-out log loss without that, less that with it: below 0
        where keeping them costs.
    fitted_on, held_out
        The rows' positions: those that the map was chosen and fitted on, and the others.
    trained_on
        The hashes of `fitted_on`, with those of the model's training rows where it names them.
    notes
        What is to be said of the fit.
    evaluations
        The rows that the model was asked for.
    level
        The intervals' level.
    """

    model: Any
    map: ProbabilityMap
    method: str
    candidates: tuple[Candidate, ...]
    changes: Mapping[str, Change]
    before: CalibrationError | None
    after: CalibrationError | None
    decided_otherwise: float
    keep_decisions: bool
    unkept: float
    fitted_on: NDArray[np.intp]
    held_out: NDArray[np.intp]
    trained_on: NDArray[np.uint64]
    notes: tuple[str, ...]
    evaluations: int
    level: float

    def __repr__(self) -> str:
        """Return the method and what it changed."""
        change = self.changes["log_loss"]
        return (
            f"<RecalibratedResult {self.method}; log loss {change.before.value:.4g} to "
            f"{change.after.value:.4g} on {len(self.held_out):,} held-out rows>"
        )

    @property
    def headline(self) -> str:
        """What happened, in a sentence or two."""
        if self.method == "none":
            return (
                "The probabilities are best left as they are: no map foretells rows that it was "
                "not fitted on better than the model itself."
            )
        change = self.changes["log_loss"]
        low, high = change.difference.low, change.difference.high
        rows = f"{len(self.held_out):,} held-out rows"
        if high < 0:
            said = f"Recalibrated by {self.method}: the log loss falls by {-high:.2g} to {-low:.2g}"
            return f"{said} on {rows} (p {_p(change.p_value)})."
        if low > 0:
            said = f"Recalibrated by {self.method}, and worse for it: the log loss rises by"
            return f"{said} {low:.2g} to {high:.2g} on {rows} (p {_p(change.p_value)})."
        return (
            f"Recalibrated by {self.method}; that it helps is not shown by {rows}: the log loss "
            f"changes by {low:+.2g} to {high:+.2g}."
        )

    @property
    def decisions(self) -> str:
        """What became of the decisions, in a sentence."""
        share = f"{self.decided_otherwise:.1%} of held-out rows"
        if self.map.keeps_order or self.decided_otherwise == 0:
            return "No held-out row is decided otherwise than before."
        if not self.keep_decisions:
            return f"By the new probabilities {share} are decided otherwise than before."
        cost = (
            f" Decisions that follow the new probabilities would lower the log loss by "
            f"{-self.unkept:.2g} more (keep_decisions=False, --new-decisions)."
            if self.unkept < -0.001
            else ""
        )
        return (
            f"Every decision is the model's own; for that the probabilities of {share} were moved "
            f"to where its class is just ahead.{cost}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as plain values, without the model and the hashes."""
        errors = {"before": self.before, "after": self.after}
        return {
            "method": self.method,
            "headline": self.headline,
            "map": self.map.to_dict(),
            "candidates": [
                {name: getattr(each, name) for name in Candidate.__slots__}
                for each in self.candidates
            ],
            "changes": {name: change.to_dict() for name, change in self.changes.items()},
            "calibration_error": {
                name: None
                if error is None
                else {
                    "root_mean_square": error.root_mean_square.to_dict(),
                    "expected": error.expected.to_dict(),
                    "squared": error.squared,
                    "p_value": error.p_value,
                    "definition": error.definition,
                }
                for name, error in errors.items()
            },
            "keep_decisions": self.keep_decisions,
            "decided_otherwise": self.decided_otherwise,
            "fitted_on": len(self.fitted_on),
            "held_out": self.held_out.tolist(),
            "notes": list(self.notes),
            "evaluations": self.evaluations,
            "level": self.level,
        }

    def to_table(self) -> Table:
        """Return one row a measure: before, after, their difference and its p-value."""
        columns = ("measure", "before", "after", "change", "low", "high", "p_value")
        rows: list[tuple[Any, ...]] = [
            (
                LOSSES[name],
                change.before.value,
                change.after.value,
                change.difference.value,
                change.difference.low,
                change.difference.high,
                change.p_value,
            )
            for name, change in self.changes.items()
        ]
        if self.before is not None and self.after is not None:
            for called, part in (
                ("calibration error (root mean square)", "root_mean_square"),
                ("calibration error (ECE, debiased)", "expected"),
            ):
                first, then = (getattr(each, part).value for each in (self.before, self.after))
                rows.append((called, first, then, then - first, None, None, None))
        return Table(
            f"Before and after, {len(self.held_out):,} held-out rows", columns, tuple(rows)
        )

    def to_frame(self) -> Any:
        """Return the table as a data frame."""
        return self.to_table().to_frame()

    def candidates_table(self) -> Table:
        """Return one row a map that could have been taken."""
        return Table(
            "Cross-fitted log loss of each map",
            Candidate.__slots__,
            tuple(
                tuple(getattr(each, name) for name in Candidate.__slots__)
                for each in self.candidates
            ),
        )

    def chart(self, question: str = "Does it happen as often as the model says?") -> Chart | None:
        """Draw what happened against what was said, before and after; `None` without bins."""
        if self.before is None or self.after is None:
            return None
        rows = [
            {"model": name, "predicted": said, "observed": happened, "low": low, "high": high}
            for name, error in (("before", self.before), ("after", self.after))
            for said, happened, low, high in zip(
                error.reliability.predicted.tolist(),
                error.reliability.observed.tolist(),
                error.reliability.low.tolist(),
                error.reliability.high.tolist(),
                strict=True,
            )
        ]
        return line_chart(
            question,
            rows,
            x="predicted",
            y="observed",
            x_title="predicted by the model (mean probability in the bin)",
            y_title="happened (share of the bin)",
            series="model",
            band=("low", "high"),
            diagonal=True,
        )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
