from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    Normalizer,
    OneHotEncoder,
    StandardScaler,
)

from alignlab.predictors import Predictor
from alignlab.transparency.outputs import output_of
from alignlab.transparency.pool import players_of
from alignlab.transparency.shapley.encoded import agreement, encoded_rows, rounding, route_of


def frame(n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "job": rng.choice(["a", "b", "c"], size=n),
            "y": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
        }
    )
    return X, X["x"] + (X["job"] == "a")


def encoded(model, X, groups=None):
    return encoded_rows(route_of(output_of(model)), X[:20], X[20:], players_of(X, groups))


def fitted(steps):
    X, y = frame()
    return make_pipeline(steps, LinearRegression()).fit(X, y), X


def test_each_cell_belongs_to_the_column_that_moves_it():
    model, X = fitted(
        ColumnTransformer(
            [
                ("levels", OneHotEncoder(sparse_output=True), ["job"]),
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["y", "x"]),
            ]
        )
    )
    assert encoded(model, X).owner.tolist() == [1, 1, 1, 2, 0]
    grouped = encoded(model, X, {"both": ["job", "y"]})
    assert grouped.owner.tolist() == [1, 1, 1, 1, 0]


def test_rows_put_together_have_the_cells_of_their_parts():
    model, X = fitted(
        ColumnTransformer(
            [
                ("levels", OneHotEncoder(), ["job"]),
                ("bins", KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"), ["x"]),
                ("y", SimpleImputer(add_indicator=True), ["y"]),
            ]
        )
    )
    result = encoded(model, X)
    last = model[-1]
    np.testing.assert_allclose(last.predict(result.mixed), result.asked[:, 0], atol=1e-12)


@pytest.mark.parametrize("mixing", [PCA(2), Normalizer()], ids=str)
def test_a_cell_that_two_columns_move_ends_the_route(mixing):
    X, y = frame()
    numbers = X[["x", "y"]].fillna(0.0)
    model = make_pipeline(mixing, LinearRegression()).fit(numbers, y)
    assert encoded(model, numbers) is None


def flagged(rows):
    rows = np.asarray(rows, dtype=float)
    return np.column_stack([rows, rows[:, 0] * rows[:, 1]])


def larger(rows):
    rows = np.asarray(rows, dtype=float)
    return np.column_stack([rows[:, 0], np.maximum(rows[:, 1], rows[:, 2] - 4)])


def both_flags(rows):
    rows = np.asarray(rows, dtype=float)
    return np.column_stack([rows, (rows[:, 0] > 0) & (rows[:, 3] > 0)])


@pytest.mark.parametrize("mixing", [flagged, larger, both_flags])
def test_what_two_columns_do_together_in_few_rows_ends_the_route_too(mixing):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(1000, 4))
        X[:, 0] = rng.random(1000) < 0.01
        # No row has both flags, and yet rows put together do.
        X[:, 3] = (rng.random(1000) < 0.01) & (X[:, 0] == 0)
        X[3, 0], X[3, 3], X[4, 1:3] = 1.0, 0.0, [-2.0, 2.5]
        model = make_pipeline(FunctionTransformer(mixing), LinearRegression()).fit(X, X[:, 1])
        route = route_of(output_of(model))
        assert encoded_rows(route, X[:300], X[300:], players_of(X)) is None


def test_half_of_the_rows_put_together_have_a_missing_cell_where_any_row_has():
    X, y = frame(4000)
    X.loc[X.index[1:], "y"] = 0.5
    X.loc[[7, 3000], "y"] = np.nan
    model = make_pipeline(
        ColumnTransformer([("y", SimpleImputer(add_indicator=True), ["y"])]), LinearRegression()
    ).fit(X, y)
    missing = encoded(model, X).mixed[:, 1]
    assert 10 <= missing.sum() <= 40


def test_a_cell_that_is_the_same_in_all_rows_belongs_to_nobody():
    X, y = frame()
    X["job"] = "a"
    model = make_pipeline(
        ColumnTransformer([("levels", OneHotEncoder(categories=[["a", "b"]]), ["job"])]),
        LinearRegression(),
    ).fit(X, y)
    assert encoded(model, X).owner.tolist() == [-1, -1]


def test_columns_read_as_they_are_need_no_trial():
    X, y = frame()
    named = LinearRegression().fit(X[["x"]], y)
    assert encoded(named, X[["job", "x"]]).owner.tolist() == [1]
    plain = LinearRegression().fit(X[["x"]].to_numpy(), y)
    assert encoded(plain, X[["x"]].to_numpy()).owner.tolist() == [0]


def test_a_transformer_that_works_in_place_does_not_change_the_rows():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = make_pipeline(StandardScaler(copy=False), LinearRegression()).fit(X.copy(), X[:, 0])
    before = X.copy()
    encoded(model, X)
    np.testing.assert_array_equal(X, before)


def test_what_is_no_estimator_has_no_route():
    assert route_of(output_of(Predictor(lambda rows: rows[:, 0], "regression"))) is None


def test_an_agreement_is_a_constant_and_nothing_else():
    output = output_of(Predictor(lambda rows: rows[:, 0], "regression"))
    sums = np.arange(5.0)[:, None]
    assert agreement(output, sums, sums + 3).tolist() == [3.0]
    assert agreement(output, sums, sums * (1 + 1e-6)) is None
    moved = sums.copy()
    moved[3] += 1e-7
    assert agreement(output, sums, moved) is None
    moved = sums.copy()
    moved[3] = np.nan
    assert agreement(output, sums, moved) is None


def test_log_odds_are_held_to_what_probabilities_can_tell():
    X = np.linspace(-60, 60, 50)[:, None]
    model = LogisticRegression(C=1e6).fit([[-1.0], [1.0], [-0.5], [0.6]], [0, 1, 1, 0])
    model.coef_, model.intercept_ = np.array([[0.5]]), np.array([0.0])
    output = output_of(model, scale="log odds")
    answers = output(X)
    apart = np.abs(answers - 0.5 * X)
    assert (apart <= rounding(output, answers)).all()
    # A tenth of that would refuse this honest model.
    assert apart.max() > 1e-9 * np.abs(answers).max()
