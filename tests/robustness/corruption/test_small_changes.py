from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from alignlab.datasets import grouping
from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.robustness import KINDS, change_rows, small_changes


def classifier(answer, features=None):
    return Predictor(answer, task="classification", classes=("no", "yes"), features=features)


def table(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "job": np.array(["clerk", "nurse", "cook"])[rng.integers(0, 3, n)],
            "sex": np.array(["f", "m"])[rng.integers(0, 2, n)],
        }
    )


def strict(rows):
    if set(rows["job"].dropna()) - {"clerk", "nurse", "cook"}:
        raise ValueError("unknown job")
    return (rows["x"] > 0) * 1.0


def test_a_constant_model_flips_nothing():
    X = table()
    model = classifier(lambda rows: np.full(len(rows), 0.3))
    result = small_changes(model, X, np.zeros(len(X), int))
    for each in result.kinds:
        assert each.flips.value == each.flips.low == 0
        assert not each.refusals
    assert result.worst.value == 0
    # One row a column tries the water, then every row is asked for once: x | job; x, job, sex | ...
    changed = sum(len(change_rows(X, kind).rows) for kind in KINDS)
    probes = 1 + 3 + 1 + 1
    assert result.evaluations == changed + probes
    assert result.rows == result.rows_given == 1000


def test_the_share_that_noise_flips_is_the_normal_tail():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=10_000)})
    model = classifier(lambda rows: (rows["x"] > 0).astype(float))
    decisions = (X["x"] > 0).astype(int)
    result = small_changes(model, X, decisions, kinds=["noise"], strength=0.5)
    # x and x + e/2 lie on two sides of 0: the angle between two normals with correlation 1/√1.25.
    expected = np.arctan(0.5) / np.pi
    flips = result["noise"].flips
    assert flips.low <= expected <= flips.high
    assert flips.high - flips.low < 0.02


def test_flips_agree_with_a_count_by_hand():
    X = table(60)
    model = classifier(lambda rows: rows["job"].isin(["clerk", "nurse"]).astype(float))
    decisions = X["job"].isin(["clerk", "nurse"]).astype(int).to_numpy()
    result = small_changes(model, X, decisions, kinds=["typo", "missing"])
    typo = result["typo"]
    assert set(typo.columns) == {"job"}
    assert (typo.flipped == (decisions[typo.rows] == 1)).all()
    k, n = int(typo.flipped.sum()), len(typo.rows)
    assert typo.flips.value == pytest.approx(k / n)
    exact = stats.binomtest(k, n).proportion_ci(0.975, method="exact")
    assert (typo.flips.low, typo.flips.high) == pytest.approx((exact.low, exact.high))
    missing = result["missing"]
    assert (missing.flipped == ((missing.columns == "job") & (decisions[missing.rows] == 1))).all()
    columns = missing.by_column()
    assert columns[0].column == "job"
    assert [each.estimate.value for each in columns[1:]] == [0, 0]
    assert sum(each.rows for each in columns) == 60


def test_the_worst_is_one_estimate_that_holds_although_it_was_picked():
    X = table(300)
    model = classifier(lambda rows: rows["job"].isin(["clerk", "nurse"]).astype(float))
    decisions = X["job"].isin(["clerk", "nurse"]).astype(int)
    result = small_changes(model, X, decisions)
    each = [kind.flips for kind in result.kinds if kind.flips is not None]
    assert len(each) == 4
    assert result.worst_kind.kind == "typo"
    assert result.worst.value == max(flips.value for flips in each)
    assert result.worst.low == max(flips.low for flips in each)
    assert result.worst.high == max(flips.high for flips in each)
    alone = small_changes(model, X, decisions, kinds=["typo"])
    assert alone["typo"].flips.high < result["typo"].flips.high


def test_by_group_and_weights():
    X = table(400)
    sex = grouping(X, "sex")
    women = (X["sex"] == "f").to_numpy()
    model = classifier(
        lambda rows: ((rows["sex"] != "f") | rows["job"].isin(["clerk", "nurse", "cook"])) * 1.0
    )
    weights = np.where(women, 3.0, 1.0)
    weights[:10] = 0.0
    result = small_changes(model, X, np.ones(400, int), kinds=["typo"], weights=weights)["typo"]
    assert result.rows.min() == 10
    groups = result.by_group(sex)
    assert groups["f"].value == 1
    assert groups["m"].value == 0
    assert result.flips.value == pytest.approx(3 * women[10:].sum() / weights.sum())
    assert result.flips.n == 390


def test_a_model_of_numbers_changes_its_answer_where_it_moves_far():
    X = table(500)
    model = Predictor(lambda rows: rows["x"].fillna(0.0), task="regression")
    result = small_changes(model, X, X["x"], kinds=["missing", "noise"], tolerance=0.5, spread=2.0)
    missing = result["missing"]
    moved = np.where(missing.columns == "x", np.abs(X["x"].to_numpy()[missing.rows]), 0)
    assert (missing.flipped == (moved > 1.0)).all()
    assert missing.mean_move.value == pytest.approx(moved.mean())
    assert result["noise"].flips.value == 0
    assert 0 < result["noise"].mean_move.value < 0.06
    assert result.tolerance == 1.0


def test_columns_that_the_model_does_not_read_are_left_alone():
    X = table(50)
    model = classifier(lambda rows: np.zeros(len(rows)), features=("x",))
    result = small_changes(model, X, np.zeros(50, int))
    assert set(result["missing"].columns) == {"x"}
    assert result["typo"].flips is None
    assert not result["typo"].refusals


def test_real_pipelines_take_or_refuse_typos_by_their_own_setting():
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    X = table(300)
    y = (X["x"] + (X["job"] == "nurse") > 0).astype(int)
    for setting, refuses in (("ignore", False), ("error", True)):
        encoder = make_column_transformer(
            (OneHotEncoder(handle_unknown=setting), ["job", "sex"]), remainder="passthrough"
        )
        model = make_pipeline(encoder, LogisticRegression()).fit(X, y)
        result = small_changes(
            classifier(model.predict_proba), X, model.predict(X), kinds=["typo", "missing"]
        )
        assert bool(result["typo"].refusals) == refuses
        assert "x" in result["missing"].refusals
        if refuses:
            assert "Found unknown categories" in result["typo"].refusals["job"]
        else:
            assert 0 < result["typo"].flips.value < 0.5


def test_categories_stay_categories_for_models_that_read_them():
    from sklearn.ensemble import HistGradientBoostingClassifier

    X = table(400)
    X["job"] = X["job"].astype("category")
    X["sex"] = X["sex"].astype("category")
    y = (X["x"] + (X["job"] == "nurse") > 0).astype(int)
    model = HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype").fit(X, y)
    result = small_changes(classifier(model.predict_proba), X, model.predict(X))
    assert not any(each.refusals for each in result.kinds)
    assert 0 < result.worst.value < 0.5


def test_rows_are_sampled_down_and_the_seed_decides():
    X = table(500)
    model = classifier(lambda rows: (rows["x"] > 0) * 1.0)
    decisions = (X["x"] > 0).astype(int)
    first, again, other = (
        small_changes(model, X, decisions, max_rows=100, strength=1.0, seed=seed)
        for seed in (0, 0, 1)
    )
    assert (first.rows, first.rows_given) == (100, 500)
    assert first.to_dict() == again.to_dict()
    assert (first["noise"].rows != other["noise"].rows).any()


def test_the_result_can_be_shown():
    X = table(50)
    result = small_changes(classifier(strict), X, (X["x"] > 0).astype(int))
    assert [row[0] for row in result.chart().table.rows] == ["noise", "missing", "unit"]
    assert "noise" in result._repr_html_()
    with pytest.raises(InputError, match="Did you mean 'typo'"):
        result["typos"]


@pytest.mark.parametrize(
    ("X", "decisions", "message"),
    [
        (np.zeros((2, 1)), [0, 0], "X is not a pandas data frame"),
        (pd.DataFrame({"a": [1, 2]}), [0], "There are 2 rows in X and 1 decisions"),
        (pd.DataFrame({"a": []}), [], "There is no row to change"),
    ],
)
def test_bad_input_says_what_is_wrong(X, decisions, message):
    with pytest.raises(InputError, match=message):
        small_changes(classifier(lambda rows: np.zeros(len(rows))), X, decisions)


def test_heavy_rows_that_flip_make_the_share_less_sure():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"x": rng.permutation(np.r_[rng.normal(0, 0.01, 100), rng.normal(5, 1, 1900)])}
    )
    model = classifier(lambda rows: rows["x"] > 0)
    weights = np.where(X["x"] < 0.1, 10.0, 1.0)
    decisions = (X["x"] > 0).astype(int)
    found = small_changes(model, X, decisions, kinds=["noise"], weights=weights)["noise"]
    w, x = found.weights, found.flipped * 1.0
    share = w @ x / w.sum()
    error = np.sqrt(np.sum((w * (x - share)) ** 2)) / w.sum()
    assert 0.05 < share < 0.5
    assert (found.flips.high - found.flips.low) / (2 * 1.96) == pytest.approx(error, rel=0.1)
