"""The bounds hold where they can be checked by hand, and are infinite where nothing is certain."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.values.processes import FiniteMDP
from alignlab.values.processes.bounds import (
    Discounted,
    ends_surely,
    rounding_of,
    way_to_end,
)
from alignlab.values.processes.sweeps import Sweeps

LOOP = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])
"""In state 0 stay (action 0) or end it (action 1)."""


def test_one_sweep_of_a_constant_loop_tells_all():
    # V = 0, V' = 1 everywhere: V* = 1 / (1 - γ) exactly.
    bounds = Discounted(0.9, ends=False)
    assert 1 + bounds.shift(1.0, 1.0) == pytest.approx(10.0)
    assert bounds.error(1.0, 1.0, 0.0) == 0.0


def test_where_things_end_a_common_change_tells_less():
    bounds = Discounted(0.9, ends=True)
    assert bounds.shift(1.0, 1.0) == 0.0
    assert bounds.error(1.0, 1.0, 0.0) == pytest.approx(9.0)
    assert bounds.error(-2.0, 1.0, 0.0) == pytest.approx(18.0)
    assert bounds.error(0.0, 0.0, 1e-16) == pytest.approx(1e-15)


def test_rounding_grows_with_what_is_added_up(random_mdp):
    with Sweeps(random_mdp(0, discount=0.9)) as sweeps:
        assert 1e-16 < rounding_of(sweeps, 1.0) < 1e-14
        assert rounding_of(sweeps, 1e6) == pytest.approx(1e6 * rounding_of(sweeps, 1.0), rel=3)


def test_a_way_to_the_end_is_found_among_what_is_allowed():
    mdp = FiniteMDP(LOOP, np.zeros(2), discount=1.0)
    assert way_to_end(mdp, mdp.available) == (pytest.approx([1, 0]), True)
    only_stay = mdp.available & [[True, False]]
    assert not way_to_end(mdp, only_stay)[1]
    assert not ends_surely(mdp, mdp.available)
    assert ends_surely(mdp, mdp.available & [[False, True]])
