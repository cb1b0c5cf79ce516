"""What a finite decision process is given, checked at the door; nothing is made dense.

Every function returns what the process keeps, or raises an `InputError` that names the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.errors import InputError

__all__ = [
    "checked_discount",
    "checked_grid",
    "checked_horizon",
    "checked_initial",
    "checked_names",
    "checked_terminal",
    "checked_transitions",
    "narrow",
    "reached_from",
    "require_a_way_on",
    "require_distributions",
    "without_rows",
]

Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-5
"""How far the probabilities of a row may be from 1; the row is divided by its sum."""


def checked_transitions(given: Any) -> sparse.csr_array:
    """Return P(s' | s, a) as CSR with sorted columns, no duplicates and no zeros."""
    if not sparse.issparse(given):
        dense = np.asarray(given, float)
        if dense.ndim == 3 and dense.shape[0] == dense.shape[2]:
            dense = dense.reshape(-1, dense.shape[2])
        elif dense.ndim != 2:
            raise InputError(
                f"transitions have shape {dense.shape}: give (states, actions, states), or a "
                "sparse matrix with a row for each state and action."
            )
        given = dense
    matrix = sparse.csr_array(given, dtype=float)
    rows, n_states = matrix.shape
    if n_states == 0 or rows == 0 or rows % n_states:
        raise InputError(
            f"transitions have {rows} rows and {n_states} columns: the rows are states × actions, "
            "so their number is a multiple of the columns'."
        )
    if not matrix.has_canonical_format or not matrix.data.all():
        matrix = matrix.copy()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return matrix


def narrow(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return the matrix with 32-bit indices where they fit, which take half the memory."""
    # The compiled loops are compiled once more for each kind of index.
    largest = max(matrix.nnz, *matrix.shape)
    if matrix.indices.dtype == np.int32 or largest > np.iinfo(np.int32).max:
        return matrix
    found = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return sparse.csr_array((matrix.data, *found), shape=matrix.shape)


def checked_discount(given: Any) -> float:
    """Return a number from 0 to 1."""
    is_number = isinstance(given, Real)
    if not (is_number and 0 <= given <= 1):
        raise InputError(f"discount={given!r} is not a number from 0 to 1.")
    return float(given)


def checked_horizon(given: Any) -> int | None:
    """Return a whole number of steps, or `None`."""
    if given is None:
        return None
    is_number = isinstance(given, Real) and not isinstance(given, bool)
    if not (is_number and float(given).is_integer()):
        raise InputError(
            f"horizon={given!r} is not a whole number of steps; None is a process without horizon."
        )
    if given < 1:
        raise InputError(f"horizon={given!r}: a process has at least one step.")
    return int(given)


def checked_terminal(
    given: ArrayLike | None, matrix: sparse.csr_array, n_states: int, n_actions: int
) -> NDArray[np.bool_]:
    """Return the mask of the states that end the process."""
    if given is None:
        return np.diff(matrix.indptr[::n_actions]) == 0
    marked = np.atleast_1d(np.asarray(given))
    if marked.dtype == bool:
        if marked.shape != (n_states,):
            raise InputError(
                f"terminal has shape {marked.shape}: a mask has one entry for each of {n_states} "
                "states."
            )
        return marked.copy()
    ends = np.zeros(n_states, dtype=bool)
    if marked.size:
        if not np.isin(marked, np.arange(n_states)).all():
            raise InputError(f"terminal names a state that is not from 0 to {n_states - 1}.")
        if len(np.unique(marked)) < marked.size:
            raise InputError(
                "terminal names a state twice: give each state once, or a mask of bool (a mask of "
                "0 and 1 would name the states 0 and 1)."
            )
        ends[marked.astype(np.intp)] = True
    return ends


def without_rows(
    matrix: sparse.csr_array, ends: NDArray[np.bool_], n_actions: int
) -> sparse.csr_array:
    """Return the transitions with the rows of terminal states emptied."""
    if not (np.diff(matrix.indptr[::n_actions])[ends] > 0).any():
        return matrix
    sizes = np.diff(matrix.indptr)
    gone = np.repeat(ends, n_actions)
    kept = ~np.repeat(gone, sizes)
    pointers = np.concatenate([[0], np.cumsum(np.where(gone, 0, sizes))])
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], pointers), matrix.shape)


def reached_from(graph: sparse.csr_array, begin: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which nodes can be reached from those marked, these included."""
    from scipy.sparse.csgraph import breadth_first_order

    # One more node leads to all that are marked, so that one search finds everything.
    n, marked = len(begin), np.flatnonzero(begin)
    extra = sparse.csr_array((np.ones(len(marked)), marked, [0, len(marked)]), shape=(1, n))
    joined = sparse.block_array([[graph, None], [extra, sparse.csr_array((1, 1))]], format="csr")
    found = breadth_first_order(joined, n, return_predecessors=False)  # type: ignore[call-overload]
    reached = np.zeros(n + 1, dtype=bool)
    reached[found] = True
    return reached[:n]


def require_distributions(
    matrix: sparse.csr_array,
    n_actions: int,
    state_names: tuple[str, ...] | None,
    action_names: tuple[str, ...] | None,
) -> None:
    """Raise unless every row holds probabilities; divide the rows by their sums."""

    def place(row: int) -> str:
        state, action = divmod(row, n_actions)
        named = str(state) if state_names is None else state_names[state]
        return f"state {named}, action {action if action_names is None else action_names[action]}"

    bad = ~(np.isfinite(matrix.data) & (matrix.data >= 0))
    if bad.any():
        at = int(bad.argmax())
        row = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
        raise InputError(
            f"transitions hold {matrix.data[at]:g} for {place(row)}: a probability lies between 0 "
            "and 1."
        )
    sums = matrix @ np.ones(matrix.shape[1])
    filled = np.diff(matrix.indptr) > 0
    off = np.abs(sums - 1) * filled
    if off.max(initial=0.0) > SUM_TOLERANCE:
        row = int(off.argmax())
        raise InputError(
            f"the probabilities of {place(row)} sum to {sums[row]:.6g}: they sum to 1, or the row "
            "is empty if the action is not available there."
        )
    if off.max(initial=0.0) > 1e-15:
        matrix.data = matrix.data / np.repeat(sums, np.diff(matrix.indptr))


def require_a_way_on(
    matrix: sparse.csr_array,
    ends: NDArray[np.bool_],
    n_actions: int,
    names: tuple[str, ...] | None,
) -> None:
    """Raise if a state that is not terminal has no available action."""
    stuck = (np.diff(matrix.indptr[::n_actions]) == 0) & ~ends
    if stuck.any():
        state = int(stuck.argmax())
        raise InputError(
            f"state {state if names is None else names[state]} has no available action and is not "
            "terminal: give it a transition, or name it in terminal."
        )


def checked_initial(given: int | ArrayLike | None, ends: NDArray[np.bool_]) -> Floats:
    """Return the probabilities of the first state."""
    n_states = len(ends)
    if given is None:
        if ends.all():
            raise InputError("every state is terminal: there is nothing to decide.")
        return np.where(ends, 0.0, 1.0) / (~ends).sum()
    chances = np.asarray(given)
    if chances.ndim == 0:
        if chances not in range(n_states):
            raise InputError(f"initial={given!r} is not a state from 0 to {n_states - 1}.")
        return np.eye(1, n_states, int(chances)).ravel()
    chances = chances.astype(float)
    if chances.shape != (n_states,):
        raise InputError(
            f"initial has shape {chances.shape}: give a probability for each of {n_states} states, "
            "or one state."
        )
    if not ((chances >= 0).all() and abs(chances.sum() - 1) <= SUM_TOLERANCE):
        raise InputError(
            f"initial sums to {chances.sum():.6g}, or holds a negative number: it is a probability "
            "for each state."
        )
    return chances / chances.sum()


def checked_names(given: Sequence[str] | None, n: int, kind: str) -> tuple[str, ...] | None:
    """Return the names, all different, or `None`."""
    if given is None:
        return None
    names = tuple(str(name) for name in given)
    if len(names) != n:
        raise InputError(f"{kind}_names holds {len(names)} names for {n} {kind}s.")
    if len(set(names)) < n:
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{kind}_names calls two {kind}s {twice!r}: a name belongs to one.")
    return names


def checked_grid(given: tuple[int, int] | None, n_states: int) -> tuple[int, int] | None:
    """Return (rows, columns), or `None`."""
    if given is None:
        return None
    rows, columns = (int(number) for number in given)
    if rows < 1 or columns < 1 or rows * columns > n_states:
        raise InputError(f"grid={given!r} has more cells than there are states ({n_states}).")
    return rows, columns
