"""Behaviour as drawings that move: a cart with its pole, a walk on a map, or numbers over time.

A scene is drawn once, as SVG with some of its parts named; what moves is, for each such part, one
attribute's value at each step. The player in the browser (`static/trajectory.js`) knows nothing of
carts or maps: it sets these values. So a scene's look is said here and nowhere else, and a new
scene is one function here.

Without JavaScript the drawing shows the whole course at once (the cart at a few moments, the way
walked, the lines), and a table has every step.

Behaviours to be compared are drawn together: on the same scale, for as long as the longer lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from alignlab.web.scenery import Course, Drawing, Move, cartpole, grid, series, short

__all__ = ["Scene", "Table", "drawn_scenes", "shown_scenes"]

Plain = Mapping[str, Any]

SECONDS = 4.0
"""How long a behaviour is played, if that is neither too slow nor too fast to follow."""

MOST_STATES = 1_000
"""Of a longer behaviour some are left out, evenly: nobody steps through more, and no browser
should have to hold them."""

COLUMNS = 40
"""Numbers of a state in the table."""

SLOWEST, FASTEST = 2.0, 25.0
"""Steps a second."""


@dataclass(frozen=True, slots=True)
class Table:
    """Every step of a behaviour: its number, what was done, and the state it was done in."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """One behaviour, drawn.

    Attributes
    ----------
    svg
        The drawing, safe to stand in a page.
    moves
        What moves in it.
    words
        What is to be said of each state, one a state.
    table
        The same as a table.
    about
        The whole in a sentence.
    rate
        How many steps a second are played.
    """

    svg: Markup
    moves: tuple[Move, ...]
    words: tuple[str, ...]
    table: Table
    about: str
    rate: float

    def script(self) -> dict[str, Any]:
        """Return what the player reads."""
        return {
            "moves": [[each.part, each.attribute, each.values] for each in self.moves],
            "words": self.words,
        }


def drawn_scenes(trajectories: Sequence[Plain]) -> tuple[Scene, ...]:
    """Return the drawings of behaviours that are compared with each other, or of one alone.

    Parameters
    ----------
    trajectories
        Plain values with "scene", "states" (one more than "actions"), "actions" and, where known,
        "ended", "names", "action_names" and "grid". A scene that the states do not fit is drawn as
        numbers over time.

    Examples
    --------
    >>> walk = {"scene": "grid", "states": [0, 1], "actions": [2], "grid": ["SG"],
    ...         "action_names": ["left", "down", "right", "up"], "ended": True}
    >>> scene, = drawn_scenes([walk])
    >>> scene.words[0]
    'Step 0 of 1: row 1, column 1 (start). Then: right'
    >>> scene.about
    '1 step. At the end: row 1, column 2 (goal)'
    """
    every = -(-max(len(each["states"]) for each in trajectories) // MOST_STATES)
    courses = [Course.read(each, every=every) for each in trajectories]
    longest = max(len(each.states) for each in courses)
    rate = min(max((longest - 1) / SECONDS, SLOWEST), FASTEST)
    names = {each.scene for each in courses}
    draw: Callable[[list[Course]], list[Drawing]] = series
    if names == {"cartpole"} and all(len(state) == 4 for each in courses for state in each.states):
        draw = cartpole
    elif names == {"grid"} and all(each.cells() is not None for each in courses):
        draw = grid
    return tuple(
        Scene(
            drawing.svg,
            drawing.moves,
            tuple(_words(course, at, seen) for at, seen in enumerate(drawing.seen)),
            _table(course),
            _about(course, drawing.seen[-1], every),
            rate,
        )
        for course, drawing in zip(courses, draw(courses), strict=True)
    )


def shown_scenes(*trajectories: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the player's template shows of behaviours that are played together."""
    scenes = drawn_scenes(trajectories)
    return {
        "scenes": scenes,
        "scripts": [each.script() for each in scenes],
        "rate": scenes[0].rate,
        "last": max(len(each.words) for each in scenes) - 1,
    }


def _words(course: Course, at: int, seen: str) -> str:
    step = f"Step {course.at[at]} of {course.at[-1]}"
    if at == course.steps:
        then = " It ended here." if course.ended else " What followed was not recorded."
        return f"{step}: {seen}.{then}"
    done = course.done(at)
    return f"{step}: {seen}." + (f" Then: {done}" if done else "")


def _about(course: Course, seen: str, every: int) -> str:
    steps = "1 step" if course.at[-1] == 1 else f"{course.at[-1]:,} steps"
    some = "" if every == 1 else f", of which one in {every} is shown"
    return f"{steps}{some}. At the end: {seen}" + ("" if course.ended else " (cut off there)")


def _table(course: Course) -> Table:
    last = "ended" if course.ended else "cut off"
    rows = [
        (str(number), course.done(at) if at < course.steps else last, *map(short, state[:COLUMNS]))
        for at, (number, state) in enumerate(zip(course.at, course.states, strict=True))
    ]
    return Table(("step", "then", *course.names[:COLUMNS]), tuple(rows))
