"""Partial dependence equals brute force and scikit-learn's, and says where it leaves the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.inspection import partial_dependence as peer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.transparency.effects import accumulated_local_effects, partial_dependence


def table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "income": rng.gamma(2, 20_000, n).round(),
            "children": rng.integers(0, 4, n),
            "home": rng.choice(["own", "rent", "free"], n),
            "rate": rng.normal(size=n).astype("float32"),
        }
    )


@pytest.fixture(scope="module")
def fitted():
    X = table()
    y = (X["income"] + 10_000 * (X["home"] == "own") > 40_000).astype(int)
    encoded = make_column_transformer((OneHotEncoder(), ["home"]), remainder="passthrough")
    model = make_pipeline(encoded, HistGradientBoostingClassifier(max_iter=10, random_state=0))
    return model.fit(X, y), X


def test_curves_and_own_curves_equal_brute_force_with_dtypes_kept(fitted):
    model, X = fitted
    effects = partial_dependence(model, X, individual=None, ale="never")
    assert [each.feature for each in effects.effects] == list(X.columns)
    for effect in effects.effects:
        for k, at in enumerate(effect.at):
            value = effect.labels[k] if effect.kind == "category" else at
            changed = X.copy()
            changed[effect.feature] = pd.Series([value] * len(X)).astype(X[effect.feature].dtype)
            known = model.predict_proba(changed)[:, 1]
            assert np.array_equal(effect.individual[:, k, 0], known)
            assert effect.values[k, 0] == pytest.approx(known.mean())


@pytest.mark.parametrize("weighted", [False, True])
def test_it_agrees_with_scikit_learn(fitted, weighted):
    model, X = fitted
    weights = np.random.default_rng(1).exponential(size=len(X)) if weighted else None
    effects = partial_dependence(
        model, X, ["income", "children"], pairs=[("income", "children")], individual=None,
        weights=weights, pair_points=4, ale="never",
    )  # fmt: skip
    for name in ("income", "children"):
        effect = effects[name]
        X_float = X.astype({name: float})
        known = peer(
            model, X_float, [name], custom_values={name: effect.at}, kind="both",
            sample_weight=weights, method="brute", response_method="predict_proba",
        )  # fmt: skip
        assert effect.values[:, 0] == pytest.approx(known["average"][0], abs=1e-14)
        assert np.array_equal(effect.individual[..., 0], known["individual"][0])
    pair = effects.pairs[0]
    known = peer(
        model, X.astype({"income": float, "children": float}), ["income", "children"],
        custom_values=dict(zip(pair.features, pair.at, strict=True)), sample_weight=weights,
        method="brute", response_method="predict_proba",
    )  # fmt: skip
    assert pair.values[..., 0] == pytest.approx(known["average"][0], abs=1e-14)


def test_every_class_of_an_array_model():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(90, 3))
    model = LogisticRegression().fit(X, rng.integers(0, 3, 90))
    effects = partial_dependence(model, X, "1", grid={"1": [-1, 0, 1]})
    known = peer(model, X, [1], custom_values={1: np.array([-1.0, 0.0, 1.0])}, method="brute")
    assert known["average"] == pytest.approx(effects["1"].values.T)
    assert effects.outputs == ("0", "1", "2")
    two = partial_dependence(model, X, "1", grid={"1": [-1, 0, 1]}, target=["2", "0"])
    assert np.array_equal(two["1"].values, effects["1"].values[:, [2, 0]])


def test_equal_rows_are_asked_once_and_all_features_in_few_calls():
    calls = []
    X = np.random.default_rng(3).integers(0, 2, (500, 6)).astype(float)

    def model(rows):
        calls.append(len(rows))
        return rows.sum(axis=1)

    effects = partial_dependence(model, X, task="regression", ale="always")
    assert len(calls) == 1
    assert effects.evaluations == sum(calls) <= 2**6


def test_local_effects_stand_beside_where_the_feature_goes_with_others():
    rng = np.random.default_rng(4)
    income = rng.normal(size=1_000)
    X = pd.DataFrame({"income": income, "rent": income + 0.1 * rng.normal(size=1_000)})
    X["alone"] = rng.normal(size=1_000)

    def model(rows):
        return rows["income"] * rows["rent"] + rows["alone"]

    effects = partial_dependence(model, X, task="regression")
    assert effects["rent"].explained > 0.95
    assert effects["rent"].outside.mean() > 0.5
    assert effects["rent"].partner == "income"
    assert effects["rent"].accumulated.method == "accumulated local effects"
    assert effects["alone"].accumulated is None
    assert effects["alone"].outside.max() == 0
    warning = effects.warnings[0]
    assert "foretell 99% of income" in warning
    assert "unlike any in the data, because of rent above all" in warning
    assert partial_dependence(model, X, task="regression", ale="never")["rent"].accumulated is None
    always = partial_dependence(model, X, "alone", task="regression", ale="always")["alone"]
    assert np.diff(always.accumulated.values[:, 0]) == pytest.approx(np.diff(always.accumulated.at))


def test_rows_that_go_against_the_mean_are_counted():
    X = np.random.default_rng(5).normal(size=(400, 2))
    X[:, 1] = np.repeat([1.0, -1.0], [300, 100])
    effect = partial_dependence(lambda r: r[:, 0] * r[:, 1], X, "0", task="regression")["0"]
    assert effect.against.tolist() == pytest.approx([0.25])


def test_the_band_holds_the_whole_curve_as_often_as_it_says():
    """f = exp(x0 / 2) x1 + x1^2: the mean at x0 = v is 1, as E x1 = 0 and E x1^2 = 1."""
    runs, held = 150, 0
    for seed in range(runs):
        X = np.random.default_rng(seed).normal(size=(150, 2))
        effect = partial_dependence(
            lambda r: np.exp(r[:, 0] / 2) * r[:, 1] + r[:, 1] ** 2,
            X, "0", points=6, redraws=200, seed=seed, task="regression", individual=0,
        )["0"]  # fmt: skip
        held += bool(((effect.low <= 1) & (effect.high >= 1)).all())
    # Squares are skewed, and 150 rows are few: the band is a point or two short.
    assert 0.92 - 4 * np.sqrt(0.95 * 0.05 / runs) < held / runs <= 1


def test_rows_are_sampled_only_where_that_is_said_and_the_same_each_time():
    X = np.random.default_rng(6).normal(size=(300, 2))
    settings = {"max_rows": 100, "task": "regression"}
    one, other = (partial_dependence(lambda r: r[:, 0], X, **settings) for _ in range(2))
    assert one.notes == ("100 of 300 rows were used.",)
    assert (one.rows, one.rows_given) == (100, 300)
    assert str(one.to_dict()) == str(other.to_dict())
    assert partial_dependence(lambda r: r[:, 0], X, task="regression").notes == ()


def test_identifiers_and_constants_are_left_out_unless_asked_for():
    X = table()
    X["name"] = [f"person {k}" for k in range(len(X))]
    X["country"] = "here"
    effects = partial_dependence(lambda rows: rows["rate"], X, task="regression")
    assert dict(effects.left_out) == {
        "name": "200 different values: an identifier or free text",
        "country": "it holds one value",
    }
    with pytest.raises(InputError, match="'name' was left out: 200 different values"):
        effects["name"]
    asked = partial_dependence(lambda rows: rows["rate"], X, ["country", "name"], task="regression")
    assert asked["country"].labels == ("here",)
    assert asked["name"].unshown == 180


def test_only_columns_that_the_model_reads():
    X = table()
    model = as_predictor(lambda rows: rows["rate"], task="regression", features=["rate", "income"])
    assert [e.feature for e in partial_dependence(model, X).effects] == ["rate", "income"]


def test_missing_values_reach_the_model_and_have_no_place_on_the_axis():
    X = pd.DataFrame({"a": [1.0, np.nan, 2.0, 3.0], "b": [1.0, 2.0, np.nan, 4.0]})
    effect = partial_dependence(lambda r: r["a"] + r["b"].fillna(100), X, "a", task="regression")[
        "a"
    ]
    assert effect.at.tolist() == [1, 2, 3]
    assert effect.values[:, 0].tolist() == [27.75, 28.75, 29.75]
    assert effect.missing == 1


def test_a_model_of_labels_is_explained_by_its_decisions_and_a_forest_by_values(fitted):
    model, X = fitted
    decided = partial_dependence(model, X, "income", scale="decision")
    assert set(np.unique(decided["income"].individual)) <= {0.0, 1.0}
    forest = RandomForestRegressor(5, random_state=0).fit(X[["income", "rate"]], X["children"])
    assert partial_dependence(forest, X[["income", "rate"]]).scale == "value"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"individual": -1}, "individual=-1 is not a whole number"),
        ({"individual": "all"}, "individual='all' is not a whole number"),
        ({"grid": [1, 2]}, "is not a mapping"),
        ({"pairs": [3]}, "3 is not a pair"),
        ({"features": 5}, "There is no feature '5'"),
        ({"ale": "maybe"}, "ale='maybe' is not one of"),
        ({"grid": {"children": [0.5]}}, "holds what its column, of int64, cannot: 0.5"),
        (
            {"grid": {"home": ["owm"]}},
            "names the level 'owm', which no row holds. Did you mean 'own'",
        ),
        ({"features": ["income", "income"]}, "named twice"),
        ({"groups": {"g": ["incom"]}}, "Did you mean 'income'"),
    ],
)
def test_what_a_person_may_get_wrong(given, message):
    with pytest.raises(InputError, match=message):
        partial_dependence(lambda rows: rows["rate"], table(), **{"task": "regression"} | given)


@pytest.mark.parametrize("effects", [partial_dependence, accumulated_local_effects])
def test_a_wrong_level_costs_no_evaluation(effects):
    def never(rows):
        raise AssertionError("asked")

    with pytest.raises(InputError, match="level=95 is not between 0 and 1"):
        effects(never, table(), task="regression", level=95)


def test_one_hot_columns_move_together():
    codes = np.random.default_rng(7).integers(0, 3, 100)
    X = pd.DataFrame(np.eye(3, dtype=int)[codes], columns=["job_a", "job_b", "job_c"])
    X["x"] = np.random.default_rng(8).normal(size=100)

    def model(rows):
        assert (rows[["job_a", "job_b", "job_c"]].sum(axis=1) == 1).all()
        return rows["job_b"] + 2 * rows["job_c"]

    effect = partial_dependence(model, X, task="regression")["job"]
    found = dict(zip(effect.labels, effect.values[:, 0], strict=True))
    assert found == pytest.approx({"a": 0, "b": 1, "c": 2})
