"""Is a difference too small to matter? Two one-sided tests.

    p = max( P(T_f > (d - low) / sqrt(V)), P(T_f < (d - high) / sqrt(V)) )

[schuirmann1987comparison]: both that the difference is above the lower margin and that it is below
the upper one must be shown. p < a just where the interval of level 1 - 2 a lies within the margins.
That a difference is not shown is no evidence that there is none; this test is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.study.statistics.difference import estimated
from alignlab.study.statistics.tasks import Generalise, Tasks, Values, as_tasks, spread_of

__all__ = ["Equivalence", "equivalence_test"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The result of two one-sided tests.

    Attributes
    ----------
    p_value
        The larger of the two; NaN where it is undefined.
    p_low, p_high
        Of the difference being no more than the lower margin, and no less than the upper.
    low, high
        The margins.
    interval
        Of level 1 - 2 (1 - level): it lies within the margins just where the test says so.
    why
        Why it is undefined; "" where it is not.
    """

    p_value: float
    p_low: float
    p_high: float
    low: float
    high: float
    interval: Estimate
    why: str

    @property
    def within(self) -> bool:
        """Whether the interval lies within the margins."""
        return bool(self.interval.low > self.low and self.interval.high < self.high)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "p_value": self.p_value,
            "p_low": self.p_low,
            "p_high": self.p_high,
            "low": self.low,
            "high": self.high,
            "interval": self.interval.to_dict(),
            "why": self.why,
        }


def equivalence_test(
    differences: Values | Tasks,
    *,
    margin: float | tuple[float, float],
    generalise: Generalise = "seeds",
    clusters: Sequence[Any] | None = None,
    level: float = 0.95,
    comparisons: int = 1,
) -> Equivalence:
    """Test whether the mean difference lies within a margin.

    Parameters
    ----------
    differences, generalise, clusters
        See `estimate_difference`.
    margin
        What would be too small to matter, in the measure's unit, chosen before the runs: one number
        for ± it, or (low, high).
    level
        1 less the error allowed; the interval's own level is 1 - 2 (1 - level).
    comparisons
        How many such tests are made at once.

    References
    ----------
    [schuirmann1987comparison]

    Examples
    --------
    >>> found = equivalence_test([0.001, -0.002, 0.0, 0.002, -0.001], margin=0.01)
    >>> found.within, found.p_value < 0.05, round(found.interval.level, 2)
    (True, True, 0.9)
    """
    low, high = margin if isinstance(margin, tuple) else (-margin, margin)
    if not low < high or not np.isfinite([low, high]).all():
        raise InputError(
            f"margin={margin!r} holds nothing between its ends. Give a number above 0, or (low, "
            "high)."
        )
    critical_value(level)
    if level <= 0.5:
        raise InputError(f"level={level!r} is not above 0.5, so no interval of 1 - 2 (1 - level).")
    spread = spread_of(as_tasks(differences, clusters=clusters), generalise=generalise)
    interval = estimated(spread, level=round(2 * level - 1, 12), comparisons=comparisons)
    if spread.why:
        return Equivalence(np.nan, np.nan, np.nan, low, high, interval, spread.why)
    error = float(np.sqrt(spread.variance))
    p_low = float(special.stdtr(spread.freedom, -(spread.value - low) / error))
    p_high = float(special.stdtr(spread.freedom, (spread.value - high) / error))
    return Equivalence(max(p_low, p_high), p_low, p_high, low, high, interval, "")
