"""Cohen's kappa by hand, beside scikit-learn and statsmodels, and what bounds it."""

from __future__ import annotations

import json
import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from alignlab.errors import InputError
from alignlab.oversight.agreement import cohen_kappa
from alignlab.oversight.agreement.kappa import WEIGHTS
from alignlab.plain import to_json

THEIRS = {"none": None, "linear": "linear", "quadratic": "quadratic"}


def pair(seed, n=40, kinds=4):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, kinds, n)
    return first, np.clip(first + rng.integers(-1, 2, n), 0, kinds - 1)


def test_by_hand():
    """20 + 15 of 50 alike, 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5, so kappa is 0.4."""
    found = cohen_kappa(list("y" * 25 + "n" * 25), list("y" * 20 + "n" * 5 + "y" * 10 + "n" * 15))
    assert found.value == pytest.approx(0.4)
    assert found.agreement == pytest.approx(0.7)
    # At most 0.5 and 0.4 of the answers can meet: (0.9 - 0.5) / 0.5.
    assert found.maximum == pytest.approx(0.8)
    assert found.to_frame().loc["y", "n"] == 5
    assert found.prevalence == pytest.approx((15 - 20) / 50)
    assert found.bias == pytest.approx((10 - 5) / 50)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_two_packages_say_the_same(weights):
    for seed in range(3):
        first, second = pair(seed)
        found = cohen_kappa(first, second, weights=weights)
        assert found.value == pytest.approx(
            cohen_kappa_score(first, second, weights=THEIRS[weights]), abs=1e-12
        )
        other = cohens_kappa(found.table, wt=THEIRS[weights])
        assert found.value == pytest.approx(other.kappa, abs=1e-12)


def test_the_spread_is_that_of_the_delta_method():
    first, second = pair(0, n=4000)
    found = cohen_kappa(first, second)
    other = cohens_kappa(found.table)
    half = np.diff(np.arctanh([found.estimate.low, found.estimate.high]))[0] / 2
    error = half / 1.9606 * (1 - found.value**2)
    assert error == pytest.approx(other.std_kappa, rel=0.01)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_maximum_is_that_of_the_best_matching(weights):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        first, second = rng.integers(0, 3, (2, 7))
        found = cohen_kappa(first, second, weights=weights)
        best = max(
            cohen_kappa(first, np.array(order), weights=weights).value
            for order in set(permutations(second.tolist()))
        )
        assert found.maximum == pytest.approx(best)


def test_a_grade_that_never_occurs_keeps_its_place():
    """Positions among the grades that occur would call 2 and 4 neighbours."""
    first, second = [1, 2, 4, 4, 1, 2], [1, 4, 4, 2, 2, 2]
    whole = cohen_kappa_score(first, second, weights="linear", labels=[1, 2, 3, 4])
    assert cohen_kappa(first, second, weights="linear").value == pytest.approx(whole)
    words = ["", "one", "two", "three", "four"]
    named = [[words[grade] for grade in side] for side in (first, second)]
    found = cohen_kappa(*named, weights="linear", categories=words[1:])
    assert found.value == pytest.approx(whole)


@pytest.mark.parametrize("weights", WEIGHTS)
@given(st.integers(0, 1000))
def test_order_and_sides_change_nothing(weights, seed):
    first, second = pair(seed)
    order = np.random.default_rng(seed).permutation(len(first))
    found = cohen_kappa(first, second, weights=weights)
    for other in (
        cohen_kappa(first[order], second[order], weights=weights),
        cohen_kappa(second, first, weights=weights),
        cohen_kappa(3 - first, 3 - second, weights=weights),
    ):
        assert other.value == pytest.approx(found.value)
        assert other.estimate.low == pytest.approx(found.estimate.low)
        assert other.maximum == pytest.approx(found.maximum)


def test_items_without_both_answers_are_left_out():
    found = cohen_kappa(["x", "y", None, "x"], ["x", "y", "x", np.nan])
    assert (found.value, found.left_out, found.estimate.n) == (1, 2, 2)


def test_what_says_nothing_is_undefined_and_says_why():
    same, none = cohen_kappa(["x", "x"], ["x", "x"]), cohen_kappa(["x", None], [None, "y"])
    assert same.undefined == "both raters say the same of all 2 items"
    assert none.undefined == "no item has an answer of both raters"
    for found in (same, none, cohen_kappa([], [])):
        assert math.isnan(found.value)
        assert found.headline.startswith("Kappa is undefined")
        assert json.loads(to_json(found.to_dict()))["maximum"] is None


def test_a_rater_who_always_says_the_same_can_reach_nothing():
    found = cohen_kappa(["x"] * 6, list("xxxyyx"))
    assert (found.value, found.maximum) == (0, 0)


@pytest.mark.parametrize(
    ("given_", "more", "says"),
    [
        (([1, 2], [1]), {}, "shapes"),
        (([1, 2], [1, 2]), {"weights": "square"}, "is not one of"),
        ((["a", "b"], ["a", "b"]), {"weights": "linear"}, "no place on a scale"),
        ((["a", "b"], ["a", "c"]), {"categories": ["a", "b"]}, "'c' is not one of"),
    ],
)
def test_what_cannot_be_used_is_refused(given_, more, says):
    with pytest.raises(InputError, match=says) as caught:
        cohen_kappa(*given_, **more)
    assert "\n" not in str(caught.value)
