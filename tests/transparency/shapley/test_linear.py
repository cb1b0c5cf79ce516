from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, SplineTransformer
from sklearn.preprocessing import StandardScaler as Scaler

from alignlab.transparency.outputs import output_of
from alignlab.transparency.pool import players_of
from alignlab.transparency.shapley.linear import linear_values


def table(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)) @ rng.normal(size=(5, 5))
    return X, X @ [1.0, -2.0, 0.0, 0.5, 3.0] + rng.normal(size=n)


@pytest.fixture
def agrees(exact):
    def check(model, X, background, groups=None, **options):
        output = output_of(model, **options)
        players = players_of(X, groups)
        result = linear_values(output, X, background, players)
        assert result is not None
        assert result.gap < 1e-9 * np.abs(result.answers).max()
        for row in range(3):
            truth = exact(output, X, background, players, row)
            np.testing.assert_allclose(result.values[row], truth, atol=1e-9)
        return result

    return check


def test_a_line_known_by_hand():
    """Of 3 a - b at (1, 1), above the means 1/2 and 1/2: 3/2 and -1/2."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    model = LinearRegression().fit(X, 3 * X[:, 0] - X[:, 1])
    result = linear_values(output_of(model), X[3:], X, players_of(X))
    np.testing.assert_allclose(result.values[0, :, 0], [1.5, -0.5], atol=1e-12)
    assert result.base == pytest.approx([1.0])


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        Ridge(),
        Lasso(0.1),
        ElasticNet(0.1),
        HuberRegressor(max_iter=1000),
        make_pipeline(Scaler(), Ridge()),
        make_pipeline(SplineTransformer(n_knots=4), Ridge()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_regressions_equal_the_definition(agrees, model):
    X, y = table()
    agrees(model.fit(X, y), X[:9], X[40:50])
    agrees(model, X[:9], X[40:50], groups={"both": [1, 3]})


@pytest.mark.parametrize("model", [LogisticRegression(), LinearDiscriminantAnalysis()])
def test_two_classes_in_log_odds_equal_the_definition(agrees, model):
    X, y = table()
    model.fit(X, y + np.random.default_rng(1).normal(size=120) * 4 > 0)
    both = agrees(model, X[:9], X[40:50], scale="log odds", target=["True", "False"])
    np.testing.assert_allclose(both.values[:, :, 0], -both.values[:, :, 1], atol=1e-12)


def test_a_pipeline_has_its_raw_columns_as_players(agrees):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(40, 9, 200), "job": rng.choice(list("abcd"), 200)})
    y = X["age"] / 10 + X["job"].map({"a": 1, "b": 0, "c": -1, "d": 5}) + rng.normal(size=200)
    steps = ColumnTransformer([("levels", OneHotEncoder(), ["job"]), ("age", Scaler(), ["age"])])
    model = make_pipeline(steps, Ridge()).fit(X, y)
    result = agrees(model, X[:9], X[40:90])
    assert result.features == ("age", "job")


def test_the_error_of_a_sample_of_background_rows_is_what_it_says():
    """Over 400 samples of 10 rows the values spread as the standard errors say."""
    X, y = table(4000)
    model = make_pipeline(Scaler(), Ridge()).fit(X, y)
    output, players = output_of(model), players_of(X)
    found = [
        linear_values(output, X[:1], X[start : start + 10], players) for start in range(0, 4000, 10)
    ]
    spread = np.std([each.values[0, :, 0] for each in found], axis=0, ddof=1)
    stated = np.sqrt(np.mean([each.background_errors[0, :, 0] ** 2 for each in found], axis=0))
    # The standard error of a standard deviation of 400 normal numbers is a 28th of it.
    np.testing.assert_allclose(spread, stated, rtol=4 / np.sqrt(800))


def test_one_background_row_has_no_error_to_state(agrees):
    X, y = table()
    result = agrees(Ridge().fit(X, y), X[:5], X[9:10])
    assert result.background_errors is None


def test_what_is_no_sum_is_left_to_others():
    X, y = table()
    players = players_of(X)

    def refused(model, target, **options):
        output = output_of(model.fit(X, target), **options)
        return linear_values(output, X[:9], X[40:50], players) is None

    assert refused(LogisticRegression(), y > 0)
    assert refused(LogisticRegression(), np.digitize(y, [-1, 1]), scale="log odds")
    assert refused(PoissonRegressor(), np.abs(y))
    assert refused(RandomForestRegressor(3), y)
    assert refused(make_pipeline(PolynomialFeatures(2), Ridge()), y)
    assert refused(make_pipeline(PCA(3), Ridge()), y)
    output = output_of(Ridge().fit(X, y))
    assert linear_values(output, X[:9], X, players, game="path-dependent") is None
    honest = output.predictor.answer
    output.predictor.answer = lambda rows: np.maximum(honest(rows), -1)
    assert linear_values(output, X[:9], X[40:50], players) is None
