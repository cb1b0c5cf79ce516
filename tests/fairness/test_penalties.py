"""Gaps between groups' means: by hand, right on average over every batch, and finite always."""

from itertools import combinations, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.fairness.penalties import (
    RunningGap,
    compared,
    gap_of_means,
    shares_of,
    unbiased_gap,
)

VALUES = torch.tensor([[0.9], [0.5], [0.2], [0.7], [0.1]], dtype=torch.float64)
GROUPS = torch.tensor([0, 0, 1, 1, 2])
ONE = torch.zeros(5, dtype=torch.int64)
SHARES = torch.tensor([[0.4, 0.4, 0.2]], dtype=torch.float64)
MEANS = torch.tensor([[[0.7], [0.45], [0.1]]], dtype=torch.float64)
# Pairs: 0.25², 0.6², 0.35²; their mean.
GAP = (0.0625 + 0.36 + 0.1225) / 3


def taken(rows):
    rows = list(rows)
    return VALUES[rows], ONE[rows], GROUPS[rows]


def test_the_gap_of_means_by_hand():
    assert float(gap_of_means(MEANS, SHARES)) == pytest.approx(GAP, abs=1e-15)
    two = torch.tensor([[0.4, 0.4, 0.0]])
    assert float(gap_of_means(MEANS, two)) == pytest.approx(0.0625, abs=1e-15)
    # Two strata count alike, and one with a single group has nothing to compare.
    strata = torch.cat([MEANS, MEANS * 2, MEANS])
    shares = torch.tensor([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.3, 0.0, 0.0]])
    assert float(gap_of_means(strata, shares)) == pytest.approx(GAP * 5 / 2, abs=1e-15)


def test_the_shares_of_cells_by_hand():
    strata = torch.tensor([0, 0, 1, 1, 1, -1, 0, 1])
    groups = torch.tensor([0, 1, 0, 0, 1, 0, -1, 1])
    expected = [[1 / 8, 1 / 8], [2 / 8, 2 / 8]]
    assert shares_of(strata, groups, (2, 2)).tolist() == expected


@pytest.mark.parametrize("size", [2, 3])
def test_over_all_batches_the_estimate_is_the_gap_and_its_gradient_the_gaps(size):
    """Batches drawn with replacement: every ordered one of them is as likely."""
    free = VALUES.clone().requires_grad_()
    batches = list(product(range(5), repeat=size))
    total = sum(
        unbiased_gap(free[list(rows)], ONE[list(rows)], GROUPS[list(rows)], SHARES)
        for rows in batches
    ) / len(batches)
    assert float(total.detach()) == pytest.approx(GAP, abs=1e-12)
    (gradient,) = torch.autograd.grad(total, free)
    means = torch.stack([free[g == GROUPS].mean(0) for g in range(3)])[None]
    (expected,) = torch.autograd.grad(gap_of_means(means, SHARES), free)
    torch.testing.assert_close(gradient, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_over_all_batches_of_an_epoch_it_is_that_of_all_rows(size):
    """Batches drawn without replacement, as an epoch draws them."""
    every = [float(unbiased_gap(*taken(rows), SHARES)) for rows in combinations(range(5), size)]
    whole = float(unbiased_gap(*taken(range(5)), SHARES))
    assert np.mean(every) == pytest.approx(whole, abs=1e-12)


def test_the_gap_of_a_batchs_means_is_too_large_by_their_variances():
    """What the estimates are for: over all pairs of two rows of each of two groups."""
    values = torch.tensor([0.9, 0.5, 0.1, 0.2, 0.7, 0.3], dtype=torch.float64)
    pairs = [list(pair) for pair in product(range(3), repeat=2)]
    plain = [
        float((values[one].mean() - values[3:][two].mean()) ** 2) for one in pairs for two in pairs
    ]
    gap = float((values[:3].mean() - values[3:].mean()) ** 2)
    variances = float(values[:3].var(correction=0) + values[3:].var(correction=0))
    assert np.mean(plain) == pytest.approx(gap + variances / 2, abs=1e-12)
    assert gap + variances / 2 > 5 * gap


def test_it_is_below_zero_where_it_must_be_and_has_a_gradient_there():
    values = torch.tensor([[0.9], [0.1], [0.5], [0.5]], requires_grad=True)
    groups = torch.tensor([0, 0, 1, 1])
    gap = unbiased_gap(values - 0.5, ONE[:4], groups, torch.tensor([[0.5, 0.5]]))
    gap.backward()
    # t = 0 for both groups, so that only the rows' own squares are left: 2 · (0.4 / 2)² · 4 / 3.
    assert float(gap.detach()) == pytest.approx(-2 * 0.04 * 4 / 3, abs=1e-7)
    assert float(values.grad.abs().sum()) > 0


def running(means=MEANS, memory=100):
    gap = RunningGap(SHARES, width=1, memory=memory)
    gap.restore({"means": means.clone(), "seen": SHARES * memory})
    return gap


@pytest.mark.parametrize("size", [1, 2])
def test_around_the_true_means_the_running_estimate_and_its_gradient_are_right(size):
    free = VALUES.clone().requires_grad_()
    batches = [list(rows) for rows in product(range(5), repeat=size)]
    total = sum(running()(free[r], ONE[r], GROUPS[r]) for r in batches) / len(batches)
    assert float(total.detach()) == pytest.approx(GAP, abs=1e-12)
    (gradient,) = torch.autograd.grad(total, free)
    means = torch.stack([free[g == GROUPS].mean(0) for g in range(3)])[None]
    (expected,) = torch.autograd.grad(gap_of_means(means, SHARES), free)
    torch.testing.assert_close(gradient, expected, atol=1e-12, rtol=0)


def test_a_batch_is_compared_before_it_is_remembered():
    """A product of a batch's mean with itself would be too large by its variance."""
    gap = RunningGap(SHARES, width=1, memory=100)
    assert float(gap(VALUES, ONE, GROUPS)) == 0
    torch.testing.assert_close(gap.means, MEANS)
    assert float(gap(VALUES, ONE, GROUPS)) == pytest.approx(GAP, abs=1e-12)


def test_what_is_remembered_is_a_mean_and_then_fades():
    gap = RunningGap(torch.tensor([[0.5, 0.5]], dtype=torch.float64), width=1, memory=4)
    one = torch.tensor([0])
    for value in (0.0, 0.5):
        gap(torch.tensor([[value]], dtype=torch.float64), one, one)
    assert gap.means[0, 0].item() == 0.25
    assert gap.seen[0].tolist() == [2, 0]
    gap(torch.tensor([[1.25]], dtype=torch.float64), one, one)  # memory · share = 2 rows are kept
    assert gap.means[0, 0].item() == 0.25 + (1.25 - 0.25) / 2
    # More rows at once than are remembered: their mean.
    gap(torch.full((9, 1), 0.6, dtype=torch.float64), one.expand(9), one.expand(9))
    assert gap.means[0, 0].item() == pytest.approx(0.6, abs=1e-12)


def test_what_was_remembered_is_taken_up_again():
    first, second = running(), RunningGap(SHARES, width=1, memory=100)
    first(*taken([0, 2]))
    second.restore(first.state())
    assert float(first(*taken([1, 4]))) == float(second(*taken([1, 4])))


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(-1, 2), min_size=1, max_size=8),
    st.lists(st.integers(-1, 1), min_size=8, max_size=8),
    st.integers(0, 2**32 - 1),
)
def test_any_batch_has_a_finite_gap_and_gradient_and_row_order_is_nothing(groups, strata, seed):
    n, rng = len(groups), np.random.default_rng(seed)
    groups, strata = torch.tensor(groups), torch.tensor(strata[:n])
    shares = torch.tensor([[0.3, 0.2, 0.0], [0.2, 0.2, 0.1]], dtype=torch.float64)
    values = torch.tensor(rng.random((n, 2)), requires_grad=True)
    order = torch.tensor(rng.permutation(n))

    def both(v, s, g):
        gap = RunningGap(shares, width=2, memory=10)
        gap.restore({"means": torch.tensor(memory), "seen": shares * 10})
        return unbiased_gap(v, s, g, shares), gap(v, s, g)

    memory = rng.random((2, 3, 2))
    given_gaps = both(values, strata, groups)
    shuffled = both(values[order], strata[order], groups[order])
    for gap, other in zip(given_gaps, shuffled, strict=True):
        assert float(gap.detach()) == pytest.approx(float(other.detach()), abs=1e-12)
        (gradient,) = torch.autograd.grad(gap, values, retain_graph=True)
        assert bool(torch.isfinite(gradient).all())
        # A row that is not asked about, or whose group nobody knows, feels nothing.
        outside = (groups < 0) | (strata < 0)
        assert not bool(gradient[outside].any())


def test_the_notions_say_what_is_compared_among_whom():
    p = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    y = torch.tensor([0, 1, 1])
    values, strata = compared(p, y, "demographic_parity", favourable=1)
    assert (values[:, 0].tolist(), strata.tolist()) == (p[:, 1].tolist(), [0, 0, 0])
    values, strata = compared(p, y, "equalized_odds", favourable=1)
    assert (values[:, 0].tolist(), strata.tolist()) == (p[:, 1].tolist(), [1, 0, 0])
    values, strata = compared(p, y, "equal_opportunity", favourable=1)
    assert (values[:, 0].tolist(), strata.tolist()) == (p[:, 1].tolist(), [-1, 0, 0])
    values, strata = compared(p, y, "demographic_parity")
    assert (values.tolist(), strata.tolist()) == (p.tolist(), [0, 0, 0])
    values, strata = compared(p, y, "equalized_odds")
    assert (values.tolist(), strata.tolist()) == (p.tolist(), [0, 1, 1])
    values, strata = compared(p, y, "equal_opportunity")
    assert (values[:, 0].tolist(), strata.tolist()) == ([p[0, 0], p[1, 1], p[2, 1]], [0, 1, 1])


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(InputError, match="Did you mean 'equalized_odds'"):
        compared(torch.ones(1, 2), torch.zeros(1, dtype=torch.int64), "equalised_odds")
    for groups in ([0, 0, 0], [0, -1, -1], [-1, -1, -1]):
        with pytest.raises(InputError, match="no two groups to compare"):
            shares_of(ONE[:3], torch.tensor(groups), (1, max(groups) + 1))
    with pytest.raises(InputError, match="no two groups"):  # two groups, but never in one stratum
        shares_of(torch.tensor([0, 1]), torch.tensor([0, 1]), (2, 2))
    with pytest.raises(InputError, match="memory=0"):
        RunningGap(SHARES, width=1, memory=0)
