from collections import Counter

import pytest

from alignlab.oversight.exports.trl import TRL, trl_rows


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


PROMPT = [user("Which colour?")]


def rows(form, *answers, ties="drop"):
    left_out = Counter()
    return list(trl_rows(answers, form, left_out, ties=ties)), dict(left_out)


def test_what_was_preferred_is_chosen(compared):
    blue, green = [assistant("Blue.")], [assistant("Green.")]
    assert rows("trl-dpo", compared("first"), compared("second")) == (
        [
            {"prompt": PROMPT, "chosen": blue, "rejected": green},
            {"prompt": PROMPT, "chosen": green, "rejected": blue},
        ],
        {},
    )
    assert rows("trl-reward", compared("second")) == (
        [{"chosen": PROMPT + green, "rejected": PROMPT + blue}],
        {},
    )
    assert rows("trl-kto", compared("second")) == (
        [
            {"prompt": PROMPT, "completion": green, "label": True},
            {"prompt": PROMPT, "completion": blue, "label": False},
        ],
        {},
    )


def test_two_sides_that_are_both_bad_are_unwanted_and_neither_is_chosen(compared):
    told, left = rows("trl-kto", compared("both bad"))
    assert [each["label"] for each in told] == [False, False]
    assert left == {}
    assert rows("trl-dpo", compared("both bad")) == ([], {"both bad": 1})


def test_a_tie_is_left_out_or_told_both_ways_and_counted(compared):
    ties = [compared("tie"), compared("tie"), compared("cannot tell")]
    for form in TRL:
        assert rows(form, *ties) == ([], {"ties": 2, "cannot tell": 1})
    told, left = rows("trl-dpo", compared("tie"), ties="both")
    assert [each["chosen"][0]["content"] for each in told] == ["Blue.", "Green."]
    assert [each["rejected"][0]["content"] for each in told] == ["Green.", "Blue."]
    assert left == {}


def test_other_answers_are_counted_and_left_out(answered, compared):
    picture = compared("first")
    picture.content = {"form": "image"}
    assert rows("trl-dpo", answered(), picture) == ([], {"not a comparison of texts": 2})


def test_a_conversation_without_a_question_begins_with_what_was_said(compared):
    told, _ = rows("trl-reward", compared("first", prompt=""))
    assert told == [{"chosen": [assistant("Blue.")], "rejected": [assistant("Green.")]}]
    told, _ = rows("trl-dpo", compared("first", prompt=""))
    assert told[0]["prompt"] == [user("")]


@pytest.mark.parametrize("form", TRL)
def test_a_row_has_the_trainers_columns_in_their_order(compared, form):
    told, _ = rows(form, compared("first"))
    assert tuple(told[0]) == TRL[form]
