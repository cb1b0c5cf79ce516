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


def test_two_columns_are_their_second_and_more_are_the_class_chosen():
    said = np.array([[0.2, 0.8], [0.6, 0.4]])
    event = as_event(said, [1, 1])
    assert event.probability.tolist() == [0.8, 0.4]
    assert event.outcome.tolist() == [1.0, 1.0]
    event = as_event([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]], [1, 1])
    assert event.probability.tolist() == [0.5, 0.6]
    assert event.outcome.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.2, 1.2], [0, 1]), "probability in row 1 is 1.2"),
        (([0.2, float("nan")], [0, 1]), "probability in row 1 is nan"),
        (([0.2, 0.3], [0, 2]), "outcome in row 1 is .*2.*from 0 to 1"),
        (([0.2, 0.3], [0, 1, 1]), r"outcome \(3,\)"),
        (([0.2, 0.3], [0, 1], [1.0, -1.0]), "weights are finite numbers from 0"),
        (([0.2, 0.3], [0, 1], [1.0, 0.0]), "1 rows have weight"),
    ],
)
def test_bad_input_is_said_in_one_line(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        as_event(*arguments)
    assert "\n" not in str(caught.value)


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
