import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.items import Advice
from alignlab.oversight.loop import decision_records
from alignlab.values import infer_utilities


def test_decisions_taken_without_advice_reveal_what_people_weigh(make_review, case, answer_all):
    """Ana says yes from 0.75 on: to her a wrong yes costs about three times a right one."""
    chances = np.linspace(0.05, 0.95, 19)
    review = make_review(
        [
            case(row, advice=Advice("yes", p) if p > 0.5 else Advice("no", 1 - p), group="f")
            for row, p in enumerate(chances.tolist())
        ],
        arms=("own first",),
    )
    answer_all(
        review, "ana", lambda key: "no", own=lambda key: "yes" if int(key[5:]) > 13 else "no"
    )
    records = decision_records(review.answers(), yes="yes")
    order = np.argsort([int(key[5:]) for key in records.keys])
    assert np.allclose(records.probabilities[order], chances)
    assert records.decisions[order].tolist() == [row > 13 for row in range(19)]
    assert set(records.people) == {"ana"}
    assert set(records.groups) == {"f"}
    found = infer_utilities(records.decisions, records.probabilities)
    assert found.overall.threshold.value == pytest.approx(0.725, abs=0.01)
    frame = records.to_frame()
    assert frame["decision"].sum() == 5


def test_who_saw_the_advice_may_have_followed_it(make_review, case, answer_all):
    review = make_review([case(0), case(1)], arms=("advice",))
    answer_all(review, "ana", lambda key: "yes")
    with pytest.raises(InputError, match=r"advice in sight \(2\). Take these by said=\"final\""):
        decision_records(review.answers(), yes="yes")
    records = decision_records(review.answers(), yes="yes", said="final")
    assert records.probabilities.tolist() == pytest.approx([0.3, 0.3])


def test_what_tells_nothing_is_counted(make_review, case, answer_all):
    text = {"text": "a"}
    pair = {"form": "text", "first": text, "second": text}
    three = ["maybe", "no", "yes"]
    review = make_review(
        [
            case(0),
            case(1),
            case(2, advice=None),
            case(3, choices=three, advice=Advice("maybe", 0.5)),
            case(4, choices=three, advice=Advice("yes", 0.6)),
            case(5, kind="prefer", content=pair, choices=[], advice=None),
        ],
        arms=("none",),
    )
    review.invite("ana")
    while (held := review.next("ana")) is not None:
        said = {"decision": "yes"}
        if held.key == "case 1":
            said = {"verdict": "cannot tell"}
        review.submit("ana", held.lease, {"preferred": "tie"} if held.kind == "prefer" else said)
    records = decision_records(review.answers(), yes="yes")
    assert sorted(zip(records.keys, records.probabilities.round(9), strict=True)) == [
        ("case 0", 0.3),
        ("case 4", 0.6),
    ]
    assert records.left_out == {
        "handed on, or not to tell": 1,
        "no chance of yes known": 2,
        "not a decision": 1,
    }
    given = decision_records(review.answers(), yes="yes", probabilities={"case 2": 0.9})
    assert given.probabilities.tolist() == [0.9]
    with pytest.raises(InputError, match="is no probability"):
        decision_records(review.answers(), yes="yes", probabilities={"case 2": 1.9})


def test_yes_is_one_of_the_choices(make_review, case, answer_all):
    review = make_review([case(0)])
    answer_all(review, "ana", lambda key: "yes")
    with pytest.raises(InputError, match=r"yes='yess' is not among .*Did you mean 'yes'"):
        decision_records(review.answers(), yes="yess", said="final")


def test_no_answers_are_no_records():
    with pytest.raises(InputError, match="No decision is left to learn from: no answers"):
        decision_records([], yes="yes")
