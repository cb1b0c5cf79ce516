"""How people relied on advice, arm by arm: every share with an interval by people and by items.

At rates r_s of strata s (the advice right or wrong, say), those of the world or those that a design
fixed, a share is sum_s r_s N_s / n_s over sum_s r_s D_s / n_s, with N counted, D among, and n all
trials of the stratum in the arm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, listed
from alignlab.intervals import Estimate, critical_value
from alignlab.oversight.crossed import Statistic, estimated, ratio
from alignlab.oversight.reliance.rates import RATES, Rate, rate_of, reason_undefined
from alignlab.oversight.reliance.trials import Trials

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ArmRate",
    "Natural",
    "Reliance",
    "design_strata",
    "measure_reliance",
    "natural_strata",
    "statistic_of",
]

Natural = float | Mapping[str, float]

CHARTED = ("rair", "rsr", "over_reliance", "under_reliance", "accuracy")


@dataclass(frozen=True, slots=True)
class ArmRate:
    """One measure in one arm.

    Attributes
    ----------
    arm, measure
        Their names.
    estimate
        The share; `None` where it is undefined.
    undefined
        Why it is; "" where it is not.
    trials, people, items
        How many it is among.
    """

    arm: str
    measure: str
    estimate: Estimate | None
    undefined: str
    trials: int
    people: int
    items: int


@dataclass(frozen=True, eq=False)
class Reliance:
    """How people relied on advice in each arm.

    Attributes
    ----------
    rates
        Every measure in every arm.
    natural
        The rates to which shares are re-weighted; empty for the trials as they are.
    level
        Of the intervals, each by itself.
    trials
        What it was measured on.
    """

    rates: tuple[ArmRate, ...]
    natural: Mapping[str, float]
    level: float
    trials: Trials

    def at(self, measure: str, arm: str | None = None) -> ArmRate:
        """Return one measure in one arm; the arm may be left out where there is one."""
        rate_of(measure, self.trials)
        if arm is None:
            if len(self.trials.arms) > 1:
                raise InputError(
                    f"There are {len(self.trials.arms)} arms, "
                    f"{listed(map(repr, self.trials.arms))}. Say which: at({measure!r}, arm)."
                )
            arm = self.trials.arms[0]
        self.trials.at(arm)
        return next(each for each in self.rates if (each.measure, each.arm) == (measure, arm))

    @property
    def headline(self) -> str:
        """What was found, in one sentence an arm."""
        said = []
        for arm in self.trials.arms:
            over, under = (
                self._said(name, arm, text)
                for name, text in (("over_reliance", "wrong"), ("under_reliance", "right"))
            )
            parts = [part for part in (over, under) if part]
            if parts:
                said.append(f"{arm}: people {' and '.join(parts)}.")
        return " ".join(said) or "No advice was seen whose truth is known."

    def _said(self, measure: str, arm: str, which: str) -> str:
        found = next(e for e in self.rates if (e.measure, e.arm) == (measure, arm)).estimate
        verb = "took" if which == "wrong" else "refused"
        return (
            "" if found is None else f"{verb} {found.value:.0%} of {which} advice{_limits(found)}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure and arm; NaN where a share is undefined, with the reason."""
        import pandas as pd

        rows = [
            {
                "arm": each.arm,
                "measure": each.measure,
                "value": np.nan if each.estimate is None else each.estimate.value,
                "low": np.nan if each.estimate is None else each.estimate.low,
                "high": np.nan if each.estimate is None else each.estimate.high,
                "trials": each.trials,
                "people": each.people,
                "items": each.items,
                "undefined": each.undefined,
            }
            for each in self.rates
        ]
        return pd.DataFrame(rows)

    def people_frame(self) -> pd.DataFrame:
        """Return one row a person and arm, with the person's own shares.

        A share among no trials of a person is NaN and falls out of means; few trials make it
        coarse, so that the mean over people is not the share over trials.
        """
        import pandas as pd

        trials = self.trials
        pairs = trials.person * len(trials.arms) + trials.arm
        kept, codes = np.unique(pairs, return_inverse=True)
        columns: dict[str, Any] = {
            "person": [trials.people[each // len(trials.arms)] for each in kept],
            "arm": [trials.arms[each % len(trials.arms)] for each in kept],
            "trials": np.bincount(codes),
        }
        for name, rate in RATES.items():
            among = rate.among(trials)
            below = np.bincount(codes, among)
            above = np.bincount(codes, among & rate.counted(trials))
            columns[name] = np.divide(above, below, out=np.full(len(kept), np.nan), where=below > 0)
        return pd.DataFrame(columns)

    def chart(self, measures: Sequence[str] = CHARTED) -> Chart:
        """Draw measures by arm, with their intervals; what is undefined is not drawn."""
        for name in measures:
            if name not in RATES:
                rate_of(name, self.trials)
        rows = [
            {
                "measure": RATES[each.measure].title,
                "group": each.arm,
                "value": each.estimate.value,
                "low": each.estimate.low,
                "high": each.estimate.high,
                "n": each.trials,
            }
            for name in measures
            for each in self.rates
            if each.measure == name and each.estimate is not None
        ]
        return interval_chart(
            "How did people use the advice?",
            rows,
            x="share of the trials that it is about (%)",
            facet="measure",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; an undefined share is null with its reason."""
        return {
            "headline": self.headline,
            "natural": dict(self.natural),
            "level": self.level,
            "left_out": self.trials.left_out,
            "rates": [
                {
                    "arm": each.arm,
                    "measure": each.measure,
                    "estimate": None if each.estimate is None else each.estimate.to_dict(),
                    "undefined": each.undefined,
                    "trials": each.trials,
                    "people": each.people,
                    "items": each.items,
                }
                for each in self.rates
            ],
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def measure_reliance(
    trials: Trials,
    *,
    natural: Natural | None = None,
    level: float = 0.95,
) -> Reliance:
    """Measure how people relied on advice, in every arm.

    Use it to see whether people take right advice and refuse wrong advice. To say that one arm
    differs from another, use `compare_arms`: overlapping intervals do not answer that. Whether the
    advice helped at all is `complementarity`.

    Parameters
    ----------
    trials
        What was decided, with which advice.
    natural
        Where the design balanced the cases and the world does not: how often the advice is right
        out there, between 0 and 1, or a rate for each stratum of the trials. Shares among right
        or among wrong advice do not depend on the former; agreement and accuracy do. Where it is
        not given, trials whose strata were designed keep the shares that these have.
    level
        Of each interval.

    Raises
    ------
    InputError
        If a rate is out of range, or a stratum has no trials in an arm.

    References
    ----------
    [schemmer2023appropriate]

    Examples
    --------
    Right advice after a wrong answer: taken in 3 of 4 cases. Nobody met wrong advice after a right
    answer, so RSR is undefined, and not 0.

    >>> found = measure_reliance(Trials(
    ...     person=["ann", "ann", "bob", "bob"], item=["a", "b", "a", "b"],
    ...     truth=[1, 1, 1, 1], own=[0, 0, 0, 0], advice=[1, 1, 1, 1], final=[1, 1, 1, 0]))
    >>> found.at("rair").estimate.value
    0.75
    >>> found.at("rsr").estimate, found.at("rsr").undefined
    (None, 'nobody was right alone where the advice was wrong')
    """
    critical_value(level)
    strata, rates = natural_strata(trials, natural)
    found = []
    for arm in trials.arms:
        within = trials.at(arm)
        for rate in RATES.values():
            reason = reason_undefined(rate, trials, within)
            among = rate.among(trials) & within
            estimate = None
            if not reason:
                part = statistic_of(rate, trials, within, strata=strata, rates=rates)
                estimate = estimated(part, trials.person, trials.item, level=level, share=True)
            found.append(
                ArmRate(
                    arm,
                    rate.name,
                    estimate,
                    reason if estimate is None else "",
                    int(among.sum()),
                    len(np.unique(trials.person[among])),
                    len(np.unique(trials.item[among])),
                )
            )
    named = {} if natural is None else _named(natural)
    return Reliance(tuple(found), named, level, trials)


def statistic_of(
    rate: Rate,
    trials: Trials,
    within: NDArray[np.bool_],
    *,
    strata: NDArray[np.intp] | None = None,
    rates: NDArray[np.float64] | None = None,
) -> Statistic:
    """Return a measure among some trials as a statistic of sums over all of them."""
    among = rate.among(trials) & within
    inside = None if strata is None else np.where(within, strata, -1)
    if inside is not None and len(np.unique(inside[among & (inside >= 0)])) == 1:
        # Of one stratum, its rate cancels.
        among, inside = among & (inside >= 0), None
    return ratio(among & rate.counted(trials), among, strata=inside, rates=rates)


def natural_strata(
    trials: Trials, natural: Natural | None
) -> tuple[NDArray[np.intp] | None, NDArray[np.float64] | None]:
    """Return each trial's stratum and the strata's rates: in the world, or else in the design.

    Raises
    ------
    InputError
        If a rate is no share, the rates do not sum to one, or a stratum has no trials in an arm.
    """
    if natural is None:
        return design_strata(trials)
    named = _named(natural)
    if isinstance(natural, Mapping):
        names = list(trials.strata)
        strata = trials.stratum
        if set(named) != set(names):
            raise InputError(
                f"natural has rates for {listed(map(repr, named))}; the trials' strata are "
                f"{listed(map(repr, names))}. Give one for each."
            )
    else:
        names = list(named)
        known = (trials.truth >= 0) & (trials.advice >= 0)
        strata = np.where(known, (trials.advice != trials.truth).astype(np.intp), -1)
    for arm in trials.arms:
        within = trials.at(arm)
        for code, name in enumerate(names):
            if named[name] > 0 and not (strata[within] == code).any():
                raise InputError(
                    f"natural says that {name!r} is {named[name]:.0%} of cases, and the arm "
                    f"{arm!r} has none. Show some, or leave natural out."
                )
    kept = [code for code, name in enumerate(names) if named[name] > 0]
    place = np.full(len(names) + 1, -1, dtype=np.intp)
    place[kept] = np.arange(len(kept))
    return place[strata], np.array([named[names[code]] for code in kept])


def design_strata(
    trials: Trials, within: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.intp] | None, NDArray[np.float64] | None]:
    """Return each trial's stratum and how much of the trials each is, where a design fixed that.

    Without it, how many items of each kind there are would count as chance: with half of the
    advice wrong by design, the accuracy of the advice is one half for certain.
    """
    within = np.ones(len(trials), dtype=bool) if within is None else within
    size = len(trials.strata)
    if size == 1 or not trials.designed:
        return None, None
    part = trials.arm * size + trials.stratum
    parts = np.array([arm * size + s for arm in np.unique(trials.arm[within]) for s in range(size)])
    # A stratum of one item cannot do without it: there is no telling how it would be with others.
    for codes in (trials.person, trials.item):
        distinct = np.unique(np.stack([part[within], codes[within]]), axis=1)[0]
        if (np.bincount(distinct, minlength=int(parts.max()) + 1)[parts] < 2).any():
            return None, None
    return trials.stratum, np.bincount(trials.stratum[within], minlength=size) / within.sum()


def _named(natural: Natural) -> dict[str, float]:
    if isinstance(natural, Mapping):
        named = {str(name): float(rate) for name, rate in natural.items()}
    else:
        named = {"advice right": float(natural), "advice wrong": 1 - float(natural)}
    for name, rate in named.items():
        if not 0 <= rate <= 1:
            shown = natural if not isinstance(natural, Mapping) else rate
            raise InputError(f"natural={shown!r} for {name!r} is not a share from 0 to 1.")
    if abs(sum(named.values()) - 1) > 1e-6:
        raise InputError(
            f"The rates in natural sum to {sum(named.values()):g}. Give shares that sum to 1."
        )
    return named


def _limits(found: Estimate) -> str:
    return f" [{found.low:.0%}, {found.high:.0%}]" if np.isfinite(found.low) else ""
