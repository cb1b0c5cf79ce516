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


FLAGS = [[0, 1, 1], [0.0, 1.0, 1.0], ["0", "1", "1"], [False, True, True]]


@pytest.mark.parametrize("target", FLAGS)
@pytest.mark.parametrize("said", FLAGS)
def test_flags_and_numbers_are_one_class_without_being_told(target, said):
    table = read_predictions(
        pd.DataFrame({"y": target, "said": said}), target="y", prediction="said"
    )
    assert len(table.classes) == 2
    assert table.outcomes.tolist() == table.decisions.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("target", "said", "message"),
    [
        (
            [0, 1, 1],
            ["Low", "Medium", "High"],
            "No decision in 'said' (High, Low, Medium) is an outcome of 'y' (0, 1). Name the "
            "column of decisions, or map its values.",
        ),
        (
            ["yes", "no", "no"],
            ["Yes", "no", "no"],
            "'said' holds 'Yes' and 'y' holds 'yes', which differ by blanks or case only. Spell "
            "them alike in both columns.",
        ),
        (
            ["yes", "no", "no"],
            ["yes ", "no ", "no "],
            "'said' holds 'yes ' and 'y' holds 'yes', which differ by blanks or case only. Spell "
            "them alike in both columns.",
        ),
        (
            ["yes", "no", "no"],
            [0.25, 0.5, 1.0],
            "'said' holds numbers between 0 and 1 and 'y' holds classes: did you mean "
            "--probability said?",
        ),
    ],
    ids=["other labels", "case", "blanks", "probabilities"],
)
def test_decisions_that_cannot_be_outcomes_are_refused(target, said, message):
    frame = pd.DataFrame({"y": target, "said": said})
    with pytest.raises(InputError) as raised:
        read_predictions(frame, target="y", prediction="said")
    assert str(raised.value) == message


def test_labels_that_are_predicted_only_are_told():
    frame = pd.DataFrame({"y": ["a", "b", "b"], "said": ["c", "b", "b"], "p": 0.5})
    reading = read_predictions(frame, target="y", prediction="said").reading
    assert reading.endswith("said holds labels that never happened in y: c")
    with pytest.raises(InputError, match=r"3 classes of 'y' \(a, b, c; c only in 'said'\)"):
        read_predictions(frame, target="y", prediction="said", probability="p")


def test_classes_that_a_person_states_may_be_decided_by_every_row():
    frame = pd.DataFrame({"y": ["a", "b"], "said": ["c", "c"]})
    stated = read_predictions(frame, target="y", prediction="said", classes=["a", "b", "c"])
    assert stated.decisions.tolist() == [2, 2]


def test_a_probability_of_the_other_class_is_told_with_its_cure():
    p = np.r_[np.full(85, 0.9), np.full(15, 0.1)]
    frame = pd.DataFrame({"y": ["<=50K", ">50K"] * 50, "said": "<=50K", "p": p})
    frame.loc[0, "said"] = ">50K"
    given = {"target": "y", "prediction": "said"}
    assert read_predictions(frame, probability="p", **given).reading.endswith(
        "p disagrees with said on 84 % of rows: if it is the probability of '<=50K', say "
        "--probability '<=50K=p'"
    )
    cured = read_predictions(frame, probability={"<=50K": "p"}, **given)
    assert "disagree" not in cured.reading
    both = frame.assign(q=1 - p)
    assert read_predictions(both, probability=["q", "p"], **given).reading.endswith(
        "q, p disagree with said on 84 % of rows: check which column is which class's"
    )


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
        ({}, {"target": "denny"}, "no column 'denny' for target. Did you mean 'deny'.$"),
        ({}, {"probability": "q"}, "no column 'q' for probability"),
        ({}, {"probability": None}, "--prediction.*--probability"),
        ({"deny": ["no", None, "no", "yes"]}, {}, r"'deny' is missing on row 1 \(1 such rows\)"),
        ({"deny": "no"}, {}, "one class only, 'no'"),
        ({"p": [0.1, np.nan, 0.2, 0.3]}, {}, "'p' is missing on row 1"),
        ({"p": [0.1, 0.2, np.inf, 0.3]}, {}, "'p' is 'inf' on row 2"),
        ({"p": ["0,1", "0,2", "0", "0"]}, {}, "'p' is '0,1' on row 0.*a number is needed"),
        ({"p": [0.1, 0.2, 0.3, 1.2]}, {}, "'p' is 1.2 on row 3.*between 0 and 1"),
        ({"q": [0.9, 0.3, 0.3, 0.5]}, {"probability": ["q", "p"]}, "sum to 0.9 on row 2"),
        ({}, {"probability": ["p", "p", "p"]}, "are 3 columns of probabilities .* for 2 classes"),
        ({}, {"probability": {"maybe": "p"}}, "is 1 column of probabilities"),
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
    with pytest.raises(InputError, match=r"is 1 column of probabilities \(p\) for 3 classes"):
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
