"""Soft-optimal planning: maximum causal entropy at a temperature.

    V(s) = T log Σ_a exp(Q(s, a) / T),    Q(s, a) = r(s, a) + γ Σ_s' P(s' | s, a) V(s'),

the most that expected reward plus T times the discounted causal entropy of the actions can be
[ziebart2010modeling, ch. 5-6]. As T falls it tends to the best value V*: 0 <= V - V* <= T log A /
(1 - γ). The backup is convex and monotone, so Newton's method, which solves the linear equations of
the current soft policy, rises to the fixed point from below [rust1987optimal]. With discount 1 it
begins at V*, whose soft policy surely ends; there may be no fixed point, as going on for ever can
be worth more entropy than it costs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, ModelError
from alignlab.values.processes.bounds import Discounted, rounding_of
from alignlab.values.processes.linear import policy_matrix, solve_policy
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.planning import best_that_ends, require_tolerance
from alignlab.values.processes.solutions import SoftSolution
from alignlab.values.processes.sweeps import Sweeps, require_temperature, soft_backward

__all__ = ["SoftSolution", "soft_solve"]

Floats = NDArray[np.float64]

STEPS = 500
"""Newton steps before giving up; a cold start in a large process takes dozens."""


def soft_solve(
    mdp: FiniteMDP,
    *,
    temperature: float = 1.0,
    tolerance: float = 1e-8,
    start: ArrayLike | None = None,
    threads: int | None = None,
) -> SoftSolution:
    """Find the soft-optimal values of a finite process.

    Use it as a model of people whose better actions are likelier rather than certain, and for
    inverse reinforcement learning. For the best policy, use `solve`.

    Parameters
    ----------
    mdp
        The process.
    temperature
        T > 0, in the unit of the rewards: how much worse an action must be to be e times rarer.
    tolerance
        How far values may be from the true ones, in the unit of the rewards.
    start
        Values near the answer, shape (S,), if some are known; they change how long it takes, and
        are ignored with a horizon.
    threads
        At most so many; `None` takes as many as there are cores. It changes no result.

    Returns
    -------
    SoftSolution

    Raises
    ------
    InputError
        If the temperature or the tolerance is none, or with discount 1 the values are infinite.

    References
    ----------
    [ziebart2010modeling], [rust1987optimal]

    Examples
    --------
    Two actions alike, for ever: each step is worth log 2 of entropy.

    >>> loop = FiniteMDP(np.ones((1, 2, 1)), [0.0], discount=0.5)
    >>> soft_solve(loop).values.round(6).tolist()
    [1.386294]
    """
    T = require_temperature(temperature)
    accuracy = require_tolerance(tolerance)
    if mdp.horizon is not None:
        values = soft_backward(mdp, temperature=T, threads=threads)
        size = float(np.abs(values).max())
        weights = mdp.discount ** np.arange(mdp.horizon)
        error = float(rounding_of(Sweeps(mdp, threads=1), size, T) * weights.sum())
        return SoftSolution(mdp, values, T, mdp.horizon, error)
    with Sweeps(mdp, threads=threads) as sweeps:
        found = None
        if start is not None:
            found = _newton(mdp, sweeps, _checked_start(mdp, start), T, accuracy, warm=True)
        if found is None:
            begin = _cold_start(mdp, sweeps, accuracy)
            found = None if begin is None else _newton(mdp, sweeps, begin, T, accuracy)
    if found is None:
        raise InputError(
            "The soft values are infinite, or too near to it for a digit to be certain: with "
            f"discount 1, at temperature {T:g}, going on is worth more entropy than it costs. They "
            f"are finite if every step costs more than {T * np.log(mdp.n_actions):.3g} (T log A); "
            "or give a discount below 1 or a horizon."
        )
    return found


def _checked_start(mdp: FiniteMDP, start: ArrayLike) -> Floats:
    begin = np.array(start, dtype=float)
    if begin.shape != (mdp.n_states,) or not np.isfinite(begin).all():
        raise InputError(
            f"start has shape {begin.shape}: give a finite value for each of {mdp.n_states} states."
        )
    begin[mdp.terminal] = 0.0
    return begin


def _cold_start(mdp: FiniteMDP, sweeps: Sweeps, tolerance: float) -> Floats | None:
    """Return values whose soft policy surely ends, if there are any."""
    if mdp.discount < 1:
        return np.zeros(mdp.n_states)
    # The best way to the end has a chance of 1/A at least in each state. From other values, even
    # 0, the soft policy may stay with a chance that no float tells from 1.
    try:
        return best_that_ends(mdp, sweeps, tolerance)
    except ModelError:
        return None


def _newton(
    mdp: FiniteMDP,
    sweeps: Sweeps,
    values: Floats,
    temperature: float,
    tolerance: float,
    *,
    warm: bool = False,
) -> SoftSolution | None:
    """Solve (I - γ P_π) d = TV - V for the soft policy π of V, and go to V + d; None if in vain."""
    discount = mdp.discount
    bounds = Discounted(discount, bool(mdp.terminal.any()))
    now = np.empty_like(values)
    chosen = np.empty((mdp.n_states, mdp.n_actions))
    for iterations in range(1, STEPS + 1):
        least, largest = sweeps.soft(values, now, temperature, chosen)
        change = max(-least, largest)
        rounding = rounding_of(sweeps, float(np.abs(values).max()), temperature)
        if discount < 1:
            rounding = bounds.rounding(sweeps, values, least, largest, temperature)
            error = bounds.error(least, largest, rounding)
            if error <= max(tolerance, 2 * rounding / (1 - discount)):
                now[~mdp.terminal] += bounds.shift(least, largest)
                return SoftSolution(mdp, now, temperature, iterations, error)
        elif change <= max(1e-3 * tolerance, rounding):
            error = _undiscounted(mdp, sweeps, values, change, rounding, temperature, chosen)
            if change <= rounding and not np.isfinite(error):
                break
            if error <= tolerance or change <= rounding:
                return SoftSolution(mdp, values, temperature, iterations, error)
        # Solved as far as the next step can use.
        floor = rounding if discount == 1 else max(rounding, 0.1 * (1 - discount) * tolerance)
        try:
            step, _ = solve_policy(
                policy_matrix(mdp, chosen),
                discount,
                now - values,
                accuracy=max(floor, 1e-2 * change if discount < 1 else 1e-6 * change),
            )
        except ModelError:
            break
        values = values + step
        if not np.abs(values).max() < LARGEST:
            break
    if discount == 1 or warm:
        return None
    now[~mdp.terminal] += bounds.shift(least, largest)
    return SoftSolution(mdp, now, temperature, iterations, error)


LARGEST = 1e15
"""Values beyond this have lost the unit that rewards are counted in."""


def _undiscounted(
    mdp: FiniteMDP,
    sweeps: Sweeps,
    values: Floats,
    change: float,
    rounding: float,
    temperature: float,
    chosen: Floats,
) -> float:
    """Return the error with discount 1: between V - 2δw and V + 2δw, if the backup says so."""
    delta = max(change, rounding) + rounding
    alive = np.where(mdp.terminal, 0.0, 1.0)
    try:
        time, _ = solve_policy(policy_matrix(mdp, chosen), 1.0, alive, accuracy=1e-3)
    except ModelError:
        return float("inf")
    room = np.empty_like(values)
    _, above = sweeps.soft(values + 2 * delta * time, room, temperature)
    below, _ = sweeps.soft(values - 2 * delta * time, room, temperature)
    if above > -rounding or below < rounding:
        return float("inf")
    return float(2 * delta * time.max(initial=0.0))
