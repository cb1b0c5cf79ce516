"""The linear equations of a fixed policy: (I - γ P_π) x = b, and the same transposed.

With γ < 1 the residual r = b - (I - γ P_π) x certifies the answer [puterman1994markov, ch. 6]:

    max |x - x*| <= max |r| / (1 - γ),      transposed:  Σ |x - x*| <= Σ |r| / (1 - γ).

Small systems are factorised; large ones are solved by BiCGSTAB [vandervorst1992bicgstab], started
again on the true residual, and where that stalls by sweeps, which always converge for γ < 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, bicgstab, splu

from alignlab.errors import ModelError
from alignlab.values.processes.mdp import FiniteMDP

__all__ = ["policy_matrix", "policy_rewards", "solve_policy"]

Floats = NDArray[np.float64]

DIRECT = 2_500
"""With more states the factors of a process without locality would fill gigabytes."""

RESTARTS = 12

SWEEPS = 200_000
"""Sweeps before giving up; with γ < 1 - 10⁻⁴ fewer suffice."""


def policy_matrix(mdp: FiniteMDP, policy: NDArray[Any]) -> sparse.csr_array:
    """Return P_π, sparse of shape (S, S), of actions (S,) or probabilities (S, A)."""
    S, A = mdp.n_states, mdp.n_actions
    if policy.ndim == 1:
        return mdp.transitions[np.arange(S) * A + policy]
    chosen = policy.ravel() * mdp.available.ravel()
    kept = np.flatnonzero(chosen)
    pointers = np.concatenate([[0], np.cumsum((chosen > 0).reshape(S, A).sum(axis=1))])
    mix = sparse.csr_array((chosen[kept], kept, pointers), shape=(S, S * A))
    return sparse.csr_array(mix @ mdp.transitions)


def policy_rewards(rewards: Floats, policy: NDArray[Any]) -> Floats:
    """Return r_π, shape (S,), of expected rewards (S, A)."""
    if policy.ndim == 1:
        return rewards[np.arange(len(rewards)), policy]
    return (rewards * policy).sum(axis=1)


def solve_policy(
    matrix: sparse.csr_array,
    discount: float,
    right: Floats,
    *,
    accuracy: float,
    transposed: bool = False,
    guess: Floats | None = None,
) -> tuple[Floats, float]:
    """Solve (I - γ P) x = b, or with P transposed.

    Parameters
    ----------
    matrix
        P, whose rows sum to 1 or, where it ends, to 0; shape (S, S).
    discount
        γ.
    right
        b.
    accuracy
        The largest |residual| (transposed: the sum of all |residuals|) that is small enough.
    transposed
        Whether to solve with P's transpose.
    guess
        Where to begin.

    Returns
    -------
    x and the largest |residual| (transposed: the sum).

    Raises
    ------
    ModelError
        If no answer was found, which takes a discount of 1, or next to it.
    """
    P = matrix.T if transposed else matrix
    x = np.zeros(len(right)) if guess is None else guess.copy()

    def residual(x: Floats) -> tuple[Floats, float]:
        left = right - x + discount * (P @ x)
        return left, float(np.abs(left).sum() if transposed else np.abs(left).max(initial=0.0))

    left, size = residual(x)
    # Asking for less than rounding allows would never end.
    scale = float(np.abs(right).sum() if transposed else np.abs(right).max(initial=0.0))
    if size <= accuracy:
        return x, size
    if len(right) <= DIRECT:
        factors = splu(sparse.csc_array(sparse.eye_array(len(right)) - discount * P))
        for _ in range(3):
            step = factors.solve(left)
            left, new = residual(x + step)
            if not new < size:
                break
            x, size = x + step, new
        if np.isfinite(size) and size <= max(accuracy, 1e-10 * scale):
            return x, size
    operator: Any = LinearOperator(
        P.shape, matvec=lambda y: y - discount * (P @ y), dtype=np.float64
    )
    for _ in range(RESTARTS):
        spread = 1 / np.sqrt(len(right)) if transposed else 1.0
        goal = max(0.5 * accuracy * spread, 1e-4 * float(np.linalg.norm(left)))
        with np.errstate(all="ignore"):
            step, _ = bicgstab(operator, left, rtol=0.0, atol=goal, maxiter=2_000)
        if not np.isfinite(step).all():
            break
        moved, new = residual(x + step)
        if not new < 0.5 * size:
            break
        x, left, size = x + step, moved, new
        if size <= accuracy:
            return x, size
    return _swept(x, left, size, residual, accuracy, scale)


def _swept(
    x: Floats, left: Floats, size: float, residual: Any, accuracy: float, scale: float
) -> tuple[Floats, float]:
    """Add the residual again and again: x + r is the next sweep."""
    for _ in range(SWEEPS):
        if size <= accuracy:
            return x, size
        moved, new = residual(x + left)
        if new >= size and size <= 1e-12 * max(scale, float(np.abs(x).max())):
            return x, size
        x, left, size = x + left, moved, new
    raise ModelError(
        "The values of a policy were not found: under it the process ends too rarely for a "
        "discount of 1. Give a discount below 1 or a horizon."
    )
