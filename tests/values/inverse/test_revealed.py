from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import special

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.values.inverse import infer_utilities


def decided(p, threshold, noise, rng):
    return rng.random(len(p)) < special.expit((p - threshold) / noise)


def test_a_case_by_hand():
    """Yes from three quarters on: a wrong yes costs three right ones."""
    p = np.arange(0.005, 1, 0.01)
    found = infer_utilities(p > 0.75, p).overall
    assert found.threshold.value == pytest.approx(0.75, abs=1e-6)
    assert found.cost_ratio.value == pytest.approx(3.0, abs=1e-4)
    t = found.threshold
    assert found.cost_ratio.low == pytest.approx(t.low / (1 - t.low))
    assert (found.n, found.yes) == (100, 25)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "noise"), [(20, 0.05), (20, 0.3), (50, 0.02), (200, 0.1)])
def test_intervals_cover(n, noise):
    """At 400 replicates 95 % has a standard error of 1.1 %; chi-squared limits reach 86 %."""
    rng = np.random.default_rng(n)
    hits = 0
    for _ in range(400):
        p = rng.beta(2, 2, n)
        told = infer_utilities(decided(p, 0.6, noise, rng), p).overall.threshold
        hits += told.low <= 0.6 <= told.high
    assert hits / 400 >= 0.93


def test_hit_rates_differ_where_the_bar_does_not():
    """Infra-marginality: one bar, but one group's cases lie further above it."""
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.beta(6, 2, 4_000), rng.beta(2, 4, 4_000)])
    group = np.repeat(["a", "b"], 4_000)
    yes = decided(p, 0.5, 0.05, rng)
    right = rng.random(8_000) < p
    rates = [right[yes & (group == each)].mean() for each in "ab"]
    assert rates[0] - rates[1] > 0.1
    (gap,) = infer_utilities(yes, p, groups=group).gaps
    assert not gap.differs
    assert abs(gap.gap.value) < 0.02


def test_a_higher_bar_is_seen_where_hit_rates_are_alike():
    """And the other way round: a bar of 0.6 for one group hidden by where its cases lie."""
    rng = np.random.default_rng(11)
    p = np.concatenate([rng.beta(4, 3, 4_000), rng.beta(5.0, 8.0, 4_000)])
    group = np.repeat(["a", "b"], 4_000)
    yes = decided(p, np.where(group == "a", 0.5, 0.6), 0.03, rng)
    rates = [p[yes & (group == each)].mean() for each in "ab"]
    assert abs(rates[0] - rates[1]) < 0.05
    (gap,) = infer_utilities(yes, p, groups=group).gaps
    assert gap.differs
    assert (gap.first, gap.second) == ("a", "b")
    assert gap.gap.low < -0.1 < gap.gap.high


def test_probabilities_that_are_off_move_the_threshold_and_mending_them_mends_it():
    """People see the odds; the record is over-confident. They act at 0.7, the record says 0.84."""
    rng = np.random.default_rng(2)
    true = rng.uniform(0.02, 0.98, 4_000)
    said = special.expit(2 * special.logit(true))
    yes = decided(true, 0.7, 0.05, rng)
    wrong = infer_utilities(yes, said).overall.threshold
    assert wrong.low > 0.8
    mended = special.expit(special.logit(said) / 2)
    right = infer_utilities(yes, mended).overall.threshold
    assert right.low < 0.7 < right.high


def test_people_have_bars_and_noise_of_their_own():
    rng = np.random.default_rng(30)
    p = rng.uniform(0, 1, 900)
    person = np.repeat(["strict", "mild", "tired"], 300)
    bar = np.repeat([0.7, 0.4, 0.5], 300)
    noise = np.repeat([0.03, 0.03, 0.3], 300)
    found = infer_utilities(rng.random(900) < special.expit((p - bar) / noise), p, people=person)
    told = {each.name: each for each in found.people}
    assert list(told) == ["strict", "mild", "tired"]
    assert told["strict"].threshold.low <= 0.7 <= told["strict"].threshold.high
    assert told["mild"].threshold.low <= 0.4 <= told["mild"].threshold.high
    assert told["tired"].noise.low > told["mild"].noise.high
    assert found.to_frame()["of"].tolist() == ["overall", "person", "person", "person"]
    assert "strict" in found.chart().svg()


def test_who_always_says_the_same_counts_only_by_himself():
    rng = np.random.default_rng(4)
    p = rng.uniform(0.2, 0.8, 300)
    person = np.repeat(["a", "b", "always"], 100)
    yes = decided(p, 0.5, 0.05, rng) | (person == "always")
    group = np.tile(["x", "y"], 150)
    found = infer_utilities(yes, p, people=person, groups=group)
    always = found.people[2]
    assert (always.threshold.low, always.cost_ratio.low) == (0.0, 0.0)
    assert always.threshold.high < 0.35
    assert found.overall.n == 200
    assert found.notes[0].startswith("always said the same to every case")
    everybody = infer_utilities(np.ones(300, bool), p, people=person)
    assert everybody.overall.threshold.low == 0.0


def test_no_gap_is_claimed_where_there_is_none_more_often_than_said():
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(40):
        p = rng.uniform(0, 1, 240)
        group = rng.integers(0, 4, 240)
        gaps = infer_utilities(decided(p, 0.5, 0.1, rng), p, groups=group).gaps
        assert len(gaps) == 6
        false += any(each.differs for each in gaps)
    assert false <= 5


def test_log_odds_tell_small_probabilities_apart():
    rng = np.random.default_rng(6)
    p = special.expit(rng.normal(-4, 1.5, 2_000))
    yes = rng.random(2_000) < special.expit((special.logit(p) - special.logit(0.02)) / 0.4)
    told = infer_utilities(yes, p, noise="log odds").overall
    assert told.threshold.low <= 0.02 <= told.threshold.high
    assert told.threshold.high - told.threshold.low < 0.004
    assert told.noise.low <= 0.4 <= told.noise.high
    never = infer_utilities(np.zeros(2_000, bool), p, noise="log odds").overall
    assert never.threshold.high == 1.0
    assert never.cost_ratio.high == np.inf


def test_turning_everything_round_turns_the_cost_ratio():
    """Yes to what is likely is no to what is unlikely."""
    rng = np.random.default_rng(7)
    p = rng.uniform(0, 1, 120)
    yes = decided(p, 0.7, 0.1, rng)
    there = infer_utilities(yes, p).overall.cost_ratio
    back = infer_utilities(~yes, 1 - p).overall.cost_ratio
    assert back.value == pytest.approx(1 / there.value, rel=1e-4)
    assert back.low == pytest.approx(1 / there.high, rel=1e-3)


def test_it_is_written():
    p = np.linspace(0.05, 0.95, 40)
    found = infer_utilities(
        p > 0.5, p, groups=np.tile(["a", "b"], 20), people=pd.Series(["me"] * 40)
    )
    told = json.loads(to_json(found.to_dict()))
    assert told["groups"][0]["name"] == "a"
    assert told["gaps"][0]["differs"] is False
    assert told["people"][0]["name"] == "me"


@pytest.mark.parametrize(
    ("decisions", "probabilities", "options", "message"),
    [
        ([1, 0], [0.5], {}, r"decisions have shape \(2,\) and probabilities \(1,\)"),
        ([], [], {}, "give one of each"),
        (["yes", "no"], [0.1, 0.9], {}, "not numbers: give yes as 1 or true"),
        ([1, 2], [0.1, 0.9], {}, "The decision in row 1 is .*2.*, neither yes"),
        ([1, 0], [0.1, 1.9], {}, "The probability in row 1 is 1.9, not between 0 and 1"),
        ([1, 0], [0.1, np.nan], {}, "The probability in row 1 is nan"),
        ([1, 0], [0.5, 0.5], {}, "All probabilities are 0.5"),
        ([1, 0], [0.0, 0.5], {"noise": "log odds"}, "row 0 is 0, whose log odds are infinite"),
        ([1, 0], [0.1, 0.5], {"noise": "logodds"}, "noise='logodds' .* Did you mean 'log odds'"),
        ([1, 0], [0.1, 0.5], {"people": ["a"]}, "people has 1 entries for 2 cases"),
        ([1, 0], [0.1, 0.5], {"groups": ["a", None]}, "groups says nothing in row 1"),
        ([1, 0], [0.1, 0.5], {"level": 2}, "level=2 is not between 0 and 1"),
    ],
)
def test_bad_input_is_said_in_one_line(decisions, probabilities, options, message):
    with pytest.raises(InputError, match=message) as caught:
        infer_utilities(decisions, probabilities, **options)
    assert "\n" not in str(caught.value)
