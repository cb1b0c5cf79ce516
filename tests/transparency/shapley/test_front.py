"""Shapley values of a model's answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor, as_predictor
from alignlab.transparency.shapley import front, shapley_values

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5))
BACKGROUND = RNG.normal(size=(40, 5))
SLOPES = np.array([1.0, -2.0, 0.5, 0.0, 3.0])


def curved(rows):
    rows = np.asarray(rows, dtype=float)
    return np.tanh(rows @ SLOPES) + rows[:, 0] * rows[:, 1]


def bent(rows):
    return np.tanh(rows).sum(axis=1)


def linear(rows):
    return np.asarray(rows, dtype=float) @ SLOPES


@pytest.mark.parametrize("method", ["exact", "odd regression", "kernel", "permutation"])
def test_of_a_linear_model_they_are_slope_times_distance_from_the_mean(method):
    found = shapley_values(linear, X, BACKGROUND, task="regression", method=method)
    expected = SLOPES * (X - BACKGROUND.mean(axis=0))
    np.testing.assert_allclose(found.values[:, :, 0], expected, atol=1e-12)
    assert found.gap < 1e-12
    np.testing.assert_allclose(found.base, linear(BACKGROUND).mean())
    # The error of the background mean of slope * feature.
    spread = np.abs(SLOPES) * BACKGROUND.std(axis=0, ddof=1) / np.sqrt(len(BACKGROUND))
    np.testing.assert_allclose(found.background_errors[:, :, 0], [spread] * 3, atol=1e-12)


def test_an_exact_run_asks_for_each_coalition_with_each_background_row_once():
    model = Predictor(curved, "regression")
    found = shapley_values(model, X, BACKGROUND)
    assert found.method == "exact, all coalitions"
    assert found.evaluations == model.rows_evaluated == 3 * 30 * 40 + 40 + 3
    assert not found.standard_errors.any()
    assert found.gap < 1e-14


def test_the_background_error_is_the_spread_over_background_rows():
    found = shapley_values(curved, X[:1], BACKGROUND, task="regression")
    alone = [
        shapley_values(curved, X[:1], row[None], task="regression", game="baseline").values[0, :, 0]
        for row in BACKGROUND
    ]
    np.testing.assert_allclose(found.values[0, :, 0], np.mean(alone, axis=0), atol=1e-12)
    expected = np.std(alone, axis=0, ddof=1) / np.sqrt(len(BACKGROUND))
    np.testing.assert_allclose(found.background_errors[0, :, 0], expected, atol=1e-12)


def test_the_background_error_knows_no_order_of_the_background_rows():
    rows = np.repeat(np.sort(np.random.default_rng(0).normal(size=4000))[:, None], 2, axis=1)
    found = shapley_values(lambda X: X[:, 0] * 3 + X[:, 1], rows[:1], rows, task="regression")
    expected = np.array([3, 1]) * rows[:, 0].std(ddof=1) / np.sqrt(4000)
    # 128 parts: the error has 127 degrees of freedom, and so a standard deviation of 6%.
    np.testing.assert_allclose(found.background_errors[0, :, 0], expected, rtol=0.25)


def test_rows_explained_together_are_as_if_explained_alone():
    together = shapley_values(curved, X, BACKGROUND, task="regression", method="permutation")
    alone = shapley_values(curved, X[1:2], BACKGROUND, task="regression", method="permutation")
    np.testing.assert_allclose(together.values[1], alone.values[0], atol=1e-12)


def test_a_feature_that_cannot_differ_has_the_value_zero_exactly():
    fixed = BACKGROUND.copy()
    fixed[:, 1] = 2.0
    rows = X.copy()
    rows[0, 1] = 2.0
    found = shapley_values(curved, rows, fixed, task="regression", method="permutation")
    assert found.values[0, 1, 0] == 0
    assert found.values[1, 1, 0] != 0
    assert found.gap < 1e-13


def test_tables_with_categories_missing_values_and_one_hot_columns():
    background = pd.DataFrame(
        {
            "age": [30.0, np.nan, 50.0, 60.0],
            "job": pd.Categorical(["nurse", "clerk", None, "clerk"]),
            "race_a": [1, 0, 0, 1],
            "race_b": [0, 1, 1, 0],
        }
    )
    rows = background.iloc[[1]].assign(job=pd.Categorical(["pilot"]))
    seen = []

    def model(table):
        seen.append(table)
        return table["age"].fillna(40) / 10 + (table["job"] == "pilot") - 2 * table["race_b"]

    found = shapley_values(model, rows[background.columns[::-1]], background, task="regression")
    assert found.features == ("race", "job", "age")
    expected = [-2 + 1, 1.0, (40 - 45) / 10]
    np.testing.assert_allclose(found.values[0, :, 0], expected, atol=1e-12)
    assert all(table["race_a"].add(table["race_b"]).eq(1).all() for table in seen)
    assert all(isinstance(table["job"].dtype, pd.CategoricalDtype) for table in seen)


def test_classes_are_explained_together_and_sum_to_nothing():
    def three(rows):
        scores = np.exp(np.asarray(rows)[:, :3])
        return scores / scores.sum(axis=1, keepdims=True)

    found = shapley_values(three, X, BACKGROUND, classes=["a", "b", "c"])
    assert found.outputs == ("a", "b", "c")
    assert found.values.shape == (3, 5, 3)
    np.testing.assert_allclose(found.values.sum(axis=2), 0, atol=1e-14)
    one = shapley_values(three, X, BACKGROUND, classes=["a", "b", "c"], target="b")
    np.testing.assert_allclose(one.values[:, :, 0], found.values[:, :, 1], atol=1e-14)


def test_a_group_is_one_player():
    found = shapley_values(curved, X, BACKGROUND, task="regression", groups={"first two": [0, 1]})
    assert found.features == ("first two", "2", "3", "4")


def test_the_budget_is_kept():
    found = shapley_values(
        curved, X, BACKGROUND, task="regression", max_evaluations=2500, method="permutation"
    )
    assert found.evaluations <= 2500
    assert "stopped at the budget" in found.notes[0]


@pytest.mark.parametrize("budget", [402, 404, 1000])
def test_a_budget_that_is_spent_already_buys_no_coalition(budget):
    rows, background = RNG.integers(0, 2, (3, 8)), RNG.integers(0, 2, (400, 8))
    with pytest.raises(InputError, match="a smaller background need less"):
        shapley_values(bent, rows, background, task="regression", max_evaluations=budget)


def test_a_large_background_is_used_as_given_with_fewer_coalitions(monkeypatch):
    monkeypatch.setattr(front, "ROWS", 20_000)
    background = np.repeat(BACKGROUND, 50, axis=0) + RNG.normal(size=(2000, 5)) / 9
    rows = background[:1]
    with pytest.raises(InputError, match="max_evaluations allows 12"):
        shapley_values(curved, rows, background, task="regression")
    few = shapley_values(curved, rows, background[:1000], task="regression")
    assert few.method == "odd regression"
    assert few.evaluations <= 20_000 + 1000 + 1
    assert few.background_rows == 1000


def test_few_values_make_all_coalitions_affordable():
    rows = RNG.integers(0, 2, (2, 12))
    background = RNG.integers(0, 2, (400, 12))
    found = shapley_values(
        lambda table: np.cos(table.sum(axis=1)), rows, background, task="regression",
        max_evaluations=10_000,
    )  # fmt: skip
    assert found.method == "exact, all coalitions"
    assert found.evaluations <= 10_000


FITTED = {
    "linear": LinearRegression().fit(BACKGROUND, curved(BACKGROUND)),
    "trees": RandomForestRegressor(5, random_state=0).fit(BACKGROUND, curved(BACKGROUND)),
}


@pytest.mark.parametrize("kind", FITTED)
def test_linear_models_and_trees_are_solved_by_their_structure_to_the_same_values(kind):
    model = as_predictor(FITTED[kind])
    told = shapley_values(model, X, BACKGROUND)
    assert told.method.startswith("exact")
    assert told.evaluations == model.rows_evaluated < 1000
    asked = shapley_values(FITTED[kind], X, BACKGROUND, method="exact")
    assert asked.evaluations > 1000
    np.testing.assert_allclose(told.values, asked.values, atol=1e-10)
    np.testing.assert_allclose(told.base, asked.base, atol=1e-10)
    by_name = shapley_values(FITTED[kind], X, BACKGROUND, method=kind)
    assert by_name.values.tobytes() == told.values.tobytes()


def test_a_structure_that_the_model_does_not_have_is_refused():
    with pytest.raises(InputError, match="method='trees' cannot be had"):
        shapley_values(FITTED["linear"], X, BACKGROUND, method="trees")
    with pytest.raises(InputError, match="game='path-dependent' cannot be had"):
        shapley_values(FITTED["linear"], X, BACKGROUND, game="path-dependent")
    with pytest.raises(InputError, match="method='linear' cannot be had"):
        shapley_values(FITTED["linear"], X, BACKGROUND, method="linear", game="conditional")


def test_a_scale_that_is_in_the_way_of_exact_values_is_said():
    model = GradientBoostingClassifier(n_estimators=3).fit(BACKGROUND, BACKGROUND[:, 0] > 0)
    assert "scale='log odds'" in shapley_values(model, X, BACKGROUND).notes[0]
    assert shapley_values(model, X, BACKGROUND, scale="log odds").method.startswith("exact")


def test_the_games_have_their_names_and_their_own_answers():
    forest = FITTED["trees"]
    found = {
        game: shapley_values(
            forest, X, BACKGROUND[:1] if game == "baseline" else BACKGROUND, game=game
        )
        for game in ("interventional", "baseline", "conditional", "path-dependent")
    }
    assert [each.game for each in found.values()] == list(found)
    values = [each.values for each in found.values()]
    assert all(
        np.abs(one - two).max() > 1e-3 for at, one in enumerate(values) for two in values[:at]
    )
    assert all(each.gap < 1e-12 for each in found.values())
    assert found["conditional"].background_errors is None


def test_all_coalitions_are_taken_where_they_are_asked_for_by_name():
    rows, background = RNG.normal(size=(1, 13)), RNG.normal(size=(2, 13))
    given = {"X": rows, "background": background, "task": "regression"}
    assert shapley_values(bent, **given, method="exact").evaluations == 2 * 8190 + 3
    assert shapley_values(bent, **given).method == "odd regression"
    with pytest.raises(InputError, match="needs 8,192 coalitions"):
        shapley_values(bent, **given, method="exact", max_evaluations=5000)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"game": "marginal"}, "game='marginal'"),
        ({"method": "kernal"}, "Did you mean 'kernel'"),
        ({"background": BACKGROUND[:1]}, "say game='baseline'"),
        ({"game": "baseline"}, r"background\[:1\]"),
        ({"background": BACKGROUND[:, :4]}, "one width"),
        ({"background": pd.DataFrame(BACKGROUND)}, "in one kind"),
        ({"groups": {"a": [7]}}, "names the column '7'"),
        ({"tolerance": 0}, "tolerance=0"),
        ({"max_evaluations": 2.5}, "max_evaluations=2.5"),
        ({"max_evaluations": 100, "method": "exact"}, "needs 32 coalitions"),
        ({"X": X[0]}, r"shape \(5,\)"),
        ({"X": {"income": 3.0}}, "^X is a dict. Give a data frame"),
        ({"X": X[:0]}, "X has no row"),
        ({"seed": "a"}, "seed='a'"),
        ({"groups": [[0, 1]]}, "groups is a list"),
        ({"groups": {"both": []}}, "The group 'both' is"),
        ({"scale": "log odds"}, "scale='log odds'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(change, said):
    given = {"X": X, "background": BACKGROUND, "task": "regression"} | change
    with pytest.raises(InputError, match=said) as error:
        shapley_values(curved, given.pop("X"), given.pop("background"), **given)
    assert "\n" not in str(error.value)


def test_other_columns_are_named():
    frame, other = pd.DataFrame({"age": [1.0]}), pd.DataFrame({"aeg": [1.0, 2.0]})
    with pytest.raises(InputError, match="Two columns are called 'age'"):
        shapley_values(len, frame.iloc[:, [0, 0]], frame, task="regression")
    with pytest.raises(InputError, match="'age' is missing from the background"):
        shapley_values(len, frame, other, task="regression")
    with pytest.raises(InputError, match="X is a series"):
        shapley_values(len, frame.iloc[0], other, task="regression")


def test_a_model_that_answers_with_labels_or_nothing_is_refused():
    with pytest.raises(ModelError):
        shapley_values(lambda rows: np.array(["a"] * len(rows)), X, BACKGROUND, classes=["a", "b"])
    with pytest.raises(ModelError, match="not a finite number"):
        shapley_values(lambda rows: np.full(len(rows), np.nan), X, BACKGROUND, task="regression")
