"""The usual slips of shaping, recognised by their traces.

A reward that is not γ Φ(s') - Φ(s) with Φ(terminal) = 0 [ng1999policy, eq. 2] is mostly one of five
things: a constant; a bonus for where a step arrives, without the minus term; the difference of a
potential that is not 0 at the end [grzes2017reward]; the difference for discount 1 where the
agent's is smaller; or a true difference under a horizon, which stops policies where it matters.
Each is a fit that leaves nothing over. Where a process branches so much that anything would fit, it
would say nothing, and nothing is said.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.values.rewards.steps import Steps, reward_scale
from alignlab.values.rewards.walks import closest_potential, largest_residual

__all__ = ["recognised_slip"]

Floats = NDArray[np.float64]


def recognised_slip(steps: Steps, added: Floats, limit: float) -> str:
    """Return which usual slip an added reward looks like, in one sentence, or an empty string.

    Parameters
    ----------
    steps
        The steps of the process.
    added
        What is added on each, known not to be potential-based.
    limit
        Up to which a difference counts as rounding, in units of reward.

    Examples
    --------
    >>> from alignlab.values.processes.mdp import FiniteMDP
    >>> chain = FiniteMDP([[0, 1, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]],
    ...                   [0, 0, 0], discount=0.9)
    >>> recognised_slip(Steps(chain), np.array([1.0, 2.0, 1.0, 2.0]), 0)
    'It depends on nothing but the state arrived in: the term -Φ(s) for the state left is missing.'
    """
    process = steps.process
    near = max(limit, 1e-7 * reward_scale(added))
    if np.ptp(added) <= near:
        return (
            f"It pays {float(added.mean()):.4g} for every step: that is a potential difference "
            "only where nothing ends and the discount is below 1."
        )
    low = np.full(process.n_states, np.inf)
    high = -low
    np.minimum.at(low, steps.target, added)
    np.maximum.at(high, steps.target, added)
    arrived = np.isfinite(low)
    links = np.unique(steps.source * process.n_states + steps.target)
    if len(links) > arrived.sum() and (high[arrived] - low[arrived]).max() <= near:
        return (
            "It depends on nothing but the state arrived in: the term -Φ(s) for the state left is "
            "missing."
        )
    met = np.union1d(steps.source, steps.target)
    for discount, ends in ((process.discount, False), (process.discount, True), (1.0, True)):
        if len(links) <= (len(met) if ends else int((~process.terminal[met]).sum())):
            continue
        found = closest_potential(steps, added, discount=discount, ends=ends)
        if largest_residual(steps, added, found, discount=discount) > near:
            continue
        if not ends:
            return (
                "It is the difference of a potential, but the horizon stops policies in states of "
                "different potential."
            )
        if discount == process.discount:
            state = int(np.abs(np.where(process.terminal, found, 0)).argmax())
            return (
                f"It is the difference of a potential that is {found[state]:.4g}, not 0, at "
                f"terminal state {process.state_name(state)}."
            )
        return (
            "It is the difference of a potential for discount 1, and this agent's is "
            f"{process.discount:g}: write {process.discount:g} Φ(s') - Φ(s)."
        )
    return ""
