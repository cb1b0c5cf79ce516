from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import quantilize

seeds = st.integers(0, 2**32 - 1)


def test_a_case_by_hand():
    # The best 30 % of mass: all 10 % at 3, and 20 of the 40 % at 2, shared as 1 to 3.
    found = quantilize([3, 2, 2, 0], base=[1, 1, 3, 5], share=0.3)
    assert found.probabilities.tolist() == pytest.approx([1 / 3, 1 / 6, 1 / 2, 0])
    assert found.threshold == 2
    assert found.expected_utility == pytest.approx(1 + 4 / 3)
    assert found.cost_bound(0.6) == pytest.approx(2)


@given(seeds, st.floats(0.01, 1))
def test_it_is_what_fine_slices_of_mass_say(seed, share):
    rng = np.random.default_rng(seed)
    worth = rng.integers(0, 4, 6).astype(float)
    base = rng.dirichlet(np.ones(6))
    found = quantilize(worth, base=base, share=share)
    left, expected = share, np.zeros(6)
    for level in sorted(set(worth.tolist()), reverse=True):
        at = worth == level
        take = min(base[at].sum(), left)
        expected[at] = base[at] / base[at].sum() * take
        left -= take
    assert found.probabilities == pytest.approx(expected / expected.sum(), abs=1e-9)
    # Never more than 1/q times the base: the bound on every cost follows.
    assert (found.probabilities <= base / share + 1e-9).all()
    cost = rng.exponential(size=6)
    assert found.probabilities @ cost <= found.cost_bound(float(base @ cost)) + 1e-9


@given(seeds)
def test_all_of_the_base_is_the_base_and_little_of_it_is_the_maximum(seed):
    rng = np.random.default_rng(seed)
    worth, base = rng.normal(size=5), rng.dirichlet(np.full(5, 5.0))
    assert quantilize(worth, base=base, share=1).probabilities == pytest.approx(base)
    least = quantilize(worth, base=base, share=float(base.min()) / 2)
    assert least.probabilities.argmax() == worth.argmax()
    assert least.probabilities.max() == pytest.approx(1)
    moved = quantilize(3 * worth - 7, base=10 * base, share=0.4)
    assert moved.probabilities == pytest.approx(
        quantilize(worth, base=base, share=0.4).probabilities
    )


def test_draws_are_the_same_for_a_seed_and_follow_the_probabilities():
    found = quantilize([3, 2, 1, 0], share=0.5)
    draws = found.draw(10_000, seed=1)
    assert np.array_equal(draws, found.draw(10_000, seed=1))
    assert set(draws.tolist()) == {0, 1}
    assert np.mean(draws == 0) == pytest.approx(0.5, abs=0.02)
    assert found.to_dict()["share"] == 0.5


def test_a_share_of_whole_options_draws_nothing_below_them():
    assert quantilize([5, 4, 3, 2, 1, -1000], share=5 / 6).threshold == 1
    for n in range(2, 40):
        for k in range(1, n):
            assert quantilize(np.arange(n, dtype=float), share=k / n).threshold == n - k


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: quantilize([[1, 2]]), "one finite number an option"),
        (lambda: quantilize([]), "one finite number an option"),
        (lambda: quantilize([1, 2], base=[1]), "each of the 2"),
        (lambda: quantilize([1, 2], base=[0, 0]), "not all of them 0"),
        (lambda: quantilize([1, 2], base=[-1, 2]), "one number from 0"),
        (lambda: quantilize([1, 2], share=0), "share=0"),
        (lambda: quantilize([1, 2]).cost_bound(-1), "costs from 0"),
    ],
)
def test_bad_input_is_said_in_one_line(make, message):
    with pytest.raises(InputError, match=message):
        make()
