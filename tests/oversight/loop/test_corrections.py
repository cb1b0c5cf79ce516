import math
from itertools import product

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.loop import corrected_labels


@pytest.fixture
def three(make_review, case, answer_all):
    """Three cases; ana and bo say yes to case 0, cy says no; all say no to 1; nobody can tell 2."""
    review = make_review([case(row) for row in (0, 1, 2)], overlap=3)
    for name, word in (("ana", "yes"), ("bo", "yes"), ("cy", "no")):
        say = {"case 0": word, "case 1": "no", "case 2": "cannot tell"}
        answer_all(review, name, say.__getitem__)
    return review


def by_row(found):
    return found.to_frame().set_index("row").sort_index()


def test_votes_count_alike_where_nobody_is_trusted_more(three):
    found = corrected_labels(three.answers())
    frame = by_row(found)
    assert frame["label"].tolist() == ["yes", "no"]
    assert frame["weight"].tolist() == [2 / 3, 1.0]
    assert frame["votes"].tolist() == [3, 3]
    assert frame["advice"].tolist() == ["no", "no"]
    assert found.undecided == ("case 2",)


def test_a_reliable_reviewer_outvotes_two_who_guess(three):
    found = corrected_labels(three.answers(), reliability={"ana": 0.55, "bo": 0.55, "cy": 0.95})
    frame = by_row(found)
    assert frame["label"].tolist() == ["no", "no"]
    yes, no = 0.55 * 0.55 * 0.05, 0.45 * 0.45 * 0.95
    assert frame["weight"][0] == pytest.approx(no / (yes + no))


def test_who_is_wrong_more_often_than_not_is_heard_the_other_way(three):
    found = corrected_labels(three.answers(), reliability={"ana": 0.1, "bo": 0.2, "cy": 0.8})
    assert by_row(found)["label"].tolist() == ["no", "yes"]


def test_the_weight_is_how_often_the_label_is_right():
    """By enumeration: of all ways to answer, those that look alike are right as often as told."""
    from types import SimpleNamespace

    accuracy, choices = {"a": 0.8, "b": 0.6, "c": 0.7}, ("x", "y", "z")
    seen = {}
    for truth in choices:
        for told in product(choices, repeat=3):
            chance = math.prod(
                accuracy[who] if said == truth else (1 - accuracy[who]) / 2
                for who, said in zip("abc", told, strict=True)
            )
            seen.setdefault(told, {})[truth] = chance / 3
    for told, chances in seen.items():
        answers = [
            SimpleNamespace(
                key="k", kind="decide", reviewer=who, answer={"decision": said}, own=None,
                advice_seen=False, advice=None, drawn="value", choices=choices, source={},
            )
            for who, said in zip("abc", told, strict=True)
        ]  # fmt: skip
        found = corrected_labels(answers, reliability=accuracy)
        best = max(chances, key=chances.get)
        assert found.labels == (best,)
        assert found.weights[0] == pytest.approx(chances[best] / sum(chances.values()))


def test_people_who_are_divided_give_no_label(make_review, case, answer_all):
    review = make_review([case(0), case(1)], overlap=2)
    answer_all(review, "ana", lambda key: "yes")
    answer_all(review, "bo", lambda key: "no" if key == "case 0" else "yes")
    found = corrected_labels(review.answers())
    assert found.keys == ("case 1",)
    assert found.undecided == ("case 0",)


def test_only_what_was_said_without_advice_where_that_is_asked_for(make_review, case, answer_all):
    review = make_review([case(0)], arms=("own first",))
    answer_all(review, "ana", lambda key: "no", own=lambda key: "yes")
    assert corrected_labels(review.answers()).labels == ("no",)
    assert corrected_labels(review.answers(), said="own").labels == ("yes",)
    review = make_review([case(0)], arms=("advice",))
    answer_all(review, "ana", lambda key: "no")
    with pytest.raises(InputError, match="none has a label"):
        corrected_labels(review.answers(), said="own")


def test_planted_items_teach_nothing(make_review, case, answer_all):
    review = make_review([case(0), case(1, gold="no")], gold_rate=0.5)
    answer_all(review, "ana", lambda key: "yes")
    assert corrected_labels(review.answers(gold=True)).keys == ("case 0",)


def test_a_column_of_labels_is_corrected_where_people_looked(three):
    found = corrected_labels(three.answers())
    after = found.applied(np.array(["no", "no", "yes", "yes"]), unreviewed=0.5)
    assert after.labels.tolist() == ["yes", "no", "yes", "yes"]
    assert after.weights.tolist() == [2 / 3, 1.0, 0.5, 0.5]
    assert after.changed.tolist() == [0]


def test_choices_are_told_as_the_models_classes(make_review, case, answer_all):
    source = {"row": 1, "classes": {"no": "0", "yes": "1"}}
    review = make_review([case(1, source=source)])
    answer_all(review, "ana", lambda key: "yes")
    found = corrected_labels(review.answers())
    assert (found.labels, found.advice) == (("1",), ("0",))
    after = found.applied([0, 0, 1])
    assert after.labels.tolist() == [0, 1, 1]
    assert after.labels.dtype == np.array([0]).dtype


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["a", "b"], "'yes', which is none of the labels"),
        (["no"], r"'case 1' is of row 1, and there are 1 labels"),
        ([["no", "yes"]], "give one a row"),
    ],
)
def test_a_column_of_another_table_is_refused(three, labels, says):
    with pytest.raises(InputError, match=says):
        corrected_labels(three.answers()).applied(labels)


def test_a_case_without_a_row_and_two_of_one_row_are_refused(make_review, case, answer_all):
    review = make_review([case(0, source={})])
    answer_all(review, "ana", lambda key: "yes")
    with pytest.raises(InputError, match="'case 0' names no row"):
        corrected_labels(review.answers()).applied(["no", "yes"])
    review = make_review([case(0), case(0, key="again")])
    answer_all(review, "ana", lambda key: "yes")
    with pytest.raises(InputError, match="Row 0 is that of two cases"):
        corrected_labels(review.answers()).applied(["no", "yes"])


@pytest.mark.parametrize(
    ("reliability", "says"),
    [
        ({"ana": 0.9, "bo": 0.8}, "no reliability of 'cy'"),
        ({"ana": 0.9, "bo": 0.8, "cy": math.nan}, "no reliability of 'cy'"),
        ({"ana": 1.2}, "reliability of ana is 1.2"),
        ({"ana": True}, "reliability of ana is True"),
    ],
)
def test_a_reliability_is_a_probability_and_everybody_has_one(three, reliability, says):
    with pytest.raises(InputError, match=says):
        corrected_labels(three.answers(), reliability=reliability)


def test_those_of_unknown_reliability_can_be_given_one(three):
    known = {"ana": 0.9, "bo": 0.8, "cy": math.nan}
    assert len(corrected_labels(three.answers(), reliability=known, unknown=0.7)) == 2
    with pytest.raises(InputError, match="The unknown is 2"):
        corrected_labels(three.answers(), reliability=known, unknown=2)


def test_nobody_is_so_sure_that_others_are_not_heard(three):
    found = corrected_labels(three.answers(), reliability={"ana": 1.0, "bo": 0.5, "cy": 1.0})
    assert set(found.undecided) == {"case 0", "case 2"}
    assert found.weights.max() < 1


def test_reviews_of_nothing_are_an_error(make_review):
    with pytest.raises(InputError, match="Of 0 cases none has a label"):
        corrected_labels(make_review().answers())


def test_the_reliability_that_dawid_and_skene_find_is_what_is_taken(make_review, case, answer_all):
    from alignlab.oversight.agreement import dawid_skene

    rng = np.random.default_rng(3)
    truth = rng.random(60) < 0.5
    accuracy = {"ana": 0.95, "bo": 0.9, "cy": 0.55}
    review = make_review([case(row) for row in range(60)], overlap=3, arms=("none",))
    for name, right in accuracy.items():
        says = np.where(rng.random(60) < right, truth, ~truth)
        answer_all(review, name, lambda key, says=says: "yes" if says[int(key[5:])] else "no")
    told = list(review.answers())
    found = dawid_skene(
        [each.key for each in told],
        [each.reviewer for each in told],
        [each.answer["decision"] for each in told],
    )
    trusted = dict(zip(found.raters, found.accuracy.tolist(), strict=True))
    labels = by_row(corrected_labels(told, reliability=trusted))["label"].eq("yes")
    assert labels.eq(truth[labels.index]).mean() > 0.85
