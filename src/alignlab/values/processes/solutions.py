"""What planning returns: values, policy, and how sure the values are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.plain import plain
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.sweeps import Sweeps

if TYPE_CHECKING:
    import pandas as pd

    from alignlab.charts import Chart

__all__ = ["SoftSolution", "Solution"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """The best values of a process and a policy that reaches them.

    Attributes
    ----------
    mdp
        The process.
    values
        V*(s), shape (S,); with a horizon (H + 1, S), the last row 0.
    policy
        A best action in each state, shape (S,); with a horizon (H, S). 0 in a terminal state.
    iterations
        Improvements of the policy, backups, or steps of the simplex method.
    error_bound
        max |values - V*| is at most this; infinity where nothing is certain.
    method
        How it was found.
    """

    mdp: FiniteMDP
    values: Floats
    policy: NDArray[np.int32]
    iterations: int
    error_bound: float
    method: str

    def __repr__(self) -> str:
        """Return how it was found and how sure it is; the arrays are attributes."""
        return (
            f"<Solution of {self.mdp.n_states:,} states by {self.method}, "
            f"iterations: {self.iterations:,}, error at most {self.error_bound:.2g}>"
        )

    def action_values(self, step: int = 0) -> Floats:
        """Return Q(s, a), shape (S, A); minus infinity where an action is not available.

        Parameters
        ----------
        step
            With a horizon, before which step.
        """
        return _action_values(self.mdp, self.values, step)

    def optimal_actions(
        self, tolerance: float | None = None, *, step: int = 0
    ) -> NDArray[np.bool_]:
        """Return which actions are as good as the best, shape (S, A).

        Compare these sets, never `policy`: which of two equal actions it names is chance.

        Parameters
        ----------
        tolerance
            How much worse than the best still counts as equal; `None` takes what the error of the
            values and rounding could have made.
        step
            With a horizon, before which step.
        """
        if tolerance is None:
            scale = float(np.abs(self.values).max(initial=1.0))
            error = self.error_bound if np.isfinite(self.error_bound) else 0.0
            tolerance = 2 * error + 1e-9 * scale
        q = self.action_values(step)
        return self.mdp.available & (q >= q.max(axis=1, keepdims=True) - tolerance)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "method": self.method,
            "iterations": self.iterations,
            "error_bound": plain(self.error_bound),
            "discount": self.mdp.discount,
            "horizon": self.mdp.horizon,
            "values": plain(self.values),
            "policy": plain(self.policy),
        }

    def to_frame(self, *, step: int = 0) -> pd.DataFrame:
        """Return a row for each state: its name, value, best action, and whether it is terminal."""
        import pandas as pd

        values, policy = np.atleast_2d(self.values)[step], np.atleast_2d(self.policy)[step]
        mdp = self.mdp
        return pd.DataFrame(
            {
                "state": [mdp.state_name(s) for s in range(mdp.n_states)],
                "value": values,
                "action": [
                    None if mdp.terminal[s] else mdp.action_name(int(a))
                    for s, a in enumerate(policy)
                ],
                "terminal": mdp.terminal,
            }
        )

    def chart(self, question: str = "What is each state worth, and what is best there?") -> Chart:
        """Draw the values and best actions: on the grid where there is one."""
        from alignlab.values.processes.pictures import values_chart

        return values_chart(
            self.mdp, np.atleast_2d(self.values)[0], self.optimal_actions(), question=question
        )


@dataclass(frozen=True, eq=False, repr=False)
class SoftSolution:
    """Soft-optimal values: those of acting with probabilities exp(Q / T) over their sum.

    Attributes
    ----------
    mdp
        The process.
    values
        V(s) = T log Σ_a exp(Q(s, a) / T), shape (S,); with a horizon (H + 1, S), the last row 0.
    temperature
        T, in the unit of the rewards.
    iterations
        Newton steps, or with a horizon backups.
    error_bound
        The values are at most so far from the true ones.
    """

    mdp: FiniteMDP
    values: Floats
    temperature: float
    iterations: int
    error_bound: float

    def __repr__(self) -> str:
        """Return the temperature and how sure it is; the arrays are attributes."""
        return (
            f"<SoftSolution of {self.mdp.n_states:,} states at temperature {self.temperature:g}, "
            f"iterations: {self.iterations:,}, error at most {self.error_bound:.2g}>"
        )

    def action_values(self, step: int = 0) -> Floats:
        """Return Q(s, a), shape (S, A); minus infinity where an action is not available."""
        return _action_values(self.mdp, self.values, step)

    def policy(self, step: int = 0) -> Floats:
        """Return the probabilities of the actions, shape (S, A); 0 in terminal states.

        Parameters
        ----------
        step
            With a horizon, at which step.
        """
        after = _after(self.mdp, self.values, step)
        chosen = np.empty((self.mdp.n_states, self.mdp.n_actions))
        with Sweeps(self.mdp) as sweeps:
            sweeps.soft(after, np.empty_like(after), self.temperature, chosen)
        return chosen

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "temperature": self.temperature,
            "iterations": self.iterations,
            "error_bound": plain(self.error_bound),
            "discount": self.mdp.discount,
            "horizon": self.mdp.horizon,
            "values": plain(self.values),
        }

    def to_frame(self, *, step: int = 0) -> pd.DataFrame:
        """Return a row for each state: its name, value, and the probability of each action."""
        import pandas as pd

        mdp, chosen = self.mdp, self.policy(step)
        return pd.DataFrame(
            {
                "state": [mdp.state_name(s) for s in range(mdp.n_states)],
                "value": np.atleast_2d(self.values)[step],
                **{f"does {mdp.action_name(a)}": chosen[:, a] for a in range(mdp.n_actions)},
                "terminal": mdp.terminal,
            }
        )

    def chart(self, question: str = "What is each state worth, and what is done there?") -> Chart:
        """Draw the values and what is done how often: on the grid where there is one."""
        from alignlab.values.processes.pictures import values_chart

        return values_chart(
            self.mdp, np.atleast_2d(self.values)[0], self.policy(), question=question
        )


def _after(mdp: FiniteMDP, values: Floats, step: int) -> Floats:
    """Return the values that a step leads to."""
    steps = 1 if mdp.horizon is None else mdp.horizon
    if not 0 <= step < steps:
        raise InputError(
            f"step={step!r}: the process has "
            + ("no horizon, so every step is step 0." if steps == 1 else f"steps 0 to {steps - 1}.")
        )
    return values if mdp.horizon is None else values[step + 1]


def _action_values(mdp: FiniteMDP, values: Floats, step: int) -> Floats:
    after = _after(mdp, values, step)
    with Sweeps(mdp) as sweeps:
        return sweeps.action_values(after)
