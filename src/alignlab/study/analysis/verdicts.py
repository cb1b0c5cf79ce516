"""What the runs say of a hypothesis, as one plain sentence.

The verdict is the interval's, which holds together with the rest of its family: a difference is
shown where it leaves out 0, and what it says of the smallest effect that matters stands beside it.
For one hypothesis that is the test's own word; in a family Holm's test is a little sharper than any
intervals that say how large an effect is, and where it alone finds one, that is said. That nothing
is shown is never said to be no effect: a hypothesis is not supported only where the interval rules
out what would matter, or shows the contrary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from alignlab.intervals import Estimate
from alignlab.study.digits import decimals, enough, fixed_text

__all__ = ["Verdict", "said_estimate", "verdict"]

Direction = Literal["greater", "less", "different", "equivalent"]
Kind = Literal["supported", "not supported", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the runs say of a hypothesis.

    Attributes
    ----------
    kind
        "supported", "not supported" or "cannot tell".
    sentence
        The same with its numbers.
    """

    kind: Kind
    sentence: str


def verdict(
    difference: Estimate,
    *,
    direction: Direction,
    smallest: float,
    p_adjusted: float,
    alpha: float,
    what: str,
    unit: str = "",
) -> Verdict:
    """Return what a difference says of a hypothesis.

    Parameters
    ----------
    difference
        With its simultaneous interval; of an equivalence, that of its two one-sided tests.
    direction, smallest
        As the statement has them.
    p_adjusted, alpha
        Of the planned test, adjusted for the family, and what it is held against.
    what
        What the difference is of, such as "accuracy at a less accuracy at b".
    unit
        The measure's.

    Examples
    --------
    >>> found = verdict(Estimate(0.08, 0.05, 0.11, 0.95, 10, "t"), direction="greater",
    ...                 smallest=0.04, p_adjusted=0.001, alpha=0.05, what="accuracy, new less old")
    >>> print(found.sentence)
    Supported: accuracy, new less old, is 0.080, 95% CI [0.050, 0.110], at least the 0.04 that would
    matter.
    """
    low, high = difference.low, difference.high
    if math.isnan(low) or math.isnan(high):
        why = difference.method.removeprefix("no interval: ")
        seen = "" if math.isnan(difference.value) else f"; it was {_short(difference.value, unit)}"
        return Verdict(
            "cannot tell", f"The study cannot tell: {what}, has no interval, {why}{seen}."
        )
    said = f"{what}, is {said_estimate(difference, unit, apart=(-smallest, smallest))}"
    alone = _alone(difference.value, direction, smallest, unit) if p_adjusted <= alpha else ""
    if direction == "equivalent":
        return _equivalence(difference, smallest, said, unit, alone)
    # A hypothesis of less is one of greater, seen in a mirror.
    sign = "−" if direction == "less" else ""
    if direction == "less":
        low, high = -high, -low
    if low > 0 or (high < 0 and direction == "different"):
        return Verdict("supported", f"Supported: {said}, {_size(difference, smallest, unit)}.")
    if high < 0:
        size = _size(difference, smallest, unit)
        return Verdict("not supported", f"Not supported, but the contrary: {said}, {size}.")
    if direction == "different":
        if -smallest < low and high < smallest:
            least = _least(smallest, unit)
            told = f"Not supported: {said}, all of it nearer 0 than {least}.{alone}"
            return Verdict("not supported", told)
        sign = "" if -smallest < low else "±" if high >= smallest else "−"
    least = _least(smallest, unit, sign)
    if high < smallest and direction != "different":
        return Verdict("not supported", f"Not supported: {said}, which rules out {least}.{alone}")
    told = f"The study cannot tell: {said}, which holds both 0 and {least}.{alone}"
    return Verdict("cannot tell", told)


def _equivalence(
    difference: Estimate, smallest: float, said: str, unit: str, alone: str
) -> Verdict:
    margin = f"±{_margin(smallest, unit)}"
    if -smallest < difference.low and difference.high < smallest:
        return Verdict("supported", f"Supported: {said}, within {margin}.")
    if difference.low >= smallest or difference.high <= -smallest:
        return Verdict("not supported", f"Not supported: {said}, beyond {margin}.")
    told = f"The study cannot tell: {said}, which holds differences within {margin} and beyond."
    return Verdict("cannot tell", told + alone)


def _alone(value: float, direction: Direction, smallest: float, unit: str) -> str:
    """Return what Holm's test finds where the interval leaves it open."""
    side = (
        f"within ±{_margin(smallest, unit)}"
        if direction == "equivalent"
        else ("above 0" if value > 0 else "below 0")
    )
    return (
        f" Holm's test alone, which is sharper than intervals that hold together, finds it {side}."
    )


def _size(difference: Estimate, smallest: float, unit: str) -> str:
    """Return how a difference that is shown compares with the smallest that matters."""
    above = difference.low > 0
    near, far = sorted((abs(difference.low), abs(difference.high)))
    least, which = _least(smallest, unit), "" if above else "in size "
    if near >= smallest:
        return f"{which}at least {least}"
    if far < smallest:
        return f"{which}less than {least}"
    return f"which may be {which}more or less than {least}"


def _least(smallest: float, unit: str, sign: str = "") -> str:
    return f"the {sign}{_margin(smallest, unit)} that would matter"


def said_estimate(estimate: Estimate, unit: str = "", *, apart: Sequence[float] = ()) -> str:
    """Return an estimate as a sentence has it, its limits on their sides of 0 and of `apart`.

    Examples
    --------
    >>> said_estimate(Estimate(0.08123, 0.0423, 0.1201, 0.95, 10, "t"))
    '0.081, 95% CI [0.042, 0.120]'
    """
    digits = decimals(estimate.low, estimate.high)
    low, high = (
        _signed(fixed_text(each, enough(each, digits, (0.0, *apart))))
        for each in (estimate.low, estimate.high)
    )
    value = _signed(fixed_text(estimate.value, digits))
    return f"{value}{_unit(unit)}, {100 * estimate.level:.4g}% CI [{low}, {high}]"


def _short(number: float, unit: str) -> str:
    return _signed(f"{number:.3g}") + _unit(unit)


def _margin(number: float, unit: str) -> str:
    return f"{number:g}{_unit(unit)}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit and unit not in ("%", "share") else unit if unit == "%" else ""


def _signed(text: str) -> str:
    """Return a number's text with a true minus."""
    return text.replace("-", "−")
