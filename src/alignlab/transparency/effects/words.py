"""An effect in a sentence, and where it should not be read.

A curve is cut into stretches by taking, again and again, the point farthest from the straight line
between the ends of its stretch [douglas1973algorithms], as long as it is farther than a tenth of
the curve's range; stretches that change less than that are flat. Positions count in points, so that
a stretch weighs as many rows as it holds. Where the band has room for a flat line nothing is said
to rise or fall.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from alignlab.transparency.dependence import DEPENDENT
from alignlab.transparency.effects.grids import shown_number
from alignlab.transparency.effects.results import Effect
from alignlab.wording import joined

__all__ = ["amount", "answer_name", "leaves_the_data", "moves", "sentence_of", "warnings_of"]

Floats = NDArray[np.float64]

OUTSIDE = 0.1
"""So many of the rows asked about may be unlike any in the data."""

FLAT = 0.1
"""A stretch that changes less than this share of the range is flat."""

JUMP = 0.6
"""A change of this share of the range between two neighbouring points is a step."""

OPPOSED = 0.1
"""So many rows may go against the mean curve without a word."""


def leaves_the_data(explained: float, outside: Floats) -> bool:
    """Return whether rows with another value of a feature are unlike those of the data."""
    return bool(explained > DEPENDENT or (len(outside) > 0 and outside.mean() > OUTSIDE))


def moves(effect: Effect, output: int = 0) -> bool:
    """Return whether the band shows that the curve is not one flat line."""
    return bool(effect.low[:, output].max() > effect.high[:, output].min())


def sentence_of(effect: Effect, scale: str, name: str, output: int = 0) -> str:
    """Return what an effect looks like, in one sentence."""
    values = effect.values[:, output]
    what = answer_name(scale, name)
    if len(values) < 2:
        return f"{what} is drawn at one value of {effect.feature} alone."
    span = float(values.max() - values.min())
    if span <= 1e-9 * max(float(np.abs(values).max()), 1e-9):
        return f"{what} does not change with {effect.feature}."
    if not moves(effect, output):
        return f"{what} does not surely change with {effect.feature}."
    if effect.kind == "category":
        return _levels(effect, scale, what, values)
    return f"{what} {_course(effect, scale, values)}."


def _levels(effect: Effect, scale: str, what: str, values: Floats) -> str:
    top, least = int(values.argmax()), int(values.argmin())
    if effect.method == "partial dependence":
        ends = [amount(values[at], scale) for at in (top, least)]
        return (
            f"{what} is highest where {effect.feature} is {effect.labels[top]} ({ends[0]}) and "
            f"lowest where it is {effect.labels[least]} ({ends[1]})."
        )
    span = amount(float(values[top] - values[least]), scale, difference=True)
    return (
        f"{what} is higher by {span} where {effect.feature} is {effect.labels[top]} than where it "
        f"is {effect.labels[least]}."
    )


def _course(effect: Effect, scale: str, values: Floats) -> str:
    knots = _knots(values)
    ways = [_way(values[b] - values[a], float(np.ptp(values))) for a, b in pairwise(knots)]
    merged: list[tuple[int, int, int]] = []
    for (a, b), way in zip(pairwise(knots), ways, strict=True):
        if merged and merged[-1][2] == way:
            merged[-1] = (merged[-1][0], b, way)
        else:
            merged.append((a, b, way))
    name = effect.feature
    if len(merged) > 4:
        low, high = int(values.argmin()), int(values.argmax())
        return (
            f"goes up and down with {name}: it is lowest at {effect.labels[low]} and highest at "
            f"{effect.labels[high]}, {_size(effect, scale, values, low, high)}"
        )
    parts = []
    for number, (a, b, way) in enumerate(merged):
        first, last = number == 0, number == len(merged) - 1
        jump = way != 0 and b - a == 1
        verb = {1: "rises", -1: "falls", 0: "hardly changes" if first else "is flat"}[way]
        if jump:
            verb = "jumps up" if way > 0 else "drops"
        if jump:
            place = f" between {effect.labels[a]} and {effect.labels[b]}"
        elif first:
            place = "" if last else f" up to {effect.labels[b]}"
        else:
            place = " beyond" if last else f" until {effect.labels[b]}"
        along = f" with {name}" if first else ""
        size = "" if way == 0 else f" ({_size(effect, scale, values, a, b)})"
        parts.append(f"{verb}{along}{place}{size}")
    return joined(parts)


def _size(effect: Effect, scale: str, values: Floats, a: int, b: int) -> str:
    if effect.method == "partial dependence":
        return f"from {amount(values[a], scale)} to {amount(values[b], scale)}"
    return f"by {amount(abs(float(values[b] - values[a])), scale, difference=True)}"


def _way(change: float, span: float) -> int:
    return 0 if abs(change) < FLAT * span else int(np.sign(change))


def _knots(values: Floats) -> list[int]:
    """Return the points between which the curve is straight, up to a tenth of its range."""
    allowed = FLAT * float(np.ptp(values))
    knots = {0, len(values) - 1}
    open_ = [(0, len(values) - 1)]
    while open_:
        a, b = open_.pop()
        line = np.interp(np.arange(a, b + 1), [a, b], [values[a], values[b]])
        off = np.abs(values[a : b + 1] - line)
        at = a + int(off.argmax())
        if off.max() > allowed and a < at < b:
            knots.add(at)
            open_ += [(a, at), (at, b)]
    return sorted(knots)


def warnings_of(effect: Effect) -> tuple[str, ...]:
    """Return where an effect should not be read, and how many rows that is about."""
    lines = []
    name = effect.feature
    outside = float(effect.outside.mean()) if len(effect.outside) else 0.0
    if effect.method == "partial dependence" and leaves_the_data(effect.explained, effect.outside):
        reasons = []
        if effect.explained > DEPENDENT:
            reasons.append(f"the other features foretell {effect.explained:.0%} of {name}")
        if outside > OUTSIDE:
            by = f", because of {effect.partner} above all" if effect.partner else ""
            reasons.append(
                f"at least {outside:.0%} of the rows asked about for {name} are unlike any in the "
                f"data{by}"
            )
        text = ", and ".join(reasons)
        # Beside dots of categories they are not drawn.
        where = ", which accumulated_local_effects draws" if effect.kind == "category" else ""
        lines.append(
            f"{text[0].upper()}{text[1:]}: the mean answer rests on rows that hardly occur, so go "
            f"by the accumulated local effects{where}."
        )
    if effect.gaps:
        lines.append(f"There are no rows with {name} {_stretches(effect)}: don't read there.")
    worst = float(np.nanmax(effect.against, initial=0.0)) if len(effect.against) else 0.0
    if worst > OPPOSED:
        lines.append(
            f"For {worst:.0%} of rows the answer goes against the mean curve of {name}: look at "
            "the rows' own curves."
        )
    if effect.missing:
        lines.append(
            f"{effect.missing:,} {_rows(effect.missing)} without a value of {name} "
            f"{'has' if effect.missing == 1 else 'have'} no place on its axis."
        )
    if effect.unshown:
        lines.append(
            f"{effect.unshown:,} {_rows(effect.unshown)} of rarer levels of {name} are not drawn."
        )
    return tuple(lines)


def _stretches(effect: Effect) -> str:
    """Return the gaps; those that meet at one value as one, but for that value."""
    told: list[list[float]] = []
    for low, high in effect.gaps:
        if told and told[-1][-1] == low:
            told[-1].append(high)
        else:
            told.append([low, high])
    parts = []
    for ends in told:
        first, *inside, last = [shown_number(end, effect.kind) for end in ends]
        apart = f" (but for {joined(inside)})" if inside else ""
        parts.append(f"between {first} and {last}{apart}")
    return " or ".join(parts)


def _rows(number: int) -> str:
    return "row" if number == 1 else "rows"


def answer_name(scale: str, name: str) -> str:
    """Return what the answers are called at the beginning of a sentence."""
    return {
        "probability": f"The probability of {name}",
        "decision": f"The share decided {name}",
        "log odds": f"The log-odds of {name}",
    }.get(scale, "The predicted value")


def amount(value: float, scale: str, *, difference: bool = False) -> str:
    """Return an answer, or a difference of answers, as people say it."""
    if scale in ("probability", "decision"):
        number = f"{100 * value:.1f}" if abs(value) < 0.1 else f"{100 * value:.0f}"
        return f"{number} points" if difference else f"{number}%"
    return f"{value:.3g}" if abs(value) < 1e3 else f"{value:,.0f}"
