"""What the runs say of a hypothesis, as one plain sentence.

A difference is shown where its p-value, adjusted for the family, is at most 1 - level: for one
hypothesis, just where the interval leaves out 0. What an interval says of the smallest effect that
matters is said beside it. That nothing is shown is never said to be no effect: a hypothesis is not
supported only where the interval rules out what would matter, or shows the contrary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from alignlab.intervals import Estimate

__all__ = ["Verdict", "decimals", "said_estimate", "verdict"]

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
    p_adjusted
        Of the planned test, adjusted for the family.
    alpha
        What it is held against.
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
    said = f"{what}, is {said_estimate(difference, unit)}"
    least = f"the {_short(smallest, unit)} that would matter"
    if direction == "equivalent":
        return _equivalence(difference, smallest, p_adjusted <= alpha, said, unit)
    # A hypothesis of less is one of greater, seen in a mirror.
    if direction == "less":
        low, high = -high, -low
    centre = -difference.value if direction == "less" else difference.value
    shown = p_adjusted <= alpha
    size = _size(low, high, centre, smallest, least)
    touching = (
        " (Holm's test finds it; the interval, which holds together with the others, still holds 0)"
        if shown and low <= 0 <= high
        else ""
    )
    if direction == "different":
        if shown:
            return Verdict("supported", f"Supported: {said}, {size}{touching}.")
        if -smallest < low and high < smallest:
            return Verdict(
                "not supported", f"Not supported: {said}, all of it nearer 0 than {least}."
            )
        return Verdict("cannot tell", f"{_open(said, low, high, smallest, least)}")
    if shown and centre > 0:
        return Verdict("supported", f"Supported: {said}, {size}{touching}.")
    if shown:
        return Verdict(
            "not supported", f"Not supported, but the contrary: {said}, {size}{touching}."
        )
    if high < smallest:
        return Verdict("not supported", f"Not supported: {said}, which rules out {least}.")
    return Verdict("cannot tell", f"{_open(said, low, high, smallest, least)}")


def _equivalence(
    difference: Estimate, smallest: float, shown: bool, said: str, unit: str
) -> Verdict:
    margin = f"±{_short(smallest, unit)}"
    if shown:
        inside = -smallest < difference.low and difference.high < smallest
        touching = "" if inside else " by Holm's test, if not by the interval"
        return Verdict("supported", f"Supported: {said}, within {margin}{touching}.")
    if difference.low >= smallest or difference.high <= -smallest:
        return Verdict("not supported", f"Not supported: {said}, beyond {margin}.")
    return Verdict(
        "cannot tell",
        f"The study cannot tell: {said}, which holds differences within {margin} and beyond.",
    )


def _size(low: float, high: float, centre: float, smallest: float, least: str) -> str:
    """Return how a difference that is shown compares with the smallest that matters."""
    near, far = (low, high) if centre > 0 else (-high, -low)
    if near >= smallest:
        return f"at least {least}"
    if far < smallest:
        return f"less than {least}"
    return f"which may be more or less than {least}"


def _open(said: str, low: float, high: float, smallest: float, least: str) -> str:
    both = "both 0 and" if low <= 0 <= high else "differences as large as"
    return f"The study cannot tell: {said}, which holds {both} {least}."


def said_estimate(estimate: Estimate, unit: str = "") -> str:
    """Return an estimate with two significant digits of its half width.

    Examples
    --------
    >>> said_estimate(Estimate(0.08123, 0.0423, 0.1201, 0.95, 10, "t"))
    '0.081, 95% CI [0.042, 0.120]'
    """
    digits = decimals(estimate)
    value, low, high = (
        _signed(f"{each:,.{digits}f}") for each in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value}{_unit(unit)}, {100 * estimate.level:.4g}% CI [{low}, {high}]"


def decimals(estimate: Estimate) -> int:
    """Return the decimals at which the interval's half width has two significant digits."""
    half = (estimate.high - estimate.low) / 2
    if not math.isfinite(half) or half <= 0:
        return 3
    return min(max(0, 1 - math.floor(math.log10(half))), 12)


def _short(number: float, unit: str) -> str:
    return _signed(f"{number:.3g}") + _unit(unit)


def _unit(unit: str) -> str:
    return f" {unit}" if unit and unit not in ("%", "share") else unit if unit == "%" else ""


def _signed(text: str) -> str:
    """Return a number's text with a true minus, and none before a zero."""
    if not any(each in "123456789" for each in text):
        text = text.removeprefix("-")
    return text.replace("-", "−")
