"""One pass over a process: values one step back, or the distribution of states one step on.

The finite-horizon soft values of maximum causal entropy are [ziebart2010modeling, ch. 5]

    V_t(s) = T log Σ_a exp([r(s, a) + γ Σ_s' P(s' | s, a) V_{t+1}(s')] / T),    V_H = 0,

and with the policy π_t(a | s) ∝ exp(Q_t(s, a) / T) the discounted visits are

    D(s, a) = Σ_t γ^t Pr(s_t = s, a_t = a),

which is the gradient of Σ_s Pr(s_0 = s) V_0(s) in r(s, a). A pass streams the transitions once.
Large processes are divided among threads; what is added up, and in which order, depends on the
process alone, so the number of threads never changes a bit of a result.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.values.processes.linear import unsigned
from alignlab.values.processes.mdp import FiniteMDP, Rewards

__all__ = ["Sweeps", "require_temperature", "soft_backward", "soft_forward", "soft_gradient"]

Floats = NDArray[np.float64]

ALONE = 2**18
"""With fewer transitions than this, handing work to a thread costs more than it saves."""

KEPT = 2**22
"""A policy of fewer numbers is kept between the two directions instead of computed twice."""

PARTS = 8
"""Into how many parts a large process is divided; more threads than this have nothing to do."""


def soft_backward(
    mdp: FiniteMDP,
    rewards: Rewards | ArrayLike | None = None,
    *,
    temperature: float = 1.0,
    threads: int | None = None,
) -> Floats:
    """Return the soft values of every step of a process with a horizon.

    Parameters
    ----------
    mdp
        With a horizon H.
    rewards
        In one of the three forms of `FiniteMDP`; `None` takes the process's own.
    temperature
        T > 0.
    threads
        At most so many; `None` takes as many as there are cores. It changes no result.

    Returns
    -------
    Shape (H + 1, S); the last row, after the horizon, is 0.

    Examples
    --------
    A choice between two ends, one of which pays 1: V = log(e + 1).

    >>> fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], [[1, 0], [0, 0], [0, 0]], terminal=[1, 2],
    ...                  horizon=1)
    >>> soft_backward(fork)[0].round(4).tolist()
    [1.3133, 0.0, 0.0]
    """
    return _backward(mdp, rewards, temperature, threads, keep=False)[0]


def soft_gradient(
    mdp: FiniteMDP,
    rewards: Rewards | ArrayLike | None = None,
    *,
    temperature: float = 1.0,
    start: ArrayLike | None = None,
    threads: int | None = None,
) -> tuple[Floats, Floats]:
    """Return `soft_backward` and `soft_forward` together, which is faster in a small process.

    Parameters
    ----------
    mdp, rewards, temperature, start, threads
        As for these two.

    Returns
    -------
    values
        Shape (H + 1, S).
    visits
        Shape (S, A): the gradient of `start @ values[0]` in r(s, a).

    Examples
    --------
    >>> fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], [[1, 0], [0, 0], [0, 0]], terminal=[1, 2],
    ...                  horizon=1)
    >>> soft_gradient(fork)[1][0].round(4).tolist()
    [0.7311, 0.2689]
    """
    values, chosen = _backward(mdp, rewards, temperature, threads, keep=True)
    if not chosen.shape[1]:
        visits = soft_forward(
            mdp, rewards, values, temperature=temperature, start=start, threads=threads
        )
        return values, visits
    visits, mass = _nothing_yet(mdp, start)
    with Sweeps(mdp, rewards, threads=1) as sweeps:
        sweeps.policy_visits(chosen, mass, visits)
    return values, visits


def _backward(
    mdp: FiniteMDP, rewards: Any, temperature: float, threads: int | None, *, keep: bool
) -> tuple[Floats, Floats]:
    """Return the values and, where wanted and small, the policy of each step (else no rows)."""
    horizon = _require_horizon(mdp)
    T = require_temperature(temperature)
    S, A = mdp.n_states, mdp.n_actions
    values = np.zeros((horizon + 1, S))
    with Sweeps(mdp, rewards, threads=threads) as sweeps:
        kept = keep and not sweeps.divided and horizon * S * A <= KEPT
        chosen = np.empty((horizon, S if kept else 0, A))
        sweeps.soft_backward(values, chosen, T)
    return values, chosen


def soft_forward(
    mdp: FiniteMDP,
    rewards: Rewards | ArrayLike | None,
    values: Floats,
    *,
    temperature: float = 1.0,
    start: ArrayLike | None = None,
    threads: int | None = None,
) -> Floats:
    """Return the discounted visits of the soft policy, which is computed anew from the values.

    Parameters
    ----------
    mdp, rewards, temperature, threads
        As for `soft_backward`.
    values
        What `soft_backward` returned.
    start
        How often each state begins, shape (S,); it need not sum to 1. `None` takes `mdp.initial`.

    Returns
    -------
    D(s, a), shape (S, A).

    Examples
    --------
    >>> fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], [[1, 0], [0, 0], [0, 0]], terminal=[1, 2],
    ...                  horizon=1)
    >>> soft_forward(fork, None, soft_backward(fork))[0].round(4).tolist()
    [0.7311, 0.2689]
    """
    _require_horizon(mdp)
    T = require_temperature(temperature)
    visits, mass = _nothing_yet(mdp, start)
    with Sweeps(mdp, rewards, threads=threads) as sweeps:
        sweeps.soft_visits(values, mass, visits, T)
    return visits


def _nothing_yet(mdp: FiniteMDP, start: ArrayLike | None) -> tuple[Floats, Floats]:
    mass = np.array(mdp.initial if start is None else start, dtype=float)
    if mass.shape != (mdp.n_states,):
        raise InputError(
            f"start has shape {mass.shape}: give a number for each of {mdp.n_states} states."
        )
    return np.zeros((mdp.n_states, mdp.n_actions)), mass


class Sweeps:
    """A process as the compiled loops read it, and the threads that they run on.

    Use it in a `with` block; the arrays that results are written into are the caller's.

    Parameters
    ----------
    mdp
        The process.
    rewards
        In one of the three forms; `None` takes the process's own.
    threads
        At most so many; `None` takes as many as there are cores.
    """

    def __init__(
        self,
        mdp: FiniteMDP,
        rewards: Rewards | ArrayLike | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        from alignlab.values.processes import kernels

        self._kernels = kernels
        self.n_states, self.n_actions = mdp.n_states, mdp.n_actions
        self.discount = mdp.discount
        self.rewards = mdp.expected_rewards if rewards is None else mdp.expected(rewards)
        matrix = mdp.transitions
        self._matrix = unsigned(matrix)
        size = 1 if matrix.nnz < ALONE else PARTS
        blocks = -(-self.n_states // kernels.BLOCK)
        edges = kernels.BLOCK * (np.arange(size + 1) * blocks // size)
        edges = np.minimum(edges, self.n_states)
        self._parts = [(int(a), int(b)) for a, b in pairwise(edges) if b > a]
        self._threads = min(_cores() if threads is None else threads, len(self._parts))
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Start the threads, if more than one is of use."""
        if self._threads > 1:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="alignlab-sweep")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def hard(self, after: Floats, now: Floats, choice: NDArray[np.int32]) -> tuple[float, float]:
        """Back up by the best action; return the least and the largest change of a value."""
        return self._changes(
            lambda low, high: self._kernels.hard(
                *self._matrix, self.rewards, after, self.discount, low, high, now, choice
            )
        )

    def soft(
        self, after: Floats, now: Floats, temperature: float, chosen: Floats | None = None
    ) -> tuple[float, float]:
        """Back up by the log-sum-exp; write the policy into `chosen` (S, A) if it is given."""
        out = np.empty((0, self.n_actions)) if chosen is None else chosen
        return self._changes(
            lambda low, high: self._kernels.soft(
                *self._matrix, self.rewards, after, self.discount, temperature, low, high, now, out
            )
        )

    def soft_backward(self, values: Floats, chosen: Floats, temperature: float) -> None:
        """Fill the values of every step; `chosen` (H, S, A) too unless it is (H, 0, A)."""
        if not self.divided:
            self._kernels.soft_backward(
                *self._matrix, self.rewards, self.discount, temperature, values, chosen
            )
            return
        for t in range(len(values) - 2, -1, -1):
            self.soft(values[t + 1], values[t], temperature, chosen[t])

    def soft_visits(self, values: Floats, mass: Floats, visits: Floats, temperature: float) -> None:
        """Follow `mass`, which is used up, through the soft policy; add to `visits`."""
        if not self.divided:
            self._kernels.soft_visits(
                *self._matrix, self.rewards, self.discount, temperature, values, mass, visits
            )
            return
        arrived = np.empty_like(mass)
        for t in range(len(values) - 1):
            self.soft_forward(values[t + 1], mass, arrived, visits, temperature)
            mass, arrived = arrived, mass

    def policy_visits(self, chosen: Floats, mass: Floats, visits: Floats) -> None:
        """Follow `mass`, which is used up, through `chosen` (H, S, A); add to `visits`."""
        if not self.divided:
            self._kernels.policy_visits(*self._matrix, chosen, self.discount, mass, visits)
            return
        arrived = np.empty_like(mass)
        for each in chosen:
            self.policy_forward(each, mass, arrived, visits)
            mass, arrived = arrived, mass

    def policy(self, after: Floats, now: Floats, chosen: Floats) -> tuple[float, float]:
        """Back up by given probabilities (S, A); return the least and the largest change."""
        return self._changes(
            lambda low, high: self._kernels.policy(
                *self._matrix, self.rewards, after, self.discount, chosen, low, high, now
            )
        )

    def action_values(self, after: Floats) -> Floats:
        """Return Q(s, a), shape (S, A); minus infinity where an action is not available."""
        out = np.empty((self.n_states, self.n_actions))
        self._each(
            lambda low, high: self._kernels.action_values(
                *self._matrix, self.rewards, after, self.discount, low, high, out
            )
        )
        return out

    def soft_forward(
        self, after: Floats, mass: Floats, arrived: Floats, visits: Floats, temperature: float
    ) -> None:
        """Move `mass` one step by the soft policy into `arrived`, adding to `visits`."""
        self._scatter(
            lambda low, high, into: self._kernels.soft_forward(
                *self._matrix,
                self.rewards,
                after,
                self.discount,
                temperature,
                mass,
                low,
                high,
                into,
                visits,
            ),
            arrived,
        )

    def policy_forward(self, chosen: Floats, mass: Floats, arrived: Floats, visits: Floats) -> None:
        """Move `mass` one step by given probabilities (S, A) into `arrived`."""
        self._scatter(
            lambda low, high, into: self._kernels.policy_forward(
                *self._matrix, chosen, self.discount, mass, low, high, into, visits
            ),
            arrived,
        )

    def _each(self, work: Callable[[int, int], Any]) -> list[Any]:
        if self._pool is None:
            return [work(low, high) for low, high in self._parts]
        return list(self._pool.map(lambda part: work(*part), self._parts))

    def _changes(self, work: Callable[[int, int], tuple[float, float]]) -> tuple[float, float]:
        found = self._each(work)
        return min(least for least, _ in found), max(largest for _, largest in found)

    @cached_property
    def longest_row(self) -> int:
        """The most states that one action can lead to."""
        return int(np.diff(self._matrix[0].astype(np.int64)).max(initial=0))

    @cached_property
    def largest_reward(self) -> float:
        """The largest |r(s, a)|."""
        return float(np.abs(self.rewards).max(initial=0.0))

    @property
    def divided(self) -> bool:
        """Whether the process is large enough to be divided among threads."""
        return len(self._parts) > 1

    @cached_property
    def _reach(self) -> list[tuple[int, int]]:
        """From which to which state each part leads; where the parts overlap much, fewer parts."""
        pointers, targets, _ = self._matrix
        ends = []
        for low, high in self._parts:
            inside = targets[pointers[low * self.n_actions] : pointers[high * self.n_actions]]
            ends.append((int(inside.min()), int(inside.max()) + 1) if len(inside) else (0, 0))
        return ends

    @cached_property
    def _rooms(self) -> list[tuple[tuple[int, int], tuple[int, int], Floats]]:
        """Which states each sender holds, which it reaches, and room for what arrives there.

        Senders write side by side and are added up in order. If together they reach more than
        three times the states (a process without locality), two are enough.
        """
        parts, reach = self._parts, self._reach
        if sum(high - low for low, high in reach) > 3 * self.n_states:
            half = len(parts) // 2
            parts = [(parts[0][0], parts[half - 1][1]), (parts[half][0], parts[-1][1])]
            reach = [(0, self.n_states)] * 2
        return [
            (part, ends, np.zeros(self.n_states)) for part, ends in zip(parts, reach, strict=True)
        ]

    def _scatter(self, work: Callable[[int, int, Floats], None], arrived: Floats) -> None:
        if len(self._parts) == 1:
            arrived[:] = 0.0
            work(*self._parts[0], arrived)
            return

        def send(room: tuple[tuple[int, int], tuple[int, int], Floats]) -> None:
            (low, high), (first, last), into = room
            into[first:last] = 0.0
            work(low, high, into)

        rooms = self._rooms
        list(map(send, rooms) if self._pool is None else self._pool.map(send, rooms))
        arrived[:] = 0.0
        for _, (first, last), into in rooms:
            arrived[first:last] += into[first:last]


def require_temperature(temperature: float) -> float:
    """Return the temperature as a float; raise if it is not a finite number above 0."""
    if not (np.isfinite(temperature) and temperature > 0):
        raise InputError(
            f"temperature={temperature!r} is not a number above 0. The limit 0 is `solve`."
        )
    return float(temperature)


def _require_horizon(mdp: FiniteMDP) -> int:
    if mdp.horizon is None:
        raise InputError(
            "The process has no horizon: use soft_solve and occupancy, or give it a horizon."
        )
    return mdp.horizon


def _cores() -> int:
    from joblib import cpu_count

    # Whoever runs many processes side by side says so in this variable, as joblib's workers do.
    limit = os.environ.get("OMP_NUM_THREADS", "")
    cores = int(cpu_count())
    return max(1, min(cores, int(limit))) if limit.isdigit() and int(limit) else cores
