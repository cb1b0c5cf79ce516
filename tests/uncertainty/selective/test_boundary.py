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


@pytest.mark.parametrize("seed", range(20))
def test_where_any_law_passes_wrongly_the_walk_of_constant_risk_passes_too(seed):
    """The proof, row by row: both walks are drawn from the same places on two scales."""
    rng = np.random.default_rng(seed)
    risk, n, seen = 0.2, 60, 0
    bound = errors_allowed(n, risk, 0.5)
    edges = np.concatenate([[0], np.sort(rng.random(5)), [1]])
    chance = rng.random(6) ** 2
    # So that all cases have the risk: each block nearer to 0 or to 1, as needed.
    share = np.diff(edges)
    mean = share @ chance
    chance = chance * risk / mean if mean > risk else 1 - (1 - chance) * (1 - risk) / (1 - mean)
    wrong = np.concatenate([[0], np.cumsum(share * chance)]) / risk
    right = np.concatenate([[0], np.cumsum(share * (1 - chance))]) / (1 - risk)
    for _ in range(200):
        errors = rng.binomial(n, risk)
        v, other = rng.random(errors), rng.random(n - errors)
        at, beside = np.interp(v, wrong, edges), np.interp(other, right, edges)
        ends = np.append(np.sort(np.concatenate([at, beside])), 1.0)  # each row is a threshold
        bad = np.interp(ends, edges, wrong) * risk >= risk * ends
        e, g = ((each < ends[:, None] - 1e-12).sum(axis=1) for each in (at, beside))
        passes = bad & (e <= bound.at(g))
        constant = np.append(np.sort(np.concatenate([v, other])), 1.0)
        e, g = ((each < constant[:, None]).sum(axis=1) for each in (v, other))
        if passes.any():
            seen += 1
            assert (e <= bound.at(g)).any()
    assert seen > 0


def broken(risk, n, edges, chance, bound, ties, rng, samples=3000):
    """Return how often a threshold passes above which the risk is too large."""
    place = np.sort(rng.random((samples, n)), axis=1)
    block = np.searchsorted(edges, place, side="right") - 1
    lost = np.concatenate([[0], np.cumsum(np.diff(edges) * chance)])
    errors = np.cumsum(rng.random(place.shape) < chance[block], axis=1)
    last = np.ones((samples, 1))
    if ties:  # one score a block: only the ends of blocks are thresholds
        after = np.hstack([block[:, 1:], len(chance) * last.astype(np.intp)])
        end, tried = edges[after], after != block
    else:
        end, tried = np.hstack([place[:, 1:], last]), True
    bad = tried & (np.interp(end, edges, lost) >= risk * end)
    return (bad & (errors <= bound.at(np.arange(1, n + 1) - errors))).any(axis=1).mean()


@pytest.mark.parametrize("ties", [False, True])
def test_no_law_breaks_the_promise_more_often_than_stated(ties):
    """Laws drawn to hurt: steps near the limit, blocks without an error, blocks of errors only."""
    rng = np.random.default_rng(11)
    for law in range(40):
        risk, n = rng.choice([0.05, 0.1, 0.3, 0.6]), int(rng.choice([40, 120]))
        edges = np.concatenate([[0], np.sort(rng.random(rng.integers(0, 5))), [1]])
        chance = rng.choice([0, risk, 1.0001 * risk, 1.3 * risk, 0.8 * risk, 1], len(edges) - 1)
        if law % 2 and np.diff(edges) @ chance > 0:  # all cases just above the limit
            chance = np.clip(chance * 1.0001 * risk / (np.diff(edges) @ chance), 0, 1)
        bound = errors_allowed(n, float(risk), 0.2)
        seen = broken(risk, n, edges, chance, bound, ties, rng)
        assert seen < 0.2 + 4 * np.sqrt(0.2 * 0.8 / 3000), (risk, n, edges, chance)
