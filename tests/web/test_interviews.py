"""Interviews: the next question follows from what was said, and so does the result."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.content import checked_item
from alignlab.oversight.items import Case, Item
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings
from alignlab.values import elicit, elicit_outcomes
from alignlab.web.interviews import Interview, _offered, interview_view, replied

AMOUNTS = {
    "form": "amounts", "low": 0, "high": 1000, "shape": "monotone", "unit": "euro", "questions": 12,
}  # fmt: skip
OUTCOMES = {
    "form": "outcomes", "outcomes": ["an hour", "a day"], "worst": "a week", "best": "none",
    "questions": 8,
}  # fmt: skip


def case(content, said=()) -> Case:
    return Case(
        lease="l", key="k", kind="interview", content=content, said=tuple(said), stage="question"
    )


def through(content, replies) -> Interview:
    held = Interview(content)
    for reply in replies:
        held = held.after(reply)
    return held


def risk_averse(question) -> str:
    return "gamble" if question.probability > (question.sure / 1000) ** 0.5 else "sure"


@pytest.mark.parametrize("shape", ["monotone", "CARA", "CRRA"])
def test_it_asks_and_finds_what_an_interview_of_values_does(shape):
    content = {**AMOUNTS, "shape": shape}
    held = Interview(content)
    while not held.finished:
        held = held.after(risk_averse(held.question))
    count = 5 if shape == "monotone" else 19
    same = elicit(risk_averse, 0, 1000, form=shape, amounts=_offered(0, 1000, count), questions=12)
    assert held.elicitation.answers == same.answers
    assert held.to_dict()["utility"] == same.utility().to_dict()


def test_named_outcomes_are_asked_about_as_values_asks_about_them():
    worth = {"an hour": 0.9, "a day": 0.6}

    def person(question):
        return "gamble" if question.probability > worth[question.sure] else "sure"

    held = Interview(OUTCOMES)
    while not held.finished:
        held = held.after(person(held.question))
    same = elicit_outcomes(person, ["an hour", "a day"], worst="a week", best="none", questions=8)
    assert held.elicitation.answers == same.answers


@settings(max_examples=15)
@given(replies=st.lists(st.sampled_from(["sure", "gamble", "equal"]), max_size=8))
def test_whoever_has_what_was_said_goes_on_with_the_same_question(replies):
    held = through(OUTCOMES, replies)
    kept = json.loads(json.dumps({"content": OUTCOMES, "said": held.said}))
    again = Interview(kept["content"], kept["said"])
    assert again.asked == len(replies)
    assert again.question == held.question
    assert again.to_dict() == held.to_dict()


def test_it_ends_by_questions_by_precision_or_by_stopping():
    assert not through(AMOUNTS, ["sure"] * 11).finished
    assert through(AMOUNTS, ["sure"] * 12).finished
    assert Interview({**AMOUNTS, "precision": 0.99}).finished
    stopped = Interview(AMOUNTS, ({"reply": "stop"},))
    assert stopped.finished
    assert stopped.asked == 0


def test_progress_rises_from_nothing_to_all():
    held = Interview(AMOUNTS)
    assert held.progress == 0
    seen = []
    while not held.finished:
        held = held.after(risk_averse(held.question))
        seen.append(held.progress)
    assert seen[0] > 0
    assert seen[-1] == 1
    assert interview_view(case(AMOUNTS), Settings())["progress"]["count"].startswith("0 of")


def test_the_page_says_the_gamble_in_words_with_its_unit():
    shown = interview_view(case(AMOUNTS), Settings())
    assert (shown["sure"], shown["best"], shown["worst"]) == ("500 euro", "1,000 euro", "0 euro")
    assert shown["chance"] == 50
    assert shown["action"] == "/step"
    named = interview_view(case(OUTCOMES), Settings(question="Think of your mother."))
    assert (named["best"], named["worst"]) == ("none", "a week")
    assert named["question"] == "Think of your mother."


def test_in_the_end_the_page_says_what_the_answers_say_and_where_they_clash():
    held = Interview(OUTCOMES)
    for turn in range(8):
        held = held.after(["sure", "gamble", "gamble", "sure"][turn % 4])
    shown = interview_view(case(OUTCOMES, held.said), Settings())
    assert shown["finished"]
    assert shown["action"] == "/answer"
    assert [shown["worths"][at]["value"] for at in (0, -1)] == [100, 0]
    assert {each["name"] for each in shown["worths"]} == {"none", "an hour", "a day", "a week"}
    assert all(each["low"] <= each["value"] <= each["high"] for each in shown["worths"])
    clash = held.elicitation.inconsistency
    assert bool(clash.pairs) == ("must be" in shown["consistent"])
    agreed = through(OUTCOMES, ["gamble"] * 8)
    shown = interview_view(case(OUTCOMES, agreed.said), Settings())
    assert shown["consistent"] == "No two of your answers contradict each other."


def test_a_reply_comes_with_the_question_that_the_case_asks():
    held = Interview(AMOUNTS).after("sure")
    said = replied({"reply": "gamble", "asked": "1"}, lambda: case(AMOUNTS, held.said))
    assert said["reply"] == "gamble"
    assert said["question"]["sure"] == held.question.sure
    assert json.loads(json.dumps(said)) == said


@pytest.mark.parametrize("asked", ["0", "2", "", "one"])
def test_a_reply_to_an_old_question_does_not_answer_the_next_one(asked):
    held = Interview(AMOUNTS).after("sure")
    with pytest.raises(InputError, match="answered already"):
        replied({"reply": "gamble", "asked": asked}, lambda: case(AMOUNTS, held.said))


def test_stopping_needs_no_question():
    assert replied({"reply": "stop"}, lambda: None) == {"reply": "stop"}
    assert replied({"reply": "sure"}, lambda: None) == {"reply": "sure"}


def test_what_a_review_kept_of_an_interview_is_its_result(tmp_path):
    item = Item(key="money", kind="interview", content=AMOUNTS)
    with Review.create(tmp_path / "review", [item]) as review:
        review.invite("ana")
        held = review.next("ana")
        for reply in ("sure", "gamble", "equal"):
            asked = {"reply": reply, "asked": str(len(held.said))}
            held = review.step("ana", held.lease, replied(asked, lambda: review.held("ana")))
        assert held.stage == "question"
        review.submit("ana", held.lease, replied({"reply": "stop"}, lambda: None))
        (kept,) = review.answers(content=True)
    result = Interview(kept.content, kept.said).to_dict()
    assert result == through(AMOUNTS, ["sure", "gamble", "equal"]).to_dict()
    assert len(result["elicitation"]["answers"]) == 3


numbers = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False))


@settings(max_examples=60)
@given(
    low=numbers,
    high=numbers,
    shape=st.sampled_from(["monotone", "CARA", "CRRA"]),
    wealth=st.sampled_from([0, 0.5, 1e6, 1e300]),
)
def test_whatever_can_be_added_can_be_asked(low, high, shape, wealth):
    content = {"form": "amounts", "low": low, "high": high, "shape": shape, "wealth": wealth}
    try:
        checked_item(Item(key="k", kind="interview", content=content))
    except InputError:
        return
    held = Interview(content).after("sure")
    assert held.question.best == float(high)
    assert interview_view(case(content, held.said), Settings())["asked"] == 1


@pytest.mark.parametrize(
    "told",
    [
        {"low": -5, "high": 5, "shape": "CRRA"},
        {"low": 0, "high": 1, "shape": "CRRA", "wealth": 1e300},
        {"low": -1e308, "high": 1e308},
        {"low": 0, "high": 10**400},
        {"low": 0, "high": 5e-324},
        {"low": 1e15, "high": 1e15 + 1},
    ],
)
def test_what_cannot_be_asked_is_refused_when_it_is_added(told):
    with pytest.raises(InputError, match="low"):
        checked_item(Item(key="k", kind="interview", content={"form": "amounts", **told}))


@pytest.mark.parametrize(
    ("low", "high", "count", "offered"),
    [
        (0, 1000, 5, [170, 330, 500, 670, 830]),
        (0, 1, 3, [0.25, 0.5, 0.75]),
        (-50, 50, 3, [-25, 0, 25]),
        (100, 101, 1, [100.5]),
    ],
)
def test_amounts_are_what_a_person_would_say(low, high, count, offered):
    found = _offered(low, high, count)
    assert found == pytest.approx(offered)
    assert all(len(f"{each:.10g}") <= 5 for each in found)


@given(
    low=st.floats(-1e6, 1e6),
    span=st.floats(1e-3, 1e9),
    count=st.sampled_from([5, 19]),
)
def test_amounts_rise_strictly_inside(low, span, count):
    if low + span / 100 == low:
        return
    found = [low, *_offered(low, low + span, count), low + span]
    assert all(one < two for one, two in itertools.pairwise(found))


def test_an_interviews_form_about_another_kind_of_case_is_refused_and_fails_nothing(
    desk, item, caplog
):
    ana = desk([item()]).enter()
    ana.see()
    told = ana.post("/answer", kind="interview", reply="sure", asked="0")
    assert told.status_code == 422
    assert not caplog.records
