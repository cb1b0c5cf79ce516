from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import value_of_information
from alignlab.values.utility.information import reviewer_likelihoods

LENDING = [[0, 0], [-10, 5]]
seeds = st.integers(0, 2**32 - 1)


def random_case(seed, n_signals=2):
    rng = np.random.default_rng(seed)
    said, utilities = rng.dirichlet(np.ones(3), 5), rng.normal(0, 3, (4, 3))
    return said, utilities, rng.dirichlet(np.full(n_signals, 0.8), 3)


def test_a_test_by_hand():
    found = value_of_information([[0.3, 0.7]], LENDING, likelihoods=[[0.9, 0.1], [0.2, 0.8]])
    # Approving all: -3 + 3.5. Approving on a good sign: 0.56 * 5 - 0.03 * 10 = 2.5.
    assert found.now[0] == pytest.approx(0.5)
    assert found.knowing[0] == pytest.approx(2.5)
    assert found.decision_after.tolist() == [[0, 1]]
    assert found.signal_probabilities[0].tolist() == pytest.approx([0.27 + 0.14, 0.03 + 0.56])
    assert value_of_information([[0.3, 0.7]], LENDING).value[0] == pytest.approx(3.0)


@given(seeds)
def test_it_is_the_best_of_all_rules(seed):
    said, utilities, likelihoods = random_case(seed)
    found = value_of_information(said, utilities, likelihoods=likelihoods)
    for row, knowing in zip(said, found.knowing, strict=True):
        best = max(
            sum(row[k] * likelihoods[k, j] * utilities[rule[j], k]
                for k, j in product(range(3), range(2)))
            for rule in product(range(4), repeat=2)
        )  # fmt: skip
        assert knowing == pytest.approx(best, abs=1e-12)


@given(seeds)
def test_garbling_a_signal_never_helps_and_none_beats_the_truth(seed):
    said, utilities, likelihoods = random_case(seed, 3)
    garbled = likelihoods @ np.random.default_rng(seed).dirichlet(np.ones(2), 3)
    worth = [
        value_of_information(said, utilities, likelihoods=each).value
        for each in (garbled, likelihoods, None)
    ]
    assert (worth[0] <= worth[1] + 1e-12).all()
    assert (worth[1] <= worth[2] + 1e-12).all()


@given(seeds, st.floats(1e-6, 1e6))
def test_positive_affine_maps_change_only_the_unit(seed, scale):
    said, utilities, likelihoods = random_case(seed)
    found = value_of_information(said, utilities, likelihoods=likelihoods)
    moved = value_of_information(said, scale * utilities + 3 * scale, likelihoods=likelihoods)
    assert moved.value == pytest.approx(scale * found.value, abs=1e-11 * scale)
    assert np.array_equal(moved.decision_after, found.decision_after)


def test_a_signal_that_says_the_same_whatever_is_true_is_worth_exactly_nothing():
    said, utilities, _ = random_case(0)
    same = value_of_information(said, utilities, likelihoods=[[0.3, 0.7]] * 3)
    assert same.value.tolist() == [0.0] * 5


def test_reviewers_are_right_as_often_as_said():
    assert reviewer_likelihoods(1, 1.0).tolist() == [[1.0]]
    likely = reviewer_likelihoods(4, 0.7)
    assert likely.sum(axis=1).tolist() == pytest.approx([1] * 4)
    assert np.diag(likely).tolist() == [0.7] * 4


@pytest.mark.parametrize(
    ("likelihoods", "message"),
    [
        ([[0.5, 0.5]], r"likelihoods have shape \(1, 2\).*each of the 2 states"),
        ([[0.5, 0.4], [0.5, 0.5]], "likelihoods in row 0 are .*sum to 1"),
        ([0.5, 0.5], r"likelihoods have shape \(2,\)"),
    ],
)
def test_bad_input_is_said_in_one_line(likelihoods, message):
    with pytest.raises(InputError, match=message) as caught:
        value_of_information([[0.5, 0.5]], likelihoods=likelihoods)
    assert "\n" not in str(caught.value)
