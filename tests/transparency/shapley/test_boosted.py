"""XGBoost and LightGBM: routes exactly as the libraries take them, values as by the definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lightgbm import Booster, LGBMClassifier, LGBMRegressor
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBClassifier, XGBRegressor

from alignlab.predictors.boosters import CategoryCodes
from alignlab.transparency.outputs import output_of
from alignlab.transparency.pool import players_of
from alignlab.transparency.shapley.forests import forest_of
from alignlab.transparency.shapley.trees import tree_note, tree_values

LIGHT = {"n_estimators": 12, "num_leaves": 9, "min_child_samples": 4, "verbose": -1, "n_jobs": 1}
EXTREME = {"n_estimators": 12, "max_depth": 4, "n_jobs": 1}


def table(n=200, columns=5, seed=0, missing=False):
    rng = np.random.default_rng(seed)
    # Rounded, so that cells lie on thresholds; most are no numbers of single precision.
    X = np.round(rng.normal(size=(n, columns)), 1)
    y = X[:, 0] * X[:, 1] + np.abs(X[:, 2]) + 0.3 * rng.normal(size=n)
    if missing:
        X[rng.random(X.shape) < 0.2] = np.nan
    return X, y


def frame(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": np.round(rng.normal(40, 9, size=n), 1),
            "job": pd.Categorical(rng.choice(["clerk", "cook", "smith", "nurse", "judge"], n)),
            "house": pd.Categorical(rng.choice([30, 7, 9, 12], n)),
        }
    )
    y = X["age"] / 20 + X["job"].isin(["cook", "nurse"]) * (X["house"] != 9)
    X.loc[rng.random(n) < 0.1, "job"] = np.nan
    X.loc[rng.random(n) < 0.1, "age"] = np.nan
    return X, y.to_numpy()


def by_leaves(model):
    """The sum of an XGBoost model in double precision, routed by the library and not by us."""
    told = model.get_booster().trees_to_dataframe()
    leaves = told[told["Feature"] == "Leaf"]
    worth = {
        (tree, node): float(np.float32(value))
        for tree, node, value in zip(leaves["Tree"], leaves["Node"], leaves["Gain"], strict=True)
    }

    def game(rows):
        reached = model.apply(rows).astype(int)
        return np.array([sum(worth[t, i] for t, i in enumerate(row)) for row in reached])

    return game


@pytest.fixture
def agrees(exact):
    def check(model, X, background, *, rows=(0, 1, 2), groups=None, **options):
        output = output_of(model, **options)
        players = players_of(X, groups)
        result = tree_values(output, X, background, players)
        assert result is not None
        single = type(model).__module__.startswith("xgboost")
        game = by_leaves(model) if single else lambda rows: output(rows)[:, 0]
        scale = np.abs(result.answers).max()
        for row in rows:
            truth = exact(game, X, background, players, row)
            np.testing.assert_allclose(result.values[row], truth, rtol=0, atol=1e-9 * scale)
        # XGBoost adds its trees up in single precision: each addition is off by at most 2^-24 of
        # the sum so far, in the row and in the mean over the background. Its log odds are the
        # trees' sum.
        allowed = 1e-9 * scale
        if single and output.scale == "value":
            allowed = 2 * (len(forest_of(model, output).roots) + 1) * 2.0**-24 * scale
        assert result.gap <= allowed
        return result

    return check


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "with gaps"])
@pytest.mark.parametrize(
    "model",
    [
        XGBRegressor(**EXTREME),
        XGBRegressor(**EXTREME, base_score=7.5, tree_method="exact"),
        XGBRegressor(n_estimators=2, num_parallel_tree=5, subsample=0.6, random_state=0, n_jobs=1),
        LGBMRegressor(**LIGHT),
        LGBMRegressor(**LIGHT, boost_from_average=False, zero_as_missing=True),
        LGBMRegressor(**LIGHT, use_missing=False),
        LGBMRegressor(**LIGHT, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6),
        LGBMRegressor(**LIGHT, boosting_type="dart"),
        LGBMRegressor(**LIGHT, extra_trees=True, objective="l1"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_regressors_equal_the_definition(agrees, model, missing):
    X, y = table(missing=missing)
    agrees(model.fit(X, y), X[:20], X[40:57])


@pytest.mark.parametrize(
    "model",
    [
        XGBClassifier(**EXTREME),
        XGBClassifier(**EXTREME, base_score=0.2, scale_pos_weight=3),
        LGBMClassifier(**LIGHT),
        LGBMClassifier(**LIGHT, sigmoid=0.7, is_unbalance=True),
    ],
    ids=lambda model: type(model).__name__,
)
def test_classifiers_equal_the_definition_in_log_odds(agrees, model):
    X, y = table(missing=True)
    model.fit(X, (y > 0.5).astype(int))
    agrees(model, X[:20], X[40:57], scale="log odds")
    both = tree_values(
        output_of(model, scale="log odds", target=[0, 1]), X[:20], X[40:57], players_of(X)
    )
    np.testing.assert_allclose(both.values[:, :, 0], -both.values[:, :, 1], atol=1e-12)
    assert tree_values(output_of(model), X[:20], X[40:57], players_of(X)) is None
    assert "log odds" in tree_note(output_of(model))


@pytest.mark.parametrize("kind", [XGBRegressor, LGBMRegressor])
def test_cells_on_thresholds_and_between_two_numbers_of_single_precision(agrees, kind):
    """XGBoost asks for less than the threshold, LightGBM for at most that, at its own precision."""
    grid = 1 + np.arange(400) * 2.0**-26
    X = np.column_stack([grid, np.tile([0.0, 1.0], 200)])
    y = np.sin(np.arange(400) / 9) + X[:, 1] * (np.arange(400) > 150)
    model = kind(**(LIGHT if kind is LGBMRegressor else EXTREME)).fit(X, y)
    agrees(model, X[::23], X[5::29], rows=range(10))
    forest = forest_of(model, output_of(model))
    asked = forest.threshold[forest.column == 0]
    around = [asked, np.nextafter(asked, 9), np.nextafter(asked, -9)]
    around += [np.nextafter(np.float32(asked), np.float32(9)).astype(float)]
    rows = np.column_stack([np.concatenate(around), np.zeros(4 * len(asked))])
    truth = by_leaves(model)(rows) if kind is XGBRegressor else model.predict(rows)
    np.testing.assert_allclose(forest(forest.cells(rows))[:, 0], truth, rtol=0, atol=1e-12)


def test_a_missing_cell_may_be_a_number(agrees):
    X, y = table(missing=True)
    coded = np.where(np.isnan(X), -999.0, X)
    agrees(XGBRegressor(**EXTREME, missing=-999).fit(coded, y), coded[:20], coded[40:57])


@pytest.mark.parametrize("hot", [1, 99], ids=["by sets", "one against the others"])
@pytest.mark.parametrize("kind", [XGBRegressor, LGBMRegressor])
def test_categories_of_a_frame_and_codes_of_an_array(agrees, kind, hot):
    X, y = frame()
    if kind is XGBRegressor:
        model = XGBRegressor(**EXTREME, max_cat_to_onehot=hot, enable_categorical=True)
        codes_model = XGBRegressor(
            **EXTREME, max_cat_to_onehot=hot, enable_categorical=True, feature_types=["q", "c", "c"]
        )
        stated = {}
    else:
        few = {"cat_smooth": 1, "min_data_per_group": 5, "max_cat_to_onehot": hot}
        model, codes_model = LGBMRegressor(**LIGHT, **few), LGBMRegressor(**LIGHT, **few)
        stated = {"categorical_feature": [1, 2]}
    model.fit(X, y)
    read = forest_of(model, output_of(model))
    assert (read.category >= 0).any()
    agrees(model, X[:20], X[40:57], rows=range(6))
    # The same categories in another order are the same rows.
    other = X.assign(job=X["job"].cat.reorder_categories(sorted(X["job"].cat.categories)[::-1]))
    first, second = (
        tree_values(output_of(model), rows[:20], rows[40:57], players_of(X)) for rows in (X, other)
    )
    np.testing.assert_array_equal(first.values, second.values)
    # Codes as numbers: one that training never saw, and one that is missing.
    cells = CategoryCodes.of(model).transform(X).astype(float)
    codes_model.fit(cells, y, **stated)
    cells[3, 1], cells[44, 2], cells[5, 1], cells[6, 2] = 77, 99, np.nan, 3.7
    cells[[2, 41], 2] = np.nan  # where training met none
    agrees(codes_model, cells[:20], cells[40:57], rows=range(7))


@pytest.mark.parametrize("kind", [XGBRegressor, LGBMRegressor])
def test_categories_in_letters_of_several_bytes(agrees, kind):
    X, y = frame()
    X["job"] = X["job"].cat.rename_categories({"cook": "Köchin", "judge": "裁判官"})
    model = XGBRegressor(**EXTREME, enable_categorical=True)
    model = (model if kind is XGBRegressor else LGBMRegressor(**LIGHT)).fit(X, y)
    agrees(model, X[:20], X[40:57])


def test_confident_probabilities_of_single_precision_do_not_blur_the_values():
    """At log odds of 12 a probability is 1 but for some fifty units of its last digit."""
    X, _ = table()
    model = XGBClassifier(n_estimators=40, min_child_weight=0, reg_lambda=0, n_jobs=1)
    model.fit(X, (X[:, 0] > 0).astype(int))
    output = output_of(model, scale="log odds")
    result = tree_values(output, X[:50], X[60:80], players_of(X))
    margins = model.predict(X[:50], output_margin=True)
    assert np.abs(margins).max() > 12
    assert np.abs(output(X[:50])[:, 0] - margins).max() > 1e-3
    assert result.gap < 1e-12
    np.testing.assert_allclose(result.answers[:, 0], margins, rtol=1e-5)


def test_rounds_after_the_best_one_are_not_the_models():
    X, y = table()
    noise = y + np.random.default_rng(0).normal(size=len(y))
    early = XGBRegressor(
        n_estimators=80, early_stopping_rounds=3, num_parallel_tree=2, subsample=0.7
    )
    early.fit(X[:120], y[:120], eval_set=[(X[120:], noise[120:])], verbose=False)
    read = forest_of(early, output_of(early))
    assert len(read.roots) == 2 * (early.best_iteration + 1)
    assert early.best_iteration + 1 < early.get_booster().num_boosted_rounds()
    assert tree_values(output_of(early), X[:20], X[40:57], players_of(X)).gap < 1e-4


def test_lightgbm_boosters_and_pipelines(agrees, exact):
    X, y = frame()
    numbers, target = table()
    booster = LGBMRegressor(**LIGHT).fit(numbers, target).booster_
    assert isinstance(booster, Booster)
    agrees(booster, numbers[:20], numbers[40:57], task="regression")
    X = X.fillna({"age": 40.0})
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["job", "house"]), remainder="passthrough"
    )
    model = make_pipeline(encode, XGBClassifier(**EXTREME)).fit(X, (y > 2.4).astype(int))
    output = output_of(model, scale="log odds")
    result = tree_values(output, X[:20], X[40:57], players_of(X))
    assert result.features == ("age", "job", "house")
    truth = exact(lambda rows: output(rows)[:, 0], X, X[40:57], players_of(X), 0)
    np.testing.assert_allclose(result.values[0], truth, atol=1e-5)


@pytest.mark.parametrize("kind", [XGBRegressor, LGBMRegressor])
def test_the_path_dependent_game_adds_up(kind):
    X, y = table(missing=True)
    model = kind(**(LIGHT if kind is LGBMRegressor else EXTREME)).fit(X, y)
    result = tree_values(output_of(model), X[:20], X, players_of(X), game="path-dependent")
    # Both libraries have this game, and LightGBM's is of double precision.
    if kind is LGBMRegressor:
        told = model.predict(X[:20], pred_contrib=True)
        np.testing.assert_allclose(result.values[:, :, 0], told[:, :-1], atol=1e-12)
    else:
        from xgboost import DMatrix

        told = model.get_booster().predict(DMatrix(X[:20]), pred_contribs=True)
        np.testing.assert_allclose(result.values[:, :, 0], told[:, :-1], atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*deprecated:UserWarning")
def test_what_is_not_understood_is_left_to_others():
    X, y = table()
    three = np.digitize(y, [0, 1])
    models = [
        XGBRegressor(**EXTREME, booster="dart", rate_drop=0.5),
        XGBRegressor(n_estimators=3, booster="gblinear"),
        XGBRegressor(**EXTREME, objective="count:poisson"),
        LGBMRegressor(**LIGHT, linear_tree=True),
        LGBMRegressor(**LIGHT, objective="poisson"),
    ]
    for model in models:
        output = output_of(model.fit(X, np.abs(y)))
        assert tree_values(output, X[:10], X[40:57], players_of(X)) is None
        assert tree_note(output) is None
    for model in (XGBClassifier(**EXTREME), LGBMClassifier(**LIGHT)):
        for scale in ("probability", "log odds", "decision"):
            output = output_of(model.fit(X, three), scale=scale)
            assert tree_values(output, X[:10], X[40:57], players_of(X)) is None
            assert tree_note(output) is None


def test_a_row_that_goes_down_another_branch_is_seen_in_spite_of_single_precision():
    X, y = table()
    model = XGBRegressor(**EXTREME).fit(X, y)
    output = output_of(model)
    assert tree_values(output, X[:10], X[40:57], players_of(X)) is not None
    honest = output.predictor.answer
    output.predictor.answer = lambda rows: honest(rows) + 1e-4 * (rows == X[7]).all(axis=1)
    assert tree_values(output, X[:10], X[40:57], players_of(X)) is None
