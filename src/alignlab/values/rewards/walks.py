"""What added rewards pay along the ways on from a state: every one, or the best and the worst.

A way on follows possible steps until the process ends, or for ever. If F(s, a, s') is
γ Φ(s') - Φ(s), with Φ(terminal) = 0, then F adds up to -Φ(s) along *every* way on from s. So

* one way from each state gives the only potential there can be, in time linear in the steps, and
  the largest |F - (γ Φ(s') - Φ(s))| is its certificate;
* if that fails, the best and the worst way on differ somewhere, and are the proof: a walk into a
  loop that pays for ever, beside another that starts in the same state and pays less.

The best way is found by policy iteration on the graph of steps, where a policy is one step for each
state [puterman1994markov, sec. 6.4]; its sums are taken by doubling, V_2n(s) = V_n(s) + γ^n
V_n(s_n). With γ = 1 it begins with ways that end, so the first loop to appear adds more than 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import lsmr

from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.rewards.steps import Steps, reached, reward_scale

__all__ = [
    "Walk",
    "Witness",
    "closest_potential",
    "find_witness",
    "largest_residual",
    "walk_potential",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

NEGLIGIBLE = 1e-20
"""A discount below this leaves nothing of a reward of ordinary size."""

REFINED = 3
"""A sum and two corrections are right to the last digits with 1 - γ = 1e-9 and 3,000 states."""

LEAST_SQUARES_ROUNDS = 2000
"""Enough for rounding where few hundred states lie between any two; else near is near enough."""

SHOWN = 8
"""A longer walk is printed by its first states and its length."""


@dataclass(frozen=True)
class Walk:
    """A way on from a state, and what is added along it.

    Attributes
    ----------
    states
        The states passed, one more than the actions.
    actions
        The actions taken.
    added
        The discounted sum of added rewards, for ever if the walk loops; infinite where a loop
        pays and nothing is discounted.
    returns_to
        The position in `states` of the state in which the walk arrives again and from which it
        repeats itself; `None` if it ends or the horizon stops it.
    round_adds
        What one round of the loop adds, discounted to the round's beginning; `None` without loop.
    """

    states: tuple[int, ...]
    actions: tuple[int, ...]
    added: float
    returns_to: int | None = None
    round_adds: float | None = None

    @property
    def loop(self) -> tuple[int, ...]:
        """The states of the loop, its first one at both ends; empty without a loop."""
        return () if self.returns_to is None else self.states[self.returns_to :]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "states": list(self.states),
            "actions": list(self.actions),
            "added": self.added,
            "returns_to": self.returns_to,
            "round_adds": self.round_adds,
        }

    def told(self, process: FiniteMDP) -> str:
        """Return the walk in words."""
        if self.returns_to is None:
            return f"{_way(process, self.states, self.actions)} adds {self.added + 0.0:.4g}"
        before = self.states[: self.returns_to + 1]
        loop = _way(process, self.loop, self.actions[self.returns_to :])
        rounds = f"going round {loop} adds {(self.round_adds or 0.0) + 0.0:.4g} a round"
        if not np.isfinite(self.added):
            return f"{rounds}, without end"
        way = _way(process, before, self.actions[: self.returns_to])
        lead = "" if self.returns_to == 0 else f"by way of {way} and then "
        return f"{lead}{rounds}, {self.added + 0.0:.4g} for ever"


def _way(process: FiniteMDP, states: tuple[int, ...], actions: tuple[int, ...]) -> str:
    text = process.state_name(states[0])
    for action, state in list(zip(actions, states[1:], strict=True))[:SHOWN]:
        text += f" -{process.action_name(action)}-> {process.state_name(state)}"
    more = len(actions) - SHOWN
    return text if more <= 0 else f"{text} ... ({more:,} more steps)"


@dataclass(frozen=True)
class Witness:
    """Two ways on from one state that no potential explains: it would make them add the same.

    Attributes
    ----------
    better, worse
        The way that adds most and the one that adds least, from the state where they differ most.
    """

    better: Walk
    worse: Walk

    def to_dict(self) -> dict[str, Any]:
        """Return both walks as plain values."""
        return {"better": self.better.to_dict(), "worse": self.worse.to_dict()}

    def told(self, process: FiniteMDP) -> str:
        """Return the proof in one sentence."""
        if not np.isfinite(self.better.added):
            return f"With no discount, {self.better.told(process)}."
        if not np.isfinite(self.worse.added):
            return f"With no discount, {self.worse.told(process)}."
        start = process.state_name(self.better.states[0])
        return (
            f"From state {start}, {self.better.told(process)}; {self.worse.told(process)}: a "
            "potential would make them equal."
        )


def walk_potential(steps: Steps, added: Floats) -> Floats:
    """Return the only potential that could explain added rewards, from one way on a state."""
    process = steps.process
    if process.horizon is None:
        chosen, found = _shortest(steps), np.zeros(process.n_states)
        # A hardly discounted sum goes on for so long that its rounding shows: what the first one
        # leaves over is summed in its turn.
        for _ in range(REFINED):
            left = added - process.discount * found[steps.target] + found[steps.source]
            found = found - _sums(process, *_followed(steps, left, chosen))[0]
        return found
    first = np.flatnonzero(np.diff(steps.source, prepend=-1))
    values = np.zeros((process.horizon + 1, process.n_states))
    for t in reversed(range(process.horizon)):
        values[t, steps.source[first]] = (
            added[first] + process.discount * values[t + 1, steps.target[first]]
        )
    return 0.0 - values


def closest_potential(
    steps: Steps, added: Floats, *, discount: float | None = None, ends: bool = False
) -> Floats:
    """Return the potential whose differences are nearest to added rewards, in least squares.

    With `ends`, terminal states may have a potential too, and `discount` need not be the process's:
    the ways in which shapings go wrong.
    """
    process = steps.process
    n = len(added)
    at = np.arange(n)
    ahead = np.full(n, True) if ends else ~process.terminal[steps.target]
    rate = process.discount if discount is None else discount
    entries = np.concatenate([np.full(int(ahead.sum()), rate), np.full(n, -1.0)])
    rows = np.concatenate([at[ahead], at])
    columns = np.concatenate([steps.target[ahead], steps.source])
    slopes = sparse.csr_array((entries, (rows, columns)), shape=(n, process.n_states))
    found = lsmr(slopes, added, atol=1e-12, btol=1e-12, conlim=0, maxiter=LEAST_SQUARES_ROUNDS)
    return np.asarray(found[0], float)


def largest_residual(
    steps: Steps, added: Floats, potential: Floats, *, discount: float | None = None
) -> float:
    """Return the largest |F - (γ Φ(s') - Φ(s))|.

    Φ of shape (H + 1, S) changes with time, and then only what can be reached in time counts.
    """
    rate = steps.process.discount if discount is None else discount
    if potential.ndim == 1:
        left = added - rate * potential[steps.target] + potential[steps.source]
        return float(np.abs(left).max(initial=0.0))
    return max(
        float(
            np.abs(added - rate * after[steps.target] + now[steps.source]).max(
                where=seen[steps.source], initial=0.0
            )
        )
        for (now, after), seen in zip(pairwise(potential), reached(steps.process), strict=True)
    )


def find_witness(steps: Steps, added: Floats) -> Witness | None:
    """Return the two ways on that differ most in what they add; `None` if none differ.

    With no discount and no horizon, a loop that adds more than 0 comes first, then one that adds
    less; the other walk is then the shortest way to an end.
    """
    if steps.process.horizon is not None:
        return _timed_witness(steps, added)
    start = _shortest(steps)
    best, best_steps, loop = _best(steps, added, start)
    if loop is not None:
        better = _walk(steps, added, best_steps, loop)
        return Witness(better, _walk(steps, added, start, loop))
    worst, worst_steps, loop = _best(steps, -added, start)
    if loop is not None:
        worse = _walk(steps, added, worst_steps, loop)
        return Witness(_walk(steps, added, start, loop), worse)
    # Adding 0 makes of minus nothing nothing.
    gap, least = best + worst, 0.0 - worst
    state = int(gap.argmax())
    if not gap[state] > 0:
        return None
    return Witness(
        _walk(steps, added, best_steps, state, float(best[state])),
        _walk(steps, added, worst_steps, state, float(least[state])),
    )


def _shortest(steps: Steps) -> Ints:
    """Return for each state a step towards the nearest end, or any where none can be reached.

    A terminal state has the step -1.
    """
    process = steps.process
    S = process.n_states
    chosen = np.full(S, -1, dtype=np.intp)
    chosen[steps.source[::-1]] = np.arange(len(steps.source))[::-1]
    ends = np.flatnonzero(process.terminal)
    if len(ends):
        back = process.successors.T.tocsr()
        extra = sparse.csr_array((np.ones(len(ends)), ends, [0, len(ends)]), shape=(1, S))
        graph = sparse.block_array([[back, None], [extra, sparse.csr_array((1, 1))]], format="csr")
        _, onward = breadth_first_order(graph, S)  # type: ignore[arg-type]
        towards = np.flatnonzero(onward[steps.source] == steps.target)[::-1]
        chosen[steps.source[towards]] = towards
    return chosen


def _followed(steps: Steps, added: Floats, chosen: Ints) -> tuple[Ints, Floats]:
    """Return the state that follows each state under the chosen steps, and what that adds."""
    moving = chosen >= 0
    follows = np.where(moving, steps.target[chosen], np.arange(len(chosen)))
    return follows, np.where(moving, added[chosen], 0.0)


def _sums(process: FiniteMDP, follows: Ints, added: Floats) -> tuple[Floats, Ints]:
    """Return the discounted sum along the walk from each state, and where each walk has come."""
    total, ahead, weight, length = added, follows, process.discount, 1
    while weight > NEGLIGIBLE and length < 2**60:
        if process.terminal[ahead].all() or (process.discount == 1 and length > len(total)):
            break
        total = total + weight * total[ahead]
        ahead = ahead[ahead]
        weight, length = weight * weight, 2 * length
    return total, ahead


def _best(steps: Steps, added: Floats, start: Ints) -> tuple[Floats, Ints, int | None]:
    """Return the most that can be added from each state, by which steps, and a state on a loop.

    A loop is returned only where nothing is discounted; it adds more than 0 and ends the search.
    """
    process, chosen = steps.process, start.copy()
    firsts = np.flatnonzero(np.diff(steps.source, prepend=-1))
    moving = steps.source[firsts]
    slack = 1e-12 * reward_scale(added)
    while True:
        follows, paid = _followed(steps, added, chosen)
        values, ahead = _sums(process, follows, paid)
        astray = ~process.terminal[ahead]
        if process.discount == 1 and astray.any():
            return values, chosen, int(ahead[int(astray.argmax())])
        offers = added + process.discount * values[steps.target]
        highest = np.full(process.n_states, -np.inf)
        highest[moving] = np.maximum.reduceat(offers, firsts)
        slack = max(slack, 1e-12 * float(np.abs(values).max(initial=0.0)))
        gains = highest > values + slack
        if not gains.any():
            return values, chosen, None
        better = np.flatnonzero(gains[steps.source] & (offers == highest[steps.source]))[::-1]
        chosen[steps.source[better]] = better


def _walk(
    steps: Steps, added: Floats, chosen: Ints, state: int, total: float | None = None
) -> Walk:
    """Return the walk from a state by the chosen steps; without `total`, nothing is discounted."""
    process, seen = steps.process, {state: 0}
    states, taken = [state], []
    while chosen[states[-1]] >= 0:
        step = int(chosen[states[-1]])
        taken.append(step)
        states.append(int(steps.target[step]))
        if states[-1] in seen:
            break
        seen[states[-1]] = len(states) - 1
    back = seen[states[-1]] if len(states) > 1 and seen[states[-1]] < len(states) - 1 else None
    around = None
    if back is not None:
        paid = added[taken[back:]]
        around = float(paid @ process.discount ** np.arange(len(paid)))
    if total is None:
        total = float(added[taken].sum()) if around is None else float(np.copysign(np.inf, around))
    actions = tuple(int(action) for action in steps.action[taken])
    return Walk(tuple(states), actions, total, back, around)


def _timed_witness(steps: Steps, added: Floats) -> Witness | None:
    process = steps.process
    horizon = process.horizon or 0
    values = np.zeros((2, process.n_states))
    firsts = np.flatnonzero(np.diff(steps.source, prepend=-1))
    chosen = np.full((2, horizon, process.n_states), -1, dtype=np.intp)
    widest, at = 0.0, None
    seen = reached(process)
    for t in reversed(range(horizon)):
        for side, sign in enumerate((1, -1)):
            offers = sign * added + process.discount * values[side, steps.target]
            highest = np.zeros(process.n_states)
            highest[steps.source[firsts]] = np.maximum.reduceat(offers, firsts)
            match = np.flatnonzero(offers == highest[steps.source])[::-1]
            chosen[side, t, steps.source[match]] = match
            values[side] = highest
        gap = np.where(seen[t], values.sum(axis=0), 0.0)
        # The earliest step at which they differ most: a proof from the start is the plainest.
        if gap.max() >= widest and gap.max() > 0:
            widest, at = (
                float(gap.max()),
                (t, int(gap.argmax()), values[:, int(gap.argmax())].copy()),
            )
    if at is None:
        return None
    t, state, sums = at
    walks = []
    for side, sign in enumerate((1, -1)):
        states, taken = [state], []
        for now in range(t, horizon):
            step = int(chosen[side, now, states[-1]])
            if step < 0:
                break
            taken.append(step)
            states.append(int(steps.target[step]))
        actions = tuple(int(action) for action in steps.action[taken])
        walks.append(Walk(tuple(states), actions, 0.0 + sign * float(sums[side])))
    return Witness(*walks)
