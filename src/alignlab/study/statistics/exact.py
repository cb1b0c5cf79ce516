"""The sign-flip test: how surprising is a mean difference if each sign is a coin's.

    p = share of all sign vectors e in {-1, 1}^n with |sum_i e_i c_i| >= |sum_i c_i|

[fisher1935design, sec. 21], where c_i are the pairs' parts in the mean over tasks. Exact, with no
assumption but that a difference is as likely of either sign as large, by enumeration up to 2^16
vectors; beyond, by draws, p = (1 + hits) / (1 + draws), which keeps the test's size
[phipson2010permutation]. No p can be below `attainable`: 2 / 2^n of n pairs, whatever they are, so
five pairs never reach 0.05.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import require_choice, require_whole
from alignlab.random import as_generator
from alignlab.study.statistics.tasks import Generalise, Tasks, Values, as_tasks

__all__ = ["SignFlips", "attainable_p_value", "sign_flip_test"]

ENUMERATED = 16
"""Pairs up to which all sign vectors are gone through."""

ROUNDING = 1e-9
"""Sums this near, in units of the sum of all parts, are the same sum in another order."""


@dataclass(frozen=True, slots=True)
class SignFlips:
    """The result of a sign-flip test.

    Attributes
    ----------
    p_value
        Two-sided; NaN where it is undefined.
    attainable
        The smallest p-value that so many units can give.
    units
        Pairs, or tasks' means where tasks are drawn anew.
    vectors
        Sign vectors gone through.
    exact
        Whether those were all.
    why
        Why it is undefined; "" where it is not.
    """

    p_value: float
    attainable: float
    units: int
    vectors: int
    exact: bool
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def sign_flip_test(
    differences: Values | Tasks,
    *,
    generalise: Generalise = "seeds",
    clusters: Sequence[Any] | None = None,
    draws: int = 2**16,
    seed: int | np.random.Generator = 0,
) -> SignFlips:
    """Test whether differences are as likely of either sign.

    Use it where differences are not normal and pairs are many enough; look at `attainable` before
    the first run. It tests that pairs in every task differ symmetrically around 0, which is more
    than that their mean is 0.

    Parameters
    ----------
    differences, generalise, clusters
        See `estimate_difference`. With "tasks", the means of tasks, or of their clusters, flip.
    draws, seed
        Of sign vectors, beyond 16 units.

    References
    ----------
    [fisher1935design], [phipson2010permutation]

    Examples
    --------
    >>> found = sign_flip_test([0.03, 0.05, 0.04, 0.02, 0.06])
    >>> found.p_value, found.attainable
    (0.0625, 0.0625)
    """
    require_choice(generalise, ("seeds", "tasks"), what="generalise")
    require_whole(draws, "draws", 1)
    tasks = as_tasks(differences, clusters=clusters)
    if (tasks.sizes == 0).any():
        which = int(np.flatnonzero(tasks.sizes == 0)[0]) + 1
        return SignFlips(np.nan, np.nan, tasks.n, 0, True, f"task {which} has no pair")
    parts = (
        tasks.cluster_means()
        if generalise == "tasks"
        else np.concatenate(
            [w / len(x) * x for w, x in zip(tasks.weights, tasks.values, strict=True)]
        )
    )
    units = len(parts)
    size = float(np.abs(parts).sum())
    least = abs(float(parts.sum())) - ROUNDING * size
    if units <= ENUMERATED:
        sums = _all_sums(parts)
        share = float(np.mean(np.abs(sums) >= least))
        return SignFlips(share, attainable_p_value(units), units, 2**units, True)
    rng = as_generator(seed, "sign flips") if not isinstance(seed, np.random.Generator) else seed
    hits, left = 0, draws
    while left:
        block = min(left, max(1, 2**22 // units))
        signs = rng.integers(0, 2, (block, units), dtype=np.int8) * 2.0 - 1
        hits += int(np.count_nonzero(np.abs(signs @ parts) >= least))
        left -= block
    p_value = (1 + hits) / (1 + draws)
    attainable = max(attainable_p_value(units), 1 / (1 + draws))
    return SignFlips(p_value, attainable, units, draws, False)


def attainable_p_value(units: int) -> float:
    """Return the smallest two-sided p-value that a sign-flip test of so many units can give.

    Parameters
    ----------
    units
        Pairs, or tasks.

    Examples
    --------
    >>> attainable_p_value(5), attainable_p_value(6)
    (0.0625, 0.03125)
    """
    require_whole(units, "units", 0)
    return min(1.0, 2.0 ** (1 - units))


def _all_sums(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros(1)
    for part in parts:
        sums = np.concatenate([sums + part, sums - part])
    return sums
