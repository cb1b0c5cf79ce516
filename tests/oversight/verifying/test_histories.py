"""What an answer may say after what came before it."""

import pytest

from alignlab.oversight.queue.arms import coin
from alignlab.oversight.settings import Settings
from alignlab.oversight.verifying.histories import Histories, Told

CASE = Told("c", "decide", "value", True, True)
PAIR = Told("p", "prefer", "random", False, False)
BODY = {"own": None, "said": [], "swapped": False, "arm": "none", "advice": False, "card": False}


def begun(*arms, **how):
    return Histories(Settings(arms=arms or ("none",), **how))


def answered(histories, seq=1, who="ana", item=CASE, **said):
    return histories.apply(seq, "answer", who, {**BODY, **said}, item, "none")


def test_what_was_given_and_what_stands():
    histories = begun()
    assert not answered(histories, 1)
    assert not answered(histories, 2, item=PAIR, arm="", swapped=coin(0, "sides", "ana", "p") < 0.5)
    histories.apply(3, "expired", "ana", {}, CASE, "none")
    assert not histories.apply(4, "undone", "ana", {"supersedes": 2}, PAIR, "none")
    assert not answered(histories, 5)
    assert list(histories.standing["ana"]) == [1, 5]
    assert dict(histories.previous()) == {1: 0, 5: 1}
    assert (histories.given["ana", "value"], histories.given["ana", "random"]) == (3, 0)


@pytest.mark.parametrize("before", [1, 3, 7])
def test_only_ones_own_last_answer_is_taken_back(before):
    histories = begun()
    answered(histories, 1)
    answered(histories, 2)
    answered(histories, 3, who="bob")
    fault = histories.apply(8, "undone", "ana", {"supersedes": before}, CASE, "none")
    assert fault == f"takes back event {before}, which is not ana's last answer"


@pytest.mark.parametrize(
    ("arm", "own", "revealed", "advice", "card"),
    [
        ("none", False, False, False, False),
        ("advice", False, False, True, False),
        ("confidence", False, False, True, False),
        ("explanation", False, False, True, True),
        ("on demand", False, False, True, False),
        ("on demand", False, True, True, True),
        ("own first", False, False, False, False),
        ("own first", True, False, True, True),
    ],
)
def test_each_arm_shows_what_it_shows_and_nothing_else(arm, own, revealed, advice, card):
    for told in (False, True):
        for shown in (False, True):
            histories = begun(arm)
            if own:
                histories.apply(1, "own", "ana", {"own": {"decision": "no"}}, CASE, "")
            if revealed:
                histories.apply(2, "revealed", "ana", {}, CASE, "")
            fault = answered(
                histories, 3, arm=arm, own={"decision": "no"} if own else None,
                advice=told, card=shown,
            )  # fmt: skip
            assert (fault == "") == ((told, shown) == (advice, card))


def test_a_person_stays_in_their_arm():
    histories = begun("none", "advice", arms_by="reviewer")
    assert not answered(histories)
    assert "an arm that its person was not in" in answered(histories, 2, arm="advice", advice=True)


def test_replies_only_grow():
    item = Told("i", "interview", "value", False, False)
    one, two, three = ({"reply": each} for each in ("sure", "gamble", "equal"))

    def told(*said):
        histories = begun()
        histories.apply(1, "reply", "ana", one, item, "")
        return answered(histories, 2, item=item, arm="", said=list(said))

    assert not told(one)
    assert not told(one, two)
    for wrong in ((), (two,), (one, two, three)):
        assert "other replies" in told(*wrong)
