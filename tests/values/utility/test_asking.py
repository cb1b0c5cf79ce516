from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import asking_curve, value_of_asking

LENDING = np.array([[0.0, -1.0], [-10.0, 3.0]])
"""Refuse or grant (rows), default or repay (columns)."""


def random_case(seed, n_classes=3, n_decisions=4, n=6):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(n_classes, 0.7), n), rng.normal(0, 3, (n_decisions, n_classes))


def by_enumeration(row, utilities, accuracy):
    """Return the best expected utility over every rule from what is said to a decision."""
    n_decisions, n_classes = utilities.shape
    best = -np.inf
    for rule in product(range(n_decisions), repeat=n_classes):
        total = 0.0
        for true, said in product(range(n_classes), repeat=2):
            chance = accuracy if said == true else (1 - accuracy) / (n_classes - 1)
            total += row[true] * chance * utilities[rule[said], true]
        best = max(best, total)
    return best


def test_a_case_by_hand():
    seen = value_of_asking([[0.2, 0.8]], LENDING, asking_cost=1.0)
    # Refuse: -0.8. Grant: 0.2 * -10 + 0.8 * 3 = 0.4. Knowing: 0.8 * 3 = 2.4.
    assert seen.best_decision.tolist() == [1]
    assert seen.now[0] == pytest.approx(0.4, abs=1e-15)
    assert seen.knowing[0] == pytest.approx(2.4, abs=1e-15)
    assert seen.value[0] == pytest.approx(2.0, abs=1e-15)
    assert seen.ask.tolist() == [True]
    assert seen.worst_error == 10.0
    assert value_of_asking([[0.2, 0.8]], LENDING, decisions=[0]).taken[0] == pytest.approx(-0.8)


@pytest.mark.parametrize("accuracy", [1.0, 0.8, 0.5])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_best_of_all_rules(accuracy, seed):
    said, utilities = random_case(seed)
    seen = value_of_asking(said, utilities, reviewer_accuracy=accuracy, decisions=np.zeros(6, int))
    for row, now, knowing in zip(said, seen.now, seen.knowing, strict=True):
        assert now == pytest.approx(max(utilities @ row), abs=1e-12)
        assert knowing == pytest.approx(by_enumeration(row, utilities, accuracy), abs=1e-12)
    assert seen.taken == pytest.approx(said @ utilities[0], abs=1e-12)


@given(st.floats(0, 1))
def test_errors_alike_and_two_classes_make_it_the_smaller_probability(chance):
    seen = value_of_asking([[1 - chance, chance]])
    assert seen.value[0] == pytest.approx(min(chance, 1 - chance), abs=1e-12)


@given(st.floats(0, 1), st.floats(0.5, 1))
def test_a_fallible_reviewer_and_errors_alike(chance, accuracy):
    seen = value_of_asking([[1 - chance, chance]], reviewer_accuracy=accuracy)
    expected = max(accuracy - max(chance, 1 - chance), 0)
    assert seen.value[0] == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(1 / 3, 1))
def test_it_is_never_negative_and_grows_with_the_reviewer(seed, accuracy):
    said, utilities = random_case(seed)
    decisions = np.zeros(6, int)
    seen = value_of_asking(said, utilities, reviewer_accuracy=accuracy, decisions=decisions)
    perfect = value_of_asking(said, utilities, decisions=decisions)
    assert np.all(seen.value >= 0)
    assert np.all(seen.value <= perfect.value + 1e-12)
    assert np.all(seen.taken <= seen.now + 1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_what_each_truth_is_worth_by_itself_changes_nothing_and_scale_scales(seed, scale):
    said, utilities = random_case(seed)
    decisions = np.zeros(6, int)
    seen = value_of_asking(said, utilities, decisions=decisions)
    by_truth = np.random.default_rng(seed).normal(0, 5, utilities.shape[1])
    shifted = value_of_asking(said, utilities + by_truth, decisions=decisions)
    scaled = value_of_asking(said, scale * utilities, decisions=decisions)
    assert shifted.value == pytest.approx(seen.value, abs=1e-11)
    assert np.array_equal(shifted.best_decision, seen.best_decision)
    assert scaled.value == pytest.approx(scale * seen.value, rel=1e-9, abs=1e-11 * scale)


def test_a_certain_case_and_a_guessing_reviewer_are_worth_nothing():
    utilities = np.random.default_rng(0).normal(size=(3, 3))
    assert value_of_asking(np.eye(3), utilities).value.tolist() == [0.0, 0.0, 0.0]
    said = np.random.default_rng(1).dirichlet(np.ones(3), 50)
    guess = value_of_asking(said, utilities, reviewer_accuracy=1 / 3)
    assert guess.value.tolist() == [0.0] * 50
    assert not guess.ask.any()


def test_the_cost_is_exceeded_not_met():
    assert value_of_asking([[0.75, 0.25]], asking_cost=0.25).ask.tolist() == [False]


def test_the_curve_counts_what_the_flags_count():
    said, _ = random_case(3, n=200)
    weights = np.random.default_rng(4).exponential(size=200)
    curve = asking_curve(value_of_asking(said), weights=weights, points=11)
    for cost, share in zip(curve.cost, curve.share, strict=True):
        ask = value_of_asking(said, asking_cost=cost).ask
        assert share == pytest.approx(weights[ask].sum() / weights.sum(), abs=1e-11)
    assert np.all(np.diff(curve.share) <= 0)
    assert len(curve.chart().table.rows) == 11


def test_utilities_that_never_differ_make_no_case_worth_asking():
    seen = value_of_asking([[0.5, 0.5]], np.ones((2, 2)))
    assert (seen.value[0], seen.worst_error) == (0.0, 0.0)
    assert asking_curve(seen).share.max() == 0.0


def test_other_decisions_than_classes_start_from_the_best():
    seen = value_of_asking([[0.1, 0.2, 0.7]], [[1, 0, 0], [0, 1, 1]])
    assert seen.best_decision.tolist() == [1]
    assert [*seen.taken, *seen.now] == pytest.approx([0.9, 0.9])


@pytest.mark.parametrize("weights", [[0, 0], [-1, 2], [np.nan, 1], [1]])
def test_weights_of_a_curve_that_mean_nothing_are_said_in_one_line(weights):
    with pytest.raises(InputError, match="weights are 2 numbers from 0, one a case"):
        asking_curve(value_of_asking([[0.6, 0.4], [0.9, 0.1]]), weights=weights)


@pytest.mark.parametrize(
    ("probabilities", "options", "message"),
    [
        ([0.2, 0.8], {}, r"probabilities have shape \(2,\)"),
        ([[0.2, 0.7]], {}, "row 0 are .*sum to 1"),
        ([[0.2, float("nan")]], {}, "row 0 are"),
        ([[0.2, 0.8]], {"utilities": np.eye(3)}, r"utilities have shape \(3, 3\)"),
        ([[0.2, 0.8]], {"utilities": [[1, np.inf]]}, "finite numbers"),
        ([[0.2, 0.8]], {"decisions": [2]}, "decisions are 1 whole numbers from 0 to 1"),
        ([[0.2, 0.8]], {"asking_cost": -1}, "asking_cost=-1 is not"),
        ([[0.2, 0.8]], {"reviewer_accuracy": 0.4}, "not between 0.5 .* and 1"),
    ],
)
def test_bad_input_is_said_in_one_line(probabilities, options, message):
    with pytest.raises(InputError, match=message) as caught:
        value_of_asking(probabilities, **options)
    assert "\n" not in str(caught.value)
