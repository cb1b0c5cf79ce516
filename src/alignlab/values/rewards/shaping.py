"""Potential-based shaping: rewards that guide an agent and change no preference among policies.

A potential Φ gives each state a number; the shaped reward is [ng1999policy, eq. 2]

    r'(s, a, s') = r(s, a, s') + γ Φ(s') - Φ(s),        Φ(terminal) = 0,

with the agent's own discount γ. Along any way on from s the added rewards telescope to -Φ(s), so
every policy gains the same and none overtakes another; with γ = 1 that is every policy that ends,
while one that goes on for ever keeps the potential of where it stays (`check_shaping` looks).

At a fixed horizon the sum is γ^H Φ(s_H) - Φ(s_0), which the agent can steer by where it stops:
time-invariant potentials keep the policies' order only where no policy can change the expectation
of Φ(s_H).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.rewards.steps import Steps

if TYPE_CHECKING:
    import gymnasium

__all__ = ["potential_shaping"]

Floats = NDArray[np.float64]

HORIZON_TOLERANCE = 1e-9
"""How much, relative to the largest potential, policies may differ in what the horizon leaves."""


@overload
def potential_shaping(
    process: FiniteMDP,
    potential: ArrayLike | Callable[[int], float],
    *,
    discount: float | None = None,
) -> FiniteMDP: ...


@overload
def potential_shaping(
    process: gymnasium.Env[Any, Any],
    potential: ArrayLike | Callable[[Any], float],
    *,
    discount: float | None = None,
) -> gymnasium.Wrapper[Any, Any, Any, Any]: ...


def potential_shaping(
    process: FiniteMDP | gymnasium.Env[Any, Any],
    potential: ArrayLike | Callable[[Any], float],
    *,
    discount: float | None = None,
) -> FiniteMDP | gymnasium.Wrapper[Any, Any, Any, Any]:
    """Add the differences of a potential to a reward.

    Use it to make a sparse reward easier to learn from without changing what is best. To see
    whether a reward that somebody else added is of this kind, use `check_shaping`.

    Parameters
    ----------
    process
        A `FiniteMDP`, or a Gymnasium environment.
    potential
        Φ: for a `FiniteMDP` an array of shape (S,), 0 at terminal states, or a function of the
        state's number, asked for no terminal state. For an environment a function of the
        observation, or an array where observations are `Discrete`.
    discount
        The agent's γ. A `FiniteMDP` knows it, an environment does not.

    Returns
    -------
    FiniteMDP or gymnasium.Wrapper
        The same process with rewards r(s, a, s'). In an environment, Φ is 0 after a step that
        *terminates*, but stays Φ(s') after one that is merely *truncated*: an agent bootstraps
        there, and the potential with it. `info` carries "original_reward" and "shaping".

    Raises
    ------
    InputError
        If the potential has another length, a number that is not finite, or one other than 0 at a
        terminal state; if the discount is not the agent's; if a horizon would let policies differ
        in what shaping adds.

    References
    ----------
    [ng1999policy], [grzes2017reward]

    Examples
    --------
    >>> chain = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0, 1, 0], discount=0.9)
    >>> shaped = potential_shaping(chain, [1.0, 2.0, 0.0])
    >>> shaped.expected_rewards.ravel().round(12).tolist()
    [0.8, -1.0, 0.0]
    """
    if isinstance(process, FiniteMDP):
        if discount is not None and discount != process.discount:
            raise InputError(
                f"discount={discount!r} is not the process's, {process.discount:g}: a potential "
                "discounted otherwise than the agent's returns changes what is best. Leave it out."
            )
        return _shaped(process, as_potential(process, potential))
    from alignlab.values.rewards.shaped_environment import shaped_environment

    return shaped_environment(process, potential, discount=discount)


def as_potential(process: FiniteMDP, potential: ArrayLike | Callable[[int], float]) -> Floats:
    """Return a potential as an array, checked: one finite number a state, 0 at terminal states."""
    if callable(potential):
        given = np.zeros(process.n_states)
        for state in np.flatnonzero(~process.terminal).tolist():
            given[state] = potential(state)
    else:
        given = np.array(potential, float)
    if given.shape != (process.n_states,):
        raise InputError(
            f"potential has shape {given.shape}: give one number for each of {process.n_states} "
            "states."
        )
    if not np.isfinite(given).all():
        state = int((~np.isfinite(given)).argmax())
        raise InputError(
            f"the potential of state {process.state_name(state)} is {given[state]}: give a finite "
            "number."
        )
    wrong = process.terminal & (given != 0)
    if wrong.any():
        state = int(wrong.argmax())
        raise InputError(
            f"the potential of terminal state {process.state_name(state)} is {given[state]:g}: an "
            "end pays nothing back, so anything but 0 there changes what is best. Give 0 to every "
            "state that ends it."
        )
    return given


def _shaped(process: FiniteMDP, potential: Floats) -> FiniteMDP:
    if process.horizon is not None:
        _require_no_steering(process, potential)
    steps = Steps(process)
    added = process.discount * potential[steps.target] - potential[steps.source]
    return process.with_rewards(steps.as_rewards(steps.paid(process.rewards) + added))


def _require_no_steering(process: FiniteMDP, potential: Floats) -> None:
    """Raise if policies differ in the expected potential of where the horizon stops them."""
    shape = (process.n_states, process.n_actions)
    most = least = potential
    for _ in range(process.horizon or 0):
        most, least = (
            np.where(
                process.terminal,
                0.0,
                choose(
                    np.where(
                        process.available,
                        process.discount * (process.transitions @ left).reshape(shape),
                        worst,
                    ),
                    axis=1,
                ),
            )
            for left, choose, worst in ((most, np.max, -np.inf), (least, np.min, np.inf))
        )
    spread = float(process.initial @ (most - least))
    if spread > HORIZON_TOLERANCE * max(float(np.abs(potential).max(initial=0.0)), 1e-300):
        raise InputError(
            f"with horizon={process.horizon} policies differ by up to {spread:.3g} in the "
            "potential of the state they are stopped in, so shaping would change what is best. "
            "Leave the horizon out (in Python: .replace(horizon=None)), or make the step number "
            "part of the state."
        )
