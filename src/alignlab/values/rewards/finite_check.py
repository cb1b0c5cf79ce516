"""Whether a reward added in a finite process is a potential difference, and what it does if not.

With F = shaped - original, three questions of falling strength, each decided exactly:

* Is F(s, a, s') = γ Φ(s') - Φ(s) on every possible step, Φ(terminal) = 0? Then no policy overtakes
  another, here or under any other dynamics on the same steps [ng1999policy, th. 1].
* Is E[F(s, a, S')] = E[γ Φ(S')] - Φ(s) for every state and action? Then every policy gains the
  same here, but not where the dynamics differ.
* Is every action that is optimal under the shaped reward optimal under the original one?

With discount 1 and no horizon they are asked of policies that end, and then whether going on for
ever takes the place of the best way to an end, or gives it up (`endless.py`).
With a horizon, a state counts at a step if it can be reached from the beginning in so many.

The only candidate for Φ is minus what F adds along any way on from s (first question), or minus
what it adds in expectation under any policy (second); the residual of the candidate decides. With
γ < 1 a constant reward passes in a process that never ends and fails in one that can, so ends
matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.charts import Chart, bar_chart
from alignlab.errors import InputError, listed
from alignlab.plain import plain
from alignlab.tables import Cell, Table
from alignlab.values.processes.mdp import FiniteMDP
from alignlab.values.processes.planning import solve
from alignlab.values.rewards.canonical import uniform_policy, values_of
from alignlab.values.rewards.endless import endless_actions, endless_gain
from alignlab.values.rewards.regret import Regret, optimal_sets, regret
from alignlab.values.rewards.slips import recognised_slip
from alignlab.values.rewards.steps import Steps, reached, require_same_process, reward_scale
from alignlab.values.rewards.walks import (
    Witness,
    closest_potential,
    find_witness,
    largest_residual,
    walk_potential,
)

__all__ = ["ShapingCheck", "ShapingVerdict", "check_finite"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ShapingVerdict = Literal[
    "potential-based",
    "potential-based in expectation",
    "not potential-based, optimal policies kept",
    "changes the optimal policy",
]

PATIENT = 1 - 1e-4
"""The discount in place of 1 where a shaped reward pays without end."""

ROUNDING = 4 * float(np.finfo(float).eps)
"""How far a difference of potentials may be off, relative to the largest of them."""

SHOWN = 20
"""A chart shows no more states than this."""


@dataclass(frozen=True, eq=False, repr=False)
class ShapingCheck:
    """Whether an added reward is a potential difference, with the proof either way.

    Attributes
    ----------
    verdict
        "potential-based": on every step. "potential-based in expectation": every policy gains the
        same here. "not potential-based, optimal policies kept": policies change places, but none
        that is optimal under the shaped reward is worse than the best. "changes the optimal
        policy": at the states in `misled`.
    potential
        Φ, shape (S,), or (H + 1, S) with a horizon. If nothing is potential-based, without a
        horizon the potential whose differences are nearest to the added reward in least squares,
        and with one what a single way on from each state would make it.
    residual, expected_residual
        The largest |F - (γ Φ(s') - Φ(s))| on any step, and in expectation for any state and
        action, each for its own best candidate, in units of reward.
    tolerance
        Up to which a residual counts as rounding, in units of reward.
    witness
        Two ways on from one state that no potential explains; `None` if potential-based.
    changed
        Where the sets of optimal actions differ, shape (S,); with a horizon, at any step at which
        the state can be reached from the beginning, as in all that is said here.
    misled
        Where an action is optimal under the shaped reward only, shape (S,).
    original_actions, shaped_actions
        The sets of optimal actions, shape (S, A) or (H, S, A).
    regret
        What optimising the shaped reward loses under the original one; `None` where returns may
        have no bound (discount 1 without a horizon).
    endless
        With discount 1 and no horizon, policies that end are compared, and "possible" says that
        there are others, which never end but are best under neither reward more than before;
        "misleads", that going on for ever is best under one of the two rewards and not under the
        other, which a potential difference does not rule out. "no" where all of this is no matter.
    reason
        What the added reward looks like instead, where that is recognised; else empty.
    original
        The process with the original reward.
    """

    verdict: ShapingVerdict
    potential: Floats
    residual: float
    expected_residual: float
    tolerance: float
    witness: Witness | None
    changed: Bools
    misled: Bools
    original_actions: Bools
    shaped_actions: Bools
    regret: Regret | None
    reason: str
    endless: Literal["no", "possible", "misleads"]
    original: FiniteMDP

    def __repr__(self) -> str:
        """Return the verdict; `summary` says more."""
        return f"<ShapingCheck {self.verdict!r}; residual: {self.residual:.3g}>"

    @property
    def potential_based(self) -> bool:
        """Whether the added reward is a potential difference on every step."""
        return self.residual <= self.tolerance

    @property
    def safe(self) -> bool:
        """Whether optimising the shaped reward is optimal for the original one, here."""
        return self.verdict != "changes the optimal policy"

    @property
    def summary(self) -> str:
        """The result in a few sentences."""
        if self.endless == "possible" and self.safe:
            return (
                f"{self._compared()} With no discount this compares policies that end; whether "
                "going on for ever is best has not changed."
            )
        return self._compared()

    def _compared(self) -> str:
        names = listed((self.original.state_name(int(s)) for s in np.flatnonzero(self.misled)), 5)
        if self.endless == "misleads":
            return (
                "The added reward changes the optimal policy: with no discount, whether to end or "
                f"to go on for ever among the states {names} is best under one reward and not "
                "under the other, though it may change nothing among policies that end. "
                f"{self._proof()}"
            ).strip()
        if self.potential_based:
            return (
                "The added reward is a potential difference on every possible step (largest "
                f"residual {self.residual:.2g}): it changes no preference among policies."
            )
        if self.verdict == "potential-based in expectation":
            return (
                "The added reward is a potential difference in expectation: every policy gains the "
                "same here, but not where the dynamics differ. "
            ) + self._proof()
        if self.safe:
            return (
                "The added reward is not a potential difference, but whatever is optimal under the "
                "shaped reward is optimal under the original one here. "
            ) + self._proof()
        if not self.misled.any():
            return (
                "The added reward changes the optimal policy: with no discount, a loop pays "
                f"without end, and a patient enough agent takes it. {self._proof()}"
            )
        loses = "" if self.regret is None else " " + self.regret.summary
        return (
            f"The added reward changes the optimal policy: at {int(self.misled.sum()):,} of "
            f"{int((~self.original.terminal).sum()):,} states ({names}) an action becomes optimal "
            f"that was not.{loses} {self._proof()}"
        )

    def _proof(self) -> str:
        told = "" if self.witness is None else self.witness.told(self.original)
        return f"{told} {self.reason}".strip()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values; states and actions by their numbers."""
        return {
            "verdict": self.verdict,
            "safe": self.safe,
            "summary": self.summary,
            "potential": plain(self.potential),
            "residual": self.residual,
            "expected_residual": self.expected_residual,
            "tolerance": self.tolerance,
            "witness": None if self.witness is None else plain(self.witness.to_dict()),
            "changed": plain(np.flatnonzero(self.changed)),
            "misled": plain(np.flatnonzero(self.misled)),
            "regret": None if self.regret is None else self.regret.to_dict(),
            "reason": self.reason,
            "endless": self.endless,
        }

    def table(self) -> Table:
        """Return the states where the sets of optimal actions differ.

        With a horizon, the sets at the first step at which they do.
        """
        names = self.original.action_name
        rows: list[tuple[Cell, ...]] = []
        for state in np.flatnonzero(self.changed).tolist():
            sets = [self.original_actions, self.shaped_actions]
            if sets[0].ndim == 3:
                differ = (sets[0][:, state] != sets[1][:, state]).any(axis=1)
                at = int((differ & reached(self.original)[:, state]).argmax())
                sets = [each[at] for each in sets]
            told = [", ".join(names(int(a)) for a in np.flatnonzero(each[state])) for each in sets]
            lost = float("nan") if self.regret is None else float(self.regret.loss[state])
            rows.append((self.original.state_name(state), *told, lost))
        columns = ("state", "optimal before", "optimal after", "loss")
        return Table("Where does the optimal policy change?", columns, tuple(rows))

    def to_frame(self) -> Any:
        """Return `table` as a pandas data frame."""
        return self.table().to_frame()

    def chart(self, question: str = "From which states does the shaped reward mislead?") -> Chart:
        """Draw what following the shaped reward loses, for the states that lose most."""
        if self.regret is not None:
            return self.regret.chart(question)
        rows = [
            {"state": self.original.state_name(int(state)), "misled": 1.0}
            for state in np.flatnonzero(self.misled)[:SHOWN]
        ]
        return bar_chart(question, rows, x="misled", y="state", value="misled", percent=False)


def check_finite(
    original: FiniteMDP,
    shaped: FiniteMDP | sparse.sparray | sparse.spmatrix | ArrayLike,
    *,
    tolerance: float,
) -> ShapingCheck:
    """Decide the three questions for a finite process; see `check_shaping`."""
    if not (np.isfinite(tolerance) and 0 <= tolerance < 1):
        raise InputError(f"tolerance={tolerance!r} is not a number from 0 to below 1.")
    if isinstance(shaped, FiniteMDP):
        require_same_process(original, shaped)
        given: Any = shaped.rewards
    else:
        given = shaped
    steps = Steps(original)
    before, after = steps.paid(original.rewards), steps.paid(given)
    added = after - before
    limit = tolerance * reward_scale(before, after)
    potential = walk_potential(steps, added)
    residual = largest_residual(steps, added, potential)
    # A constant reward at a discount next to 1 has a potential so large that its last digit shows.
    limit = max(limit, ROUNDING * float(np.abs(potential).max(initial=0.0)))
    based = residual <= limit
    expected_potential, expected_residual = _in_expectation(original, steps, added)
    in_expectation = expected_residual <= limit
    witness: Witness | None = None
    reason = ""
    if not based:
        witness = find_witness(steps, added)
        if in_expectation:
            potential = expected_potential
        elif original.horizon is None:
            potential = closest_potential(steps, added)
            closest = largest_residual(steps, added, potential)
            residual, based = min(residual, closest), closest <= limit
        if not (based or in_expectation):
            reason = recognised_slip(steps, added, limit)
    target = original.with_rewards(steps.as_rewards(after))
    if based or in_expectation:
        # Every policy gains the same, so whatever rounding makes of ties is not a change.
        target = original
    first, second, unbounded = _sets(original, target, tolerance)
    if unbounded:
        reason = f"{reason} With no discount the shaped return has no bound.".strip()
    changed: Any = (first != second).any(axis=-1)
    misled: Any = (second & ~first).any(axis=-1)
    if original.horizon is not None:
        # What cannot be reached in so many steps is nobody's choice.
        seen = reached(original)
        changed, misled = (changed & seen).any(axis=0), (misled & seen).any(axis=0)
    endless: Literal["no", "possible", "misleads"] = "no"
    if original.discount == 1 and original.horizon is None:
        kept = endless_actions(original, original.available)
        if kept.any():
            endless = "possible"
            strayed = _strays(original, original.with_rewards(steps.as_rewards(after)), tolerance)
            if strayed.any():
                endless, misled = "misleads", strayed
    verdict: ShapingVerdict
    if endless == "misleads":
        verdict = "changes the optimal policy"
        witness = None if based else witness
    elif based:
        verdict, witness = "potential-based", None
    elif in_expectation:
        verdict = "potential-based in expectation"
    elif not (misled.any() or unbounded):
        verdict = "not potential-based, optimal policies kept"
    else:
        verdict = "changes the optimal policy"
    bounded = original.discount < 1 or original.horizon is not None
    return ShapingCheck(
        verdict=verdict,
        potential=potential,
        residual=residual,
        expected_residual=expected_residual,
        tolerance=limit,
        witness=witness,
        changed=changed,
        misled=misled,
        original_actions=first,
        shaped_actions=second,
        regret=_loss(original, target, tolerance) if bounded else None,
        reason=reason,
        endless=endless,
        original=original,
    )


def _in_expectation(process: FiniteMDP, steps: Steps, added: Floats) -> tuple[Floats, float]:
    """Return the only potential that could explain the expected added reward, and its residual."""
    shape = (process.n_states, process.n_actions)
    paid = process.expected(steps.as_rewards(added))
    uniform = uniform_policy(process)

    def advantage(now: Floats, after: Floats) -> Floats:
        onward = process.discount * (process.transitions @ after).reshape(shape)
        return np.where(process.available, paid + onward - now[:, None], 0.0)

    if process.horizon is None:
        values = values_of(process, paid)
        return 0.0 - values, float(np.abs(advantage(values, values)).max(initial=0.0))
    values = np.zeros((process.horizon + 1, process.n_states))
    residual, seen = 0.0, reached(process)
    for t in reversed(range(process.horizon)):
        offers = advantage(values[t], values[t + 1])
        values[t] = (uniform * offers).sum(axis=1)
        off = np.where(process.available & seen[t][:, None], offers - values[t][:, None], 0.0)
        residual = max(residual, float(np.abs(off).max(initial=0.0)))
    return 0.0 - values, residual


def _sets(original: FiniteMDP, target: FiniteMDP, tolerance: float) -> tuple[Bools, Bools, bool]:
    """Return both sets of optimal actions, and whether only the shaped return has no bound."""
    least = max(tolerance, 1e-9)
    processes = [original] if target is original else [original, target]
    unbounded: list[FiniteMDP] = []
    found: list[Bools] = []
    for process in processes:
        try:
            found.append(optimal_sets(process, tolerance=least))
        except InputError:
            if process.discount < 1 or process.horizon is not None:
                raise
            unbounded.append(process)
    if unbounded:
        # With discount 1 a loop may pay without end. An agent for whom something is best, though
        # hardly impatient, takes that loop, and is compared with one that is as patient.
        patient = [each.replace(discount=PATIENT) for each in processes]
        found = [optimal_sets(each, tolerance=least) for each in patient]
    only_shaped = len(unbounded) == 1 and unbounded[0] is not original
    return found[0], found[-1], only_shaped


def _strays(original: FiniteMDP, shaped: FiniteMDP, tolerance: float) -> Bools:
    """Return where only one reward makes going on for ever, or ending, best; shape (S,)."""
    gains, places = [], []
    for process in (original, shaped):
        paid = process.expected_rewards / reward_scale(process.expected_rewards)
        scaled = process.with_rewards(paid)
        try:
            best = solve(scaled, method="policy iteration", tolerance=1e-11)
        except InputError:  # a loop that pays without end is seen elsewhere
            return np.zeros(process.n_states, dtype=bool)
        least = max(tolerance, 1e-9) * max(1.0, float(np.abs(best.values).max()))
        gain, where = endless_gain(scaled, best.values, best.optimal_actions(least))
        gains.append(0.0 if abs(gain) <= least else gain)
        places.append(where)
    if gains[1] >= 0 > gains[0]:
        return places[1]
    return places[0] if gains[0] > 0 >= gains[1] else np.zeros(original.n_states, dtype=bool)


def _loss(original: FiniteMDP, target: FiniteMDP, tolerance: float) -> Regret:
    least = max(tolerance, 1e-9)
    return regret(original, target.rewards, original.rewards, tolerance=least)
