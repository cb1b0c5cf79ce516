"""Alpha by hand, by its definition, beside the package `krippendorff`, and its symmetries."""

from __future__ import annotations

import json
import math
from itertools import permutations

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.agreement import krippendorff_alpha
from alignlab.oversight.agreement.alpha import METRICS, _estimated, _fixed, _influence, _ordinal
from alignlab.oversight.agreement.rated import rated
from alignlab.plain import to_json

RAGGED = [["a"] * x + ["b"] * y + [None] * (3 - x - y)
          for x, y in [(3, 0), (0, 3), (3, 0), (0, 3), (1, 1), (1, 1)]]  # fmt: skip


def answers(seed, items=30, raters=5, values=4, gaps=0.4):
    rng = np.random.default_rng(seed)
    ratings = rng.integers(1, values, (items, 1)) + rng.integers(0, 3, (items, raters)) * 1.0
    ratings[rng.random(ratings.shape) < gaps] = np.nan
    return ratings


def by_definition(ratings, metric):
    """All pairs written out [hayes2007answering]."""
    held = [row[~np.isnan(row)] for row in ratings]
    held = [row for row in held if len(row) > 1]
    pooled = np.concatenate(held)

    def apart(c, k):
        if metric == "nominal":
            return float(c != k)
        if metric == "interval":
            return (c - k) ** 2
        if metric == "ratio":
            return ((c - k) / (c + k)) ** 2
        low, high = sorted((c, k))
        between = sum((pooled >= low) & (pooled <= high))
        return (between - (sum(pooled == c) + sum(pooled == k)) / 2) ** 2 if c != k else 0.0

    observed = sum(
        apart(c, k) / (len(row) - 1) for row in held for c, k in permutations(row.tolist(), 2)
    ) / len(pooled)
    expected = sum(apart(c, k) for c, k in permutations(pooled.tolist(), 2))
    return 1 - observed / (expected / (len(pooled) * (len(pooled) - 1)))


def test_ragged_answers_by_hand():
    """Two split pairs: D_o = 2 * 2 / 16, D_e = 2 * 8 * 8 / (16 * 15), so alpha is 17/32."""
    found = krippendorff_alpha(RAGGED)
    assert found.value == pytest.approx(0.53125)
    assert (found.observed, found.expected) == pytest.approx((4 / 16, 128 / 240))
    assert (found.items, found.raters, found.answers, found.pairs) == (6, 3, 16, 14)


@pytest.mark.parametrize("metric", METRICS)
def test_the_definition_and_the_package_say_the_same(metric):
    for seed in range(4):
        ratings = answers(seed)
        found = krippendorff_alpha(ratings, metric=metric)
        theirs = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=metric)
        assert found.value == pytest.approx(theirs, abs=1e-12)
        assert found.value == pytest.approx(by_definition(ratings, metric), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_influence_is_the_derivative_by_an_items_weight(metric):
    """Each item a thousand times, one of them once more: the slope of alpha is its influence."""
    ratings = answers(0, items=6, gaps=0.3)
    ratings = ratings[(~np.isnan(ratings)).sum(axis=1) > 1]
    items, copies = len(ratings), 1000
    many = np.repeat(ratings, copies, axis=0)
    read = rated(many, numbers=True)
    terms = _ordinal(read) if metric == "ordinal" else _fixed(read, metric)
    slopes = _influence(terms, read.per_item, float(len(read.item)))
    base = krippendorff_alpha(many, metric=metric).value
    for item in range(items):
        more = krippendorff_alpha(np.vstack([many, ratings[[item]]]), metric=metric).value
        assert more - base == pytest.approx(slopes[item * copies], rel=5e-3, abs=1e-8)


@pytest.mark.parametrize("metric", METRICS)
@given(st.integers(0, 1000))
def test_who_stands_where_changes_nothing(metric, seed):
    rng = np.random.default_rng(seed)
    ratings = answers(seed, items=12)
    found = krippendorff_alpha(ratings, metric=metric)
    moved = ratings[rng.permutation(12)][:, rng.permutation(5)]
    item, rater = np.indices(ratings.shape)
    order = rng.permutation(ratings.size)
    long = [each.ravel()[order] for each in (item, rater, ratings)]
    for other in (
        krippendorff_alpha(moved, metric=metric),
        krippendorff_alpha(*long, metric=metric),
    ):
        assert other.value == pytest.approx(found.value, abs=1e-12, nan_ok=True)
        assert other.estimate.low == pytest.approx(found.estimate.low, abs=1e-9, nan_ok=True)


def test_names_of_values_do_not_matter_where_they_are_names():
    ratings = answers(1)
    named = pd.DataFrame(ratings).map(lambda v: None if math.isnan(v) else f"k{9 - v:.0f}")
    found, other = krippendorff_alpha(ratings), krippendorff_alpha(named)
    assert other.estimate.to_dict() == pytest.approx(found.estimate.to_dict())


def test_scales_move_freely_where_they_may():
    ratings = answers(2)
    ranks = krippendorff_alpha(ratings, metric="ordinal").value
    assert krippendorff_alpha(np.exp(ratings), metric="ordinal").value == pytest.approx(ranks)
    values = krippendorff_alpha(ratings, metric="interval").value
    assert krippendorff_alpha(5e6 - 3 * ratings, metric="interval").value == pytest.approx(values)
    ratios = krippendorff_alpha(ratings, metric="ratio").value
    assert krippendorff_alpha(7 * ratings, metric="ratio").value == pytest.approx(ratios)


def test_words_have_ranks_once_they_are_named():
    words = pd.DataFrame(answers(3)).map(lambda v: None if math.isnan(v) else "abcdefg"[int(v)])
    found = krippendorff_alpha(words, metric="ordinal", categories=list("abcdefg"))
    assert found.value == pytest.approx(krippendorff_alpha(answers(3), metric="ordinal").value)


def test_what_says_nothing_is_undefined_and_says_why():
    alone = krippendorff_alpha([1, 2], ["a", "b"], ["x", "y"])
    same = krippendorff_alpha([["x", "x"], ["x", "x"], ["y", None]])
    assert alone.undefined == "no item has two answers"
    assert alone.alone == 2
    assert same.undefined == "all 4 answers are the same"
    for found in (alone, same, krippendorff_alpha(np.empty((0, 3)))):
        assert math.isnan(found.value)
        assert math.isnan(found.estimate.low)
        assert found.headline.startswith("Alpha is undefined")
        assert json.loads(to_json(found.to_dict()))["estimate"]["value"] is None


def test_full_agreement_is_one_and_is_not_sure_of_it():
    found = krippendorff_alpha([["x", "x"], ["y", "y"]] * 10).estimate
    assert found.value == 1
    assert 0.5 < found.low < 0.8


def test_rounding_makes_no_disagreement():
    assert krippendorff_alpha([[0.1] * 3, [0.7] * 3], metric="interval").observed == 0


def test_a_rare_answer_that_one_item_more_would_show_is_within_the_limits():
    ratings = [["n", "n"]] * 18 + [["y", "n"]] * 2
    plain = _estimated(rated(ratings), "nominal", 0.95)[0]
    found = krippendorff_alpha(ratings).estimate
    assert plain.high < 0.06
    assert found.high > 0.7


@pytest.mark.parametrize(
    ("ratings", "more", "says"),
    [
        ([[1, 2]], {"metric": "ordnal"}, "Did you mean 'ordinal'"),
        ([["x", "y"]], {"metric": "ordinal"}, "categories"),
        ([[-1.0, 2], [1, 1]], {"metric": "ratio"}, "below 0"),
        ([[1, 2]], {"metric": "interval", "categories": [1, 2]}, "categories have no sizes"),
        ([[1, 2]], {"level": 95}, "level=95"),
        (np.arange(40_002.0).reshape(-1, 2), {"metric": "ratio"}, "Round them"),
    ],
)
def test_what_cannot_be_used_is_refused(ratings, more, says):
    with pytest.raises(InputError, match=says) as caught:
        krippendorff_alpha(ratings, **more)
    assert "\n" not in str(caught.value)
