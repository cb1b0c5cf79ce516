from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.uncertainty.conformal import PredictionIntervals, PredictionSets

SETS = PredictionSets(
    members=np.array([[True, True, False], [False, False, False], [False, False, True]]),
    classes=("cat", "dog", 3),
    probabilities=np.full((3, 3), 1 / 3),
    level=0.9,
    too_small=("x",),
    notes=("a note",),
)
INTERVALS = PredictionIntervals(
    np.array([0.0, -np.inf]), np.array([2.0, np.inf]), np.array([1.0, 5.0]), 0.8
)


def test_sets_by_hand():
    assert SETS.sizes.tolist() == [2, 0, 1]
    assert SETS.contain(["dog", "cat", 3.0]).tolist() == [True, False, True]
    assert SETS.to_frame().to_numpy().tolist() == [["cat | dog", 2], ["", 0], ["3", 1]]
    assert repr(SETS) == "<PredictionSets at 0.9: 3 sets, 1.00 classes on average>"
    assert len(SETS) == 3


def test_intervals_by_hand():
    assert INTERVALS.contain([2.0, 1e9]).tolist() == [True, True]
    assert INTERVALS.contain([2.1, 0]).tolist() == [False, True]
    assert INTERVALS.widths.tolist() == INTERVALS.sizes.tolist() == [2, np.inf]
    assert INTERVALS.to_frame().columns.tolist() == ["prediction", "low", "high"]
    assert len(INTERVALS) == 2


def test_both_are_plain_values():
    written = json.loads(to_json(SETS.to_dict()))
    assert written["sets"] == [["cat", "dog"], [], ["3"]]
    assert written["too_small"] == ["x"]
    assert INTERVALS.to_dict()["low"] == [0, -np.inf]
    assert json.loads(to_json(INTERVALS.to_dict()))["low"] == [0, None]


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["a", "cat", "cat"], "Row 0 has the label 'a', which is none of the model's classes"),
        (["cat"], "y has 1 labels, and there are 3 sets"),
    ],
)
def test_labels_that_do_not_fit(y, words):
    with pytest.raises(InputError, match=words):
        SETS.contain(y)


@pytest.mark.parametrize(
    ("y", "words"),
    [([1.0], "has shape"), ([1.0, np.nan], "y is nan in row 1"), (["a", "b"], "is no number")],
)
def test_values_that_do_not_fit(y, words):
    with pytest.raises(InputError, match=words):
        INTERVALS.contain(y)
