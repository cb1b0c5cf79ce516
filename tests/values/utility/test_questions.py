from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.values.utility import Answer, Question
from alignlab.values.utility.questions import Inconsistency, contradictions

REPLIES = ("sure", "gamble", "equal")


def answer(sure, probability, reply, best=100.0, worst=0.0):
    return Answer(Question(sure, probability, best, worst), reply)


def test_a_question_is_one_sentence_a_person_understands():
    assert str(Question(1250.0, 0.35, 5000.0, -200.0)) == (
        "Which would you rather have: 1,250 for sure, or 5,000 with a chance of 35% and else -200?"
    )
    assert "keep the job for sure, or cured with a chance of 0.5%" in str(
        Question("keep the job", 0.005, "cured", "ill")
    )


def test_contradictions_by_hand():
    took = answer(60.0, 0.5, "gamble")
    worse = answer(40.0, 0.7, "sure")  # a better gamble refused for less
    fine = answer(80.0, 0.7, "sure")
    again = answer(60.0, 0.5, "sure")  # the same question, another answer
    pairs, fewest = contradictions([took, worse, fine, again], ordered=True)
    assert pairs == ((took, worse), (took, again))
    assert fewest == 1
    assert contradictions([took, fine], ordered=True) == ((), 0)
    named = [answer("b", 0.5, "gamble"), answer("a", 0.7, "sure"), answer("b", 0.6, "sure")]
    assert contradictions(named, ordered=False)[0] == ((named[0], named[2]),)


def possible(answers):
    """Whether some rising utility of the amounts agrees with all answers: a linear program."""
    from scipy.optimize import linprog

    amounts = sorted({each.question.sure for each in answers})
    rows, limits = [], []
    for each in answers:
        row = np.zeros(len(amounts) + 1)
        row[amounts.index(each.question.sure)] = 1
        p = each.question.probability
        if each.reply in ("gamble", "equal"):  # u <= p, by a margin if preferred
            one = row.copy()
            one[-1] = each.reply == "gamble"
            rows.append(one)
            limits.append(p)
        if each.reply in ("sure", "equal"):
            one = -row
            one[-1] = each.reply == "sure"
            rows.append(one)
            limits.append(-p)
    for low, high in zip(range(len(amounts) - 1), range(1, len(amounts)), strict=True):
        row = np.zeros(len(amounts) + 1)
        row[low], row[high] = 1, -1
        rows.append(row)
        limits.append(0)
    objective = np.append(np.zeros(len(amounts)), -1.0)
    solved = linprog(
        objective, np.array(rows), limits, bounds=[(0, 1)] * len(amounts) + [(0, 0.01)]
    )
    strict = any(each.reply != "equal" for each in answers)
    return solved.status == 0 and (not strict or -solved.fun > 1e-6)


@given(st.integers(0, 2**32 - 1))
def test_there_is_no_contradiction_exactly_where_some_utility_agrees(seed):
    rng = np.random.default_rng(seed)
    answers = [
        answer(float(rng.choice([20, 40, 60])), float(rng.choice([0.2, 0.5, 0.8])),
               str(rng.choice(REPLIES)))
        for _ in range(5)
    ]  # fmt: skip
    assert (contradictions(answers, ordered=True)[0] == ()) == possible(answers)


@settings(deadline=None, max_examples=50)  # the solver's first import takes its time
@given(st.integers(0, 2**32 - 1))
def test_the_fewest_slips_by_enumeration(seed):
    rng = np.random.default_rng(seed)
    answers = [
        answer(float(rng.choice([20, 40, 60])), float(rng.choice([0.2, 0.5, 0.8])),
               str(rng.choice(REPLIES)))
        for _ in range(7)
    ]  # fmt: skip
    fewest = next(
        drop
        for drop in range(8)
        for kept in combinations(answers, 7 - drop)
        if not contradictions(list(kept), ordered=True)[0]
    )
    assert contradictions(answers, ordered=True)[1] == fewest


def test_equals_contradict_each_other_exactly():
    twice = [answer(item, p, "equal") for item in ("a", "b") for p in (0.3, 0.6)]
    assert contradictions(twice, ordered=False)[1] == 2
    thrice = [answer("a", p, "equal") for p in (0.3, 0.6, 0.7)]
    assert contradictions(thrice, ordered=False)[1] == 2


def test_one_slip_is_a_slip():
    noise = Estimate(0.1, 0.05, 0.2, 0.95, 2, "")
    pair = answer(60.0, 0.5, "gamble"), answer(60.0, 0.5, "sure")
    assert "At least 1 of the 2 answers must be a slip; for" in str(
        Inconsistency((pair,), 1, 2, noise)
    )


def test_an_unknown_reply_is_said_in_one_line():
    with pytest.raises(InputError, match=r"reply='gambl' is not one of .* Did you mean 'gamble'"):
        answer(1.0, 0.5, "gambl")
