"""Names and numbers in tables mean the same however they are written and stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.values.processes.cells import (
    first_of,
    name_of,
    names_in,
    numbers_in,
    read_cells,
    require_column,
)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (1, "1"), (1.0, "1"), (np.float64(1), "1"), ("1.0", "1"), ("-2.00", "-2"), ("0.50", "0.5"),
        (0.5, "0.5"), ("007", "007"), ("00.5", "00.5"), (" a ", "a"), ("NA", "NA"), (True, "true"),
        ("TRUE", "true"), ("S 0,1", "S 0,1"), ("1.", "1."), ("١.٠", "١.٠"),
    ],
)  # fmt: skip
def test_a_name_by_hand(cell, name):
    assert name_of(cell) == name
    # What was read and is written is read as itself.
    assert name_of(name_of(cell)) == name


def test_cells_that_hold_nothing_are_named_by_row():
    frame = pd.DataFrame({"state": ["a", None, " "], "reward": ["1", "2e0", "inf"]})
    with pytest.raises(InputError, match=r"Row 2 of t\.csv has no state"):
        names_in(frame, "state", "t.csv")
    with pytest.raises(InputError, match=r"Row 3 of t\.csv: reward is 'inf', and not a finite"):
        numbers_in(frame, "reward", "t.csv")
    assert names_in(frame[:1], "state", "t.csv") == ["a"]
    assert numbers_in(frame[:2], "reward", "t.csv").tolist() == [1, 2]
    with pytest.raises(InputError, match=r"no column 'rewards'. Did you mean 'reward'"):
        require_column(frame, "rewards", "t.csv")
    assert first_of([False, True, True]) == 2


def test_columns_lose_the_spaces_around_their_names(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("state , reward\na, 1\n")
    assert read_cells(path).columns.tolist() == ["state", "reward"]
