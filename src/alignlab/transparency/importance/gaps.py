"""The gap between two groups as a metric, which says what feature makes it.

    T = E[s | a] - E[s | b],        psi = ±(s - E[s | group]) / P(group)

with s the answer, the decision, the loss or any number of a row, among all rows or those of one
outcome: so the gaps in mean answers, in selection rates, in true positive rates and in errors are
one case [hampel1974influence].
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import grouping
from alignlab.errors import InputError, require_choice
from alignlab.intervals import critical_value
from alignlab.measures import Measured, row_losses
from alignlab.predictors import Predictor, class_positions
from alignlab.transparency.importance.pooled import Metric, Pooled, RowFunction, per_row

__all__ = ["FEWEST_ROWS", "Gap", "gap_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

FEWEST_ROWS = 20
"""A group of fewer rows is not compared."""


@dataclass(frozen=True, eq=False)
class Gap:
    """The gap between two groups as a metric, which says what feature makes it.

    Attributes
    ----------
    groups
        Each row's group, shape (n,). A number with many values is cut at its quartiles.
    of
        Whose mean is compared: the "answer" (the probability of `target`, or the value; default),
        the "decision" for `target`, the "loss", or a function of outcomes and answers that
        returns one number a row.
    target
        The class that is meant; `None` takes the second of two.
    among
        Only rows of this outcome: with `of="decision"` and the favourable outcome, the gap is that
        of the true positive rates.
    between
        The two groups, the first less the second; `None` takes those whose gap,
        on the rows as they are, has the greatest lower limit.
    """

    groups: Any
    of: Literal["answer", "decision", "loss"] | RowFunction = "answer"
    target: Hashable | None = None
    among: Hashable | None = None
    between: tuple[Hashable, Hashable] | None = None


def gap_of(
    stated: Gap, whole: Pooled, kept: Rows, given: int
) -> tuple[Metric, tuple[str, str], Rows]:
    """Return a gap as a metric, its two groups, and which rows are theirs: 0, 1 or -1 for none."""
    labels = pd.Series(np.asarray(stated.groups, dtype=object)).infer_objects()
    if len(labels) != given:
        raise InputError(
            f"There are {given} rows in X and {len(labels)} labels of groups. Give each row's "
            "group, such as frame['sex']."
        )
    parted = grouping(pd.DataFrame({"groups": labels}), "groups")
    codes = parted.codes[kept]
    counted = np.ones(len(kept), dtype=bool)
    if stated.among is not None:
        if whole.outcomes is None or whole.predictor.task == "regression":
            raise InputError(f"among={stated.among!r} is an outcome's class, and there are none.")
        among = class_positions([stated.among], whole.predictor.classes, of_model=True)[0]
        counted = whole.outcomes == among
    score = _scores(stated, whole.predictor)
    values = score(whole)
    sizes = np.bincount(codes[counted], minlength=len(parted.labels))
    if stated.between is not None:
        texts = [str(each) for each in stated.between]
        first, second = (
            parted.labels.index(require_choice(text, parted.labels, what="group")) for text in texts
        )
        pairs = 1
        if first == second or min(sizes[first], sizes[second]) == 0:
            raise InputError(f"between={stated.between!r} names a group twice or one of no rows.")
    else:
        enough = np.flatnonzero(sizes >= FEWEST_ROWS)
        if len(enough) < 2:
            raise InputError(
                f"A gap needs two groups of {FEWEST_ROWS} rows or more; {len(enough)} of "
                f"{len(parted.labels)} have as many."
            )
        pairs = len(enough) * (len(enough) - 1) // 2
        first, second = _surest(values, np.where(counted, codes, -1), whole.shares, enough)

    def compute(pooled: Pooled) -> Measured:
        of, shares = score(pooled), pooled.shares
        influence = np.zeros(len(of))
        value = 0.0
        for at, sign in ((first, 1.0), (second, -1.0)):
            members = (codes[pooled.rows] == at) & counted[pooled.rows]
            mass = float(shares[members].sum())
            mean = float(shares[members] @ of[members]) / mass
            value += sign * mean
            influence[members] = sign * (of[members] - mean) / mass
        return Measured(value, influence, shares)

    ends = parted.labels[first], parted.labels[second]
    what = stated.of if isinstance(stated.of, str) else "number"
    where = "" if stated.among is None else f" where the outcome is {stated.among}"
    metric = Metric(
        f"gap in the mean {what} between {ends[0]} and {ends[1]}{where}",
        "fall",
        compute,
        chance=0.0,
        needs_outcomes=stated.of == "loss" or stated.among is not None or callable(stated.of),
        chosen_from=pairs,
    )
    members = np.where(codes == first, 0, np.where(codes == second, 1, -1))
    return metric, ends, np.where(counted, members, -1)


def _surest(values: Floats, codes: Rows, shares: Floats, groups: Rows) -> tuple[int, int]:
    """Return the two groups whose gap has the greatest lower limit, the larger mean first.

    The largest gap alone would be that of the two smallest groups, by chance.
    """
    means, variances = [], []
    for at in groups:
        own = shares * (codes == at)
        own = own / own.sum()
        centre = float(own @ values)
        means.append(centre)
        variances.append(float(own**2 @ (values - centre) ** 2))
    mean, variance = np.array(means), np.array(variances)
    sure = mean[:, None] - mean - critical_value(0.95) * np.sqrt(variance[:, None] + variance)
    np.fill_diagonal(sure, -np.inf)
    first, second = np.unravel_index(int(sure.argmax()), sure.shape)
    return int(groups[first]), int(groups[second])


def _scores(stated: Gap, predictor: Predictor) -> Callable[[Pooled], Floats]:
    """Return the function whose mean is compared between groups."""
    if callable(stated.of):
        of = stated.of
        return lambda pooled: per_row(of, pooled)
    require_choice(stated.of, ["answer", "decision", "loss"], what="of")
    if stated.of == "loss":
        return lambda pooled: row_losses(pooled.answers)[0]
    if predictor.task == "regression":
        if stated.of == "decision" or stated.target is not None:
            raise InputError("The model predicts a value: take of='answer', and name no target.")
        return lambda pooled: pooled.raw
    if stated.target is None and len(predictor.classes) > 2:
        raise InputError(
            f"The model has {len(predictor.classes)} classes; say which one the gap is about: "
            "Gap(groups, target=...)."
        )
    at = (
        1
        if stated.target is None
        else int(class_positions([stated.target], predictor.classes, of_model=True)[0])
    )
    if stated.of == "decision":
        return lambda pooled: (pooled.answers.decisions == at).astype(np.float64)
    return lambda pooled: pooled.raw[:, at]
