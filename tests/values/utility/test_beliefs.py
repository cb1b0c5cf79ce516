from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from alignlab.values.utility.beliefs import (
    GRID,
    LAPSE,
    LEVELS,
    NOISES,
    chance_of_gamble,
    free_belief,
    quantiles,
)

EVIDENCE = (
    np.array([0, 0, 1, 1, 0]),
    np.array([0.3, 0.5, 0.5, 0.8, 0.4]),
    np.array([0.0, 1.0, 0.0, 1.0, 0.5]),
)


def brute_force(ordered):
    """Return both utilities' posterior means and the noise's, by summing over every pair."""
    low, high = np.meshgrid(GRID, GRID, indexing="ij")
    weights = np.ones((len(NOISES), *low.shape))
    for s, noise in enumerate(NOISES):
        for item, chance, reply in zip(*EVIDENCE, strict=True):
            u = low if item == 0 else high
            take = LAPSE / 2 + (1 - LAPSE) * expit((chance - u) / noise)
            weights[s] *= take**reply * (1 - take) ** (1 - reply)
    if ordered:
        weights *= np.where(low < high, 1.0, np.where(low == high, 0.5, 0.0))
    weights /= weights.sum()
    return (weights * low).sum(), (weights * high).sum(), weights.sum(axis=(1, 2))


@pytest.mark.parametrize("ordered", [False, True])
def test_one_pass_forth_and_back_sums_over_every_utility(ordered):
    belief = free_belief(2, EVIDENCE, ordered=ordered)
    low, high, noise = brute_force(ordered)
    assert belief.means == pytest.approx([low, high], abs=1e-9)
    assert belief.noise == pytest.approx(noise, abs=1e-9)
    assert belief.joint.sum(axis=(1, 2)) == pytest.approx([1, 1])


def test_before_any_answer_the_prior_is_that_of_sorted_uniform_numbers():
    none = tuple(np.array([], dtype=kind) for kind in (np.intp, float, float))
    belief = free_belief(3, none, ordered=True)
    assert belief.means == pytest.approx([0.25, 0.5, 0.75], abs=2e-3)
    low, high = belief.limits(1, 0.95)
    # The middle of three uniform numbers is Beta(2, 2).
    assert (low, high) == pytest.approx((0.0943, 0.9057), abs=3e-3)
    assert belief.noise == pytest.approx(np.full(len(NOISES), 1 / len(NOISES)))


def test_draws_have_the_posteriors_means_and_keep_the_order():
    belief = free_belief(2, EVIDENCE, ordered=True)
    draws = belief.draw(40_000, np.random.default_rng(0))
    assert draws.mean(axis=0) == pytest.approx(belief.means, abs=3e-3)
    assert (np.diff(draws, axis=1) >= 0).all()
    corner = np.mean((draws[:, 0] < 0.4) & (draws[:, 1] < 0.6))
    coarse = free_belief(2, EVIDENCE, ordered=False).draw(40_000, np.random.default_rng(0))
    kept = coarse[coarse[:, 0] < coarse[:, 1]]
    assert corner == pytest.approx(np.mean((kept[:, 0] < 0.4) & (kept[:, 1] < 0.6)), abs=0.01)


def test_information_is_what_the_answer_takes_off_the_utilitys_entropy():
    belief = free_belief(2, EVIDENCE, ordered=True)
    bits = belief.information()

    def entropy(weights):
        weights = weights[weights > 0]
        return -(weights * np.log2(weights)).sum()

    for item, level in product((0, 1), (4, 11)):
        chance = chance_of_gamble(LEVELS[level] - GRID[:, None], NOISES)
        yes = float((belief.joint[item] * chance).sum())
        after = []
        for reply in (1.0, 0.0):
            more = tuple(np.append(old, new) for old, new in
                         zip(EVIDENCE, (item, LEVELS[level], reply), strict=True))  # fmt: skip
            after.append(entropy(free_belief(2, more, ordered=True).marginals[item]))
        told = entropy(belief.marginals[item]) - (yes * after[0] + (1 - yes) * after[1])
        assert bits[item, level] == pytest.approx(told, abs=1e-9)
    assert (bits >= -1e-12).all()


def test_hundreds_of_contradictory_answers_do_not_break_it():
    n = 600
    evidence = (np.arange(n) % 2, np.full(n, 0.5), (np.arange(n) % 2 == 0) * 0.0)
    belief = free_belief(2, evidence, ordered=True)
    assert np.isfinite(belief.means).all()
    upside = (np.arange(n) % 2, np.full(n, 0.5), 1.0 - (np.arange(n) % 2 == 0))
    assert np.isfinite(free_belief(2, upside, ordered=True).means).all()


def test_quantiles_are_straight_within_a_cell():
    assert quantiles(np.array([0.5, 0.5]), np.array([0.25, 0.5])).tolist() == [0.25, 0.5]
    middle = quantiles(np.array([0, 1, 0]), np.array([0.5]), np.array([1.0, 5.0, 9.0]))
    assert middle.tolist() == [5.0]


def test_a_large_advantage_still_leaves_lapses():
    assert chance_of_gamble(np.array(50.0), 0.01) == pytest.approx(1 - LAPSE / 2)
    assert chance_of_gamble(np.array(0.0), 0.1) == pytest.approx(0.5)
