"""Features of a reward: each one is itself a reward, in one of the three forms of `FiniteMDP`.

A linear reward is r = Σ_j w_j φ_j. Writing every φ_j as r(s), r(s, a) or r(s, a, s') lets features
of states, of actions and of what a step arrives in stand side by side, and gives the sum a form
that planning takes without a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.errors import InputError, listed
from alignlab.values.processes import FiniteMDP, Rewards

__all__ = ["Features", "arrival_features", "read_features"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """Named features on a process.

    Attributes
    ----------
    mdp
        The process.
    names
        One a feature.
    columns
        The features, each in one of the three forms of rewards.
    """

    mdp: FiniteMDP
    names: tuple[str, ...]
    columns: tuple[Rewards, ...]

    @cached_property
    def expected(self) -> Floats:
        """What a step is expected to show of each feature: shape (S, A, k)."""
        return np.stack([self.mdp.expected(column) for column in self.columns], axis=-1)

    @cached_property
    def table(self) -> Floats:
        """What a network is given: (S, k) if all features are of the state, else (S, A, k)."""
        columns: list[Any] = list(self.columns)
        if all(column.ndim == 1 for column in columns):
            return np.stack(columns, axis=-1)
        return self.expected

    @cached_property
    def scale(self) -> Floats:
        """Each feature's largest absolute value, shape (k,); 1 where it is 0 everywhere."""
        largest = np.array([np.abs(_numbers(column)).max(initial=0.0) for column in self.columns])
        return np.where(largest > 0, largest, 1.0)

    def seen(
        self, states: NDArray[np.int64], actions: NDArray[np.int64], after: NDArray[np.int64]
    ) -> Floats:
        """Return what steps did show: shape (steps, k)."""
        found = np.empty((len(states), len(self.columns)))
        rows = states * self.mdp.n_actions + actions
        for position, column in enumerate(self.columns):
            if isinstance(column, sparse.csr_array):
                found[:, position] = entries(column, rows, after)
            else:
                found[:, position] = column[states] if column.ndim == 1 else column[states, actions]
        return found

    def rewards(self, weights: ArrayLike) -> Rewards:
        """Return Σ_j w_j φ_j in the simplest form that holds it."""
        w = np.asarray(weights, float)
        S, A = self.mdp.n_states, self.mdp.n_actions
        forms = [3 if isinstance(each, sparse.csr_array) else each.ndim for each in self.columns]
        if max(forms) < 3:
            total = np.zeros((S,) if max(forms) == 1 else (S, A))
            for weight, column in zip(w, self.columns, strict=True):
                dense: Any = column
                total += weight * (dense[:, None] if total.ndim > dense.ndim else dense)
            return total
        # What does not depend on s' is written on every transition that can happen.
        matrix = self.mdp.transitions
        row = np.repeat(np.arange(S * A), np.diff(matrix.indptr))
        numbers = np.zeros(matrix.nnz)
        for weight, column in zip(w, self.columns, strict=True):
            if isinstance(column, sparse.csr_array):
                numbers += weight * entries(column, row, matrix.indices)
            else:
                numbers += weight * (column[row // A] if column.ndim == 1 else column.ravel()[row])
        return sparse.csr_array((numbers, matrix.indices, matrix.indptr), matrix.shape)


def read_features(mdp: FiniteMDP, features: Any) -> Features:
    """Return features from what a person gave.

    Parameters
    ----------
    mdp
        The process.
    features
        An array of shape (S, k) or (S, A, k); a sequence of rewards in the three forms; or a
        mapping from names to such rewards.

    Raises
    ------
    InputError
        If there is none, or one has another shape or is not finite.
    """
    S, A = mdp.n_states, mdp.n_actions
    if isinstance(features, Mapping):
        names, given = [str(name) for name in features], list(features.values())
    elif isinstance(features, Sequence) and any(map(_stands_alone, features)):
        given = list(features)
        names = [f"feature {j}" for j in range(len(given))]
    else:
        try:
            table = np.asarray(features, float)
        except (TypeError, ValueError) as error:
            raise InputError(
                "features are not numbers: give an array (states, features) or (states, actions, "
                "features), or a mapping from names to rewards."
            ) from error
        if table.shape[:-1] not in ((S,), (S, A)) or table.ndim < 2:
            raise InputError(
                f"features have shape {table.shape}: with {S} states and {A} actions give "
                f"({S}, k) or ({S}, {A}, k), or a mapping from names to rewards."
            )
        given = [np.ascontiguousarray(table[..., j]) for j in range(table.shape[-1])]
        names = [f"feature {j}" for j in range(len(given))]
    if not given:
        raise InputError("There is no feature: a reward needs at least one.")
    columns = []
    for name, column in zip(names, given, strict=True):
        try:
            columns.append(mdp.with_rewards(column).rewards)
        except (InputError, TypeError, ValueError) as error:
            said = str(error) if isinstance(error, InputError) else "it is not made of numbers."
            raise InputError(f"The feature {name!r} is not a reward: {said}") from error
    if len(set(names)) < len(names):
        raise InputError(f"Two features have one name: {listed(names)}.")
    return Features(mdp, tuple(names), tuple(columns))


def arrival_features(
    mdp: FiniteMDP, states: Mapping[str, int | Sequence[int]], *, otherwise: str | None = None
) -> dict[str, sparse.csr_array]:
    """Return features that are 1 when a step arrives in certain states.

    Use it for what is paid for reaching a goal or falling into a hole: terminal states are never
    acted in, so that features of the state a step *leaves* cannot say it.

    Parameters
    ----------
    mdp
        The process.
    states
        From a feature's name to the state, or the states, it is about.
    otherwise
        The name of one more feature, which is 1 when a step arrives anywhere else.

    Returns
    -------
    dict
        From names to rewards r(s, a, s').

    Raises
    ------
    InputError
        If a state is not one of the process.

    Examples
    --------
    >>> lake = FiniteMDP(np.eye(3)[[1, 0, 2, 0]  + [0, 0]], [0, 0, 0], terminal=[2])
    >>> features = arrival_features(lake, {"goal": 2}, otherwise="step")
    >>> [lake.expected(each).tolist() for each in features.values()]
    [[[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]]
    """
    found, rest = {}, np.ones(mdp.n_states)
    for name, given in states.items():
        numbers = np.atleast_1d(np.asarray(given))
        if not (numbers.dtype.kind in "iu" and np.isin(numbers, np.arange(mdp.n_states)).all()):
            raise InputError(
                f"The feature {name!r} names a state that is not from 0 to {mdp.n_states - 1}."
            )
        marked = np.zeros(mdp.n_states)
        marked[numbers] = 1.0
        rest[numbers] = 0.0
        found[name] = mdp.on_arrival(marked)
    if otherwise is not None:
        found[otherwise] = mdp.on_arrival(rest)
    return found


def entries(
    matrix: sparse.csr_array, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
) -> Floats:
    """Return the entries of a sparse matrix at (row, column) pairs, 0 where it stores none."""
    if len(rows) == 0:
        return np.zeros(0)
    return np.asarray(sparse.csr_matrix(matrix)[rows, columns], float).ravel()


def _numbers(column: Rewards) -> Floats:
    return column.data if isinstance(column, sparse.csr_array) else column.ravel()


def _stands_alone(value: Any) -> bool:
    """Tell a list of rewards, arrays or sparse, from a table written as nested lists."""
    return sparse.issparse(value) or isinstance(value, np.ndarray)
