"""Revealed utilities: the costs that people acted on, from what they decided and what was likely.

With a chance p that yes is right, yes is worth p·benefit - (1 - p)·cost to a person, and no is
worth nothing; yes is the better answer where p exceeds

    τ = cost / (cost + benefit).

People are taken to say yes with chance logistic((p - τ) / s): s is their noise, in units of p. Only
the ratio cost/benefit = τ / (1 - τ) shows in decisions. Comparing thresholds between groups of
cases asks whether one was held to a higher bar; comparing how often yes was *right* does not, since
groups with the same bar differ in how far above it their cases lie [simoiu2017problem]. Assumes
calibrated probabilities that hold all the person knew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate, critical_value
from alignlab.values.inverse.thresholds import ThresholdModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RevealedUtilities", "RevealedUtility", "ThresholdGap", "infer_utilities"]

Floats = NDArray[np.float64]

NoiseModel = Literal["utility", "log odds"]

NEVER = 1e-6
"""On the scale of log odds, thresholds this near to 0 or 1 are 0 and 1."""


@dataclass(frozen=True)
class RevealedUtility:
    """What some decisions reveal.

    Attributes
    ----------
    name
        Whose decisions, or on which group of cases.
    threshold
        τ: the probability at which yes and no are equally likely.
    cost_ratio
        What a wrong yes costs, in units of what a right yes brings: τ / (1 - τ).
    noise
        s: how much p must rise above τ for yes to become e times likelier than no. 0 is perfect
        consistency, infinity a coin. In log odds if that is the noise model.
    n, yes
        How many decisions, and how many of them were yes.
    """

    name: str
    threshold: Estimate
    cost_ratio: Estimate
    noise: Estimate
    n: int
    yes: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "name": self.name,
            "threshold": self.threshold.to_dict(),
            "cost_ratio": self.cost_ratio.to_dict(),
            "noise": self.noise.to_dict(),
            "n": self.n,
            "yes": self.yes,
        }


@dataclass(frozen=True)
class ThresholdGap:
    """How much higher the bar was for one group than for another.

    Attributes
    ----------
    first, second
        The groups.
    gap
        The first's threshold less the second's; its interval holds together with all others.
    differs
        Whether the interval leaves 0 out.
    """

    first: str
    second: str
    gap: Estimate
    differs: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "first": self.first,
            "second": self.second,
            "gap": self.gap.to_dict(),
            "differs": self.differs,
        }


@dataclass(frozen=True)
class RevealedUtilities:
    """The thresholds that people acted on: overall, by person, by group of cases.

    Attributes
    ----------
    overall
        All decisions; with people, at their average.
    people
        Each person by himself: no pooling, so that an interval is about that person only.
    groups
        Each group of cases; with people, at their average, so that who judged whom does not matter.
    gaps
        All pairs of groups.
    notes
        What was left out, in words.
    level
        Coverage.
    noise_model
        What the noise is added to.
    """

    overall: RevealedUtility
    people: tuple[RevealedUtility, ...]
    groups: tuple[RevealedUtility, ...]
    gaps: tuple[ThresholdGap, ...]
    notes: tuple[str, ...]
    level: float
    noise_model: str

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "overall": self.overall.to_dict(),
            "people": [each.to_dict() for each in self.people],
            "groups": [each.to_dict() for each in self.groups],
            "gaps": [each.to_dict() for each in self.gaps],
            "notes": list(self.notes),
            "level": self.level,
            "noise_model": self.noise_model,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for all, each person and each group."""
        import pandas as pd

        parts = [("overall", self.overall)]
        parts += [("person", each) for each in self.people]
        parts += [("group", each) for each in self.groups]
        return pd.DataFrame(
            [
                {
                    "of": kind,
                    "name": each.name,
                    "threshold": each.threshold.value,
                    "low": each.threshold.low,
                    "high": each.threshold.high,
                    "cost_ratio": each.cost_ratio.value,
                    "noise": each.noise.value,
                    "n": each.n,
                    "yes": each.yes,
                }
                for kind, each in parts
            ]
        )

    def chart(self, question: str = "How likely must it be for people to say yes?") -> Chart:
        """Draw the thresholds with their intervals."""
        parts = [("all", (self.overall,)), ("people", self.people), ("groups", self.groups)]
        rows = [
            {
                "of": kind,
                "group": each.name,
                "value": each.threshold.value,
                "low": each.threshold.low,
                "high": each.threshold.high,
                "n": each.n,
            }
            for kind, members in parts
            for each in members
        ]
        facet = "of" if self.people or self.groups else None
        return interval_chart(question, rows, x="threshold (probability)", facet=facet)


def infer_utilities(
    decisions: ArrayLike,
    probabilities: ArrayLike,
    *,
    people: Sequence[Any] | ArrayLike | None = None,
    groups: Sequence[Any] | ArrayLike | None = None,
    noise: NoiseModel = "utility",
    level: float = 0.95,
) -> RevealedUtilities:
    """Say which costs past yes/no decisions reveal, with intervals, by person and by group.

    Use it to learn what people's decisions weigh, before a rule is made that decides for them, and
    to ask whether one group was held to a higher bar. The probabilities must be calibrated and hold
    what the people knew; if they saw more, differences between groups may be differences in that.

    Parameters
    ----------
    decisions
        Yes (true, 1) or no, shape (n,).
    probabilities
        The chance that yes is right, shape (n,).
    people
        Who decided, shape (n,).
    groups
        Which group the case belongs to, shape (n,).
    noise
        "utility": people err about p - τ. "log odds": about log odds of p less those of τ, for
        probabilities that are mostly near 0 or 1.
    level
        Coverage of each interval; of all gaps together (Bonferroni).

    Returns
    -------
    RevealedUtilities

    Raises
    ------
    InputError
        If lengths differ, a decision is neither yes nor no, a probability is not between 0 and 1,
        or all probabilities are equal.

    References
    ----------
    [simoiu2017problem], [venzon1988method], [dunn1961multiple], [donner2012closed]

    Examples
    --------
    A person who says yes from 0.75 on acts as if a wrong yes cost three times what a right one
    brings:

    >>> p = np.linspace(0.05, 0.95, 19)
    >>> found = infer_utilities(p > 0.725, p)
    >>> print(found.overall.threshold, round(found.overall.cost_ratio.value, 1))
    0.725 [0.618, 0.836] 2.6
    """
    critical_value(level)
    require_choice(noise, ["utility", "log odds"], what="noise")
    yes, p = _cases(decisions, probabilities)
    low, high = 0.0, 1.0
    x = p
    if noise == "log odds":
        if ((p <= 0) | (p >= 1)).any():
            row = int(((p <= 0) | (p >= 1)).argmax())
            raise InputError(
                f"The probability in row {row} is {p[row]:g}, whose log odds are infinite. Use "
                'noise="utility", or probabilities that are never certain.'
            )
        x = special.logit(p)
        low, high = (float(special.logit(end)) for end in (NEVER, 1 - NEVER))
    ends = (low, high)
    person, person_names = _codes(people, len(p), "people")
    group, group_names = _codes(groups, len(p), "groups")
    notes: list[str] = []
    kept = np.ones(len(p), bool)
    if person is not None:
        both = [0 < yes[person == each].mean() < 1 for each in range(len(person_names))]
        kept = np.array(both)[person]
        gone = [name for name, b in zip(person_names, both, strict=True) if not b]
        if gone and kept.any():
            notes.append(
                f"{', '.join(gone)} said the same to every case and count only by themselves: "
                "in a comparison within people they compare nothing."
            )
        kept = kept if kept.any() else np.ones(len(p), bool)
    within = None if person is None else np.unique(person[kept], return_inverse=True)[1]

    def told(model: ThresholdModel, code: int, name: str) -> RevealedUtility:
        mine = model.group == code
        threshold = _in_chances(model.threshold(code, *ends, level=level), noise)
        return RevealedUtility(
            name,
            threshold,
            _ratio(threshold),
            model.noise(code, level=level),
            int(mine.sum()),
            int(model.yes[mine].sum()),
        )

    overall = told(ThresholdModel(x[kept], yes[kept], None, within), 0, "all")
    alone = tuple(
        told(ThresholdModel(x[person == code], yes[person == code]), 0, name)
        for code, name in enumerate(person_names)
    )
    if group is None:
        return RevealedUtilities(overall, alone, (), (), tuple(notes), level, noise)
    present = np.unique(group[kept])
    missing = [name for code, name in enumerate(group_names) if code not in present]
    if missing:
        notes.append(f"No case of {', '.join(missing)} is left to compare.")
    names = [group_names[code] for code in present]
    codes = np.searchsorted(present, group[kept])
    # Without people groups share nothing, and each is a model of its own.
    if within is None:
        models = [
            (ThresholdModel(x[codes == code], yes[codes == code]), 0) for code in range(len(names))
        ]
    else:
        joint = ThresholdModel(x[kept], yes[kept], codes, within)
        models = [(joint, code) for code in range(len(names))]
    by_group = tuple(
        told(model, code, name) for (model, code), name in zip(models, names, strict=True)
    )
    pairs = list(combinations(range(len(names)), 2))
    limits = [
        _in_chances(
            model.threshold(code, *ends, level=level, comparisons=max(len(pairs), 1)), noise
        )
        for model, code in models
    ]
    gaps = tuple(_gap(names[i], names[j], limits[i], limits[j], level) for i, j in pairs)
    return RevealedUtilities(overall, alone, by_group, gaps, tuple(notes), level, noise)


def _cases(decisions: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    try:
        p = np.asarray(probabilities, float)
        said = np.asarray(decisions)
        yes = said.astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(
            "decisions and probabilities are not numbers: give yes as 1 or true, no as 0 or false."
        ) from error
    if p.ndim != 1 or yes.shape != p.shape or len(p) == 0:
        raise InputError(
            f"decisions have shape {yes.shape} and probabilities {p.shape}: give one of each for "
            "every case."
        )
    bad = ~((yes == 0) | (yes == 1))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"The decision in row {row} is {said[row]!r}, neither yes (1) nor no (0).")
    bad = ~((p >= 0) & (p <= 1))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"The probability in row {row} is {p[row]}, not between 0 and 1.")
    if np.ptp(p) == 0:
        raise InputError(
            f"All probabilities are {p[0]:g}: a threshold shows only where cases differ."
        )
    return yes.astype(bool), p


def _codes(
    given: Sequence[Any] | ArrayLike | None, n: int, what: str
) -> tuple[NDArray[np.intp] | None, list[str]]:
    if given is None:
        return None, []
    import pandas as pd

    values = pd.Series(
        np.asarray(given, dtype=object) if not isinstance(given, pd.Series) else given
    )
    if len(values) != n:
        raise InputError(f"{what} has {len(values)} entries for {n} cases.")
    if values.isna().any():
        row = int(values.isna().to_numpy().argmax())
        raise InputError(f"{what} says nothing in row {row}: leave the case out, or name it.")
    codes, names = pd.factorize(values, sort=False)
    return np.asarray(codes, np.intp), [str(name) for name in names]


def _in_chances(told: Estimate, noise: str) -> Estimate:
    """Return a threshold as a probability, whatever scale it was found on."""
    if noise == "utility":
        return told
    ends = [float(special.expit(each)) for each in (told.value, told.low, told.high)]
    ends = [0.0 if end <= 2 * NEVER else 1.0 if end >= 1 - 2 * NEVER else end for end in ends]
    return Estimate(ends[0], ends[1], ends[2], told.level, told.n, told.method)


def _ratio(threshold: Estimate) -> Estimate:
    def ratio(tau: float) -> float:
        return tau / (1 - tau) if tau < 1 else float("inf")

    t = threshold
    return Estimate(ratio(t.value), ratio(t.low), ratio(t.high), t.level, t.n, t.method)


def _gap(first: str, second: str, a: Estimate, b: Estimate, level: float) -> ThresholdGap:
    """Return a difference by the squares of the distances to the limits (MOVER)."""
    value = a.value - b.value
    low = value - float(np.hypot(a.value - a.low, b.high - b.value))
    high = value + float(np.hypot(a.high - a.value, b.value - b.low))
    low, high = max(low, -1.0), min(high, 1.0)
    gap = Estimate(value, low, high, level, a.n + b.n, "MOVER on profile likelihood, Bonferroni")
    return ThresholdGap(first, second, gap, bool(low > 0 or high < 0))
