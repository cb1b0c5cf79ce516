"""Losses against a rational decision maker: by hand, bracketed in simulation, refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.reliance import Trials, reliance_losses
from alignlab.plain import to_json

from .made import simulated


def test_relying_always_where_it_pays_never_is_mis_reliance():
    """The advice is wrong wherever it differs: all is lost by the rate, nothing by the place."""
    item = np.tile(np.arange(8), 20)
    trials = Trials(
        person=np.repeat(np.arange(20), 8), item=item, truth=np.ones(160), own=np.ones(160),
        advice=np.zeros(160), final=np.zeros(160),
    )  # fmt: skip
    found = reliance_losses(trials).arms[0]
    assert (found.human.value, found.model.value, found.team.value) == (1, 0, 0)
    assert found.benchmark.value == 1
    assert found.mis_reliance.value == pytest.approx(1)
    assert found.discrimination.value == pytest.approx(0)
    assert (found.rate.value, found.rational_rate) == (1, 0)


def test_the_right_rate_in_the_wrong_places_is_discrimination():
    """Sure advice is right and unsure advice wrong; people take exactly the unsure half."""
    item = np.tile(np.arange(8), 20)
    sure = item % 2 == 0
    trials = Trials(
        person=np.repeat(np.arange(20), 8), item=item, truth=np.ones(160),
        own=np.where(sure, 0, 1), advice=np.where(sure, 1, 0),
        advice_confidence=np.where(sure, 0.9, 0.6), final=np.zeros(160),
    )  # fmt: skip
    found = reliance_losses(trials).arms[0]
    assert found.rate.value == 0.5
    assert found.team.value == 0
    assert found.mis_reliance.value == pytest.approx(0)
    assert found.discrimination.value == pytest.approx(1)
    assert found.rational_rate == pytest.approx(0.5)


def test_losses_sum_to_what_is_missing():
    found = reliance_losses(simulated(seed=3)).arms[0]
    total = found.mis_reliance.value + found.discrimination.value
    assert total == pytest.approx(found.benchmark.value - found.team.value)
    most = found.at_most
    assert most["mis_reliance"] + most["discrimination"] == pytest.approx(
        most["benchmark"] - found.team.value
    )


def test_learned_and_paid_out_on_the_same_trials_it_is_too_high():
    """Useless advice: the best anybody can do is a coin, and the plug-in promises more.

    Trials as folds, in place of items, would promise it too: an item's truth is in both parts.
    """
    held, same = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        person, item = np.repeat(np.arange(20), 12), np.tile(np.arange(12), 20)
        truth = rng.integers(0, 2, 12)[item]
        confidence = rng.choice([0.6, 0.75, 0.9], 12)[item]
        own, advice = rng.integers(0, 2, 240), rng.integers(0, 2, 12)[item]
        trials = Trials(
            person=person, item=item, truth=truth, own=own, advice=advice,
            advice_confidence=confidence, final=own,
        )  # fmt: skip
        found = reliance_losses(trials, seed=seed, repeats=5).arms[0]
        held.append(found.benchmark.value)
        same.append(found.at_most["benchmark"])
    error = np.std(held, ddof=1) / 5
    assert np.mean(same) > 0.6
    assert np.mean(held) < 0.5 + 2 * error
    assert np.mean(held) > 0.4


def test_with_many_items_both_come_to_the_truth():
    """Own answers are right in 60 %, sure advice in 90 %, unsure advice in 30 %."""
    rng = np.random.default_rng(0)
    person, item = np.repeat(np.arange(10), 400), np.tile(np.arange(400), 10)
    sure = item % 2 == 0
    right = (rng.random(400) < np.where(np.arange(400) % 2 == 0, 0.9, 0.3))[item]
    own = rng.random(4000) < 0.6
    trials = Trials(
        person=person, item=item, truth=np.ones(4000), own=own + 0, advice=right + 0,
        advice_confidence=np.where(sure, 0.9, 0.6), final=own + 0,
    )  # fmt: skip
    # The sign of a case is in the signal, as truth is always 1: rely where the advice says 1.
    found = reliance_losses(trials, repeats=3).arms[0]
    best = 1 - 0.4 * (0.5 * 0.1 + 0.5 * 0.7)
    assert found.benchmark.value == pytest.approx(best, abs=0.02)
    assert found.at_most["benchmark"] == pytest.approx(found.benchmark.value, abs=0.005)


def test_payoffs_move_the_benchmark():
    """Where a wrong yes costs ten, what pays is no longer what is right most often."""
    item = np.tile(np.arange(8), 20)
    trials = Trials(
        person=np.repeat(np.arange(20), 8), item=item,
        truth=np.where(item < 6, "yes", "no"), own=["no"] * 160, advice=["yes"] * 160,
        final=["yes"] * 160,
    )  # fmt: skip
    plain = reliance_losses(trials).arms[0]
    assert plain.benchmark.value == pytest.approx(0.75)
    payoff = {("yes", "yes"): 1, ("yes", "no"): -10, ("no", "yes"): 0, ("no", "no"): 0}
    priced = reliance_losses(trials, payoff=payoff).arms[0]
    assert priced.team.value == pytest.approx(0.75 - 2.5)
    assert priced.benchmark.value == pytest.approx(0)
    assert priced.mis_reliance.value == pytest.approx(1.75)


def test_own_signals():
    trials = simulated(people=10, seed=2)
    wrong = np.where(trials.advice != trials.truth, "wrong", "right")
    found = reliance_losses(trials, signal=wrong).arms[0]
    assert found.benchmark.value == pytest.approx(
        np.mean((trials.own == trials.truth) | (trials.advice == trials.truth))
    )


def test_advice_that_never_differs_loses_nothing_and_says_so():
    trials = simulated(people=10)
    same = Trials(
        person=trials.person, item=trials.item, truth=trials.truth, own=trials.own,
        advice=trials.own, final=trials.own,
    )  # fmt: skip
    found = reliance_losses(same)
    assert found.arms[0].rate is None
    assert found.arms[0].mis_reliance is None
    assert "nothing hung on it" in found.headline
    assert json.loads(to_json(found.to_dict()))["arms"][0]["rational_rate"] is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"folds": 1}, "folds=1"),
        ({"folds": 30}, "more than the 16 items"),
        ({"repeats": 0}, "repeats=0"),
        ({"signal": [1, 2]}, "signal has shape"),
        ({"payoff": {(0, 0): 1.0}}, "payoff lacks"),
        ({"payoff": {(a, b): np.inf for a in (0, 1) for b in (0, 1)}}, "not a finite number"),
        ({"level": 3}, "level="),
    ],
)
def test_what_cannot_be_used_is_refused(more, message):
    with pytest.raises(InputError, match=message):
        reliance_losses(simulated(), **more)


def test_one_stage_trials_are_refused_and_told_what_to_take():
    trials = Trials(person=[1, 2], item=[1, 2], truth=[1, 0], advice=[1, 1], final=[1, 1])
    with pytest.raises(InputError, match="Take 'over_reliance' and 'under_reliance'"):
        reliance_losses(trials)


def test_the_same_seed_gives_the_same():
    trials = simulated(seed=5)
    one, two = (reliance_losses(trials, seed=1).to_dict() for _ in range(2))
    assert to_json(one) == to_json(two)


def test_it_is_drawn():
    found = reliance_losses(simulated())
    assert [row[1] for row in found.chart().table.rows][-1] == "rational"
    assert len(found.to_frame()) == 8
    assert found.headline in found._repr_html_()


def test_payoffs_of_numbers_that_agree_in_six_digits():
    low, high = 1234567, 1234568
    trials = Trials(
        person=[1, 1, 2, 2], item=[1, 2, 1, 2], truth=[low, high, low, high],
        advice=[high, high, low, low], own=[low] * 4, final=[low] * 4,
    )  # fmt: skip
    payoff = {(low, low): 1, (high, high): 2, (low, high): 0, (high, low): -5}
    assert reliance_losses(trials, payoff=payoff, folds=2).arms[0].team.value == 0.5
