from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from alignlab.errors import InputError
from alignlab.study.statistics import attainable_p_value, sign_flip_test

numbers = st.integers(-9, 9).map(float)


def test_by_hand():
    """Of +1 +2 -3 all sums are at least 0 in size; of 1, 2, 3 two of eight reach 6."""
    assert sign_flip_test([1.0, 2.0, -3.0]).p_value == 1.0
    assert sign_flip_test([1.0, 2.0, 3.0]).p_value == 2 / 8
    assert sign_flip_test([1.0, 2.0, 3.0, 0.0]).p_value == 4 / 16


@settings(deadline=None, max_examples=30)
@given(st.lists(numbers, min_size=2, max_size=8))
def test_it_is_scipys_permutation_test_of_signs(differences):
    expected = stats.permutation_test(
        (differences,), lambda x, axis: np.abs(np.sum(x, axis=axis)),
        permutation_type="samples", n_resamples=np.inf, alternative="greater",
    )  # fmt: skip
    assert sign_flip_test(differences).p_value == pytest.approx(expected.pvalue)


@given(st.lists(st.lists(numbers, min_size=1, max_size=3), min_size=1, max_size=3))
def test_over_tasks_it_goes_through_all_signs_of_the_mean(values):
    signs = product((-1, 1), repeat=sum(map(len, values)))
    mean = abs(np.mean([np.mean(each) for each in values]))
    hits, count = 0, 0
    for sign in signs:
        flips = iter(sign)
        flipped = np.mean([np.mean([next(flips) * x for x in each]) for each in values])
        hits += abs(flipped) >= mean - 1e-12
        count += 1
    assert sign_flip_test(values).p_value == pytest.approx(hits / count)


def test_what_can_be_reached():
    assert [attainable_p_value(n) for n in (0, 1, 5, 6)] == [1.0, 1.0, 0.0625, 0.03125]
    for n in (3, 5, 9):
        found = sign_flip_test(np.arange(1.0, n + 1))
        assert found.p_value == found.attainable == attainable_p_value(n)


def test_draws_beyond_sixteen_pairs_are_near_the_exact_and_never_zero():
    x = np.random.default_rng(0).normal(0.4, 1, 17)
    signs = np.array(list(product((-1, 1), repeat=16)))
    sums = np.abs(signs @ x[:16, None] + x[16]).ravel()
    exact = np.mean(sums >= abs(x.sum()) - 1e-12)
    found = sign_flip_test(x, draws=20_000)
    assert not found.exact
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))
    sure = sign_flip_test(np.full(40, 1.0) + np.arange(40), draws=99)
    assert sure.p_value == sure.attainable == 0.01


def test_the_seed_decides():
    x = np.random.default_rng(1).normal(0.2, 1, 30)
    first = sign_flip_test(x, draws=999, seed=1)
    assert first == sign_flip_test(x, draws=999, seed=1)
    assert first != sign_flip_test(x, draws=999, seed=2)


def test_the_size_of_the_test_on_skewed_pairs_that_are_symmetric():
    rng = np.random.default_rng(2)
    x = rng.choice([-1, 1], (2_000, 8)) * rng.lognormal(0, 2, (2_000, 8))
    rejected = np.mean([sign_flip_test(each).p_value <= 0.05 for each in x])
    assert rejected <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)


def test_to_new_tasks_the_means_flip():
    x = np.random.default_rng(3).normal(0.5, 1, (5, 4))
    found = sign_flip_test(x, generalise="tasks")
    assert found.units == 5
    assert found.p_value == sign_flip_test(x.mean(axis=1)).p_value
    clustered = sign_flip_test(x, generalise="tasks", clusters=list("aabbc"))
    assert clustered.units == 3


def test_the_parts_of_a_sum_in_another_order_are_the_same_sum():
    x = [0.1, 0.2, 0.3, -0.6, 0.7]
    assert sign_flip_test(x).p_value == sign_flip_test(x[::-1]).p_value


def test_what_cannot_be_used():
    none = sign_flip_test([[0.1], []])
    assert np.isnan(none.p_value)
    assert none.why == "task 2 has no pair"
    with pytest.raises(InputError, match="draws=0"):
        sign_flip_test([0.1], draws=0)
    with pytest.raises(InputError, match="units=-1"):
        attainable_p_value(-1)
    assert none.to_dict()["units"] == 1
