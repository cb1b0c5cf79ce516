"""What conformal prediction answers: a set of classes, or an interval, for every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.predictors import class_positions, class_text

__all__ = ["PredictionIntervals", "PredictionSets", "interval_ends", "real_values"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PredictionSets:
    """A set of classes for every row.

    Attributes
    ----------
    members
        Whether a class is in a row's set, shape (n, n_classes). A set may be empty: nothing fits
        the row as well as is usual.
    classes
        The classes, in the order of the columns.
    probabilities
        What the model said, shape (n, n_classes).
    level
        The coverage promised.
    too_small
        The cells (groups or classes) with too few calibration rows for this level: they have full
        sets, or always their class in the set.
    unseen
        The groups that were not there at calibration.
    notes
        What a reader must know, one line each.
    evaluations
        Rows that the model was asked for.
    """

    members: NDArray[np.bool_]
    classes: tuple[Any, ...]
    probabilities: Floats
    level: float
    too_small: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evaluations: int = 0

    def __len__(self) -> int:
        return len(self.members)

    def __repr__(self) -> str:
        """Return how many sets there are and how large they are; `to_frame` shows them."""
        size = f"{self.sizes.mean():.2f} classes on average" if len(self) else "none"
        return f"<PredictionSets at {self.level}: {len(self):,} sets, {size}>"

    @property
    def sizes(self) -> NDArray[np.intp]:
        """How many classes are in each set, shape (n,)."""
        return self.members.sum(axis=1)

    def contain(self, y: Any) -> NDArray[np.bool_]:
        """Return whether each row's class is in its set, shape (n,)."""
        at = class_positions(y, self.classes, of_model=True)
        if len(at) != len(self):
            raise InputError(f"y has {len(at)} labels, and there are {len(self)} sets.")
        return self.members[np.arange(len(at)), at]

    def to_frame(self) -> Any:
        """Return one row a set: the classes in it joined by " | ", and how many they are."""
        import pandas as pd

        names = [class_text(each) for each in self.classes]
        sets = [
            " | ".join(name for name, inside in zip(names, row, strict=True) if inside)
            for row in self.members.tolist()
        ]
        return pd.DataFrame({"set": sets, "size": self.sizes})

    def to_dict(self) -> dict[str, Any]:
        """Return the sets as lists of class names, and what must be known of them."""
        names = [class_text(each) for each in self.classes]
        return {
            "level": self.level,
            "classes": names,
            "sets": [
                [name for name, inside in zip(names, row, strict=True) if inside]
                for row in self.members.tolist()
            ],
            "too_small": list(self.too_small),
            "unseen": list(self.unseen),
            "notes": list(self.notes),
            "evaluations": self.evaluations,
        }


@dataclass(frozen=True, eq=False, repr=False)
class PredictionIntervals:
    """An interval for every row.

    Attributes
    ----------
    low, high
        The ends, both included, shape (n,); infinite where there are too few calibration rows.
    prediction
        What the model said, shape (n,); the middle of the two quantiles where it says two.
    level
        The coverage promised.
    too_small, unseen, notes, evaluations
        As of `PredictionSets`.
    """

    low: Floats
    high: Floats
    prediction: Floats
    level: float
    too_small: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evaluations: int = 0

    def __len__(self) -> int:
        return len(self.low)

    def __repr__(self) -> str:
        """Return how many intervals there are and how wide they are; `to_frame` shows them."""
        width = f"median width {np.median(self.widths):.4g}" if len(self) else "none"
        return f"<PredictionIntervals at {self.level}: {len(self):,} intervals, {width}>"

    @property
    def widths(self) -> Floats:
        """How wide each interval is, shape (n,)."""
        return self.high - self.low

    @property
    def sizes(self) -> Floats:
        """The widths; sets of classes call theirs so."""
        return self.widths

    def contain(self, y: ArrayLike) -> NDArray[np.bool_]:
        """Return whether each row's value is in its interval, shape (n,)."""
        values = real_values(y, len(self))
        return np.asarray((values >= self.low) & (values <= self.high))

    def to_frame(self) -> Any:
        """Return one row an interval: prediction, low, high."""
        import pandas as pd

        return pd.DataFrame({"prediction": self.prediction, "low": self.low, "high": self.high})

    def to_dict(self) -> dict[str, Any]:
        """Return the ends as lists, and what must be known of them; infinite ends stay so."""
        return {
            "level": self.level,
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "prediction": self.prediction.tolist(),
            "too_small": list(self.too_small),
            "unseen": list(self.unseen),
            "notes": list(self.notes),
            "evaluations": self.evaluations,
        }


def interval_ends(
    low: Floats, high: Floats, cut: Floats | float, unit: Floats | float = 1.0
) -> tuple[Floats, Floats]:
    """Return the ends of all values that score at most the threshold, the rounded ones among them.

    Parameters
    ----------
    low, high
        Where the score is counted from: max(low - y, y - high) / unit.
    cut
        The threshold.
    unit
        What one unit of the score is.

    Examples
    --------
    0.8 - (0.8 - 0.3) is above 0.3 in floats; an interval of that reach must hold 0.3 all the same.

    >>> low, _ = interval_ends(np.array([0.8]), np.array([0.8]), 0.8 - 0.3)
    >>> bool(0.8 - (0.8 - 0.3) > 0.3), bool(low[0] <= 0.3)
    (True, True)
    """
    return _low_end(low, cut, unit), -_low_end(-high, cut, unit)


def _low_end(start: Floats, cut: Floats | float, unit: Floats | float) -> Floats:
    reach = np.broadcast_to(cut * unit, start.shape)
    end = start - reach
    beyond = (start - np.nextafter(end, -np.inf)) / unit <= cut
    beyond &= np.isfinite(end)
    size = np.where(beyond, np.maximum(np.abs(end), np.abs(reach)), 0.0)
    return np.where(beyond, end - 2 * np.spacing(size), end)


def real_values(y: Any, n: int) -> Floats:
    """Return n finite numbers, or say which one is not one."""
    if hasattr(y, "detach"):
        y = y.detach().cpu()
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("y holds what is no number: intervals are for numbers.") from error
    if values.shape != (n,):
        raise InputError(f"y has shape {values.shape}, and there are {n} rows: give one a row.")
    finite = np.isfinite(values)
    if not finite.all():
        row = int((~finite).argmax())
        raise InputError(f"y is {values[row]} in row {row}: leave rows without a value out.")
    return values
