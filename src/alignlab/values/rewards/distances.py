"""How far two rewards are apart where it matters: STARC and EPIC, exact on finite processes.

STARC [skalse2024starc]: make each reward canonical, divide it by its norm, and take half the norm
of the difference,

    d(r1, r2) = 1/2 || C(r1) / ||C(r1)|| - C(r2) / ||C(r2)|| ||,

over the state-action pairs that can be reached. With the Euclidean norm it is sqrt((1 - cos) / 2).
It is 0 exactly where both rewards order all policies alike, and, if one norm is used for both, 1
where they order them oppositely.

EPIC [gleave2021quantifying, sec. 4] compares r as a function on all of S × A × S: with S, A and S'
drawn independently,

    C(r)(s, a, s') = r(s, a, s') + E[γ r(s', A, S') - r(s, A, S') - γ r(S, A, S')],
    d(r1, r2) = sqrt((1 - ρ) / 2),

where ρ is the correlation of C(r1) and C(r2) *under the coverage distribution*. C splits into a
part in (s, a), a part in s' and the listed entries of r, so that nothing of size S·A·S is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.errors import InputError, require_choice
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.rewards.canonical import Canonicalisation, canonical_reward
from alignlab.values.rewards.steps import levelled, reached, reward_scale

__all__ = ["RewardDistance", "epic_distance", "starc_distance"]

Floats = NDArray[np.float64]
Norm = Literal["l2", "l1", "linf"]

ORDERS: dict[str, float] = {"l2": 2, "l1": 1, "linf": np.inf}

TRIVIAL = 1e-10
"""A canonical reward this small, relative to the reward, is rounding: all policies are alike."""


@dataclass(frozen=True)
class RewardDistance:
    """How far two rewards are apart.

    Attributes
    ----------
    distance
        From 0 (the same wishes) to 1 (the opposite ones); with two different norms, 0 are the same
        wishes and nothing else can be read off the number itself.
    method
        How it was measured, in words.
    first_norm, second_norm
        The norms of the two canonical rewards; 0 where a reward prefers nothing to anything. Its
        distance from a reward that does is then 1/2 (with one norm), and from one that does not 0.
    to_one
        Whether 1 is the largest distance, that of opposite wishes: not so where rewards are scaled
        by one norm and compared by another.
    """

    distance: float
    method: str
    first_norm: float
    second_norm: float
    to_one: bool = True

    def __float__(self) -> float:
        """Return the distance."""
        return self.distance

    @property
    def summary(self) -> str:
        """The result in one sentence."""
        span = "from 0 to 1" if self.to_one else "0 being the same wishes"
        return f"The rewards are {self.distance:.4g} apart, {span} ({self.method})."

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def starc_distance(
    process: FiniteMDP,
    first: sparse.sparray | sparse.spmatrix | ArrayLike,
    second: sparse.sparray | sparse.spmatrix | ArrayLike,
    *,
    canonicalisation: Canonicalisation = "value-adjusted levelling",
    normalisation: Norm = "l2",
    distance: Norm = "l2",
) -> RewardDistance:
    """Return the STARC distance of two rewards in a process.

    Use it to compare a learned reward with a known one, or two learned rewards, in the dynamics in
    which they will be used. A small distance bounds what optimising one loses under the other, but
    loosely: report `regret` beside it.

    Parameters
    ----------
    process
        Whose dynamics, discount and beginning count; without a horizon.
    first, second
        Rewards in one of the three forms of `FiniteMDP`.
    canonicalisation
        See `canonical_reward`. Distances by different canonicalisations are different numbers.
    normalisation, distance
        The norms by which rewards are scaled and compared, over the state-action pairs that can be
        reached from the beginning. If they differ, opposite rewards need not be 1 apart, and
        distances are comparable only within one process and one pair of norms.

    Raises
    ------
    InputError
        If the rewards do not fit the process, or it has a horizon.

    References
    ----------
    [skalse2024starc]

    Examples
    --------
    >>> fork = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
    ...                  [[0, 0], [0, 2], [0, 0]], discount=0.5)
    >>> shifted_and_scaled = [[-3.5, -1], [5, 11], [0, 0]]
    >>> round(starc_distance(fork, fork.rewards, shifted_and_scaled).distance, 12)
    0.0
    >>> starc_distance(fork, fork.rewards, -fork.rewards).summary
    'The rewards are 1 apart, from 0 to 1 (STARC, value-adjusted levelling, l2 norm).'
    """
    require_choice(normalisation, ORDERS, what="normalisation")
    require_choice(distance, ORDERS, what="distance")
    canonical, norms = [], []
    for rewards in (first, second):
        left = canonical_reward(process, rewards, method=canonicalisation).ravel()
        size = float(np.linalg.norm(left, ORDERS[normalisation]))
        known = process.available & reached(process)[:, None]
        paid, _ = levelled(process, process.expected(rewards), known)
        scale = np.abs(paid[known]).max(initial=0.0) / max(1 - process.discount, 1e-3)
        if np.abs(left).max(initial=0.0) <= TRIVIAL * scale:
            left, size = np.zeros_like(left), 0.0
        canonical.append(left / (size or 1.0))
        norms.append(size)
    apart = float(np.linalg.norm(canonical[0] - canonical[1], ORDERS[distance])) / 2
    norm = normalisation if normalisation == distance else f"{normalisation} and {distance}"
    told = f"STARC, {canonicalisation}, {norm} norm"
    return RewardDistance(apart, told, norms[0], norms[1], to_one=normalisation == distance)


def epic_distance(
    process: FiniteMDP,
    first: sparse.sparray | sparse.spmatrix | ArrayLike,
    second: sparse.sparray | sparse.spmatrix | ArrayLike,
    *,
    coverage: Literal["independent", "transitions"] | sparse.sparray | ArrayLike = "independent",
    states: ArrayLike | None = None,
    actions: ArrayLike | None = None,
    unlisted: Literal["refuse", "zero"] = "refuse",
) -> RewardDistance:
    """Return the EPIC distance of two rewards on the states and actions of a process.

    Use it where others report EPIC. It knows neither dynamics nor ends: transitions that cannot
    happen count like those that can, and a shaping whose potential is 0 at terminal states is not
    invisible to it. `starc_distance` has neither defect.

    Parameters
    ----------
    process
        Its discount, states and actions count, and its transitions with coverage "transitions".
    first, second
        Rewards in one of the three forms of `FiniteMDP`.
    coverage
        The distribution of the transitions compared: "independent" draws s and s' from `states`
        and a from `actions`; "transitions" draws s' as the process does; or non-negative weights,
        sparse of shape (S·A, S).
    states, actions
        Distributions of shape (S,) and (A,) under which rewards are made canonical; `None` is
        uniform.
    unlisted
        What a sparse reward pays where it has no entry, which EPIC asks for: "refuse" raises an
        error if any entry is missing, "zero" takes 0.

    Raises
    ------
    InputError
        If rewards, distributions or coverage do not fit, or entries are missing.

    References
    ----------
    [gleave2021quantifying]

    Examples
    --------
    >>> ring = FiniteMDP([[0, 1], [1, 0], [1, 0], [0, 1]], [[0, 1], [2, 0]], discount=0.9)
    >>> round(epic_distance(ring, [[0, 1], [2, 0]], [[5, 7], [9, 5]]).distance, 12)
    0.0
    >>> round(epic_distance(ring, [[0, 1], [2, 0]], [[0, 1], [0, 2]]).distance, 3)
    0.86
    """
    S, A = process.n_states, process.n_actions
    by_state = _distribution(states, S, "states")
    by_action = _distribution(actions, A, "actions")
    parts = [
        _canonical_parts(process, each, by_state, by_action, unlisted) for each in (first, second)
    ]
    keys = np.unique(np.concatenate([each[0] for each in parts]))
    aligned = [(_aligned(keys, *each[:2]), *each[2:]) for each in parts]
    covered = _coverage(process, coverage, by_state, by_action)
    if covered is None:
        pair = by_state[:, None] * by_action
        listed = pair.ravel()[keys // S] * by_state[keys % S]
        norm: Callable[..., float] = _IndependentNorm(keys, listed, pair, by_state)
        name = "independent"
    else:
        at, weights, name = covered
        norm = _ListedNorm(keys, at, weights, S)
    sizes = []
    for each, rewards in zip(aligned, (first, second), strict=True):
        size = norm(*each)
        given = process.with_rewards(rewards).rewards
        numbers = given.data if isinstance(given, sparse.csr_array) else given
        sizes.append(size if size > TRIVIAL * reward_scale(numbers) else 0.0)
    scaled = [
        tuple(part * (0.0 if size == 0 else 1 / size) for part in each)
        for each, size in zip(aligned, sizes, strict=True)
    ]
    apart = norm(*(a - b for a, b in zip(*scaled, strict=True))) / 2
    return RewardDistance(min(apart, 1.0), f"EPIC, Pearson, coverage {name}", sizes[0], sizes[1])


def _canonical_parts(
    process: FiniteMDP, rewards: Any, by_state: Floats, by_action: Floats, unlisted: str
) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
    """Return keys and values of listed entries, a part in (s, a) and a part in s': C is their sum.

    The key of (s, a, s') is (s·A + a)·S + s'.
    """
    require_choice(unlisted, ("refuse", "zero"), what="unlisted")
    S, A = process.n_states, process.n_actions
    given = process.with_rewards(rewards).rewards
    keys, values, by_pair = np.zeros(0, np.int64), np.zeros(0), np.zeros((S, A))
    if isinstance(given, sparse.csr_array):
        given = given.copy()
        given.sum_duplicates()
        if unlisted == "refuse" and given.nnz < S * A * S:
            raise InputError(
                f"EPIC asks what every one of {S * A * S:,} transitions pays, possible or not, and "
                f"the rewards list {given.nnz:,}: list the others too, or give rewards r(s) or "
                "r(s, a), or take STARC, which asks for possible transitions only (in Python, "
                "unlisted='zero' says that the others pay 0)."
            )
        rows = np.repeat(np.arange(S * A, dtype=np.int64), np.diff(given.indptr))
        keys, values = rows * S + given.indices, given.data
        average = (given @ by_state).reshape(S, A) @ by_action
    else:
        by_pair = np.broadcast_to(given[:, None] if given.ndim == 1 else given, (S, A))
        average = by_pair @ by_action
    overall = float(by_state @ average)
    gamma = process.discount
    return keys, values, by_pair - average[:, None] - gamma * overall, gamma * average


def _aligned(keys: NDArray[np.int64], own: NDArray[np.int64], values: Floats) -> Floats:
    found = np.zeros(len(keys))
    found[np.searchsorted(keys, own)] = values
    return found


@dataclass(frozen=True, eq=False)
class _IndependentNorm:
    """The root of E[C^2] with s, a and s' independent; the mean of a canonical reward is then 0."""

    keys: NDArray[np.int64]
    weights: Floats
    pair: Floats
    following: Floats

    def __call__(self, listed: Floats, by_pair: Floats, by_next: Floats) -> float:
        smooth = by_pair.ravel()[self.keys // len(by_next)] + by_next[self.keys % len(by_next)]
        here = self.weights @ (listed + smooth) ** 2
        if len(self.keys) == self.pair.size * len(by_next):
            return float(np.sqrt(here))
        means = (self.pair * by_pair).sum(), self.following @ by_next
        spread = (self.pair * (by_pair - means[0]) ** 2).sum()
        spread += self.following @ (by_next - means[1]) ** 2 + sum(means) ** 2
        return float(np.sqrt(here + max(spread - self.weights @ smooth**2, 0.0)))


@dataclass(frozen=True, eq=False)
class _ListedNorm:
    """The standard deviation of C over weighted transitions."""

    keys: NDArray[np.int64]
    at: NDArray[np.int64]
    weights: Floats
    n_states: int

    def __call__(self, listed: Floats, by_pair: Floats, by_next: Floats) -> float:
        values = by_pair.ravel()[self.at // self.n_states] + by_next[self.at % self.n_states]
        if len(self.keys):
            where = np.minimum(np.searchsorted(self.keys, self.at), len(self.keys) - 1)
            values += np.where(self.keys[where] == self.at, listed[where], 0.0)
        values = values - self.weights @ values
        return float(np.sqrt(self.weights @ values**2))


def _distribution(given: ArrayLike | None, n: int, what: str) -> Floats:
    if given is None:
        return np.full(n, 1 / n)
    weights = np.asarray(given, float)
    if weights.shape != (n,) or not (weights >= 0).all() or abs(weights.sum() - 1) > 1e-6:
        raise InputError(
            f"{what} has shape {weights.shape} and sums to {weights.sum():.6g}: give {n} "
            "probabilities that sum to 1."
        )
    return weights / weights.sum()


def _coverage(
    process: FiniteMDP, given: Any, by_state: Floats, by_action: Floats
) -> tuple[NDArray[np.int64], Floats, str] | None:
    """Return the keys and weights of the transitions that count; `None` if they are all of them."""
    S = process.n_states
    if isinstance(given, str):
        require_choice(given, ("independent", "transitions"), what="coverage")
        if given == "independent":
            return None
        pair = (by_state[:, None] * by_action).ravel()
        chosen, name = sparse.csr_array(process.transitions.multiply(pair[:, None])), "transitions"
    else:
        chosen, name = sparse.csr_array(given, dtype=float), "as given"
        if chosen.shape != process.transitions.shape or not (chosen.data >= 0).all():
            raise InputError(
                f"coverage has shape {chosen.shape}: give 'independent', 'transitions', or "
                f"non-negative weights of shape {process.transitions.shape}."
            )
        chosen.sum_duplicates()
    total = chosen.data.sum()
    if not (np.isfinite(total) and total > 0):
        raise InputError("coverage has no weight on any transition: give some a positive weight.")
    rows = np.repeat(np.arange(chosen.shape[0], dtype=np.int64), np.diff(chosen.indptr))
    keys = (rows * S + chosen.indices).astype(np.int64)
    return keys, chosen.data / total, name
