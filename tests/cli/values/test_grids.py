import io
import sys

import numpy as np
import pytest

from alignlab.cli.terminal import printing
from alignlab.cli.values.grids import has_arrows, show_grid
from alignlab.values.processes import FiniteMDP, solve

NAMES = ("left", "right", "up", "down")


def corridor(columns, names=NAMES):
    """One row of cells; the last one ends it, the first action goes left, the second right."""
    steps = np.zeros((columns, 4, columns))
    for s in range(columns - 1):
        steps[s, 0, max(s - 1, 0)] = steps[s, 1, s + 1] = steps[s, 2, s] = steps[s, 3, s] = 1
    return FiniteMDP(
        steps, np.full((columns, 4), -1.0), terminal=[columns - 1], grid=(1, columns),
        action_names=names,
    )  # fmt: skip


def shown(process, chosen=None, capsys=None):
    best = solve(process)
    with printing() as console:
        show_grid(
            console, process, best.values, best.optimal_actions() if chosen is None else chosen
        )
    return capsys.readouterr().out


def test_arrows_stand_beside_values(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = shown(corridor(4), capsys=capsys)
    assert text == "\n  → -2.97   → -1.99   → -1.00   ■\n  ■: ends it\n"


def test_a_wide_grid_is_two_and_a_wider_one_arrows_alone(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = shown(corridor(12), capsys=capsys).splitlines()
    assert lines[1].split() == ["→"] * 11 + ["■"]
    assert lines[3].split()[-1] == "-1.0"
    lines = shown(corridor(24), capsys=capsys).splitlines()
    assert lines[1].split() == ["→"] * 23 + ["■"]
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80


def test_equal_actions_share_a_cell(capsys):
    process = corridor(3)
    chosen = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]], bool)
    text = shown(process, chosen, capsys)
    assert "←→" in text
    assert "·" in text
    assert "·: all actions are as good" in text


def test_letters_stand_for_arrows_where_the_terminal_has_none(capsys, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    best = solve(corridor(3))
    with printing() as console:
        show_grid(console, corridor(3), best.values, best.optimal_actions())
    text = stream.buffer.getvalue().decode()
    assert "> -1.99" in text.replace("   ", " ")
    assert "#: ends it" in text


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (corridor(3), True),
        (corridor(3, ("west", "east", "north", "south")), True),
        (corridor(3, ("a", "b", "c", "d")), False),
        (corridor(3, None), False),
    ],
)
def test_arrows_need_directions(process, expected):
    assert has_arrows(process) is expected


def test_cells_that_nothing_enters_have_no_arrow(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = shown(FiniteMDP.from_gymnasium("CliffWalking-v1"), capsys=capsys)
    lines = text.splitlines()
    assert lines[4].split() == ["↑", *["○"] * 10, "G"]
    assert lines[9].split() == ["-12.2"]
    assert "○: never entered" in text
