"""Behavioural cloning: what was done in each state, counted; and policies compared by likelihood.

π(a | s) = (n(s, a) + α) / (n(s) + α A(s)) over the A(s) actions available in s, and 1 / A(s) where
nobody was seen. It needs no model of the process and no assumption about wishes, and it knows
nothing about a state that no demonstration visited: the baseline that a recovered reward has to
beat on decisions kept back, measured by the mean of log π(a | s).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, mean_estimate, share_limits
from alignlab.plain import plain
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.processes import FiniteMDP
from alignlab.values.processes.policies import as_policy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ClonedPolicy", "PolicyComparison", "behavioural_cloning", "compare_policies"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ClonedPolicy:
    """A policy of counted shares; every array has shape (S, A).

    Attributes
    ----------
    policy
        The smoothed shares, to be given to `occupancy`, `policy_values` or `simulate`.
    counts
        How often each action was demonstrated.
    low, high
        Clopper–Pearson limits of the unsmoothed share; 0 and 1 where nobody was seen.
    level
        Their coverage, each by itself.
    smoothing
        α.
    """

    mdp: FiniteMDP
    policy: Floats
    counts: Floats
    low: Floats
    high: Floats
    level: float
    smoothing: float

    def __repr__(self) -> str:
        """Return how much was seen."""
        seen = int((self.counts.sum(axis=1) > 0).sum())
        acting = int((~self.mdp.terminal).sum())
        return (
            f"<ClonedPolicy decisions: {int(self.counts.sum()):,}, states seen: {seen:,} of "
            f"{acting:,}>"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the arrays as lists."""
        names = ("policy", "counts", "low", "high", "level", "smoothing")
        return {name: plain(getattr(self, name)) for name in names}

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each available action: its share, limits and count."""
        import pandas as pd

        where = np.argwhere(self.mdp.available)
        state, action = where.T
        return pd.DataFrame(
            {
                "state": [self.mdp.state_name(each) for each in state.tolist()],
                "action": [self.mdp.action_name(each) for each in action.tolist()],
                "share": self.policy[state, action],
                "low": self.low[state, action],
                "high": self.high[state, action],
                "n": self.counts[state, action].astype(int),
            }
        )


@dataclass(frozen=True, eq=False)
class PolicyComparison:
    """How likely some decisions are under several policies.

    Attributes
    ----------
    log_likelihood
        From a policy's name to the mean of log π(a | s) over decisions, in nats.
    gain
        From each later policy's name to its gain over the first one, decision by decision.
    """

    log_likelihood: Mapping[str, Estimate]
    gain: Mapping[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Return both as plain values."""
        return {
            "log_likelihood": {k: v.to_dict() for k, v in self.log_likelihood.items()},
            "gain": {k: v.to_dict() for k, v in self.gain.items()},
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a policy."""
        import pandas as pd

        rows = [
            {
                "policy": name,
                "log_likelihood": told.value,
                "low": told.low,
                "high": told.high,
                "gain": self.gain[name].value if name in self.gain else 0.0,
            }
            for name, told in self.log_likelihood.items()
        ]
        return pd.DataFrame(rows)

    def chart(self, question: str = "Which policy foresees the decisions best?") -> Chart:
        """Draw the log-likelihoods with their intervals."""
        rows = [
            {"group": name, "value": t.value, "low": t.low, "high": t.high, "n": t.n}
            for name, t in self.log_likelihood.items()
            if np.isfinite(t.value)
        ]
        return interval_chart(question, rows, x="log-likelihood (nats a decision)", percent=False)


def behavioural_cloning(
    mdp: FiniteMDP,
    demonstrations: Sequence[Trajectory],
    *,
    smoothing: float = 0.5,
    level: float = 0.95,
) -> ClonedPolicy:
    """Return what demonstrations did, state by state.

    Use it as the baseline of inverse reinforcement learning, or where only imitation in places
    that were visited often is wanted.

    Parameters
    ----------
    mdp
        The process: which actions are available where.
    demonstrations
        Trajectories of any lengths; with a horizon, steps are not told apart.
    smoothing
        α, added to each available action's count. With 0 what was never done is impossible.
    level
        Coverage of each share's limits.

    Returns
    -------
    ClonedPolicy

    Raises
    ------
    InputError
        If a demonstration cannot have happened on this process, or an option is out of range.

    Examples
    --------
    >>> fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], np.zeros(3), terminal=[1, 2])
    >>> walks = [Trajectory([0, 2], [1], ended=True)] * 3
    >>> behavioural_cloning(fork, walks, smoothing=0.5).policy[0].tolist()
    [0.125, 0.875]
    """
    critical_value(level)
    if not (np.isfinite(smoothing) and smoothing >= 0):
        raise InputError(f"smoothing={smoothing!r} is not a finite number from 0.")
    seen = read_demonstrations(mdp, demonstrations)
    S, A = mdp.n_states, mdp.n_actions
    counts = (
        np.bincount(seen.states * A + seen.actions, minlength=S * A).reshape(S, A).astype(float)
    )
    total = counts.sum(axis=1, keepdims=True)
    weight = counts + smoothing * mdp.available
    weight = np.where(weight.sum(axis=1, keepdims=True) > 0, weight, mdp.available)
    policy = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    share = counts / np.maximum(total, 1)
    low, high = share_limits(share, np.broadcast_to(total, counts.shape), level=level)
    return ClonedPolicy(mdp, policy, counts, low, high, level, float(smoothing))


def compare_policies(
    mdp: FiniteMDP,
    policies: Mapping[str, Any],
    demonstrations: Sequence[Trajectory],
    *,
    level: float = 0.95,
) -> PolicyComparison:
    """Say how well policies foresee decisions that they have not seen.

    Parameters
    ----------
    mdp
        The process.
    policies
        From names to policies: arrays, `ClonedPolicy`, or what `soft_solve` returned.
    demonstrations
        Trajectories that no policy was fitted to.
    level
        Coverage.

    Returns
    -------
    PolicyComparison
        Intervals are over trajectories; the gains are paired.

    Raises
    ------
    InputError
        If there is no policy, or a demonstration cannot have happened.

    Examples
    --------
    >>> fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], np.zeros(3), terminal=[1, 2])
    >>> kept = [Trajectory([0, 2], [1], ended=True), Trajectory([0, 1], [0], ended=True)]
    >>> even, sure = np.full((3, 2), 0.5), np.tile([0.1, 0.9], (3, 1))
    >>> found = compare_policies(fork, {"even": even, "sure": sure}, kept)
    >>> round(found.gain["sure"].value, 3)
    -0.511
    """
    if not policies:
        raise InputError("There is no policy to compare.")
    seen = read_demonstrations(mdp, demonstrations)
    acted = np.flatnonzero(seen.lengths)
    said: dict[str, Floats] = {}
    for name, given in policies.items():
        policy = as_policy(mdp, given.policy if isinstance(given, ClonedPolicy) else given)
        chance = np.empty(len(seen.states))
        times = np.zeros_like(seen.time) if policy.stationary else seen.time
        for time in np.unique(times).tolist():
            now = times == time
            shares = policy.probabilities(time)
            chance[now] = shares[seen.states[now], seen.actions[now]]
        with np.errstate(divide="ignore"):
            each = np.log(chance)
        said[name] = np.bincount(seen.owner, each, seen.n)[acted] / seen.lengths[acted]
    first, *others = said
    weights = seen.lengths[acted].astype(float)
    found = {name: _mean(each, weights, level) for name, each in said.items()}
    gains = {name: _mean(said[name] - said[first], weights, level) for name in others}
    return PolicyComparison(found, gains)


def _mean(values: Floats, weights: Floats, level: float) -> Estimate:
    if np.isfinite(values).all():
        return mean_estimate(values, weights=weights, level=level)
    # An impossible decision settles the matter; two such policies cannot be told apart.
    value = float(np.nan if np.isnan(values).any() else values[~np.isfinite(values)][0])
    return Estimate(value, value, value, level, len(values), "a decision was called impossible")
