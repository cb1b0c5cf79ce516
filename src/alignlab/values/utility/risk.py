"""Risk of a lottery beyond its mean: CVaR and the entropic risk measure.

With outcomes X (more is better), a tail t between 0 and 1, and a risk aversion a,

    CVaR_t(X)     = max_c { c - E[(c - X)+] / t }     [rockafellar2000optimization]
    entropic_a(X) = ln E[e^(-a X)] / a                [follmer2002convex]

CVaR is the mean of the worst share t of cases. A discrete distribution has atoms: the one on which
the tail's edge falls counts with the part of it that belongs to the tail, so it is not the mean of
the outcomes below a percentile. The entropic risk is minus the certainty equivalent under CARA(a).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.values.utility.functions import CARA
from alignlab.values.utility.lotteries import Lottery

__all__ = ["cvar", "entropic_risk"]

Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-9
"""How far the probabilities may sum from 1."""


def cvar(
    outcomes: Lottery | ArrayLike, probabilities: ArrayLike | None = None, *, tail: float = 0.05
) -> Any:
    """Return the mean of the worst share of outcomes: conditional value at risk.

    Use it where the bad cases matter and the mean hides them. It is the mean at tail 1 and tends
    to the worst outcome as the tail shrinks. Applied to returns of a process it does not decompose
    over steps: a policy that keeps CVaR step by step is not the one that keeps it on the whole.

    Parameters
    ----------
    outcomes
        A lottery of amounts, or an array whose last axis runs over outcomes; more is better.
    probabilities
        Of the last axis, or of the array's shape; `None` makes all equally likely. Not with a
        lottery.
    tail
        The share of worst cases, above 0 and at most 1.

    Returns
    -------
    float or ndarray
        One number for a lottery or a vector, else the array without its last axis.

    Raises
    ------
    InputError
        If the tail is out of range or the probabilities don't fit.

    References
    ----------
    [rockafellar2000optimization]

    Examples
    --------
    The worst 15 % are all of the 10 % at -100 and a third of those at 0, not the outcomes below
    the 15 % quantile:

    >>> round(cvar([-100, 0, 10], [0.1, 0.3, 0.6], tail=0.15), 3)
    -66.667
    """
    if isinstance(outcomes, Lottery):
        if probabilities is not None:
            raise InputError("A lottery has its probabilities; don't give others beside it.")
        values, chances = outcomes.amounts, outcomes.probabilities
    else:
        values, chances = _values(outcomes, probabilities)
    if not 0 < tail <= 1:
        raise InputError(f"tail={tail!r} is not above 0 and at most 1, such as 0.05.")
    order = np.argsort(values, axis=-1)
    worst_first = np.take_along_axis(values, order, axis=-1)
    mass = np.take_along_axis(np.broadcast_to(chances, values.shape), order, axis=-1)
    before = np.cumsum(mass, axis=-1) - mass
    # The atom at the edge of the tail counts with the part of it that lies inside.
    inside = np.clip(tail - before, 0.0, mass)
    total = inside.sum(axis=-1, keepdims=True)
    result = (worst_first * (inside / total)).sum(axis=-1)
    return float(result) if result.ndim == 0 else result


def entropic_risk(
    outcomes: Lottery | ArrayLike, probabilities: ArrayLike | None = None, *, aversion: float
) -> float:
    """Return the entropic risk of amounts: what a sure payment must cover, under CARA.

    It is the negative certainty equivalent of `CARA(aversion)`: computed without overflow, equal
    to minus the mean at aversion 0, and tending to minus the worst outcome as aversion grows.

    Parameters
    ----------
    outcomes
        A lottery of amounts, or a vector; more is better.
    probabilities
        Of the vector; `None` makes all equally likely.
    aversion
        Per unit of amount.

    Examples
    --------
    >>> round(entropic_risk([0.0, 100.0], aversion=0.01), 3)
    -37.989
    >>> round(entropic_risk([0.0, 1e6], aversion=1.0), 3)  # e^(-1e6) is 0 in floating point
    -0.693
    """
    lottery = outcomes if isinstance(outcomes, Lottery) else Lottery(outcomes, probabilities)
    return -CARA(aversion).certainty_equivalent(lottery.amounts, lottery.probabilities)


def _values(outcomes: ArrayLike, probabilities: ArrayLike | None) -> tuple[Floats, Floats]:
    values = np.asarray(outcomes, float)
    if values.ndim == 0 or values.shape[-1] == 0 or not np.isfinite(values).all():
        raise InputError(f"outcomes have shape {values.shape}: give finite numbers on a last axis.")
    n = values.shape[-1]
    chances = np.full(n, 1 / n) if probabilities is None else np.asarray(probabilities, float)
    if chances.shape not in ((n,), values.shape):
        raise InputError(f"There are {n} outcomes on the last axis; probabilities {chances.shape}.")
    if not (chances >= 0).all() or not (np.abs(chances.sum(axis=-1) - 1) <= SUM_TOLERANCE).all():
        raise InputError("probabilities lie between 0 and 1 and sum to 1 over the outcomes.")
    return values, chances
