"""Calibration scores cell by cell: sorted once, then a threshold for every cell at any level.

A cell is all rows, one group of them, or one class; its threshold is the k-th smallest of its own
n scores with k = ceil((n + 1) level), infinite where k > n [vovk2005algorithmic, sec. 4.5]. A cell
never borrows from another: a group that was not there at calibration has no finite threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets.groups import MISSING
from alignlab.errors import InputError, listed, nearest, require_choice
from alignlab.predictors import class_text
from alignlab.uncertainty.conformal.ranks import Level, conformal_rank, fewest_rows, require_finite

__all__ = [
    "ALL",
    "CellScores",
    "Unseen",
    "calibration_cells",
    "cell_scores",
    "group_labels",
    "notes_on",
    "positions_among",
    "row_thresholds",
]

Unseen = Literal["full", "pooled", "refuse"]
"""What a group is given that had no calibration row."""

ALL = "all rows"
"""What the only cell is called where there are no groups."""


@dataclass(frozen=True, eq=False)
class CellScores:
    """Sorted calibration scores of every cell.

    Attributes
    ----------
    scores
        All scores, cell after cell, each cell's in ascending order; shape (n,).
    starts
        Where each cell begins, and where the last one ends; shape (cells + 1,).
    labels
        The cells' names.
    """

    scores: NDArray[np.float64]
    starts: NDArray[np.intp]
    labels: tuple[str, ...]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """The number of scores in each cell."""
        return np.diff(self.starts)

    def ranks(self, level: Level) -> list[int | None]:
        """Return each cell's rank, `None` where it has too few scores."""
        return [conformal_rank(int(size), level) for size in self.sizes]

    def thresholds(self, level: Level) -> NDArray[np.float64]:
        """Return each cell's threshold, infinite where it has too few scores."""
        found = np.full(len(self.labels), np.inf)
        for cell, rank in enumerate(self.ranks(level)):
            if rank is not None:
                found[cell] = self.scores[self.starts[cell] + rank - 1]
        return found

    def pooled(self, level: Level) -> float:
        """Return the threshold of all scores taken as one cell."""
        rank = conformal_rank(len(self.scores), level)
        return np.inf if rank is None else float(np.partition(self.scores, rank - 1)[rank - 1])

    def too_small(self, level: Level) -> tuple[str, ...]:
        """Return the cells whose threshold is infinite."""
        return tuple(
            label for label, rank in zip(self.labels, self.ranks(level), strict=True) if not rank
        )

    def note(self, level: Level, consequence: str) -> str:
        """Return one line on the cells that have too few scores, or nothing."""
        small = self.too_small(level)
        if not small:
            return ""
        sizes = dict(zip(self.labels, self.sizes.tolist(), strict=True))
        named = listed(f"{label} ({sizes[label]})" for label in small)
        return (
            f"Too few calibration rows for level {level} (at least {fewest_rows(level)} are "
            f"needed): {named}. {consequence}"
        )


def cell_scores(
    scores: ArrayLike, codes: NDArray[np.intp] | None = None, labels: Sequence[str] = (ALL,)
) -> CellScores:
    """Sort the scores within their cells.

    Parameters
    ----------
    scores
        Finite, shape (n,).
    codes
        Each row's position in `labels`; `None` puts all rows into one cell.
    labels
        The cells' names.

    Raises
    ------
    InputError
        If there is no row, or a score is not finite.

    Examples
    --------
    >>> cells = cell_scores([3.0, 1.0, 2.0, 5.0], np.array([0, 0, 0, 1]), ("a", "b"))
    >>> cells.thresholds(0.75), cells.too_small(0.75)
    (array([ 3., inf]), ('b',))
    """
    values = require_finite(scores)
    if not len(values):
        raise InputError("There is no calibration row. Give rows that the model was not fitted on.")
    if codes is None:
        return CellScores(np.sort(values), np.array([0, len(values)]), tuple(labels))
    order = np.lexsort((values, codes))
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(labels)))])
    return CellScores(values[order], starts.astype(np.intp), tuple(labels))


def group_labels(
    groups: Any, X: Any, n: int, *, whole: bool = False
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return each row's group as a position among the labels, and the labels in order.

    Parameters
    ----------
    groups
        One label a row, or the name of a column of the data frame `X`, or of several joined by
        `*`. A missing label is a group of its own. 1, 1.0 and "1" are one group.
    X
        The rows.
    n
        How many rows there are.
    whole
        Whether every category of a categorical must have a row, as at calibration.

    Raises
    ------
    InputError
        If there is no such column, lengths differ, or a category has no row and must have one.
    """
    if isinstance(groups, str):
        return _of_columns(groups, X, whole)
    values = groups if isinstance(groups, pd.Series | pd.Categorical) else np.asarray(groups)
    if np.ndim(values) != 1 or len(values) != n:
        raise InputError(
            f"groups has shape {np.shape(values)}, and there are {n} rows. Give one label a row, "
            "or the name of a column."
        )
    if whole and isinstance(values.dtype, pd.CategoricalDtype):
        present = set(pd.Series(values).dropna())
        absent = [class_text(each) for each in values.dtype.categories if each not in present]
        if absent:
            raise InputError(
                f"The group {absent[0]!r} has no row: it is empty. Bring rows of it, or drop it "
                "with .cat.remove_unused_categories()."
            )
    codes, distinct = pd.factorize(values)
    texts = [class_text(each) for each in distinct] + [MISSING]
    labels = tuple(sorted({texts[code] for code in np.unique(codes).tolist()}))
    at = {label: position for position, label in enumerate(labels)}
    return np.array([at.get(text, -1) for text in texts], dtype=np.intp)[codes], labels


def calibration_cells(
    by: str | None, groups: Any, X: Any, n: int, *, made: str
) -> tuple[NDArray[np.intp] | None, tuple[str, ...]]:
    """Return each row's group and their labels, or one cell where there is no by="group"."""
    if by == "group":
        if groups is None:
            raise InputError("by='group' needs groups=: one label a row, or a column's name.")
        return group_labels(groups, X, n, whole=True)
    if groups is not None:
        raise InputError(
            f"groups= is given, and by={by!r}: state by='group' for {made} that keep their promise "
            "within each group. To look at groups only, give them to check()."
        )
    return None, (ALL,)


def positions_among(
    codes: NDArray[np.intp], labels: Sequence[str], known: Sequence[str]
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return each row's position among the known cells, -1 where unseen, and the unseen labels."""
    at = {label: position for position, label in enumerate(known)}
    moved = np.array([at.get(label, -1) for label in labels], dtype=np.intp)
    unseen = tuple(label for label in labels if label not in at)
    return moved[codes], unseen


def row_thresholds(
    cells: CellScores, by: str | None, X: Any, level: Level, groups: Any, unseen: Unseen, n: int
) -> tuple[NDArray[np.float64] | float, tuple[str, ...]]:
    """Return each row's threshold as a column (n, 1), or one for all, and the unseen groups."""
    require_choice(unseen, ["full", "pooled", "refuse"], what="unseen")
    thresholds = cells.thresholds(level)
    if by is None:
        if groups is not None:
            raise InputError("groups= is given, and the calibration was not by='group'.")
        return float(thresholds[0]), ()
    if groups is None:
        raise InputError(
            "groups= is needed: the calibration was by='group'. Give one label a row, or a "
            "column's name."
        )
    codes, labels = group_labels(groups, X, n)
    at, new = positions_among(codes, labels, cells.labels)
    if new and unseen == "refuse":
        raise InputError(
            f"The group {new[0]!r} had no calibration row. Calibrate with rows of it, or take "
            "unseen='full'."
        )
    other = cells.pooled(level) if unseen == "pooled" else np.inf
    return np.append(thresholds, other)[at][:, None], new


def notes_on(
    cells: CellScores, level: Level, always: str, new: tuple[str, ...], unseen: Unseen
) -> tuple[str, ...]:
    """Return what a reader must know of the sets, one line each."""
    found = [cells.note(level, always)]
    if new:
        names = listed(new)
        what = (
            "their threshold is that of all rows, which promises them nothing."
            if unseen == "pooled"
            else always[0].lower() + always[1:]
        )
        found.append(f"Groups without any calibration row: {names}; {what}")
    return tuple(line for line in found if line)


def _of_columns(names: str, X: Any, whole: bool) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    if not isinstance(X, pd.DataFrame):
        raise InputError(
            f"groups={names!r} names a column, and the rows are no data frame. Give one label a "
            "row."
        )
    present = [str(column) for column in X.columns]
    parts = []
    for name in names.split("*"):
        if name not in X.columns:
            raise InputError(
                f"groups={names!r} names the column {name!r}, which the rows do not have."
                f"{nearest(name, present) or f' Their columns: {listed(present)}.'}"
            )
        codes, labels = group_labels(X[name], X, len(X), whole=whole)
        parts.append(np.array(labels, dtype=object)[codes])
    if len(parts) == 1:
        return codes, labels
    joined = [" & ".join(row) for row in zip(*parts, strict=True)]
    return group_labels(np.array(joined, dtype=object), X, len(X))
