"""Shapley values by their definition, for whatever computes them otherwise."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest

from alignlab.transparency.pool import Pool


def by_definition(game, X, background, players, at):
    """One row's values over all coalitions and the whole background, shape (players, outputs)."""
    pool = Pool([X, background], players)
    count, m = len(players), len(background)
    inside = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    index = np.where(inside[:, None, :] == 1, at, len(X) + np.arange(m)[None, :, None])
    answers = game(pool.composed(index.reshape(-1, count)))
    worth = answers.reshape(2**count, m, -1).mean(axis=1)
    values = np.zeros((count, worth.shape[1]))
    for player in range(count):
        without = np.flatnonzero(inside[:, player] == 0)
        size = inside[without].sum(axis=1)
        weights = [factorial(s) * factorial(count - s - 1) / factorial(count) for s in size]
        values[player] = np.array(weights) @ (worth[without | 1 << player] - worth[without])
    return values


@pytest.fixture(scope="session")
def exact():
    """Return the function that computes them."""
    return by_definition
