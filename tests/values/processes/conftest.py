"""Processes that several tests use, as fixtures that make them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from alignlab.values.processes import FiniteMDP


@pytest.fixture(scope="session")
def random_mdp():
    return _random_mdp


def _random_mdp(seed, n_states=6, n_actions=3, *, ends=True, discount=0.9, horizon=None, **options):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(n_states, 0.4), size=(n_states, n_actions))
    # Some actions are not available, but in no state none.
    gone = rng.random((n_states, n_actions)) < 0.25
    gone[np.arange(n_states), rng.integers(n_actions, size=n_states)] = False
    chances[gone] = 0.0
    chances[(chances < 0.02) & (chances < chances.max(axis=2, keepdims=True))] = 0.0
    sums = chances.sum(axis=2, keepdims=True)
    chances = np.divide(chances, sums, out=np.zeros_like(chances), where=sums > 0)
    if ends:
        # A last state that ends it, with some chance from everywhere.
        chances *= 0.9
        chances[:, :, -1] += np.where(gone, 0.0, 0.1)
    return FiniteMDP(
        chances,
        rng.normal(size=(n_states, n_actions)),
        discount=discount,
        terminal=[n_states - 1] if ends else [],
        horizon=horizon,
        **options,
    )


@pytest.fixture(scope="session")
def exactly_solved():
    return _exactly_solved


def _exactly_solved(rows, right):
    """Return x with rows @ x = right, by elimination in fractions."""
    n = len(right)
    table = [[*map(Fraction, row), Fraction(b)] for row, b in zip(rows, right, strict=True)]
    for s in range(n):
        table[s] = [x / table[s][s] for x in table[s]]
        for t in range(n):
            if t != s and table[t][s]:
                factor = table[t][s]
                table[t] = [x - factor * y for x, y in zip(table[t], table[s], strict=True)]
    return [row[-1] for row in table]


@pytest.fixture(scope="session")
def big_walk():
    return _big_walk


def _big_walk(side, discount=0.9):
    """Return a slippery walk on a side × side grid, whose last cell ends it."""
    S = side * side
    row, column = np.divmod(np.arange(S), side)
    steps = [(-1, 0), (0, 1), (1, 0), (0, -1)]
    to = [np.clip(row + y, 0, side - 1) * side + np.clip(column + x, 0, side - 1) for y, x in steps]
    targets = np.stack([np.stack([to[a], to[a - 1], to[a - 3]], 1) for a in range(4)], 1)
    chances = np.broadcast_to([0.8, 0.1, 0.1], targets.shape)
    pointers = np.arange(0, 12 * S + 1, 3)
    matrix = sparse.csr_array((chances.ravel(), targets.ravel(), pointers), shape=(4 * S, S))
    return FiniteMDP(matrix, -np.ones(S), discount=discount, terminal=[S - 1], grid=(side, side))


@pytest.fixture(scope="session")
def chain():
    return _chain


def _chain(length, discount, horizon=None):
    """Return a walk of `length` steps, each paying 1, to an end."""
    steps = np.eye(length + 1, k=1)
    return FiniteMDP(
        sparse.csr_array(steps), np.ones(length + 1), discount=discount, horizon=horizon, initial=0
    )
