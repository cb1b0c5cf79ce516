"""With discount 1: what going on for ever is worth beside the best way to an end.

Let V be the best values of policies that end, with r(s, a) + E[V(S')] - V(s) <= 0 everywhere. A
policy that never ends adds these advantages up, and keeps, in the long run, the average of -V over
the states that it stays in [puterman1994markov, ch. 10]. So going on for ever can match V only
by actions whose advantage is 0, and what it gains from a state that it keeps returning to is

    max -Σ x(s, a) V(s)   over  Σ_a x(s, a) = Σ_{s', a'} P(s | s', a') x(s', a'),  Σ x = 1,  x >= 0,

a linear program in how often each such action is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from alignlab.errors import ModelError
from alignlab.values.processes.mdp import FiniteMDP

__all__ = ["endless_actions", "endless_gain"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def endless_actions(process: FiniteMDP, allowed: Bools) -> Bools:
    """Return by which of the allowed actions a policy can avoid all ends for sure, shape (S, A).

    Examples
    --------
    >>> rooms = FiniteMDP([[1, 0], [0, 1], [0, 0], [0, 0]], [0, 0], discount=1)
    >>> endless_actions(rooms, rooms.available).tolist()
    [[True, False], [False, False]]
    """
    kept = allowed & process.available
    while True:
        lost = ~kept.any(axis=1)
        chance: Any = process.transitions @ lost.astype(float)
        leaving = (chance > 0).reshape(kept.shape)
        fewer = kept & ~leaving
        if (fewer == kept).all():
            return kept
        kept = fewer


def endless_gain(process: FiniteMDP, values: Floats, optimal: Bools) -> tuple[float, Bools]:
    """Return what going on for ever is worth above the best way to an end, and where it stays.

    Parameters
    ----------
    process
        With discount 1 and no horizon.
    values
        The best values of policies that end, shape (S,).
    optimal
        The actions that keep them, shape (S, A).

    Returns
    -------
    The gain from the states in which it stays, minus infinity if it must lose without end; and
    these states, shape (S,).

    Examples
    --------
    Ending costs 1, staying nothing:

    >>> rooms = FiniteMDP([[1, 0], [0, 1], [0, 0], [0, 0]], [[0, -1], [0, 0]], discount=1)
    >>> gain, where = endless_gain(rooms, np.array([-1.0, 0.0]), rooms.available)
    >>> gain, where.tolist()
    (1.0, [True, False])
    """
    kept = endless_actions(process, optimal)
    rows = np.flatnonzero(kept.ravel())
    if not len(rows):
        return -np.inf, np.zeros(process.n_states, dtype=bool)
    states, source = np.flatnonzero(kept.any(axis=1)), rows // process.n_actions
    stay = sparse.csr_array(
        (np.ones(len(rows)), (np.arange(len(rows)), source)), (len(rows), process.n_states)
    )
    flow = (stay - process.transitions[rows])[:, states].T
    once = sparse.csr_array(np.ones((1, len(rows))))
    balance = sparse.vstack([flow, once], format="csr")
    right = np.zeros(len(states) + 1)
    right[-1] = 1.0
    found: Any = linprog(values[source], A_eq=balance, b_eq=right, method="highs")
    if found.status != 0:
        raise ModelError(f"HiGHS did not find what going on for ever is worth: {found.message}")
    where = np.zeros(process.n_states, dtype=bool)
    where[source[found.x > 1e-9]] = True
    return -float(found.fun), where
