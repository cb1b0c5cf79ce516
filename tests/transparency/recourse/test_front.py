from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from alignlab.datasets import Constraints
from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor
from alignlab.transparency.recourse import counterfactuals


def credit(rows=300, seed=0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 70, rows),
            "savings": rng.gamma(2, 1500, rows).round(0),
            "debt": rng.gamma(2, 1000, rows).round(2),
            "job": rng.choice(["clerk", "nurse", "cook"], rows),
            "sex": rng.choice(["f", "m"], rows),
            "same": 1.0,
            "home_own": 0,
        }
    )
    frame["home_own"] = rng.integers(0, 2, rows)
    frame["home_rent"] = 1 - frame["home_own"]
    score = (
        (frame["savings"] - frame["debt"]) / 1500 + (frame["job"] == "nurse") + frame["home_own"]
    )
    return frame, np.where(score + rng.normal(size=rows) / 2 > 1.8, "yes", "no")


X, Y = credit()
TEXT = ["job", "sex"]
HELD = Constraints(immutable=["sex"], monotone={"age": "increasing"}, integers=["savings"])


def fitted(model, truth=Y):
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), TEXT),
        (StandardScaler(), [c for c in X if c not in TEXT]),
    )  # fmt: skip
    return make_pipeline(encode, model).fit(X, truth)


LINEAR = fitted(LogisticRegression())
TREE = fitted(DecisionTreeClassifier(max_depth=5, random_state=0))
FOREST = fitted(RandomForestClassifier(20, max_depth=6, random_state=0))


def denied(model, at=0):
    return X[model.predict(X) == "no"].iloc[[at]]


@pytest.mark.parametrize("model", [LINEAR, TREE, FOREST], ids=["linear", "tree", "forest"])
@pytest.mark.parametrize("at", [0, 5])
def test_every_row_is_allowed_and_answered_as_wanted(model, at):
    row = denied(model, at)
    before, data = row.copy(), X.copy()
    found = counterfactuals(model, row, data=X, constraints=HELD)
    pd.testing.assert_frame_equal(row, before)
    pd.testing.assert_frame_equal(X, data)
    assert len(found) > 0
    assert (model.predict(found.rows) == "yes").all()
    assert (found.rows.dtypes == X.dtypes).all()
    origin = pd.concat([row] * len(found), ignore_index=True)
    both = Constraints.observed(
        X, immutable=["sex"], monotone={"age": "increasing"}, integers=["savings"],
        one_hot=[["home_own", "home_rent"]],
    )  # fmt: skip
    assert both.violations(found.rows, origin).empty
    for each in found:
        names = [c for c in X if each.row[c].iloc[0] != row[c].iloc[0]]
        units = {"home" if name.startswith("home") else name for name in names}
        assert {change.column for change in each.changes} == units
        assert each.answer == pytest.approx(model.predict_proba(each.row)[0, 1])
        assert each.cost == pytest.approx(
            sum(abs(change.move) for change in each.changes) + len(each.changes)
        )
        assert 0 <= each.plausibility <= 1
    assert found.evaluations > 0
    assert found.proven == (model is not FOREST)
    assert (found.least_cost is None) == (model is FOREST)
    costs = [each.cost for each in found]
    assert costs == sorted(costs)


def test_the_shown_cost_is_the_proven_one_but_for_rounding():
    for at in range(3):
        found = counterfactuals(LINEAR, denied(LINEAR, at), data=X, constraints=HELD)
        assert found.least_cost <= found[0].cost + 1e-9 <= found.least_cost + 0.3
        exact = counterfactuals(LINEAR, denied(LINEAR, at), data=X, constraints=HELD, tidy=False)
        assert exact[0].cost == pytest.approx(exact.least_cost)
        by_search = counterfactuals(
            LINEAR, denied(LINEAR, at), data=X, constraints=HELD, tidy=False, method="search"
        )
        assert by_search[0].cost >= exact.least_cost - 1e-4
        assert by_search[0].cost <= exact.least_cost * 1.05


def test_rows_differ_in_what_they_change():
    found = counterfactuals(FOREST, denied(FOREST, 1), data=X, constraints=HELD, number=4)
    sets = [frozenset(change.column for change in each.changes) for each in found]
    assert len(found) >= 2
    assert len(set(sets)) == len(sets)


def test_the_same_seed_gives_the_same_rows():
    one, other = (counterfactuals(FOREST, denied(FOREST), data=X, seed=7) for _ in range(2))
    assert one.to_dict() == other.to_dict()


def test_where_nothing_may_change_there_is_none_and_that_is_proven():
    found = counterfactuals(
        FOREST, denied(FOREST), data=X, constraints=Constraints(immutable=list(X))
    )
    assert len(found) == 0
    assert found.proven
    assert found.sentences == (
        "No column of this row may change, so its answer cannot become yes.",
    )
    assert found.rows is None
    assert found.to_frame().empty
    assert "<svg" in found.chart().svg()


@pytest.mark.parametrize(
    ("model", "proven", "words"),
    [(LINEAR, True, "that is proven"), (TREE, True, "that is proven"), (FOREST, False, "no proof")],
    ids=["linear", "tree", "forest"],
)
def test_where_none_is_found_it_is_said_whether_that_is_proven(model, proven, words):
    poor = X[(X["savings"] < 800) & (X["debt"] > 2500) & (model.predict(X) == "no")].iloc[[0]]
    only = Constraints(immutable=[c for c in X if c not in ("age", "sex")])
    found = counterfactuals(model, poor, data=X, constraints=only)
    assert len(found) == 0
    assert found.proven == proven
    assert words in found.why_none
    assert found.least_cost is None


def test_a_range_is_reached_in_regression():
    model = LinearRegression().fit(X[["savings", "debt", "age"]], X["savings"] - X["debt"])
    row = X[["savings", "debt", "age"]].iloc[[0]]
    now = model.predict(row)[0]
    found = counterfactuals(model, row, data=X, target=(now + 900, now + 1000))
    values = model.predict(found.rows)
    assert ((values >= now + 900) & (values <= now + 1000)).all()
    assert found.proven
    assert "the answer would have been" in found.sentences[0]
    with pytest.raises(InputError, match="is no range of values"):
        counterfactuals(model, row, data=X)


def test_of_several_classes_one_is_named_or_any_other_taken():
    truth = np.digitize(X["savings"], [1500, 4000])
    model = fitted(HistGradientBoostingClassifier(max_iter=15, random_state=0), truth)
    row = X[X["savings"] < 800].iloc[[0]]
    assert (model.predict(counterfactuals(model, row, data=X, target=2).rows) == 2).all()
    other = counterfactuals(model, row, data=X)
    assert (model.predict(other.rows) != 0).all()
    assert other.target == "another than 0"


def test_a_model_of_labels_only_is_searched():
    model = fitted(SVC())
    found = counterfactuals(model, denied(model), data=X, constraints=HELD)
    assert found.method == "search"
    assert found[0].answer is None
    assert "the answer would have been yes." in found.sentences[0]
    assert (model.predict(found.rows) == "yes").all()
    exact = fitted(Perceptron(random_state=0))
    assert counterfactuals(exact, denied(exact), data=X).proven


def test_missing_cells_stay_missing():
    data = X.copy()
    data.loc[::7, "debt"] = np.nan
    numbers = data[["age", "savings", "debt"]]
    model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(numbers, Y)
    rows = numbers[numbers["debt"].isna() & (model.predict(numbers) == "no")]
    found = counterfactuals(model, rows.iloc[[0]], data=numbers)
    assert found.rows["debt"].isna().all()
    assert (model.predict(found.rows) == "yes").all()


@pytest.mark.parametrize("last", [LogisticRegression(), DecisionTreeClassifier(max_depth=4)])
def test_a_proof_holds_for_rows_with_missing_cells_or_is_not_claimed(last):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"a": rng.normal(size=200), "c": rng.normal(size=200)})
    data["b"] = 0.9 * data["a"] + 0.3 * rng.normal(size=200)
    truth = data["a"] + 2 * data["b"] + data["c"] > 0
    # What fills in the missing cell looks at the cells that are changed.
    model = make_pipeline(KNNImputer(n_neighbors=3), StandardScaler(), last).fit(data, truth)
    row = data.assign(b=np.nan)
    row = row[~model.predict(row)].iloc[[0]]
    found = counterfactuals(model, row, data=data, tidy=False)
    assert not found.proven
    plain = make_pipeline(SimpleImputer(), StandardScaler(), last).fit(data, truth)
    row = data.assign(b=np.nan)
    row = row[~plain.predict(row)].iloc[[0]]
    exact, searched = (
        counterfactuals(plain, row, data=data, tidy=False, method=method)
        for method in ("exact", "search")
    )
    assert exact.least_cost <= searched[0].cost + 1e-9


def test_a_category_that_the_data_does_not_have_may_stay():
    row = denied(LINEAR).assign(job="pilot")
    found = counterfactuals(LINEAR, row, data=X, constraints=HELD)
    assert len(found)
    strict = make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (StandardScaler(), ["savings"])),
        LogisticRegression(),
    ).fit(X, Y)
    with pytest.raises(ModelError, match="unknown categories"):
        counterfactuals(strict, row, data=X)


def test_a_probability_may_be_asked_for():
    for model in (LINEAR, FOREST):
        found = counterfactuals(model, denied(model), data=X, confidence=0.8)
        assert (model.predict_proba(found.rows)[:, 1] >= 0.8).all()


def test_arrays_stay_arrays():
    numbers = X[["age", "savings", "debt"]].to_numpy(np.float32)
    model = DecisionTreeClassifier(max_depth=5, random_state=0).fit(numbers, Y)
    row = numbers[model.predict(numbers) == "no"][0]
    found = counterfactuals(model, row, data=numbers)
    assert found.rows.dtype == np.float32
    assert (model.predict(found.rows) == "yes").all()
    assert found.proven
    assert found[0].changes[0].column in ("0", "1", "2")


def test_an_array_has_columns_for_a_model_that_names_its_own():
    names = ["age", "savings", "debt"]
    model = DecisionTreeClassifier(max_depth=5, random_state=0).fit(X[names], Y)
    row = X[names][model.predict(X[names]) == "no"].iloc[[0]]
    framed = counterfactuals(model, row, data=X[names])
    bare = counterfactuals(model, row.to_numpy(), data=X[names].to_numpy())
    assert len(bare) == len(framed)
    assert np.array_equal(bare.rows, framed.rows.to_numpy())


def test_a_column_that_the_model_does_not_read_is_never_changed():
    model = LogisticRegression().fit(X[["savings", "debt"]], Y)
    row = X[model.predict(X[["savings", "debt"]]) == "no"].iloc[[0]]
    found = counterfactuals(model, row, data=X)
    assert {change.column for each in found for change in each.changes} <= {"savings", "debt"}


def test_a_price_for_changes_makes_them_few():
    row = denied(FOREST, 3)
    few = counterfactuals(FOREST, row, data=X, per_change=3.0)[0]
    near = counterfactuals(FOREST, row, data=X, per_change=0.0)[0]
    assert len(few.changes) <= len(near.changes)
    move = [sum(abs(change.move) for change in each.changes) for each in (few, near)]
    assert move[1] <= move[0] + 1e-9


def test_evaluations_are_counted():
    predictor = as_predictor(FOREST)
    found = counterfactuals(predictor, denied(FOREST), data=X)
    assert found.evaluations == predictor.rows_evaluated


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"number": 0}, "not a whole number from 1"),
        ({"plausible": 2}, "not a share between 0 and 1"),
        ({"data": X.iloc[:1]}, "at least 2 are needed"),
        ({"row": X.iloc[:2]}, "There are 2 rows to change"),
        ({"target": "maybe"}, "target='maybe' is not one of"),
        ({"target": "no"}, "which is what is wanted already"),
        ({"constraints": Constraints(immutable=["agee"])}, "Did you mean 'age'"),
        (
            {"constraints": Constraints(bounds={"age": (0, 1)})},
            "^The row violates the constraints: age is",
        ),
        ({"row": X.iloc[0].drop("debt").to_dict()}, "The row does not have the column 'debt'"),
        ({"scales": 2}, "scales=2 is no mapping"),
        ({"plausible": "0.1"}, "not a share between 0 and 1"),
        ({"starts": 1}, "starts=1 is not a whole number from 2"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_is_not_understood_is_said(options, message):
    settings = {"row": denied(FOREST), "data": X, **options}
    with pytest.raises(InputError, match=message):
        counterfactuals(FOREST, settings.pop("row"), **settings)
