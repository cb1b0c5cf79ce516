from __future__ import annotations

import numpy as np
import pytest

from alignlab.values.utility import (
    CARA,
    CRRA,
    PiecewiseLinear,
    elicit,
    elicit_outcomes,
    simulated_person,
)
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
            at = int(rng.choice(len(family.prior), p=family.prior))
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
    # In a family a limit that the answers don't set is left open, which covers more.
    most = 1.0 if form in ("CARA", "CRRA") else 0.975
    assert 0.925 < covered(form, 400, 12) <= most


EXTREME = [
    ("CRRA", CRRA(0.9), 0, 1000, False),
    ("CRRA", CRRA(1.5), 0, 1000, True),  # 0 is infinitely bad
    ("CRRA", CRRA(3.0), 1, 1000, True),
    ("CARA", CARA.over_range(400.0, 0, 1000), 0, 1000, True),
    ("CARA", CARA.over_range(-400.0, 0, 1000), 0, 1000, True),
]


@pytest.mark.parametrize(("form", "utility", "low", "high", "beyond"), EXTREME)
def test_quite_averse_people_are_not_excluded(form, utility, low, high, beyond):
    with np.errstate(divide="ignore", invalid="ignore"):
        worst, best = utility(low), utility(high)
        truth = [np.nan_to_num((utility(each) - worst) / (best - worst), nan=1.0)
                 for each in np.linspace(low, high, 21)[1:-1]]  # fmt: skip
    covered, opened, items = 0, 0, []
    for seed in range(2):
        person = simulated_person(utility, noise=0.03, seed=seed)
        found = elicit(person, low, high, form=form, questions=15).utility()
        covered += found.aversion.low <= utility.aversion <= found.aversion.high
        endless = not np.isfinite([found.aversion.low, found.aversion.high]).all()
        opened += endless
        assert endless == any("no upper limit" in note or "no lower limit" in note
                              for note in found.notes)  # fmt: skip
        items += [e.low - 1e-9 <= u <= e.high + 1e-9
                  for e, u in zip(found.estimates, truth, strict=True)]  # fmt: skip
    assert covered == 2
    assert opened == (2 if beyond else 0)
    assert np.mean(items) > 0.9


@pytest.mark.parametrize("worth", [0.0, 0.0005, 0.9999, 1.0])
def test_an_outcome_may_be_as_good_as_the_best_and_as_bad_as_the_worst(worth):
    covered = 0
    for seed in range(10):
        person = simulated_person({"w": 0.0, "x": worth, "b": 1.0}, noise=0.02, seed=seed)
        found = elicit_outcomes(person, ["x"], worst="w", best="b", questions=15)
        low, high = found.belief.limits(0, 0.95)
        covered += low <= worth <= high
        assert high - low < 0.15
    assert covered >= 9


def test_somebody_who_errs_more_than_the_model_knows_is_named():
    def notes(noise):
        outcome = {"w": 0.0, "x": 0.4, "b": 1.0}
        return [
            elicit_outcomes(simulated_person(outcome, noise=noise, seed=seed), ["x"], worst="w",
                            best="b", questions=15).utility().notes
            for seed in range(20)
        ]  # fmt: skip

    named = [each for each in notes(2.0) if each]
    assert len(named) >= 6
    assert all("a coin might have answered so" in said for (said,) in named)
    assert not any(notes(0.02))
