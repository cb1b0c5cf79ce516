"""Where a table's search looks next, by hand."""

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import Constraints
from alignlab.random import row_streams
from alignlab.robustness.attacks import table_moves
from alignlab.robustness.attacks.table_moves import Rows
from alignlab.robustness.tabular_threat import TabularThreat

NO_OTHERS = np.full((1, 3), np.nan)


def rows_of(threat, array, gains=None, values=None, near=()):
    center = np.asarray(array, dtype=float)
    low, high = threat.limits(center)
    n, units = center.shape
    return Rows(
        center=center,
        low=low,
        high=high,
        spent=np.zeros(n, dtype=int),
        margin=np.zeros(n),
        gains=np.full((n, units), -np.inf) if gains is None else np.asarray(gains, dtype=float),
        values=center.copy() if values is None else np.asarray(values, dtype=float),
        beam=np.repeat(center[:, None], 4, axis=1),
        margins=np.zeros((n, 4)),
        logits=np.zeros((n, 2)),
        near=np.array([[*near, *[-1] * (table_moves.NEAREST - len(near))]] * n),
        streams=row_streams(0, n),
    )


def numbers(radius, norm="linf", columns=3):
    data = np.array([[0.0] * columns, [1.0] * columns])
    return TabularThreat(Constraints(), radius, data=data, norm=norm)


def test_ends_change_one_unit_each():
    rows = rows_of(numbers(0.25, columns=2), [[0.5, 0.5]])
    assert table_moves.ends(rows)[0].tolist() == [
        [0.25, 0.5],
        [0.5, 0.25],
        [0.75, 0.5],
        [0.5, 0.75],
    ]


def test_places_between_are_spread_and_values_come_one_by_one():
    rows = rows_of(numbers(0.5, columns=1), [[0.5]])
    found = table_moves.between(rows, numbers(0.5, columns=1), 7, NO_OTHERS[:, :1])[0, :, 0]
    assert found.tolist() == [0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875]
    frame = pd.DataFrame({"n": [0, 6], "kind": pd.Categorical(["a", "b"], list("abcd"))})
    threat = TabularThreat(Constraints(bounds={"n": [0, 6]}), 1.0, data=frame)
    rows = rows_of(threat, [[0.0, 0.0]])
    found = table_moves.between(rows, threat, 5, NO_OTHERS[:, :2])[0].reshape(5, 2, 2)
    assert sorted(found[:, 0, 0]) == [1, 2, 3, 4, 5]
    assert set(found[:, 1, 1]) == {1, 2, 3}


def test_the_nearest_rows_of_another_decision_are_copied_where_they_are_within_reach():
    others = np.array([[0.5, 0.5], [0.9, 0.5], [0.45, 0.9], [0.6, 0.55]])
    threat = numbers(0.2, columns=2)
    center = np.array([[0.5, 0.5]])
    decided = np.array([0, 1, 1, 1])
    near = table_moves.nearest_of_others(center, np.array([0]), threat, others, decided)
    assert near.shape == (1, table_moves.NEAREST)
    assert near[0, :4].tolist() == [3, 1, 2, -1]
    rows = rows_of(threat, center, near=[3, 1, 2])
    found = table_moves.between(rows, threat, 3, others)[0]
    first, second = found[0::2, 0], found[1::2, 1]
    assert first == pytest.approx([0.6, 0.45, 0.3 + 0.4 * 0.75])  # 0.9 is out of reach
    assert second == pytest.approx([0.55, 0.5, 0.3 + 0.4 * 0.75])
    drawn = table_moves.mutated(rows, threat, 0, 400, others)[0, :, 0]
    assert {0.6, 0.45} < set(drawn)
    assert 0.9 not in drawn


def test_what_helped_is_taken_together_best_first():
    threat = numbers(0.25)
    rows = rows_of(threat, [[0.5] * 3], gains=[[1, -2, 3]], values=[[0.75, 0.25, 0.25]])
    found = table_moves.combined(rows, threat)[0].tolist()
    assert found == [[0.75, 0.5, 0.25], [0.75, 0.5, 0.25]]
    rows = rows_of(threat, [[0.5] * 3], gains=[[1, 2, 3]], values=[[0.75, 0.25, 0.25]])
    assert table_moves.combined(rows, threat)[0, 0].tolist() == [0.5, 0.25, 0.25]


def test_a_sum_of_moves_is_spread_as_a_linear_model_has_it():
    gains, values = [[1.5, 2.0, 0.0]], [[1.0, 1.0, 1.0]]
    threat = numbers(0.5, "l2")
    rows = rows_of(threat, [[0.5] * 3], gains=gains, values=values)
    best = table_moves.combined(rows, threat)[0, -1]
    assert best - 0.5 == pytest.approx([0.3, 0.4, 0.0])
    threat = numbers(0.6, "l1")
    rows = rows_of(threat, [[0.5] * 3], gains=gains, values=values)
    best = table_moves.combined(rows, threat)[0, -1]
    assert best - 0.5 == pytest.approx([0.1, 0.5, 0.0])


def test_everything_is_every_allowed_row_once():
    frame = pd.DataFrame(
        {"n": [1, 3], "kind": pd.Categorical(["b", "a"], list("abc")), "m": [True, False]}
    )
    given = Constraints(bounds={"n": [1, 3]}, monotone={"n": "increasing"})
    threat = TabularThreat(given, 1.0, data=frame)
    rows = rows_of(threat, [[1, 1, 1], [2, 0, 0]])
    assert table_moves.possible(rows, threat).tolist() == [18, 12]
    parts = [table_moves.everything(rows, threat, start, 5, 20) for start in range(0, 20, 5)]
    found = np.concatenate(parts, axis=1)
    assert found[0, 0].tolist() == [1, 1, 1]
    assert len({tuple(row) for row in found[0]}) == 18
    assert len({tuple(row) for row in found[1]}) == 12
    assert (found[1, :, 0] >= 2).all()
    few = table_moves.everything(rows, threat, 0, 5, 12)
    assert (few[0] == rows.center[0]).all()
    assert len({tuple(row) for row in few[1]}) == 5
    assert np.isinf(table_moves.possible(rows_of(numbers(0.1), [[0.5] * 3]), numbers(0.1))).all()


def test_mutations_of_a_row_are_its_own():
    threat = numbers(0.25)
    rows = rows_of(threat, np.random.default_rng(0).random((5, 3)))
    whole = table_moves.mutated(rows, threat, 3, 8, NO_OTHERS)
    for at in ([2], [4, 0]):
        assert np.array_equal(
            table_moves.mutated(rows[np.array(at)], threat, 3, 8, NO_OTHERS), whole[at]
        )
    assert not np.array_equal(table_moves.mutated(rows, threat, 4, 8, NO_OTHERS), whole)
    changed = (whole != rows.center[:, None]).sum(axis=2)
    assert changed.min() == 0
    assert changed.max() == 3
