import json

import numpy as np
import pytest

from alignlab.datasets import Query, Trajectory
from alignlab.errors import InputError
from alignlab.oversight.items import Item
from alignlab.oversight.loop import ReviewTeacher
from alignlab.oversight.review import Review
from alignlab.values.learning import SyntheticTeacher, resume_training, train_from_preferences

UP = Trajectory([[0.0, 1.0], [0.5, 2.0], [1.0, 3.0]], [1, 1], [7.5, 7.5])
DOWN = Trajectory([[0.0, 0.0], [0.5, -1.0]], [0], [9.25], ended=True)


def questions(n, first=0):
    return [Query(at, *((UP, DOWN) if at % 2 else (DOWN, UP))) for at in range(first, first + n)]


def answer(review, say, *, name="ana", most=10**9):
    """Answer what is open; `say` turns a case as shown into a word."""
    if name not in {person.name for person in review.reviewers()}:
        review.invite(name)
    count = 0
    while count < most and (case := review.next(name)) is not None:
        review.submit(name, case.lease, {"preferred": say(case)})
        count += 1
    return count


def higher(case):
    """What a person says who likes it to go up, whichever side it is shown on."""
    ends = [case.content[side]["trajectory"]["states"][-1][1] for side in ("first", "second")]
    return "first" if ends[0] > ends[1] else "second"


def test_a_question_is_shown_as_behaviour_and_never_with_its_reward(make_review):
    review = make_review()
    teacher = ReviewTeacher(
        review, scene="series", prompt="Which goes up?", names=["time", "height"], action_names="du"
    )
    teacher.ask(questions(1))
    review.invite("ana")
    case = review.next("ana")
    assert case.key == questions(1)[0].id
    assert case.content["prompt"] == "Which goes up?"
    shown = case.content["second" if case.swapped else "first"]["trajectory"]
    assert shown == {
        "scene": "series",
        "names": ["time", "height"],
        "action_names": ["d", "u"],
        "states": DOWN.states.tolist(),
        "actions": [0],
        "ended": True,
    }
    assert "7.5" not in json.dumps(case.content)
    kept = b"".join(path.read_bytes() for path in review.folder.rglob("*") if path.is_file())
    assert b"7.5" not in kept
    assert b"reward" not in kept


def test_answers_are_to_the_sides_as_they_were_asked(make_review):
    review = make_review()
    teacher = ReviewTeacher(review)
    asked = questions(12)
    teacher.ask(asked)
    swapped = set()
    answer(review, lambda case: swapped.add(case.swapped) or higher(case))
    assert swapped == {True, False}
    said = {each.id: each for each in teacher.collect()}
    assert [said[query.id].preferred for query in asked] == [1.0, 0.0] * 6
    assert {each.annotator for each in said.values()} == {"ana"}


@pytest.mark.parametrize(
    ("word", "number"),
    [("tie", 0.5), ("both bad", None), ("cannot tell", None)],
)
def test_a_tie_is_a_tie_and_what_tells_no_preference_is_skipped(make_review, word, number):
    review = make_review()
    teacher = ReviewTeacher(review)
    teacher.ask(questions(1))
    assert teacher.collect() == ()
    answer(review, lambda case: word)
    assert [each.preferred for each in teacher.collect()] == [number]


def test_a_question_is_never_asked_twice_whoever_was_stopped(make_review):
    review = make_review()
    first = ReviewTeacher(review)
    first.ask(questions(3))
    first.ask(questions(3))
    answer(review, higher, most=1)
    # The run is begun again by another process, which asks the round again and one question more.
    with Review.open(review.folder) as again:
        second = ReviewTeacher(again)
        second.ask(questions(4))
        assert len(second.collect()) == 1
        assert answer(again, higher, name="bo") == 3
        assert len(second.collect()) == 4
    assert len(first.collect()) == 3  # of its own questions


def test_other_items_of_the_review_are_not_answers(make_review):
    text = {"text": "a"}
    other = Item(
        key="other", kind="prefer", content={"form": "text", "first": text, "second": text}
    )
    review = make_review([other])
    teacher = ReviewTeacher(review)
    answer(review, lambda case: "tie")
    assert teacher.collect() == ()


def test_an_answer_taken_back_in_time_does_not_count(make_review):
    review = make_review()
    teacher = ReviewTeacher(review)
    teacher.ask(questions(1))
    answer(review, lambda case: "tie")
    review.undo("ana")
    assert teacher.collect() == ()
    answer(review, higher)
    assert [each.preferred for each in teacher.collect()] == [1.0]


def test_nothing_is_read_again_while_nothing_happens(make_review, monkeypatch):
    review = make_review()
    teacher = ReviewTeacher(review)
    teacher.ask(questions(2))
    answer(review, higher)
    told = teacher.collect()
    monkeypatch.setattr(review, "answers", None)
    assert teacher.collect() is told


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"scene": "cartpol"}, "Did you mean 'cartpole'"),
        ({"scene": "grid"}, "a grid has its map"),
        ({"scene": "series", "grid": ["SF"]}, "no other scene has one"),
        ({"wanted": 0}, "wanted=0"),
    ],
)
def test_what_cannot_be_shown_is_said(given, says):
    with pytest.raises(InputError, match=says):
        ReviewTeacher(None, **given)


def test_states_that_the_scene_does_not_draw_are_refused_when_asked(make_review):
    teacher = ReviewTeacher(make_review(), scene="cartpole")
    with pytest.raises(InputError, match="4 numbers"):
        teacher.ask(questions(1))


SMALL = {
    "comparisons": 8,
    "rounds": 2,
    "segment_length": 10,
    "policy_steps": 128,
    "rollout_steps": 256,
    "reward_epochs": 5,
    "evaluation_episodes": 2,
    "n_envs": 2,
    "algorithm_options": {"n_steps": 8, "batch_size": 16, "n_epochs": 1},
}


def lasting(case):
    """What a person says who likes the pole to stay up: the one that lasts longer."""
    steps = [len(case.content[side]["trajectory"]["actions"]) for side in ("first", "second")]
    return "tie" if steps[0] == steps[1] else "first" if steps[0] > steps[1] else "second"


@pytest.mark.slow
def test_a_run_that_waits_for_people_is_the_run_of_a_teacher_who_says_the_same(
    make_review, tmp_path, monkeypatch
):
    """Each look finds one answer more; the run is killed once while it waits, and goes on."""
    review = make_review()

    def meanwhile(seconds):
        if answer(review, lasting, most=1) and review.status().answers == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("alignlab.values.learning.training.time.sleep", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        train_from_preferences(
            "CartPole-v1",
            ReviewTeacher(review, scene="cartpole"),
            directory=tmp_path / "run",
            poll=60,
            **SMALL,
        )
    with Review.open(review.folder) as again:
        done = resume_training(
            tmp_path / "run", "CartPole-v1", ReviewTeacher(again, scene="cartpole"), poll=60
        )
    assert done.state == "done"
    assert review.status().answers == 8
    perfect = SyntheticTeacher()  # CartPole pays 1 a step, so what lasts longer is worth more
    whole = train_from_preferences("CartPole-v1", perfect, **SMALL)
    assert {a.id: a.preferred for a in done.answers} == {a.id: a.preferred for a in whole.answers}
    for key, array in whole.policy.arrays.items():
        assert np.array_equal(array, done.policy.arrays[key])
