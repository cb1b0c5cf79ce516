"""The linear equations of a fixed policy: (I - γ P_π) x = b, and the same transposed.

With γ < 1 the residual r = b - (I - γ P_π) x certifies the answer [puterman1994markov, ch. 6]:

    max |x - x*| <= max |r| / (1 - γ),      transposed:  Σ |x - x*| <= Σ |r| / (1 - γ).

Small systems are factorised. Large ones are solved by symmetric Gauss-Seidel, which converges on
every policy that ends or is discounted (I - γ P is an M-matrix) and follows the long straight ways
of a grid in few sweeps, and by BiCGSTAB [vandervorst1992bicgstab] with a sweep as preconditioner,
which is quick where everything is near everything. Which serves cannot be told beforehand, so
they take turns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, bicgstab, splu

from alignlab.errors import ModelError
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.mdp_checks import narrow

__all__ = ["policy_matrix", "policy_rewards", "solve_policy", "unsigned"]

Floats = NDArray[np.float64]

DIRECT = 2_500
"""With more states the factors of a process without locality would fill gigabytes."""

TURNS = 9
"""Each turn may take twice as long as the one before; the last one some 50,000 sweeps."""


def policy_matrix(mdp: FiniteMDP, policy: NDArray[Any]) -> sparse.csr_array:
    """Return P_π, sparse of shape (S, S), of actions (S,) or probabilities (S, A)."""
    S, A = mdp.n_states, mdp.n_actions
    if policy.ndim == 1:
        return mdp.transitions[np.arange(S) * A + policy]
    chosen = policy.ravel() * mdp.available.ravel()
    kept = np.flatnonzero(chosen)
    pointers = np.concatenate([[0], np.cumsum((chosen > 0).reshape(S, A).sum(axis=1))])
    mix = narrow(sparse.csr_array((chosen[kept], kept, pointers), shape=(S, S * A)))
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
    system = _System(matrix, discount, right, transposed)
    x = np.zeros(len(right)) if guess is None else guess.copy()
    size = system.size(x)
    if size <= accuracy:
        return x, size
    if len(right) <= DIRECT:
        x, size = system.factorised(x, size, accuracy)
    for turn in range(TURNS):
        if size <= accuracy:
            break
        x, size = system.krylov(x, size, accuracy, 6 * 2**turn)
        x, size, stuck = system.relaxed(x, size, accuracy, 200 * 2**turn)
        if stuck:
            break
    if size > accuracy and size > 1e-10 * (system.norm(right) + system.norm(x)):
        raise ModelError(
            "The linear equations of a policy were not solved: under it the process hardly ever "
            "ends. Give a discount further below 1, or a horizon."
        )
    return x, size


class _System:
    """(I - γ P) x = b and three ways to solve it, none of which makes an answer worse."""

    def __init__(
        self, matrix: sparse.csr_array, discount: float, right: Floats, transposed: bool
    ) -> None:
        self.matrix = sparse.csr_array(matrix.T) if transposed else matrix
        self.discount, self.right, self.transposed = discount, right, transposed
        self.n = len(right)

    def norm(self, x: Floats) -> float:
        return float(np.abs(x).sum() if self.transposed else np.abs(x).max(initial=0.0))

    def left(self, x: Floats) -> Floats:
        return self.right - x + self.discount * (self.matrix @ x)

    def size(self, x: Floats) -> float:
        return self.norm(self.left(x))

    def factorised(self, x: Floats, size: float, accuracy: float) -> tuple[Floats, float]:
        identity = sparse.eye_array(self.n)
        try:
            factors = splu(sparse.csc_array(identity - self.discount * self.matrix))
        except RuntimeError:  # singular to the last digit: the policy does not end
            return x, size
        for _ in range(3):
            moved = x + factors.solve(self.left(x))
            new = self.size(moved)
            if not new < size:
                break
            x, size = moved, new
            if size <= accuracy:
                break
        return x, size

    def krylov(self, x: Floats, size: float, accuracy: float, most: int) -> tuple[Floats, float]:
        """Go on as long as `most` iterations make the residual a hundred times smaller."""
        shape = (self.n, self.n)
        operator: Any = LinearOperator(
            shape, matvec=lambda y: y - self.discount * (self.matrix @ y), dtype=np.float64
        )
        swept: Any = LinearOperator(shape, matvec=self._swept, dtype=np.float64)
        goal = 0.5 * accuracy / (np.sqrt(self.n) if self.transposed else 1.0)
        while size > accuracy:
            left = self.left(x)
            with np.errstate(all="ignore"):
                step, _ = bicgstab(operator, left, rtol=0.0, atol=goal, maxiter=most, M=swept)
                new = self.size(x + step)
            if not new < size:
                break
            x, slow = x + step, new > 0.01 * size
            size = new
            if slow:
                break
        return x, size

    def relaxed(
        self, x: Floats, size: float, accuracy: float, most: int
    ) -> tuple[Floats, float, bool]:
        """Sweep; also say whether rounding allows no more."""
        from alignlab.values.processes import kernels

        matrix, batch = unsigned(self.matrix), 20
        for _ in range(most // batch):
            if size <= accuracy:
                break
            moved = x.copy()
            kernels.relax(*matrix, self.discount, self.right, moved, batch)
            with np.errstate(all="ignore"):
                new = self.size(moved)
            if not np.isfinite(new):
                return x, size, True
            if not new < size and size <= 1e-10 * (self.norm(self.right) + self.norm(x)):
                return x, size, True
            # The residual of a sweep may rise for a while as what it moves travels on.
            x, size = moved, new
        return x, size, False

    def _swept(self, y: Floats) -> Floats:
        from alignlab.values.processes import kernels

        x = np.zeros(self.n)
        kernels.relax(*unsigned(self.matrix), self.discount, np.ascontiguousarray(y), x, 1)
        return x


def unsigned(matrix: sparse.csr_array) -> tuple[NDArray[Any], NDArray[Any], Floats]:
    """Return pointers, targets and chances as the compiled loops read them."""
    # An index that cannot be negative needs no look at its sign: a fifth of the time.
    kind = np.dtype(f"u{matrix.indices.dtype.itemsize}")
    return matrix.indptr.view(kind), matrix.indices.view(kind), matrix.data
