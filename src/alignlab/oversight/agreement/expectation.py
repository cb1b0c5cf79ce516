"""The EM algorithm of Dawid and Skene, on answers as one sparse matrix.

With T_ik the chance that item i is of class k, p_k the classes' shares, and pi_rkl the chance that
rater r says l of class k [dawid1979maximum, eq. 2.3 to 2.5]:

    M:  p_k ∝ 1 + sum_i T_ik,        pi_rkl ∝ a_kl + sum_{i answered l by r} T_ik
    E:  T_ik ∝ p_k prod_{answers (r, l) to i} pi_rkl

Products are sums of logarithms. The counts a_kl are those of a Dirichlet prior, more of them where
k = l: as if each rater had been seen right a few times and wrong once. What rises at every step is

    sum_i ln sum_k p_k prod pi_rkl  +  sum_k ln p_k  +  sum_rkl a_kl ln pi_rkl

It starts from the vote, which like the prior breaks the symmetry between the classes' names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Fit", "expect", "fit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """Where EM came to rest.

    Attributes
    ----------
    posterior
        T, shape (items, classes).
    shares
        p, shape (classes,).
    confusion
        pi, shape (raters, class, label).
    met
        Expected answers of each rater by class and label, shape (raters, class, label).
    informative
        How many answers with known truth would tell as much about each cell of `confusion`.
    trace
        The log-posterior before each step.
    converged
        Whether no probability moved by more than the tolerance in the last step.
    """

    posterior: Floats
    shares: Floats
    confusion: Floats
    met: Floats
    informative: Floats
    trace: tuple[float, ...]
    converged: bool


def fit(
    said: sparse.csr_array,
    start: Floats,
    *,
    fixed: NDArray[np.intp],
    prior: Floats,
    most: int,
    tolerance: float,
) -> Fit:
    """Return the fixed point that EM reaches from a start.

    Parameters
    ----------
    said
        1 where a rater gave a label, shape (items, raters * labels).
    start
        The first guess of T, shape (items, classes); the classes are the labels.
    fixed
        The class of each item that is known, -1 where it is not, shape (items,).
    prior
        a, shape (classes, labels).
    most
        Steps at most.
    tolerance
        It stops once no probability of a class or an answer moves by more.
    """
    kinds = start.shape[1]
    by_label = sparse.csr_array(said.T)
    posterior = _pinned(start, fixed)
    trace: list[float] = []
    met, confusion, shares = _maximised(by_label, posterior, prior)
    converged = False
    while len(trace) < most and not converged:
        posterior, likelihood = expect(said, confusion, shares, fixed)
        trace.append(likelihood + float((prior * np.log(confusion)).sum() + np.log(shares).sum()))
        met, after, shares_after = _maximised(by_label, posterior, prior)
        moved = max(np.abs(after - confusion).max(), np.abs(shares_after - shares).max())
        confusion, shares = after, shares_after
        converged = bool(moved <= tolerance)
    squares = _by_class(by_label @ posterior**2, kinds)
    informative = _information(met, squares)
    return Fit(posterior, shares, confusion, met, informative, tuple(trace), converged)


def expect(
    said: sparse.csr_array, confusion: Floats, shares: Floats, fixed: NDArray[np.intp]
) -> tuple[Floats, float]:
    """Return T given the raters and the classes, and the log-likelihood of the answers."""
    kinds = len(shares)
    logs = np.log(confusion).transpose(0, 2, 1).reshape(-1, kinds)
    joint = said @ np.ascontiguousarray(logs) + np.log(shares)
    # The largest of a row becomes 0, so that no product underflows. Column by column, because
    # NumPy is slow along an axis of a few entries.
    top = joint[:, 0].copy()
    for k in range(1, kinds):
        np.maximum(top, joint[:, k], out=top)
    chances = np.exp(joint - top[:, None])
    total = chances @ np.ones(kinds)
    pinned = fixed >= 0
    free = (top + np.log(total))[~pinned].sum()
    likelihood = float(free + joint[pinned, fixed[pinned]].sum())
    return _pinned(chances / total[:, None], fixed), likelihood


def _maximised(
    by_label: sparse.csr_array, posterior: Floats, prior: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return expected answers by class and label, and the probabilities that fit them best."""
    met = _by_class(by_label @ posterior, posterior.shape[1])
    confusion = met + prior
    shares = posterior.sum(axis=0) + 1
    return met, confusion / confusion.sum(axis=2, keepdims=True), shares / shares.sum()


def _information(met: Floats, squares: Floats) -> Floats:
    """Return the effective number of answers behind each cell, never more than were expected.

    An item of class k with chance T adds T (x - pi) to the score of a cell, so T^2 (x - pi)^2 to
    its information, where a known truth would add pi (1 - pi). Half an answer of each sort is added
    first and taken off last: a cell that nobody fell into still tells by how many could have.
    """
    total = met.sum(axis=2, keepdims=True)
    share = (met + 0.5) / (total + 1)
    other = squares.sum(axis=2, keepdims=True) - squares
    told = (squares + 0.5) * (1 - share) / share + (other + 0.5) * share / (1 - share)
    return np.asarray(np.clip(told - 1, 0, total))


def _by_class(sums: Floats, kinds: int) -> Floats:
    """Turn sums by (rater, label) and class into (rater, class, label)."""
    return np.ascontiguousarray(sums.reshape(-1, kinds, kinds).transpose(0, 2, 1))


def _pinned(posterior: Floats, fixed: NDArray[np.intp]) -> Floats:
    """Return chances with the known items' classes at 1."""
    known = np.flatnonzero(fixed >= 0)
    posterior = posterior.copy() if len(known) else posterior
    posterior[known] = 0
    posterior[known, fixed[known]] = 1
    return posterior
