from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError, ModelError
from alignlab.intervals import critical_value
from alignlab.predictors import Predictor
from alignlab.random import as_generator
from alignlab.transparency import affordable, permutation_importance
from alignlab.transparency.importance.swaps import circle

BETA = np.array([1.0, 0.3, 0.0, -0.5])


def linear(beta=BETA):
    return Predictor(lambda rows: rows.to_numpy(float) @ beta, task="regression")


def logistic(beta, columns=None):
    def answer(rows):
        X = rows[columns] if columns else rows
        return 1 / (1 + np.exp(-X.to_numpy(float) @ beta))

    return Predictor(answer, task="classification", classes=(0, 1))


def gaussian(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return pd.DataFrame(X, columns=list("abcd")), X @ BETA + rng.normal(size=n)


def brute_force(loss_of_pair, n, weights, pairs=None):
    """Each ordered pair of rows, its weight and its change of loss; sums written out."""
    shares = weights / weights.sum()
    pairs = pairs or [(i, j) for i in range(n) for j in range(n) if i != j]
    weight = np.array([shares[i] * shares[j] for i, j in pairs])
    weight /= weight.sum()
    terms = np.array([loss_of_pair(i, j) - loss_of_pair(i, i) for i, j in pairs])
    value = weight @ terms
    residuals = weight * (terms - value)
    by_row = [sum(r for r, p in zip(residuals, pairs, strict=True) if i in p) for i in range(n)]
    variance = sum(part**2 for part in by_row) - sum(residuals**2)
    effective = 1 / (shares**2).sum()
    return value, np.sqrt(variance * effective / (effective - 1))


@pytest.mark.parametrize("weighted", [False, True])
def test_with_all_donors_it_is_the_sum_over_all_pairs(weighted):
    n = 12
    X, y = gaussian(n, seed=3)
    weights = np.random.default_rng(1).exponential(size=n) if weighted else np.ones(n)
    result = permutation_importance(linear(), X, y, weights=weights, repeats=n - 1)

    def loss(i, j):
        row = X.iloc[i].to_numpy(copy=True)
        row[1] = X.iloc[j, 1]
        return (row @ BETA - y[i]) ** 2

    value, error = brute_force(loss, n, weights)
    found = result["b"]
    assert found.donors == "all"
    assert found.estimate.value == pytest.approx(value, rel=1e-12)
    half = critical_value(0.95, comparisons=4) * error
    assert found.estimate.high - found.estimate.value == pytest.approx(half, rel=1e-9)


@pytest.mark.parametrize("repeats", [1, 3])
def test_with_sampled_donors_it_is_the_sum_over_the_pairs_of_the_circle(repeats):
    n = 25
    X, y = gaussian(n, seed=4)
    weights = np.random.default_rng(2).exponential(size=n)
    found = permutation_importance(linear(), X, y, weights=weights, repeats=repeats, seed=6)["a"]
    donors = circle(n, repeats, as_generator(6, "permutation importance")).donors

    def loss(i, j):
        row = X.iloc[i].to_numpy(copy=True)
        row[0] = X.iloc[j, 0]
        return (row @ BETA - y[i]) ** 2

    pairs = [(i, int(donors[k, i])) for k in range(repeats) for i in range(n)]
    value, error = brute_force(loss, n, weights, pairs)
    assert found.donors == "sampled"
    assert found.estimate.value == pytest.approx(value, rel=1e-12)
    half = critical_value(0.95, comparisons=4) * error
    assert found.estimate.high - found.estimate.value == pytest.approx(half, rel=1e-9)


def test_log_loss_of_a_feature_with_few_values_is_the_sum_over_all_pairs():
    rng = np.random.default_rng(5)
    n = 30
    X = pd.DataFrame({"few": rng.integers(0, 3, n), "many": rng.normal(size=n)})
    y = rng.integers(0, 2, n)
    model = logistic(np.array([1.0, -2.0]))
    result = permutation_importance(model, X, y, repeats=2)
    assert (result["few"].donors, result["many"].donors) == ("all", "sampled")

    def loss(i, j):
        p = 1 / (1 + np.exp(-(X["few"][j] - 2 * X["many"][i])))
        return -np.log(p if y[i] else 1 - p)

    value, error = brute_force(loss, n, np.ones(n))
    estimate = result["few"].estimate
    assert estimate.value == pytest.approx(value, rel=1e-12)
    half = critical_value(0.95, comparisons=2) * error
    assert estimate.high - estimate.value == pytest.approx(half, rel=1e-9)


def test_no_row_keeps_its_value_where_a_plain_permutation_is_too_small_by_a_row_in_n():
    n = 5
    X, y = gaussian(n, seed=7)
    exact = permutation_importance(linear(), X, y, repeats=n - 1)["a"].estimate.value

    def mean_change(order):
        moved = X.assign(a=X["a"].to_numpy()[list(order)])
        return np.mean((moved @ BETA - y) ** 2) - np.mean((X @ BETA - y) ** 2)

    orders = list(permutations(range(n)))
    moving = [order for order in orders if all(i != j for i, j in enumerate(order))]
    assert np.mean([mean_change(order) for order in moving]) == pytest.approx(exact)
    assert np.mean([mean_change(order) for order in orders]) == pytest.approx(exact * (n - 1) / n)


def test_sampled_donors_are_right_on_average_with_and_without_weights():
    X, y = gaussian(40, seed=11)
    for weights in (None, np.random.default_rng(2).exponential(size=40)):
        exact = permutation_importance(linear(), X, y, weights=weights, repeats=39)["a"]
        sampled = np.array(
            [
                permutation_importance(linear(), X, y, weights=weights, repeats=2, seed=seed)[
                    "a"
                ].estimate.value
                for seed in range(200)
            ]
        )
        noise = sampled.std() / np.sqrt(200)
        assert 0 < noise < 0.05
        # With weights the mean is a ratio, right to order 1/n.
        assert abs(sampled.mean() - exact.estimate.value) < 4 * noise + 0.02 * (weights is not None)


def test_the_linear_models_closed_form_lies_in_the_intervals():
    X, y = gaussian(20_000)
    result = permutation_importance(linear(), X, y, max_rows=20_000, repeats=1)
    assert [each.name for each in result.features] == ["a", "d", "b", "c"]
    for name, beta in zip("abcd", BETA, strict=True):
        estimate = result[name].estimate
        assert estimate.low <= 2 * beta**2 <= estimate.high
        assert estimate.high - estimate.low < 0.17
    assert result.baseline == pytest.approx(1, abs=0.05)
    assert [each.matters for each in result.features] == [True, True, True, False]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "repeats", "least"), [(50, 5, 0.87), (200, 1, 0.90), (200, 5, 0.91)]
)
def test_the_intervals_cover_the_truth_at_their_level(rows, repeats, least):
    times, covered, errors, values = 400, np.zeros(4), [], []
    single, joint = critical_value(0.95), critical_value(0.95, comparisons=4)
    for seed in range(times):
        X, y = gaussian(rows, seed=1000 + seed)
        result = permutation_importance(linear(), X, y, repeats=repeats, seed=seed)
        each = [result[name].estimate for name in "abcd"]
        error = np.array([(e.high - e.value) / joint for e in each])
        value = np.array([e.value for e in each])
        covered += np.abs(value - 2 * BETA**2) <= single * error
        errors.append(error)
        values.append(value)
    assert (covered / times >= least).all()
    assert covered[2] == times
    # The mean standard error is the spread that it stands for.
    ratio = np.mean(errors, axis=0)[[0, 1, 3]] / np.std(values, axis=0)[[0, 1, 3]]
    assert (np.abs(ratio - 1) < 0.12).all()


def test_agrees_with_scikit_learn():
    from sklearn.datasets import load_breast_cancer
    from sklearn.inspection import permutation_importance as theirs
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.iloc[:, :6]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    X, y, n = X[::3], y[::3], len(X[::3])
    predictor = Predictor(model.predict_proba, task="classification", classes=(0, 1))
    ours = permutation_importance(predictor, X, y, repeats=n - 1)
    other = theirs(model, X, y, scoring="neg_log_loss", n_repeats=100, random_state=0)
    for at, name in enumerate(X.columns):
        noise = other.importances_std[at] / np.sqrt(100)
        expected = other.importances_mean[at] * n / (n - 1)
        assert ours[name].estimate.value == pytest.approx(expected, abs=4 * noise)
        assert 4 * noise < 0.4 * expected


def test_a_feature_that_the_model_ignores_has_importance_zero_exactly():
    X, y = gaussian(200)
    rounding = np.random.default_rng(0)

    def single_precision(rows):
        noise = rounding.normal(scale=1e-8, size=len(rows))
        return (rows.to_numpy(float) @ BETA) * (1 + noise)

    for model in (linear(), Predictor(single_precision, task="regression")):
        estimate = permutation_importance(model, X, y)["c"].estimate
        assert (estimate.value, estimate.low, estimate.high) == (0, 0, 0)
        assert not permutation_importance(model, X, y)["c"].matters


def test_a_constant_feature_costs_nothing_and_gives_nothing():
    X = pd.DataFrame({"same": ["x"] * 50, "a": np.arange(50.0)})
    model = Predictor(lambda rows: rows["a"], task="regression")
    result = permutation_importance(model, X, np.zeros(50), repeats=1)
    assert result["same"].estimate.high == 0
    assert np.isnan(result["same"].explained)
    assert result.evaluations == 50 + 50


def test_the_order_of_columns_and_the_size_of_batches_change_nothing(monkeypatch):
    X, y = gaussian(60)
    beta = pd.Series(BETA, index=list("abcd"))
    model = Predictor(lambda rows: rows.to_numpy(float) @ beta[rows.columns], task="regression")
    whole = permutation_importance(model, X, y, repeats=3)
    turned = permutation_importance(model, X[list("dbca")], y, repeats=3)
    monkeypatch.setattr("alignlab.transparency.importance.swaps.BATCH_BYTES", 64 * 4 * 37)
    parts = permutation_importance(model, X, y, repeats=3)
    for name in "abcd":
        expected = whole[name].estimate
        assert turned[name].estimate.value == pytest.approx(expected.value, rel=1e-9)
        assert turned[name].estimate.low == pytest.approx(expected.low, rel=1e-9)
        assert parts[name].estimate.value == pytest.approx(expected.value, rel=1e-9)
    assert whole.evaluations == parts.evaluations == 60 + 4 * 3 * 60


def test_one_hot_columns_and_stated_groups_move_together():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 3, 90)
    X = pd.DataFrame({f"race_{name}": (level == at).astype(int) for at, name in enumerate("abc")})
    X["salary"] = rng.normal(size=90)
    X["bonus"] = X["salary"] * 2

    def answer(rows):
        assert (rows[["race_a", "race_b", "race_c"]].sum(axis=1) == 1).all()
        assert np.allclose(rows["bonus"], rows["salary"] * 2)
        return rows["race_a"] + rows["salary"]

    result = permutation_importance(
        Predictor(answer, task="regression"),
        X,
        X["race_a"] + X["salary"],
        repeats=2,
        groups={"income": ["salary", "bonus"]},
    )
    assert result["race"].columns == ("race_a", "race_b", "race_c")
    share = X["race_a"].mean()
    # Of two different rows one is "a" and the other is not: closed form of the squared change.
    expected = 2 * share * (1 - share) * 90 / 89
    assert result["race"].donors == "all"
    assert result["race"].estimate.value == pytest.approx(expected)
    assert result["income"].explained < 0.1


def test_rows_are_sampled_down_and_it_is_said():
    X, y = gaussian(500)
    result = permutation_importance(linear(), X, y, max_rows=100, repeats=2, seed=4)
    assert (result.rows, result.rows_given, result["a"].estimate.n) == (100, 500, 100)
    again = permutation_importance(linear(), X, y, max_rows=100, repeats=2, seed=4)
    assert again == result
    assert permutation_importance(linear(), X, y, max_rows=100, repeats=2, seed=5) != result


def test_answers_that_are_known_are_not_asked_for_again():
    X, y = gaussian(50)
    model = linear()
    known = model(X)
    asked = model.rows_evaluated
    with_known = permutation_importance(model, X, y, answers=known, repeats=2)
    assert with_known.evaluations == model.rows_evaluated - asked == 4 * 2 * 50
    without = permutation_importance(linear(), X, y, repeats=2)
    assert with_known.features == without.features


def test_rows_of_weight_zero_count_for_nothing():
    X, y = gaussian(60)
    weights = np.repeat([1.0, 0.0], 30)
    left = permutation_importance(linear(), X, y, weights=weights, repeats=40)
    alone = permutation_importance(linear(), X[:30], y[:30], repeats=40)
    assert left["a"].estimate.value == pytest.approx(alone["a"].estimate.value)
    assert left["a"].estimate.high == pytest.approx(alone["a"].estimate.high)


def test_models_arrays_and_labels_are_taken_as_people_hold_them():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    y = np.where(X[:, 0] + rng.normal(size=120) > 0, "paid", "failed")
    model = LogisticRegression().fit(X, y)
    by_array = permutation_importance(model, X, y, repeats=2)
    frame = pd.DataFrame(X, columns=["0", "1", "2"])
    by_frame = permutation_importance(
        lambda rows: model.predict_proba(rows.to_numpy()), frame, y, classes=list(model.classes_),
        repeats=2,
    )  # fmt: skip
    assert by_array["0"].matters
    for name in "012":
        assert by_array[name].estimate.low == pytest.approx(by_frame[name].estimate.low)
    moved = permutation_importance(model, X, y, groups={"both": [0, 2]})
    assert moved["both"].columns == (0, 2)


def test_decisions_alone_are_judged_by_their_error():
    X = pd.DataFrame({"a": [0, 0, 1, 1] * 10})
    model = Predictor(
        lambda rows: np.eye(2)[rows["a"]],
        task="classification",
        classes=("n", "y"),
        probabilistic=False,
    )
    result = permutation_importance(model, X, X["a"].map({0: "n", 1: "y"}))
    assert result.metric == "error"
    assert result["a"].estimate.value == pytest.approx(0.5 * 40 / 39)


def test_more_rows_tell_more_than_more_repeats():
    wide = [
        permutation_importance(linear(), *gaussian(1000), repeats=1)["a"].estimate,
        permutation_importance(linear(), *gaussian(200), repeats=5)["a"].estimate,
    ]
    assert wide[0].high - wide[0].low < 0.6 * (wide[1].high - wide[1].low)
    assert affordable(48_842, 14) == (48_842, 1)
    assert affordable(10, 1) == (10, 10)
    assert affordable(5, 10_000_000) == (2, 1)


def test_the_result_can_be_shown():
    result = permutation_importance(linear(), *gaussian(50))
    frame = result.to_frame()
    assert list(frame["feature"]) == [each.name for each in result.features]
    assert "importance" in result._repr_html_()
    assert len(result.chart(most=2).table.rows) == 2
    assert result.to_dict()["features"][0]["name"] == "a"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros(3)}, r"X is a ndarray of shape \(3,\). Give a data frame, or an array"),
        ({"outcomes": ["a", "b", "c"]}, "The model predicts a value, and y holds something else"),
        ({"outcomes": [1.0, np.nan, 2.0]}, "Row 1 of y is nan"),
        ({"weights": [1.0, -1.0, 1.0]}, "The weight of row 1 is -1"),
        ({"form": "conditonal"}, "Did you mean 'conditional'"),
        ({"form": "conditional"}, "There are 3 rows, and form='conditional' learns"),
        ({"groups": {"g": ["b"]}}, "names the column 'b', which X does not have"),
        ({"metric": "auc"}, "metric='auc' is not one of"),
        ({"outcomes": None}, "Without y there is no loss"),
        ({"outcomes": [1.0, 2.0]}, "There are 3 rows in X and 2 labels in y"),
        ({"weights": [1.0]}, "There are 3 rows in X and 1 weights"),
        ({"weights": ["a", "b", "c"]}, "The weights are not numbers"),
        ({"weights": [[1.0]] * 3}, r"The weights have shape \(3, 1\)"),
        ({"weights": [1.0, 0.0, 0.0]}, "There are 1 rows to use"),
        ({"repeats": 0}, "repeats=0 is not a whole number from 1"),
        ({"X": pd.DataFrame([[1, 2]] * 3, columns=["a", "a"])}, "Two columns are called 'a'"),
    ],
)
def test_bad_input_says_what_is_wrong(change, message):
    given = {"X": pd.DataFrame({"a": [1.0, 2.0, 3.0]}), "outcomes": [1.0, 2.0, 3.0], **change}
    model = Predictor(lambda rows: rows["a"], task="regression")
    X, outcomes = given.pop("X"), given.pop("outcomes")
    with pytest.raises(InputError, match=message):
        permutation_importance(model, X, outcomes, **given)


def test_a_model_that_fails_on_shuffled_rows_says_so():
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]})

    def answer(rows):
        if (rows["a"] != rows["b"]).any():
            raise ValueError("a and b differ")
        return rows["a"]

    with pytest.raises(ModelError, match="a and b differ"):
        permutation_importance(Predictor(answer, task="regression"), X, [1.0, 2.0, 3.0])


def test_a_wrong_level_is_refused_before_the_model_is_asked():
    model, (X, outcomes) = linear(), gaussian(10)
    with pytest.raises(InputError, match="level=95"):
        permutation_importance(model, X, outcomes, level=95)
    assert model.rows_evaluated == 0


def test_an_unknown_feature_is_named():
    result = permutation_importance(linear(), *gaussian(10))
    with pytest.raises(InputError, match=r"no feature 'aa'\. Did you mean 'a'"):
        result["aa"]
