"""How far people move towards advice that is a number: the weight of advice.

    w = (final - own) / (advice - own)        [harvey1997taking; yaniv2004receiving]

0 stays with the own answer, 1 takes the advice. Where the advice equals the own answer there is
nothing to move towards, and w is undefined. Moving away gives w < 0, going beyond w > 1; both are
clipped to 0 and 1 unless asked otherwise, and counted. The mean of what is not clipped has heavy
tails: advice that hardly differs divides by next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.oversight.crossed import estimated, ratio
from alignlab.oversight.reliance.trials import Trials

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ArmWeight", "WeightOfAdvice", "weight_of_advice"]


@dataclass(frozen=True, slots=True)
class ArmWeight:
    """The weight of advice in one arm.

    Attributes
    ----------
    arm
        Its name.
    mean
        The mean weight, over trials; `None` where no trial has one.
    median
        The median; NaN where no trial has one.
    trials
        How many trials have a weight.
    equal
        Trials in which the advice equals the own answer: undefined, left out.
    below, above
        The share of weights below 0 and above 1, before clipping; NaN where there is none.
    """

    arm: str
    mean: Estimate | None
    median: float
    trials: int
    equal: int
    below: float
    above: float


@dataclass(frozen=True, eq=False)
class WeightOfAdvice:
    """The weight of advice in each arm.

    Attributes
    ----------
    arms
        One an arm.
    clipped
        Whether weights were clipped to 0 and 1.
    """

    arms: tuple[ArmWeight, ...]
    clipped: bool

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arm."""
        import pandas as pd

        rows = [
            {
                "arm": each.arm,
                "mean": np.nan if each.mean is None else each.mean.value,
                "low": np.nan if each.mean is None else each.mean.low,
                "high": np.nan if each.mean is None else each.mean.high,
                "median": each.median,
                "trials": each.trials,
                "equal": each.equal,
                "below": each.below,
                "above": each.above,
            }
            for each in self.arms
        ]
        return pd.DataFrame(rows)

    def chart(self) -> Chart:
        """Draw the mean weight by arm."""
        rows = [
            {
                "group": each.arm,
                "value": each.mean.value,
                "low": each.mean.low,
                "high": each.mean.high,
                "n": each.trials,
            }
            for each in self.arms
            if each.mean is not None
        ]
        return interval_chart(
            "How far do people move towards the advice?",
            rows,
            x="weight of advice (0: the own answer stays, 1: the advice is taken)",
            percent=False,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "clipped": self.clipped,
            "arms": [
                {
                    "arm": each.arm,
                    "mean": None if each.mean is None else each.mean.to_dict(),
                    "median": each.median,
                    "trials": each.trials,
                    "equal": each.equal,
                    "below": each.below,
                    "above": each.above,
                }
                for each in self.arms
            ],
        }


def weight_of_advice(trials: Trials, *, clip: bool = True, level: float = 0.95) -> WeightOfAdvice:
    """Measure how far people move from their own number towards the advised one.

    Use it for estimates and amounts. For choices between names, the switch fraction of
    `measure_reliance` says the same: there is no half-way between names.

    Parameters
    ----------
    trials
        Two-stage trials whose decisions are numbers.
    clip
        Whether weights below 0 and above 1 count as 0 and 1.
    level
        Of the intervals.

    Raises
    ------
    InputError
        If decisions are words, or nobody was asked first.

    References
    ----------
    [harvey1997taking], [yaniv2004receiving]

    Examples
    --------
    >>> trials = Trials(person=["ann", "ann", "bob"], item=["a", "b", "a"],
    ...                 own=[10, 20, 12], advice=[20, 20, 16], final=[15, 20, 16])
    >>> found = weight_of_advice(trials).arms[0]
    >>> found.mean.value, found.trials, found.equal
    (0.75, 2, 1)
    """
    critical_value(level)
    if trials.numbers is None:
        raise InputError(
            f"The decisions are words, such as {trials.labels[0]!r}, and the weight of advice is "
            "for numbers. Take 'switch_fraction' of measure_reliance."
        )
    if not trials.two_stage.any():
        raise InputError(
            "The weight of advice needs the number that each person gave before seeing advice, and "
            "own is empty: these are one-stage trials. Ask people first (the arm 'own first')."
        )
    numbers = trials.numbers
    own, advice, final = (numbers[codes] for codes in (trials.own, trials.advice, trials.final))
    defined = trials.two_stage & (trials.advice != trials.own)
    raw = np.divide(final - own, advice - own, out=np.zeros(len(trials)), where=defined)
    weight = np.clip(raw, 0, 1) if clip else raw
    found = []
    for arm in trials.arms:
        within = trials.at(arm)
        here = within & defined
        part = ratio(np.where(here, weight, 0.0), here)
        found.append(
            ArmWeight(
                arm,
                estimated(part, trials.person, trials.item, level=level),
                float(np.median(weight[here])) if here.any() else np.nan,
                int(here.sum()),
                int((within & trials.two_stage & ~defined).sum()),
                float(np.mean(raw[here] < 0)) if here.any() else np.nan,
                float(np.mean(raw[here] > 1)) if here.any() else np.nan,
            )
        )
    return WeightOfAdvice(tuple(found), clip)
