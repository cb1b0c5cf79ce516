"""Segments: pieces of behaviour that are fair to compare, since each stands for the same time.

A segment of length H is H steps of an episode; or fewer, but only where the episode ended: what is
missing are steps in an absorbing state. The absorbing state's reward is the zero of every learned
reward, so a segment's return is the sum over the steps that were taken, and of two segments one may
be shorter without a word about it. This is the absorbing state of [kostrikov2019discriminator,
sec. 4.2] with its reward as the unit's origin: only differences of returns over equal times are
known, and this one difference, of going on and having ended, is what a policy may be paid for. A
segment that was cut off any other way says nothing about what would have followed; it is not used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError

__all__ = ["cut_segments", "draw_segments"]


def cut_segments(
    trajectories: Sequence[Trajectory], length: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where segments may begin: the trajectory and the step, one pair a segment.

    In an episode that ended, a segment may begin at every step; in one that was cut off, at those
    that have `length` steps before them.

    Examples
    --------
    >>> ended, cut = Trajectory([0, 1, 2], [0, 0], ended=True), Trajectory([0, 1, 2], [0, 0])
    >>> [each.tolist() for each in cut_segments([ended, cut], 2)]
    [[0, 0, 1], [0, 1, 0]]
    """
    counts = np.array(
        [max(len(t) if t.ended else len(t) - length + 1, 0) for t in trajectories], dtype=np.intp
    )
    which = np.repeat(np.arange(len(trajectories)), counts)
    begins = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return which, begins


def draw_segments(
    trajectories: Sequence[Trajectory], n: int, *, length: int, seed: np.random.Generator
) -> tuple[Trajectory, ...]:
    """Draw segments: half from those that reach an end, half from those that do not.

    Ends are rare once a policy is good, and they are where going on and having ended are told
    apart; drawn evenly over time, hardly a question would show one. Where there are too few of one
    kind the other makes up for it. No segment is drawn twice while there are others.

    Parameters
    ----------
    trajectories
        Episodes, ended or cut off.
    n
        How many segments; fewer are returned if there are not so many.
    length
        Their steps.
    seed
        Draws them.

    Raises
    ------
    InputError
        If no episode is long enough and none ended.

    Examples
    --------
    >>> walk = Trajectory(list(range(7)), [0] * 6, ended=True)
    >>> drawn = draw_segments([walk], 4, length=3, seed=np.random.default_rng(0))
    >>> sorted((len(each), each.ended) for each in drawn)
    [(1, True), (3, False), (3, False), (3, True)]
    """
    which, begins = cut_segments(trajectories, length)
    if not len(which):
        longest = max((len(t) for t in trajectories), default=0)
        raise InputError(
            f"segment_length={length} is longer than every stretch of behaviour seen: the longest "
            f"is {longest} steps, and none ended. Give a segment_length of at most {longest}, or "
            "more rollout_steps."
        )
    steps = np.array([len(t) for t in trajectories])
    final = np.array([t.ended for t in trajectories])[which] & (begins + length >= steps[which])
    reaching, passing = (seed.permutation(np.flatnonzero(kind)) for kind in (final, ~final))
    n_reaching = min(max(n // 2, n - len(passing)), len(reaching))
    chosen = np.concatenate([reaching[:n_reaching], passing[: n - n_reaching]])
    return tuple(
        _segment(trajectories[which[at]], int(begins[at]), length)
        for at in seed.permutation(chosen)
    )


def _segment(trajectory: Trajectory, begin: int, length: int) -> Trajectory:
    end = min(begin + length, len(trajectory))
    return Trajectory(
        trajectory.states[begin : end + 1],
        trajectory.actions[begin:end],
        None if trajectory.rewards is None else trajectory.rewards[begin:end],
        trajectory.ended and end == len(trajectory),
    )
