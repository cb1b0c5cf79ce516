"""Reliance arm by arm: undefined stays undefined, natural rates, frames and charts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.reliance import RATES, Trials, measure_reliance
from alignlab.plain import to_json

from .made import simulated


def test_shares_are_plain_shares():
    trials = simulated(take_right=0.7, take_wrong=0.3)
    found = measure_reliance(trials)
    wrong = trials.advice != trials.truth
    over = (trials.final == trials.advice)[wrong].mean()
    assert found.at("over_reliance").estimate.value == pytest.approx(over)
    assert found.at("over_reliance").trials == wrong.sum()
    assert found.at("over_reliance").items == 8
    took = found.at("rair").estimate
    assert took.low < 0.7 < took.high
    kept = found.at("rsr").estimate
    assert kept.low < 0.7 < kept.high


def test_undefined_is_not_zero():
    trials = Trials(
        person=[1, 1, 2, 2], item=[1, 2, 1, 2], truth=[1] * 4, own=[1] * 4, advice=[1] * 4,
        final=[1] * 4,
    )  # fmt: skip
    found = measure_reliance(trials)
    assert found.at("rair").estimate is None
    assert found.at("rsr").estimate is None
    frame = found.to_frame().set_index("measure")
    assert np.isnan(frame.loc["rair", "value"])
    assert "nobody was wrong alone" in frame.loc["rair", "undefined"]
    written = json.loads(to_json(found.to_dict()))
    assert written["rates"][0]["estimate"] is None


def test_people_without_a_case_fall_out_of_the_mean_over_people():
    """Bob was never wrong alone: the mean of RAIR over people is Ann's, not half of it."""
    trials = Trials(
        person=["ann", "ann", "bob", "bob"], item=[1, 2, 1, 2], truth=[1] * 4, own=[0, 0, 1, 1],
        advice=[1] * 4, final=[1, 0, 1, 1],
    )  # fmt: skip
    frame = measure_reliance(trials).people_frame()
    assert frame["rair"].tolist()[0] == 0.5
    assert np.isnan(frame["rair"].tolist()[1])
    assert frame["rair"].mean() == 0.5


def test_one_stage_arms_beside_two_stage_ones():
    both = simulated(people=10)
    arm = np.where(both.person < 5, "own first", "advice")
    own = np.where(arm == "own first", both.own.astype(float), np.nan)
    trials = Trials(
        person=both.person, item=both.item, truth=both.truth, own=own, advice=both.advice,
        final=both.final, arm=arm,
    )  # fmt: skip
    found = measure_reliance(trials)
    assert found.at("rair", "own first").estimate is not None
    assert found.at("rair", "advice").undefined == "own answers were not asked for first"
    assert found.at("over_reliance", "advice").estimate is not None
    with pytest.raises(InputError, match="There are 2 arms"):
        found.at("rair")


def test_natural_rates_move_what_depends_on_them_and_nothing_else():
    trials = simulated(take_right=0.8, take_wrong=0.2, seed=3)
    balanced, natural = measure_reliance(trials), measure_reliance(trials, natural=0.9)
    for name in ("rair", "rsr", "over_reliance", "under_reliance"):
        assert natural.at(name).estimate == balanced.at(name).estimate
    right = trials.advice == trials.truth
    correct = trials.final == trials.truth
    by_hand = 0.9 * correct[right].mean() + 0.1 * correct[~right].mean()
    assert natural.at("accuracy").estimate.value == pytest.approx(by_hand)
    assert natural.at("advice_accuracy").estimate.value == pytest.approx(0.9)
    assert natural.at("advice_accuracy").estimate.low == pytest.approx(0.9)
    took = trials.final == trials.advice
    differ = trials.own != trials.advice
    share = 0.9 * (took & differ)[right].mean() + 0.1 * (took & differ)[~right].mean()
    share /= 0.9 * differ[right].mean() + 0.1 * differ[~right].mean()
    assert natural.at("switch_fraction").estimate.value == pytest.approx(share)


def test_rates_by_stratum_are_those_of_the_advice():
    plain = simulated(seed=1)
    wrong = plain.advice != plain.truth
    trials = simulated(seed=1, stratum=np.where(wrong, "wrong", "right"))
    named = measure_reliance(trials, natural={"right": 0.8, "wrong": 0.2})
    by_number = measure_reliance(plain, natural=0.8)
    one, two = named.at("accuracy").estimate, by_number.at("accuracy").estimate
    assert one.value == pytest.approx(two.value)
    assert one.high == pytest.approx(two.high)


def test_a_design_with_strata_is_not_taken_for_chance():
    plain = simulated(seed=2)
    wrong = plain.advice != plain.truth
    trials = simulated(seed=2, stratum=np.where(wrong, "wrong", "right"))
    one, two = (measure_reliance(each).at("accuracy").estimate for each in (plain, trials))
    assert one.value == pytest.approx(two.value)
    assert two.high - two.low < 0.8 * (one.high - one.low)
    fixed = measure_reliance(trials).at("advice_accuracy").estimate
    assert fixed.low == fixed.high == 0.5


def test_strata_that_came_out_by_chance_are_chance():
    plain = simulated(seed=2)
    wrong = np.where(plain.advice != plain.truth, "wrong", "right")
    trials = simulated(seed=2, stratum=wrong, designed=False)
    one, two = (measure_reliance(each).at("advice_accuracy").estimate for each in (plain, trials))
    assert one == two
    assert two.high - two.low > 0.3
    rates = {"right": 0.8, "wrong": 0.2}
    known = measure_reliance(trials, natural=rates).at("advice_accuracy").estimate
    assert known.low == known.high == pytest.approx(0.8)


def test_a_stratum_of_one_item_leaves_the_trials_as_they_are():
    plain = simulated(seed=2)
    rare = simulated(seed=2, stratum=np.where(plain.item == 3, "odd one", "rest"))
    one, two = (measure_reliance(each).at("accuracy").estimate for each in (plain, rare))
    assert one == two
    assert np.isfinite(two.low)


@pytest.mark.parametrize(
    ("natural", "message"),
    [
        (1.2, "is not a share"),
        ({"right": 0.5}, "sum to 0.5"),
        ({"right": 0.5, "rong": 0.5}, "Give one for each"),
    ],
)
def test_rates_that_are_none_are_refused(natural, message):
    plain = simulated()
    wrong = plain.advice != plain.truth
    trials = simulated(stratum=np.where(wrong, "wrong", "right"))
    with pytest.raises(InputError, match=message):
        measure_reliance(trials, natural=natural)


def test_a_stratum_that_an_arm_lacks_is_refused():
    trials = Trials(person=[1, 2], item=[1, 1], truth=[1, 1], advice=[1, 1], final=[1, 1])
    with pytest.raises(InputError, match="'advice wrong' is 10% of cases, and the arm 'all' has"):
        measure_reliance(trials, natural=0.9)
    assert measure_reliance(trials, natural=1.0).at("accuracy").estimate.value == 1


def test_the_chart_draws_what_is_defined():
    found = measure_reliance(simulated())
    assert len(found.chart().table.rows) == 5
    assert "<svg" in found.chart(["rair"]).svg()
    assert "took" in found.headline
    assert "refused" in found.headline
    assert found.headline in found._repr_html_()
    with pytest.raises(InputError, match="measure='rare'"):
        found.chart(["rare"])


def test_a_level_that_is_none_is_refused():
    with pytest.raises(InputError, match="level=95"):
        measure_reliance(simulated(), level=95)


def test_a_large_study_is_measured():
    rng = np.random.default_rng(0)
    n = 100_000
    person, item = np.arange(n) // 100, np.arange(n) % 100
    trials = Trials(
        person=person, item=item, truth=rng.integers(0, 2, n), own=rng.integers(0, 2, n),
        advice=rng.integers(0, 2, n), final=rng.integers(0, 2, n),
    )  # fmt: skip
    assert len(measure_reliance(trials).rates) == len(RATES)
