"""The steps that can happen in a finite process, one by one, and what rewards pay on each.

A step is a transition (s, a, s') of positive probability; steps are in the order of the rows of
the transition matrix, so that the steps of one state lie together. Nothing of size S·A·S is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order

from alignlab.errors import InputError
from alignlab.values.processes.mdp import FiniteMDP, Rewards

__all__ = ["Steps", "levelled", "reached", "require_same_process", "reward_scale"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Steps:
    """The possible steps of a process; every array has one entry a step.

    Examples
    --------
    >>> chain = FiniteMDP([[0, 0.5, 0.5], [0, 0, 1], [0, 0, 0]], [0, 0, 0])
    >>> steps = Steps(chain)
    >>> steps.source.tolist(), steps.target.tolist()
    ([0, 0, 1], [1, 2, 2])
    >>> steps.paid(chain.on_arrival([0, 3, 5])).tolist()
    [3.0, 5.0, 5.0]
    """

    process: FiniteMDP

    @cached_property
    def row(self) -> Ints:
        """The row s·A + a."""
        matrix = self.process.transitions
        return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))

    @cached_property
    def source(self) -> Ints:
        """Where a step begins."""
        return self.row // self.process.n_actions

    @cached_property
    def action(self) -> Ints:
        """The action taken."""
        return self.row % self.process.n_actions

    @cached_property
    def target(self) -> Ints:
        """Where a step arrives."""
        return self.process.transitions.indices.astype(np.intp)

    def paid(self, rewards: object) -> Floats:
        """Return what rewards, in one of the three forms, pay on each step."""
        given: Rewards = self.process.with_rewards(rewards).rewards  # type: ignore[arg-type]
        if not isinstance(given, sparse.csr_array):
            return given[self.source] if given.ndim == 1 else given[self.source, self.action]
        matrix = self.process.transitions
        if np.array_equal(given.indptr, matrix.indptr) and np.array_equal(
            given.indices, matrix.indices
        ):
            return given.data
        if not given.has_canonical_format:
            given = given.copy()
            given.sum_duplicates()
        width = np.int64(matrix.shape[1])
        rows = np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))
        stored = rows * width + given.indices
        wanted = self.row * width + self.target
        if not len(stored):
            return np.zeros(len(wanted))
        at = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
        return np.where(stored[at] == wanted, given.data[at], 0.0)

    def as_rewards(self, paid: Floats) -> sparse.csr_array:
        """Return what each step pays as rewards r(s, a, s')."""
        matrix = self.process.transitions
        return sparse.csr_array((paid, matrix.indices, matrix.indptr), shape=matrix.shape)


def reached(process: FiniteMDP) -> NDArray[np.bool_]:
    """Return in which states an action can be asked for: no policy's return knows the others.

    Shape (S,), or (H, S) with a horizon: after how many steps. Discount 0 knows only the
    first.

    Examples
    --------
    >>> chain = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0, 0, 0], initial=0)
    >>> reached(chain).tolist()
    [True, True, False]
    >>> reached(chain.replace(horizon=2)).tolist()
    [[True, False, False], [False, True, False]]
    """
    starts = (process.initial > 0) & ~process.terminal
    if process.horizon is not None:
        found = np.zeros((process.horizon, process.n_states), dtype=bool)
        found[0] = starts
        onward = process.successors.T.tocsr()
        for t in range(1, process.horizon if process.discount > 0 else 1):
            found[t] = (onward @ found[t - 1].astype(float) > 0) & ~process.terminal
        return found
    if process.discount == 0:
        return starts
    S, first = process.n_states, np.flatnonzero(starts)
    extra = sparse.csr_array((np.ones(len(first)), first, [0, len(first)]), shape=(1, S))
    graph = sparse.block_array(
        [[process.successors, None], [extra, sparse.csr_array((1, 1))]], format="csr"
    )
    seen = np.zeros(S + 1, dtype=bool)
    seen[breadth_first_order(graph, S, return_predecessors=False)] = True  # type: ignore[call-overload]
    return seen[:S] & ~process.terminal


def levelled(
    process: FiniteMDP, expected: Floats, counted: NDArray[np.bool_]
) -> tuple[Floats, float]:
    """Return expected rewards (S, A) about 0, and what was taken from each, where nothing ends.

    There each step's pay is certain to be followed by the next, so a constant orders no policies,
    and a large one would drown in rounding what does. Elsewhere nothing is taken.
    """
    if process.terminal.any():
        return expected, 0.0
    paid = expected[counted]
    middle = float(paid.min() / 2 + paid.max() / 2)
    return np.where(counted, expected - middle, 0.0), middle


def reward_scale(*paid: Floats) -> float:
    """Return the largest size of any reward, or 1 where all are 0."""
    return max((float(np.abs(each).max(initial=0.0)) for each in paid), default=0.0) or 1.0


def require_same_process(first: FiniteMDP, second: FiniteMDP) -> None:
    """Raise unless two processes differ in nothing but their rewards."""
    if first is second:
        return
    shapes = [(each.n_states, each.n_actions) for each in (first, second)]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"original has {shapes[0][0]} states and {shapes[0][1]} actions, shaped {shapes[1][0]} "
            f"and {shapes[1][1]}: shaping changes rewards and nothing else."
        )
    for what in ("discount", "horizon"):
        given = getattr(first, what), getattr(second, what)
        if given[0] != given[1]:
            raise InputError(
                f"original has {what}={given[0]}, shaped {what}={given[1]}: shaping changes "
                f"rewards and nothing else. Give both the agent's {what}."
            )
    if not np.array_equal(first.terminal, second.terminal):
        state = int((first.terminal != second.terminal).argmax())
        raise InputError(
            f"state {first.state_name(state)} is terminal in only one of original and shaped: "
            "shaping changes rewards and nothing else."
        )
    difference = abs(first.transitions - second.transitions)
    if difference.nnz and difference.max() > 1e-12:
        row = int(difference.max(axis=1).toarray().ravel().argmax())
        state, action = divmod(row, first.n_actions)
        raise InputError(
            f"original and shaped move differently from state {first.state_name(state)} under "
            f"action {first.action_name(action)}: shaping changes rewards and nothing else."
        )
