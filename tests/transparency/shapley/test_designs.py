"""A growing sample of pairs of coalitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.transparency.shapley.coalitions import pairs_in_all
from alignlab.transparency.shapley.designs import PairDesign


def as_pairs(half):
    """Each pair by the coalition that holds the first player."""
    return np.where(half[:, :1], half, ~half)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 20), st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 99))
def test_no_pair_comes_twice_and_a_larger_sample_holds_the_smaller(players, pairs, more, seed):
    design = PairDesign(players, np.random.default_rng(seed))
    first = design.extended(max(design.fewest, pairs))
    second = design.extended(max(design.fewest, pairs) + more)
    together = as_pairs(np.concatenate([first, second]))
    assert len(np.unique(together, axis=0)) == len(together) == design.drawn.sum()
    assert together.any(axis=1).all()
    assert not together.all(axis=1).any()
    assert len(together) <= max(design.fewest, pairs) + more
    smaller = np.minimum(together.sum(axis=1), players - together.sum(axis=1))
    assert (smaller == design.sizes[design.stratum]).all()
    assert (design.drawn >= np.minimum(2, design.strata)).all()


@pytest.mark.parametrize("players", [2, 3, 6, 9])
def test_the_largest_sample_is_every_pair(players):
    design = PairDesign(players, np.random.default_rng(0))
    half = design.extended(10**6)
    assert design.most == len(half) == pairs_in_all(players)
    assert (design.shares == 1).all()


def test_small_and_large_coalitions_are_complete_first():
    design = PairDesign(12, np.random.default_rng(0))
    design.extended(200)
    assert design.drawn[0] == design.strata[0] == 12
    assert (np.diff(design.drawn / design.strata) < 0).all()
    # The rest of the sample is drawn in proportion to 1 / sqrt(s (d - s)), half of it at d / 2.
    ratio = design.drawn[2:] * np.sqrt(design.sizes[2:] * (12 - design.sizes[2:]))
    np.testing.assert_allclose(ratio / ratio[0], [1, 1, 1, 0.5], atol=0.02)


@pytest.mark.parametrize("listed", [0, 10**6])
def test_every_pair_of_a_stratum_has_the_same_chance(listed, monkeypatch):
    monkeypatch.setattr("alignlab.transparency.shapley.designs.LISTED", listed)
    counts = np.zeros(2**6)
    for seed in range(600):
        half = PairDesign(6, np.random.default_rng(seed)).extended(16)
        counts[as_pairs(half) @ (1 << np.arange(6))] += 1
    drawn = PairDesign(6, np.random.default_rng(0))
    drawn.extended(16)
    sizes = np.minimum(k := np.array([bin(each).count("1") for each in range(64)]), 6 - k)
    for size, number, all_pairs in zip(drawn.sizes, drawn.drawn, drawn.strata, strict=True):
        seen = counts[(sizes == size) & (np.arange(64) % 2 == 1)]
        assert len(seen) == all_pairs
        share = number / all_pairs
        assert np.abs(seen / 600 - share).max() <= 4.5 * np.sqrt(share * (1 - share) / 600)


def test_the_weights_are_the_kernels_over_the_chance():
    design = PairDesign(6, np.random.default_rng(0))
    design.extended(16)
    ways = {1: 6, 2: 15, 3: 20}
    kernel = [1 / (s * (6 - s) * ways[s]) for s in design.sizes[design.stratum]]
    np.testing.assert_allclose(design.weights, kernel / design.shares, rtol=1e-12)


def test_very_many_players_do_no_harm():
    design = PairDesign(1500, np.random.default_rng(0))
    assert design.extended(design.fewest).shape[1] == 1500
    assert np.isfinite(design.weights).all()
    assert np.isfinite(design.shares).all()
