"""Finite Markov decision processes, with transitions that are never made dense.

In state s an agent takes an available action a, is paid r, and is in state s' with probability
P(s' | s, a), until a terminal state or the horizon ends it; what is paid t steps from now counts
γ^t [puterman1994markov, ch. 2]. The transitions are one sparse matrix whose row s·A + a holds
P(· | s, a); an empty row is an action that is not available in that state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes.mdp_checks import (
    checked_discount,
    checked_grid,
    checked_horizon,
    checked_initial,
    checked_names,
    checked_terminal,
    checked_transitions,
    narrow,
    reached_from,
    require_a_way_on,
    require_distributions,
    without_rows,
)

if TYPE_CHECKING:
    import gymnasium

__all__ = ["FiniteMDP", "Rewards"]

Floats = NDArray[np.float64]

Rewards = Floats | sparse.csr_array
"""r(s) of shape (S,), r(s, a) of shape (S, A), or r(s, a, s') as a sparse matrix (S·A, S)."""


@dataclass(frozen=True, eq=False, repr=False)
class FiniteMDP:
    """A decision process with finitely many states and actions.

    Use it for exact planning, inverse reinforcement learning and comparing rewards. For an
    environment whose transitions nobody can list, use Gymnasium's own interface.

    Parameters
    ----------
    transitions
        P(s' | s, a): sparse of shape (S·A, S), row s·A + a; or dense of shape (S, A, S). The row of
        an action that is not available is empty. Rows of terminal states are dropped: nothing
        happens after the end. The arrays of a sparse matrix in good order are kept and not copied,
        here and in sparse rewards: don't change them afterwards.
    rewards
        Shape (S,): r(s), paid when an action is taken in s. Shape (S, A): r(s, a). Sparse of shape
        (S·A, S): r(s, a, s'). A terminal state pays nothing; what is paid for reaching it belongs
        to the step that reaches it (`on_arrival` writes that down).
    discount
        γ, from 0 to 1. With 1 and no horizon, every state needs a way to end.
    initial
        Where it begins: a state, or probabilities of shape (S,); `None` is anywhere but in a
        terminal state, all alike.
    terminal
        The states that end it: their numbers, or a mask of shape (S,); `None` takes the states
        without any transition.
    horizon
        After how many steps it ends in any case; `None` is never.
    state_names, action_names
        Names, all different; `None` calls them by their numbers.
    grid
        (rows, columns) where the first rows · columns states are the cells of a grid, row by row.

    Raises
    ------
    InputError
        If shapes don't fit, a row does not sum to one, or with discount 1 a state cannot end.

    References
    ----------
    [puterman1994markov]

    Examples
    --------
    Two states and an end: from 0 a step reaches 1, from 1 it ends, and each step pays 1.

    >>> chain = FiniteMDP(sparse.csr_array([[0, 1, 0], [0, 0, 1], [0, 0, 0]]), [1.0, 1.0, 0.0])
    >>> chain
    <FiniteMDP states: 3 (1 terminal), actions: 1, transitions: 2, discount: 0.99>
    """

    transitions: sparse.csr_array
    rewards: Rewards
    discount: float = 0.99
    initial: Floats = None  # type: ignore[assignment]
    terminal: NDArray[np.bool_] = None  # type: ignore[assignment]
    horizon: int | None = None
    state_names: tuple[str, ...] | None = None
    action_names: tuple[str, ...] | None = None
    grid: tuple[int, int] | None = None

    def __init__(
        self,
        transitions: sparse.sparray | sparse.spmatrix | ArrayLike,
        rewards: sparse.sparray | sparse.spmatrix | ArrayLike,
        *,
        discount: float = 0.99,
        initial: int | ArrayLike | None = None,
        terminal: ArrayLike | None = None,
        horizon: int | None = None,
        state_names: Sequence[str] | None = None,
        action_names: Sequence[str] | None = None,
        grid: tuple[int, int] | None = None,
    ) -> None:
        matrix = checked_transitions(transitions)
        n_states = matrix.shape[1]
        n_actions = matrix.shape[0] // n_states
        names = (
            checked_names(state_names, n_states, "state"),
            checked_names(action_names, n_actions, "action"),
        )
        ends = checked_terminal(terminal, matrix, n_states, n_actions)
        matrix = narrow(without_rows(matrix, ends, n_actions))
        require_distributions(matrix, n_actions, *names)
        require_a_way_on(matrix, ends, n_actions, names[0])
        for name, value in {
            "transitions": matrix,
            "discount": checked_discount(discount),
            "terminal": ends,
            "initial": checked_initial(initial, ends),
            "horizon": checked_horizon(horizon),
            "state_names": names[0],
            "action_names": names[1],
            "grid": checked_grid(grid, n_states),
        }.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "rewards", self._kept(rewards))
        if self.discount == 1 and self.horizon is None:
            self._require_a_way_to_end()

    @classmethod
    def from_gymnasium(
        cls,
        environment: str | gymnasium.Env[Any, Any],
        *,
        discount: float = 0.99,
        horizon: int | None = None,
        **options: Any,
    ) -> FiniteMDP:
        """Read the table that a Gymnasium environment keeps of itself.

        Use it for FrozenLake, CliffWalking, Taxi and any environment with a table `P` of the same
        form. A transition that ends an episode leads to a terminal state; where its target can
        also be reached without ending, to one more state, named "end".

        Parameters
        ----------
        environment
            A registered name such as "FrozenLake-v1", or an environment.
        discount, horizon
            As for `FiniteMDP`; the table does not say them. A time limit of the environment is
            not part of its table.
        **options
            Passed to `gymnasium.make`, such as `is_slippery=False`.

        Raises
        ------
        InputError
            If there is no such environment, or it keeps no table.

        Examples
        --------
        >>> FiniteMDP.from_gymnasium("FrozenLake-v1", is_slippery=False)
        <FiniteMDP states: 16 (5 terminal), actions: 4, transitions: 44, discount: 0.99>
        """
        from alignlab.values.processes.environments import read_environment

        return read_environment(environment, discount=discount, horizon=horizon, **options)

    def to_gymnasium(self) -> gymnasium.Env[Any, Any]:
        """Return a Gymnasium environment that moves and pays as this process does."""
        from alignlab.values.processes.environments import as_environment

        return as_environment(self)

    def __repr__(self) -> str:
        """Return the sizes; the arrays are attributes."""
        horizon = "" if self.horizon is None else f", horizon: {self.horizon}"
        return (
            f"<FiniteMDP states: {self.n_states:,} ({int(self.terminal.sum()):,} terminal), "
            f"actions: {self.n_actions}, transitions: {self.transitions.nnz:,}, "
            f"discount: {self.discount:g}{horizon}>"
        )

    @property
    def n_states(self) -> int:
        """S."""
        return int(self.transitions.shape[1])

    @property
    def n_actions(self) -> int:
        """A."""
        return int(self.transitions.shape[0]) // self.n_states

    @cached_property
    def available(self) -> NDArray[np.bool_]:
        """Which actions can be taken, shape (S, A); none in a terminal state."""
        return (np.diff(self.transitions.indptr) > 0).reshape(self.n_states, self.n_actions)

    @cached_property
    def expected_rewards(self) -> Floats:
        """What a step is expected to pay, shape (S, A); 0 where an action is not available."""
        return self.expected(self.rewards)

    @cached_property
    def successors(self) -> sparse.csr_array:
        """Which state can follow which, whatever the action: sparse of shape (S, S), values > 0."""
        # The rows of one state lie together, so joining them takes every A-th pointer.
        matrix = self.transitions
        joined = matrix.indptr[:: self.n_actions]
        return sparse.csr_array(
            (matrix.data, matrix.indices, joined), shape=(self.n_states, self.n_states)
        )

    def expected(self, rewards: sparse.sparray | sparse.spmatrix | ArrayLike) -> Floats:
        """Return what a step would be expected to pay under other rewards.

        Parameters
        ----------
        rewards
            In one of the three forms of `FiniteMDP`.

        Returns
        -------
        Shape (S, A); 0 where an action is not available.
        """
        given = self._checked(rewards)
        shape = (self.n_states, self.n_actions)
        if isinstance(given, sparse.csr_array):
            paid = np.asarray(given.multiply(self.transitions).sum(axis=1)).reshape(shape)
        else:
            paid = np.broadcast_to(given[:, None] if given.ndim == 1 else given, shape)
        return np.where(self.available, paid, 0.0)

    def on_arrival(self, rewards: ArrayLike) -> sparse.csr_array:
        """Return rewards r(s, a, s') that pay for the state a step arrives in.

        Parameters
        ----------
        rewards
            What arriving in each state pays, shape (S,).

        Examples
        --------
        >>> chain = FiniteMDP(sparse.csr_array([[0, 1, 0], [0, 0, 1], [0, 0, 0]]), [0, 0, 0])
        >>> chain.with_rewards(chain.on_arrival([0, 0, 5])).expected_rewards.ravel().tolist()
        [0.0, 5.0, 0.0]
        """
        paid = np.asarray(rewards, float)
        if paid.shape != (self.n_states,):
            raise InputError(
                f"rewards on arrival have shape {paid.shape}: give one for each of "
                f"{self.n_states} states."
            )
        matrix = self.transitions
        return sparse.csr_array((paid[matrix.indices], matrix.indices, matrix.indptr), matrix.shape)

    def with_rewards(self, rewards: sparse.sparray | sparse.spmatrix | ArrayLike) -> FiniteMDP:
        """Return the same process with other rewards, in one of the three forms."""
        return self._with(rewards=self._kept(rewards))

    def with_initial(self, initial: int | ArrayLike | None) -> FiniteMDP:
        """Return the same process that begins elsewhere."""
        return self._with(initial=checked_initial(initial, self.terminal))

    def replace(
        self,
        *,
        discount: float | None = None,
        horizon: int | str | None = "same",
    ) -> FiniteMDP:
        """Return the same process with another discount or horizon (`None`: no horizon)."""
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        kept["discount"] = self.discount if discount is None else discount
        kept["horizon"] = self.horizon if horizon == "same" else horizon
        return FiniteMDP(kept.pop("transitions"), kept.pop("rewards"), **kept)

    def state_name(self, state: int) -> str:
        """Return what a state is called."""
        return str(state) if self.state_names is None else self.state_names[state]

    def action_name(self, action: int) -> str:
        """Return what an action is called."""
        return str(action) if self.action_names is None else self.action_names[action]

    def _with(self, **changes: Any) -> FiniteMDP:
        # What was checked once needs no second look: only the fields go over, not the cached rest.
        other = object.__new__(FiniteMDP)
        for each in fields(self):
            value = changes.get(each.name, getattr(self, each.name))
            object.__setattr__(other, each.name, value)
        return other

    def _kept(self, rewards: Any) -> Rewards:
        found = self._checked(rewards)
        return found.copy() if isinstance(found, np.ndarray) else found

    def _checked(self, rewards: Any) -> Rewards:
        S, A = self.n_states, self.n_actions
        given: Any = rewards
        if sparse.issparse(rewards):
            given = sparse.csr_array(given, dtype=float)
            numbers, fits = given.data, given.shape == (S * A, S)
        else:
            given = np.asarray(given, float)
            numbers, fits = given, given.shape in ((S,), (S, A))
        if not fits:
            raise InputError(
                f"rewards have shape {given.shape}: with {S} states and {A} actions give ({S},) "
                f"for r(s), ({S}, {A}) for r(s, a), or a sparse ({S * A}, {S}) for r(s, a, s')."
            )
        if not np.isfinite(numbers).all():
            raise InputError("rewards hold a number that is infinite or missing.")
        kept: Rewards = given
        return kept

    def _require_a_way_to_end(self) -> None:
        reached = reached_from(sparse.csr_array(self.successors.T), self.terminal)
        if not reached.all():
            stuck = int((~reached).argmax())
            raise InputError(
                f"discount 1 with no way to end: from state {self.state_name(stuck)} no terminal "
                "state can be reached, so what is paid would add up for ever. Give a discount "
                "below 1, a horizon, or a terminal state."
            )
