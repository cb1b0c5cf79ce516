"""One reward for all that order policies alike: value-adjusted levelling, and the least norm.

Shaping and averaging over where a step arrives change no policy's rank. The first is removed, in
expectation, by the values V of one fixed policy π [skalse2024starc]:

    C(r)(s, a) = E[r(s, a, S') + γ V(S')] - V(s),    which is π's advantage;

here π is uniform over the available actions. The other choice is the reward of least Euclidean norm
among all r(s, a) + γ E[Φ(S')] - Φ(s), a sparse least-squares problem.
Terminal states have the value and the potential 0; states that are not reached do not count. Two
rewards have the same C where every policy's return differs by the same amount; C is linear, so a
scale stays a scale.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import lsmr

from alignlab.errors import InputError, require_choice
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.occupancy import policy_values
from alignlab.values.rewards.steps import levelled, reached, reward_scale

__all__ = ["CANONICALISATIONS", "Canonicalisation", "canonical_reward", "uniform_policy"]

Floats = NDArray[np.float64]

Canonicalisation = Literal["value-adjusted levelling", "minimal"]

SOLVED = 1e-12
"""How far values may be off, relative to the largest reward, where rounding allows it."""

CANONICALISATIONS: tuple[Canonicalisation, ...] = ("value-adjusted levelling", "minimal")


def canonical_reward(
    process: FiniteMDP,
    rewards: sparse.sparray | sparse.spmatrix | ArrayLike,
    *,
    method: Canonicalisation = "value-adjusted levelling",
    policy: ArrayLike | None = None,
) -> Floats:
    """Return what is left of a reward when everything that orders no policies is removed.

    Use it before rewards are plotted side by side, averaged or correlated: a raw difference of two
    rewards means nothing. Use `starc_distance` for one number.

    Parameters
    ----------
    process
        Without a horizon: with one, potentials that change with time would have to be removed too.
    rewards
        In one of the three forms of `FiniteMDP`.
    method
        "value-adjusted levelling": the advantage of a policy, by one linear solve. "minimal": the
        reward of least Euclidean norm.
    policy
        For the levelling: shape (S,) or (S, A); `None` is uniform over available actions.

    Returns
    -------
    Shape (S, A); 0 where an action is not available, and in states that are not reached from the
    beginning, whatever they pay: no policy's return knows them. With discount 0 these are all but
    the first.

    Raises
    ------
    InputError
        If the process has a horizon, or the rewards do not fit it.

    References
    ----------
    [skalse2024starc]

    Examples
    --------
    A way to the end with a stop, where one action pays 2, and one without. Paying 3 for both
    actions at the stop says nothing about them, only that the stop is worth making.

    >>> fork = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
    ...                  [[0, 0], [0, 2], [0, 0]], discount=0.5)
    >>> canonical_reward(fork, fork.rewards).round(12).tolist()
    [[0.25, -0.25], [-1.0, 1.0], [0.0, 0.0]]
    >>> canonical_reward(fork, [0, 3, 0]).round(12).tolist()
    [[0.75, -0.75], [0.0, 0.0], [0.0, 0.0]]
    """
    require_choice(method, CANONICALISATIONS, what="method")
    if process.horizon is not None:
        raise InputError(
            f"the process has horizon={process.horizon}: a canonical reward is defined without "
            "one. Leave the horizon out (in Python: process.replace(horizon=None))."
        )
    if policy is not None and method != "value-adjusted levelling":
        raise InputError(f"policy has no meaning for method={method!r}: leave it out.")
    shape = (process.n_states, process.n_actions)
    counted = process.available & reached(process)[:, None]
    expected = np.where(counted, process.expected(rewards), 0.0)
    expected, _ = levelled(process, expected, counted)
    if method == "minimal":
        potential = _least_norm_potential(process, expected, counted)
    else:
        potential = -values_of(process, expected, policy)
    onward = process.discount * (process.transitions @ potential).reshape(shape)
    # Φ = -V: levelling is the shaping by minus the policy's values.
    return np.where(counted, expected - onward + potential[:, None], 0.0)


def uniform_policy(process: FiniteMDP) -> Floats:
    """Return the policy that takes each available action alike, shape (S, A)."""
    available = process.available
    return available / np.maximum(available.sum(axis=1, keepdims=True), 1)


def values_of(process: FiniteMDP, expected: Floats, policy: ArrayLike | None = None) -> Floats:
    """Return a policy's values, 0 at terminal states; `None` is uniform over available actions."""
    chosen = uniform_policy(process) if policy is None else policy
    # The solver's tolerance is in the unit of the rewards, so rewards are brought to size 1.
    scale = reward_scale(expected)
    values = policy_values(process.with_rewards(expected / scale), chosen, tolerance=SOLVED)
    return np.where(process.terminal, 0.0, scale * values)


def _least_norm_potential(
    process: FiniteMDP, expected: Floats, counted: NDArray[np.bool_]
) -> Floats:
    """Return the potential whose differences are nearest to a reward, in least squares."""
    rows = np.flatnonzero(counted.ravel())
    stay = sparse.csr_array(
        (np.ones(len(rows)), rows // process.n_actions, np.arange(len(rows) + 1)),
        shape=(len(rows), process.n_states),
    )
    free = np.flatnonzero(~process.terminal)
    differences = (process.discount * process.transitions[rows] - stay)[:, free]
    found = lsmr(
        differences,
        expected.ravel()[rows],
        atol=1e-12,
        btol=1e-12,
        conlim=0,
        maxiter=20_000,
    )[0]
    potential = np.zeros(process.n_states)
    potential[free] = found
    return potential
