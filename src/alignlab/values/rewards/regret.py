"""What it costs to optimise one reward where another is meant.

With J(π) the expected discounted return under the meant reward, from the process's beginning, and π
optimal for the reward that was optimised,

    regret = max J - J(π),        share = regret / (max J - min J)  from 0 to 1.

Where several actions are optimal, policies that are equal under the optimised reward differ under
the meant one. So the regret is a range: best and worst over *all* policies that use optimal actions
only, each found by planning for the meant reward, or for its negative, with the other actions
taken away. One optimal policy, picked by an argmax, lies anywhere between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.charts import Chart, bar_chart
from alignlab.errors import InputError
from alignlab.plain import plain
from alignlab.tables import Table
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.planning import Method, solve
from alignlab.values.processes.solutions import Solution
from alignlab.values.rewards.steps import levelled, reward_scale

__all__ = ["Regret", "optimal_sets", "regret"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SOLVED = 1e-11
"""How far values may be off, relative to the largest reward, where rounding allows it."""

SWEPT = 0.99
"""Up to this discount sweeping is the fastest way to the accuracy wanted."""

SHOWN = 20
"""A chart shows no more states than this."""


@dataclass(frozen=True, eq=False, repr=False)
class Regret:
    """What optimising one reward loses under another.

    Attributes
    ----------
    best, worst
        The regret of the luckiest and of the unluckiest choice among optimal policies, in units of
        the meant reward.
    best_share, worst_share
        The same as a share of the difference between the best and the worst policy there is; 0
        where all policies are worth the same.
    highest, lowest
        The largest and smallest expected return of any policy under the meant reward.
    loss
        What the unluckiest choice loses from each state on, shape (S,).
    process
        Names the states.
    """

    best: float
    worst: float
    best_share: float
    worst_share: float
    highest: float
    lowest: float
    loss: Floats
    process: FiniteMDP

    def __repr__(self) -> str:
        """Return the summary."""
        return f"<Regret {self.summary}>"

    @property
    def summary(self) -> str:
        """The result in one sentence."""
        if self.worst_share - self.best_share <= 1e-9:
            return (
                f"Optimising it loses {self.worst:.4g} of expected return, {self.worst_share:.2%} "
                "of what there is to lose."
            )
        return (
            f"Optimising it loses between {self.best:.4g} and {self.worst:.4g} of expected return "
            f"({self.best_share:.2%} to {self.worst_share:.2%} of what there is to lose), by which "
            "of its optimal policies is taken."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        names = ("best", "worst", "best_share", "worst_share", "highest", "lowest", "loss")
        return {name: plain(getattr(self, name)) for name in names}

    def table(self) -> Table:
        """Return the states from which something is lost, most first."""
        order = np.argsort(-self.loss, kind="stable")
        rows = [
            (self.process.state_name(int(state)), float(self.loss[state]))
            for state in order[self.loss[order] > 0]
        ]
        return Table("Where is something lost?", ("state", "loss"), tuple(rows))

    def to_frame(self) -> Any:
        """Return `table` as a pandas data frame."""
        return self.table().to_frame()

    def chart(self, question: str = "From which states does the wrong reward lose most?") -> Chart:
        """Draw the loss of the states from which most is lost."""
        rows = [{"state": name, "loss": loss} for name, loss in self.table().rows[:SHOWN]]
        return bar_chart(
            question, rows, x="expected return lost", y="state", value="loss", percent=False
        )


def regret(
    process: FiniteMDP,
    of: sparse.sparray | sparse.spmatrix | ArrayLike,
    under: sparse.sparray | sparse.spmatrix | ArrayLike,
    *,
    tolerance: float = 1e-8,
) -> Regret:
    """Return what optimal behaviour for one reward loses under another.

    Use it beside a distance: it says what the difference costs here, in this process, if the agent
    plans perfectly. It says nothing of an agent that does not, or of another process.

    Parameters
    ----------
    process
        With a discount below 1, or a horizon.
    of
        The reward that was optimised, in one of the three forms of `FiniteMDP`.
    under
        The reward that is meant.
    tolerance
        Actions whose values differ by less than this, relative to the largest reward or value,
        are equally good.

    Raises
    ------
    InputError
        If rewards do not fit, or returns have no bound.

    References
    ----------
    [skalse2024starc]

    Examples
    --------
    >>> fork = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
    ...                  [[0, 0], [0, 2], [0, 0]], discount=0.5, initial=0)
    >>> regret(fork, of=[[0, 1], [0, 0], [0, 0]], under=fork.rewards).summary
    'Optimising it loses 1 of expected return, 100.00% of what there is to lose.'

    A reward that pays nothing loses anything or nothing:

    >>> lost = regret(fork, of=[0, 0, 0], under=fork.rewards)
    >>> round(lost.best, 9), round(lost.worst, 9)
    (0.0, 1.0)
    """
    if process.discount == 1 and process.horizon is None:
        raise InputError(
            "with discount 1 and no horizon a policy that never ends may have no return, so a "
            "worst policy may not exist. Use .replace(discount=...) below 1, or a horizon."
        )
    paid, constant = levelled(process, process.expected(under), process.available)
    size = reward_scale(paid)
    meant = process.with_rewards(paid / size)
    steps = () if process.horizon is None else (process.horizon,)
    everything = np.broadcast_to(process.available, (*steps, *process.available.shape))
    top, bottom = (size * values for values in _range(meant, everything))
    luckiest = unluckiest = top
    if of is not under:
        allowed = optimal_sets(process.with_rewards(of), tolerance=tolerance)
        luckiest, unluckiest = (size * values for values in _range(meant, allowed))
    highest, lowest = float(process.initial @ top), float(process.initial @ bottom)
    room = highest - lowest
    # Differences of values below this are rounding.
    least = 1e-9 * reward_scale(top, bottom)
    lost = [
        min(max(highest - float(process.initial @ each), 0.0), room) if room > least else 0.0
        for each in (luckiest, unluckiest)
    ]
    lost = [each if each > least else 0.0 for each in lost]
    loss = top - unluckiest
    paid_for = process.discount ** np.arange(process.horizon or 0)
    counted = 1 / (1 - process.discount) if process.horizon is None else float(paid_for.sum())
    return Regret(
        best=lost[0],
        worst=lost[1],
        best_share=lost[0] / room if room > least else 0.0,
        worst_share=lost[1] / room if room > least else 0.0,
        highest=highest + constant * counted,
        lowest=lowest + constant * counted,
        loss=np.where(loss > least, loss, 0.0),
        process=process,
    )


def optimal_sets(process: FiniteMDP, *, tolerance: float) -> Bools:
    """Return which actions are optimal, shape (S, A), or (H, S, A) with a horizon.

    The tolerance is relative to the largest reward or value, once a constant that orders nothing
    is taken out.
    """
    paid, _ = levelled(process, process.expected_rewards, process.available)
    # What solving promises is in the unit of the rewards, so rewards are brought to size 1.
    solution = _solved(process.with_rewards(paid / reward_scale(paid)))
    least = tolerance * max(1.0, float(np.abs(solution.values).max()))
    if process.horizon is None:
        return solution.optimal_actions(least)
    return np.stack([solution.optimal_actions(least, step=t) for t in range(process.horizon)])


def _range(process: FiniteMDP, allowed: Bools) -> tuple[Floats, Floats]:
    """Return the largest and the smallest value of each state, using allowed actions only."""
    if process.horizon is not None:
        return _backward(process, allowed, np.max), _backward(process, allowed, np.min)
    kept = allowed.ravel()
    sizes = np.diff(process.transitions.indptr)
    held = np.repeat(kept, sizes)
    matrix = process.transitions
    pointers = np.concatenate([[0], np.cumsum(np.where(kept, sizes, 0))])
    fewer = FiniteMDP(
        sparse.csr_array((matrix.data[held], matrix.indices[held], pointers), matrix.shape),
        process.expected_rewards,
        discount=process.discount,
        initial=process.initial,
        terminal=process.terminal,
    )
    least = _solved(fewer.with_rewards(-process.expected_rewards))
    return _solved(fewer).values, -least.values


def _solved(process: FiniteMDP) -> Solution:
    # Sweeps need no factorisation, but their number grows as discounting weakens; and where there
    # is hardly a choice left, improving the policy is soon done.
    free = process.available.sum() > 1.5 * (~process.terminal).sum()
    by_sweeps = process.horizon is None and process.discount <= SWEPT and free
    method: Method = "modified policy iteration" if by_sweeps else "policy iteration"
    return solve(process, method=method, tolerance=SOLVED)


def _backward(process: FiniteMDP, allowed: Bools, choose: Any) -> Floats:
    shape = (process.n_states, process.n_actions)
    nothing = -np.inf if choose is np.max else np.inf
    values = np.zeros(process.n_states)
    for t in reversed(range(len(allowed))):
        after = (process.transitions @ values).reshape(shape)
        offers = process.expected_rewards + process.discount * after
        offers = np.where(allowed[t], offers, nothing)
        values = np.where(process.terminal, 0.0, choose(offers, axis=1))
    return values
