from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.oversight.making import predicted_answers
from alignlab.predictors import read_predictions


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"said": ["no", "yes", "no"], "p": [0.2, 0.7, 0.4], "q": [0.8, 0.3, 0.6], "x": [1, 2, 3]}
    )


def test_one_column_is_of_the_class_that_sorts_last(frame):
    found = predicted_answers(frame, probability="p", classes=["no", "yes"])
    assert np.allclose(found.probabilities[:, 1], frame["p"])
    assert found.decisions.tolist() == [0, 1, 0]
    assert found.columns == ("p",)


def test_a_mapping_leaves_nothing_to_the_order(frame):
    found = predicted_answers(frame, probability={"yes": "p", "no": "q"})
    assert found.classes == ("no", "yes")
    assert np.allclose(found.probabilities, frame[["q", "p"]])


def test_one_class_mapped_tells_the_other(frame):
    found = predicted_answers(frame, prediction="said", probability={"no": "p"})
    assert np.allclose(found.probabilities[:, 0], frame["p"])


def test_decisions_alone(frame):
    found = predicted_answers(frame, prediction="said")
    assert found.probabilities is None
    assert found.decisions.tolist() == [0, 1, 0]


def test_where_the_outcome_is_there_both_readers_read_alike(frame):
    beside = frame.assign(happened=["no", "yes", "yes"])
    ours = predicted_answers(frame, prediction="said", probability=["q", "p"])
    theirs = read_predictions(beside, target="happened", prediction="said", probability=["q", "p"])
    assert ours.classes == theirs.classes
    assert np.allclose(ours.probabilities, theirs.probabilities)
    assert (ours.decisions == theirs.decisions).all()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Name the column of decisions or those of probabilities"),
        ({"probability": "p"}, "The classes cannot be seen"),
        ({"prediction": "sad"}, "no column 'sad' for the decisions. Did you mean 'said'?"),
        ({"probability": "x", "classes": [0, 1]}, "Column 'x' is 2 on row 1"),
        ({"probability": ["p", "p"], "classes": [0, 1]}, "sum to 0.4 on row 0"),
        ({"probability": ["p", "q"], "classes": [0, 1, 2]}, "2 columns of probabilities"),
        ({"prediction": "said", "classes": ["no", "maybe"]}, "Row 1 of column 'said' has 'yes'"),
    ],
)
def test_what_is_no_prediction_is_refused(frame, given, told):
    with pytest.raises(InputError) as error:
        predicted_answers(frame, **given)
    assert told in str(error.value)


def test_gaps_are_named(frame):
    holed = frame.assign(said=["no", None, "yes"], p=[0.1, 0.2, None])
    with pytest.raises(InputError, match="'said' is missing on row 1"):
        predicted_answers(holed, prediction="said")
    with pytest.raises(InputError, match="'p' is missing on row 2"):
        predicted_answers(holed, probability="p", classes=[0, 1])
    with pytest.raises(InputError, match="0 rows"):
        predicted_answers(frame[:0], prediction="said")
    one = frame.assign(said="no")
    with pytest.raises(InputError, match="Only 'no' is decided here"):
        predicted_answers(one, prediction="said")
