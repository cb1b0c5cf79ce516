"""What a rule reads of a case: columns, the model's log-odds, its decision."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.deferral.cases import CaseReader, log_odds

FRAME = pd.DataFrame({"age": [20.0, 40.0, None, 60.0], "job": ["cook", "nurse", "cook", "nurse"]})
SAID = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])


def reader(X=FRAME, said=SAID, features=None, representation=None):
    model = as_predictor(lambda rows: said, classes=list(range(said.shape[1])))
    return CaseReader.fitted(
        model, X, said, said.argmax(axis=1), features=features, representation=representation
    )


def test_by_hand():
    numbers = reader().numbers(FRAME, SAID, SAID.argmax(axis=1))
    odds = np.log(4)
    # age, whether it was missing, cook, nurse; log-odds of the second class, of the decision; which
    assert numbers[0] == pytest.approx([20, 0, 1, 0, odds, odds, 1])
    assert numbers[2] == pytest.approx([40, 1, 1, 0, -np.log(9), np.log(9), 0])
    assert numbers[3, 4:] == pytest.approx([-30, 30, 0])


def test_the_design_is_standardised_and_a_constant_column_is_0():
    frame = FRAME.assign(same=7.0)
    read = reader(frame)
    design = read.design(frame, SAID, SAID.argmax(axis=1))
    assert design.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert set(design.std(axis=0).round(9)) == {0.0, 1.0}


def test_log_odds_keep_what_subtraction_would_lose():
    said = np.array([[1.0, 1e-11, 2e-12]])
    assert log_odds(said)[0, 0] == pytest.approx(-np.log(1.2e-11))
    assert np.isfinite(log_odds(np.eye(3))).all()


def test_three_classes_and_an_array_of_images():
    said = np.full((5, 3), 1 / 3)
    images = np.arange(5 * 12.0).reshape(5, 3, 4)
    read = reader(images, said)
    assert read.design(images, said, said.argmax(axis=1)).shape == (5, 12 + 3 + 1 + 2)


def test_a_representation_takes_the_place_of_columns():
    read = reader(representation=lambda rows: rows[["age"]].fillna(0))
    assert read.design(FRAME, SAID, SAID.argmax(axis=1)).shape == (4, 1 + 3)
    assert read.names == ()


def test_no_features_leave_the_models_answers():
    assert reader(features=[]).design(FRAME, SAID, SAID.argmax(axis=1)).shape == (4, 3)


def test_it_comes_back_from_json():
    read = reader()
    back = CaseReader.from_dict(json.loads(json.dumps(read.to_dict())))
    decisions = SAID.argmax(axis=1)
    assert (back.design(FRAME, SAID, decisions) == read.design(FRAME, SAID, decisions)).all()


def test_what_cannot_be_read_is_said():
    with pytest.raises(InputError, match=r"'agee'.* Did you mean 'age'"):
        reader(features=["agee"])
    with pytest.raises(InputError, match="both given"):
        reader(features=["age"], representation=len)
    with pytest.raises(InputError, match="finite numbers"):
        reader(representation=lambda rows: np.zeros(4))
    with pytest.raises(InputError, match="at most 1,000"):
        reader(np.zeros((4, 40, 40)))
    with pytest.raises(InputError, match="at most 1,000"):
        reader(representation=lambda rows: np.zeros((4, 2000)))
    with pytest.raises(InputError, match=r"reads the column 'job'"):
        reader().design(FRAME[["age"]], SAID, SAID.argmax(axis=1))
    narrow = reader(representation=lambda rows: np.zeros((len(rows), 2)))
    wide = replace(narrow, representation=lambda rows: np.zeros((len(rows), 3)))
    with pytest.raises(InputError, match="rows of the same kind"):
        wide.design(FRAME, SAID, SAID.argmax(axis=1))
    with pytest.raises(InputError, match="reads none"):
        CaseReader.from_dict(reader().to_dict(), len)
