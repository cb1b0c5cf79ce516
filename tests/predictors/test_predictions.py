import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.errors import InputError
from alignlab.predictors import as_predictor, read_predictions

BINARY = pd.DataFrame({"deny": ["no", "yes", "no", "yes"], "p": [0.1, 0.7, 0.6, 0.5]})


def test_one_column_is_the_probability_of_the_class_that_sorts_last():
    table = read_predictions(BINARY, target="deny", probability="p")
    assert table.classes == ("no", "yes")
    assert table.outcomes.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(table.probabilities[:, 1], BINARY["p"])
    assert table.decisions.tolist() == [0, 1, 1, 0]  # 0.5 is not more than 0.5
    assert table.reading == "p is read as the probability of deny = 'yes'"
    assert len(table) == 4


def test_a_mapping_says_which_class_is_meant():
    table = read_predictions(BINARY, target="deny", probability={"no": "p"})
    np.testing.assert_allclose(table.probabilities[:, 0], BINARY["p"])
    assert table.reading == "p is read as the probability of deny = 'no'"


def test_several_columns_are_the_classes_in_order_and_a_mapping_in_any():
    frame = pd.DataFrame(
        {"kind": [10, 9, 2], "p2": [0.1, 0.2, 0.7], "p9": [0.2, 0.7, 0.2], "p10": [0.7, 0.1, 0.1]}
    )
    listed = read_predictions(frame, target="kind", probability=["p2", "p9", "p10"])
    mapped = read_predictions(frame, target="kind", probability={"10": "p10", 9: "p9", 2.0: "p2"})
    assert listed.classes == mapped.classes == ("2", "9", "10")
    np.testing.assert_array_equal(listed.probabilities, mapped.probabilities)
    assert listed.outcomes.tolist() == listed.decisions.tolist() == [2, 1, 0]
    assert listed.reading == (
        "p2, p9, p10 are read as the probabilities of kind = '2', kind = '9', kind = '10'"
    )


def test_the_models_own_decisions_go_before_the_most_probable_class():
    frame = BINARY.assign(said=["yes", "no", "no", "no"])
    table = read_predictions(frame, target="deny", prediction="said", probability="p")
    assert table.decisions.tolist() == [1, 0, 0, 0]
    assert table.reading.startswith("said is read as the decision on deny; p is read")
    alone = read_predictions(frame, target="deny", prediction="said")
    assert alone.probabilities is None
    assert alone.decisions.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "target", [[0, 1, 0], [0.0, 1.0, 0.0], ["0", "1", "0"], [False, True, False]]
)
@pytest.mark.parametrize("said", [[1, 1, 0], [1.0, 1.0, 0.0], ["1", "1", "0"], [True, True, False]])
def test_one_class_in_all_its_spellings(target, said):
    frame = pd.DataFrame({"y": target, "said": said})
    table = read_predictions(frame, target="y", prediction="said", classes=(0, 1))
    assert table.classes == ("0", "1")
    assert table.outcomes.tolist() == [0, 1, 0]
    assert table.decisions.tolist() == [1, 1, 0]


def test_a_class_that_was_predicted_only_is_a_class():
    frame = pd.DataFrame({"y": ["a", "b"], "said": ["c", "b"]})
    assert read_predictions(frame, target="y", prediction="said").classes == ("a", "b", "c")


def test_categories_keep_no_empty_class():
    frame = BINARY.assign(deny=pd.Categorical(BINARY["deny"], categories=["no", "yes", "maybe"]))
    assert read_predictions(frame, target="deny", probability="p").classes == ("no", "yes")


def test_numbers_with_many_values_are_a_regression():
    values = np.arange(30.0)
    frame = pd.DataFrame({"y": values, "said": values + 0.25})
    table = read_predictions(frame, target="y", prediction="said")
    assert (table.task, table.classes, table.probabilities) == ("regression", (), None)
    np.testing.assert_array_equal(table.decisions - table.outcomes, 0.25)
    assert table.reading == "said is read as the predicted y"


@pytest.mark.parametrize(
    ("target", "said", "message"),
    [
        (np.arange(30), np.arange(30), "all among them. State the task"),
        (np.arange(30) % 5, np.arange(30) % 5 + 0.3, "not all among them. State the task"),
        (np.arange(30) % 2, np.linspace(0.1, 0.9, 30), "--probability said"),
    ],
    ids=["ages or classes", "ratings", "probabilities"],
)
def test_an_ambiguous_task_is_refused_until_it_is_stated(target, said, message):
    frame = pd.DataFrame({"y": target, "said": said})
    with pytest.raises(InputError, match=message):
        read_predictions(frame, target="y", prediction="said")
    stated = read_predictions(frame, target="y", prediction="said", task="regression")
    assert stated.task == "regression"


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({}, {"target": "denied"}, "no column 'denied' for target. Did you mean 'deny'"),
        ({}, {"probability": "q"}, "no column 'q' for probability"),
        ({}, {"probability": None}, "--prediction.*--probability"),
        ({"deny": ["no", None, "no", "yes"]}, {}, r"'deny' is missing on row 1 \(1 such rows\)"),
        ({"deny": "no"}, {}, "one class only, 'no'"),
        ({"p": [0.1, np.nan, 0.2, 0.3]}, {}, "'p' is missing on row 1"),
        ({"p": [0.1, 0.2, np.inf, 0.3]}, {}, "'p' is 'inf' on row 2"),
        ({"p": ["0,1", "0,2", "0", "0"]}, {}, "'p' is '0,1' on row 0.*a number is needed"),
        ({"p": [0.1, 0.2, 0.3, 1.2]}, {}, "'p' is 1.2 on row 3.*between 0 and 1"),
        ({"q": [0.9, 0.3, 0.3, 0.5]}, {"probability": ["q", "p"]}, "sum to 0.9 on row 2"),
        ({}, {"probability": ["p", "p", "p"]}, "3 probability columns .* for 2 classes"),
        ({}, {"probability": {"maybe": "p"}}, "1 probability columns"),
        ({}, {"classes": ["no", "nay"]}, "Row 1 of column 'deny' has the label 'yes'"),
        ({}, {"prediction": "p", "probability": None, "task": "regression"}, "'deny' is 'no'"),
        ({}, {"task": "regression"}, "A regression has no probabilities"),
        ({"said": [None, "no", "no", "no"]}, {"prediction": "said"}, "'said' is missing on row 0"),
    ],
)
def test_bad_tables_are_refused_in_one_line_that_names_the_place(change, options, said):
    given = {"target": "deny", "probability": "p"} | options
    with pytest.raises(InputError, match=said) as raised:
        read_predictions(BINARY.assign(**change), **given)
    assert "\n" not in str(raised.value)


def test_no_row_is_refused():
    with pytest.raises(InputError, match="0 rows"):
        read_predictions(BINARY.iloc[:0], target="deny", probability="p")


def test_one_column_for_three_classes_is_refused():
    frame = pd.DataFrame({"y": ["a", "b", "c"], "p": [0.1, 0.2, 0.3]})
    with pytest.raises(InputError, match=r"1 probability columns \(p\) for 3 classes"):
        read_predictions(frame, target="y", probability="p")


def test_a_table_of_a_models_predictions_says_what_the_model_says():
    bunch = load_wine()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(bunch.data, bunch.target)
    predictor = as_predictor(model)
    answers = predictor(bunch.data)
    frame = pd.DataFrame(answers, columns=["p0", "p1", "p2"]).assign(y=bunch.target)
    table = read_predictions(frame, target="y", probability=["p0", "p1", "p2"])
    np.testing.assert_allclose(table.probabilities, answers, rtol=1e-15)
    np.testing.assert_array_equal(table.decisions, model.predict(bunch.data))


@given(hnp.arrays(float, st.integers(4, 30), elements=st.floats(0, 1)), st.randoms())
def test_permuting_rows_permutes_the_table(p, random):
    frame = pd.DataFrame({"y": np.arange(len(p)) % 2, "p": p})
    order = random.sample(range(len(p)), len(p))
    table = read_predictions(frame, target="y", probability="p")
    permuted = read_predictions(frame.iloc[order], target="y", probability="p")
    np.testing.assert_array_equal(permuted.probabilities, table.probabilities[order])
    np.testing.assert_array_equal(permuted.outcomes, table.outcomes[order])
    np.testing.assert_array_equal(permuted.decisions, (p[order] > 1 - p[order]).astype(int))
