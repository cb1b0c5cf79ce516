"""Coalitions in pairs, and what a pair adds to each player's value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.transparency.shapley.coalitions import every_pair, pair_weights, pairs_in_all


@pytest.mark.parametrize("players", [2, 3, 5])
def test_every_coalition_or_its_complement_comes_once(players):
    half = every_pair(players, 0, pairs_in_all(players))
    both = np.concatenate([half, ~half])
    assert len(np.unique(both, axis=0)) == len(both) == 2**players - 2
    assert both.any(axis=1).all()
    assert not both.all(axis=1).any()


def test_the_weights_of_three_players_by_hand():
    # {0}: 1/(1 * 3) for its member, -1/(2 * 3) for the others.
    assert pair_weights(np.array([[True, False, False]])).tolist() == [[1 / 3, -1 / 6, -1 / 6]]
    assert pair_weights(np.array([[True, True, False]])).tolist() == [[1 / 6, 1 / 6, -1 / 3]]


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(lambda s: any(s) and not all(s)))
def test_a_pair_adds_nothing_in_all_and_is_told_by_either_of_its_coalitions(members):
    coalition = np.array([members])
    weights = pair_weights(coalition)
    assert abs(weights.sum()) < 1e-12
    np.testing.assert_allclose(pair_weights(~coalition), -weights, rtol=1e-12)
