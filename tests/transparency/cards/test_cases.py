from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.cards.cases import (
    ANSWERED,
    REPLACED,
    answered_rows,
    cases_of,
    drawn_rows,
    outcomes_known,
    plain_cell,
    require_labels,
)


def model_of(features):
    return Predictor(
        lambda rows: rows.iloc[:, 0].to_numpy(float) / 1e6,
        "classification",
        classes=("no", "yes"),
        features=features,
    )


@pytest.fixture
def table():
    return pd.DataFrame({"a": np.arange(300), "b": ["x", "y", "z"] * 100, "c": 1.5})


def test_only_columns_that_the_model_reads_are_kept(table):
    cases = cases_of(model_of(("b", "a")), [4, table.iloc[[7]]], table, None)
    assert list(cases.rows.columns) == list(cases.data.columns) == ["b", "a"]
    assert cases.rows["a"].tolist() == [4, 7]
    assert cases.positions == [4, None]
    assert cases.players == {"b": ("b",), "a": ("a",)}
    assert cases.given(cases.rows) is cases.rows


def test_arrays_stay_arrays():
    data = np.arange(12.0).reshape(4, 3)
    model = Predictor(lambda rows: rows[:, 0], "regression")
    cases = cases_of(model, [1], data, {"pair": [0, 2]})
    np.testing.assert_array_equal(cases.given(cases.rows), data[[1]])
    assert cases.given_players() == {"pair": (0, 2), "1": (1,)}


def test_names_of_features_stand_for_their_columns():
    data = pd.DataFrame({"k_a": [1, 0, 0], "k_b": [0, 1, 1], "z": [1.0, 2.0, 3.0]})
    cases = cases_of(Predictor(len, "regression"), [0], data, None)
    assert cases.columns(["k", "z", "k_a"], "immutable") == ["k_a", "k_b", "z"]
    assert cases.columns("k", "immutable") == ["k_a", "k_b"]
    with pytest.raises(InputError, match="immutable='y' is no column"):
        cases.columns(["y"], "immutable")


def test_the_background_and_what_checks_it_are_other_rows(table):
    cases = cases_of(model_of(("a",)), [4], table, None)
    drawn, replaced = drawn_rows(cases, 100, np.random.default_rng(0))
    assert len(drawn) == 100
    assert len(replaced) == REPLACED
    assert not {4, *drawn} & set(replaced)
    assert 4 not in drawn
    few = cases_of(model_of(("a",)), [0, 1], table[:3], None)
    assert len(drawn_rows(few, 100, np.random.default_rng(0))[0]) == 3


def test_what_happened_is_read_by_the_classes_of_the_model():
    model = model_of(("a",))
    assert outcomes_known(model, None, 2) is None
    np.testing.assert_array_equal(
        outcomes_known(model, pd.Series(["yes", None, "no"]), 3), [1, np.nan, 0]
    )
    value = Predictor(len, "regression")
    np.testing.assert_array_equal(outcomes_known(value, [1, np.nan], 2), [1, np.nan])


def test_known_answers_are_not_asked_for(table):
    model = model_of(("a",))
    cases = cases_of(model, [0], table, None)
    rows, decided = answered_rows(cases, np.tile([0.2, 0.8], (300, 1)), np.random.default_rng(0))
    assert len(rows) == 300
    assert (decided == 1).all()
    assert model.rows_evaluated == 0
    large = pd.concat([table] * 40, ignore_index=True)
    rows, decided = answered_rows(cases_of(model, [0], large, None), None, np.random.default_rng(0))
    assert len(rows) == len(decided) == len(set(rows)) == ANSWERED
    assert model.rows_evaluated == ANSWERED


def test_labels_name_what_is_there(table):
    cases = cases_of(model_of(("a",)), [0], table, None)
    require_labels({"a": "age", "yes": "granted", "deny": "decision"}, cases, "deny")
    with pytest.raises(InputError, match="labels names 'bb'"):
        require_labels({"bb": "x"}, cases, "")


def test_cells_are_plain():
    assert plain_cell(np.float32(0.1)) == 0.1
    assert plain_cell(np.int64(3)) == 3
    assert plain_cell(pd.NA) is None
    assert plain_cell("x") == "x"
