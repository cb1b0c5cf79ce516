from __future__ import annotations

import numpy as np
import pytest

from alignlab.values.utility import CARA, PiecewiseLinear, elicit, elicit_outcomes, simulated_person
from alignlab.values.utility.beliefs import NOISES
from alignlab.values.utility.families import Family


def test_somebody_without_noise_is_known_to_within_the_grid():
    def person(question):
        return "gamble" if question.probability > (question.sure / 100) ** 0.6 else "sure"

    done = elicit(person, 0, 100, questions=40)
    for amount, estimate in zip(done.items, done.utility().estimates, strict=True):
        assert estimate.low < (amount / 100) ** 0.6 < estimate.high
    assert done.widest < 0.2
    assert done.inconsistency.pairs == ()


def test_it_ends_when_it_is_precise_or_the_person_stops():
    person = simulated_person(CARA(0.02), noise=0.02)
    done = elicit(person, 0, 100, form="CARA", questions=200, precision=0.1)
    assert done.widest <= 0.1
    assert len(done.answers) < 40
    left = iter(["sure", "gamble", None])
    stopped = elicit(lambda _: next(left), 0, 100)
    assert [each.reply for each in stopped.answers] == ["sure", "gamble"]
    worth = {"w": 0, "a": 0.5, "z": 1}
    assert len(elicit_outcomes(simulated_person(worth), ["a"], worst="w", best="z").answers) == 8


def test_an_adaptive_question_tells_more_than_a_random_one():
    rng = np.random.default_rng(0)
    widths = {"adaptive": [], "random": []}
    for seed in range(12):
        utility = PiecewiseLinear([0, 25, 50, 75, 100], [0, *np.sort(rng.random(3)), 1])
        done = elicit(simulated_person(utility, seed=seed), 0, 100, amounts=3, questions=18)
        person = simulated_person(utility, seed=seed)
        other = elicit(person, 0, 100, amounts=3, questions=0)
        for _ in range(18):
            asked = other.next_question()
            sure = other.items[rng.integers(3)]
            question = type(asked)(sure, float(rng.uniform(0.01, 0.99)), 100.0, 0.0)
            other = other.answer(question, person(question))
        widths["adaptive"].append(np.mean([e.high - e.low for e in done.utility().estimates]))
        widths["random"].append(np.mean([e.high - e.low for e in other.utility().estimates]))
    assert np.mean(widths["adaptive"]) < 0.85 * np.mean(widths["random"])


def covered(form, people, questions, *, seed=1):
    """Return how often 95 % intervals hold the truth, for people drawn from the prior."""
    rng = np.random.default_rng(seed)
    hits = []
    for _ in range(people):
        noise = float(rng.choice(NOISES))
        if form == "outcomes":
            names, truth = ["a", "b"], rng.random(2)
            worth = {"w": 0.0, "z": 1.0, **dict(zip(names, truth, strict=True))}
            done = elicit_outcomes(simulated_person(worth, noise=noise, seed=rng), names,
                                   worst="w", best="z", questions=questions)  # fmt: skip
        elif form == "monotone":
            truth = np.sort(rng.random(3))
            utility = PiecewiseLinear([0, 25, 50, 75, 100], [0, *truth, 1])
            person = simulated_person(utility, noise=noise, seed=rng)
            done = elicit(person, 0, 100, amounts=3, questions=questions)
        else:
            family = Family(form, 10.0, 100.0, np.array([25.0, 50, 75]))
            at = int(rng.integers(200))
            truth = family.utilities[:, at]
            person = simulated_person(
                family.function(float(family._aversions[at])), noise=noise, seed=rng
            )
            done = elicit(person, 10, 100, form=form, amounts=[25, 50, 75], questions=questions)
        estimates = done.utility().estimates
        hits.append(np.mean([e.low <= u <= e.high for e, u in zip(estimates, truth, strict=True)]))
    return float(np.mean(hits))


@pytest.mark.parametrize("form", ["outcomes", "monotone", "CARA", "CRRA"])
def test_intervals_cover(form):
    # 60 people have a standard error of three points; the slow test looks more closely.
    assert covered(form, 60, 8) > 0.89


@pytest.mark.slow
@pytest.mark.parametrize("form", ["outcomes", "monotone", "CARA", "CRRA"])
def test_intervals_cover_closely(form):
    assert covered(form, 400, 12) == pytest.approx(0.95, abs=0.025)
