from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.recourse.diverse import chosen, differences
from alignlab.transparency.recourse.space import space_of

FRAME = pd.DataFrame({"a": [0.0, 9.0], "b": [0.0, 9.0], "k": ["x", "y"]})
SPACE = space_of(
    FRAME, FRAME[:1], None, scales={"a": 1.0, "b": 1.0}, per_change=1.0, category_cost=1.0
)
ORIGIN = np.zeros(3)


def test_differences_by_hand():
    units = np.array([[4.0, 0, 0], [2.0, 0, 0], [-4.0, 0, 0], [0, 4.0, 0], [4.0, 0, 1]])
    found = differences(SPACE, ORIGIN, units, units[0])
    assert found == pytest.approx([0, 0.5, 1, 1, 0.5])


def test_the_cheapest_comes_first_and_others_differ():
    units = np.array([[2.0, 0, 0], [2.1, 0, 0], [0, 3.0, 0], [0, 3.1, 0], [0, 0, 1]])
    cost = SPACE.cost(units, ORIGIN)
    keep = chosen(SPACE, ORIGIN, units, cost, np.ones(5, dtype=bool), number=3)
    assert sorted(keep) == [0, 2, 4]
    assert keep[0] == 4
    # Two rows that hardly differ are not shown to fill up.
    assert len(chosen(SPACE, ORIGIN, units[:2], cost[:2], np.ones(2, dtype=bool), number=4)) == 1


def test_only_the_cheapest_may_be_implausible():
    units = np.array([[0.5, 0, 0], [0, 3.0, 0], [0, 0, 1]])
    cost = SPACE.cost(units, ORIGIN)
    keep = chosen(SPACE, ORIGIN, units, cost, np.array([False, False, True]), number=3)
    assert keep == [0, 2]


def test_what_changes_more_than_a_cheaper_row_is_left_out():
    units = np.array([[1.0, 0, 0], [1.0, 0, 1], [0, 5.0, 1]])
    cost = SPACE.cost(units, ORIGIN)
    assert chosen(SPACE, ORIGIN, units, cost, np.ones(3, dtype=bool), number=3) == [0, 2]


def test_nothing_is_chosen_of_nothing():
    empty = np.zeros((0, 3))
    assert chosen(SPACE, ORIGIN, empty, np.zeros(0), np.zeros(0, dtype=bool), number=3) == []
