from __future__ import annotations

from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from alignlab.datasets import PreferenceDataset
from alignlab.errors import InputError
from alignlab.values.preferences import choice_loss, choices_of

NAMES = ("a", "b", "c", "d", "e")


def loss_of(data, u, delta=(), ties="davidson"):
    choices = choices_of(data, ties=ties)
    eta = choices.members @ u + choices.tie_columns @ np.array(delta, float)
    return choice_loss(eta, choices)


def by_hand(ranks, u, delta):
    """Return -log P of a ranking by the definition of Davidson and Luce, set by set."""
    left, total = set(range(len(ranks))), 0.0
    while len(left) > 1:
        best = min(ranks[i] for i in left)
        chosen = {i for i in left if ranks[i] == best}
        sets = [s for size in (1, *delta) for s in combinations(left, size)]
        worth = [np.mean([u[i] for i in s]) + delta.get(len(s), 0.0) for s in sets]
        own = np.mean([u[i] for i in chosen]) + delta.get(len(chosen), 0.0)
        total += logsumexp(worth) - own
        left -= chosen
    return total


def test_two_items_by_hand():
    u = np.array([0.7, -0.4])
    won = PreferenceDataset.from_pairs(NAMES[:2], [0], [1], [0])
    assert loss_of(won, u).value == pytest.approx(np.log1p(np.exp(-1.1)), abs=1e-15)
    tied = PreferenceDataset.from_pairs(NAMES[:2], [0], [1], [0.5])
    odds = np.exp([0.7, -0.4, 0.15 + 0.3])
    assert loss_of(tied, u, [0.3]).value == pytest.approx(-np.log(odds[2] / odds.sum()), abs=1e-15)
    half = (np.log1p(np.exp(-1.1)) + np.log1p(np.exp(1.1))) / 2
    assert loss_of(tied, u, ties="half").value == pytest.approx(half, abs=1e-15)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=5), st.integers(0, 99))
def test_rankings_with_ties_are_the_definition(ranks, seed):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=len(ranks))
    data = PreferenceDataset.from_rankings(NAMES[: len(ranks)], [range(len(ranks))], [ranks])
    sizes = sorted({ranks.count(r) for r in ranks} - {1})
    delta = rng.normal(size=len(sizes))
    expected = by_hand(ranks, u, dict(zip(sizes, delta, strict=True)))
    assert loss_of(data, u, delta).value == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2), min_size=2, max_size=5), st.integers(0, 99))
def test_half_a_tie_is_the_mean_over_orders(ranks, seed):
    u = np.random.default_rng(seed).normal(size=len(ranks))
    data = PreferenceDataset.from_rankings(NAMES[: len(ranks)], [range(len(ranks))], [ranks])
    orders = [
        order
        for order in permutations(range(len(ranks)))
        if all(ranks[a] <= ranks[b] for a, b in pairwise(order))
    ]
    each = [by_hand([order.index(i) for i in range(len(ranks))], u, {}) for order in orders]
    assert loss_of(data, u, ties="half").value == pytest.approx(np.mean(each), abs=1e-12)


def test_the_probabilities_of_all_rankings_sum_to_one():
    u, delta = np.array([0.3, -0.2, 0.8]), (0.4, -0.1)
    total = 0.0
    patterns = {tuple(np.unique(r, return_inverse=True)[1]) for r in np.ndindex(3, 3, 3)}
    for ranks in patterns:
        # One comparison with each size of tie makes both sizes possible everywhere.
        data = PreferenceDataset.from_rankings(
            NAMES[:3], [[0, 1, 2]] * 3, [list(ranks), [0, 0, 1], [0, 0, 0]]
        )
        loss = loss_of(data, u, delta)
        own = choices_of(data).comparison == 0
        total += np.exp(-loss.each[own].sum())
    assert len(patterns) == 13
    assert total == pytest.approx(1, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 999))
def test_the_gradient_is_the_derivative(seed):
    rng = np.random.default_rng(seed)
    shown = [rng.permutation(5)[: rng.integers(2, 6)].tolist() for _ in range(4)]
    ranks = [rng.integers(0, 3, len(each)).tolist() for each in shown]
    choices = choices_of(PreferenceDataset.from_rankings(NAMES, shown, ranks))
    eta = rng.normal(size=len(choices.size)) * 3
    loss = choice_loss(eta, choices)
    for at in range(len(eta)):
        step = np.zeros(len(eta))
        step[at] = 1e-5
        slope = (
            choice_loss(eta + step, choices).value - choice_loss(eta - step, choices).value
        ) / 2e-5
        assert loss.gradient[at] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("logit", [120.0, 5e3, 1e6])
def test_a_certain_error_keeps_its_gradient(logit):
    data = PreferenceDataset.from_pairs(NAMES[:2], [0], [1], [1])
    loss = loss_of(data, np.array([logit, 0.0]))
    assert loss.value == logit
    assert sorted(loss.gradient) == [-1, 1]


def test_a_near_certain_choice_has_an_exact_loss():
    data = PreferenceDataset.from_pairs(NAMES[:2], [0], [1], [0])
    assert loss_of(data, np.array([40.0, 0.0])).value == pytest.approx(np.exp(-40), rel=1e-12)


def test_comparisons_that_count_twice_are_there_twice():
    data = PreferenceDataset.from_rankings(
        NAMES, [[0, 1, 2], [3, 4], [4, 1]], [[1, 1, 2], [1, 2], [2, 1]]
    )
    choices = choices_of(data)
    counts = np.array([2.0, 0.0, 1.0])
    own = choices.reweighted(counts)
    u = np.random.default_rng(0).normal(size=5)
    delta = np.array([0.2])

    def value(some):
        return choice_loss(some.members @ u + some.tie_columns @ delta, some).value

    parts = [choices.reweighted((np.arange(3) == k).astype(float)) for k in (0, 2)]
    assert value(own) == pytest.approx(2 * value(parts[0]) + value(parts[1]), abs=1e-12)
    assert set(own.comparison.tolist()) == {0, 2}


def test_what_cannot_be_counted_is_said():
    with pytest.raises(InputError, match="0 comparisons"):
        choices_of(PreferenceDataset.from_pairs(NAMES, [], [], []))
    data = PreferenceDataset.from_pairs(NAMES, [0], [1], [0])
    with pytest.raises(InputError, match=r"ties='halv' is not one of .* Did you mean 'half'"):
        choices_of(data, ties="halv")
    many = PreferenceDataset.from_rankings(range_of(8), [range(8)], [[0] * 7 + [1]])
    with pytest.raises(InputError, match="5,040 orders"):
        choices_of(many, ties="half")
    large = PreferenceDataset.from_rankings(range_of(40), [range(40)], [[0] * 20 + [1] * 20])
    with pytest.raises(InputError, match="too many sets"):
        choices_of(large)


def range_of(n):
    return [f"item {at}" for at in range(n)]
