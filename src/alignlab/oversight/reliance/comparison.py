"""Do arms differ? Differences of a measure between arms, clustered by people and by items.

The difference is one statistic of all trials: a person in both arms, and an item shown in both,
cancels in its variance as far as they act alike in both. Comparisons with one reference are
corrected as a family [dunn1961multiple]. Where the jackknife sees no variance at all (shares of 0
or 1 in both arms), the limits are put together from those of the two shares [zou2008construction].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, listed
from alignlab.intervals import Estimate, critical_value
from alignlab.oversight.crossed import difference, estimated, spread_of
from alignlab.oversight.reliance.measured import Natural, natural_strata, statistic_of
from alignlab.oversight.reliance.rates import Rate, rate_of, reason_undefined
from alignlab.oversight.reliance.trials import Trials

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ArmDifference", "Comparison", "compare_arms"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """One measure in an arm, less the same in the reference.

    Attributes
    ----------
    measure, arm, reference
        Their names.
    difference
        As a share: 0.1 is ten percentage points; `None` where it is undefined.
    undefined
        Why it is; "" where it is not.
    arm_value, reference_value
        The measure in each; NaN where it is undefined.
    within
        Whether some people are in both arms.
    """

    measure: str
    arm: str
    reference: str
    difference: Estimate | None
    undefined: str
    arm_value: float
    reference_value: float
    within: bool

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        found = self.difference
        return found is not None and bool(found.low > 0 or found.high < 0)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A measure in several arms, each against the reference.

    Attributes
    ----------
    measure
        As people read it.
    differences
        One an arm; their intervals hold all at once.
    level
        Of the family.
    """

    measure: str
    differences: tuple[ArmDifference, ...]
    level: float

    @property
    def headline(self) -> str:
        """What was found, in one sentence an arm."""
        return " ".join(_sentence(each) for each in self.differences)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arm."""
        import pandas as pd

        rows = [
            {
                "measure": each.measure,
                "arm": each.arm,
                "reference": each.reference,
                "arm value": each.arm_value,
                "reference value": each.reference_value,
                "difference": np.nan if each.difference is None else each.difference.value,
                "low": np.nan if each.difference is None else each.difference.low,
                "high": np.nan if each.difference is None else each.difference.high,
                "sure": each.sure,
                "undefined": each.undefined,
            }
            for each in self.differences
        ]
        return pd.DataFrame(rows)

    def chart(self) -> Chart:
        """Draw the differences; what is undefined is not drawn."""
        rows = [
            {
                "group": f"{each.arm} less {each.reference}",
                "value": each.difference.value,
                "low": each.difference.low,
                "high": each.difference.high,
                "n": each.difference.n,
            }
            for each in self.differences
            if each.difference is not None
        ]
        return interval_chart(
            "What does the arm change?",
            rows,
            x=f"difference in {self.measure} (points)",
            reference=0.0,
            reference_label="no difference",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "headline": self.headline,
            "measure": self.measure,
            "level": self.level,
            "differences": [
                {
                    "arm": each.arm,
                    "reference": each.reference,
                    "difference": None if each.difference is None else each.difference.to_dict(),
                    "undefined": each.undefined,
                    "arm_value": each.arm_value,
                    "reference_value": each.reference_value,
                    "within": each.within,
                    "sure": each.sure,
                }
                for each in self.differences
            ],
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def compare_arms(
    trials: Trials,
    measure: str,
    *,
    reference: str | None = None,
    arms: Sequence[str] | None = None,
    natural: Natural | None = None,
    level: float = 0.95,
) -> Comparison:
    """Compare a measure between arms.

    Use it to answer what an experiment was run for. One measure and one reference, named before
    the answers came in, are a test; a search through all measures is not, whatever its intervals.

    Parameters
    ----------
    trials
        What was decided, with which advice.
    measure
        A name of `RATES`: "rair", "rsr", "over_reliance", "under_reliance", "switch_fraction",
        "agreement_fraction", "accuracy", "own_accuracy" or "advice_accuracy".
    reference
        The arm to compare with; the first by name where it is not given.
    arms
        The others; all where they are not given.
    natural
        As in `measure_reliance`.
    level
        Of the intervals of all arms at once.

    Raises
    ------
    InputError
        If there are no two arms, or the measure needs what was not asked for.

    References
    ----------
    [cameron2011robust], [zou2008construction]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> person, item = np.repeat(np.arange(40), 16), np.tile(np.arange(16), 40)
    >>> took = rng.random(640) < np.where(person < 20, 0.7, 0.4)
    >>> trials = Trials(person=person, item=item, arm=np.where(person < 20, "plain", "why"),
    ...                 truth=np.zeros(640), advice=np.ones(640), final=took.astype(float))
    >>> print(compare_arms(trials, "over_reliance", reference="plain").headline)
    why: 23 points less than plain [15, 32], surely less.
    """
    rate = rate_of(measure, trials)
    reference, others = _arms(trials, reference, arms)
    together = 1 - (1 - level) / len(others)
    critical_value(level)
    strata, rates = natural_strata(trials, natural)
    found = []
    for arm in others:
        both = [trials.at(name) for name in (arm, reference)]
        why = [reason_undefined(rate, trials, within) for within in both]
        shared = np.intersect1d(trials.person[both[0]], trials.person[both[1]])
        if any(why):
            which = arm if why[0] else reference
            found.append(
                ArmDifference(
                    measure, arm, reference, None, f"{which}: {why[0] or why[1]}",
                    np.nan, np.nan, bool(len(shared)),
                )
            )  # fmt: skip
            continue
        parts = [statistic_of(rate, trials, within, strata=strata, rates=rates) for within in both]
        mine, theirs = (float(part.value(part.features.sum(axis=0))) for part in parts)
        spread = spread_of(difference(*parts), trials.person, trials.item)
        if spread.variance == 0:
            estimate = _together(rate, trials, both, together)
        else:
            estimate = estimated(difference(*parts), trials.person, trials.item, level=together)
        found.append(
            ArmDifference(measure, arm, reference, estimate, "", mine, theirs, bool(len(shared)))
        )
    return Comparison(rate.title, tuple(found), level)


def _arms(
    trials: Trials, reference: str | None, arms: Sequence[str] | None
) -> tuple[str, list[str]]:
    if len(trials.arms) < 2:
        raise InputError(
            f"There is one arm, {trials.arms[0]!r}, and nothing to compare it with. Run a review "
            "with several, or describe the one by measure_reliance."
        )
    reference = trials.arms[0] if reference is None else reference
    trials.at(reference)
    others = [each for each in (trials.arms if arms is None else arms) if each != reference]
    for each in others:
        trials.at(each)
    if not others:
        raise InputError(
            f"arms={list(arms or ())!r} holds no other arm than the reference {reference!r}. Name "
            f"one of {listed(map(repr, (e for e in trials.arms if e != reference)))}."
        )
    return reference, others


def _together(rate: Rate, trials: Trials, both: list[Mask], level: float) -> Estimate | None:
    """Return the limits of a difference from those of two shares that no trial departs from."""
    single = [
        estimated(
            statistic_of(rate, trials, within), trials.person, trials.item, level=level, share=True
        )
        for within in both
    ]
    first, second = single
    if first is None or second is None:
        return None
    value = first.value - second.value
    low = value - np.hypot(first.value - first.low, second.high - second.value)
    high = value + np.hypot(first.high - first.value, second.value - second.low)
    n = first.n + second.n
    return Estimate(value, float(low), float(high), level, n, "from both shares' exact limits")


def _sentence(found: ArmDifference) -> str:
    if found.difference is None:
        return f"{found.arm}: undefined ({found.undefined})."
    low, value, high = (
        100 * each for each in (found.difference.low, found.difference.value, found.difference.high)
    )
    if not np.isfinite(low):
        return (
            f"{found.arm}: {abs(value):.0f} points {'more' if value > 0 else 'less'} than "
            f"{found.reference}, of too few people or items for an interval."
        )
    if not found.sure:
        return (
            f"{found.arm}: between {_points(low)} and {_points(high)} points against "
            f"{found.reference}, so no difference is shown."
        )
    ends = (low, high) if value > 0 else (-high, -low)
    word = "more" if value > 0 else "less"
    return (
        f"{found.arm}: {abs(value):.0f} points {word} than {found.reference} "
        f"[{ends[0]:.0f}, {ends[1]:.0f}], surely {word}."
    )


def _points(value: float) -> str:
    return f"{value:+.0f}" if round(value) else "0"
