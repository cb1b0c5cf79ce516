"""Which numbers of a model are explained."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor
from alignlab.transparency.outputs import output_of

X = np.array([[0.25, 0.5], [0.6, 0.1], [1e-12, 0.5]])
THREE = Predictor(
    lambda rows: np.column_stack([rows, 1 - rows.sum(axis=1)]),
    "classification",
    classes=("a", "b", 3),
)
TWO = Predictor(lambda rows: rows[:, 0], "classification", classes=(0, 1))


def test_all_of_three_classes_and_the_second_of_two():
    assert output_of(THREE).names == ("a", "b", "3")
    assert np.array_equal(output_of(THREE)(X), THREE(X))
    assert output_of(TWO).names == ("1",)
    assert np.array_equal(output_of(TWO)(X)[:, 0], X[:, 0])


def test_log_odds_keep_their_digits_near_one():
    tiny = Predictor(
        lambda rows: np.column_stack([np.full(len(rows), 1e-20), np.ones(len(rows))]),
        "classification",
        classes=(0, 1),
    )
    odds = output_of(tiny, scale="log odds")(X)
    assert odds[0, 0] == pytest.approx(20 * np.log(10), rel=1e-12)
    assert output_of(THREE, scale="log odds", target="b")(X)[:, 0] == pytest.approx(
        np.log(X[:, 1] / (1 - X[:, 1]))
    )


def test_decisions_are_one_hot_by_the_models_own_rule():
    strict = Predictor(
        lambda rows: rows[:, 0],
        "classification",
        classes=("no", "yes"),
        decision=lambda answers: (answers[:, 1] > 0.9).astype(np.intp),
    )
    assert output_of(strict, scale="decision")(X)[:, 0].tolist() == [0, 0, 0]
    assert output_of(TWO, scale="decision")(X)[:, 0].tolist() == [0, 1, 0]


def test_a_model_of_decisions_is_explained_by_its_decisions():
    labels = Predictor(
        lambda rows: (rows[:, 0] > 0.5) * 1.0, "classification", classes=(0, 1), probabilistic=False
    )
    assert output_of(labels).scale == "decision"
    with pytest.raises(InputError, match="gives decisions only"):
        output_of(labels, scale="probability")


def test_regression_has_one_value():
    line = Predictor(lambda rows: rows @ [1.0, 2.0], "regression")
    assert output_of(line)(X)[:, 0] == pytest.approx(X @ [1.0, 2.0])
    with pytest.raises(InputError, match="predicts a value"):
        output_of(line, scale="probability")
    with pytest.raises(InputError, match="predicts a value"):
        output_of(line, target="yes")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "c"}, "'c'"),
        ({"target": ["a", "a"]}, "twice"),
        ({"target": []}, "names no class"),
        ({"scale": "odds"}, "did you mean|scale"),
        ({"scale": "value"}, "predicts classes"),
    ],
)
def test_what_is_not_there_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        output_of(THREE, **options)


def test_probabilities_of_one_have_no_log_odds():
    with pytest.raises(ModelError, match="no log-odds"):
        output_of(TWO, scale="log odds")(np.array([[1.0, 0.0]]))
