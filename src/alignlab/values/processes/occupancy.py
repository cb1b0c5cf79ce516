"""How often each state is visited and each action taken, and what a policy is worth.

    D(s, a) = Σ_t γ^t Pr(s_t = s, a_t = a)

satisfies the flow equations Σ_a D(s, a) = p_0(s) + γ Σ_{s', a'} P(s | s', a') D(s', a')
[puterman1994markov, sec. 6.9]; the return of the policy is Σ D(s, a) r(s, a). Linear equations
without a horizon, one pass a step with one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.errors import InputError
from alignlab.plain import plain
from alignlab.values.processes.bounds import EPS
from alignlab.values.processes.linear import (
    policy_matrix,
    policy_rewards,
    solve_policy,
    unsigned,
)
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.mdp_checks import narrow, reached_from
from alignlab.values.processes.policies import as_policy
from alignlab.values.processes.sweeps import Sweeps

if TYPE_CHECKING:
    import pandas as pd

    from alignlab.values.processes.solutions import SoftSolution, Solution

__all__ = ["Occupancy", "occupancy", "policy_values"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Occupancy:
    """Expected discounted visits of a policy.

    Attributes
    ----------
    mdp
        The process.
    state_actions
        D(s, a), shape (S, A): how often a is taken in s, later steps counting γ less each.
    states
        Shape (S,): the sums over actions, and for a terminal state how often it is arrived in.
        A state that a horizon cuts off in is not counted, as nothing is done there.
    error_bound
        The sum of all |errors| is at most this.
    """

    mdp: FiniteMDP
    state_actions: Floats
    states: Floats
    error_bound: float

    def __repr__(self) -> str:
        """Return the number of states and of discounted steps."""
        steps = float(self.state_actions.sum())
        return f"<Occupancy of {self.mdp.n_states:,} states, discounted steps: {steps:.6g}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "state_actions": plain(self.state_actions),
            "states": plain(self.states),
            "error_bound": plain(self.error_bound),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each state: its name, its visits, and those of each action."""
        import pandas as pd

        mdp = self.mdp
        return pd.DataFrame(
            {
                "state": [mdp.state_name(s) for s in range(mdp.n_states)],
                "visits": self.states,
                **{
                    f"does {mdp.action_name(a)}": self.state_actions[:, a]
                    for a in range(mdp.n_actions)
                },
                "terminal": mdp.terminal,
            }
        )


def occupancy(
    mdp: FiniteMDP,
    policy: ArrayLike | Solution | SoftSolution,
    *,
    tolerance: float = 1e-10,
    threads: int | None = None,
) -> Occupancy:
    """Return how often a policy visits each state and takes each action.

    Use it to see where a policy spends its time, and to compare it with demonstrations.

    Parameters
    ----------
    mdp
        The process.
    policy
        Actions (S,), probabilities (S, A), either for each step, or a solution; see `as_policy`.
    tolerance
        How large the sum of all |errors| may be, where there is no horizon.
    threads
        At most so many; `None` takes as many as there are cores. It changes no result.

    Raises
    ------
    InputError
        If this is no policy for the process, or with discount 1 one that does not end from where
        the process begins.

    Examples
    --------
    Of two states in a row each is visited once, the second a step later.

    >>> chain = FiniteMDP(np.eye(3)[[1, 2, 0]][:, None] * [[[1]], [[1]], [[0]]], [1.0, 1.0, 0.0],
    ...                   discount=0.5, initial=0)
    >>> occupancy(chain, [0, 0, 0]).states.tolist()
    [1.0, 0.5, 0.25]
    """
    checked = as_policy(mdp, policy)
    if mdp.horizon is not None:
        visits = np.zeros((mdp.n_states, mdp.n_actions))
        mass, arrived = mdp.initial.copy(), np.empty(mdp.n_states)
        with Sweeps(mdp, threads=threads) as sweeps:
            for step in range(mdp.horizon):
                sweeps.policy_forward(checked.probabilities(step), mass, arrived, visits)
                mass, arrived = arrived, mass
        error = mdp.horizon * _rounding(mdp, mdp.transitions) * visits.sum()
    else:
        done = checked.at(0)
        matrix = policy_matrix(mdp, done)
        alive = ~mdp.terminal
        if mdp.discount == 1:
            # Where it never comes it need not end.
            near = reached_from(matrix, mdp.initial > 0)
            matrix, alive = _only_rows(matrix, near), alive & near
        times = _ends_in(mdp, matrix, alive)
        states, residual = solve_policy(
            matrix,
            mdp.discount,
            mdp.initial,
            accuracy=max(tolerance / times, 1e-15 * times),
            transposed=True,
        )
        # The residual itself is known up to rounding.
        residual += _rounding(mdp, matrix) * (1 + 2 * float(np.abs(states).sum()))
        chosen = checked.probabilities(0)
        visits = states[:, None] * chosen
        error = residual * times
    inflow = mdp.initial + mdp.discount * (mdp.transitions.T @ visits.ravel())
    counted = np.where(mdp.terminal, inflow, visits.sum(axis=1))
    return Occupancy(mdp, visits, counted, float(error))


def policy_values(
    mdp: FiniteMDP,
    policy: ArrayLike | Solution | SoftSolution,
    *,
    tolerance: float = 1e-10,
    threads: int | None = None,
) -> Floats:
    """Return what a policy is worth from each state, shape (S,).

    Use it to ask what a policy found for one reward is worth under another
    (`mdp.with_rewards`).

    Parameters
    ----------
    mdp
        The process.
    policy
        See `occupancy`.
    tolerance
        How far a value may be off, in the unit of the rewards, where there is no horizon.
    threads
        At most so many; `None` takes as many as there are cores. It changes no result.

    Examples
    --------
    >>> loop = FiniteMDP(np.ones((1, 2, 1)), [[1.0, 3.0]], discount=0.5)
    >>> policy_values(loop, [[0.5, 0.5]]).round(9).tolist()
    [4.0]
    """
    checked = as_policy(mdp, policy)
    if mdp.horizon is None:
        done = checked.at(0)
        matrix = policy_matrix(mdp, done)
        accuracy = tolerance / _ends_in(mdp, matrix, ~mdp.terminal)
        paid = policy_rewards(mdp.expected_rewards, done)
        size = float(np.abs(paid).max(initial=0.0))
        return solve_policy(matrix, mdp.discount, paid, accuracy=max(accuracy, 1e-15 * size))[0]
    values, now = np.zeros(mdp.n_states), np.empty(mdp.n_states)
    with Sweeps(mdp, threads=threads) as sweeps:
        for step in range(mdp.horizon - 1, -1, -1):
            sweeps.policy(values, now, checked.probabilities(step))
            values, now = now, values
    return values


def _rounding(mdp: FiniteMDP, matrix: sparse.csr_array) -> float:
    """Return what rounding can do to what arrives in the states, for each unit that is there."""
    arriving = int(np.bincount(matrix.indices, minlength=1).max())
    return EPS * (arriving + mdp.n_actions + 4)


def _only_rows(matrix: sparse.csr_array, kept: NDArray[np.bool_]) -> sparse.csr_array:
    found = sparse.csr_array(sparse.diags_array(kept.astype(float)) @ matrix)
    found.eliminate_zeros()
    return narrow(found)


def _ends_in(mdp: FiniteMDP, matrix: sparse.csr_array, alive: NDArray[np.bool_]) -> float:
    """Return the most discounted steps that the policy can take from where something is done."""
    if mdp.discount < 1:
        return 1 / (1 - mdp.discount)
    _require_an_end(mdp, matrix, alive)
    return float(1.01 * solve_policy(matrix, 1.0, alive.astype(float), accuracy=1e-3)[0].max())


def _require_an_end(mdp: FiniteMDP, matrix: sparse.csr_array, alive: NDArray[np.bool_]) -> None:
    from alignlab.values.processes import kernels

    reached = ~alive
    pointers, targets, _ = unsigned(matrix)
    follow = np.ones((mdp.n_states, 1), dtype=bool)
    kernels.way_to_end(pointers, targets, follow, reached, np.zeros(mdp.n_states, np.int32))
    if not reached.all():
        raise InputError(
            f"With discount 1 the policy never ends from state "
            f"{mdp.state_name(int((~reached).argmax()))}, so what it is worth is not defined. Give "
            "a discount below 1 or a horizon, or another policy."
        )
