"""Rows unlike the data are counted where there are some, and not where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.transparency.effects.outside import classes_of, outside_shares


def outside(X, player, points):
    n = len(X)
    classes = [
        classes_of(np.unique(column, return_inverse=True)[1], column.astype(float), n)
        for column in X.T
    ]
    return outside_shares(player, classes, points, np.full(n, 1 / n), n)


def test_by_hand_two_features_that_are_one():
    X = np.repeat(np.arange(2.0), 100)[:, None] * [1.0, 1.0]
    result = outside(X, 0, np.array([0, 150]))
    # Half of the rows asked about with each value hold the other value in the twin.
    assert result.shares == pytest.approx([0.5, 0.5])
    assert result.partner == 1


@pytest.mark.parametrize("n", [100, 1_000, 5_000])
def test_independent_features_leave_nothing(n):
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, 8))
    for player in range(8):
        result = outside(X, player, np.arange(20))
        assert result.shares.max() <= 0.02
    assert outside(X, 0, np.arange(20)).shares.shape == (20,)


def test_a_dependence_that_no_correlation_shows_is_seen():
    x = np.random.default_rng(0).uniform(-1, 1, 2_000)
    X = np.column_stack([x, x**2, np.random.default_rng(1).normal(size=2_000)])
    assert abs(np.corrcoef(X[:, 0], X[:, 1])[0, 1]) < 0.05
    result = outside(X, 0, np.arange(50))
    assert result.shares.mean() > 0.5
    assert result.partner == 1


def test_few_rows_say_nothing():
    X = np.repeat(np.arange(2.0), 8)[:, None] * [1.0, 1.0]
    assert outside(X, 0, np.array([0, 15])).shares.tolist() == [0.0, 0.0]


def test_missing_is_a_class():
    value = np.array([np.nan, 1.0, 2.0, 3.0] * 50)
    code = np.unique(value, return_inverse=True)[1]
    assert len(set(classes_of(code, value, 40)[:4].tolist())) == 3
