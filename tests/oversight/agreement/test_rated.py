"""Answers are read the same from a matrix and from rows, and what cannot be used is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.oversight.agreement.rated import rated


def test_a_matrix_and_its_rows_are_the_same_answers():
    matrix = pd.DataFrame({"ann": ["x", None], "bo": ["y", "x"]}, index=["p", "q"])
    long = rated(["q", "p", "p", "q"], ["bo", "ann", "bo", "ann"], ["x", "x", "y", None])
    wide = rated(matrix)
    for answers in (wide, long):
        assert answers.items.tolist() == ["p", "q"]
        assert answers.raters.tolist() == ["ann", "bo"]
        assert answers.values.tolist() == ["x", "y"]
        assert answers.missing == 1
        told = zip(answers.item, answers.rater, answers.value, strict=True)
        assert sorted(told) == [(0, 0, 0), (0, 1, 1), (1, 1, 0)]
    assert wide.per_item.tolist() == [2, 1]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_what_says_nothing_is_left_out(missing):
    assert rated([1, 1, 2], ["a", "b", "a"], np.array(["x", missing, "y"], object)).missing == 1


def test_some_answers_keep_their_names():
    answers = rated([[1, 1], [2, None], [3, 3]])
    kept = answers.at(answers.per_item[answers.item] > 1)
    assert kept.items.tolist() == [0, 2]
    assert kept.item.tolist() == [0, 0, 1, 1]
    assert kept.summed(kept.value + 1).tolist() == [2.0, 6.0]


def test_categories_keep_their_order_and_numbers_their_size():
    assert rated([["low", "high"]], categories=["low", "mid", "high"]).value.tolist() == [0, 2]
    assert rated([[10, 9.5]], numbers=True).values.tolist() == [9.5, 10.0]
    assert rated([[True, False]], numbers=True).value.tolist() == [1, 0]


def test_names_of_different_kinds_have_an_order():
    assert rated([1, "1", 1], ["a", "a", "b"], ["x", "y", 3]).items.tolist() == [1, "1"]


@pytest.mark.parametrize(
    ("given", "more", "says"),
    [
        (([1, 1], ["a", "a"], [0, 1]), {}, "Rater a answers item 1 twice"),
        (([1, 1], ["a", "b"], [0]), {}, "have the shapes"),
        (([1, 1], ["a", "b"]), {}, "Give item, rater and value"),
        (([1, 2],), {}, "Give a matrix"),
        (([1, None], ["a", "b"], [0, 1]), {}, "Answer 1 names no item"),
        (([["x", "y"]],), {"numbers": True}, "value='x' is not a number"),
        (([["1", "2"]],), {"numbers": True}, "value='1' is not a number"),
        (([[1, np.inf]],), {"numbers": True}, "infinite"),
        (([["yes", "nope"]],), {"categories": ["yes", "nop"]}, "Did you mean 'nop'"),
        (([["x", "y"]],), {"categories": ["x", "x"]}, "named twice"),
        ((pd.DataFrame([[1, 2]], columns=["a", "a"]),), {}, "Two columns have one name"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(given, more, says):
    with pytest.raises(InputError, match=says) as caught:
        rated(*given, **more)
    assert "\n" not in str(caught.value)
