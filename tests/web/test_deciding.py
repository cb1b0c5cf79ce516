"""What the page shows of a decision, from the case alone."""

from __future__ import annotations

from alignlab.oversight.items import Advice, Case
from alignlab.oversight.settings import Settings
from alignlab.web.deciding import decide_view, decided


def case(**other):
    content = {"form": "row", "title": "One", "cells": []}
    told = {"lease": "l", "key": "k", "kind": "decide", "content": content, "choices": ("a", "b")}
    return Case(**(told | other))


def pressed(**other):
    view = decide_view(case(**other), Settings())
    return [(each.key, each.name, each.value) for each in view["presses"]]


def test_two_choices_with_advice_are_accepting_and_overriding():
    assert pressed(advice=Advice("b", 0.9)) == [
        ("a", "verdict", "accept"),
        ("o", "decision", "a"),
    ]


def test_more_choices_keep_their_own_keys():
    assert pressed(choices=("x", "y", "z"), advice=Advice("y")) == [
        ("a", "verdict", "accept"),
        ("1", "decision", "x"),
        ("3", "decision", "z"),
    ]


def test_more_choices_than_keys_are_all_there():
    many = tuple(f"c{place}" for place in range(22))
    found = pressed(choices=many)
    assert [value for _, _, value in found] == list(many)
    keys = [key for key, _, _ in found]
    assert keys[-4:] == [""] * 4
    assert len({*keys[:18]}) == 18
    assert not {*"567890acdeoru"} & {*keys[:18]}


def test_the_key_of_a_digit_presses_no_other_digit():
    digits = tuple("0123456789")
    found = pressed(choices=digits, advice=Advice("7"))
    assert [value for _, _, value in found[1:]] == [each for each in digits if each != "7"]
    keys = [key for key, _, _ in found]
    assert all(keys)
    assert not {*digits} & {*keys}
    own = [("1", "decision", "1"), ("2", "decision", "2"), ("3", "decision", "3")]
    assert pressed(choices=("1", "2", "3")) == own


def test_before_the_own_answer_nothing_stands_beside_the_case():
    view = decide_view(case(stage="own"), Settings())
    assert view["aside"] is None
    assert view["action"] == "/step"
    assert view["instead"][1].to == "/answer"


def test_the_owners_question_is_asked():
    assert decide_view(case(), Settings(question="Safe?"))["question"] == "Safe?"


def test_a_form_is_heard_as_it_is():
    assert decided({"verdict": "defer", "decision": ""}) == {
        "verdict": "defer", "confidence": None, "reason": "",
    }  # fmt: skip
