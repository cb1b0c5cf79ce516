"""P-values of a family: adjusted so that one error in the whole family is as rare as promised.

Holm's step-down [holm1979simple]: the smallest of m p-values is multiplied by m, the next by m - 1,
and so on, none below the one before. It holds whatever the dependence, and finds all that
Bonferroni's finds. The intervals that go with it are Bonferroni's, `critical_value(level,
comparisons=m)`: those that would match Holm's tests exactly end at 0 where an effect is found and
say nothing of its size [brannath2024informative, sec. 1]. So a test may find what an interval,
which promises more, still leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["holm"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that one below 0.05 is right for the whole family.

    Parameters
    ----------
    p_values
        One a hypothesis. One that is undefined (NaN) stays so, and counts as a member: a family is
        as large as it was declared.

    Returns
    -------
    list of float
        In the same order, at most 1.

    References
    ----------
    [holm1979simple]

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, float)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    adjusted = np.empty(len(given))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(steps) else steps
    return adjusted.tolist()
