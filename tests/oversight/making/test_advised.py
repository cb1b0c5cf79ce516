from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.items import Advice
from alignlab.oversight.making.advised import advised, positions_of


def test_the_advice_is_the_most_probable_class_and_its_probability():
    said = advised([[0.25, 0.75], [0.5, 0.5]], ["no", "yes"], 2, labels={"yes": "deny"})
    assert said.choices == ("no", "deny")
    assert [said.advice(0), said.advice(1)] == [Advice("deny", 0.75), Advice("no", 0.5)]


def test_the_models_own_rule_wins_and_its_probability_is_that_of_what_it_decided():
    said = advised([[0.3, 0.7]], [0, 1], 1, decisions=[0])
    assert said.advice(0) == Advice("0", 0.3)


def test_decisions_alone_have_no_confidence_and_nobody_asked_gives_none():
    assert advised([1, 0], [0, 1], 2).advice(0) == Advice("1", None)
    assert advised(None, [0, 1], 2).advice(0) is None


def test_rounded_probabilities_are_made_to_sum_to_one():
    said = advised([[0.3333, 0.3333, 0.3333]], "abc", 1)
    assert said.advice(0).confidence == pytest.approx(1 / 3)


def test_labels_are_positions_in_any_spelling_and_missing_ones_have_none():
    found = positions_of(["1", 0.0, None, "", np.nan], ["0", "1"], 5, "truth")
    assert found.tolist() == [1, 0, -1, -1, -1]


@pytest.mark.parametrize(
    ("answers", "classes", "told"),
    [
        ([[0.5, 0.6]], "ab", "Row 0 of answers does not hold probabilities that sum to 1"),
        ([[0.5, 0.5], [np.nan, 1]], "ab", "Row 1 of answers"),
        ([[1.2, -0.2]], "ab", "Row 0 of answers"),
        ([[0.5, 0.5]], "abc", "have the shape (1, 2), and (1, 3) is needed"),
        ([["x", "y"]], "ab", "hold what is no number"),
        (["a", "c"], "ab", "Row 1 of answers has 'c', which is none of the classes 'a', 'b'"),
        (["a", None], "ab", "Row 1 of answers is missing"),
        (None, "a", "There is 1 class (a)"),
        (None, ["a", "a"], "Two of the classes are 'a'"),
    ],
)
def test_what_is_no_answer_is_refused(answers, classes, told):
    with pytest.raises(InputError) as error:
        advised(answers, list(classes), 1 if answers is None else len(answers))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_two_classes_called_alike_are_refused():
    with pytest.raises(InputError, match="Two of the labels of classes are 'x'"):
        advised(None, ["a", "b"], 1, labels={"a": "x", "b": "x"})


def test_a_wrong_label_after_missing_ones_is_named_by_its_own_row():
    with pytest.raises(InputError, match=r"Row 3 of truth has 'yess'.*Did you mean 'yes'"):
        positions_of([None, "no", None, "yess"], ["no", "yes"], 4, "truth")
    with pytest.raises(InputError, match="truth has 1 entries, and there are 4 cases"):
        positions_of(["no"], ["no", "yes"], 4, "truth")
