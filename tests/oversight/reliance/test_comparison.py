"""Arms against each other: by hand, by simulation, and where nothing varies."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.reliance import Trials, compare_arms
from alignlab.plain import to_json

from .made import simulated


def two_arms(people=40, items=16, *, seed=0, shares=(0.6, 0.4), by="reviewer", third=False):
    """One-stage trials with wrong advice only: the share that takes it is over-reliance."""
    rng = np.random.default_rng(seed)
    person, item = np.repeat(np.arange(people), items), np.tile(np.arange(items), people)
    arm = person % 2 if by == "reviewer" else (person + item) % 2
    if third:
        arm = person % 3
        shares = (*shares, shares[0])
    chance = np.array(shares)[arm] + rng.normal(0, 0.1, people)[person]
    took = rng.random(people * items) < np.clip(chance + rng.normal(0, 0.1, items)[item], 0, 1)
    return Trials(
        person=person, item=item, arm=np.array(["plain", "why", "who"])[arm], truth=np.zeros(
            len(took)), advice=np.ones(len(took)), final=took + 0,
    )  # fmt: skip


def test_the_difference_is_of_plain_shares():
    trials = two_arms()
    found = compare_arms(trials, "over_reliance", reference="plain").differences[0]
    took = trials.final == trials.advice
    shares = [took[trials.at(arm)].mean() for arm in ("why", "plain")]
    assert found.difference.value == pytest.approx(shares[0] - shares[1])
    assert (found.arm_value, found.reference_value) == pytest.approx(tuple(shares))
    assert found.sure
    assert not found.within
    assert compare_arms(two_arms(by="case"), "over_reliance").differences[0].within


def test_exchanging_the_arms_turns_the_sign():
    trials = two_arms()
    one = compare_arms(trials, "over_reliance", reference="plain").differences[0].difference
    two = compare_arms(trials, "over_reliance", reference="why").differences[0].difference
    assert (one.value, one.low, one.high) == pytest.approx((-two.value, -two.high, -two.low))


def test_three_arms_share_the_error():
    trials = two_arms(third=True)
    both = compare_arms(trials, "over_reliance", reference="plain")
    single = compare_arms(trials, "over_reliance", reference="plain", arms=["why"])
    width = [
        next(d for d in found.differences if d.arm == "why").difference for found in (both, single)
    ]
    assert width[0].level == pytest.approx(0.975)
    assert width[0].high - width[0].low > width[1].high - width[1].low


def test_without_an_effect_the_interval_rarely_says_there_is_one():
    """Trials nest in people: a pooled test of shares would say so in a third of the studies."""
    false_alarms = naive = 0
    for seed in range(120):
        trials = two_arms(20, 8, seed=seed, shares=(0.5, 0.5))
        found = compare_arms(trials, "over_reliance").differences[0]
        false_alarms += found.sure
        took = (trials.final == trials.advice) * 1.0
        shares = [took[trials.arm == code] for code in (0, 1)]
        error = np.sqrt(sum(each.var(ddof=1) / len(each) for each in shares))
        naive += abs(shares[0].mean() - shares[1].mean()) > 1.96 * error
    assert false_alarms <= 0.08 * 120
    assert naive > false_alarms


def test_shares_of_one_in_both_arms_are_not_surely_equal():
    trials = two_arms(shares=(2.0, 2.0))
    found = compare_arms(trials, "over_reliance").differences[0]
    assert found.difference.value == 0
    assert found.difference.low < -0.1 < 0.1 < found.difference.high
    assert not found.sure


def test_undefined_in_one_arm_is_undefined():
    both = simulated(people=10)
    arm = np.where(both.person < 5, "own first", "advice")
    own = np.where(arm == "own first", both.own.astype(float), np.nan)
    trials = Trials(
        person=both.person, item=both.item, truth=both.truth, own=own, advice=both.advice,
        final=both.final, arm=arm,
    )  # fmt: skip
    found = compare_arms(trials, "rair", reference="own first")
    assert found.differences[0].difference is None
    assert "advice: own answers" in found.differences[0].undefined
    assert not found.differences[0].sure
    assert "undefined" in found.headline
    assert json.loads(to_json(found.to_dict()))["differences"][0]["difference"] is None
    assert np.isnan(found.to_frame()["difference"][0])
    assert not found.chart().table.rows


def test_natural_rates_weigh_both_arms_alike():
    plain = simulated(people=20, seed=1)
    trials = simulated(people=20, seed=1, arm=np.where(plain.person % 2, "a", "b"))
    found = compare_arms(trials, "accuracy", reference="b", natural=0.9).differences[0]
    right, correct = trials.advice == trials.truth, trials.final == trials.truth
    by_hand = [
        0.9 * correct[trials.at(arm) & right].mean() + 0.1 * correct[trials.at(arm) & ~right].mean()
        for arm in "ab"
    ]
    assert found.difference.value == pytest.approx(by_hand[0] - by_hand[1])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"reference": "plan"}, "arm='plan' is not one of.*Did you mean 'plain'"),
        ({"arms": ["plain"], "reference": "plain"}, "holds no other arm than the reference"),
        ({"arms": ["wy"]}, "Did you mean 'why'"),
        ({"level": 2}, "level="),
    ],
)
def test_what_cannot_be_compared_is_refused(more, message):
    with pytest.raises(InputError, match=message):
        compare_arms(two_arms(), "over_reliance", **more)


def test_one_arm_is_refused():
    with pytest.raises(InputError, match="nothing to compare it with"):
        compare_arms(simulated(), "rair")


def test_it_is_said_in_words_and_drawn():
    found = compare_arms(two_arms(), "over_reliance", reference="plain")
    assert "surely less" in found.headline
    assert "no difference is shown" in compare_arms(two_arms(people=4), "over_reliance").headline
    assert found.chart().table.rows[0][0] == "why less plain"
    assert found.headline in found._repr_html_()
    alone = two_arms(people=2)
    assert "too few people" in compare_arms(alone, "over_reliance").headline
