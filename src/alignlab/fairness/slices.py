"""Where a model does worst: slices by one or two features, corrected for having searched.

Every feature is cut into at most eight levels (categories, or quarters of a number), and every
level and every pair of levels of two features with enough rows is a slice. For each, limits of its
mean loss a and of the other rows' mean b are taken at a level corrected for the number of slices
tried (Bonferroni, [dunn1961multiple]): exact for shares of wrong decisions, Student's otherwise. A
slice is weak if the lower limit of the difference [newcombe1998interval, method 10] is above 0,

    a - b - sqrt((a - low_a)^2 + (high_b - b)^2) > 0,

since the other rows may be few as well. Few rows often lack the rare large losses, so the other
rows' spread is never taken to be below that of all rows. Of weak slices that share most of their
rows, the surest is listed. Assumes independent rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from alignlab.datasets import MISSING
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, share_limits, share_size

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
        One loss a row, at least 0, shape (n,); all 0 or 1 for wrong decisions.
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
    is_share = bool(np.isin(losses, (0.0, 1.0)).all())
    # Around their mean, large losses that hardly differ keep the digits in which they do.
    middle = 0.0 if is_share else float(losses @ weights / weights.sum())
    moments = _moments(losses - middle, weights)
    tables = [
        _SliceTable((f,), levels[f][0], len(levels[f][1]), moments) for f in range(len(levels))
    ]
    for f, g in combinations(range(len(levels)), 2):
        width = len(levels[g][1])
        codes = levels[f][0] * width + levels[g][0]
        size = len(levels[f][1]) * width
        tables.append(_SliceTable((f, g), codes, size, moments))
    # A slice of all rows has no other rows to be worse than.
    weighed = int((weights > 0).sum())
    eligible = [(t.rows >= smallest) & (t.rows <= weighed - smallest) for t in tables]
    tried = int(sum(ok.sum() for ok in eligible))
    if tried == 0:
        return [], 0

    candidates: list[tuple[float, int, int, Estimate, float]] = []
    limits = _share_limits if is_share else _mean_limits
    everyone = moments.sum(axis=1)
    spread = float(_spread(everyone))
    for at, (table, ok) in enumerate(zip(tables, eligible, strict=True)):
        cells = np.flatnonzero(ok)
        inside = table.moments[:, cells]
        mean, low, high = limits(inside, level, tried, 0.0)
        others, _, most_others = limits(everyone[:, None] - inside, level, tried, spread)
        sure = mean - others - np.hypot(mean - low, most_others - others)
        for found_at in np.flatnonzero(sure > 0):
            cell = int(cells[found_at])
            value, least, most_lost, elsewhere = (
                middle + float(each[found_at]) for each in (mean, low, high, others)
            )
            loss = Estimate(
                value, least, most_lost, level, int(table.rows[cell]),
                f"simultaneous over {tried} slices",
            )  # fmt: skip
            candidates.append((float(sure[found_at]), at, cell, loss, elsewhere))
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
    """The rows in every slice of one or two features, and the sums that tell of their losses."""

    def __init__(
        self, features: tuple[int, ...], codes: NDArray[np.intp], size: int, moments: Floats
    ) -> None:
        self.features = features
        self.codes = codes
        self.rows = np.bincount(codes, moments[0] > 0, size).astype(np.intp)
        self.moments: Floats = np.stack(
            [np.bincount(codes, each, size) for each in moments], dtype=float
        )


def _moments(losses: Floats, weights: Floats) -> Floats:
    """Return what is summed over slices: w, w^2, w l, w^2 l and w^2 l^2."""
    squares = weights**2
    return np.stack([weights, squares, weights * losses, squares * losses, squares * losses**2])


def _share_limits(
    sums: Floats, level: float, tried: int, _: float
) -> tuple[Floats, Floats, Floats]:
    """Return shares and their limits."""
    weight, squares, hits, hit_squares, _ = sums
    # A difference of sums of weights can miss 0 or 1 by a rounding error.
    share = np.clip(hits / weight, 0, 1)
    size = share_size(share * weight, weight, np.clip(hit_squares, 0, squares), squares)
    return share, *share_limits(share, size, level=level, comparisons=tried)


def _mean_limits(
    sums: Floats, level: float, tried: int, least_spread: float
) -> tuple[Floats, Floats, Floats]:
    """Return means and their limits, with at least that variance of one row."""
    mean = sums[2] / sums[0]
    effective = np.maximum(sums[0] ** 2 / sums[1], 1 + 1e-9)
    spread = np.maximum(_spread(sums) * effective / (effective - 1), least_spread)
    tail = special.ndtr(-critical_value(level, comparisons=tried))
    half = -special.stdtrit(effective - 1, tail) * np.sqrt(spread / effective)
    return mean, mean - half, mean + half


def _spread(sums: Floats) -> Floats:
    """Return the variance of one row's loss, each row counting by its squared weight."""
    weight, squares, total, square_total, square_sum = sums
    mean = total / weight
    return np.maximum(square_sum - 2 * mean * square_total + mean**2 * squares, 0) / squares


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
