from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from alignlab.predictors import Predictor, as_predictor
from alignlab.predictors.columnwise import differ, owners, taken_apart

X = pd.DataFrame({"x": [1.0, 3.0, 5.0, 7.0] * 5, "k": ["a", "b"] * 10})
Y = np.array([0, 1, 0, 0, 1] * 4)


def encoder(**options):
    return make_column_transformer((OneHotEncoder(**options), ["k"]), (StandardScaler(), ["x"]))


def test_cells_are_what_the_last_step_reads():
    model = make_pipeline(encoder(), LinearRegression()).fit(X, Y)
    parts = taken_apart(as_predictor(model))
    assert parts.estimator is model[-1]
    cells = parts.cells(X[:2])
    np.testing.assert_allclose(cells, [[1, 0, -3 / 5**0.5], [0, 1, -1 / 5**0.5]])
    np.testing.assert_allclose(model[-1].predict(parts.cells(X)), model.predict(X))


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(make_pipeline(encoder(), LogisticRegression()), {}, cv=2),
        FixedThresholdClassifier(make_pipeline(encoder(), LogisticRegression()), threshold=0.4),
        Pipeline(
            [
                ("none", None),
                ("through", "passthrough"),
                ("inner", make_pipeline(encoder(sparse_output=True), LogisticRegression())),
            ]
        ),
    ],
    ids=["search", "threshold", "nested"],
)
def test_what_wraps_a_model_is_opened(model):
    parts = taken_apart(as_predictor(model.fit(X, Y)))
    assert type(parts.estimator) is LogisticRegression
    assert len(parts.steps) == 1
    assert parts.cells(X).shape == (20, 3)


def test_levels_reach_histogram_boosting_as_codes():
    frame = X.astype({"k": "category"})
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features="from_dtype")
    parts = taken_apart(as_predictor(model.fit(frame, Y)))
    assert parts.cells(frame[:2])[:, 0].tolist() == [0.0, 1.0]


def test_rows_are_not_changed_and_text_is_no_cell():
    numbers = X[["x"]].to_numpy()
    model = make_pipeline(StandardScaler(copy=False), LinearRegression()).fit(numbers.copy(), Y)
    before = numbers.copy()
    taken_apart(as_predictor(model)).cells(numbers)
    np.testing.assert_array_equal(numbers, before)
    plain = as_predictor(LinearRegression().fit(X[["x"]], Y))
    assert taken_apart(plain).cells(pd.DataFrame({"x": ["one"]})) is None
    assert taken_apart(Predictor(len, "regression")) is None


def test_a_cell_that_two_units_move_has_no_owner():
    still, units = np.array([0.0, 0.0, np.nan]), np.array([0, 0, 1])
    moved = np.array([[1.0, 0.0, np.nan], [2.0, 0.0, np.nan], [0.0, 0.0, 3.0]])
    assert owners(still, moved, units).tolist() == [0, -1, 1]
    moved[2, 0] = 5.0
    assert owners(still, moved, units) is None


def test_missing_cells_are_alike():
    one, other = np.array([np.nan, np.nan, 1.0, 1.0]), np.array([np.nan, 1.0, 1.0, 2.0])
    assert differ(one, other).tolist() == [False, True, False, True]
