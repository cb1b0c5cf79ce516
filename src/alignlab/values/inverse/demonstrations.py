"""Demonstrations on a finite process: checked step by step, then counted.

For trajectories i = 1 … n with starts s_0, lengths T_i and last states s_T, discounted as planning
discounts, the counts are

    c(s, a) = (1/n) Σ_i Σ_t γ^t 1{s_t = s, a_t = a},

and the rest of a trajectory that was cut off before it ended is worth γ^T V(s_T). Steps and states
are paired as planning pairs them: T actions go with T states, the last state is only arrived in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.values.inverse.features import Features, entries
from alignlab.values.processes import FiniteMDP

__all__ = ["Demonstrations", "read_demonstrations"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """What was demonstrated, as flat arrays.

    Attributes
    ----------
    mdp
        The process.
    starts, ends, lengths
        First state, last state and number of steps of each trajectory, shape (n,).
    cut
        Which trajectories stopped before they ended, shape (n,).
    owner, time, states, actions, after
        For each step: its trajectory, its time, the state, the action, the state it led to.
    """

    mdp: FiniteMDP
    starts: Ints
    ends: Ints
    lengths: Ints
    cut: NDArray[np.bool_]
    owner: Ints
    time: Ints
    states: Ints
    actions: Ints
    after: Ints

    @property
    def n(self) -> int:
        """The number of trajectories."""
        return len(self.starts)

    @property
    def rest(self) -> Floats:
        """What the unseen rest of each trajectory is discounted by: γ^T where cut off, else 0."""
        return np.where(self.cut, self.mdp.discount ** self.lengths.astype(float), 0.0)

    @property
    def counts(self) -> Floats:
        """c(s, a): discounted counts a trajectory, shape (S, A)."""
        S, A = self.mdp.n_states, self.mdp.n_actions
        weight = self.mdp.discount ** self.time.astype(float) / self.n
        found: Any = np.bincount(self.states * A + self.actions, weights=weight, minlength=S * A)
        return found.reshape(S, A)

    @property
    def decisions(self) -> Floats:
        """Counts a trajectory that are not discounted, shape (S, A)."""
        S, A = self.mdp.n_states, self.mdp.n_actions
        weight = np.full(len(self.states), 1 / self.n)
        found: Any = np.bincount(self.states * A + self.actions, weights=weight, minlength=S * A)
        return found.reshape(S, A)

    def begins(self) -> dict[int, Floats]:
        """Return how much begins in each state less what is cut off there, by time.

        Without a horizon one time is like another, and all stands at 0.
        """
        S, finite = self.mdp.n_states, self.mdp.horizon is not None
        found: dict[int, Floats] = {0: np.bincount(self.starts, minlength=S) / self.n}
        for time in np.unique(self.lengths[self.cut]).tolist():
            here = self.cut & (self.lengths == time)
            stopped = np.bincount(self.ends[here], self.rest[here] / self.n, S)
            at = time if finite else 0
            found[at] = found.get(at, np.zeros(S)) - stopped
        return found

    def passages(self) -> dict[int, Floats]:
        """Return how often each state was decided in, less what was expected of the step before.

        By time, or all at 0 without a horizon.
        """
        mdp, S, A = self.mdp, self.mdp.n_states, self.mdp.n_actions
        found: dict[int, Floats] = {}
        times = np.zeros_like(self.time) if mdp.horizon is None else self.time
        for time in np.unique(times).tolist():
            now = times == time
            done = np.bincount(self.states[now] * A + self.actions[now], minlength=S * A) / self.n
            led = mdp.discount * (mdp.transitions.T @ done)
            found[time] = found.get(time, np.zeros(S)) + done.reshape(S, A).sum(axis=1)
            after = 0 if mdp.horizon is None else time + 1
            found[after] = found.get(after, np.zeros(S)) - led
        return found

    def sums(self, features: Features) -> Floats:
        """Return each trajectory's discounted sum of features as they happened, shape (n, k)."""
        seen = features.seen(self.states, self.actions, self.after)
        seen *= (self.mdp.discount ** self.time.astype(float))[:, None]
        total = np.zeros((self.n, seen.shape[1]))
        np.add.at(total, self.owner, seen)
        return total


def read_demonstrations(mdp: FiniteMDP, trajectories: Sequence[Trajectory]) -> Demonstrations:
    """Check trajectories against a process and return those with a step as flat arrays.

    Raises
    ------
    InputError
        If there is none; or a state or an action is not the process's, an action cannot be taken,
        a step cannot happen, a trajectory is longer than the horizon or ends where nothing ends.
        The message names the trajectory and the step.
    """
    given = list(trajectories)
    if not all(isinstance(each, Trajectory) for each in given):
        wrong = next(each for each in given if not isinstance(each, Trajectory))
        raise InputError(
            f"A demonstration is of type {type(wrong).__name__}: give Trajectory objects."
        )
    if sum(len(each) for each in given) == 0:
        raise InputError("There are no demonstrations: give at least one with a step.")
    for number, each in enumerate(given):
        if each.states.ndim > 1 or each.actions.ndim > 1:
            raise InputError(
                f"trajectory {number} has vectors for states or actions: a finite process has "
                "numbered ones."
            )
    lengths = np.array([len(each) for each in given], np.int64)
    owner = np.repeat(np.arange(len(given)), lengths)
    time = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    states = np.concatenate([each.states[:-1] for each in given])
    after = np.concatenate([each.states[1:] for each in given])
    actions = np.concatenate([each.actions for each in given])
    starts = np.array([each.states[0] for each in given])
    ends = np.array([each.states[-1] for each in given])
    said = np.array([each.ended for each in given])
    _require_known(mdp, given)
    _require_possible(mdp, owner, time, states, actions, after)
    out_of_time = np.zeros(len(given), bool)
    if mdp.horizon is not None:
        late = lengths > mdp.horizon
        if late.any():
            number = int(late.argmax())
            raise InputError(
                f"trajectory {number} has {lengths[number]} steps, and the horizon is "
                f"{mdp.horizon}."
            )
        out_of_time = lengths == mdp.horizon
    over = mdp.terminal[ends] | out_of_time
    if (said & ~over).any():
        number = int((said & ~over).argmax())
        raise InputError(
            f"trajectory {number} is said to have ended in state {mdp.state_name(ends[number])}, "
            "which is not terminal. If it was only cut off there, say ended=False."
        )
    # Who decided nothing tells nothing, and is no independent trajectory to an interval.
    some = lengths > 0
    owner = (np.cumsum(some) - 1)[owner]
    return Demonstrations(
        mdp,
        starts[some],
        ends[some],
        lengths[some],
        ~over[some],
        owner,
        time,
        states,
        actions,
        after,
    )


def _require_known(mdp: FiniteMDP, given: Sequence[Trajectory]) -> None:
    for number, each in enumerate(given):
        for what, values, count in (
            ("state", each.states, mdp.n_states),
            ("action", each.actions, mdp.n_actions),
        ):
            if values.size and values.max() >= count:
                step = int((values >= count).argmax())
                raise InputError(
                    f"trajectory {number}, step {step}: {what} {values[step]} is not from 0 to "
                    f"{count - 1}."
                )


def _require_possible(
    mdp: FiniteMDP, owner: Ints, time: Ints, states: Ints, actions: Ints, after: Ints
) -> None:
    def place(at: int) -> str:
        return (
            f"trajectory {owner[at]}, step {time[at]}: action {mdp.action_name(actions[at])} in "
            f"state {mdp.state_name(states[at])}"
        )

    barred = ~mdp.available[states, actions]
    if barred.any():
        at = int(barred.argmax())
        why = "the state is terminal" if mdp.terminal[states[at]] else "the state does not offer it"
        raise InputError(f"{place(at)} cannot be taken: {why}.")
    impossible = entries(mdp.transitions, states * mdp.n_actions + actions, after) <= 0
    if impossible.any():
        at = int(impossible.argmax())
        raise InputError(
            f"{place(at)} cannot lead to state {mdp.state_name(after[at])}: its probability is 0."
        )
