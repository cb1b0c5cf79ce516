import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from alignlab.datasets.questions import Query
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.values.learning.teachers import FileTeacher, SyntheticTeacher


def paid(*rewards, ended=False):
    steps = len(rewards)
    return Trajectory(list(range(steps + 1)), [0] * steps, list(rewards), ended)


def said(teacher, *pairs):
    teacher.ask([Query(at, *pair) for at, pair in enumerate(pairs)])
    return [answer.preferred for answer in teacher.collect()]


def test_a_perfect_teacher_prefers_the_larger_return_and_calls_equals_equal():
    pairs = [(paid(1, 1), paid(3)), (paid(3), paid(1, 1)), (paid(2, 0), paid(0, 2))]
    assert said(SyntheticTeacher(), *pairs) == [1.0, 0.0, 0.5]


def test_sums_that_differ_by_rounding_are_equal():
    assert said(SyntheticTeacher(), (paid(0.1, 0.2, 0.3), paid(0.3, 0.2, 0.1))) == [0.5]


def test_a_boltzmann_teacher_errs_as_often_as_its_rationality_says():
    teacher = SyntheticTeacher(rationality=1.5, score_sd=4.0, seed=3)
    n = 4000
    answers = said(teacher, *[(paid(0.0), paid(2.0))] * n)
    # By hand: 1 / (1 + exp(-1.5 * 2 / 4)).
    chance = 1 / (1 + np.exp(-0.75))
    assert abs(np.mean(answers) - chance) < 4 * np.sqrt(chance * (1 - chance) / n)


@settings(max_examples=20, deadline=None)
@given(scale=st.sampled_from([0.001, 1.0, 1000.0]), seed=st.integers(0, 100))
def test_the_unit_of_the_reward_does_not_change_what_a_boltzmann_teacher_says(scale, seed):
    rng = np.random.default_rng(seed)
    pairs = rng.normal(size=(20, 2, 5))
    answers = [
        said(
            SyntheticTeacher(rationality=1.0, seed=seed),
            *[(paid(*(c * one)), paid(*(c * two))) for one, two in pairs],
        )
        for c in (1.0, scale)
    ]
    assert answers[0] == answers[1]


def test_rationality_is_relative_to_the_spread_of_the_scores_asked_about():
    rng = np.random.default_rng(0)
    pairs = rng.normal(size=(3000, 2, 10)) * 50
    answers = np.array(
        said(
            SyntheticTeacher(rationality=2.0),
            *[(paid(*one), paid(*two)) for one, two in pairs],
        )
    )
    sums = pairs.sum(axis=2)
    chance = expit(2.0 * (sums[:, 1] - sums[:, 0]) / sums.std())
    spread = np.sqrt(np.sum(chance * (1 - chance))) / len(sums)
    assert abs(np.mean(answers) - chance.mean()) < 4 * spread
    right = np.where(sums[:, 1] > sums[:, 0], answers, 1 - answers).mean()
    # A teacher on raw sums would be right 99 times of 100 here.
    assert 0.75 < right < 0.9


def test_a_myopic_teacher_weighs_the_end():
    early, late = paid(3.0, 0.0, 0.0), paid(0.0, 0.0, 2.0)
    assert said(SyntheticTeacher(), (early, late)) == [0.0]
    # By hand: 3 * 0.5^2 = 0.75 < 2.
    assert said(SyntheticTeacher(myopia=0.5), (early, late)) == [1.0]


def test_a_segment_that_ended_early_is_weighted_over_the_same_steps():
    ended, went_on = paid(3.0, ended=True), paid(0.0, 0.0, 1.0)
    # The reward 3 was two steps before the end of the longer segment: 3 / 4 < 1.
    assert said(SyntheticTeacher(myopia=0.5), (ended, went_on)) == [1.0]
    assert said(SyntheticTeacher(myopia=0.3), (ended, went_on)) == [0.0]


def test_a_skipping_teacher_says_nothing_of_two_bad_ones():
    teacher = SyntheticTeacher(skip_below=2.0)
    pairs = [(paid(1.0), paid(1.9)), (paid(1.0), paid(2.0)), (paid(0), paid(0))]
    assert said(teacher, *pairs) == [None, 1.0, None]


def test_a_teacher_with_a_margin_calls_near_ones_alike():
    teacher = SyntheticTeacher(equal_within=1.0)
    pairs = [(paid(0.0), paid(1.0)), (paid(0.0), paid(1.1)), (paid(1.1), paid(0.0))]
    assert said(teacher, *pairs) == [0.5, 1.0, 0.0]


def test_a_teacher_without_ties_tosses_a_fair_coin_for_equals():
    answers = said(SyntheticTeacher(equal_within=None), *[(paid(1.0), paid(1.0))] * 2000)
    # One that always takes the first would teach that position matters.
    assert abs(np.mean(answers) - 0.5) < 4 * 0.5 / np.sqrt(2000)
    assert set(answers) == {0.0, 1.0}


def test_a_mistaken_teacher_says_the_opposite_as_often_as_stated_and_spares_ties():
    n = 4000
    answers = said(SyntheticTeacher(mistakes=0.2), *[(paid(0.0), paid(1.0))] * n)
    assert abs(np.mean(answers) - 0.8) < 4 * np.sqrt(0.16 / n)
    assert said(SyntheticTeacher(mistakes=1.0), (paid(0), paid(1)), (paid(1), paid(1))) == [
        0.0,
        0.5,
    ]


def test_an_answer_depends_on_the_query_and_the_seed_alone():
    def ask(order, seed=1):
        teacher = SyntheticTeacher(rationality=0.5, score_sd=1.0, mistakes=0.1, seed=seed)
        queries = [Query(at, paid(0.0), paid(1.0)) for at in range(50)]
        for at in order:
            teacher.ask([queries[at]])
        return {answer.id: answer.preferred for answer in teacher.collect()}

    assert ask(range(50)) == ask(reversed(range(50)))
    assert ask(range(50)) != ask(range(50), seed=2)


def test_the_spread_of_the_first_questions_is_kept():
    rng = np.random.default_rng(0)
    pairs = [(paid(*one), paid(*two)) for one, two in rng.normal(size=(200, 2, 5))]
    queries = [Query(at, *pair) for at, pair in enumerate(pairs)]

    def ask(*batches, **options):
        teacher = SyntheticTeacher(rationality=1.0, seed=3, **options)
        for batch in batches:
            teacher.ask(batch)
        return teacher.score_sd, {answer.id: answer.preferred for answer in teacher.collect()}

    spread, some = ask(queries[:20], *([query] for query in queries[20:]))
    sums = np.array([[np.sum(side.rewards) for side in pair] for pair in pairs])
    assert spread == pytest.approx(sums[:20].std())
    assert some == ask(queries[::-1], score_sd=spread)[1]
    with pytest.raises(InputError, match=r"are 9, too few .* give score_sd="):
        ask(queries[:9])
    # It is not needed by one who never errs, or tosses a coin; and alike scores have none.
    for rationality in (np.inf, 0.0):
        assert len(said(SyntheticTeacher(rationality=rationality), pairs[0])) == 1
    alike = SyntheticTeacher(rationality=1.0)
    assert said(alike, *[(paid(0.1, 0.2, 0.3), paid(0.3, 0.2, 0.1))] * 10) == [0.5] * 10
    assert alike.score_sd is None


def test_a_myopic_teacher_tells_small_scores_apart_beside_large_returns():
    # By hand, the scores are 1.01 and 2.01.
    pair = paid(1e10, 0.0, 0.0, 1.0), paid(1e10, 0.0, 0.0, 2.0)
    teacher = SyntheticTeacher(myopia=1 - 1e-4, equal_within=None, score_sd=1.0)
    assert said(teacher, *[pair] * 20) == [1.0] * 20


def test_collecting_twice_gives_nothing_new():
    teacher = SyntheticTeacher()
    assert not teacher.collect()
    teacher.ask([])
    assert not teacher.collect()
    teacher.ask([Query(0, paid(0.0), paid(1.0))])
    assert len(teacher.collect()) == 1
    assert not teacher.collect()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"rationality": -1}, "rationality=-1"),
        ({"rationality": float("nan")}, "rationality=nan"),
        ({"myopia": 1.0}, "myopia=1.0"),
        ({"mistakes": 1.5}, "mistakes=1.5"),
        ({"equal_within": -0.1}, "equal_within=-0.1"),
        ({"skip_below": float("nan")}, "skip_below=nan"),
        ({"score_sd": 0.0}, "score_sd=0.0"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": np.random.default_rng(0)}, "seed must be a whole number"),
    ],
)
def test_faults_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(InputError, match=says):
        SyntheticTeacher(**wrong)


def test_a_synthetic_teacher_needs_true_rewards():
    unpaid = Trajectory([0, 1], [0])
    with pytest.raises(InputError, match="has no true rewards"):
        SyntheticTeacher().ask([Query(0, unpaid, unpaid)])


def test_a_person_answers_through_a_file(tmp_path):
    folder = tmp_path / "run"
    teacher = FileTeacher(folder / "queries.jsonl", folder / "answers.jsonl")
    queries = [Query(at, paid(0.0), paid(1.0, ended=True)) for at in range(3)]
    teacher.ask(queries)
    teacher.ask(queries)  # asked again on resuming: no line is written twice
    lines = [json.loads(line) for line in teacher.queries.read_text().splitlines()]
    assert [line["id"] for line in lines] == [query.id for query in queries]
    assert "rewards" not in teacher.queries.read_text()
    assert not teacher.collect()

    with teacher.answers.open("w") as stream:
        stream.write(f'{{"id": "{queries[1].id}", "preferred": "second", "annotator": "ana"}}\n')
        stream.write(f'{{"id": "{queries[0].id}", "preferred": "fir')
    (answer,) = teacher.collect()
    assert (answer.id, answer.preferred, answer.annotator) == (queries[1].id, 1.0, "ana")
    with teacher.answers.open("a") as stream:
        stream.write('st"}\n')
        stream.write(f'{{"id": "{queries[1].id}", "preferred": "first"}}\n')
    # All that is in the file, each time, and the first answer to a query.
    for each in (teacher, teacher, FileTeacher(teacher.queries, teacher.answers)):
        assert [(a.id, a.preferred) for a in each.collect()] == [
            (queries[1].id, 1.0),
            (queries[0].id, 0.0),
        ]


def test_a_wrong_line_is_named(tmp_path):
    teacher = FileTeacher(tmp_path / "q", tmp_path / "a")
    teacher.answers.write_text(
        '{"id": "x", "preferred": "first"}\n{"id": "y", "preferred": "ti"}\n'
    )
    with pytest.raises(InputError, match=r"Line 2 of .*a: preferred='ti'.*Did you mean 'tie'"):
        teacher.collect()
    with pytest.raises(InputError, match="give two files"):
        FileTeacher(tmp_path / "q", tmp_path / "q")
