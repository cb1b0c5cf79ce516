import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.answers import PREFERRED, REPLIES, VERDICTS, checked_answer, turned
from alignlab.oversight.items import Advice

CHOICES = ("yes", "no")
REST = {"confidence": None, "reason": ""}


@pytest.mark.parametrize(
    ("said", "advice", "verdict", "decision"),
    [
        ({"verdict": "accept"}, "yes", "accept", "yes"),
        ({"decision": "yes"}, "yes", "accept", "yes"),
        ({"decision": "no"}, "yes", "override", "no"),
        ({"verdict": "override", "decision": "yes"}, "yes", "accept", "yes"),
        ({"decision": "no"}, None, "own", "no"),
        ({"verdict": "override", "decision": "no"}, None, "own", "no"),
        ({"verdict": "defer"}, "yes", "defer", None),
        ({"verdict": "cannot tell", "decision": "no"}, None, "cannot tell", None),
    ],
)
def test_the_verdict_follows_from_the_decision(said, advice, verdict, decision):
    answer = checked_answer(
        said, "decide", choices=CHOICES, advice=None if advice is None else Advice(advice)
    )
    assert answer == {"verdict": verdict, "decision": decision, **REST}


@pytest.mark.parametrize(
    ("said", "advice", "message"),
    [
        ({"verdict": "accept"}, None, "There is no advice to accept"),
        ({"verdict": "accept", "decision": "no"}, "yes", "decision='no' is another"),
        ({"verdict": "acept", "decision": "yes"}, "yes", "Did you mean 'accept'"),
        ({"decision": "yess"}, "yes", "Did you mean 'yes'"),
        ({"decision": 1}, "yes", "decision=1 is not one of 'yes', 'no'"),
        ({"decision": ["yes"]}, "yes", "is not one of"),
        ({"verdict": ["defer"]}, "yes", "is not one of"),
        ({}, "yes", "decision=None is not one of"),
        ({"decision": "yes", "confidence": 1.01}, None, "confidence=1.01 is not a probability"),
        ({"decision": "yes", "confidence": float("nan")}, None, "confidence=nan"),
        ({"decision": "yes", "confidence": True}, None, "confidence=True"),
        ({"decision": "yes", "confidence": "0.5"}, None, "confidence='0.5'"),
        ({"decision": "yes", "reason": ["because"]}, None, "is not text"),
        ({"decision": "yes", "reason": 0}, None, "reason=0 is not text"),
        ({"decision": "yes", "reason": "x" * 4_001}, None, "4,001 letters"),
        ({"decision": "yes", "reason": "half \ud83d"}, None, "not a whole character"),
        ({"decision": "yes", "reason": "end\0"}, None, "not a whole character"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line(said, advice, message):
    with pytest.raises(InputError, match=message) as refused:
        checked_answer(
            said, "decide", choices=CHOICES, advice=None if advice is None else Advice(advice)
        )
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("said", [None, [], "yes", 3])
def test_what_is_no_object_is_refused(said):
    for kind in ("decide", "prefer", "interview"):
        with pytest.raises(InputError, match="not an answer"):
            checked_answer(said, kind, choices=CHOICES)


def test_a_reason_at_the_limit_and_no_reason_are_kept():
    kept = checked_answer({"decision": "no", "reason": "x" * 4_000}, "decide", choices=CHOICES)
    assert len(kept["reason"]) == 4_000
    assert (
        checked_answer({"decision": "no", "reason": None}, "decide", choices=CHOICES)["reason"]
        == ""
    )


def test_an_empty_field_of_a_form_is_no_confidence():
    kept = checked_answer({"decision": "no", "confidence": ""}, "decide", choices=CHOICES)
    assert kept["confidence"] is None
    kept = checked_answer({"decision": "no", "confidence": 1}, "decide", choices=CHOICES)
    assert kept["confidence"] == 1.0
    assert type(kept["confidence"]) is float


@pytest.mark.parametrize("word", PREFERRED)
def test_every_preference_is_kept_with_how_sure_and_why(word):
    said = {"preferred": word, "confidence": 0.75, "reason": "it falls", "verdict": "accept"}
    assert checked_answer(said, "prefer") == {
        "preferred": word, "confidence": 0.75, "reason": "it falls",
    }  # fmt: skip


@pytest.mark.parametrize("word", REPLIES)
def test_a_reply_of_an_interview_is_a_word(word):
    assert checked_answer({"reply": word, "confidence": 0.5}, "interview") == {"reply": word}
    with pytest.raises(InputError, match=r"reply='shure'.*Did you mean 'sure'"):
        checked_answer({"reply": "shure"}, "interview")


def test_turning_exchanges_the_sides_and_nothing_else():
    expected = ["second", "first", "tie", "both bad", "cannot tell"]
    answers = [{"preferred": word, "confidence": 0.9, "reason": "r"} for word in PREFERRED]
    assert [turned(each)["preferred"] for each in answers] == expected
    assert all(turned(turned(each)) == each for each in answers)
    assert answers[0]["preferred"] == "first"


@given(
    st.sampled_from([None, *VERDICTS]),
    st.sampled_from([None, "yes", "no", "maybe"]),
    st.sampled_from([None, "yes", "no"]),
    st.one_of(st.none(), st.floats(), st.integers()),
)
def test_what_is_kept_is_checked_again_to_the_same(verdict, decision, advice, confidence):
    seen = None if advice is None else Advice(advice)
    said = {"verdict": verdict, "decision": decision, "confidence": confidence}
    try:
        kept = checked_answer(said, "decide", choices=CHOICES, advice=seen)
    except InputError:
        return
    assert checked_answer(kept, "decide", choices=CHOICES, advice=seen) == kept
    assert (kept["verdict"] == "accept") == (seen is not None and kept["decision"] == seen.decision)
    assert (kept["decision"] is None) == (kept["verdict"] in ("defer", "cannot tell"))
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
