"""Calibration by group: whose probabilities are wrong.

A model can be calibrated overall and wrong for every group, too high for one and too low for
another [pleiss2017fairness]. Each group has an error of its own, in bins of its own scores; which
groups are off is decided with one chance of any false alarm (see `family`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, mean_estimate
from alignlab.random import as_generator
from alignlab.uncertainty.calibration.bins import Binning, binned_gaps
from alignlab.uncertainty.calibration.diagram import redrawn_mean_squares
from alignlab.uncertainty.calibration.error import CalibrationError, error_of
from alignlab.uncertainty.calibration.event import About, as_event, as_weights
from alignlab.uncertainty.calibration.family import adjusted_p_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GroupCalibration", "GroupError", "calibration_by_group"]

COLUMNS = ("grouping", "group", "rows", "error", "low", "high", "excess", "p_value")

FEWEST_ROWS = 20
"""A smaller group is listed without a number: one bin of it would say nothing."""


@dataclass(frozen=True, eq=False)
class GroupError:
    """One group's calibration.

    Attributes
    ----------
    grouping, group
        Which group, of which grouping.
    rows
        Its rows that have weight.
    error
        Its calibration error; `None` where there are too few rows.
    excess
        Its mean probability less the share that came true: above 0 too high.
    p_value
        Corrected for the number of groups; NaN without redraws or with too few rows.
    """

    grouping: str
    group: str
    rows: int
    error: CalibrationError | None
    excess: Estimate | None
    p_value: float


@dataclass(frozen=True, eq=False)
class GroupCalibration:
    """Every group's calibration.

    Attributes
    ----------
    groups
        One entry a group, in the order of the groupings and of their labels.
    level
        The level of each interval by itself.
    """

    groups: tuple[GroupError, ...]
    level: float

    def off(self, alpha: float = 0.05) -> tuple[GroupError, ...]:
        """Return the groups that are off, widest first, with at most `alpha` of a false alarm."""
        found = [(each.error, each) for each in self.groups if each.p_value <= alpha]
        found.sort(key=lambda pair: -pair[0].root_mean_square.value if pair[0] else 0.0)
        return tuple(each for _, each in found)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group."""
        import pandas as pd

        rows = []
        for each in self.groups:
            seen = each.error.root_mean_square if each.error else None
            numbers = (seen.value, seen.low, seen.high) if seen else (np.nan,) * 3
            excess = each.excess.value if each.excess else np.nan
            rows.append((each.grouping, each.group, each.rows, *numbers, excess, each.p_value))
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Return the groups as plain values."""
        return {
            "level": self.level,
            "groups": [
                {
                    "grouping": each.grouping,
                    "group": each.group,
                    "rows": each.rows,
                    "error": each.error and each.error.to_dict(),
                    "excess": each.excess and each.excess.to_dict(),
                    "p_value": each.p_value,
                }
                for each in self.groups
            ],
        }

    def chart(self, question: str = "Are the probabilities right for every group?") -> Chart:
        """Draw each group's error and its interval."""
        rows = [
            {
                "group": each.group,
                "grouping": each.grouping,
                "value": each.error.root_mean_square.value,
                "low": each.error.root_mean_square.low,
                "high": each.error.root_mean_square.high,
                "n": each.rows,
            }
            for each in self.groups
            if each.error is not None
        ]
        x = "calibration error (percentage points off, root mean square)"
        return interval_chart(question, rows, x=x, facet="grouping")


def calibration_by_group(
    probability: ArrayLike,
    outcome: ArrayLike,
    groups: ArrayLike | Mapping[str, ArrayLike],
    *,
    weights: ArrayLike | None = None,
    about: About = "auto",
    logits: bool = False,
    bins: int = 15,
    binning: Binning = "equal-mass",
    level: float = 0.95,
    redraws: int = 1000,
    seed: int | np.random.Generator = 0,
    event: str | None = None,
) -> GroupCalibration:
    """Measure the calibration error of every group.

    Use it whenever people are grouped by what matters to them. Equal errors are not the aim: an
    error of 0 is, for each.

    Parameters
    ----------
    probability
        Shape (n,) for an event, or (n, n_classes).
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    groups
        Each row's group, shape (n,), or several such groupings by name.
    weights
        Non-negative, shape (n,).
    about, logits, bins, binning, level, event
        As in `calibration_error`.
    redraws
        How many times each group's outcomes are redrawn for the p-values; 0 leaves them out.
    seed
        Seed or generator of the redraws.

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row or the grouping.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> said, sex = generator.random(2000), np.repeat(["f", "m"], 1000)
    >>> happened = generator.random(2000) < np.where(sex == "f", said, said**2)
    >>> seen = calibration_by_group(said, happened, {"sex": sex}, redraws=200)
    >>> [(each.group, str(each.error)) for each in seen.off()]
    [('m', '0.190 [0.163, 0.218]')]
    """
    if redraws < 0:
        raise InputError(f"redraws={redraws!r} is negative. Give 0 for none, or such as 1000.")
    said = as_event(probability, outcome, weights, event, about=about, logits=logits)
    n = len(np.asarray(outcome))
    kept = as_weights(weights, n) > 0
    named = groups if isinstance(groups, Mapping) else {"group": groups}
    generator = as_generator(seed, "redrawn outcomes")
    found: list[tuple[str, str, int, CalibrationError | None, Estimate | None]] = []
    seen, redrawn = [], []
    for grouping, given in named.items():
        member_of = np.asarray(given)
        if member_of.shape != (n,):
            raise InputError(
                f"The grouping {grouping!r} has shape {member_of.shape}: give one group a row, "
                f"({n},)."
            )
        labels, codes = np.unique(member_of, return_inverse=True)
        for code, label in enumerate(labels):
            part = said[codes[kept] == code]
            if len(part) < FEWEST_ROWS:
                found.append((grouping, str(label), len(part), None, None))
                continue
            gaps = binned_gaps(part, bins, binning)
            excess = mean_estimate(
                part.probability - part.outcome,
                weights=part.weights if part.weighted else None,
                level=level,
            )
            error = error_of(part, gaps, binning=binning, level=level)
            found.append((grouping, str(label), len(part), error, excess))
            if redraws:
                drawn, mean_square = redrawn_mean_squares(part, gaps, redraws, generator)
                redrawn.append(drawn)
                seen.append(mean_square)
    adjusted = iter(adjusted_p_values(np.array(seen), np.column_stack(redrawn)) if seen else ())
    return GroupCalibration(
        tuple(
            GroupError(*each, float(next(adjusted)) if redraws and each[3] else float("nan"))
            for each in found
        ),
        level,
    )
