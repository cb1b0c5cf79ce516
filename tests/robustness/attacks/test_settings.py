"""Counts that are none are refused by every attack, by the name of the setting."""

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.robustness.attacks import (
    APGD,
    FAB,
    PGD,
    HopSkipJump,
    Square,
    TabularSearch,
    TargetedAPGD,
)
from alignlab.robustness.attacks.settings import require_whole


@pytest.mark.parametrize("value", [0, -1, 2.5, 3.0, True, None, "3"])
def test_what_is_no_count_is_said(value):
    with pytest.raises(InputError, match=r"steps=.* is not a whole number from 1"):
        require_whole(restarts=2, steps=value)


def test_counts_of_numpy_are_counts():
    require_whole(steps=np.int64(3))


@pytest.mark.parametrize(
    ("attack", "name"),
    [
        (PGD, "steps"),
        (PGD, "restarts"),
        (APGD, "steps"),
        (TargetedAPGD, "targets"),
        (FAB, "steps"),
        (FAB, "targets"),
        (Square, "queries"),
        (HopSkipJump, "probes"),
        (TabularSearch, "queries"),
    ],
)
@pytest.mark.parametrize("value", [0, 2.5, True])
def test_every_attack_asks_at_the_door(attack, name, value):
    with pytest.raises(InputError, match=f"{name}={value} is not a whole number"):
        attack(**{name: value})
