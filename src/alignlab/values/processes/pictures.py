"""Values as a picture: a heat map with arrows on a grid, bars or a line elsewhere.

A cell's colour is its value; an arrow points where an action goes, as long as it is likely. Cells
that end the process are grey. What stands in a cell is white or black by the cell's own colour, so
that it can be read on any page, bright or dark.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, Table, bar_chart, line_chart
from alignlab.plain import plain
from alignlab.theme import QUIET
from alignlab.values.processes.mdp import FiniteMDP

__all__ = ["entered", "values_chart"]

Floats = NDArray[np.float64]
Spec = dict[str, Any]

WIDTH = 480
"""Of the whole grid, in pixels."""

LARGEST_CELL = 72

CELLS = 10_000
"""A grid of more cells is drawn in blocks, each the mean of its cells."""

NAMED = 30
"""With more states than this, and no grid, there is no room for their names."""

ROOM_FOR_ARROWS, ROOM_FOR_NUMBERS = 12, 44
"""From how many pixels a cell holds arrows, and its value in digits."""

LIGHT, DARK = "#dbe9f6", "#08427a"
"""Of the lowest and the highest value: one hue, so that it reads in grey too."""

ON_LIGHT, ON_DARK, ENDED = "#14181d", "#fdfdfd", "#aab2bd"

DIRECTIONS = {
    **dict.fromkeys(("left", "west", "w", "←"), (-1, 0)),
    **dict.fromkeys(("right", "east", "e", "→"), (1, 0)),
    **dict.fromkeys(("up", "north", "n", "↑"), (0, -1)),
    **dict.fromkeys(("down", "south", "s", "↓"), (0, 1)),
}
"""Where an action of this name goes: columns to the right, rows down."""


def values_chart(
    mdp: FiniteMDP, values: Floats, chosen: NDArray[Any] | None = None, *, question: str
) -> Chart:
    """Draw what each state is worth, and what is done there.

    Parameters
    ----------
    mdp
        The process; where it has a `grid`, its cells are drawn.
    values
        Shape (S,).
    chosen
        What is done: probabilities, or which actions are best, shape (S, A). Arrows are drawn for
        actions called left, right, up and down, or west, east, north and south.
    question
        The title.

    Examples
    --------
    >>> grid = FiniteMDP(np.eye(4)[[1, 2, 3, 0]][:, None], np.ones(4), terminal=[3], grid=(2, 2))
    >>> values_chart(grid, np.array([3.0, 2.0, 1.0, 0.0]), question="Worth?").table.rows[0]
    ('0', 0, 0, 3.0, '0')
    """
    if mdp.grid is None:
        return _without_a_grid(mdp, values, question)
    rows, columns = mdp.grid
    side = int(np.ceil(np.sqrt(rows * columns / CELLS)))
    if side > 1:
        return _in_blocks(mdp, values, side, question)
    done = mdp.available / np.maximum(mdp.available.sum(axis=1), 1)[:, None]
    if chosen is not None:
        done = np.asarray(chosen, float)
    seen = entered(mdp)
    cells = [_cell(mdp, s, values[s], done[s], not seen[s]) for s in range(rows * columns)]
    size = min(WIDTH // columns, LARGEST_CELL)
    layers = [_heat(cells)]
    if chosen is not None and size >= ROOM_FOR_ARROWS:
        centre = 0.42 if size >= ROOM_FOR_NUMBERS else 0.5
        layers += _arrows(_pointed(mdp, cells, done, centre))
    layers += _texts(cells, size)
    names = ("state", "row", "column", "value", "does")
    table = Table(question, names, tuple(tuple(cell[name] for name in names) for cell in cells))
    return Chart(question, plain(_drawn(layers, rows, columns, size)), table)


def entered(mdp: FiniteMDP) -> NDArray[np.bool_]:
    """Return the states in which it begins or to which another one leads, shape (S,).

    The others, such as the cells of a cliff that throws back to the start, are on the map only.
    """
    steps = mdp.successors.tocoo()
    seen = mdp.initial > 0
    seen[steps.col[steps.row != steps.col]] = True
    return seen


def _without_a_grid(mdp: FiniteMDP, values: Floats, question: str) -> Chart:
    if mdp.n_states <= NAMED:
        rows = [
            {"state": mdp.state_name(s), "value": float(value)} for s, value in enumerate(values)
        ]
        return bar_chart(question, rows, x="value", y="state", value="value", percent=False)
    falling = np.sort(values)[::-1]
    # No more points than a line of this width can show.
    shown = np.unique(np.linspace(0, len(falling) - 1, 200).round().astype(int))
    points = [{"rank": int(i) + 1, "value": float(falling[i])} for i in shown]
    return line_chart(
        question,
        points,
        x="rank",
        y="value",
        x_title="states, from the best to the worst",
        y_title="value",
        percent=False,
    )


def _in_blocks(mdp: FiniteMDP, values: Floats, side: int, question: str) -> Chart:
    rows, columns = mdp.grid or (0, 0)
    down, across = -(-rows // side), -(-columns // side)
    at = np.arange(rows * columns)
    block = at // columns // side * across + at % columns // side
    inside = ~mdp.terminal[: rows * columns]
    count = np.bincount(block, inside, minlength=down * across)
    total = np.bincount(block, np.where(inside, values[at], 0.0), minlength=down * across)
    cells: list[Spec] = [
        {
            "state": f"block {i // across},{i % across}",
            "row": i // across,
            "column": i % across,
            "value": float(total[i] / max(count[i], 1)),
            "ends": not count[i],
            "unseen": False,
            "does": "",
            "mark": "",
        }
        for i in range(down * across)
    ]
    told = f"{question} (means of {side} × {side} cells)"
    names = ("state", "row", "column", "value")
    table = Table(told, names, tuple(tuple(cell[name] for name in names) for cell in cells))
    size = max(WIDTH // across, 1)
    return Chart(told, plain(_drawn([_heat(cells)], down, across, size)), table)


def _cell(mdp: FiniteMDP, state: int, value: float, done: Floats, unseen: bool) -> Spec:
    columns = (mdp.grid or (1, 1))[1]
    name = mdp.state_name(state)
    letter = re.fullmatch(r"(\D{1,2}) \d+,\d+", name)
    ends = bool(mdp.terminal[state])
    actions = [
        mdp.action_name(int(a)) for a in np.flatnonzero(done >= max(done.max() - 1e-9, 1e-9))
    ]
    return {
        "state": name,
        "row": state // columns,
        "column": state % columns,
        "value": float(value),
        "does": "" if ends else " or ".join(actions),
        "ends": ends,
        "unseen": unseen,
        # Most cells of a lake are free: their letter says nothing.
        "mark": letter[1] if letter and letter[1] != "F" else "",
    }


def _pointed(mdp: FiniteMDP, cells: list[Spec], done: Floats, centre: float) -> list[Spec]:
    """Return an arrow for each direction taken, as long as it is likely; none where it ends."""
    ways = [DIRECTIONS.get(mdp.action_name(a).lower()) for a in range(mdp.n_actions)]
    arrows = []
    for state, cell in enumerate(cells):
        if cell["ends"] or cell["unseen"]:
            continue
        taken = sum(way is not None and done[state, a] >= 0.05 for a, way in enumerate(ways))
        for action, way in enumerate(ways):
            share = float(done[state, action])
            if way is None or share < 0.05:
                continue
            x, y = cell["column"] + 0.5, cell["row"] + centre
            # Alone, an arrow stands in the middle; of several, each begins there.
            reach = 0.08 + 0.16 * share
            back = -reach if taken == 1 else 0.05
            arrows.append(
                {
                    "x": x + back * way[0],
                    "y": y + back * way[1],
                    "to x": x + reach * way[0],
                    "to y": y + reach * way[1],
                    "angle": {(0, -1): 0, (1, 0): 90, (0, 1): 180, (-1, 0): 270}[way],
                    "value": cell["value"],
                }
            )
    return arrows


def _heat(cells: list[Spec]) -> Spec:
    edges = [
        {**cell, "left": cell["column"], "top": cell["row"], "right": cell["column"] + 1,
         "bottom": cell["row"] + 1}
        for cell in cells
    ]  # fmt: skip
    reasons = {"ends": "grey ends it", "unseen": "hollow is never entered"}
    told = [words for key, words in reasons.items() if any(cell.get(key) for cell in cells)]
    title = "; ".join(["value", *told])
    tooltip = [
        {"field": "state", "type": "nominal"},
        {"field": "value", "type": "quantitative", "format": ".4~g"},
        {"field": "does", "type": "nominal"},
    ]
    return {
        "data": {"values": edges},
        "mark": {"type": "rect", "stroke": QUIET, "strokeWidth": 0.4},
        "encoding": {
            "x": _place("left"),
            "x2": {"field": "right"},
            "y": _place("top"),
            "y2": {"field": "bottom"},
            "color": {
                "condition": [
                    {"test": "datum.ends", "value": ENDED},
                    {"test": "datum.unseen", "value": "transparent"},
                ],
                "field": "value",
                "type": "quantitative",
                "scale": {"range": [LIGHT, DARK], "zero": False, "nice": False,
                          "domain": _span(cells)},
                # Squares, as a gradient's name would be shared by all drawings of a page.
                "legend": {"title": title, "titleLimit": WIDTH, "type": "symbol",
                           "symbolType": "square", "symbolSize": 160, "format": ".3~g",
                           "tickCount": 4},
            },
            "tooltip": tooltip,
        },
    }  # fmt: skip


def _span(cells: list[Spec]) -> list[float]:
    inside = [cell["value"] for cell in cells if not (cell["ends"] or cell["unseen"])] or [0.0]
    low, high = min(inside), max(inside)
    return [low, high] if high > low else [low - 0.5, high + 0.5]


def _arrows(arrows: list[Spec]) -> list[Spec]:
    """Return shafts and heads, white on dark cells and black on bright ones."""
    return [
        {
            "data": {"values": arrows},
            "mark": {"type": "rule", "strokeWidth": 1.6, "strokeCap": "round"},
            "encoding": {
                "x": _place("x"),
                "y": _place("y"),
                "x2": {"field": "to x"},
                "y2": {"field": "to y"},
                "color": {"value": ON_LIGHT},
            },
        },
        {
            "data": {"values": arrows},
            "mark": {"type": "point", "shape": "triangle-up", "filled": True, "opacity": 1},
            "encoding": {
                "x": _place("to x"),
                "y": _place("to y"),
                "angle": {"field": "angle", "type": "quantitative", "scale": None},
                "size": {"value": 34},
                "color": {"value": ON_LIGHT},
            },
        },
    ]


def _texts(cells: list[Spec], size: int) -> list[Spec]:
    marks = [
        {"x": cell["column"] + (0.5 if cell["ends"] or cell["unseen"] else 0.14),
         "y": cell["row"] + (0.5 if cell["ends"] or cell["unseen"] else 0.18), "text": cell["mark"],
         "ends": cell["ends"], "unseen": cell["unseen"], "value": cell["value"]}
        for cell in cells
        if cell["mark"]
    ]  # fmt: skip
    layers = []
    if marks and size >= ROOM_FOR_ARROWS:
        layers.append(_text(marks, size=max(min(size // 4, 14), 9), weight="bold"))
    largest = max((abs(value) for value in _span(cells)), default=1.0)
    digits = int(np.clip(2 - np.floor(np.log10(max(largest, 1e-300))), 0, 6))
    numbers = [
        {"x": cell["column"] + 0.5, "y": cell["row"] + 0.86, "text": f"{cell['value']:.{digits}f}",
         "ends": False, "value": cell["value"]}
        for cell in cells
        if not (cell["ends"] or cell["unseen"])
    ]  # fmt: skip
    if size >= ROOM_FOR_NUMBERS:
        layers.append(_text(numbers, size=10, weight="normal"))
    return layers


def _text(rows: list[Spec], *, size: int, weight: str) -> Spec:
    return {
        "data": {"values": rows},
        "mark": {"type": "text", "fontSize": size, "fontWeight": weight, "baseline": "middle"},
        "encoding": {
            "x": _place("x"),
            "y": _place("y"),
            "text": {"field": "text", "type": "nominal"},
            "color": {"value": ON_LIGHT},
        },
    }


def _drawn(layers: list[Spec], rows: int, columns: int, size: int) -> Spec:
    """Return the layers over one pair of axes, with what lies on a dark cell in white."""
    span = next(layer for layer in layers if layer["mark"]["type"] == "rect")
    low, high = span["encoding"]["color"]["scale"]["domain"]
    # Here white and black stand out from the cell alike.
    middle = low + 0.65 * (high - low)
    for layer in layers:
        if layer is not span:
            test = f"!datum.ends && datum.value > {middle!r}"
            layer["encoding"]["color"] = {
                "condition": [
                    # On the page itself, ink is of the page's own colour.
                    {"test": "datum.unseen === true", "value": QUIET},
                    {"test": test, "value": ON_DARK},
                ],
                "value": ON_LIGHT,
            }
    whole = {"x": [0, columns], "y": [rows, 0]}
    for layer in layers:
        for axis, domain in whole.items():
            place = layer["encoding"][axis]
            place["scale"] = {"domain": domain, "nice": False, "zero": False}
            place["axis"] = None
    return {"layer": layers, "width": size * columns, "height": size * rows}


def _place(key: str) -> Spec:
    return {"field": key, "type": "quantitative"}
