import json

import numpy as np
import pytest

from alignlab.datasets.questions import Answer, Query, preference_dataset
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError

SHORT = Trajectory([[0.1, 0.2], [0.3, -1e-17]], [1], [0.5], ended=True)
LONG = Trajectory([[0.0, 0.0], [1.0, 0.1], [2.0, 1 / 3]], [0, 1], [1.0, 1.0])


def test_an_id_is_the_number_and_what_is_shown_and_nothing_else():
    query = Query(7, SHORT, LONG)
    assert query.id.startswith("0007-")
    assert Query(7, SHORT, LONG, asked="2026-11-21T10:00:00Z").id == query.id
    unpaid = Trajectory(SHORT.states, SHORT.actions, None, ended=True)
    assert Query(7, unpaid, LONG).id == query.id
    cut = Trajectory(SHORT.states, SHORT.actions, None, ended=False)
    others = [Query(8, SHORT, LONG), Query(7, LONG, SHORT), Query(7, cut, LONG)]
    assert len({query.id, *(each.id for each in others)}) == 4


def test_a_query_comes_back_from_its_text_as_it_was():
    query = Query(7, SHORT, LONG, asked="2026-11-21T10:00:00Z")
    back = Query.from_dict(json.loads(json.dumps(query.to_dict())))
    assert back.id == query.id
    assert back.asked == query.asked
    assert np.array_equal(back.first.states, SHORT.states)
    assert back.first.rewards.tolist() == [0.5]
    assert back.first.ended
    assert not back.second.ended


def test_a_person_is_not_shown_the_true_rewards():
    assert "rewards" not in json.dumps(Query(0, SHORT, LONG).to_dict(rewards=False))


def test_a_query_that_was_changed_after_it_was_asked_is_refused():
    told = Query(7, SHORT, LONG).to_dict()
    told["first"]["states"][0][0] = 0.2
    with pytest.raises(InputError, match=r"0007-.* does not hold what was asked"):
        Query.from_dict(told)
    with pytest.raises(InputError, match="not a query: KeyError"):
        Query.from_dict({"id": "0007-abc"})


@pytest.mark.parametrize(
    ("word", "value"), [("first", 0.0), ("second", 1.0), ("tie", 0.5), ("skip", None)]
)
def test_an_answer_is_a_word_or_its_number(word, value):
    assert Answer.from_dict({"id": "a", "preferred": word}).preferred == value
    assert Answer.from_dict({"id": "a", "preferred": value, "annotator": "ana"}) == Answer(
        "a", value, "ana"
    )
    assert Answer("a", value).to_dict()["preferred"] == word


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"id": "a", "preferred": "secnd"}, "Did you mean 'second'"),
        ({"id": "a", "preferred": 2}, "preferred=2 in the answer to a"),
        ({"id": "a", "preferred": True}, "preferred=True"),
        ({"id": "a"}, 'has no "preferred"'),
        ({"preferred": "first"}, "names its query"),
        ([1], "names its query"),
    ],
)
def test_an_answer_that_says_nothing_is_refused(given, says):
    with pytest.raises(InputError, match=says):
        Answer.from_dict(given)


def test_a_dataset_has_the_answered_queries_in_the_order_shown():
    queries = [Query(0, SHORT, LONG), Query(1, LONG, SHORT), Query(2, LONG, SHORT)]
    queries.append(Query(3, LONG, LONG))
    answers = [
        Answer(queries[3].id, 1, "ana"),
        Answer(queries[2].id, 0.5, "ana"),
        Answer(queries[1].id, None, "ana"),
        Answer(queries[0].id, 1, "bo"),
        Answer(queries[0].id, 0, "late"),
    ]
    data = preference_dataset(queries, answers)
    # Each segment is one item, and one beside its like is no comparison.
    assert data.items == (SHORT, LONG)
    pairs = data.pairs()
    assert pairs.preferred.tolist() == [1.0, 0.5]
    assert pairs.first.tolist() == [0, 1]
    assert list(pairs.annotators) == ["bo", "ana"]


def test_an_answer_without_a_name_has_none():
    assert Answer.from_dict({"id": "x", "preferred": "tie", "annotator": None}).annotator == ""
    assert Answer.from_dict({"id": "x", "preferred": "tie", "annotator": 0}).annotator == "0"


def test_answers_to_other_questions_and_no_answers_are_errors():
    query = Query(0, SHORT, LONG)
    with pytest.raises(InputError, match=f"no query of this run. Did you mean '{query.id}'"):
        preference_dataset([query], [Answer(query.id[:-1] + "z", 1)])
    with pytest.raises(InputError, match="No question was answered"):
        preference_dataset([query], [Answer(query.id, None)])
