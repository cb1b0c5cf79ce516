"""What the page of a comparison shows, form by form, and what it hears."""

from __future__ import annotations

import pytest

from alignlab.oversight.answers import PREFERRED
from alignlab.oversight.items import Case
from alignlab.oversight.settings import Settings
from alignlab.web.preferring import prefer_view, preferred


def view(content, **settings):
    return prefer_view(
        Case(lease="l", key="k", kind="prefer", content=content), Settings(**settings)
    )


TEXTS = {
    "form": "text",
    "prompt": "Is it safe?",
    "first": {"text": "It is safe."},
    "second": {"text": "It is not safe."},
}
PICTURES = {
    "form": "image",
    "prompt": "Which is sharper?",
    "first": {"image": {"media": "a.png", "alt": "a"}},
    "second": {"image": {"media": "b.png", "alt": "b"}},
}
WALKS = {
    "form": "trajectory",
    "first": {"trajectory": {"scene": "series", "states": [[0.0], [1.0]], "actions": [0]}},
    "second": {"trajectory": {"scene": "series", "states": [[0.0]] * 9, "actions": [0] * 8}},
}


def test_texts_stand_whole_with_their_differences():
    shown = view(TEXTS)
    assert ["".join(part.text for part in parts) for parts in shown["texts"]] == [
        "It is safe.", "It is not safe.",
    ]  # fmt: skip
    assert [part.text for part in shown["texts"][1] if part.differs] == ["not"]
    assert shown["differences"] == "The texts differ in one place, which is marked."


def test_what_two_texts_answer_is_the_case_and_what_to_look_for_is_the_question():
    assert (view(TEXTS)["prompt"], view(TEXTS)["question"]) == ("Is it safe?", "Which is better?")
    assert (view(PICTURES)["prompt"], view(PICTURES)["question"]) == ("", "Which is sharper?")
    assert view(WALKS)["question"] == "Which is better?"
    asked = view(PICTURES, question="Which would you print?")
    assert (asked["prompt"], asked["question"]) == ("Which is sharper?", "Which would you print?")


def test_pictures_stand_in_the_order_of_the_case():
    assert [each["media"] for each in view(PICTURES)["images"]] == ["a.png", "b.png"]


def test_behaviours_are_played_for_as_long_as_the_longer_lasts():
    player = view(WALKS)["player"]
    assert player["last"] == 8
    assert [len(each["words"]) for each in player["scripts"]] == [2, 9]


def test_every_answer_has_its_button_and_only_a_choice_asks_how_sure():
    shown = view(TEXTS)
    buttons = [*shown["presses"], *shown["instead"]]
    assert [each.value for each in buttons] == list(PREFERRED)
    assert {each.value for each in buttons if each.ask} == {"first", "second"}
    assert {each.name for each in buttons} == {"preferred"}
    assert len({each.key for each in buttons}) == len(buttons)
    assert not any(each.ask for each in view(TEXTS, confidence=False)["presses"])


@pytest.mark.parametrize("on", [True, False])
def test_confidence_and_reason_are_asked_for_where_the_review_says_so(on):
    shown = view(TEXTS, confidence=on, reason=on)
    assert (len(shown["levels"]), shown["reason"]) == (6 if on else 0, on)


def test_what_was_said_is_heard():
    form = {"preferred": "both bad", "confidence": "0.8", "reason": " no ", "csrf": "x"}
    assert preferred(form) == {"preferred": "both bad", "confidence": 0.8, "reason": "no"}
    assert "preferred" not in preferred({"reason": ""})
