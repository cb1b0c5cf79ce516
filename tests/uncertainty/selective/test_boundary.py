from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from alignlab.uncertainty.selective.boundary import _allowed, _chance, errors_allowed


def test_the_errors_allowed_are_the_most_that_are_unlikely_enough():
    right = np.arange(1, 300)
    allowed = _allowed(right, 0.1, 0.01)
    at = allowed >= 0
    assert at.sum() > 200
    assert (stats.binom.cdf(allowed[at], allowed[at] + right[at], 0.1) <= 0.01).all()
    assert (stats.binom.cdf(allowed + 1, allowed + 1 + right, 0.1) > 0.01).all()


def test_the_chance_is_that_of_all_walks():
    """Every sequence of 12 rows is enumerated; the walk ends at its fifth right row."""
    right, allowed, a = np.array([2, 4, 5]), np.array([0, 1, 2]), 0.4
    passing = 0.0
    for walk in itertools.product([0, 1], repeat=12):
        errors_at = [sum(walk[:end]) for end in range(1, 13) if not walk[end - 1]]
        passed = any(
            len(errors_at) >= g and errors_at[g - 1] <= most
            for g, most in zip(right, allowed, strict=True)
        )
        passing += passed * a ** sum(walk) * (1 - a) ** (12 - sum(walk))
    # With at most 2 errors before the fifth right row, twelve rows always decide.
    assert _chance(right, allowed, a, 1.0) == pytest.approx(passing, abs=1e-9)


@pytest.mark.parametrize("n", [1, 10, 200, 5000])
@pytest.mark.parametrize("risk", [0.01, 0.2, 0.7])
def test_a_walk_passes_with_the_chance_stated_or_less(n, risk):
    found = errors_allowed(n, risk, 0.05)
    assert 0.05 / len(found.right) <= found.level <= 0.05 + 1e-15
    assert _chance(found.right, found.allowed, risk, 1.0) <= 0.05
    assert (np.diff(found.allowed) >= 0).all()


def test_beyond_what_is_followed_the_number_of_tests_divides(monkeypatch):
    from alignlab.uncertainty.selective import boundary

    monkeypatch.setattr(boundary, "MOST_FOLLOWED", 100)
    found = boundary.errors_allowed.__wrapped__(101, 0.1, 0.05)
    assert found.level == 0.05 / len(found.right)


def test_between_two_numbers_the_smaller_one_holds():
    found = errors_allowed(1000, 0.1, 0.05)
    low, high = found.right[-3:-1]
    assert found.at(np.array([low, (low + high) // 2, high])).tolist() == [
        found.allowed[-3],
        found.allowed[-3],
        found.allowed[-2],
    ]
    assert found.at(np.array([0])).tolist() == [-1]
