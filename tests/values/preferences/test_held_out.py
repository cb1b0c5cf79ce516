from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from alignlab.datasets import PreferenceDataset
from alignlab.values.preferences import circular_triads, held_out
from alignlab.values.preferences.fitted_reward import log_answers
from alignlab.values.preferences.held_out import judge


def drawn(n=2_000, slope=1.0, first=0.0, seed=0):
    """Pairs whose log odds are slope * z + first, and what a reward says of them: z."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=50)
    one = rng.integers(0, 50, n)
    two = (one + rng.integers(1, 50, n)) % 50
    z = u[one] - u[two]
    said = (rng.random(n) > 1 / (1 + np.exp(-slope * z - first))).astype(float)
    data = PreferenceDataset.from_pairs(np.zeros((50, 1)), one, two, said)
    return data.pairs(), log_answers(u[one], u[two], np.full(n, -np.inf)), u


def report(pairs, answers, u, **changes):
    options = {"tie_share": 0.0, "lengths": None, "order_known": True, "level": 0.95, **changes}
    return judge(pairs, answers, utilities=u, **options)


def test_a_case_by_hand():
    pairs = PreferenceDataset.from_pairs("abc", [0, 1, 2], [1, 2, 0], [0, 1, 0.5]).pairs()
    u = np.array([np.log(3), 0, 0])
    answers = log_answers(u[pairs.first], u[pairs.second], np.full(3, -np.inf))
    made = report(pairs, answers, u, lengths=np.array([1, 2, 2]))
    assert (made.n_pairs, made.n_decided) == (3, 2)
    assert made.accuracy.value == 0.75  # one right, one a draw
    expected = [-np.log(0.75), -np.log(0.5), -(np.log(0.75) + np.log(0.25)) / 2]
    assert made.log_loss.value == pytest.approx(np.mean(expected))
    assert made.null_log_loss.value == pytest.approx(np.log(2))
    assert made.longer_wins.value == 0.25
    assert made.first_shown_wins.value == 0.5
    assert made.length_correlation == pytest.approx(-1)
    assert made.calibration_slope is None


def test_ties_of_their_own_are_answers():
    pairs = PreferenceDataset.from_pairs("abc", [0, 1], [1, 2], [0, 0.5]).pairs()
    answers = log_answers([1.0, 0.0], [0.0, 0.0], [0.5, 0.5])
    made = report(pairs, answers, np.zeros(3), tie_share=0.25)
    assert made.log_loss.value == pytest.approx(-(answers[0, 0] + answers[1, 1]) / 2)
    assert made.null_log_loss.value == pytest.approx(-(np.log(0.375) + np.log(0.25)) / 2)


def test_the_calibration_line_is_a_logistic_regression():
    pairs, answers, u = drawn(slope=0.5, first=0.4)
    made = report(pairs, answers, u)
    z = (answers[:, 0] - answers[:, 2])[:, None]
    line = LogisticRegression(C=np.inf, tol=1e-12).fit(z, pairs.preferred == 0)
    assert made.calibration_slope.value == pytest.approx(line.coef_[0, 0], abs=1e-5)
    assert made.calibration_intercept.value == pytest.approx(line.intercept_[0], abs=1e-5)
    assert made.calibration_slope.high < 1
    assert made.calibration_intercept.low > 0


def test_the_line_of_a_right_reward_covers_one_and_zero():
    inside = []
    for seed in range(200):
        pairs, answers, u = drawn(n=300, seed=seed)
        made = report(pairs, answers, u)
        slope, start = made.calibration_slope, made.calibration_intercept
        inside.append((slope.low <= 1 <= slope.high, start.low <= 0 <= start.high))
    # 200 times 0.95: 0.95 plus or minus three standard errors of 0.015.
    assert np.all(np.abs(np.mean(inside, axis=0) - 0.95) < 0.046)


def test_nothing_is_said_of_an_order_that_is_not_known():
    pairs, answers, u = drawn()
    made = report(pairs, answers, u, order_known=False)
    assert made.first_shown_wins is None
    assert made.calibration_intercept is None
    assert made.calibration_slope is not None
    assert [row[0] for row in made.chart().table.rows] == ["the reward"]
    assert made.to_dict()["accuracy"]["value"] == made.accuracy.value


def test_pairs_of_one_ranking_count_as_one_in_the_interval():
    rng = np.random.default_rng(0)
    u = rng.normal(size=30)
    shown = [rng.permutation(30)[:4].tolist() for _ in range(25)]
    ranks = [rng.permutation(4).tolist() for _ in range(25)]
    pairs = PreferenceDataset.from_rankings(np.zeros((30, 1)), shown, ranks).pairs()
    answers = log_answers(u[pairs.first], u[pairs.second], np.full(150, -np.inf))
    assert report(pairs, answers, u).accuracy.n == 25


@pytest.mark.parametrize("dense", [True, False])
@given(st.integers(0, 999))
def test_circles_are_counted_one_by_one(dense, seed):
    rng = np.random.default_rng(seed)
    first, second = np.array([rng.permutation(6)[:2] for _ in range(15)]).T
    lead = rng.choice([-1.0, 0.0, 1.0], 15)
    net = np.zeros((6, 6))
    np.add.at(net, (first, second), lead)
    net -= net.T
    circular = complete = 0
    for three in combinations(range(6), 3):
        complete += all(net[a, b] != 0 for a, b in combinations(three, 2))
        circular += any(
            net[a, b] > 0 and net[b, c] > 0 and net[c, a] > 0 for a, b, c in permutations(three)
        )
    was = held_out.DENSE
    held_out.DENSE = 10 if dense else 0
    try:
        assert circular_triads(first, second, lead, 6) == (circular, complete)
    finally:
        held_out.DENSE = was


def test_many_answers_to_one_question_count_as_one_question():
    """Ten people say the same of each question: 50 answers to 5 questions know five things."""
    rng = np.random.default_rng(0)
    inside, exact = [], []
    for _ in range(300):
        u = rng.normal(size=60)
        first = np.repeat(np.arange(0, 60, 2), 10)
        wrong = np.repeat(rng.random(30) < 0.3, 10)
        said = ((u[first] < u[first + 1]) ^ wrong).astype(float)
        pairs = PreferenceDataset.from_pairs(np.zeros((60, 1)), first, first + 1, said).pairs()
        answers = log_answers(u[first], u[first + 1], np.full(300, -np.inf))
        made = report(pairs, answers, u, question=first)
        assert made.accuracy.value == pytest.approx(1 - wrong.mean())
        assert made.accuracy.n == made.log_loss.n == 30
        inside.append(made.accuracy.low <= 0.7 <= made.accuracy.high)
        alone = report(pairs, answers, u).accuracy
        exact.append(alone.low <= 0.7 <= alone.high)
    assert abs(np.mean(inside) - 0.95) < 0.04
    assert np.mean(exact) < 0.6


def test_questions_all_foretold_alike_leave_an_interval():
    pairs, answers, u = drawn(n=60)
    sure = replace(pairs, preferred=(answers[:, 0] < answers[:, 2]).astype(float))
    made = report(sure, answers, u, question=np.arange(60) % 6)
    assert made.accuracy.value == 1
    assert made.accuracy.low < 0.6


def test_the_line_between_questions_covers():
    """People agree about a question on what the reward does not see: answers are not alone."""
    inside, wald = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        u = rng.normal(size=50)
        one = rng.integers(0, 50, 60)
        two = (one + rng.integers(1, 50, 60)) % 50
        own = rng.choice([-1.0, 1.0], 60)
        first, second, asked = (np.repeat(each, 10) for each in (one, two, np.arange(60)))
        z = (u[one] - u[two] + own).repeat(10)
        said = (rng.random(600) > 1 / (1 + np.exp(-z))).astype(float)
        pairs = PreferenceDataset.from_pairs(np.zeros((50, 1)), first, second, said).pairs()
        answers = log_answers(u[first], u[second], np.full(600, -np.inf))
        start = report(pairs, answers, u, question=asked).calibration_intercept
        inside.append(start.low <= 0 <= start.high)
        start = report(pairs, answers, u).calibration_intercept
        wald.append(start.low <= 0 <= start.high)
    assert np.mean(inside) > 0.89
    assert np.mean(wald) < 0.85
