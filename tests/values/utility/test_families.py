from __future__ import annotations

import numpy as np
import pytest

from alignlab.values.utility import CARA, CRRA
from alignlab.values.utility.beliefs import GRID, chance_of_gamble
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
    assert found[1] == pytest.approx(GRID, abs=1e-9)
    for h in (20, 99, 100, 150):
        utility = family.function(float(family._aversions[h]))
        for p, share in zip(chances, found[:, h], strict=True):
            sure = utility.certainty_equivalent([low, high], [1 - p, p])
            assert share == pytest.approx((sure - low) / (high - low), abs=1e-7)

    # An item's utility is the chance that makes the gamble as good as the item.
    for item, amount in enumerate(family.amounts):
        middle = slice(40, 160)  # at the ends chances round to 0 and 1
        back = np.diag(family.equivalents(np.clip(family.utilities[item], 1e-9, 1 - 1e-9)))
        assert back[middle] == pytest.approx((amount - low) / (high - low), abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_aversion_falls_as_the_equivalent_rises(family):
    assert (np.diff(family._aversions) < 0).all()
    assert (np.diff(family.utilities, axis=1) <= 1e-12).all()


def test_risk_neutrality_is_half_and_known_aversions_come_back():
    family = FAMILIES[0]
    spike = np.zeros(len(GRID))
    spike[99:101] = 0.5
    value, low, high = family.aversion(spike, 0.95)
    assert value == pytest.approx(0, abs=1e-12)
    assert low < 0 < high
    assert isinstance(family.function(0.01), CARA)
    assert FAMILIES[3].function(2.0) == CRRA(2.0, 100.0)


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
