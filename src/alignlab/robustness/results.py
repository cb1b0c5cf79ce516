"""What attacks and certificates say of a model: each row's verdict, and their shares.

A row is broken where the model is wrong on it or on an allowed row, which is there to be looked at;
certified where it is proved that no allowed row changes the decision; undecided otherwise. So

    certified share <= robust accuracy <= 1 - broken share

and both ends have exact intervals for the sampling of rows [clopper1934use].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.intervals import Estimate, share_estimate

if TYPE_CHECKING:
    from alignlab.robustness.masking import MaskingWarning

__all__ = ["ANOTHER_ROW", "AS_IT_IS", "AttackRun", "RobustnessResult", "Status"]

Status = Literal["broken", "certified", "undecided"]

AS_IT_IS = "as it is"
"""What breaks a row on which the model is wrong before anything is done to it."""

ANOTHER_ROW = "another row"
"""What breaks a row that the threat allows to become one of the others, decided otherwise."""


@dataclass(frozen=True, slots=True)
class AttackRun:
    """What one attack did.

    Attributes
    ----------
    name
        The attack.
    asked, broke
        How many rows it was given, and how many of them it broke.
    forward_rows, backward_rows
        Rows passed through the model, and those of them with a gradient.
    seconds
        How long it took.
    unconfirmed
        Rows that it reported and that did not hold when the model was asked again about the
        finished row; they do not count as broken.
    """

    name: str
    asked: int
    broke: int
    forward_rows: int
    backward_rows: int
    seconds: float
    unconfirmed: int = 0


@dataclass(frozen=True, eq=False)
class RobustnessResult:
    """What was found out about each row.

    Attributes
    ----------
    threat
        What was allowed, in words.
    radius
        Its radius.
    status
        "broken", "certified" or "undecided", shape (n,).
    broken_by
        The attack that broke a row, "as it is" where the model is wrong without one, else "";
        shape (n,).
    witnesses
        The rows that the model gets wrong, in the form in which the rows were given; the rows as
        they are where none was found.
    certificate
        How rows were certified, in words; empty if they could not be.
    attacks
        What each attack did, in order.
    warnings
        Signs that the attacks were kept from seeing what is there; while there is one, robust
        accuracy says nothing.
    forward_rows, backward_rows
        Rows passed through the model in all, certificates and the last word on every witness
        included, and those of them with a gradient.
    seconds, model_seconds
        How long it took, and how much of it inside the model.
    stopped
        Whether the stated time ended before the attacks did.
    level
        The level of the intervals.
    """

    threat: str
    radius: float
    status: NDArray[np.str_]
    broken_by: NDArray[np.str_]
    witnesses: Any
    certificate: str
    attacks: tuple[AttackRun, ...]
    warnings: tuple[MaskingWarning, ...]
    forward_rows: int
    backward_rows: int
    seconds: float
    model_seconds: float
    stopped: bool
    level: float

    def __len__(self) -> int:
        return len(self.status)

    @property
    def broken(self) -> NDArray[np.bool_]:
        """Which rows are broken, shape (n,)."""
        return self.status == "broken"

    @property
    def certified(self) -> NDArray[np.bool_]:
        """Which rows are certified, shape (n,)."""
        return self.status == "certified"

    @property
    def accuracy(self) -> Estimate:
        """The share of rows that the model gets right as they are."""
        return self._share(self.broken_by != AS_IT_IS)

    @property
    def robust_accuracy(self) -> Estimate:
        """The share of rows that nothing broke: robust accuracy is at most this."""
        return self._share(~self.broken)

    @property
    def certified_accuracy(self) -> Estimate:
        """The share of certified rows: robust accuracy is at least this."""
        return self._share(self.certified)

    @property
    def reliable(self) -> bool:
        """Whether nothing hints at attacks that could not see."""
        return not self.warnings

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        if self.warnings:
            return (
                f"Unreliable: {self.warnings[0].summary} What the attacks left, "
                f"{self.robust_accuracy.value:.1%}, is no robust accuracy."
            )
        undecided = ""
        if (self.status == "undecided").any():
            undecided = f" ({self.certified_accuracy.value:.1%} of the rows are certified)"
        stopped = " when the time was over" if self.stopped else ""
        return (
            f"Of {len(self):,} rows the model gets {self.accuracy.value:.1%} right as they are and "
            f"{'exactly' if not undecided else 'at most'} {self.robust_accuracy.value:.1%} within "
            f"{self.threat}{stopped}{undecided}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each row: status and what broke it."""
        return pd.DataFrame({"status": self.status, "broken by": self.broken_by})

    def runs(self) -> pd.DataFrame:
        """Return one row for each attack: what it was given, broke and cost."""
        columns = AttackRun.__dataclass_fields__
        return pd.DataFrame(
            [{name: getattr(run, name) for name in columns} for run in self.attacks]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the witnesses, as plain values."""
        return {
            "headline": self.headline,
            "threat": self.threat,
            "radius": self.radius,
            "reliable": self.reliable,
            "warnings": [{"name": each.name, "summary": each.summary} for each in self.warnings],
            "accuracy": self.accuracy.to_dict(),
            "robust_accuracy": self.robust_accuracy.to_dict(),
            "certified_accuracy": self.certified_accuracy.to_dict(),
            "certificate": self.certificate,
            "attacks": self.runs().to_dict("records"),
            "forward_rows": self.forward_rows,
            "backward_rows": self.backward_rows,
            "seconds": self.seconds,
            "model_seconds": self.model_seconds,
            "stopped": self.stopped,
            "status": self.status.tolist(),
            "broken_by": self.broken_by.tolist(),
        }

    def chart(self) -> Chart:
        """Draw accuracy as it is, what the attacks left, and what is certified."""
        shares: dict[str, Estimate] = {
            "right as they are": self.accuracy,
            "not broken": self.robust_accuracy,
        }
        if self.certificate:  # where nothing could prove anything, no share is proved to be small
            shares["certified"] = self.certified_accuracy
        rows = [
            {"rows": name, "value": each.value, "low": each.low, "high": each.high, "n": each.n}
            for name, each in shares.items()
        ]
        return interval_chart(
            f"What is left of the accuracy within {self.threat}?", rows, x="share of rows", y="rows"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.runs().to_html(index=False))

    def _share(self, which: NDArray[np.bool_]) -> Estimate:
        n = len(which)
        return share_estimate(float(which.mean()), n, rows=n, level=self.level)
