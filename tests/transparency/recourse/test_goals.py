from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.recourse.goals import goal_of

THREE = Predictor(lambda rows: rows, "classification", classes=("a", "b", "c"))
TWO = Predictor(lambda rows: rows[:, 0], "classification", classes=("no", "yes"))
VALUE = Predictor(lambda rows: rows[:, 0], "regression")


def test_the_other_one_of_two_classes_is_wanted():
    goal = goal_of(TWO, None, answer=np.array([0.8, 0.2]))
    assert goal.text == "yes"
    answers = np.array([[0.4, 0.6], [0.6, 0.4], [0.5, 0.5]])
    assert goal.reached(answers).tolist() == [True, False, False]
    np.testing.assert_allclose(goal.margin(answers), [0.2, -0.2, 0.0])


def test_any_other_one_of_more_classes_will_do():
    goal = goal_of(THREE, None, answer=np.array([0.8, 0.1, 0.1]))
    answers = np.array([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]])
    assert goal.reached(answers).tolist() == [False, True]
    np.testing.assert_allclose(goal.margin(answers), [-0.2, 0.1])
    assert goal.text == "another than a"


def test_a_probability_may_be_asked_for():
    goal = goal_of(THREE, "b", answer=np.array([0.8, 0.1, 0.1]), confidence=0.6)
    answers = np.array([[0.2, 0.5, 0.3], [0.2, 0.65, 0.15]])
    assert goal.reached(answers).tolist() == [False, True]
    np.testing.assert_allclose(goal.margin(answers), [-0.1, 0.05])


def test_a_decision_rule_of_the_model_is_kept():
    strict = Predictor(
        lambda rows: rows[:, 0], "classification", classes=("no", "yes"),
        decision=lambda answers: (answers[:, 1] >= 0.9).astype(int),
    )  # fmt: skip
    goal = goal_of(strict, "yes", answer=None)
    assert goal.reached(np.array([[0.2, 0.8], [0.05, 0.95]])).tolist() == [False, True]


@pytest.mark.parametrize(
    ("target", "text", "reached"),
    [
        ((2, 3), "from 2 to 3", [False, True, False]),
        ((2, None), "at least 2", [False, True, True]),
        ((None, 2.5), "at most 2.5", [True, True, False]),
    ],
)
def test_a_range_of_values(target, text, reached):
    goal = goal_of(VALUE, target, answer=None)
    assert goal.text == text
    answers = np.array([1.0, 2.5, 4.0])
    assert goal.reached(answers).tolist() == reached
    assert ((goal.margin(answers) >= 0) == reached).all()


@pytest.mark.parametrize(
    ("model", "target", "answer", "options", "message"),
    [
        (TWO, "yess", None, {}, "Did you mean 'yes'"),
        (TWO, "yes", [0.1, 0.9], {}, "which is what is wanted already"),
        (VALUE, (0, 3), 2.0, {}, "which is what is wanted already"),
        (VALUE, 3.0, None, {}, "is no range of values"),
        (VALUE, (3, 2), None, {}, "the first number is the lesser one"),
        (VALUE, (None, None), None, {}, "is no range"),
        (VALUE, (1, 2), None, {"confidence": 0.5}, "gives none"),
        (TWO, "yes", None, {"confidence": 1.0}, "not between 0 and 1"),
        (THREE, None, [0.8, 0.1, 0.1], {"confidence": 0.5}, "name it as the target"),
        (TWO, None, None, {}, "State target: one of"),
    ],
)
def test_what_is_not_understood_is_said(model, target, answer, options, message):
    given = None if answer is None else np.asarray(answer)
    with pytest.raises(InputError, match=message):
        goal_of(model, target, answer=given, **options)
