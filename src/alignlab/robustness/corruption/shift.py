"""Covariate shift: the same rows in other proportions, as other places and other years have them.

A column's rows get the weights

    w_i ∝ exp(δ z_i),

where z is the column's normal score (of its ranks) or, for one value of a text column, its
standardised indicator: of normal numbers this moves the mean by δ standard deviations and leaves
the rest as it is [shimodaira2000improving]. What happens given a row stays as it was, so the
model's known answers are enough, and no row is made up. Limits are those of weighted shares at the
size that the weights leave [korn1998confidence], for all shifts together [dunn1961multiple].
Assumes independent rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, share_limits, share_size

__all__ = ["CovariateShift", "Shifted", "covariate_shift"]

Floats = NDArray[np.float64]

STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.25)
"""How far a mean is moved by severities 1 to 5, in standard deviations."""

FEWEST = 30
"""A value that fewer rows have is not shifted towards."""

MOST_VALUES = 20
"""The values of a text column that are shifted towards, at most."""


@dataclass(frozen=True, slots=True)
class Shifted:
    """The accuracy after one shift.

    Attributes
    ----------
    column, towards
        What is more frequent after it: "larger" or "smaller" numbers, or a value.
    severity
        From 1.
    accuracy
        Of the model there; the limits of all shifts hold together.
    size
        The rows of equal weight that would know it as well.
    """

    column: str
    towards: str
    severity: int
    accuracy: Estimate
    size: float


@dataclass(frozen=True, eq=False)
class CovariateShift:
    """What shifts of single columns do to an accuracy.

    Attributes
    ----------
    shifts
        One entry a column, direction and severity.
    unshifted
        The accuracy on the rows as they are.
    strengths
        How far a mean is moved by each severity, in standard deviations.
    level
        The level at which all limits hold together.
    """

    shifts: tuple[Shifted, ...]
    unshifted: float
    strengths: tuple[float, ...]
    level: float

    def worst(self, severity: int) -> Shifted | None:
        """Return the shift of a severity that leaves the lowest accuracy, or `None`.

        Its limits are the lowest of all shifts' lower and of all shifts' upper ones, so that they
        hold although the lowest was picked.
        """
        mine = [each for each in self.shifts if each.severity == severity]
        if not mine:
            return None
        lowest = min(mine, key=lambda each: each.accuracy.value)
        found = lowest.accuracy
        accuracy = Estimate(
            found.value,
            min(each.accuracy.low for each in mine),
            min(each.accuracy.high for each in mine),
            self.level,
            found.n,
            f"{found.method}, lowest of {len(mine)}",
        )
        return Shifted(lowest.column, lowest.towards, severity, accuracy, lowest.size)

    def to_frame(self) -> pd.DataFrame:
        """Return one line a shift."""
        return pd.DataFrame(
            [
                {
                    "column": each.column,
                    "towards": each.towards,
                    "severity": each.severity,
                    "accuracy": each.accuracy.value,
                    "low": each.accuracy.low,
                    "high": each.accuracy.high,
                    "size": each.size,
                }
                for each in self.shifts
            ],
            columns=["column", "towards", "severity", "accuracy", "low", "high", "size"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the shifts as plain values."""
        return {
            "unshifted": self.unshifted,
            "strengths": list(self.strengths),
            "level": self.level,
            "shifts": self.to_frame().to_dict("records"),
        }

    def chart(self, *, most: int = 5) -> Chart:
        """Draw the accuracy against the shift, for the columns where it falls the lowest."""
        frame = self.to_frame()
        name = frame["column"] + ": " + frame["towards"]
        lowest = frame.groupby(name, sort=False)["accuracy"].min().nsmallest(most).index
        rows: list[dict[str, Any]] = []
        for each in lowest:
            rows.append({"shift": each, "moved": 0.0, "accuracy": self.unshifted})
            mine = frame[name == each]
            moved = [self.strengths[severity - 1] for severity in mine["severity"]]
            rows += [
                {"shift": each, "moved": by, "accuracy": accuracy}
                for by, accuracy in zip(moved, mine["accuracy"], strict=True)
            ]
        return line_chart(
            "Under which shift does accuracy fall?",
            rows,
            x="moved",
            y="accuracy",
            x_title="shift of the mean (standard deviations)",
            y_title="accuracy",
            series="shift",
            percent=False,
        )


def covariate_shift(
    correct: ArrayLike,
    X: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    strengths: Sequence[float] = STRENGTHS,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> CovariateShift:
    """Measure an accuracy where one column's rows come in other proportions.

    Use it to ask what is to be expected where applicants are older or images darker than here. It
    can say nothing of rows unlike all that are here, nor of places where the same row has another
    outcome.

    Parameters
    ----------
    correct
        Whether the model was right on each row, shape (n,).
    X
        What is known of the rows: numbers and texts.
    columns
        Those to shift; `None` shifts all.
    strengths
        How far each severity moves a mean, in standard deviations.
    weights
        Sample weights, shape (n,).
    level
        The level at which the limits of all shifts hold together.

    Raises
    ------
    InputError
        If lengths differ, there is no row, or a column does not exist.

    References
    ----------
    [shimodaira2000improving], [korn1998confidence], [dunn1961multiple]

    Examples
    --------
    >>> X = pd.DataFrame({"age": np.arange(1000)})
    >>> shift = covariate_shift(X["age"] < 700, X)
    >>> shift.worst(5).towards, round(shift.worst(5).accuracy.value, 2)
    ('larger', 0.24)
    """
    right = np.asarray(correct, float)
    mass = np.ones(len(right)) if weights is None else np.asarray(weights, float)
    if len(right) == 0 or len(right) != len(X) or len(mass) != len(X):
        raise InputError(
            f"There are {len(X)} rows in X, {len(right)} answers, {len(mass)} weights."
        )
    names = list(X.columns) if columns is None else list(columns)
    absent = next((name for name in names if name not in X.columns), None)
    if absent is not None:
        raise InputError(f"There is no column {absent!r} to shift.")
    tilts = [
        (str(name), towards, severity, mass * np.exp(strength * score))
        for name in names
        for towards, score in _scores(X[name])
        for severity, strength in enumerate(strengths, start=1)
    ]
    shifts = tuple(
        _shifted(*tilt[:3], tilt[3], right, level=level, comparisons=len(tilts)) for tilt in tilts
    )
    return CovariateShift(shifts, float(mass @ right / mass.sum()), tuple(strengths), level)


def _scores(column: pd.Series) -> list[tuple[str, Floats]]:
    """Return the directions in which a column can be shifted, each with the rows' scores."""
    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if number and column.nunique() > 2:
        values = column.to_numpy(float, na_value=np.nan)
        known = np.isfinite(values)
        score = np.zeros(len(values))
        score[known] = special.ndtri((stats.rankdata(values[known]) - 0.5) / known.sum())
        return [("larger", score), ("smaller", -score)]
    counts = column.value_counts()
    often = [value for value in counts.index[:MOST_VALUES] if FEWEST <= counts[value] < len(column)]
    scores = []
    for value in often:
        has = (column == value).to_numpy(float, na_value=0.0)
        scores.append((str(value), (has - has.mean()) / has.std()))
    return scores


def _shifted(
    column: str,
    towards: str,
    severity: int,
    weights: Floats,
    right: Floats,
    *,
    level: float,
    comparisons: int,
) -> Shifted:
    total, squares = weights.sum(), weights**2
    share = float(np.clip(weights @ right / total, 0, 1))
    size = float(share_size(weights @ right, total, squares @ right, squares.sum()))
    low, high = share_limits(share, size, level=level, comparisons=comparisons)
    method = f"Clopper–Pearson, {comparisons} at once"
    accuracy = Estimate(share, float(low), float(high), level, len(right), method)
    return Shifted(column, towards, severity, accuracy, size)
