"""Where a model does worst: slices by one or two features, corrected for having searched.

Every feature is cut into at most eight levels (categories, or quarters of a number), and every
level and every pair of levels of two features with enough rows is a slice. For each, the lower
limit of its mean loss is taken at a level corrected for the number of slices tried (Bonferroni,
[dunn1961multiple]): exact for shares of wrong decisions, normal otherwise. A slice is weak if that
limit lies above the mean loss of all the other rows. Of weak slices that share most of their rows,
the surest is listed. Assumes independent rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import MISSING
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, share_limits

__all__ = ["SMALLEST_SLICE", "WeakSlice", "weak_slices"]

Floats = NDArray[np.float64]

SMALLEST_SLICE = 50
"""A slice with fewer rows is not looked at."""

MOST_LEVELS = 8
MOST_FEATURES = 40


@dataclass(frozen=True, eq=False)
class WeakSlice:
    """Rows on which the model does surely worse than on the others.

    Attributes
    ----------
    description
        The slice in words: "age: 17 to 28 and sex: Female".
    loss
        Its mean loss, with limits that hold for all slices tried at once.
    others
        The mean loss of all other rows.
    share
        The share of all rows (by weight) that lie in it.
    rows
        The positions of its rows.
    """

    description: str
    loss: Estimate
    others: float
    share: float
    rows: NDArray[np.intp]


def weak_slices(
    losses: Floats,
    features: pd.DataFrame,
    *,
    weights: Floats | None = None,
    level: float = 0.95,
    smallest: int = SMALLEST_SLICE,
    most: int = 10,
) -> tuple[list[WeakSlice], int]:
    """Find the slices on which a loss is surely higher than elsewhere.

    Parameters
    ----------
    losses
        One loss a row, shape (n,); all 0 or 1 for wrong decisions.
    features
        n rows. The first 40 columns are searched.
    weights
        Sample weights, shape (n,), or `None`.
    level
        The chance of no false slice at all.
    smallest
        The fewest rows of a slice.
    most
        The most slices to return.

    Returns
    -------
    (slices, tried)
        The weak slices, surest first, and how many slices were tried.

    Raises
    ------
    InputError
        If there are not as many losses as rows.

    Examples
    --------
    >>> frame = pd.DataFrame({"kind": ["a"] * 200 + ["b"] * 200})
    >>> found, tried = weak_slices(np.repeat([0.0, 1.0], 200), frame)
    >>> [s.description for s in found], tried
    (['kind: b'], 2)
    """
    n = len(losses)
    if n != len(features):
        raise InputError(f"There are {n} losses for {len(features)} rows; give one a row.")
    weights = np.ones(n) if weights is None else weights
    levels = [_levels(features[name]) for name in features.columns[:MOST_FEATURES]]
    names = [str(name) for name in features.columns[:MOST_FEATURES]]
    tables = [
        _SliceTable((f,), levels[f][0], len(levels[f][1]), losses, weights)
        for f in range(len(levels))
    ]
    for f, g in combinations(range(len(levels)), 2):
        width = len(levels[g][1])
        codes = levels[f][0] * width + levels[g][0]
        size = len(levels[f][1]) * width
        tables.append(_SliceTable((f, g), codes, size, losses, weights))
    # A slice of all rows has no other rows to be worse than.
    eligible = [(t.rows >= smallest) & (t.rows <= n - smallest) for t in tables]
    tried = int(sum(ok.sum() for ok in eligible))
    if tried == 0:
        return [], 0

    candidates: list[tuple[float, int, int, Estimate, float]] = []
    is_share = bool(np.isin(losses, (0.0, 1.0)).all())
    for at, (table, ok) in enumerate(zip(tables, eligible, strict=True)):
        mean, low, high, others = table.limits(
            float(weights.sum()), float(losses @ weights), level, tried, is_share
        )
        for cell in np.flatnonzero(ok & (low > others)):
            loss = Estimate(
                float(mean[cell]), float(low[cell]), float(high[cell]), level,
                int(table.rows[cell]), f"simultaneous over {tried} slices",
            )  # fmt: skip
            sure = float(low[cell] - others[cell])
            candidates.append((sure, at, int(cell), loss, float(others[cell])))
    candidates.sort(key=lambda each: (-each[0], each[1], each[2]))

    found: list[WeakSlice] = []
    for _, table_at, position, loss, others_mean in candidates:
        rows = np.flatnonzero(tables[table_at].codes == position)
        if any(_overlap(rows, known.rows) > 0.5 for known in found):
            continue
        words = _description(
            tables[table_at].features, position, names, [label for _, label in levels]
        )
        share = float(weights[rows].sum() / weights.sum())
        found.append(WeakSlice(words, loss, others_mean, share, rows))
        if len(found) == most:
            break
    return found, tried


class _SliceTable:
    """The rows, weights and losses in every slice of one or two features."""

    def __init__(
        self,
        features: tuple[int, ...],
        codes: NDArray[np.intp],
        size: int,
        losses: Floats,
        weights: Floats,
    ) -> None:
        self.features = features
        self.codes = codes
        self.rows = np.bincount(codes, minlength=size)
        self.weight = np.bincount(codes, weights, size)
        self.squares = np.bincount(codes, weights**2, size)
        self.loss = np.bincount(codes, weights * losses, size)
        self.loss_squares = np.bincount(codes, weights * losses**2, size)

    def limits(
        self, all_weight: float, all_loss: float, level: float, tried: int, is_share: bool
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Return each slice's mean loss, its limits, and the mean loss of the other rows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.loss / self.weight
            others = (all_loss - self.loss) / (all_weight - self.weight)
            effective = np.nan_to_num(self.weight**2 / self.squares)
            variance = np.maximum(self.loss_squares / self.weight - mean**2, 0)
            error = np.sqrt(variance / np.maximum(effective - 1, 1e-9))
        if is_share:
            low, high = share_limits(mean, effective, level=level, comparisons=tried)
        else:
            z = critical_value(level, comparisons=tried)
            low, high = mean - z * error, mean + z * error
        return mean, np.nan_to_num(low, nan=-np.inf), high, others


def _levels(values: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Return each row's level and the levels' names, at most `MOST_LEVELS` and a missing one."""
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number and values.nunique() > MOST_LEVELS:
        numbers = values.to_numpy(float, na_value=np.nan)
        edges = np.unique(np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1]))
        codes = np.clip(np.searchsorted(edges, numbers, side="left"), 1, len(edges) - 1) - 1
        names = [
            f"{'' if at == 0 else 'over '}{edges[at]:.4g} to {edges[at + 1]:.4g}"
            for at in range(len(edges) - 1)
        ]
        missing = np.isnan(numbers)
    else:
        codes, labels = pd.factorize(values.astype(object), sort=False)
        common = pd.Series(codes[codes >= 0]).value_counts(sort=True).index[: MOST_LEVELS - 1]
        kept = sorted(int(code) for code in common)
        missing = codes < 0
        place = np.full(len(labels) + 1, len(kept), dtype=np.intp)
        place[kept] = np.arange(len(kept))
        codes = place[codes]
        names = [str(labels[code]) for code in kept]
        if len(kept) < len(labels):
            names.append("other")
    if missing.any():
        codes = np.where(missing, len(names), codes)
        names = [*names, MISSING]
    return codes.astype(np.intp), names


def _overlap(rows: NDArray[np.intp], known: NDArray[np.intp]) -> float:
    """Return the share of the smaller slice that lies in the other one."""
    return len(np.intersect1d(rows, known, assume_unique=True)) / min(len(rows), len(known))


def _description(
    features: tuple[int, ...], cell: int, names: list[str], levels: list[list[str]]
) -> str:
    if len(features) == 1:
        return f"{names[features[0]]}: {levels[features[0]][cell]}"
    first, second = features
    at_first, at_second = divmod(cell, len(levels[second]))
    return (
        f"{names[first]}: {levels[first][at_first]} and {names[second]}: "
        f"{levels[second][at_second]}"
    )
