"""Power: against simulated studies, against statsmodels, and what items alone let through."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.crossed import difference, estimated, ratio
from alignlab.oversight.reliance import people_needed, pilot_variation, power

from .made import simulated


def studies(plan, repeats, seed=0):
    """Return in how many simulated studies the interval left out zero."""
    rng = np.random.default_rng(seed)
    n, m = plan.people, plan.items
    person, item = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
    shown = 0
    for _ in range(repeats):
        own_effect = 0.0
        if plan.arms_by == "reviewer":
            arm = np.repeat(rng.permutation(np.arange(n) % 2), m)
        else:
            half = rng.permutation(np.arange(m) % 2)
            arm = (half[None] ^ rng.permutation(np.arange(n) % 2)[:, None]).ravel()
            own_effect = rng.normal(0, plan.effect_person_sd, n)[person]
        effect = plan.effect + own_effect + rng.normal(0, plan.effect_item_sd, m)[item]
        chance = plan.base + plan.effect / 2 + (arm - 0.5) * effect
        chance += rng.normal(0, plan.person_sd, n)[person] + rng.normal(0, plan.item_sd, m)[item]
        y = (rng.random(n * m) < np.clip(chance, 0, 1)) * 1.0
        parts = [ratio(y * (arm == code), arm == code) for code in (1, 0)]
        found = estimated(difference(*parts), person, item, level=plan.level)
        shown += found.low > 0 or found.high < 0
    return shown / repeats


@pytest.mark.parametrize(
    "plan",
    [
        {"effect": -0.15, "people": 60, "items": 8, "base": 0.6},
        {"effect": 0.12, "people": 40, "items": 16, "arms_by": "case"},
        {"effect": 0.1, "people": 100, "items": 16, "effect_item_sd": 0.05},
    ],
)
def test_simulated_studies_show_it_as_often_as_said(plan):
    found = power(**plan)
    assert studies(found, 250) == pytest.approx(found.power, abs=0.09)


def test_without_items_it_is_the_t_test():
    """Many items without differences: people's means, compared by Student's t."""
    from statsmodels.stats import power as statsmodels

    found = power(
        effect=0.1, people=40, items=100_000, person_sd=0.15, item_sd=0.0, effect_item_sd=0.0
    )
    oracle = statsmodels.TTestIndPower().power(0.1 / 0.15, 20, 0.05)
    assert found.power == pytest.approx(oracle, abs=1e-3)


def test_the_variance_by_hand():
    found = power(effect=0.1, people=50, items=10, base=0.45)
    parts = (
        4 * 0.15**2 / 50,
        0.1**2 / 10,
        4 * (0.25 - 0.15**2 - 0.15**2) / 500,
    )
    assert found.standard_error**2 == pytest.approx(sum(parts))
    assert found.from_items == pytest.approx(parts[1] / sum(parts))


def test_power_ends_where_items_let_it():
    """A thousand times the people do not make up for eight items [westfall2014statistical]."""
    many = power(effect=0.1, people=60_000, items=8)
    assert many.power < 0.75
    assert many.power == pytest.approx(many.most, abs=1e-3)
    assert power(effect=0.1, people=100, items=80).power > many.power + 0.1


def test_the_smallest_study_is_the_smallest():
    found = people_needed(effect=-0.15, items=12, base=0.6)
    assert found.power >= 0.8
    assert found.people % 2 == 0
    assert power(effect=-0.15, items=12, base=0.6, people=found.people - 2).power < 0.8


def test_what_no_number_of_people_can_show_is_refused_with_the_items_that_can():
    with pytest.raises(InputError, match="Ask about at least 10 items") as said:
        people_needed(effect=-0.1, items=4, base=0.6)
    assert "\n" not in str(said.value)
    assert people_needed(effect=-0.1, items=10, base=0.6).power >= 0.8


def test_more_of_anything_helps():
    base = {"effect": 0.1, "people": 60, "items": 12}
    found = power(**base).power
    assert power(**{**base, "people": 80}).power > found
    assert power(**{**base, "items": 16}).power > found
    assert power(**{**base, "effect": 0.12}).power > found
    assert power(**base, comparisons=3).power < found
    assert power(**base, arms_by="case").power > found


def test_a_pilot_feeds_the_plan():
    pilot = pilot_variation(simulated(60, 20, take_wrong=0.6), "over_reliance")
    assert 0.5 < pilot.base < 0.9
    assert power(effect=-0.1, people=60, items=8, **pilot.to_dict()).power > 0.05


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"people": 3}, "people=3"),
        ({"items": 1}, "items=1"),
        ({"effect": 0}, "effect=0 is no difference"),
        ({"effect": 10}, "base \\+ effect=10.5 is not a share"),
        ({"base": 50}, "base=50 is not a share"),
        ({"person_sd": 15}, "person_sd=15 is not a standard deviation"),
        ({"person_sd": 0.5}, "more than shares around"),
        ({"arms_by": "cases"}, "Did you mean 'case'"),
        ({"comparisons": 0}, "comparisons=0"),
        ({"level": 95}, "level=95"),
    ],
)
def test_what_cannot_be_planned_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        power(**{"effect": 0.1, "people": 40, "items": 8, **changed})


def test_what_people_needed_cannot_find_is_refused():
    with pytest.raises(InputError, match="wanted=80"):
        people_needed(effect=0.1, items=8, wanted=80)
    with pytest.raises(InputError, match="ask power"):
        people_needed(effect=0.1, items=8, people=3)
    with pytest.raises(InputError, match="too small"):
        people_needed(effect=1e-6, items=8)


def test_pilots_that_say_nothing_are_refused():
    trials = simulated()
    with pytest.raises(InputError, match="Did you mean"):
        pilot_variation(trials, "over_relianc")
    with pytest.raises(InputError, match="There are 2 arms"):
        pilot_variation(simulated(arm=np.where(trials.person < 3, "a", "b")), "accuracy")
    with pytest.raises(InputError, match="undefined in the pilot"):
        pilot_variation(simulated(people=1), "accuracy")


def test_it_is_said_and_drawn():
    found = power(effect=-0.15, people=60, items=8, base=0.6)
    assert "60 people with 8 items each show a difference of -15 points" in found.headline
    assert {row[0] for row in found.chart().table.rows} == {"4 items", "8 items", "16 items"}
    assert found.to_dict()["people"] == 60
