from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.predictors import Predictor
from alignlab.transparency.importance import permutation_importance
from alignlab.transparency.importance.conditional import conditional_swaps
from alignlab.transparency.pool import players_of

BETA = np.array([1.0, -0.5, 0.3])


def linear(rows):
    return rows[["a", "b", "c"]].to_numpy(float) @ BETA


MODEL = Predictor(linear, task="regression")


def gaussian(n, correlation, seed):
    rng = np.random.default_rng([n, seed])
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    X["b"] = correlation * X["a"] + np.sqrt(1 - correlation**2) * X["b"]
    return X, linear(X) + rng.normal(size=n)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_a_linear_model_of_gaussian_features_has_the_known_conditional_importance(correlation):
    runs = [
        permutation_importance(
            MODEL, *gaussian(250, correlation, seed), form="conditional", repeats=3, seed=seed
        )
        for seed in range(40)
    ]
    left = 1 - correlation**2
    for name, beta, variance in zip("abc", BETA, (left, left, 1.0), strict=True):
        values = np.array([run[name].estimate.value for run in runs])
        truth = 2 * beta**2 * variance
        noise = values.std(ddof=1) / np.sqrt(len(runs))
        assert abs(values.mean() - truth) < 4 * noise
        assert 4 * noise < 0.35 * truth
        covered = np.mean(
            [run[name].estimate.low <= truth <= run[name].estimate.high for run in runs]
        )
        assert covered > 0.9
    assert np.mean([run["a"].explained for run in runs]) == pytest.approx(1 - left, abs=0.03)
    assert np.mean([run["c"].explained for run in runs]) < 0.03


def test_the_marginal_form_warns_with_a_number_where_the_conditional_one_answers():
    X, y = gaussian(600, 0.99, 0)
    marginal = permutation_importance(MODEL, X, y)
    assert [each.name for each in marginal.extrapolates] == ["a", "b"]
    assert marginal.warning.startswith("The other features foretell a (98%), b (98%): shuffled")
    assert "form='conditional'" in marginal._repr_html_()
    conditional = permutation_importance(MODEL, X, y, form="conditional")
    assert conditional.warning == ""
    assert marginal["a"].estimate.value > 20 * conditional["a"].estimate.value


def test_what_the_others_tell_by_a_curve_is_found_too():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=900), "c": rng.normal(size=900)})
    X["b"] = X["a"] ** 2 + 0.1 * rng.normal(size=900)
    found = permutation_importance(MODEL, X[list("abc")], linear(X), form="conditional", repeats=2)
    assert found["b"].explained > 0.8
    assert found["b"].estimate.value < 0.25 * 2 * BETA[1] ** 2 * X["b"].var()


def test_a_category_that_another_column_tells_is_worth_nothing_beside_it():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 4, 500)
    X = pd.DataFrame(
        {
            "education": pd.Categorical.from_codes(level, ["none", "school", "college", "phd"]),
            "years": level * 3 + 8,
            "other": rng.choice(["x", "y"], 500),
        }
    )

    def answer(rows):
        return rows["years"] + 2.0 * rows["education"].cat.codes + (rows["other"] == "x")

    found = permutation_importance(
        answer, X, answer(X), form="conditional", task="regression", repeats=3
    )
    assert found["education"].explained == found["years"].explained == 1
    assert found["education"].estimate.high == found["years"].estimate.high == 0
    share = (X["other"] == "x").mean()
    estimate = found["other"].estimate
    assert estimate.low < 2 * share * (1 - share) < estimate.high


def test_a_flag_swapped_among_alike_rows_keeps_what_the_others_tell_of_it():
    rng = np.random.default_rng(1)
    n = 4000
    a = rng.normal(size=n)
    chance = 1 / (1 + np.exp(-2 * a))
    X = pd.DataFrame({"a": a, "flag": rng.random(n) < chance})
    found = permutation_importance(
        lambda rows: rows["flag"].to_numpy(float), X, X["flag"].astype(float),
        form="conditional", repeats=2, task="regression",
    )  # fmt: skip
    truth = float(2 * np.mean(chance * (1 - chance)))
    assert found["flag"].estimate.low < truth < found["flag"].estimate.high
    assert found["flag"].estimate.value == pytest.approx(truth, rel=0.1)


def test_values_received_are_values_that_the_data_holds_and_dtypes_stay():
    rng = np.random.default_rng(2)
    n = 300
    X = pd.DataFrame({"a": rng.normal(size=n)})
    X["whole"] = np.round(5 * X["a"] + rng.normal(size=n)).astype("int16")
    X["gaps"] = pd.array(np.where(rng.random(n) < 0.2, None, np.arange(n)), dtype="Int64")
    X["one_a"] = (X["a"] > 0).astype(int)
    X["one_b"] = 1 - X["one_a"]
    seen = []

    def answer(rows):
        pd.testing.assert_series_equal(rows.dtypes, X.dtypes)
        assert set(rows["whole"]) <= set(X["whole"])
        assert (rows["one_a"] + rows["one_b"] == 1).all()
        seen.append(rows["gaps"].isna().mean())
        return rows["a"].to_numpy()

    permutation_importance(answer, X, X["a"], form="conditional", task="regression", repeats=2)
    assert 0.1 < np.mean(seen) < 0.3


def test_donors_are_of_the_receivers_stratum_and_every_row_gives_as_often_as_it_receives():
    X, _ = gaussian(400, 0.8, 0)
    X["few"] = (X["a"] > 0.5).map({True: "high", False: "low"})
    plans, explained = conditional_swaps(X, players_of(X), 3, np.random.default_rng(0))
    for plan in plans:
        strata, donors = plan.circle.strata, plan.circle.donors
        assert (strata[donors] == strata).all()
        for repeat in donors:
            assert sorted(repeat) == list(range(400))
        assert (donors != np.arange(400)).all()
    assert explained[3] > 0.9


def test_one_feature_alone_is_shuffled_as_in_the_marginal_form():
    X, y = gaussian(400, 0.0, 0)
    only = permutation_importance(
        lambda rows: rows["a"], X[["a"]], y, form="conditional", task="regression"
    )
    assert only["a"].explained < 0.02
    assert only["a"].estimate.low < 2 < only["a"].estimate.high
