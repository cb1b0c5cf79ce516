"""Do people tell right advice from wrong? Signal detection: d' and the criterion.

With H the share of right advice that is taken and F that of wrong advice, each (k + 1/2) / (n + 1)
of k among n so that shares of 0 and 1 have a z [hautus1995corrections],

    d' = z(H) - z(F)          telling right from wrong: 0 is chance
    c  = -(z(H) + z(F)) / 2   leaning: below 0 towards taking advice, whatever it is

[macmillan2005detection, eqs. 1.5 and 2.1]. Over-reliance with d' = 0 is mended by leaning less;
with d' > 0 as well it is leaning alone that differs. Pooled over people who lean differently, d'
comes out smaller than each of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.oversight.crossed import Statistic, estimated
from alignlab.oversight.reliance.measured import statistic_of
from alignlab.oversight.reliance.rates import RATES
from alignlab.oversight.reliance.trials import Trials

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ArmDetection", "Detection", "signal_detection"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ArmDetection:
    """Signal detection in one arm.

    Attributes
    ----------
    arm
        Its name.
    sensitivity
        d'; `None` where the advice was never right, or never wrong.
    criterion
        c; `None` likewise.
    undefined
        Why they are; "" where they are not.
    hits, false_alarms
        The share of right and of wrong advice that was taken, uncorrected; NaN where undefined.
    right, wrong
        How often the advice was so.
    """

    arm: str
    sensitivity: Estimate | None
    criterion: Estimate | None
    undefined: str
    hits: float
    false_alarms: float
    right: int
    wrong: int


@dataclass(frozen=True, eq=False)
class Detection:
    """Signal detection in each arm.

    Attributes
    ----------
    arms
        One an arm.
    """

    arms: tuple[ArmDetection, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arm."""
        import pandas as pd

        rows = []
        for each in self.arms:
            row: dict[str, Any] = {"arm": each.arm}
            for name in ("sensitivity", "criterion"):
                found = getattr(each, name)
                row[name] = np.nan if found is None else found.value
                row[f"{name} low"] = np.nan if found is None else found.low
                row[f"{name} high"] = np.nan if found is None else found.high
            row |= {"hits": each.hits, "false alarms": each.false_alarms}
            rows.append(row | {"right": each.right, "wrong": each.wrong})
        return pd.DataFrame(rows)

    def chart(self) -> Chart:
        """Draw d' and the criterion by arm; an interval without an end is not drawn."""
        names = {
            "sensitivity": "d': telling right advice from wrong",
            "criterion": "criterion: below 0 leans towards taking advice",
        }
        rows = [
            {
                "what": title,
                "group": each.arm,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": each.right + each.wrong,
            }
            for name, title in names.items()
            for each in self.arms
            for found in [getattr(each, name)]
            if found is not None
        ]
        return interval_chart(
            "Do people tell right advice from wrong?",
            rows,
            x="standard deviations",
            facet="what",
            reference=0.0,
            percent=False,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "arms": [
                {
                    "arm": each.arm,
                    "sensitivity": None if each.sensitivity is None else each.sensitivity.to_dict(),
                    "criterion": None if each.criterion is None else each.criterion.to_dict(),
                    "undefined": each.undefined,
                    "hits": each.hits,
                    "false_alarms": each.false_alarms,
                    "right": each.right,
                    "wrong": each.wrong,
                }
                for each in self.arms
            ]
        }


def signal_detection(trials: Trials, *, level: float = 0.95) -> Detection:
    """Tell apart whether people discriminate and whether they lean.

    Use it where an arm changes over- and under-reliance at once: less of one for more of the other
    is leaning, less of both is discrimination. It needs no own answers.

    Parameters
    ----------
    trials
        What was decided, with which advice.
    level
        Of the intervals.

    Raises
    ------
    InputError
        If no advice was seen whose truth is known.

    References
    ----------
    [macmillan2005detection], [hautus1995corrections]

    Examples
    --------
    >>> trials = Trials(person=np.repeat(np.arange(4), 4), item=np.tile(np.arange(4), 4),
    ...                 truth=[1, 1, 0, 0] * 4, advice=[1] * 16, final=[1, 1, 1, 0] * 4)
    >>> found = signal_detection(trials).arms[0]
    >>> found.hits, found.false_alarms, round(found.sensitivity.value, 2)
    (1.0, 0.5, 1.59)
    """
    critical_value(level)
    if not trials.judged.any():
        raise InputError(
            "Signal detection needs advice that was seen and whose truth is known, and there is "
            "none. Give truth and advice."
        )
    return Detection(tuple(_of(trials, arm, level) for arm in trials.arms))


def _of(trials: Trials, arm: str, level: float) -> ArmDetection:
    within = trials.at(arm) & trials.judged
    right = within & (trials.advice == trials.truth)
    wrong = within & ~right
    took = trials.final == trials.advice
    counts = int(right.sum()), int(wrong.sum())
    hits, alarms = (float(took[e].mean()) if e.any() else np.nan for e in (right, wrong))
    if not all(counts):
        why = f"the advice was never {'right' if not counts[0] else 'wrong'}"
        why = why if within.any() else "no advice was seen whose truth is known"
        return ArmDetection(arm, None, None, why, hits, alarms, *counts)
    features = np.column_stack([took & right, right, took & wrong, wrong]).astype(float)

    def estimate(weight: float, other: float) -> Estimate | None:
        part = Statistic(features, lambda sums: _combined(sums, weight, other), within)
        found = estimated(part, trials.person, trials.item, level=level)
        if found is None or (0 < hits < 1 and 0 < alarms < 1):
            return found
        return _at_the_end(found, trials, within, (weight, other))

    return ArmDetection(arm, estimate(1, -1), estimate(-0.5, -0.5), "", hits, alarms, *counts)


def _combined(sums: Floats, weight: float, other: float) -> Floats:
    z = special.ndtri((sums[..., 0::2] + 0.5) / (sums[..., 1::2] + 1))
    undefined = (sums[..., 1::2] <= 0).any(axis=-1)
    return np.asarray(np.where(undefined, np.nan, weight * z[..., 0] + other * z[..., 1]))


def _at_the_end(
    found: Estimate, trials: Trials, within: NDArray[np.bool_], weights: tuple[float, float]
) -> Estimate:
    """Return the limits from those of the two shares, one of which is 0 or 1.

    What the jackknife sees there is the correction alone.
    """
    low = high = 0.0
    for name, weight in zip(("under_reliance", "over_reliance"), weights, strict=True):
        part = statistic_of(RATES[name], trials, within)
        share = estimated(part, trials.person, trials.item, level=found.level, share=True)
        if share is None or not np.isfinite(share.low):
            low = high = np.nan
            break
        ends = np.array([share.low, share.high])
        # The hits are the right advice that is not refused.
        z = np.sort(special.ndtri(1 - ends if name == "under_reliance" else ends))
        count = share.n
        taken = 1 - share.value if name == "under_reliance" else share.value
        middle = special.ndtri((taken * count + 0.5) / (count + 1))
        reach = weight * (z - middle)
        low, high = np.hypot(low, min(reach.min(), 0)), np.hypot(high, max(reach.max(), 0))
    method = "from both shares' exact limits, one of which is at an end"
    value = found.value
    return Estimate(value, float(value - low), float(value + high), found.level, found.n, method)
