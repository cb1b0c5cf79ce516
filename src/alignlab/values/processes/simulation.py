"""Trajectories of a policy: all of them move together, one step at a time.

An action is drawn from π(· | s), a next state from P(· | s, a), each by one uniform number and the
cumulated probabilities; what is paid is r(s), r(s, a) or r(s, a, s') of the step that was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError
from alignlab.random import as_generator
from alignlab.values.processes.linear import policy_matrix
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.policies import Policy, as_policy

if TYPE_CHECKING:
    from alignlab.values.processes.solutions import SoftSolution, Solution

__all__ = ["simulate"]

Floats = NDArray[np.float64]
Whole = NDArray[np.intp]


def simulate(
    mdp: FiniteMDP,
    policy: ArrayLike | Solution | SoftSolution,
    n: int,
    *,
    length: int | None = None,
    seed: int | np.random.Generator = 0,
) -> tuple[Trajectory, ...]:
    """Draw trajectories of a policy.

    Use it to make demonstrations, or to check an expectation by sampling. Expectations themselves
    come from `occupancy` and `policy_values`, exactly.

    Parameters
    ----------
    mdp
        The process; a trajectory begins in a state drawn from its `initial`.
    policy
        Actions (S,), probabilities (S, A), either for each step, or a solution; see `as_policy`.
    n
        How many trajectories.
    length
        After how many steps one that has not ended is cut off; `None` is the horizon, or never.
    seed
        A whole number, or a generator.

    Returns
    -------
    One trajectory each, with its rewards. `ended` says that its last state is terminal; at the
    horizon or the length it is cut off.

    Raises
    ------
    InputError
        If the policy may never end and there is neither a length nor a horizon.

    Examples
    --------
    >>> chain = FiniteMDP(np.eye(3)[[1, 2, 0]][:, None] * [[[1]], [[1]], [[0]]], [1.0, 1.0, 0.0],
    ...                   initial=0)
    >>> simulate(chain, [0, 0, 0], 2)
    (<Trajectory: 2 steps, ended>, <Trajectory: 2 steps, ended>)
    """
    checked = as_policy(mdp, policy)
    if isinstance(n, bool) or int(n) != n or n < 1:
        raise InputError(f"n={n!r} is not a number of trajectories from 1.")
    most = _most_steps(mdp, checked, length)
    generator = as_generator(seed, "simulate")
    matrix = mdp.transitions
    paid = _paid(mdp)
    state = _drawn(np.cumsum(mdp.initial), generator.random(n))
    alive = np.flatnonzero(~mdp.terminal[state])
    visited, done, earned, moved = [state.copy()], [], [], []
    step = 0
    chosen = _cumulated(checked, 0)
    while alive.size and (most is None or step < most):
        if not checked.stationary and step:
            chosen = _cumulated(checked, step)
        here = state[alive]
        u = generator.random((2, n))[:, alive]
        limits = chosen[here]
        action = (u[0, :, None] * limits[:, -1:] >= limits).sum(axis=1)
        at = _next(matrix, here * mdp.n_actions + action, u[1])
        state[alive] = matrix.indices[at]
        earned.append(paid(here, action, at))
        done.append(action)
        moved.append(alive)
        visited.append(state[alive])
        alive = alive[~mdp.terminal[state[alive]]]
        step += 1
    return _split(mdp, int(n), visited, done, earned, moved)


def _most_steps(mdp: FiniteMDP, policy: Policy, length: int | None) -> int | None:
    if length is not None:
        if isinstance(length, bool) or int(length) != length or length < 1:
            raise InputError(f"length={length!r} is not a number of steps from 1.")
        return int(length) if mdp.horizon is None else min(int(length), mdp.horizon)
    if mdp.horizon is not None:
        return mdp.horizon
    stuck = _never_ends(mdp, policy)
    if stuck is not None:
        raise InputError(
            f"From state {mdp.state_name(stuck)} the policy never ends: give a length after which "
            "trajectories are cut off, such as length=100."
        )
    return None


def _never_ends(mdp: FiniteMDP, policy: Policy) -> int | None:
    """Return a state that can be visited and from which no end can be reached, if there is one."""
    from scipy.sparse.csgraph import breadth_first_order

    S = mdp.n_states
    matrix = policy_matrix(mdp, policy.at(0))

    def found(graph: sparse.csr_array, begin: NDArray[np.bool_]) -> NDArray[np.bool_]:
        roots = np.flatnonzero(begin)
        # One more state leads to all that it begins with.
        pointers = np.append(graph.indptr, graph.nnz + len(roots))
        targets = np.concatenate([graph.indices, roots])
        joined = sparse.csr_array((np.ones(len(targets)), targets, pointers), (S + 1, S + 1))
        order: Any = breadth_first_order(joined, S, return_predecessors=False)
        reached = np.zeros(S + 1, dtype=bool)
        reached[order] = True
        return reached[:S]

    stuck = found(matrix, mdp.initial > 0) & ~found(matrix.T.tocsr(), mdp.terminal)
    return int(stuck.argmax()) if stuck.any() else None


def _cumulated(policy: Policy, step: int) -> Floats:
    return np.cumsum(policy.probabilities(step), axis=1)


def _drawn(cumulated: Floats, u: Floats) -> Whole:
    # Scaled by the sum, so that rounding in it draws nothing that cannot happen.
    return np.searchsorted(cumulated, u * cumulated[-1], side="right")


def _next(matrix: sparse.csr_array, rows: Whole, u: Floats) -> Whole:
    """Return the position in the matrix's data that each row's uniform number picks."""
    begin, end = matrix.indptr[rows].astype(np.intp), matrix.indptr[rows + 1]
    at, left = begin.copy(), u.copy()
    active = np.arange(len(rows))
    while active.size:
        left[active] -= matrix.data[at[active]]
        # The last entry takes what rounding leaves over.
        active = active[(left[active] >= 0) & (at[active] + 1 < end[active])]
        at[active] += 1
    return at


def _paid(mdp: FiniteMDP) -> Any:
    """Return what a step pays, given states, actions and positions in the transitions' data."""
    rewards = mdp.rewards
    if not isinstance(rewards, sparse.csr_array):
        if rewards.ndim == 1:
            return lambda state, action, at: rewards[state]
        return lambda state, action, at: rewards[state, action]
    matrix = mdp.transitions
    same = np.array_equal(rewards.indptr, matrix.indptr) and np.array_equal(
        rewards.indices, matrix.indices
    )
    if same:
        return lambda state, action, at: rewards.data[at]
    return lambda state, action, at: np.asarray(
        rewards[state * mdp.n_actions + action, matrix.indices[at]]
    ).ravel()


def _split(
    mdp: FiniteMDP, n: int, visited: list[Any], done: list[Any], earned: list[Any], moved: list[Any]
) -> tuple[Trajectory, ...]:
    """Turn what happened step by step into what happened trajectory by trajectory."""
    who = np.concatenate([np.arange(n), *moved])
    order = np.argsort(who, kind="stable")
    states = np.concatenate(visited)[order]
    cuts = np.cumsum(np.bincount(who, minlength=n))
    steps = np.concatenate([np.empty(0, np.intp), *moved])
    by_who = np.argsort(steps, kind="stable")
    actions = np.concatenate([np.empty(0, np.intp), *done])[by_who]
    rewards = np.concatenate([np.empty(0), *earned])[by_who]
    trajectories = []
    first = 0
    for i, last in enumerate(cuts):
        # One action fewer than states in each of the trajectories before this one.
        acted = slice(first - i, last - i - 1)
        trajectories.append(
            Trajectory(
                states[first:last],
                actions[acted],
                rewards[acted],
                ended=bool(mdp.terminal[states[last - 1]]),
            )
        )
        first = last
    return tuple(trajectories)
