from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.values.utility import Elicitation, PiecewiseLinear, Question, elicit, simulated_person

CONCAVE = PiecewiseLinear([0, 100, 300, 600], [0, 0.45, 0.8, 1])


def asked(form="monotone", n=12, **options):
    return elicit(simulated_person(CONCAVE, noise=0.03), 0, 600, form=form, questions=n, **options)


def test_an_answer_makes_a_new_elicitation_and_leaves_the_old():
    begun = Elicitation.of_amounts(0, 100)
    question = begun.next_question()
    one, two = begun.answer(question, "sure"), begun.answer(question, "gamble")
    assert (len(begun.answers), len(one.answers)) == (0, 1)
    item = begun.items.index(question.sure)
    before, sure, gamble = (each.utility().estimates[item].value for each in (begun, one, two))
    assert gamble < before < sure


def test_a_saved_elicitation_goes_on_as_if_it_had_not_been_stopped():
    for form in ("monotone", "CARA", "CRRA"):
        half = asked(form, 6)
        back = Elicitation.from_dict(json.loads(json.dumps(half.to_dict())))
        assert back == half
        assert back.next_question() == half.next_question()
        assert back.utility().to_dict() == half.utility().to_dict()
    named = Elicitation.of_outcomes(["a", "b"], worst="w", best="z")
    named = named.answer(named.next_question(), "equal")
    assert Elicitation.from_dict(named.to_dict()) == named


def test_the_order_of_answers_changes_nothing_but_the_next_question_follows_them():
    one = asked(n=8)
    other = Elicitation(one.items, one.worst, one.best, one.form, answers=one.answers[::-1])
    assert one.utility().utilities == pytest.approx(other.utility().utilities, abs=1e-12)


@pytest.mark.parametrize("form", ["monotone", "CARA", "CRRA"])
def test_the_amounts_unit_changes_nothing(form):
    cents = elicit(
        simulated_person(lambda x: CONCAVE(np.asarray(x) / 100), noise=0.03),
        0, 60_000, form=form, questions=10,
    )  # fmt: skip
    dollars = asked(form, 10)
    assert [(round(a.question.sure / 100, 6), a.reply) for a in cents.answers] == [
        (round(a.question.sure, 6), a.reply) for a in dollars.answers
    ]
    assert [e.value for e in cents.utility().estimates] == pytest.approx(
        [e.value for e in dollars.utility().estimates], abs=1e-9
    )


def test_the_utility_rises_and_narrows():
    few, many = asked(n=5), asked(n=40)
    assert many.widest < few.widest
    utilities = list(many.utility().utilities.values())
    assert utilities == sorted(utilities)
    wide, narrow = (many.utility(level=level).estimates[2] for level in (0.99, 0.5))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_contradictions_are_reported_and_the_noise_rises():
    begun = Elicitation.of_amounts(0, 100)
    straight, crooked = begun, begun
    for _ in range(4):
        for sure, p in ((begun.items[0], 0.9), (begun.items[-1], 0.1)):
            question = Question(sure, p, 100.0, 0.0)
            sensible = "gamble" if p == 0.9 else "sure"
            straight = straight.answer(question, sensible)
            crooked = crooked.answer(question, "sure" if p == 0.9 else "gamble")
    assert straight.inconsistency.pairs == ()
    assert str(straight.inconsistency).startswith("No two of the 8")
    found = crooked.inconsistency
    assert len(found.pairs) == 16
    assert found.fewest_slips == 4
    assert "At least 4 of the 8 answers must be slips" in str(found)
    assert found.noise.value > 2 * straight.inconsistency.noise.value
    assert found.to_dict()["fewest_slips"] == 4
    # The answers are all still there.
    assert len(crooked.to_dict()["answers"]) == 8


def test_draws_are_the_same_for_a_seed_and_lie_in_the_intervals():
    done = asked(n=20)
    draws = done.draws(2000, seed=3)
    assert np.array_equal(draws, done.draws(2000, seed=3))
    for item, estimate in enumerate(done.utility().estimates):
        inside = np.mean((draws[:, item] >= estimate.low) & (draws[:, item] <= estimate.high))
        assert inside == pytest.approx(0.95, abs=0.03)
    family = asked("CARA", 10).draws(5)
    assert (np.diff(family, axis=1) > 0).all()


def test_chosen_amounts_are_the_ones_asked_about():
    done = elicit(simulated_person(CONCAVE), 0, 600, amounts=[100, 300], questions=6)
    assert done.items == (100.0, 300.0)
    assert {each.question.sure for each in done.answers} <= {100.0, 300.0}


def test_how_many_amounts_may_be_a_numpy_integer():
    counted = Elicitation.of_amounts(0, 100, amounts=np.int64(5))
    assert counted.items == Elicitation.of_amounts(0, 100, amounts=5).items


def saved(**changes):
    return {**Elicitation.of_amounts(0, 100).to_dict(), **changes}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Elicitation.of_amounts(5, 5), "low=5 is not below high=5"),
        (lambda: Elicitation.of_amounts(0, np.inf), "is not below"),
        (lambda: Elicitation.of_amounts(0, 9, amounts=[3, 2]), "must rise from worst to best"),
        (lambda: Elicitation.of_amounts(0, 9, amounts=[9]), "must rise from worst to best"),
        (lambda: Elicitation.of_amounts(0, 9, amounts=0), "nothing to ask about"),
        (lambda: Elicitation.of_amounts(0, 9, form="CAR"), "form='CAR' .* Did you mean 'CARA'"),
        (lambda: Elicitation.of_amounts(-5, 9, form="CRRA"), "-5 with a wealth of 0 .* use CARA"),
        (
            lambda: Elicitation.of_amounts(0, 100, form="CRRA", wealth=1e20),
            r"Beside a wealth of 1e\+20, amounts from 0 to 100 are nothing",
        ),
        (
            lambda: Elicitation.of_amounts(0, 100, form="CRRA", wealth=float("nan")),
            "Beside a wealth of nan",
        ),
        (lambda: Elicitation.of_outcomes("abc", worst="w", best="z"), "one text: give a list"),
        (lambda: Elicitation.of_outcomes(["w"], worst="w", best="z"), "'w' stands twice"),
        (lambda: Elicitation.of_outcomes([], worst="w", best="z"), "nothing to ask about"),
        (lambda: Elicitation.of_outcomes([1], worst="w", best="z"), "named by texts"),
        (lambda: Elicitation.from_dict({}), "no saved elicitation"),
        (lambda: Elicitation.from_dict(saved(answers=[[1, 2]])), "lacks or garbles"),
        (lambda: Elicitation.from_dict(saved(answers=[[3.0, 0.5, "sure"]])), "3.0 is not asked"),
        (lambda: Elicitation.from_dict(saved(items=["a"])), "lacks or garbles"),
        (lambda: asked(n=1).answer(Question(100.0, 0.5, 9.0, 0.0), "sure"), "gamble between 0.0"),
        (lambda: asked(n=1).answer(Question(100.0, 1.5, 600.0, 0.0), "sure"), "chance 1.5"),
        (lambda: asked(n=1).answer(asked(n=0).next_question(), "maybe"), "reply='maybe'"),
        (lambda: asked(n=0).utility(level=2), "level=2"),
        (lambda: asked(n=-1), "questions=-1"),
    ],
)
def test_bad_input_is_said_in_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("low", "high", "wealth", "said"),
    [
        (-1e308, 1e308, 0.0, "by a finite amount"),
        (1e308, 1.5e308, 1e308, "are nothing"),
        (0.0, 1.0, 1e300, "are nothing"),
    ],
)
def test_amounts_too_large_for_numbers_are_refused_in_one_line(low, high, wealth, said):
    with pytest.raises(InputError, match=said):
        Elicitation.of_amounts(low, high, form="CRRA", wealth=wealth)


def test_amounts_nearly_too_large_for_numbers_are_asked_about():
    asked = Elicitation.of_amounts(0.0, 1e308, form="CRRA")
    assert 0 < asked.next_question().sure < 1e308
