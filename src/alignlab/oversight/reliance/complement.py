"""Whether people with advice beat the better of the two alone.

With accuracies T of people with advice, H of people alone and M of the model alone,

    complementarity = T - max(H, M) = min(T - H, T - M).

Its lower limit is the smaller of the two differences' lower limits: the team beats the better one
only where it beats each, and no correction is needed for that [berger1982multiparameter]. Of the
upper limits, the smaller one at half the error each. The larger of two estimates is too large on
average, by s (phi(z) - |z| Phi(-|z|)) with z = (H - M) / s and s the standard error of H - M
[clark1961greatest, eq. 2]; the value is corrected by that, taken at the estimates. What is left is
between 0.24 s too low, where both are alike (0.40 s without), and 0.05 s too high: no correction of
a maximum can be right everywhere. The limits do not lean on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, share_limits
from alignlab.oversight.crossed import (
    CROSSED,
    NONE,
    Spread,
    Statistic,
    difference,
    estimated,
    ratio,
    spread_of,
)
from alignlab.oversight.reliance.measured import Natural, natural_strata
from alignlab.oversight.reliance.trials import Trials

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ArmComplementarity", "Complementarity", "complementarity"]

Mask = NDArray[np.bool_]

OWN, OTHERS = "own answers", "own answers of other arms"


@dataclass(frozen=True, slots=True)
class ArmComplementarity:
    """The team of one arm beside each alone.

    Attributes
    ----------
    arm
        Its name.
    team, human, model
        The accuracies; `None` where there is no trial.
    over_human, over_model
        What the team gains over each.
    over_better
        What it gains over the better one.
    alone
        Where people alone come from: "own answers", "own answers of other arms", or an arm's name.
    undefined
        Why there is no comparison; "" where there is one.
    """

    arm: str
    team: Estimate | None
    human: Estimate | None
    model: Estimate | None
    over_human: Estimate | None
    over_model: Estimate | None
    over_better: Estimate | None
    alone: str
    undefined: str

    @property
    def verdict(self) -> str:
        """Say "better", "not better" or "not known"."""
        found = self.over_better
        if found is None or not np.isfinite(found.low):
            return "not known"
        return "better" if found.low > 0 else "not better" if found.high < 0 else "not known"


@dataclass(frozen=True, eq=False)
class Complementarity:
    """The team beside the better of the two alone, arm by arm.

    Attributes
    ----------
    arms
        One an arm in which advice was seen.
    """

    arms: tuple[ArmComplementarity, ...]

    @property
    def headline(self) -> str:
        """What was found, in one sentence an arm."""
        return " ".join(_sentence(each) for each in self.arms)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arm and quantity."""
        import pandas as pd

        rows = [
            {
                "arm": each.arm,
                "quantity": name,
                "value": np.nan if found is None else found.value,
                "low": np.nan if found is None else found.low,
                "high": np.nan if found is None else found.high,
                "undefined": each.undefined if found is None else "",
            }
            for each in self.arms
            for name in ("team", "human", "model", "over_human", "over_model", "over_better")
            for found in [getattr(each, name)]
        ]
        return pd.DataFrame(rows)

    def chart(self) -> Chart:
        """Draw what the team gains over the better of the two alone."""
        rows = [
            {
                "group": each.arm,
                "value": each.over_better.value,
                "low": each.over_better.low,
                "high": each.over_better.high,
                "n": each.over_better.n,
            }
            for each in self.arms
            if each.over_better is not None
        ]
        return interval_chart(
            "Do people with advice beat the better of the two alone?",
            rows,
            x="accuracy less that of the better alone (points)",
            reference=0.0,
            reference_label="the better alone",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        names = ("team", "human", "model", "over_human", "over_model", "over_better")
        return {
            "headline": self.headline,
            "arms": [
                {
                    "arm": each.arm,
                    "alone": each.alone,
                    "undefined": each.undefined,
                    "verdict": each.verdict,
                    **{
                        name: None if found is None else found.to_dict()
                        for name in names
                        for found in [getattr(each, name)]
                    },
                }
                for each in self.arms
            ],
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def complementarity(
    trials: Trials,
    *,
    alone: str | None = None,
    natural: Natural | None = None,
    level: float = 0.95,
) -> Complementarity:
    """Say whether people with advice do better than people alone and than the model alone.

    Use it to decide whether people and model should work together at all. People alone are the own
    answers of two-stage trials, or the arm `alone` in which nobody saw advice.

    Parameters
    ----------
    trials
        What was decided, with which advice, and what was right.
    alone
        The arm of people alone; where it is not given, own answers, and for arms without them the
        arm in which no advice was seen, or else the own answers of other arms.
    natural
        As in `measure_reliance`: with cases balanced by design, neither accuracy is that of the
        world, and the model's is one half.
    level
        Of the intervals.

    Raises
    ------
    InputError
        If no advice was seen whose truth is known, or `alone` is an arm with advice.

    References
    ----------
    [berger1982multiparameter], [clark1961greatest], [bansal2021does]

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> person, item = np.repeat(np.arange(30), 20), np.tile(np.arange(20), 30)
    >>> own, advice, final = (rng.random(600) < share for share in (0.6, 0.65, 0.85))
    >>> trials = Trials(person=person, item=item, truth=np.ones(600), own=own + 0,
    ...                 advice=advice + 0, final=final + 0)
    >>> complementarity(trials).arms[0].verdict
    'better'
    """
    critical_value(level)
    if not trials.judged.any():
        raise InputError(
            "Complementarity needs advice that was seen and whose truth is known, and there is "
            "none. Give truth and advice."
        )
    if alone is not None and (trials.seen & trials.at(alone)).any():
        raise InputError(
            f"In the arm {alone!r} people saw advice, so they are not alone there. Name an arm "
            "without, or leave alone out to take the own answers."
        )
    strata, rates = natural_strata(trials, natural)

    def accuracy(codes: NDArray[np.intp], among: Mask) -> Statistic:
        among = among & (codes >= 0)
        inside = None if strata is None else np.where(among, strata, -1)
        return ratio(among & (codes == trials.truth), among, strata=inside, rates=rates)

    found = []
    for arm in trials.arms:
        here = trials.at(arm) & trials.judged
        if not here.any():
            continue
        source = _alone(trials, arm, alone)
        team, model = accuracy(trials.final, here), accuracy(trials.advice, here)
        single = [
            estimated(part, trials.person, trials.item, level=level, share=True)
            for part in (team, model)
        ]
        if source is None:
            why = "nobody decided alone: no own answers, and no arm without advice"
            over = _gain(trials, team, model, level)
            found.append(
                ArmComplementarity(arm, single[0], None, single[1], None, over, None, "", why)
            )
            continue
        if source == OWN:
            human = accuracy(trials.own, here & trials.two_stage)
        elif source == OTHERS:
            human = accuracy(trials.own, trials.judged & trials.two_stage)
        else:
            human = accuracy(trials.final, trials.at(source) & (trials.truth >= 0))
        found.append(
            ArmComplementarity(
                arm,
                single[0],
                estimated(human, trials.person, trials.item, level=level, share=True),
                single[1],
                _gain(trials, team, human, level),
                _gain(trials, team, model, level),
                _over_better(trials, team, human, model, level),
                source,
                "",
            )
        )
    return Complementarity(tuple(found))


def _alone(trials: Trials, arm: str, alone: str | None) -> str | None:
    """Return where people alone come from, `None` where nobody was."""
    if alone is not None:
        return alone
    if (trials.at(arm) & trials.two_stage & trials.judged).any():
        return OWN
    for other in trials.arms:
        within = trials.at(other) & (trials.truth >= 0)
        if within.any() and not (within & trials.seen).any():
            return other
    return OTHERS if (trials.two_stage & trials.judged).any() else None


def _gain(trials: Trials, first: Statistic, second: Statistic, level: float) -> Estimate | None:
    spread = spread_of(difference(first, second), trials.person, trials.item)
    if np.isnan(spread.value):
        return None
    reach = _reach(spread, level)
    method = CROSSED if np.isfinite(reach) else NONE
    return Estimate(
        spread.value, spread.value - reach, spread.value + reach, level, spread.trials, method
    )


def _reach(spread: Spread, level: float) -> float:
    if spread.variance == 0:
        # No trial differs: how many might, the number of people and items alone can say.
        return float(share_limits(0.0, min(spread.people, spread.items), level=level)[1])
    if not np.isfinite(spread.variance):
        return float("nan")
    return critical_value(level, freedom=max(spread.freedom, 1.0)) * float(np.sqrt(spread.variance))


def _over_better(
    trials: Trials, team: Statistic, human: Statistic, model: Statistic, level: float
) -> Estimate | None:
    gains = [
        spread_of(difference(team, other), trials.person, trials.item) for other in (human, model)
    ]
    apart = spread_of(difference(human, model), trials.person, trials.item)
    values = [each.value for each in gains]
    if np.isnan(values).any():
        return None
    value = min(values)
    if apart.variance > 0:
        error = float(np.sqrt(apart.variance))
        z = abs(apart.value) / error
        value += error * float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) - z * special.ndtr(-z))
    both = 1 - (1 - level) / 2
    low = min(each.value - _reach(each, level) for each in gains)
    high = min(each.value + _reach(each, both) for each in gains)
    n = max(each.trials for each in gains)
    method = "both differences' limits; the larger of two corrected for its luck"
    if not np.isfinite(low + high):
        return Estimate(value, np.nan, np.nan, level, n, NONE)
    return Estimate(min(max(value, low), high), low, high, level, n, method)


def _sentence(found: ArmComplementarity) -> str:
    if found.over_better is None or found.human is None or found.model is None:
        return f"{found.arm}: not comparable ({found.undefined})."
    better = "people alone" if found.human.value > found.model.value else "the model alone"
    team = 0.0 if found.team is None else found.team.value
    most = max(found.human.value, found.model.value)
    verdict = {
        "better": "surely better",
        "not better": "surely not better",
        "not known": "which of them is better is not known",
    }[found.verdict]
    limits = found.over_better
    ends = (
        f" [{100 * limits.low:+.0f}, {100 * limits.high:+.0f}]" if np.isfinite(limits.low) else ""
    )
    return (
        f"{found.arm}: people with advice are right in {team:.0%}, {better} in {most:.0%}: "
        f"{100 * limits.value:+.0f} points{ends}, {verdict}."
    )
