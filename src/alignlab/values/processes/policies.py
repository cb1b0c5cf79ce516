"""What counts as a policy: actions or probabilities, for all steps or for each; checked once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.mdp_checks import SUM_TOLERANCE

__all__ = ["Policy", "PolicyLike", "as_policy"]

PolicyLike = "ArrayLike | Solution | SoftSolution"


@dataclass(frozen=True, eq=False)
class Policy:
    """A checked policy: what is done at a step.

    Attributes
    ----------
    at
        From a step to actions of shape (S,) or probabilities of shape (S, A).
    stationary
        Whether it is the same at every step.
    available
        Which actions can be taken, shape (S, A).
    """

    at: Callable[[int], NDArray[Any]]
    stationary: bool
    available: NDArray[np.bool_]

    def probabilities(self, step: int) -> NDArray[np.float64]:
        """Return what is done at a step as probabilities, shape (S, A); none in terminal states."""
        done = self.at(step)
        if done.ndim == 2:
            return done
        chances = np.zeros(self.available.shape)
        chances[np.arange(len(done)), done] = 1.0
        return np.where(self.available, chances, 0.0)


def as_policy(mdp: FiniteMDP, policy: Any) -> Policy:
    """Return what was given as a policy for this process; probabilities divided by their sums.

    Parameters
    ----------
    mdp
        The process.
    policy
        Actions of shape (S,), probabilities of shape (S, A), either of them for each step,
        (H, S) or (H, S, A), or what `solve` or `soft_solve` returned. What it says about terminal
        states does not matter.

    Raises
    ------
    InputError
        If shapes don't fit, probabilities don't sum to one, or it takes an action that is not
        available.
    """
    from alignlab.values.processes.solutions import SoftSolution, Solution

    S, A, H = mdp.n_states, mdp.n_actions, mdp.horizon
    if isinstance(policy, SoftSolution):
        if policy.mdp.transitions.shape != mdp.transitions.shape or policy.mdp.horizon != H:
            raise InputError("The policy was solved for a process of another size or horizon.")
        # One step at a time: all of them together are H times as large as the process.
        if H is None:
            fixed = _stationary(mdp, policy.policy())
            return Policy(lambda step: fixed, True, mdp.available)
        return Policy(lambda step: _stationary(mdp, policy.policy(step)), False, mdp.available)
    given = np.asarray(policy.policy if isinstance(policy, Solution) else policy)
    if given.ndim == 0 or given.dtype.kind not in "iufb":
        raise InputError(
            f"The policy is {policy!r}: give actions of shape ({S},), probabilities of shape "
            f"({S}, {A}), or a solution."
        )
    # (H, S) and (S, A) are told apart by their sizes; where both fit, whole numbers are actions.
    by_step = given.ndim == 3 or (
        given.ndim == 2 and given.shape == (H, S) and (given.shape != (S, A) or _whole(given))
    )
    if not by_step:
        done = _stationary(mdp, given)
        return Policy(lambda step: done, True, mdp.available)
    if H is None or len(given) != H:
        raise InputError(
            f"The policy has shape {given.shape}, one row a step; the process has "
            f"{'no horizon' if H is None else f'a horizon of {H}'}."
        )
    steps = [_stationary(mdp, each) for each in given]
    return Policy(lambda step: steps[step], False, mdp.available)


def _whole(given: NDArray[Any]) -> bool:
    return given.dtype.kind in "iu"


def _stationary(mdp: FiniteMDP, given: NDArray[Any]) -> NDArray[Any]:
    S, A = mdp.n_states, mdp.n_actions
    if given.shape == (S,):
        if not (_whole(given) and ((given >= 0) & (given < A)).all()):
            state = int(np.argmax(~np.isin(given, np.arange(A))))
            raise InputError(
                f"The policy does {given[state]} in state {mdp.state_name(state)}: actions are "
                f"whole numbers from 0 to {A - 1}."
            )
        allowed = mdp.available[np.arange(S), given] | mdp.terminal
        if not allowed.all():
            state = int((~allowed).argmax())
            _not_available(mdp, state, int(given[state]))
        return given
    if given.shape != (S, A):
        raise InputError(
            f"The policy has shape {given.shape}: give actions of shape ({S},) or probabilities "
            f"of shape ({S}, {A})."
        )
    chances = given.astype(float)
    sums = chances.sum(axis=1)
    off = ~((chances >= 0).all(axis=1) & (np.abs(sums - 1) <= SUM_TOLERANCE))
    off &= ~mdp.terminal
    if off.any():
        state = int(off.argmax())
        raise InputError(
            f"The policy's probabilities in state {mdp.state_name(state)} are "
            f"{chances[state].round(6).tolist()}: they lie between 0 and 1 and sum to 1."
        )
    wrong = (chances > 0) & ~mdp.available & ~mdp.terminal[:, None]
    if wrong.any():
        state, action = (int(at) for at in np.argwhere(wrong)[0])
        _not_available(mdp, state, action)
    # What is rounded to six digits, or float32, is off by so much in each of 1 / (1 - γ) steps.
    chances /= np.where(mdp.terminal, 1.0, sums)[:, None]
    chances[mdp.terminal] = 0.0
    return chances


def _not_available(mdp: FiniteMDP, state: int, action: int) -> None:
    raise InputError(
        f"The policy does {mdp.action_name(action)} in state {mdp.state_name(state)}, where it is "
        "not available."
    )
