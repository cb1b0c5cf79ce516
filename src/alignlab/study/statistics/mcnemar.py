"""Do two models err on different items? McNemar's test, exact.

    p = min(1, 2 P(B <= min(b, c))),    B ~ Binomial(b + c, 1/2)

with b items that only the first gets right and c that only the second does [mcnemar1947note]: items
that both get right, or both wrong, say nothing. The chi-square form is an approximation that fails
where b + c is small, which is where two good models meet [fagerland2013mcnemar]; there is no need
of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, share_estimate
from alignlab.study.statistics.tasks import undefined

__all__ = ["McNemar", "mcnemar_test"]


@dataclass(frozen=True, slots=True)
class McNemar:
    """The result of McNemar's test.

    Attributes
    ----------
    p_value
        Two-sided; 1 where the two disagree nowhere.
    only_first, only_second
        Items that only one of the two gets right.
    n
        All items.
    attainable
        The smallest p-value that so many disagreements can give.
    share
        Of the items on which they disagree, those that the first gets right, with its exact
        interval; without limits where they disagree nowhere.
    """

    p_value: float
    only_first: int
    only_second: int
    n: int
    attainable: float
    share: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "p_value": self.p_value,
            "only_first": self.only_first,
            "only_second": self.only_second,
            "n": self.n,
            "attainable": self.attainable,
            "share": self.share.to_dict(),
        }


def mcnemar_test(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> McNemar:
    """Test whether two models get as many items right that the other does not.

    Use it for two fixed models on the same items. It says nothing of what another seed of either
    would do: for that, pair runs and use `estimate_difference`.

    Parameters
    ----------
    first, second
        Whether each is right on each item, shape (n,), true or false.
    level
        Of the interval of `share`.

    Raises
    ------
    InputError
        If the two are not of one length, or not true and false.

    References
    ----------
    [mcnemar1947note], [fagerland2013mcnemar]

    Examples
    --------
    >>> found = mcnemar_test([1, 1, 1, 1, 1, 0, 1, 1], [0, 0, 0, 0, 0, 0, 1, 1])
    >>> found.only_first, found.only_second, found.p_value
    (5, 0, 0.0625)
    """
    ours, theirs = (_right(each, name) for each, name in ((first, "first"), (second, "second")))
    critical_value(level)
    if ours.shape != theirs.shape:
        raise InputError(
            f"first has {len(ours)} items and second {len(theirs)}. Give both on the same items."
        )
    b, c = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    apart = b + c
    if not apart:
        nowhere = undefined(np.nan, level=level, n=0, why="the two disagree on no item")
        return McNemar(1.0, 0, 0, len(ours), 1.0, nowhere)
    p_value = min(1.0, 2 * float(special.bdtr(min(b, c), apart, 0.5)))
    share = share_estimate(b / apart, apart, rows=apart, level=level)
    return McNemar(p_value, b, c, len(ours), min(1.0, 2.0 ** (1 - apart)), share)


def _right(given: ArrayLike, name: str) -> Any:
    held = np.asarray(given)
    if held.ndim != 1 or not np.isin(held, (0, 1)).all():
        raise InputError(f"{name} is not one true or false for each item.")
    return held.astype(bool)
