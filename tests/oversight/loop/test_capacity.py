import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.items import Item
from alignlab.oversight.loop import deferred_items, fill_queue


def items(n):
    return [
        Item(key=f"case {at}", content={"form": "text", "text": "x"}, choices=["a", "b"])
        for at in range(n)
    ]


def keys(queue):
    return [int(item.key[5:]) for item in queue]


def test_the_best_of_what_the_policy_defers_and_no_more_than_people_can_take():
    ask, score = [True, False, True, True], [0.1, 0.9, 0.3, 0.2]
    assert keys(deferred_items(items(4), ask, score)) == [2, 3, 0]
    queue = deferred_items(items(4), ask, score, capacity=2)
    assert keys(queue) == [2, 3]
    assert [item.worth for item in queue] == [0.3, 0.2]
    assert deferred_items(items(4), ask, score, capacity=0) == ()


def test_among_equals_the_first_in_the_file_are_not_preferred():
    taken = [
        keys(deferred_items(items(6), [True] * 6, [0.5] * 6, capacity=2, seed=s))
        for s in range(200)
    ]
    counts = np.bincount(np.ravel(taken), minlength=6)
    assert counts.min() > 40  # of 400 places, 67 each
    assert taken[0] == keys(deferred_items(items(6), [True] * 6, [0.5] * 6, capacity=2, seed=0))


@given(st.lists(st.tuples(st.booleans(), st.floats(-5, 5)), max_size=12), st.integers(0, 12))
def test_nobody_who_was_left_out_is_worth_more(cases, capacity):
    ask, score = [a for a, _ in cases], [s for _, s in cases]
    queue = keys(deferred_items(items(len(cases)), np.array(ask, bool), score, capacity=capacity))
    assert all(ask[at] for at in queue)
    assert len(queue) == min(capacity, sum(ask))
    rest = [score[at] for at in range(len(cases)) if ask[at] and at not in queue]
    assert not queue or not rest or min(score[at] for at in queue) >= max(rest)


def test_the_queue_is_filled_up_as_answers_come(make_review):
    cases = items(5)
    ask, score = [True] * 4 + [False], [0.1, 0.4, 0.2, 0.3, 0.9]
    review = make_review()
    assert fill_queue(review, cases, ask, score, capacity=2) == 2
    assert fill_queue(review, cases, ask, score, capacity=2) == 0
    review.invite("ana")
    seen = []
    while (held := review.next("ana")) is not None:
        seen.append(int(held.key[5:]))
        review.submit("ana", held.lease, {"decision": "a"})
        fill_queue(review, cases, ask, score, capacity=2)
    assert sorted(seen) == [0, 1, 2, 3]  # and never the one that the model keeps
    assert set(seen[:2]) <= {1, 3, 2}
    assert fill_queue(review, cases, ask, score, capacity=0) == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ask": [True]}, r"There are 2 items, ask has the shape \(1,\)"),
        ({"ask": [1, 0]}, "ask holds int64"),
        ({"score": [float("nan"), 1.0]}, "The score of case 0 is nan"),
        ({"capacity": 1.5}, "capacity=1.5"),
        ({"capacity": -1}, "capacity=-1"),
    ],
)
def test_what_does_not_fit_is_said(changes, says):
    given_ = {"ask": [True, True], "score": [0.1, 0.2], "capacity": 1, **changes}
    ask, score = given_.pop("ask"), given_.pop("score")
    with pytest.raises(InputError, match=says):
        deferred_items(items(2), ask, score, **given_)


def test_a_score_that_is_not_asked_for_may_be_missing():
    assert keys(deferred_items(items(2), [False, True], [float("nan"), 1.0])) == [1]
