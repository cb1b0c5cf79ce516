"""The budget: kept in expectation, filled where there are ties, exact for a batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.uncertainty.deferral.budget import (
    Threshold,
    chances,
    require_budget,
    spread,
    threshold_for,
    top,
)


@pytest.mark.parametrize("n", [1, 4, 9, 19, 100])
@pytest.mark.parametrize("budget", [0.05, 0.1, 0.25, 0.5, 0.99])
def test_the_expected_share_is_the_largest_that_the_budget_allows(n, budget):
    # By exchangeability the next of n + 1 distinct scores has each rank with the same chance.
    asked = 0.0
    for left_out in range(n + 1):
        scores = np.delete(np.arange(n + 1.0), left_out)
        asked += chances(np.array([float(left_out)]), threshold_for(scores, budget))[0]
    assert asked == np.floor(budget * (n + 1) + 1e-9)


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=40),
    st.floats(0.01, 1),
    st.sampled_from([-np.inf, 0.0]),
)
def test_it_is_the_lowest_of_all_thresholds_that_keep_the_budget(values, budget, floor):
    scores, n = np.array(values, dtype=float), len(values)
    room = budget * (n + 1) - 1
    allowed = [level for level in sorted(set(values)) if (scores > level).sum() <= room + 1e-9]
    found = threshold_for(scores, budget, floor=floor)
    if budget == 1:
        assert found == Threshold(floor)
    else:
        assert found.above == (max(allowed[0], floor) if allowed else np.inf)
    assert chances(scores, found).sum() <= max(budget * (n + 1), 0) + 1e-9


def test_ties_fill_the_budget_by_chance():
    scores = np.repeat([0.0, 1.0], [600, 400])
    found = threshold_for(scores, 0.2)
    assert found.above == 1.0
    assert found.at == pytest.approx(0.5, abs=0.01)
    assert chances(scores, found).mean() == pytest.approx(0.2, abs=0.002)


def test_weights_are_mass():
    scores, weights = np.arange(200.0), np.where(np.arange(200) >= 190, 10.0, 1.0)
    found = threshold_for(scores, 0.25, weights=weights)
    share = weights[scores > found.above].sum() / weights.sum()
    assert 0.2 < share <= 0.25


@pytest.mark.parametrize(("budget", "above"), [(0.0, np.inf), (1.0, -np.inf)])
def test_the_ends_ask_never_and_always(budget, above):
    assert threshold_for(np.arange(5.0), budget) == Threshold(above)


def test_the_best_of_a_batch_exactly_and_ties_by_the_order_given():
    scores = np.array([1.0, 2.0, 1.0, 0.0])
    assert top(scores, 2, np.array([0.9, 0.5, 0.1, 0.0])).tolist() == [False, True, True, False]
    assert top(scores, 9, np.zeros(4)).all()
    assert top(scores, 9, np.zeros(4), floor=0.0).tolist() == [True, True, True, False]
    assert not top(scores, 0, np.zeros(4)).any()


def test_spread_takes_the_share_exactly():
    rng = np.random.default_rng(0)
    scores, weights = rng.integers(0, 5, 50).astype(float), rng.random(50)
    for share in (0.0, 0.3, 0.77, 1.0):
        found = spread(scores, share, weights)
        assert found @ weights == pytest.approx(share * weights.sum())
        assert np.diff(found[np.argsort(scores)]).min() >= 0


@pytest.mark.parametrize("budget", [-0.1, 20, float("nan"), "0.2", True, None])
def test_what_is_no_share_is_said(budget):
    with pytest.raises(InputError, match="is not a share of cases"):
        require_budget(budget)


@pytest.mark.parametrize("capacity", [-1, 2.0, True])
def test_what_is_no_capacity_is_said(capacity):
    with pytest.raises(InputError, match="whole number from 0"):
        top(np.zeros(3), capacity, np.zeros(3))
