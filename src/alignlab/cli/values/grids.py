"""A process on a grid, for a terminal: what is best in each cell, and what the cell is worth.

An arrow is an action that leads that way; two arrows are two actions equally good. Where the
terminal writes no arrows, letters stand for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.values.processes import FiniteMDP

__all__ = ["has_arrows", "show_grid"]

ARROWS = {
    "left": "←", "down": "↓", "right": "→", "up": "↑",
    "west": "←", "south": "↓", "east": "→", "north": "↑",
}  # fmt: skip
PLAIN = {"←": "<", "↓": "v", "→": ">", "↑": "^", "■": "#", "·": ".", "○": "o"}

END, ANYTHING, NEVER = "■", "·", "○"
"""A state that ends it; one in which all actions are as good; one that is never entered."""


def has_arrows(process: FiniteMDP) -> bool:
    """Return whether the process is a grid whose actions are directions."""
    names = process.action_names or ()
    return process.grid is not None and bool(names) and all(n.lower() in ARROWS for n in names)


def show_grid(
    console: Console,
    process: FiniteMDP,
    values: NDArray[np.float64],
    chosen: NDArray[np.bool_],
) -> None:
    """Print the grid: in each cell the best actions' arrows, and the value if there is room.

    Parameters
    ----------
    console
        Where to.
    process
        With a grid, and actions that are directions.
    values
        Shape (S,).
    chosen
        The actions to show, shape (S, A).
    """
    from alignlab.cli.output import speaks
    from alignlab.values.processes.pictures import entered

    assert process.grid is not None
    rows, columns = process.grid
    n = rows * columns
    never = ~entered(process) & ~process.terminal
    signs = _signs(process, chosen, never)[:n]
    silent = (process.terminal | never)[:n]
    numbers = [
        "" if nothing else f"{value:.{_digits(values)}f}"
        for value, nothing in zip(values[:n], silent, strict=True)
    ]
    legend = _legend(signs, process)
    parts = _side_by_side(signs, numbers, columns, console.width)
    if parts is None:
        parts = [part for part in (_block(signs, columns, console.width),
                                   _block(numbers, columns, console.width)) if part]  # fmt: skip
    text = "\n" + "\n\n".join(parts) + (f"\n  {legend}" if legend else "")
    if not speaks(console):
        text = "".join(PLAIN.get(letter, letter) for letter in text)
    console.print(text, no_wrap=True, crop=False, soft_wrap=True)


def _side_by_side(
    signs: list[str], numbers: list[str], columns: int, width: int
) -> list[str] | None:
    """Return the grid with each sign beside its number, if that fits."""
    wide = max(map(len, signs)), max(map(len, numbers))
    cells = [
        f"{sign:<{wide[0]}} {number:>{wide[1]}}"
        for sign, number in zip(signs, numbers, strict=True)
    ]
    fits = columns * (sum(wide) + 1) + (columns - 1) * 3 + 2 <= width
    return [_lines(cells, columns, "   ")] if fits else None


def _block(cells: list[str], columns: int, width: int) -> str:
    """Return a grid of short texts, or nothing if it does not fit."""
    wide = max(map(len, cells))
    padded = [f"{cell:>{wide}}" if cell[-1:].isdigit() else f"{cell:<{wide}}" for cell in cells]
    for between in ("  ", " "):
        if columns * wide + (columns - 1) * len(between) + 2 <= width:
            return _lines(padded, columns, between)
    return ""


def _lines(cells: list[str], columns: int, between: str) -> str:
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    return "\n".join("  " + between.join(row) for row in rows)


def _signs(process: FiniteMDP, chosen: NDArray[np.bool_], never: NDArray[np.bool_]) -> list[str]:
    arrows = [ARROWS[name.lower()] for name in process.action_names or ()]
    signs = []
    for state in range(process.n_states):
        if process.terminal[state]:
            # A map's own letter for the cell, such as the G of a goal.
            letter = re.fullmatch(r"(\D{1,2}) \d+,\d+", process.state_name(state))
            signs.append(letter[1] if letter else END)
        elif never[state]:
            signs.append(NEVER)
        elif chosen[state].sum() > 2 and (chosen[state] == process.available[state]).all():
            signs.append(ANYTHING)
        else:
            signs.append("".join(arrows[a] for a in np.flatnonzero(chosen[state])))
    return signs


def _legend(signs: list[str], process: FiniteMDP) -> str:
    ends = dict.fromkeys(sign for sign, end in zip(signs, process.terminal, strict=False) if end)
    told = [f"{', '.join(ends)}: ends it"] if ends else []
    told += [f"{NEVER}: never entered"] if NEVER in signs else []
    told += [f"{ANYTHING}: all actions are as good"] if ANYTHING in signs else []
    return "   ".join(told)


def _digits(values: NDArray[np.float64]) -> int:
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    return 3 if largest <= 1 else 2 if largest < 10 else 1 if largest < 1000 else 0
