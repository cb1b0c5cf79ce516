from __future__ import annotations

from dataclasses import replace
from math import factorial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from alignlab.predictors import Predictor
from alignlab.transparency.outputs import output_of
from alignlab.transparency.pool import players_of
from alignlab.transparency.shapley.forests import forest_of
from alignlab.transparency.shapley.trees import _walked, tree_note, tree_values


@pytest.fixture
def agrees(exact):
    def check(model, X, background, *, rows=(0, 1, 2), groups=None, **options):
        output = output_of(model, **options)
        players = players_of(X, groups)
        result = tree_values(output, X, background, players)
        assert result is not None
        assert result.features == tuple(players)
        scale = np.abs(result.answers).max()
        for row in rows:
            truth = exact(output, X, background, players, row)
            np.testing.assert_allclose(result.values[row], truth, rtol=0, atol=1e-9 * scale)
        assert result.gap <= 1e-9 * scale
        return result

    return check


def table(n=120, columns=6, seed=0, missing=False):
    rng = np.random.default_rng(seed)
    # Rounded, so that cells often lie on thresholds; not all of them numbers of float32.
    X = np.round(rng.normal(size=(n, columns)), 1)
    y = X[:, 0] * X[:, 1] + np.abs(X[:, 2]) + 0.3 * rng.normal(size=n)
    if missing:
        X[rng.random(X.shape) < 0.2] = np.nan
    return X, y


def frame(n=200, seed=0):
    rng = np.random.default_rng(seed)
    income = np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 20, size=n))
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 80, size=n),
            "job": rng.choice(["clerk", "cook", "smith", "nurse", "judge"], size=n),
            "income": income,
            "own home": rng.choice(["yes", "no"], size=n),
        }
    )
    y = (X["income"].fillna(30) > 35) & (X["job"] != "cook") | (X["age"] > 70)
    return X, y.to_numpy().astype(int)


def test_a_tree_of_two_features_is_the_game_known_by_hand():
    """f = 1 where a and b are 1, over the four corners: each half of what (1, 1) has above 1/4."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    model = DecisionTreeRegressor().fit(X, [0.0, 0.0, 0.0, 1.0])
    result = tree_values(output_of(model), X, X, {"a": (0,), "b": (1,)})
    # (1, 0): known b = 0 alone takes 1/4 away, after a = 1 it takes 1/2 away.
    expected = [[-0.125, -0.125], [-0.375, 0.125], [0.125, -0.375], [0.375, 0.375]]
    np.testing.assert_allclose(result.values[:, :, 0], expected, atol=1e-15)
    assert result.base == pytest.approx([0.25])


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(random_state=0),
        DecisionTreeRegressor(max_depth=3, random_state=0),
        RandomForestRegressor(n_estimators=6, random_state=0),
        ExtraTreesRegressor(n_estimators=6, max_depth=5, random_state=0),
        GradientBoostingRegressor(n_estimators=12, random_state=0),
        HistGradientBoostingRegressor(max_iter=12, min_samples_leaf=3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_regressors_equal_the_definition(agrees, model):
    X, y = table()
    agrees(model.fit(X, y), X[:20], X[40:57])


@pytest.mark.parametrize(
    ("model", "scale"),
    [
        (DecisionTreeClassifier(random_state=0), "probability"),
        (RandomForestClassifier(n_estimators=6, random_state=0), "probability"),
        (ExtraTreesClassifier(n_estimators=6, class_weight="balanced"), "probability"),
        (GradientBoostingClassifier(n_estimators=12, random_state=0), "log odds"),
        (GradientBoostingClassifier(n_estimators=9, loss="exponential"), "log odds"),
        (HistGradientBoostingClassifier(max_iter=12, random_state=0), "log odds"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_classifiers_equal_the_definition(agrees, model, scale):
    X, y = table()
    model = model.fit(X, y > 0.5)
    both = agrees(model, X[:20], X[40:57], scale=scale, target=["False", "True"])
    np.testing.assert_allclose(both.values[:, :, 0], -both.values[:, :, 1], atol=1e-12)
    assert both.outputs == ("False", "True")


def test_forests_of_three_classes_have_three_outputs(agrees):
    X, y = table()
    model = RandomForestClassifier(n_estimators=5, random_state=0).fit(X, np.digitize(y, [0, 1]))
    result = agrees(model, X[:10], X[40:50])
    np.testing.assert_allclose(result.values.sum(axis=2), 0, atol=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestRegressor(n_estimators=5, random_state=0),
        HistGradientBoostingRegressor(max_iter=10, min_samples_leaf=3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_missing_cells_follow_the_branch_that_the_model_sends_them(agrees, model):
    X, y = table(missing=True)
    agrees(model.fit(X, y), X[:20], X[40:57])


def test_cells_between_two_numbers_of_single_precision_are_judged_as_each_library_does(agrees):
    """Forests round cells, histogram boosting does not: one rule for both is wrong for one."""
    grid = 1 + np.arange(400) * 2.0**-26
    X = np.column_stack([grid, np.tile([0.0, 1.0], 200)])
    y = np.sin(np.arange(400) / 9) + X[:, 1] * (np.arange(400) > 150)
    for model in (
        HistGradientBoostingRegressor(max_iter=10, min_samples_leaf=2),
        RandomForestRegressor(n_estimators=5, random_state=0),
    ):
        agrees(model.fit(X, y), X[::23], X[5::29], rows=range(10))


def test_thresholds_of_single_precision_would_move_values_and_leave_every_sum_right():
    """What a known peer does to forests, on the page: no check of the sum can see it."""
    X, y = load_breast_cancer(return_X_y=True)
    X, behind = X[:, :12], X[::11, :12][:50]
    model = RandomForestClassifier(50, max_depth=6, random_state=0).fit(X, y)
    output = output_of(model)
    right = tree_values(output, X, behind, players_of(X)).values
    forest = forest_of(model, output)
    rounded = replace(forest, threshold=forest.threshold.astype(np.float32).astype(np.float64))
    wrong, _ = _walked(rounded, np.arange(12), X, behind, 12, False)
    assert 0.0022 < np.abs(wrong - right).max() < 0.0024
    assert np.abs((wrong - right).sum(axis=1)).max() < 1e-12
    asks = forest.column >= 0
    cells = X.astype(np.float32)[:, forest.column[asks]]
    moved = (cells <= forest.threshold[asks]) != (cells <= rounded.threshold[asks])
    assert (moved.any(axis=0).sum(), asks.sum()) == (6, 1_122)


def test_categories_and_codes_of_histogram_boosting(agrees):
    X, y = frame()
    X["job"] = X["job"].astype("category")
    X["own home"] = X["own home"].astype("category")
    model = HistGradientBoostingClassifier(
        max_iter=15, min_samples_leaf=3, categorical_features="from_dtype", random_state=0
    ).fit(X, y)
    agrees(model, X[:20], X[40:57], scale="log odds", rows=range(6))
    # Positions stated on an array, and a category that was not there in training.
    codes = np.column_stack([X["age"], X["job"].cat.codes, X["income"].fillna(0)]).astype(float)
    model = HistGradientBoostingRegressor(
        max_iter=15, min_samples_leaf=3, categorical_features=[1], random_state=0
    ).fit(codes, y)
    codes[3, 1], codes[44, 1], codes[5, 1] = 77, 99, np.nan
    agrees(model, codes[:20], codes[40:57], rows=range(6))


def pipeline(model):
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return make_pipeline(
        ColumnTransformer(
            [
                ("levels", OneHotEncoder(), make_column_selector(dtype_exclude=np.number)),
                ("numbers", numbers, make_column_selector(dtype_include=np.number)),
            ]
        ),
        model,
    )


@pytest.mark.parametrize(
    ("model", "scale"),
    [
        (RandomForestClassifier(n_estimators=8, max_depth=6, random_state=0), "probability"),
        (GradientBoostingClassifier(n_estimators=15, random_state=0), "log odds"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_pipelines_that_work_column_by_column_have_raw_columns_as_players(agrees, model, scale):
    X, y = frame()
    fitted = pipeline(model).fit(X, y)
    result = agrees(fitted, X[:20], X[40:57], scale=scale)
    assert result.features == ("age", "job", "income", "own home")
    agrees(fitted, X[:9], X[40:57], scale=scale, groups={"person": ["age", "job"]})


def test_a_search_is_opened_at_its_best_estimator(agrees):
    X, y = frame()
    search = GridSearchCV(
        pipeline(RandomForestClassifier(n_estimators=5, random_state=0)),
        {"randomforestclassifier__max_depth": [2, 4]},
        cv=2,
    ).fit(X, y)
    agrees(search, X[:5], X[40:57])


def test_groups_of_columns_move_together(agrees):
    X, y = table()
    model = RandomForestRegressor(n_estimators=6, random_state=0).fit(X, y)
    groups = {"signal": [0, 1, 2], "noise": [3, 5]}
    together = agrees(model, X[:20], X[40:57], groups=groups)
    alone = agrees(model, X[:20], X[40:57])
    # The sum of the columns' values is another number than the group's.
    summed = alone.values[:, :3, 0].sum(axis=1)
    assert np.abs(together.values[:, 0, 0] - summed).max() > 1e-3


def test_one_hot_columns_of_a_frame_are_one_player(agrees):
    X, y = frame()
    wide = pd.get_dummies(X[["age", "job"]], dtype=float)
    model = RandomForestRegressor(n_estimators=6, random_state=0).fit(wide, y)
    result = agrees(model, wide[:10], wide[40:57])
    assert result.features == ("age", "job")


def test_deep_trees_and_many_players(agrees):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 24))
    y = np.sign(X).prod(axis=1) + X.sum(axis=1)
    model = DecisionTreeRegressor(random_state=0).fit(X, y)
    assert model.get_depth() >= 12
    groups = {"left": list(range(8)), "middle": list(range(8, 16))}
    agrees(model, X[:30], X[30:60], groups=groups, rows=(0, 7))
    result = tree_values(output_of(model), X[:30], X[30:60], players_of(X))
    assert result.gap < 1e-12


def test_a_chain_of_more_players_than_one_path_can_hold_is_left_to_others():
    X = np.eye(90)  # each split takes one row away
    model = DecisionTreeRegressor(random_state=0).fit(X, np.arange(90.0))
    assert model.get_depth() > 62
    assert tree_values(output_of(model), X[:3], X[5:9], players_of(X)) is None


def test_single_leaves_constant_features_and_unread_ones_have_no_value(agrees):
    X, y = table(40, 3)
    X[:, 1] = 4.0
    stump = DecisionTreeRegressor().fit(X, np.full(40, 2.5))
    result = tree_values(output_of(stump), X[:5], X[5:9], players_of(X))
    assert (result.values == 0).all()
    assert result.base == pytest.approx([2.5])
    result = agrees(RandomForestRegressor(5, random_state=0).fit(X, y), X[:5], X[5:20])
    assert (result.values[:, 1] == 0).all()
    wide = pd.DataFrame(X, columns=["a", "b", "c"])
    model = DecisionTreeRegressor(random_state=0).fit(wide[["c", "a"]], y)
    result = agrees(model, wide[:5], wide[5:20])
    assert (result.values[:, 1] == 0).all()


def test_one_background_row_and_order_of_rows(agrees):
    X, y = table()
    model = RandomForestRegressor(5, random_state=0).fit(X, y)
    agrees(model, X[:5], X[9:10])
    output, players = output_of(model), players_of(X)
    first = tree_values(output, X[:30], X[40:60], players)
    turned = tree_values(output, X[:30][::-1], X[40:60][::-1], players)
    np.testing.assert_allclose(first.values[::-1], turned.values, atol=1e-13)
    again = tree_values(output, X[:30], X[40:60], players)
    assert first.values.tobytes() == again.values.tobytes()


def test_many_rows_in_blocks_are_as_a_few(monkeypatch):
    X, y = table()
    output = output_of(RandomForestRegressor(5, random_state=0).fit(X, y))
    whole = tree_values(output, X, X[40:44], players_of(X))
    monkeypatch.setattr("alignlab.transparency.shapley.trees.BLOCK", 17)
    parts = tree_values(output, X, X[40:44], players_of(X))
    np.testing.assert_array_equal(whole.values, parts.values)


def by_cover(tree, x, known, node=0):
    """What a tree answers where only the known columns are, branches weighed by training rows."""
    if tree.children_left[node] < 0:
        return tree.value[node, 0, 0]
    left, right = tree.children_left[node], tree.children_right[node]
    if tree.feature[node] in known:
        goes = np.float32(x[tree.feature[node]]) <= tree.threshold[node]
        return by_cover(tree, x, known, left if goes else right)
    weights = tree.weighted_n_node_samples
    share = weights[left] / weights[node]
    return share * by_cover(tree, x, known, left) + (1 - share) * by_cover(tree, x, known, right)


def test_the_path_dependent_game_equals_its_definition():
    X, y = table(columns=5)
    model = RandomForestRegressor(4, random_state=0).fit(X, y)
    result = tree_values(output_of(model), X[:6], X, players_of(X), game="path-dependent")
    for row in range(3):
        values = np.zeros(5)
        for player in range(5):
            for code in range(2**5):
                known = {p for p in range(5) if code >> p & 1} - {player}
                if code >> player & 1:
                    continue
                weight = factorial(len(known)) * factorial(4 - len(known)) / factorial(5)
                for tree in model.estimators_:
                    with_it = by_cover(tree.tree_, X[row], known | {player})
                    without = by_cover(tree.tree_, X[row], known)
                    values[player] += weight * (with_it - without) / 4
        np.testing.assert_allclose(result.values[row, :, 0], values, atol=1e-12)
    assert result.game == "path-dependent"
    assert result.gap < 1e-12
    # Another game: the two must not be mixed.
    other = tree_values(output_of(model), X[:6], X, players_of(X))
    assert np.abs(other.values - result.values).max() > 1e-2


def test_the_path_dependent_game_of_boosting_adds_up():
    X, y = table(missing=True)
    for model in (
        HistGradientBoostingClassifier(max_iter=20, random_state=0),
        GradientBoostingClassifier(n_estimators=20, random_state=0),
    ):
        X_ = np.nan_to_num(X) if isinstance(model, GradientBoostingClassifier) else X
        output = output_of(model.fit(X_, y > 0.5), scale="log odds")
        result = tree_values(output, X_[:30], X_, players_of(X_), game="path-dependent")
        assert result.gap < 1e-12


def refused(model, X, **options):
    return tree_values(output_of(model, **options), X[:10], X[40:57], players_of(X)) is None


def test_what_does_not_add_up_is_left_to_others():
    X, y = table()
    boosted = HistGradientBoostingClassifier(max_iter=5).fit(X, y > 0.5)
    assert refused(boosted, X)
    assert "log odds" in tree_note(output_of(boosted))
    three = HistGradientBoostingClassifier(max_iter=5).fit(X, np.digitize(y, [0, 1]))
    assert refused(three, X, scale="log odds")
    assert tree_note(output_of(three)) is None
    forest = RandomForestClassifier(5, min_samples_leaf=20, random_state=0).fit(X, y > 0.5)
    assert refused(forest, X, scale="log odds")
    assert refused(forest, X, scale="decision")
    assert "probabilities" in tree_note(output_of(forest, scale="log odds"))
    positive = HistGradientBoostingRegressor(loss="poisson", max_iter=5).fit(X, np.abs(y))
    assert refused(positive, X)
    mixing = make_pipeline(PolynomialFeatures(2), RandomForestRegressor(5, random_state=0))
    assert refused(mixing.fit(X, y), X)
    X[::40, 0] = np.nan
    guessing = make_pipeline(KNNImputer(), RandomForestRegressor(5, random_state=0))
    assert refused(guessing.fit(X, y), X)
    X = np.nan_to_num(X)
    begun = GradientBoostingRegressor(n_estimators=5, init=DecisionTreeRegressor(max_depth=2))
    assert refused(begun.fit(X, y), X)
    assert refused(Predictor(lambda rows: rows[:, 0], "regression"), X)


def test_a_model_that_answers_otherwise_than_its_trees_is_left_to_others():
    X, y = table()
    forest = RandomForestRegressor(5, random_state=0).fit(X, y)
    output = output_of(forest)
    honest = output.predictor.answer
    players = players_of(X)
    assert tree_values(output, X[:10], X[40:57], players) is not None
    for wrong in (
        lambda rows: np.exp(honest(rows)),
        lambda rows: honest(rows) * (1 + 1e-7),
        lambda rows: honest(rows) + 1e-6 * (rows[:, 0] > 1),
    ):
        output.predictor.answer = wrong
        assert tree_values(output, X[:10], X[40:57], players) is None


def test_a_row_that_is_answered_otherwise_is_found_wherever_it_is():
    """Sixty-four rows put together need not meet it; every row explained is compared as well."""
    X, y = table()
    X[7, 4] = 1e6  # a cell that the other rows do not have
    forest = RandomForestRegressor(5, max_features=1, random_state=0).fit(X, y)
    output = output_of(forest)
    honest = output.predictor.answer
    output.predictor.answer = lambda rows: honest(rows) + 1e-3 * (rows == X[7]).all(axis=1)
    assert tree_values(output, X[:10], X[40:57], players_of(X)) is None
    assert tree_values(output, X[8:10], X[40:57], players_of(X)) is not None


def test_the_models_own_rows_are_counted_and_no_more():
    X, y = table()
    output = output_of(RandomForestRegressor(5, random_state=0).fit(X, y))
    result = tree_values(output, X[:10], X[40:57], players_of(X))
    assert result.evaluations == output.predictor.rows_evaluated
