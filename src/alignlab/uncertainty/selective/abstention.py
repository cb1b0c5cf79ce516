"""What it does to each group that a model abstains where it is least sure.

The least sure share of all rows is left out, by one threshold for all; of a block of equal scores
at the cut each row is left out in the same part. With a_i the part of row i that is kept, a group
has

    risk             sum w l / sum w                abstained  1 - sum w a / sum w
    selective risk   sum w a l / sum w a            change     selective risk - risk

Abstaining can raise the risk of a group where it lowers that of all rows, since the threshold of
all cuts elsewhere in the group's scores [jones2021selective]. Intervals are from influences, the
threshold taken as given, with Student's t by the rows that lose anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, share_estimate, share_limits, share_size
from alignlab.uncertainty.selective.areas import (
    Blocks,
    Scored,
    as_scored,
    error_of,
    freedom_of,
    is_error,
)

__all__ = ["Abstention", "abstaining"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Abstention:
    """A group before and after the least sure rows of all are left out.

    Attributes
    ----------
    rows
        The group's rows.
    abstained
        The share of them left out.
    risk, selective_risk
        Their mean loss, and that of those kept; NaN if none is.
    change
        The second less the first; above 0 abstaining makes it worse for the group. Its interval
        holds for all groups at once.
    """

    rows: int
    abstained: Estimate
    risk: Estimate
    selective_risk: Estimate
    change: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        names = ("abstained", "risk", "selective_risk", "change")
        return {"rows": self.rows, **{name: getattr(self, name).to_dict() for name in names}}


def abstaining(
    score: ArrayLike,
    loss: ArrayLike,
    *,
    share: float = 0.2,
    groups: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> dict[Any, Abstention]:
    """Measure for each group what abstaining on the least sure rows of all does to it.

    Parameters
    ----------
    score
        How sure the model is, the larger the surer, shape (n,).
    loss
        What each answer cost, from 0, shape (n,).
    share
        The share of all rows to leave out.
    groups
        Each row's group, shape (n,); `None` puts all rows into one group, called None.
    weights
        Non-negative, shape (n,).
    level
        The intervals' level: each by itself, but for `change`.

    Returns
    -------
    dict
        From group to `Abstention`, in the groups' order.

    Raises
    ------
    InputError
        If a number is out of range, or lengths differ.

    References
    ----------
    [jones2021selective]

    Examples
    --------
    The model is surest where it is wrong about group b:

    >>> seen = abstaining([0.9, 0.8, 0.7, 0.6] * 50, [1, 0, 0, 1] * 50, share=0.25,
    ...                   groups=["b", "a", "b", "a"] * 50)
    >>> for group, each in seen.items():
    ...     print(group, each.abstained, f"{each.selective_risk.value:.2f}")
    a 0.500 [0.398, 0.602] 0.00
    b 0.000 [0.000, 0.036] 0.50
    """
    if not 0 < share < 1:
        raise InputError(f"share={share!r} is not between 0 and 1: give the share to leave out.")
    rows = as_scored(score, loss, weights)
    blocks = Blocks.of(rows)
    above = np.concatenate([[0.0], np.cumsum(blocks.mass)[:-1]])
    kept = np.clip((1 - share - above) / blocks.mass, 0, 1)[blocks.of_row]
    if groups is None:
        return {None: _of_rows(rows, kept, np.ones(len(rows), dtype=bool), level, 1)}
    labels = np.asarray(groups)
    if labels.shape != rows.score.shape:
        raise InputError(f"groups has shape {labels.shape}, and there are {len(rows)} rows.")
    members = {group: (labels == group) & (rows.shares > 0) for group in np.unique(labels).tolist()}
    present = {group: member for group, member in members.items() if member.any()}
    return {
        group: _of_rows(rows, kept, member, level, len(present))
        for group, member in present.items()
    }


def _of_rows(
    rows: Scored, kept: Floats, member: NDArray[np.bool_], level: float, groups: int
) -> Abstention:
    loss, shares = rows.loss[member], rows.shares[member] / rows.shares[member].sum()
    part, n = kept[member], int(member.sum())
    left = 1 - part
    size = share_size(shares @ left, 1.0, shares**2 @ left, shares @ shares)
    abstained = share_estimate(min(float(shares @ left), 1.0), float(size), rows=n, level=level)
    whole = Scored(rows.score[member], loss, shares)
    before = _risk(loss, shares, n, level)
    if not shares @ part > 0:
        none = Estimate(np.nan, np.nan, np.nan, level, 0, "no row is kept")
        return Abstention(n, abstained, before, none, none)
    after = _risk(loss, shares * part / (shares @ part), int((part > 0).sum()), level)
    change = after.value - before.value
    influence = part * (loss - after.value) / float(shares @ part) - (loss - before.value)
    z = critical_value(level, comparisons=groups, freedom=freedom_of(whole))
    half = z * error_of(shares, influence)
    moved = Estimate(change, change - half, change + half, level, n, "influences, all groups")
    return Abstention(n, abstained, before, after, moved)


def _risk(loss: Floats, shares: Floats, n: int, level: float) -> Estimate:
    value = float(shares @ loss)
    if is_error(loss):
        size = float(share_size(value, 1.0, shares**2 @ loss, shares @ shares))
        low, high = share_limits(min(value, 1.0), size, level=level)
        return Estimate(value, float(low), max(float(high), value), level, n, "Clopper–Pearson")
    half = critical_value(level, freedom=freedom_of(Scored(loss, loss, shares))) * error_of(
        shares, loss - value
    )
    return Estimate(value, max(value - half, 0.0), value + half, level, n, "Student's t")
