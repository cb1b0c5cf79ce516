import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from alignlab.audit.answers import asked_model, stored_answers, task_of
from alignlab.datasets import TableData
from alignlab.errors import InputError
from alignlab.predictors import Predictor


@pytest.fixture
def table() -> TableData:
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    frame = pd.DataFrame({"x": x, "z": -x, "y": np.where(x > 0, "yes", "no"), "price": x * 2.5})
    return TableData(frame, target="y", name="t")


def linear(rows):
    return 1 / (1 + np.exp(-rows["x"].to_numpy()))


def test_a_function_is_read_as_the_target_s_sorted_classes_and_says_so(table):
    answerer = asked_model(linear, table, "y")
    assert answerer.classes == ("no", "yes")
    assert answerer.reading == ("the model's outputs are read as y = 'no', 'yes', in this order")
    answers = answerer.ask()
    np.testing.assert_array_equal(answers.decisions, answers.outcomes)
    np.testing.assert_allclose(answers.probabilities[:, 1], linear(table.frame))
    assert answerer.predictor.rows_evaluated == 40


def test_stated_classes_win(table):
    answerer = asked_model(linear, table, "y", classes=["yes", "no"])
    assert (answerer.classes, answerer.reading) == (("yes", "no"), "")
    assert (answerer.ask().decisions != answerer.ask().outcomes).all()


def test_an_estimator_knows_its_classes_and_columns(table):
    model = LogisticRegression().fit(table.frame[["x"]], table.frame["y"])
    answerer = asked_model(model, table, "y")
    assert (answerer.classes, answerer.reading) == (("no", "yes"), "")
    assert list(answerer.features.columns) == ["x"]


def test_a_model_of_one_matrix_is_not_given_the_groups(table):
    frame = table.frame.assign(sex=["f", "m"] * 20)
    model = LogisticRegression().fit(frame[["x", "z"]].to_numpy(), frame["y"])
    with_groups = TableData(frame.drop(columns="price"), target="y", name="t")
    answerer = asked_model(model, with_groups, "y", groups_only=["sex"])
    assert list(answerer.features.columns) == ["x", "z"]
    assert answerer.reading == (
        "the model takes 2 columns, so sex is taken to say who people are only"
    )
    expected = model.predict_proba(frame[["x", "z"]].to_numpy())
    np.testing.assert_allclose(answerer.ask().probabilities, expected)
    # Where leaving the groups out does not make it fit, nothing is guessed.
    more = TableData(frame, target="y", name="t")
    with pytest.raises(InputError, match="that it reads, in its order, with"):
        asked_model(model, more, "y", groups_only=["sex"]).ask()
    stated = asked_model(model, more, "y", groups_only=["sex"], features=["z", "x"])
    expected = model.predict_proba(frame[["z", "x"]].to_numpy())
    np.testing.assert_allclose(stated.ask().probabilities, expected)
    assert stated.reading == ""


def test_stated_features_cannot_be_others_than_the_model_s(table):
    model = LogisticRegression().fit(table.frame[["x", "z"]], table.frame["y"])
    kept = asked_model(model, table, "y", features=["z", "x"])
    assert list(kept.features.columns) == ["x", "z"]
    with pytest.raises(InputError, match="names the columns that it reads, and they are others"):
        asked_model(model, table, "y", features=["x"])
    with pytest.raises(InputError, match="There is no column 'w'"):
        asked_model(linear, table, "y", features=["x", "w"])
    with pytest.raises(InputError, match="it would be told the answer"):
        asked_model(linear, table, "y", features=["x", "y"])


def test_decisions_without_probabilities_are_not_scores(table):
    model = Predictor(
        lambda rows: np.eye(2)[(rows["x"] > 0).astype(int)],
        "classification", classes=("no", "yes"), probabilistic=False,
    )  # fmt: skip
    assert asked_model(model, table, "y").ask().probabilities is None


def test_a_regression(table):
    model = LinearRegression().fit(table.frame[["x"]], table.frame["price"])
    answers = asked_model(model, TableData(table.frame, target="price"), "price").ask()
    np.testing.assert_allclose(answers.decisions, answers.outcomes)
    assert answers.probabilities is None


def test_a_model_that_reads_the_target_is_refused(table):
    model = LogisticRegression().fit(table.frame[["x", "price"]], table.frame["y"])
    with pytest.raises(InputError, match="it would be told the answer"):
        asked_model(model, TableData(table.frame, target="price"), "price")


def test_a_column_that_the_model_needs_is_named(table):
    model = LogisticRegression().fit(table.frame[["x", "z"]], table.frame["y"])
    less = TableData(table.frame.drop(columns="z"), target="y")
    with pytest.raises(
        InputError, match=r"no column 'z' for the model .*The table has: x, y, price"
    ):
        asked_model(model, less, "y")


def test_labels_that_the_model_does_not_know_are_named(table):
    model = LogisticRegression().fit(table.frame[["x"]], table.frame["y"] == "yes")
    with pytest.raises(InputError, match=r"Row 0 of the target column 'y' has the label"):
        asked_model(model, table, "y")


def test_numbers_are_needed_where_the_model_predicts_numbers(table):
    model = LinearRegression().fit(table.frame[["x"]], table.frame["price"])
    with pytest.raises(InputError, match="not a finite number, but the model"):
        asked_model(model, table, "y")


def test_stored_answers_are_read_and_ask_no_model(table):
    table.frame["said"] = table.frame["y"]
    answerer = stored_answers(table, "y", prediction="said", probability=None)
    assert answerer.predictor is None
    assert answerer.reading == "said is read as the decision on y"
    assert list(answerer.features.columns) == ["x", "z", "price"]
    assert answerer.subject["kind"] == "table of predictions"


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([0, 1, 0], "classification"),
        ([1.0, 2.0], "classification"),
        ([0.5, 1.5, 2.0], "regression"),
        (range(30), "regression"),
        (pd.Categorical([1, 2, 3]), "classification"),
    ],
)
def test_what_can_be_seen_is_seen(values, task):
    assert task_of(pd.Series(values), "t") == task


def test_what_cannot_be_seen_is_asked():
    with pytest.raises(InputError, match=r"3 whole numbers, from 1 to 3.*--task"):
        task_of(pd.Series([1, 2, 3, 3]), "stars")


def test_a_model_that_is_not_there_is_said_even_where_the_target_leaves_the_task_open():
    frame = pd.DataFrame({"x": range(40), "y": [1, 2, 3, 4] * 10})
    with pytest.raises(InputError, match=r"There is no model 'gone\.skops'"):
        asked_model("gone.skops", TableData(frame, target="y"), "y")
