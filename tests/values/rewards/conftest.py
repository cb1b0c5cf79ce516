from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from alignlab.values.processes import FiniteMDP


def random_process(
    seed,
    n_states=6,
    n_actions=3,
    *,
    discount=0.9,
    ends=1,
    form="sas",
    horizon=None,
    initial=None,
    missing=True,
):
    """Return a random process; every state leads to the next, so that all ends can be reached."""
    rng = np.random.default_rng(seed)
    S, A = n_states, n_actions
    chances = rng.dirichlet(np.ones(S), S * A) * (rng.random((S * A, S)) < 0.4)
    chances = chances.reshape(S, A, S)
    for state in range(S):
        chances[state, 0, (state + 1) % S] += 0.2
        if missing and A > 1 and rng.random() < 0.3:
            chances[state, 1] = 0
    sums = chances.sum(axis=2, keepdims=True)
    chances = np.divide(chances, sums, out=np.zeros_like(chances), where=sums > 0)
    chances[S - ends :] = 0 if ends else chances[S:]
    matrix = sparse.csr_array(chances.reshape(S * A, S))
    rewards = {
        "s": rng.normal(size=S),
        "sa": rng.normal(size=(S, A)),
        "sas": sparse.csr_array((rng.normal(size=matrix.nnz), matrix.indices, matrix.indptr)),
    }[form]
    if form == "sas":
        rewards = sparse.csr_array(
            (rewards.data, matrix.indices, matrix.indptr), shape=matrix.shape
        )
    return FiniteMDP(matrix, rewards, discount=discount, horizon=horizon, initial=initial)


def random_potential(process, seed, size=1.0):
    potential = np.random.default_rng([seed, 7]).normal(size=process.n_states) * size
    return np.where(process.terminal, 0.0, potential)


def policies(process):
    """Yield every deterministic policy that does not change with time."""
    choices = [np.flatnonzero(row) if row.any() else np.array([0]) for row in process.available]
    for chosen in product(*choices):
        yield np.array(chosen)


def dense_values(process, policy):
    """Return a policy's values by a dense solve, from the dense three-way arrays."""
    S, A = process.n_states, process.n_actions
    chances = process.transitions.toarray().reshape(S, A, S)
    paid = process.rewards
    if sparse.issparse(paid):
        expected = (chances * paid.toarray().reshape(S, A, S)).sum(axis=2)
    else:
        expected = np.broadcast_to(paid[:, None] if paid.ndim == 1 else paid, (S, A))
    rows = np.arange(S)
    alive = ~process.terminal
    moves = chances[rows, policy] * alive[:, None]
    return np.linalg.solve(
        np.eye(S) - process.discount * moves, np.where(alive, expected[rows, policy], 0.0)
    )


@pytest.fixture(scope="session")
def worlds():
    """Return the functions above: random processes and their slow, plain evaluation."""

    class Worlds:
        process = staticmethod(random_process)
        potential = staticmethod(random_potential)
        policies = staticmethod(policies)
        values = staticmethod(dense_values)

    return Worlds
