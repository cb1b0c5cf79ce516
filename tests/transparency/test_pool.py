"""Rows put together from the cells of other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency.pool import Pool, chunks, players_of, value_codes

FRAME = pd.DataFrame(
    {
        "age": [30, 40, 50],
        "job": pd.Categorical(["nurse", None, "clerk"], categories=["clerk", "nurse", "pilot"]),
        "note": ["a", "b", None],
        "pay": pd.array([1, None, 3], dtype="Int64"),
        "when": pd.to_datetime(["2020-01-01", "2021-01-01", None]),
        "old": [True, False, True],
    }
)


def brute(frame, players, index):
    """Build every row by itself."""
    made = []
    for sources in index:
        row = {}
        for columns, source in zip(players.values(), sources, strict=True):
            for column in columns:
                row[column] = frame[column].iloc[source]
        made.append(row)
    return pd.DataFrame(made)[list(frame.columns)].astype(frame.dtypes.to_dict())


@pytest.mark.parametrize("columns", [list(FRAME.columns), ["age"], ["age", "old"]])
def test_new_rows_equal_rows_built_one_by_one_with_their_dtypes(columns):
    frame = FRAME[columns]
    players = players_of(frame, {"both": columns[:2]} if len(columns) > 1 else None)
    index = np.random.default_rng(0).integers(0, 3, (20, len(players)))
    made = Pool([frame], players).composed(index)
    pd.testing.assert_frame_equal(made, brute(frame, players, index))


@pytest.mark.parametrize("columns", [list(FRAME.columns), ["age"], ["age", "old"]])
def test_rows_that_take_what_is_known_from_one_are_those_of_the_index_written_out(columns):
    frame = FRAME[columns]
    pool = Pool([frame], players_of(frame, {"both": columns[:2]} if len(columns) > 1 else None))
    generator = np.random.default_rng(0)
    known = generator.random((5, len(pool.players))) < 0.5
    whose, others = generator.integers(0, 3, 5), np.array([2, 0])
    index = np.where(known[:, None, :], whose[:, None, None], others[None, :, None])
    made = pool.blended(known, whose, others)
    pd.testing.assert_frame_equal(made, pool.composed(index.reshape(10, -1)))


@pytest.mark.parametrize("columns", [list(FRAME.columns), ["age"], ["age", "old"], None])
def test_rows_that_take_a_feature_or_two_from_others_are_those_of_the_index_written_out(columns):
    table = np.arange(12).reshape(3, 4) if columns is None else FRAME[columns]
    given = None if columns is None or len(columns) < 2 else {"both": columns[:2]}
    pool = Pool([table], players_of(table, given))
    last = len(pool.players) - 1
    rows, one, two, other = np.random.default_rng(0).integers(0, 3, (4, 20))
    index = np.repeat(rows[:, None], len(pool.players), axis=1)
    index[3:11, 0], index[3:11, last], index[11:, last] = one[3:11], two[3:11], other[11:]
    moved = [(slice(3, 11), 0, one[3:11]), (slice(3, 11), last, two[3:11])]
    made = pool.replaced(rows, [*moved, (slice(11, 20), last, other[11:])])
    if columns is None:
        assert np.array_equal(made, pool.composed(index))
    else:
        pd.testing.assert_frame_equal(made, pool.composed(index))


def test_rows_of_several_tables_are_numbered_on():
    pool = Pool([FRAME.iloc[:1], FRAME.iloc[1:]], players_of(FRAME))
    pd.testing.assert_frame_equal(pool.rows(np.arange(3)), FRAME)
    assert pool.size == 3


def test_the_pool_is_not_changed_through_the_rows_it_gives():
    numbers = FRAME[["age"]].astype(float)
    pool = Pool([numbers], players_of(numbers))
    given = pool.rows(np.arange(3))
    given.iloc[0, 0] = -1.0
    assert pool.rows(np.arange(3)).iloc[0, 0] == 30.0


def test_an_arrays_columns_are_players_by_position():
    array = np.arange(6.0).reshape(2, 3)
    assert players_of(array, {"ends": [0, 2]}) == {"ends": (0, 2), "1": (1,)}
    made = Pool([array], players_of(array, {"ends": [0, 2]})).composed(np.array([[0, 1]]))
    assert made.tolist() == [[0.0, 4.0, 2.0]]


def test_arrays_are_blended_too():
    pool = Pool([np.array([[1, 2]]), np.array([[10, 20], [30, 40]])], {"a": (0,), "b": (1,)})
    made = pool.blended(
        np.array([[True, False], [False, False]]), np.array([0, 0]), np.array([1, 2])
    )
    assert made.tolist() == [[1, 20], [1, 40], [10, 20], [30, 40]]


def test_wrong_rows_are_refused():
    with pytest.raises(InputError, match="in one kind"):
        Pool([FRAME, FRAME.to_numpy()], players_of(FRAME))
    with pytest.raises(InputError, match="differ in their columns"):
        Pool([FRAME, FRAME[["age"]]], players_of(FRAME))
    with pytest.raises(InputError, match="one width"):
        Pool([np.ones((2, 3)), np.ones((2, 2))], {"a": (0, 1, 2)})
    with pytest.raises(InputError, match="belongs to no feature"):
        Pool([FRAME], {"age": ("age",)})
    with pytest.raises(InputError, match=r"^X is a list\. "):
        players_of([[1, 2]])


def test_missing_is_a_value_of_its_own_and_equals_itself():
    frame = pd.DataFrame({"a": [1.0, np.nan, np.nan, 2.0], "b": ["x", None, None, "x"]})
    assert value_codes(frame, ["a"]).tolist() == [0, 1, 1, 2]
    assert value_codes(frame, ["a", "b"]).tolist() == [0, 1, 1, 2]
    assert value_codes(frame.to_numpy(object), [0, 1]).tolist() == [0, 1, 1, 2]


def test_chunks_cover_everything_once():
    assert [list(range(7))[part] for part in chunks(7, 3)] == [[0, 1, 2], [3, 4, 5], [6]]
