"""How each scene is drawn: what stands still, what moves, and the words for what is seen.

A cart with its pole is drawn as Gymnasium measures it: metres, and radians from upright, positive
to the right [barto1983neuronlike]. On a map, whole numbers count the cells row by row. Anything
else is numbers over time, each in a strip of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

__all__ = ["Course", "Drawing", "Move", "cartpole", "grid", "series", "short"]

WIDTH = 360.0
"""Of every drawing, in its own units."""


@dataclass(frozen=True, slots=True)
class Move:
    """A part of a drawing and what one of its attributes is at each state.

    Attributes
    ----------
    part
        The value of `data-part` of the element.
    attribute
        "transform", "visibility", "stroke-dasharray", or "text" for what is written in it.
    values
        One a state.
    """

    part: str
    attribute: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of the whole course, what moves in it, and what is seen at each state."""

    svg: Markup
    moves: tuple[Move, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """A trajectory as drawings need it: every state a list of numbers, every action a name.

    `at` has the number of the step at which each state stood.
    """

    scene: str
    states: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    actions: tuple[str, ...]
    grid: tuple[str, ...]
    ended: bool
    at: tuple[int, ...]

    @classmethod
    def read(cls, given: Mapping[str, Any], *, every: int = 1) -> Course:
        """Return the course that plain values hold: every so many states of it, and the last."""
        last = len(given["states"]) - 1
        kept = [*range(0, last, every), last]
        states = tuple(_numbers(given["states"][at]) for at in kept)
        done = given.get("actions") or ()
        width = max(map(len, states))
        names = tuple(map(str, given.get("names") or ()))[:width]
        called = tuple(map(str, given.get("action_names") or ()))
        return cls(
            scene=str(given.get("scene", "series")),
            states=states,
            names=names + tuple(f"state {at}" for at in range(len(names) + 1, width + 1)),
            actions=tuple(_action(done[at], called) for at in kept if at < len(done)),
            grid=tuple(map(str, given.get("grid") or ())),
            ended=bool(given.get("ended")),
            at=tuple(kept),
        )

    @property
    def steps(self) -> int:
        """How many steps are drawn: one less than states."""
        return len(self.states) - 1

    def done(self, at: int) -> str:
        """Return the action of a step, "" where none is known."""
        return self.actions[at] if at < len(self.actions) else ""

    def cells(self) -> list[tuple[int, int]] | None:
        """Return row and column of each state; `None` where a state is not on the map."""
        if not self.grid or not min(map(len, self.grid)) == max(map(len, self.grid)) > 0:
            return None
        high, wide = len(self.grid), len(self.grid[0])
        if any(number != int(number) for state in self.states for number in state):
            return None
        found = [
            divmod(int(state[0]), wide) if len(state) == 1 else (int(state[0]), int(state[1]))
            for state in self.states
        ]
        inside = all(0 <= row < high and 0 <= column < wide for row, column in found)
        return found if inside else None


def short(number: float, digits: int = 4) -> str:
    """Return a number in few digits.

    Examples
    --------
    >>> short(0.123456), short(12.0), short(-0.0)
    ('0.1235', '12', '0')
    """
    return f"{number + 0.0:.{digits}g}" if number else "0"


def _numbers(state: Any) -> tuple[float, ...]:
    return tuple(map(float, state)) if isinstance(state, Sequence) else (float(state),)


def _action(action: Any, called: Sequence[str]) -> str:
    if isinstance(action, Sequence) and not isinstance(action, str):
        return ", ".join(map(short, action))
    whole = isinstance(action, int) or (isinstance(action, float) and action.is_integer())
    if whole and 0 <= action < len(called):
        return called[int(action)]
    return short(action) if isinstance(action, int | float) else str(action)


# ---- a cart with its pole

TRACK, FALLEN = 2.4, math.radians(12)
"""Beyond this place, in metres, or this lean the attempt is over."""

SCALE = WIDTH / 6
"""Units a metre: beside the 4.8 metres of the track there is room to run off it."""

GROUND, CART, AXLE = 124.0, (46.0, 24.0), 29.0

GHOSTS = 4
"""Moments that are drawn beside the first one where nothing moves."""

_CART = Markup(
    '<rect class="body" x="-23" y="-29" width="46" height="24" rx="3"/>'
    '<circle class="wheel" cx="-12" cy="-5" r="5"/><circle class="wheel" cx="12" cy="-5" r="5"/>'
)
_POLE = Markup('<line class="pole" y2="-60"/><circle class="axle" r="3"/>')

_PUSHES = {"left": "translate(-28 -17) scale(-1 1)", "right": "translate(28 -17)"}


def cartpole(courses: Sequence[Course]) -> list[Drawing]:
    """Return carts with their poles, all on the same track."""
    return [_one_cart(course) for course in courses]


def _one_cart(course: Course) -> Drawing:
    places = [WIDTH / 2 + min(max(x, -3.0), 3.0) * SCALE for x, *_ in course.states]
    carts = [f"translate({short(place, 5)} {GROUND:g})" for place in places]
    poles = [f"rotate({short(math.degrees(lean))})" for _, _, lean, _ in course.states]
    flags = [
        "off the track" if abs(x) > TRACK else "fallen" if abs(lean) > FALLEN else ""
        for x, _, lean, _ in course.states
    ]
    pushes = [_pushed(course.done(at)) for at in range(len(course.states))]
    ghosts = sorted({round(course.steps * part / GHOSTS) for part in range(1, GHOSTS + 1)} - {0})
    whole = Markup().join(_cart_at(carts[at], poles[at]) for at in ghosts)
    svg = Markup(
        '<svg class="scene cart" viewBox="0 0 {width:g} 150" aria-hidden="true" focusable="false">'
        '<line class="ground" x2="{width:g}" y1="{ground:g}" y2="{ground:g}"/>'
        '<path class="limit" d="M{left:g} 102v36M{right:g} 102v36"/>'
        '<g class="ghosts">{whole}</g>'
        '<g data-part="cart" transform="{cart}">'
        '<path class="push" data-part="push" visibility="hidden" d="M0 0h18l-7 -6m7 6l-7 6"/>{body}'
        '<g transform="translate(0 {axle:g})"><g data-part="pole" transform="{lean}">{pole}</g></g>'
        '</g><text class="flag" data-part="flag" x="{middle:g}" y="18"></text></svg>'
    ).format(
        width=WIDTH, middle=WIDTH / 2, ground=GROUND, axle=-AXLE, whole=whole, cart=carts[0],
        lean=poles[0], body=_CART, pole=_POLE,
        left=WIDTH / 2 - TRACK * SCALE, right=WIDTH / 2 + TRACK * SCALE,
    )  # fmt: skip
    shown = tuple("visible" if push else "hidden" for push in pushes)
    moves = (
        Move("cart", "transform", tuple(carts)),
        Move("pole", "transform", tuple(poles)),
        Move("push", "transform", tuple(_PUSHES.get(push, "") for push in pushes)),
        Move("push", "visibility", shown),
        Move("flag", "text", tuple(flags)),
    )
    seen = tuple(
        f"cart {_place(x)}, pole {_lean(lean)}" + (f", {flag}" if flag else "")
        for (x, _, lean, _), flag in zip(course.states, flags, strict=True)
    )
    return Drawing(svg, moves, seen)


def _cart_at(cart: str, pole: str) -> Markup:
    return Markup(
        '<g transform="{}">{}<g transform="translate(0 {:g})"><g transform="{}">{}</g></g></g>'
    ).format(cart, _CART, -AXLE, pole, _POLE)


def _pushed(action: str) -> str:
    found = [side for side in ("left", "right") if side in action.lower()]
    return found[0] if len(found) == 1 else ""


def _place(x: float) -> str:
    return "in the middle" if abs(x) < 0.005 else f"{abs(x):.2f} m {'left' if x < 0 else 'right'}"


def _lean(lean: float) -> str:
    degrees = math.degrees(lean)
    if abs(degrees) < 0.05:
        return "upright"
    return f"leaning {abs(degrees):.1f}° {'left' if degrees < 0 else 'right'}"


# ---- a walk on a map

TALLEST = 320.0
LARGEST = 80.0
"""Of a cell."""

CALLED = {"S": "start", "H": "hole", "G": "goal"}
"""Letters of maps as Gymnasium draws them."""

OPEN = "F. "
"""Cells where there is nothing."""


def grid(courses: Sequence[Course]) -> list[Drawing]:
    """Return walks on their maps."""
    return [_one_walk(course) for course in courses]


def _one_walk(course: Course) -> Drawing:
    cells = course.cells() or []
    high, wide = len(course.grid), len(course.grid[0])
    size = min(WIDTH / wide, TALLEST / high, LARGEST)
    left = (WIDTH - size * wide) / 2
    middles = [(left + (column + 0.5) * size, (row + 0.5) * size) for row, column in cells]
    lengths = [0.0]
    for one, two in pairwise(middles):
        lengths.append(lengths[-1] + math.dist(one, two))
    marked = [
        (row, column, letter)
        for row, letters in enumerate(course.grid)
        for column, letter in enumerate(letters)
        if letter not in OPEN
    ]
    drawn = Markup().join(
        Markup(
            '<rect class="cell {}" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>'
            '<text class="letter" x="{:g}" y="{:g}" font-size="{:g}">{}</text>'
        ).format(
            CALLED.get(letter, ""), left + column * size, row * size, size, size,
            left + (column + 0.15) * size, (row + 0.18) * size, size * 0.18, letter,
        )
        for row, column, letter in marked
    )  # fmt: skip
    lines = "".join(f"M{left:g} {row * size:g}h{wide * size:g}" for row in range(high + 1))
    lines += "".join(f"M{left + at * size:g} 0v{high * size:g}" for at in range(wide + 1))
    way = " ".join(f"{x:g},{y:g}" for x, y in middles)
    places = [f"translate({x:g} {y:g})" for x, y in middles]
    svg = Markup(
        '<svg class="scene map" viewBox="-1 -1 {:g} {:g}" aria-hidden="true" focusable="false">{}'
        '<path class="lines" d="{}"/>'
        '<polyline class="way" data-part="way" points="{}" stroke-width="{:g}"/>'
        '<circle class="walker" data-part="walker" r="{:g}" transform="{}"/></svg>'
    ).format(WIDTH + 2, high * size + 2, drawn, lines, way, size * 0.1, size * 0.24, places[-1])
    total = lengths[-1] + 1
    moves = (
        Move("walker", "transform", tuple(places)),
        Move("way", "stroke-dasharray", tuple(f"{length:g} {total:g}" for length in lengths)),
    )
    return Drawing(svg, moves, tuple(_cell(course, *cell) for cell in cells))


def _cell(course: Course, row: int, column: int) -> str:
    letter = course.grid[row][column]
    called = CALLED.get(letter, "" if letter in OPEN else letter)
    return f"row {row + 1}, column {column + 1}" + (f" ({called})" if called else "")


# ---- numbers over time

STRIPS = 12
"""More numbers than these are in the table only."""

TOLD = 4
"""So many numbers of a state are put into words."""

STRIP, HEAD, PLOT, EDGE = 66.0, 22.0, 36.0, 6.0
LETTERS = 26


def series(courses: Sequence[Course]) -> list[Drawing]:
    """Return each number of the states over time, on the same scale in every course."""
    width = min(max(len(course.names) for course in courses), STRIPS)
    ranges = []
    for at in range(width):
        held = [state[at] for each in courses for state in each.states if at < len(state)]
        ranges.append((min(held), max(held)))
    longest = max(course.steps for course in courses)
    return [_one_series(course, ranges, longest) for course in courses]


def _one_series(course: Course, ranges: list[tuple[float, float]], longest: int) -> Drawing:
    across = (WIDTH - 2 * EDGE) / max(longest, 1)
    times = [EDGE + at * across for at in range(len(course.states))]
    width = min(len(course.names), len(ranges), *map(len, course.states))
    strips, moves = [], []
    for at, (low, high) in enumerate(ranges[:width]):
        top = at * STRIP + HEAD
        heights = [top + PLOT * _fall(state[at], low, high) for state in course.states]
        line = " ".join(f"{x:g},{y:g}" for x, y in zip(times, heights, strict=True))
        name = course.names[at]
        strips.append(
            Markup(
                '<text class="name" x="{edge:g}" y="{text:g}">{name}'
                '<tspan class="range" dx="8">{low} to {high}</tspan></text>'
                '<text class="value" data-part="value{at}" x="{right:g}" y="{text:g}">'
                "{value}</text>"
                '<path class="lines" d="M{edge:g} {top:g}H{right:g}M{edge:g} {foot:g}H{right:g}"/>'
                '<polyline class="curve" points="{line}"/>'
                '<circle class="dot" data-part="dot{at}" r="4" transform="{place}"/>'
            ).format(
                edge=EDGE, right=WIDTH - EDGE, text=top - 8, top=top, foot=top + PLOT, at=at,
                name=name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…",
                low=short(low, 3), high=short(high, 3), value=short(course.states[0][at], 3),
                line=line, place=f"translate({times[0]:g} {heights[0]:g})",
            )
        )  # fmt: skip
        spots = zip(times, heights, strict=True)
        moves.append(
            Move(f"dot{at}", "transform", tuple(f"translate({x:g} {y:g})" for x, y in spots))
        )
        moves.append(
            Move(f"value{at}", "text", tuple(short(each[at], 3) for each in course.states))
        )
    tall = len(strips) * STRIP
    cursor = "".join(f"M0 {at * STRIP + HEAD:g}v{PLOT:g}" for at in range(len(strips)))
    moves.append(Move("now", "transform", tuple(f"translate({x:g} 0)" for x in times)))
    svg = Markup(
        '<svg class="scene series" viewBox="0 0 {:g} {:g}" aria-hidden="true" focusable="false">{}'
        '<path class="now" data-part="now" d="{}" transform="translate({:g} 0)"/></svg>'
    ).format(WIDTH, tall, Markup().join(strips), cursor, times[0])
    seen = tuple(_told(course.names, state) for state in course.states)
    return Drawing(svg, tuple(moves), seen)


def _told(names: Sequence[str], state: Sequence[float]) -> str:
    told = [f"{name} {short(number, 3)}" for name, number in zip(names, state, strict=False)]
    more = len(told) - TOLD
    return ", ".join(told[:TOLD]) + (f" and {more} more" if more > 0 else "")


def _fall(value: float, low: float, high: float) -> float:
    """Return how far below the top of its strip a value is drawn, from 0 to 1."""
    return 0.5 if high == low else (high - value) / (high - low)
