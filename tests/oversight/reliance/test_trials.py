"""Trials are checked at the door, and read from answers as a review keeps them."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.oversight.items import Advice
from alignlab.oversight.reliance import Trials

GIVEN = {
    "person": ["ann", "ann", "bob"],
    "item": ["a", "b", "a"],
    "truth": ["yes", "no", None],
    "advice": ["yes", "yes", "yes"],
    "own": ["no", None, "yes"],
    "final": ["yes", "no", "yes"],
}


def test_codes_by_hand():
    trials = Trials(**GIVEN)
    assert trials.labels == ("no", "yes")
    assert trials.truth.tolist() == [1, 0, -1]
    assert trials.own.tolist() == [0, -1, 1]
    assert trials.people == ("ann", "bob")
    assert trials.arms == ("all",)
    assert trials.two_stage.tolist() == [True, False, True]
    assert trials.judged.tolist() == [True, True, False]
    assert trials.numbers is None
    assert "some two-stage" in repr(trials)


def test_numbers_are_kept_as_numbers():
    trials = Trials(person=[1, 2], item=[1, 1], final=[10.5, 3], own=[np.nan, 2], advice=[4, 4])
    assert trials.numbers.tolist() == [2, 3, 4, 10.5]
    assert trials.own.tolist() == [-1, 0]


def test_integers_and_floats_are_the_same_decision():
    trials = Trials(person=[1, 2], item=[1, 1], final=[1, 0], truth=[1.0, 1.0])
    assert (trials.final == trials.truth).tolist() == [True, False]


def test_truth_values_and_missing_ones_of_pandas():
    frame = pd.DataFrame({"final": [True, False], "truth": [True, None]})
    trials = Trials(person=["a", "b"], item=["x", "x"], final=frame["final"], truth=frame["truth"])
    assert trials.truth.tolist() == [1, -1]
    whole = pd.array([1, None], dtype="Int64")
    assert Trials(person=[1, 2], item=[1, 1], final=[1, 0], truth=whole).truth.tolist() == [1, -1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"item": ["a", "b"]}, "item has 2 entries and person has 3"),
        ({"final": ["yes", None, "yes"]}, "final is missing in 1 of 3 trials, first at position 1"),
        ({"truth": [1, 0, 1]}, "truth holds numbers and advice holds words"),
        ({"truth": ["Yes", "no", "no"]}, "'Yes' and 'yes' differ only in how they are written"),
        ({"item": ["a", "a", "a"]}, "'ann' answers the item 'a' more than once"),
        ({"person": [None, "ann", "bob"]}, "person is missing at position 0"),
        ({"confidence": [0.5, 80, 1]}, "confidence is 80 at position 1"),
        ({"confidence": ["high", 1, 1]}, "confidence is not made of numbers"),
        ({"advice_confidence": [-0.1, 0, 1]}, "advice_confidence is -0.1"),
        ({"seen": [1, 0, 1]}, "seen is not made of True and False"),
        ({"own": [["no"], ["no"], ["no"]]}, "own has shape"),
        ({"arm": ["x", None, "y"]}, "arm is missing at position 1"),
    ],
)
def test_what_cannot_be_used_is_refused(changed, message):
    with pytest.raises(InputError, match=message) as caught:
        Trials(**{**GIVEN, **changed})
    assert "\n" not in str(caught.value)


def test_no_trials_are_refused():
    with pytest.raises(InputError, match="no trials"):
        Trials(person=[], item=[], final=[])


def test_infinite_decisions_are_refused():
    with pytest.raises(InputError, match="infinite"):
        Trials(person=[1], item=[1], final=[np.inf])


def test_an_item_in_two_arms_is_two_trials():
    trials = Trials(person=["a", "a"], item=["x", "x"], final=["y", "n"], arm=["one", "two"])
    assert len(trials) == 2


def test_an_unknown_arm_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'all'"):
        Trials(**GIVEN).at("al")


@dataclass
class Answered:
    """As a review yields it; only what matters here."""

    key: str
    reviewer: str
    answer: dict[str, Any]
    kind: str = "decide"
    own: dict[str, Any] | None = None
    arm: str = "own first"
    advice_seen: bool = True
    advice: Advice | None = None
    truth: str | None = "yes"
    gold: str | None = None
    drawn: str = "random"
    stratum: str = ""


def test_answers_of_a_review():
    advice = Advice("yes", 0.9)
    own = {"verdict": "own", "decision": "no", "confidence": 0.6}
    final = {"verdict": "accept", "decision": "yes", "confidence": 0.7}
    answers = [
        Answered("a", "ann", final, own=own, advice=advice),
        Answered("b", "ann", {"verdict": "defer", "decision": None}, advice=advice),
        Answered("c", "ann", {"verdict": "cannot tell", "decision": None}, advice=advice),
        Answered("d", "ann", {"preferred": "first"}, kind="prefer"),
        Answered("e", "bob", final, advice=advice, advice_seen=False, arm="none", drawn="value"),
        Answered("f", "bob", final, advice=advice, truth=None, gold="no", drawn="gold"),
    ]
    trials = Trials.from_answers(answers)
    assert trials.left_out == {"defer": 1, "cannot tell": 1, "prefer": 1}
    assert trials.items == ("a", "e", "f")
    assert trials.seen.tolist() == [True, False, True]
    assert [trials.labels[code] for code in trials.truth] == ["yes", "yes", "no"]
    assert trials.two_stage.tolist() == [True, False, False]
    assert trials.confidence.tolist() == [0.7, 0.7, 0.7]
    assert trials.advice_confidence.tolist() == [0.9, 0.9, 0.9]
    # What arms are balanced within says nothing of how the cases were chosen.
    assert not trials.designed
    assert Trials.from_answers(answers, designed=True).designed
    only = Trials.from_answers(answers, drawn=["random"])
    assert only.items == ("a",)
    assert only.left_out["drawn by value"] == 1


def test_own_answers_that_decided_nothing_are_no_own_answers():
    answer = Answered("a", "ann", {"decision": "yes"}, own={"verdict": "cannot tell"})
    assert Trials.from_answers([answer]).own.tolist() == [-1]


def test_answers_without_a_decision_are_refused():
    with pytest.raises(InputError, match="None of the answers is a decision"):
        Trials.from_answers([Answered("b", "ann", {"verdict": "defer"})])
    with pytest.raises(InputError, match="none given"):
        Trials.from_answers([])


def test_numbers_that_agree_in_six_digits_are_two_decisions():
    trials = Trials(person=[1, 2], item=[1, 1], truth=[1234567, 1234568], final=[1234567, 1234567])
    assert trials.labels == ("1234567", "1234568")
    assert (trials.final == trials.truth).tolist() == [True, False]


def test_one_long_name_costs_its_own_length_only():
    items = [*map(str, range(2_000)), "x" * 100_000]
    tracemalloc.start()
    trials = Trials(person=["ann"] * 2_001, item=items, final=["yes"] * 2_001)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(trials.items) == 2_001
    assert most < 20e6  # a column as wide as its longest name takes 800 MB


def test_nan_among_words_is_no_word():
    trials = Trials(
        person=["a", "b"], item=["x", "x"], advice=["y", float("nan")], final=["y", "n"]
    )
    assert trials.advice.tolist() == [1, -1]
