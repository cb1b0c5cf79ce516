from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from alignlab.families import holm


def test_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1, 1]


def test_one_that_is_undefined_stays_so_and_is_counted():
    adjusted = holm([0.02, float("nan"), 0.5])
    assert adjusted[0] == pytest.approx(0.06)
    assert np.isnan(adjusted[1])
    assert adjusted[2] == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_it_is_the_closed_test_that_corrects_every_subset(p_values):
    """A hypothesis falls where every set of hypotheses that holds it does, by Bonferroni."""
    family = range(len(p_values))
    subsets = [held for size in family for held in combinations(family, size + 1)]
    expected = [
        max(
            min(1, len(held) * min(p_values[each] for each in held))
            for held in subsets
            if at in held
        )
        for at in family
    ]
    assert holm(p_values) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_hypotheses_changes_nothing(p_values, random):
    order = list(range(len(p_values)))
    random.shuffle(order)
    adjusted = holm(p_values)
    assert holm([p_values[at] for at in order]) == [adjusted[at] for at in order]


def test_the_family_keeps_its_size_whatever_the_dependence():
    """Twenty true nulls, independent or of one common part."""
    rng = np.random.default_rng(0)
    for common in (0.0, 0.9):
        z = np.sqrt(1 - common) * rng.standard_normal((4_000, 20))
        z += np.sqrt(common) * rng.standard_normal((4_000, 1))
        wrong = np.mean([min(holm(p)) < 0.05 for p in 2 * ndtr(-np.abs(z))])
        assert wrong <= 0.055
