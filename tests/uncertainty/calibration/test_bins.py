from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.uncertainty.calibration.bins import (
    binned_gaps,
    equal_mass_bins,
    equal_width_bins,
)
from alignlab.uncertainty.calibration.event import as_event

SCORES = st.lists(
    st.sampled_from([0.0, 0.05, 0.1, 0.35, 0.5, 0.8, 0.95, 1.0]), min_size=45, max_size=90
)


def test_distinct_scores_fill_bins_of_equal_mass():
    score = np.random.default_rng(0).permutation(60) / 60
    codes = equal_mass_bins(score, np.ones(60), 4)
    assert np.bincount(codes).tolist() == [15, 15, 15, 15]
    assert np.array_equal(codes, (score * 4).astype(int))


def test_equal_scores_share_a_bin_and_small_bins_join_their_neighbour():
    score = np.repeat([0.0, 0.3, 0.5, 1.0], [40, 3, 12, 5])
    codes = equal_mass_bins(score, np.ones(60), 15)
    assert np.bincount(codes).tolist() == [40, 20]
    alone = equal_mass_bins(np.full(60, 0.7), np.ones(60), 15)
    assert set(alone) == {0}


def test_the_ends_0_and_1_are_in_bins():
    score = np.repeat([0.0, 1.0], 50)
    seen = binned_gaps(as_event(score, score.astype(int)), 15)
    assert seen.count.tolist() == [50, 50]
    assert seen.predicted.tolist() == [0.0, 1.0]


@given(SCORES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(scores, shuffler):
    order = list(range(len(scores)))
    shuffler.shuffle(order)
    score, weights = np.array(scores), 1 + np.arange(len(scores)) % 3 / 7
    codes = equal_mass_bins(score, weights, 5)
    assert np.array_equal(codes[order], equal_mass_bins(score[order], weights[order], 5))
    for value in set(scores):
        assert len(set(codes[score == value])) == 1
    assert np.all(np.diff(codes[np.argsort(score)]) >= 0)


@given(SCORES, st.floats(0.01, 1e6))
def test_the_scale_of_the_weights_changes_nothing(scores, scale):
    score, ones = np.array(scores), np.ones(len(scores))
    assert np.array_equal(equal_mass_bins(score, ones, 5), equal_mass_bins(score, scale * ones, 5))


def test_the_squared_gap_is_the_mean_over_pairs_of_rows():
    rng = np.random.default_rng(1)
    said, happened, weights = rng.random(12), rng.integers(0, 2, 12), rng.uniform(0.5, 2, 12)
    seen = binned_gaps(as_event(said, happened, weights), 1)
    rest = happened - said
    pairs = list(permutations(range(12), 2))
    by_hand = sum(weights[i] * weights[j] * rest[i] * rest[j] for i, j in pairs)
    by_hand /= sum(weights[i] * weights[j] for i, j in pairs)
    assert seen.gap_squared[0] == pytest.approx(by_hand, abs=1e-14)


def test_with_one_score_a_bin_it_is_the_published_correction():
    happened = np.repeat([0, 1], [33, 17])
    seen = binned_gaps(as_event(np.full(50, 0.2), happened), 15)
    published = (0.34 - 0.2) ** 2 - 0.34 * 0.66 / 49
    assert seen.gap_squared[0] == pytest.approx(published, abs=1e-14)
    assert seen.gap_error[0] ** 2 == pytest.approx(0.34 * 0.66 / 49, abs=1e-14)


def test_rows_of_weight_0_are_as_if_absent():
    rng = np.random.default_rng(2)
    said, happened = rng.random(200), rng.integers(0, 2, 200)
    weights = np.where(np.arange(200) < 80, 0.0, 1.0)
    with_them = binned_gaps(as_event(said, happened, weights), 5)
    without = binned_gaps(as_event(said[80:], happened[80:]), 5)
    assert np.array_equal(with_them.observed, without.observed)
    assert with_them.count.sum() == 120


@pytest.mark.parametrize("bins", [0, 2.5, True])
def test_bins_are_a_whole_number_from_1(bins):
    with pytest.raises(InputError, match="not a whole number from 1"):
        binned_gaps(as_event([0.1, 0.9], [0, 1]), bins)


def test_a_bins_effective_rows_give_back_the_variance_of_its_share():
    rng = np.random.default_rng(8)
    said = rng.random(2000)
    happened = (rng.random(2000) < said / 3).astype(int)
    weights = np.where(happened == 1, 8.0, 1.0) * rng.gamma(3, 1, 2000)
    gaps = binned_gaps(as_event(said, happened, weights), 4)
    for code in range(4):
        member = gaps.codes == code
        w, off = weights[member], happened[member] - gaps.observed[code]
        variance = np.sum((w * off) ** 2) / w.sum() ** 2
        by_weights = w.sum() ** 2 / (w @ w)
        size = gaps.observed[code] * (1 - gaps.observed[code]) / variance
        assert gaps.effective[code] == pytest.approx(min(size, by_weights))


def test_bins_of_equal_width_begin_at_their_edges():
    edges = np.arange(21) / 20
    assert equal_width_bins(edges, 20).tolist() == [*range(20), 19]
    assert equal_width_bins(np.nextafter(edges[1:], 0), 20).tolist() == [*range(1, 20), 19]
    assert equal_width_bins(edges.astype(np.float32).astype(float), 20).tolist() == [*range(20), 19]
    assert equal_width_bins(edges[1:] - 2e-7, 20).tolist() == list(range(20))


@pytest.mark.parametrize("bins", [1, 3, 7, 10, 15, 20, 100])
@pytest.mark.parametrize("steps", [3, 10, 20, 100, 1000])
def test_rounded_scores_fall_where_whole_numbers_say(bins, steps):
    whole = np.arange(steps + 1)
    exact = np.minimum(whole * bins // steps, bins - 1)
    assert np.array_equal(equal_width_bins(whole / steps, bins), exact)
    # Scores that a sum or a subtraction has rounded fall where the printed ones do.
    assert np.array_equal(equal_width_bins(1 - (steps - whole) / steps, bins), exact)


def test_bins_of_equal_width_are_joined_only_where_noise_must_be_known():
    score = np.concatenate([np.full(30, 0.05), np.full(3, 0.15), np.full(30, 0.95)])
    seen = binned_gaps(as_event(score, np.arange(63) % 2), 10, "equal-width")
    assert np.bincount(seen.asked).tolist() == [30, 3, *[0] * 7, 30]
    assert seen.count.tolist() == [30, 33]
    with pytest.raises(InputError, match="Did you mean 'equal-width'"):
        binned_gaps(as_event(score, np.arange(63) % 2), 10, "equalwidth")
