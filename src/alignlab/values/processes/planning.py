"""The best that can be done in a finite process, and how far from it the answer can be.

    V*(s) = max_a [r(s, a) + γ Σ_s' P(s' | s, a) V*(s')],    V* = 0 where it has ended.

Value iteration backs up until the bound of `bounds` is below the tolerance; policy iteration solves
the linear equations of a policy and improves it where that gains [howard1960dynamic]; modified
policy iteration sweeps instead of solving [puterman1978modified]; the linear program
min Σ V, V >= r + γ P V, is solved by HiGHS and serves as an oracle [puterman1994markov, sec. 6.9].
With a horizon there is one backup a step. With discount 1 the best policy *that ends* is meant
[bertsekas2013stochastic].
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alignlab.errors import InputError, require_choice
from alignlab.values.processes.bounds import (
    Discounted,
    ends_surely,
    rounding_of,
    way_to_end,
)
from alignlab.values.processes.linear import (
    DIRECT,
    policy_matrix,
    policy_rewards,
    solve_policy,
    unsigned,
)
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.solutions import Solution
from alignlab.values.processes.sweeps import Sweeps

__all__ = [
    "METHODS",
    "Method",
    "Solution",
    "best_that_ends",
    "longest_time",
    "require_tolerance",
    "solve",
    "undiscounted_bound",
]

Floats = NDArray[np.float64]
Actions = NDArray[np.int32]

Method = Literal[
    "policy iteration", "value iteration", "modified policy iteration", "linear programming"
]

METHODS: tuple[str, ...] = Method.__args__  # type: ignore[attr-defined]

MODIFIED: Method = "modified policy iteration"

WARM = 2_000
"""Backups before discount 1 is finished by policy iteration."""


def solve(
    mdp: FiniteMDP,
    *,
    method: Method | None = None,
    tolerance: float = 1e-8,
    threads: int | None = None,
) -> Solution:
    """Find the best values and actions of a finite process.

    Use it where the transitions are known. Where people's choices are to be explained rather than
    the best ones found, use `soft_solve`.

    Parameters
    ----------
    mdp
        The process.
    method
        "policy iteration" is exact to rounding; "modified policy iteration" is the quick one for
        many states; "value iteration" is the plain one; "linear programming" is an independent
        check for small processes. `None` takes the first up to 2,500 states and the second beyond.
        With a horizon, all of them are backward induction.
    tolerance
        How far values may be from the optimal ones, in the unit of the rewards. Where rounding, or
        discount 1, allows no such certainty, `error_bound` says what was reached.
    threads
        At most so many; `None` takes as many as there are cores. It changes no result.

    Returns
    -------
    Solution

    Raises
    ------
    InputError
        If the tolerance or the method is none, or with discount 1 a loop earns reward for ever.

    References
    ----------
    [howard1960dynamic], [puterman1978modified], [puterman1994markov]

    Examples
    --------
    Going round pays 1 a step, and 1 / (1 - 0.9) in all; leaving pays 5 once.

    >>> stay_or_leave = FiniteMDP(np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]]),
    ...                           [[1, 5], [0, 0]], discount=0.9)
    >>> best = solve(stay_or_leave)
    >>> best.values.round(6).tolist(), best.policy[0], best.error_bound < 1e-8
    ([10.0, 0.0], np.int32(0), True)
    """
    if method is None:
        method = "policy iteration" if mdp.n_states <= DIRECT else MODIFIED
    require_choice(method, METHODS, what="method")
    accuracy = require_tolerance(tolerance)
    with Sweeps(mdp, threads=threads) as sweeps:
        if mdp.horizon is not None:
            return _backward_induction(mdp, sweeps, mdp.horizon)
        if method == "linear programming":
            return _linear_program(mdp, sweeps)
        if mdp.discount == 1:
            start = None if method == "policy iteration" else _warm(mdp, sweeps, accuracy)
            return _undiscounted(mdp, sweeps, accuracy, method, start)
        if method == "policy iteration":
            return _policy_iteration(mdp, sweeps, accuracy)
        return _value_iteration(mdp, sweeps, accuracy, method)


def _backward_induction(mdp: FiniteMDP, sweeps: Sweeps, horizon: int) -> Solution:
    values = np.zeros((horizon + 1, mdp.n_states))
    policy = np.zeros((horizon, mdp.n_states), np.int32)
    error = 0.0
    for step in range(horizon - 1, -1, -1):
        sweeps.hard(values[step + 1], values[step], policy[step])
        size = float(np.abs(values[step + 1]).max())
        error = mdp.discount * error + rounding_of(sweeps, size)
    return Solution(mdp, values, policy, horizon, error, "backward induction")


def _value_iteration(mdp: FiniteMDP, sweeps: Sweeps, tolerance: float, method: Method) -> Solution:
    """Back up until certain; modified policy iteration sweeps its policy in between."""
    bounds = Discounted(mdp.discount, bool(mdp.terminal.any()))
    values, now = np.zeros(mdp.n_states), np.empty(mdp.n_states)
    policy = np.zeros(mdp.n_states, np.int32)
    iterations = 0
    while True:
        least, largest = sweeps.hard(values, now, policy)
        iterations += 1
        rounding = bounds.rounding(sweeps, values, least, largest)
        error = bounds.error(least, largest, rounding)
        if error <= max(tolerance, 2 * rounding / (1 - mdp.discount)):
            break
        values, now = now, values
        if method == MODIFIED:
            # As far as a tenth of what improving still changes: more would be thrown away.
            _sweep_policy(mdp, sweeps.rewards, policy, values, 0.1 * max(-least, largest))
    now[~mdp.terminal] += bounds.shift(least, largest)
    return Solution(mdp, now, policy, iterations, error, method)


def _sweep_policy(
    mdp: FiniteMDP, rewards: Floats, policy: Actions, values: Floats, enough: float
) -> None:
    """Move values towards those of a policy, by Gauss-Seidel: each sweep crosses the process."""
    from alignlab.values.processes import kernels

    matrix, paid = policy_matrix(mdp, policy), policy_rewards(rewards, policy)
    for _ in range(10):
        before = values.copy()
        kernels.relax(*unsigned(matrix), mdp.discount, paid, values, 2)
        if float(np.abs(values - before).max()) <= enough:
            return


def _policy_iteration(mdp: FiniteMDP, sweeps: Sweeps, tolerance: float) -> Solution:
    bounds = Discounted(mdp.discount, bool(mdp.terminal.any()))
    now, policy = np.zeros(mdp.n_states), np.zeros(mdp.n_states, np.int32)
    if mdp.n_states > DIRECT:
        # News of a far reward crosses a process by one state a policy, but at once by sweeps.
        size = float(np.abs(sweeps.rewards).max()) / (1 - mdp.discount)
        near = _value_iteration(mdp, sweeps, max(tolerance, 1e-4 * size), MODIFIED)
        now = near.values
    values, choice = now.copy(), np.empty(mdp.n_states, np.int32)
    least, largest = sweeps.hard(values, now, choice)
    policy[:] = choice
    exact = 0.25 * (1 - mdp.discount) * tolerance
    accuracy = max(exact, 0.05 * max(-least, largest))
    iterations = 0
    while True:
        iterations += 1
        matrix, paid = policy_matrix(mdp, policy), policy_rewards(sweeps.rewards, policy)
        rounding = rounding_of(sweeps, float(np.abs(now).max()))
        accuracy = max(accuracy, rounding)
        values, _ = solve_policy(matrix, mdp.discount, paid, accuracy=accuracy, guess=now)
        least, largest = sweeps.hard(values, now, choice)
        rounding = bounds.rounding(sweeps, values, least, largest)
        error = bounds.error(least, largest, rounding)
        if error <= max(tolerance, 2 * rounding / (1 - mdp.discount)):
            break
        better = now - values > accuracy
        if not better.any():
            if accuracy <= max(exact, rounding):
                break
            accuracy = max(exact, 0.01 * accuracy)
            continue
        policy[better] = choice[better]
        # Early policies are thrown away, so they are evaluated roughly.
        accuracy = max(exact, min(accuracy, 0.02 * max(-least, largest)))
    now[~mdp.terminal] += bounds.shift(least, largest)
    return Solution(mdp, now, choice, iterations, error, "policy iteration")


def _undiscounted(
    mdp: FiniteMDP, sweeps: Sweeps, tolerance: float, method: str, start: Actions | None
) -> Solution:
    """Improve a policy that ends, only where that gains, so that the next one ends too.

    If one of them does not, the changed states on its loop gain at each round: the loop pays.
    """
    values, policy, iterations, residual = _improve(mdp, sweeps, tolerance, start)
    rounding = rounding_of(sweeps, float(np.abs(values).max()))
    error = undiscounted_bound(mdp, sweeps, values, residual, rounding)
    return Solution(mdp, values, policy, iterations, error, method)


def _improve(
    mdp: FiniteMDP, sweeps: Sweeps, tolerance: float, start: Actions | None
) -> tuple[Floats, Actions, int, float]:
    policy = way_to_end(mdp, mdp.available)[0] if start is None else start
    values, now = np.zeros(mdp.n_states), np.empty(mdp.n_states)
    choice = np.empty(mdp.n_states, np.int32)
    iterations = 0
    while True:
        iterations += 1
        matrix, paid = policy_matrix(mdp, policy), policy_rewards(sweeps.rewards, policy)
        rounding = rounding_of(sweeps, float(np.abs(values).max()))
        accuracy = max(1e-3 * tolerance, rounding)
        values, residual = solve_policy(matrix, 1.0, paid, accuracy=accuracy, guess=values)
        _, largest = sweeps.hard(values, now, choice)
        better = now - values > 4 * max(accuracy, residual)
        if not better.any():
            return values, policy, iterations, max(residual, largest)
        policy = np.where(better, choice, policy)
        done = np.zeros((mdp.n_states, mdp.n_actions), dtype=bool)
        done[np.arange(mdp.n_states), policy] = True
        if not way_to_end(mdp, done & mdp.available)[1]:
            state = _on_a_loop(mdp, policy)
            raise InputError(
                f"With discount 1 a loop through state {mdp.state_name(state)} earns reward for "
                "ever, so no value is the best. Give a discount below 1 or a horizon, or make the "
                "loop cost something."
            )


def best_that_ends(mdp: FiniteMDP, sweeps: Sweeps, tolerance: float) -> Floats:
    """Return the values of the best policy that ends, with discount 1; raise if a loop pays."""
    start = None if mdp.n_states <= DIRECT else _warm(mdp, sweeps, tolerance)
    return _improve(mdp, sweeps, tolerance, start)[0]


def _on_a_loop(mdp: FiniteMDP, policy: Actions) -> int:
    """Return a state of a set that the policy never leaves."""
    from scipy.sparse.csgraph import connected_components

    matrix = policy_matrix(mdp, policy)
    count, label = connected_components(matrix, directed=True, connection="strong")
    entries = matrix.tocoo()
    left = np.zeros(count, dtype=bool)
    left[label[entries.row[label[entries.row] != label[entries.col]]]] = True
    left[label[mdp.terminal]] = True
    return int((~left[label]).argmax())


def undiscounted_bound(
    mdp: FiniteMDP, sweeps: Sweeps, values: Floats, residual: float, rounding: float
) -> float:
    """Return the largest |V* - V| with discount 1, or infinity if none can be certified.

    V* <= U for any U with TU <= U if every policy that is considered ends
    [bertsekas2013stochastic]; U = V + 2δw, w being the longest expected time that nearly optimal
    play can last.

    Parameters
    ----------
    mdp, sweeps
        The process, and its backups.
    values
        V, the values of a policy that ends, which no action improves by more than `residual`.
    residual
        The largest |TV - V|, and of the policy's own equations.
    rounding
        What rounding can do to a backup.
    """
    delta = max(residual, rounding) + rounding
    scale = max(float(np.abs(values).max(initial=0.0)), 1e-300)
    worse = values[:, None] - sweeps.action_values(values)
    near = mdp.available & (worse <= max(1e-6 * scale, 2 * delta))
    if not ends_surely(mdp, near):
        return float("inf")
    time = 1.01 * longest_time(_only(mdp, near))
    above = np.where(mdp.terminal, 0.0, values + 2 * delta * time)
    now = np.empty_like(values)
    _, largest = sweeps.hard(above, now, np.empty(mdp.n_states, np.int32))
    if largest > -rounding:
        return float("inf")
    return float(2 * delta * time.max(initial=0.0))


def longest_time(mdp: FiniteMDP) -> Floats:
    """Return the longest expected number of steps to the end; every policy must end."""
    paid = mdp.with_rewards(np.ones(mdp.n_states))
    with Sweeps(paid) as sweeps:
        return _improve(paid, sweeps, 1e-6, None)[0]


def _only(mdp: FiniteMDP, allowed: NDArray[np.bool_]) -> FiniteMDP:
    """Return the process with nothing but the allowed actions, each step paying 1."""
    matrix = mdp.transitions
    sizes = np.diff(matrix.indptr)
    kept = np.repeat(allowed.ravel(), sizes)
    pointers = np.concatenate([[0], np.cumsum(np.where(allowed.ravel(), sizes, 0))])
    fewer = sparse.csr_array((matrix.data[kept], matrix.indices[kept], pointers), matrix.shape)
    return FiniteMDP(fewer, np.ones(mdp.n_states), discount=1.0, terminal=mdp.terminal)


def _warm(mdp: FiniteMDP, sweeps: Sweeps, tolerance: float) -> Actions | None:
    """Return a policy that ends among the actions that value iteration finds best, or none."""
    policy, _ = way_to_end(mdp, mdp.available)
    matrix, paid = policy_matrix(mdp, policy), policy_rewards(sweeps.rewards, policy)
    # From below: a policy's own values rise to the best of those that end.
    values, _ = solve_policy(matrix, 1.0, paid, accuracy=tolerance)
    now = np.empty_like(values)
    for _ in range(WARM):
        _, largest = sweeps.hard(values, now, policy)
        values, now = now, values
        if largest <= tolerance:
            break
    near = mdp.available & (sweeps.action_values(values) >= values[:, None] - 10 * tolerance)
    found, ends = way_to_end(mdp, near)
    return found if ends else None


def _linear_program(mdp: FiniteMDP, sweeps: Sweeps) -> Solution:
    from scipy.optimize import linprog

    S, A = mdp.n_states, mdp.n_actions
    rows = np.flatnonzero(mdp.available)
    states = sparse.csr_array(
        (np.ones(len(rows)), (np.arange(len(rows)), rows // A)), (len(rows), S)
    )
    # In the unit of the largest reward: HiGHS knows only absolute tolerances.
    unit = sweeps.largest_reward or 1.0
    limits = np.where(mdp.terminal[:, None], 0.0, [[-np.inf, np.inf]])
    found: Any = linprog(  # type: ignore[call-overload]
        np.ones(S),
        A_ub=mdp.discount * mdp.transitions[rows] - states,
        b_ub=-sweeps.rewards.ravel()[rows] / unit,
        bounds=limits,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise InputError(
            "The linear program has no solution: with discount 1 a loop earns reward for ever. "
            "Give a discount below 1 or a horizon."
            if mdp.discount == 1
            else f"HiGHS did not solve the linear program: {found.message}"
        )
    values = unit * np.asarray(found.x)
    now, policy = np.empty(S), np.empty(S, np.int32)
    least, largest = sweeps.hard(values, now, policy)
    rounding = rounding_of(sweeps, float(np.abs(values).max()))
    iterations = int(found.nit)
    if mdp.discount == 1:
        # A vertex of the program is the value of actions without slack that end.
        residual = max(-least, largest)
        slack = max(4 * max(residual, rounding), 1e-12 * unit)
        near = mdp.available & (sweeps.action_values(values) >= values[:, None] - slack)
        policy, ends = way_to_end(mdp, near)
        error = undiscounted_bound(mdp, sweeps, values, residual, rounding) if ends else np.inf
        return Solution(mdp, values, policy, iterations, error, "linear programming")
    error = Discounted(mdp.discount, ends=True).error(least, largest, rounding)
    return Solution(mdp, now, policy, iterations, error, "linear programming")


def require_tolerance(tolerance: float) -> float:
    """Return the tolerance as a float; raise if it is not a finite number above 0."""
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise InputError(f"tolerance={tolerance!r} is not a number above 0.")
    return float(tolerance)
