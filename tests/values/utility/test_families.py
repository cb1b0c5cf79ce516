from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.values.utility import CARA, CRRA
from alignlab.values.utility.beliefs import chance_of_gamble
from alignlab.values.utility.families import Family

FAMILIES = [
    Family("CARA", -50.0, 150.0, np.array([0.0, 50.0, 100.0])),
    Family("CRRA", 10.0, 1000.0, np.array([100.0, 500.0])),
    Family("CRRA", 0.0, 100.0, np.array([20.0, 50.0])),
    Family("CRRA", -20.0, 80.0, np.array([0.0, 50.0]), wealth=100.0),
    Family("CRRA", 1e6, 1e6 + 1.0, np.array([1e6 + 0.5])),
]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_hypothesis_is_the_utility_with_that_equivalent(family):
    chances = np.array([0.1, 0.5, 0.9])
    found = family.equivalents(chances)
    low, high = family.low, family.high
    assert found[1] == pytest.approx(family.grid, abs=1e-9)
    middle = (family.grid > 0.2) & (family.grid < 0.8)  # at the ends chances round to 0 and 1
    for h in np.flatnonzero((family.grid > 0.1) & (family.grid < 0.8))[::20]:
        utility = family.function(float(family._aversions[h]))
        for p, share in zip(chances, found[:, h], strict=True):
            sure = utility.certainty_equivalent([low, high], [1 - p, p])
            assert share == pytest.approx((sure - low) / (high - low), abs=1e-7)

    # An item's utility is the chance that makes the gamble as good as the item.
    for item, amount in enumerate(family.amounts):
        back = np.diag(family.equivalents(np.clip(family.utilities[item], 1e-9, 1 - 1e-9)))
        assert back[middle] == pytest.approx((amount - low) / (high - low), abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_aversion_falls_as_the_equivalent_rises(family):
    assert (np.diff(family._aversions) < 0).all()
    assert (np.diff(family.utilities, axis=1) <= 1e-12).all()


def test_risk_neutrality_is_half_and_known_aversions_come_back():
    family = FAMILIES[0]
    none = tuple(np.array([], dtype=kind) for kind in (np.intp, float, float))
    spike = np.zeros((3, len(family.grid), 1))
    spike[:, len(family.grid) // 2 - 1 : len(family.grid) // 2 + 1] = 0.5
    value, low, high = family.aversion(replace(family.belief(none), joint=spike), 0.95)
    assert value == pytest.approx(0, abs=1e-12)
    assert low < 0 < high
    assert isinstance(family.function(0.01), CARA)
    assert FAMILIES[3].function(2.0) == CRRA(2.0, 100.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_prior_is_nearly_uniform_and_reaches_whoever_never_gambles(family):
    assert family.prior.sum() == pytest.approx(1)
    below = np.cumsum(family.prior) - family.prior / 2
    assert below == pytest.approx(family.grid, abs=0.1)
    assert below[len(below) // 2] == pytest.approx(family.grid[len(below) // 2], abs=0.1)
    # At the ends even the largest chance is worth nothing more, and the smallest everything less.
    assert family.equivalents(np.array([0.99]))[0, 0] < 1e-4
    assert family.equivalents(np.array([0.01]))[0, -1] > 1 - 1e-4


def test_what_no_answer_tells_has_no_limit():
    family = FAMILIES[0]
    none = tuple(np.array([], dtype=kind) for kind in (np.intp, float, float))
    belief = family.belief(none)
    assert family.aversion(belief, 0.95)[1:] == (-np.inf, np.inf)
    assert belief.limits(1, 0.95) == (0.0, 1.0)
    averse = (np.full(6, 0), np.full(6, 0.98), np.zeros(6))  # refuses nearly certain gambles
    belief = family.belief(averse)
    value, low, high = family.aversion(belief, 0.95)
    assert 0 < low < value < high == np.inf
    assert family.notes(belief, 0.95) == ("The answers set no upper limit to the risk aversion.",)
    ruin = FAMILIES[2].notes(FAMILIES[2].belief(averse), 0.95)
    assert "From 1 on, 0 is infinitely bad, and no gamble on it is taken" in ruin[0]


def test_noise_on_equivalents_keeps_gambling_falling_in_aversion_and_on_utilities_does_not():
    # 50 for sure or 100 with chance 0.9, else 1; every CRRA from seeking to very averse.
    aversions = np.linspace(-2, 12, 141)
    drive_equivalent, drive_utility = [], []
    for r in aversions:
        utility = CRRA(float(r))
        sure = utility.certainty_equivalent([1, 100], [0.1, 0.9])
        drive_equivalent.append((sure - 50) / 99)
        drive_utility.append(float(0.1 * utility(1.0) + 0.9 * utility(100.0) - utility(50.0)))
    falls = [np.diff(chance_of_gamble(np.array(drive), 0.1))
             for drive in (drive_equivalent, drive_utility)]  # fmt: skip
    assert (falls[0] <= 1e-15).all()
    assert (falls[1] > 1e-4).any()


def test_a_wealth_far_above_the_range_keeps_the_digits_of_the_amounts():
    """Of so large a wealth, CRRA is CARA: what is owned hardly changes."""
    amounts = np.array([0.5, 10.0, 30.0])
    rich = Family("CRRA", 0.0, 100.0, amounts, wealth=1e10)
    plain = Family("CARA", 0.0, 100.0, amounts)
    fine = (plain.grid > 0.01) & (plain.grid < 0.99)
    at = np.searchsorted(rich.grid, plain.grid[fine])
    assert rich._to_scale(amounts) == pytest.approx(amounts / 100, rel=1e-7)
    assert rich.utilities[:, at] == pytest.approx(plain.utilities[:, fine], abs=0.02)
