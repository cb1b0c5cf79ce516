from __future__ import annotations

import numpy as np
import pytest

from alignlab.uncertainty.calibration.family import adjusted_p_values


def by_hand(seen, redrawn):
    """Step down by the published recipe, one hypothesis at a time."""
    root = np.cbrt(redrawn)
    units = (root - root.mean(axis=0)) / root.std(axis=0)
    own = (np.cbrt(seen) - root.mean(axis=0)) / root.std(axis=0)
    left, last, result = list(np.argsort(-own)), 0.0, np.empty(len(seen))
    while left:
        largest = units[:, left].max(axis=1)
        last = max(last, (1 + np.sum(largest >= own[left[0]])) / (1 + len(redrawn)))
        result[left.pop(0)] = last
    return result


def test_it_is_the_step_down_of_the_largest():
    rng = np.random.default_rng(0)
    redrawn = rng.chisquare([1, 2, 5, 9], (300, 4))
    seen = np.array([9.0, 1.0, 16.0, 12.0])
    assert adjusted_p_values(seen, redrawn).tolist() == by_hand(seen, redrawn).tolist()


def test_one_test_is_its_own_share_of_redraws():
    redrawn = np.random.default_rng(1).chisquare(3, (199, 1))
    seen = np.quantile(redrawn, 0.9, axis=0) + 1e-9
    expected = (1 + np.sum(redrawn >= seen)) / 200
    assert adjusted_p_values(seen, redrawn)[0] == pytest.approx(expected)


def test_any_false_alarm_among_many_happens_as_often_as_said():
    rng = np.random.default_rng(2)
    freedom = rng.integers(1, 15, 30)
    redrawn = rng.chisquare(freedom, (999, 30))
    smallest = [adjusted_p_values(rng.chisquare(freedom), redrawn).min() for _ in range(800)]
    assert abs(np.mean(np.array(smallest) <= 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 800)


def test_a_certain_error_is_found_among_many_and_no_error_is_not():
    redrawn = np.zeros((99, 50))
    redrawn[:, 1:] = np.random.default_rng(3).chisquare(4, (99, 49))
    seen = np.full(50, 3.0)
    seen[0] = 0.2
    assert adjusted_p_values(seen, redrawn)[0] == 0.01
    seen[0] = 0.0
    assert adjusted_p_values(seen, redrawn)[0] == 1.0
