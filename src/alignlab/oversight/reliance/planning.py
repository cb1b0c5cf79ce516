"""How many people and items a study needs, before it is run.

A study of n people and m items that differ in how often they rely compares two arms. With standard
deviations s_p of people and s_i of items within an arm, and s_pe and s_ie of the effect from person
to person and item to item, all as shares, and shares p of both arms together, the difference has

    V = 4 s_p^2 / n   + s_ie^2 / m + 4 (p (1 - p) - s_p^2 - s_i^2) / (n m)    arms by reviewer
    V = s_pe^2 / n    + s_ie^2 / m + 4 p (1 - p) / (n m)                      arms by case

as in [westfall2014statistical], for shares, with Satterthwaite's degrees of freedom as in
`crossed.py`; its test has the power of Student's noncentral t. By case, the last term keeps what
people and items are: so does the interval of `compare_arms`, which this is the power of. As people
are added, power ends where items let it: s_ie^2 / m stays.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError, require_choice, require_whole
from alignlab.intervals import critical_value
from alignlab.oversight.crossed import spread_of
from alignlab.oversight.reliance.measured import statistic_of
from alignlab.oversight.reliance.rates import rate_of
from alignlab.oversight.reliance.trials import Trials

__all__ = ["Pilot", "StudyPower", "people_needed", "pilot_variation", "power"]

ArmsBy = Literal["case", "reviewer"]

MANY = 10**7
"""People who are as good as all."""

CHARTED = np.unique(np.round(np.geomspace(6, 600, 25) / 2).astype(int) * 2)


@dataclass(frozen=True, slots=True)
class StudyPower:
    """What a study can show.

    Attributes
    ----------
    power
        The chance that the interval leaves out zero, if the effect is what was said.
    people, items
        In all, and that each person answers and the measure is about.
    effect, base
        The difference, and the share in the arm compared with.
    arms_by
        Whether arms change from "case" to case or each "reviewer" stays in one.
    standard_error
        Of the difference.
    half_width
        Of its interval, on average.
    from_people, from_items, from_answers
        Which share of the variance each brings; they sum to one.
    most
        The power with these items and any number of people.
    person_sd, item_sd, effect_person_sd, effect_item_sd, level, comparisons
        What was assumed.
    """

    power: float
    people: int
    items: int
    effect: float
    base: float
    arms_by: ArmsBy
    standard_error: float
    half_width: float
    from_people: float
    from_items: float
    from_answers: float
    most: float
    person_sd: float
    item_sd: float
    effect_person_sd: float
    effect_item_sd: float
    level: float
    comparisons: int

    @property
    def headline(self) -> str:
        """What the study can show, in one sentence."""
        brought = {
            "differences between people": self.from_people,
            "differences between items": self.from_items,
            "single answers": self.from_answers,
        }
        main = max(brought, key=lambda name: brought[name])
        return (
            f"{self.people:,} people with {self.items:,} items each show a difference of "
            f"{100 * self.effect:+.0f} points with a chance of {self.power:.0%}; its interval "
            f"would be ±{100 * self.half_width:.0f} points, mostly from {main}. With any number of "
            f"people the chance is {self.most:.0%} at most."
        )

    def chart(self) -> Chart:
        """Draw the power against the number of people, for half, as many and twice the items."""
        rows = [
            {"people": int(n), "power": _power(self, int(n), m)[0], "items": f"{m} items"}
            for m in sorted({max(self.items // 2, 2), self.items, 2 * self.items})
            for n in CHARTED
        ]
        return line_chart(
            f"How many people show {100 * self.effect:+.0f} points?",
            rows,
            x="people",
            y="power",
            x_title="people in all",
            y_title="chance of showing it (%)",
            series="items",
            percent="y",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pilot:
    """How much people and items differed in a pilot study.

    Attributes
    ----------
    base
        The share.
    person_sd, item_sd
        Standard deviations from person to person and from item to item, as shares.
    """

    base: float
    person_sd: float
    item_sd: float

    def to_dict(self) -> dict[str, float]:
        """Return the arguments that `power` and `people_needed` take."""
        return asdict(self)


def power(
    *,
    effect: float,
    people: int,
    items: int,
    base: float = 0.5,
    arms_by: ArmsBy = "reviewer",
    person_sd: float = 0.15,
    item_sd: float = 0.15,
    effect_person_sd: float = 0.1,
    effect_item_sd: float = 0.1,
    level: float = 0.95,
    comparisons: int = 1,
) -> StudyPower:
    """Return the chance that a study of two arms shows a difference.

    Use it before asking anybody. The standard deviations are what matters most and is known least:
    take them from a pilot (`pilot_variation`) or from a study like yours, and see what larger ones
    do. Those given here are of an ordinary study, in no field in particular.

    Parameters
    ----------
    effect
        The difference to be shown, as a share: 0.1 is ten percentage points.
    people
        In both arms together.
    items
        That each person answers and that the measure is about. Over-reliance is about those with
        wrong advice alone: 8 of 16 where half of the advice is wrong.
    base
        The share in the arm compared with.
    arms_by
        "reviewer": each person stays in one arm, half of them in each; "case": every person meets
        half of the items in each arm, and every item is met in both.
    person_sd, item_sd
        Of the share, from person to person and from item to item, within an arm.
    effect_person_sd, effect_item_sd
        Of the effect; the former counts where arms change by case.
    level
        Of the interval that must leave out zero.
    comparisons
        How many arms are compared with the reference at once.

    Raises
    ------
    InputError
        If a share is none, or people and items differ more than shares can.

    References
    ----------
    [westfall2014statistical]

    Examples
    --------
    >>> study = power(effect=-0.15, people=60, items=8, base=0.6)
    >>> round(study.power, 2), round(study.most, 2)
    (0.55, 0.95)
    """
    require_whole(people, "people", 4)
    require_whole(items, "items", 2)
    require_whole(comparisons, "comparisons", 1)
    require_choice(arms_by, ("case", "reviewer"), what="arms_by")
    critical_value(level)
    _check_shares(effect, base)
    deviations = {
        "person_sd": person_sd,
        "item_sd": item_sd,
        "effect_person_sd": effect_person_sd,
        "effect_item_sd": effect_item_sd,
    }
    for name, value in deviations.items():
        if not 0 <= value <= 0.5:
            raise InputError(
                f"{name}={value!r} is not a standard deviation of shares, from 0 to 0.5. Ten "
                "percentage points are 0.1."
            )
    middle = base + effect / 2
    if person_sd**2 + item_sd**2 >= middle * (1 - middle):
        raise InputError(
            f"person_sd={person_sd:g} and item_sd={item_sd:g} are more than shares around "
            f"{middle:.0%} can differ by. Give smaller ones."
        )
    planned = StudyPower(
        0.0, people, items, effect, base, arms_by, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        **deviations, level=level, comparisons=comparisons,
    )  # fmt: skip
    chance, parts, half = _power(planned, people, items)
    variance = sum(parts)
    fields = asdict(planned) | {
        "power": chance,
        "standard_error": float(np.sqrt(variance)),
        "half_width": half,
        "from_people": parts[0] / variance,
        "from_items": parts[1] / variance,
        "from_answers": parts[2] / variance,
        "most": _power(planned, MANY, items)[0],
    }
    return StudyPower(**fields)


def people_needed(*, effect: float, items: int, wanted: float = 0.8, **assumed: Any) -> StudyPower:
    """Return the smallest study, an even number of people, that has the power wanted.

    Use it to plan. Where no number of people suffices, it says how many items would.

    Parameters
    ----------
    effect, items
        As in `power`.
    wanted
        The chance of showing the effect.
    **assumed
        What else `power` takes.

    Raises
    ------
    InputError
        If no number of people has the power wanted with these items.

    Examples
    --------
    >>> people_needed(effect=-0.15, items=8, base=0.6).people
    170
    >>> people_needed(effect=-0.1, items=4, base=0.6)
    Traceback (most recent call last):
    alignlab.errors.InputError: With 4 items no number of people shows a difference of -10 points
    with a chance of 80%: at most 29%. Ask about at least 10 items.
    """
    if not 0 < wanted < 1:
        raise InputError(f"wanted={wanted!r} is not a chance between 0 and 1. Give 0.8, say.")
    if "people" in assumed:
        raise InputError("people_needed finds the number of people; ask power with people instead.")
    whole = power(effect=effect, items=items, people=MANY, **assumed)
    if whole.power < wanted:
        more = items
        while _power(whole, MANY, more)[0] < wanted:
            more = 2 * more
            if more > MANY:
                raise InputError(
                    f"effect={effect!r} is too small to be shown with a chance of {wanted:.0%}."
                )
        low = more // 2
        while more - low > 1:
            between = (low + more) // 2
            low, more = (
                (low, between) if _power(whole, MANY, between)[0] >= wanted else (between, more)
            )
        raise InputError(
            f"With {items} items no number of people shows a difference of {100 * effect:+.0f} "
            f"points with a chance of {wanted:.0%}: at most {whole.power:.0%}. Ask about at least "
            f"{more} items."
        )
    low, high = 2, 4
    while _power(whole, high, items)[0] < wanted:
        low, high = high, 2 * high
    while high - low > 2:
        between = (low + high) // 4 * 2
        low, high = (
            (low, between) if _power(whole, between, items)[0] >= wanted else (between, high)
        )
    return power(effect=effect, items=items, people=high, **assumed)


def pilot_variation(trials: Trials, measure: str, *, arm: str | None = None) -> Pilot:
    """Return how much people and items differed in one arm of a pilot study.

    Use it to feed `power`: `power(effect=..., people=..., items=..., **pilot.to_dict())`. From
    fewer than some ten people and ten items it is hardly more than a guess.

    Parameters
    ----------
    trials
        Of the pilot.
    measure
        As in `compare_arms`.
    arm
        Which arm; it may be left out where there is one.

    Raises
    ------
    InputError
        If the measure is undefined there, or there are fewer than two people or items.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> person, item = np.repeat(np.arange(40), 16), np.tile(np.arange(16), 40)
    >>> likes = np.clip(0.6 + rng.normal(0, 0.15, 40)[person] + rng.normal(0, 0.15, 16)[item], 0, 1)
    >>> pilot = pilot_variation(Trials(person=person, item=item, truth=np.zeros(640),
    ...     advice=np.ones(640), final=(rng.random(640) < likes) + 0), "over_reliance")
    >>> bool(0.1 < pilot.person_sd < 0.2), bool(0.1 < pilot.item_sd < 0.2)
    (True, True)
    """
    rate = rate_of(measure, trials)
    within = np.ones(len(trials), dtype=bool) if arm is None else trials.at(arm)
    if arm is None and len(trials.arms) > 1:
        raise InputError(f"There are {len(trials.arms)} arms. Say which: arm={trials.arms[0]!r}.")
    found = spread_of(statistic_of(rate, trials, within), trials.person, trials.item)
    if not np.isfinite(found.variance):
        raise InputError(
            f"{measure!r} is undefined in the pilot, or of too few people or items to tell how "
            "they differ. Ask at least two people about two items."
        )
    return Pilot(
        found.value,
        float(np.sqrt(found.person * found.people)),
        float(np.sqrt(found.item * found.items)),
    )


def _power(plan: StudyPower, people: int, items: int) -> tuple[float, tuple[float, ...], float]:
    """Return the power, the variance's parts and the interval's half width."""
    middle = plan.base + plan.effect / 2
    answers = middle * (1 - middle)
    if plan.arms_by == "reviewer":
        by_person, spare = 4 * plan.person_sd**2 / people, people - 2
        answers -= plan.person_sd**2 + plan.item_sd**2
    else:
        by_person, spare = plan.effect_person_sd**2 / people, people - 1
    by_item = plan.effect_item_sd**2 / items
    rest = 4 * answers / (people * items)
    variance = by_person + by_item + rest
    spent = rest**2 / (spare * (items - 1))
    spent += (by_person + rest) ** 2 / spare if by_person else 0.0
    spent += (by_item + rest) ** 2 / (items - 1) if by_item else 0.0
    freedom = variance**2 / spent
    critical = critical_value(plan.level, comparisons=plan.comparisons, freedom=freedom)
    away = abs(plan.effect) / np.sqrt(variance)
    chance = stats.nct.sf(critical, freedom, away) + stats.nct.cdf(-critical, freedom, away)
    return float(chance), (by_person, by_item, rest), float(critical * np.sqrt(variance))


def _check_shares(effect: float, base: float) -> None:
    for name, value in (("base", base), ("base + effect", base + effect)):
        if not 0 < value < 1:
            raise InputError(
                f"{name}={value:g} is not a share between 0 and 1. Ten percentage points are 0.1."
            )
    if effect == 0:
        raise InputError("effect=0 is no difference. Say the smallest one that would matter.")
