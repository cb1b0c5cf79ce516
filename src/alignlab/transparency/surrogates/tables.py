"""A row of a table, and what may stand in its cells: values that the background holds.

Every number and every category in a sample is one that some background row has, or the row itself,
so nothing lies outside the observed ranges and integers stay integers. Columns that spell out one
feature move together. Real rows near the row come with the weights

    w_i = exp(-D_i^2 / (2 width^2)),      D_i^2 = sum over features of their squared distances,

with the smallest width that has enough effective rows, (sum w)^2 / sum w^2 [kish1965survey].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, nearest
from alignlab.predictors import Predictor
from alignlab.transparency.features import level_of
from alignlab.transparency.pool import Pool, players_of
from alignlab.transparency.surrogates.neighbourhood import (
    SLOTS,
    SPREAD_OF_TWO,
    Neighbourhood,
    ordered_values,
    slots_of_numbers,
    two_states,
)
from alignlab.transparency.surrogates.one_row import background_rows, row_like
from alignlab.transparency.surrogates.sampling import LocalFeature

__all__ = ["NearRows", "TableSubject", "table_subject"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

WIDTHS = (1.0, 0.71, 0.5, 0.35, 0.25)
"""In spreads of each number."""

MOST_NEAR = 2_000
"""Real rows that are asked for, at most."""

FEW = 5
"""A state that fewer effective rows have is not told from the others by them."""


@dataclass(frozen=True, eq=False)
class NearRows:
    """Real rows around the row, with their weights.

    Attributes
    ----------
    index
        Their positions in the subject's pool, shape (m,).
    design
        What the linear model reads of them, shape (m, moving features).
    weights
        The largest is 1, shape (m,).
    width
        The width of the kernel.
    """

    index: Index
    design: Floats
    weights: Floats
    width: float

    @property
    def effective(self) -> float:
        """As how many rows of equal weight they count."""
        return _effective(self.weights)

    def told_apart(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which rows have no state that too few have, and which features vary among them.

        A feature of two values of which one is rare says nothing here, and the rows that have it
        would lend what it does to the other features.
        """
        kept = np.ones(len(self.weights), dtype=bool)
        for column in self.design.T:
            values = np.unique(column)
            if len(values) == 2:
                sizes = [_effective(self.weights[column == value]) for value in values]
                if min(sizes) < FEW:
                    kept &= column != values[int(np.argmin(sizes))]
        design = self.design[kept]
        return kept, (design != design[:1]).any(axis=0)


@dataclass(frozen=True, eq=False)
class TableSubject:
    """A row, its background, and the features that the model reads.

    Attributes
    ----------
    features
        One a player.
    pool
        The row, then the background.
    values
        A number for each pool row and moving feature, shape (n + 1, moving): the number itself,
        or 1 for the row's own state and 0 for another.
    """

    features: tuple[LocalFeature, ...]
    pool: Pool = field(repr=False)
    values: Floats = field(repr=False)

    @cached_property
    def _orders(self) -> list[Index]:
        moving = [each for each in self.features if each.moves]
        return [
            ordered_values(column, 0) if each.kind == "number" else np.zeros(0, dtype=np.intp)
            for each, column in zip(moving, self.values.T, strict=True)
        ]

    @property
    def row(self) -> Any:
        """The row explained, as the model takes it."""
        return self.pool.rows(np.zeros(1, dtype=np.intp))

    @property
    def at_once(self) -> int:
        """Rows in one call."""
        return self.pool.at_once()

    @property
    def _moving(self) -> Index:
        return np.flatnonzero([each.moves for each in self.features])

    def neighbourhood(self, width: float) -> Neighbourhood:
        """Return where samples come from."""
        moving = [each for each in self.features if each.moves]
        design = np.empty((SLOTS, len(moving)))
        choice = np.zeros((SLOTS, len(moving)), dtype=np.intp)
        for at, feature in enumerate(moving):
            values = self.values[:, at]
            if feature.kind == "number":
                order = self._orders[at]
                distance = (values[order] - values[0]) / feature.spread
                choice[:, at] = order[slots_of_numbers(distance, width)]
                design[:, at] = values[choice[:, at]] - values[0]
            else:
                left = two_states(width)
                others = np.flatnonzero(values == 0)
                # Other states come as often as the background has them.
                spaced = np.linspace(0, len(others) - 1, int(left.sum())).round().astype(np.intp)
                choice[left, at] = others[spaced]
                design[:, at] = ~left
        return Neighbourhood(design, choice)

    def rows(self, choices: Index) -> Any:
        """Return rows that take each moving feature from a pool row."""
        if choices.shape[1] == len(self.features):
            return self.pool.composed(choices)
        index = np.zeros((len(choices), len(self.features)), dtype=np.intp)
        index[:, self._moving] = choices
        return self.pool.composed(index)

    def without(self, still: NDArray[np.bool_]) -> TableSubject:
        """Return the subject with some of its moving features, as marked, not moving."""
        features = list(self.features)
        for at in self._moving[still]:
            features[at] = replace(features[at], moves=False)
        return replace(self, features=tuple(features), values=self.values[:, ~still])

    def near_rows(self, enough: float) -> NearRows:
        """Return the real rows around the row, in the smallest width with enough of them.

        Parameters
        ----------
        enough
            The effective number of rows wanted; all rows count alike where there are fewer.
        """
        moving = [each for each in self.features if each.moves]
        numbers = np.array([each.kind == "number" for each in moving], dtype=bool)
        spread = np.array([each.spread if each.kind == "number" else 1.0 for each in moving])
        usable = 1 + np.flatnonzero(np.isfinite(self.values[1:]).all(axis=1))
        values = self.values[usable]
        squared = np.square((values - self.values[0]) / spread).sum(axis=1)
        near = np.arange(len(squared))
        if len(near) > MOST_NEAR:
            near = np.sort(np.argpartition(squared, MOST_NEAR)[:MOST_NEAR])
        base = squared[near] - squared[near].min()
        width = _width_for(base, min(enough, 0.9 * len(near)))
        weights = np.exp(-base / (2 * width**2))
        kept, weights = near[weights > 1e-3], weights[weights > 1e-3]
        design = np.where(numbers, values[kept] - self.values[0], values[kept])
        return NearRows(usable[kept], design, weights, width)


def table_subject(
    predictor: Predictor,
    row: Any,
    background: Any,
    *,
    groups: Mapping[str, Sequence[Any]] | None = None,
    categorical: Sequence[Any] = (),
) -> TableSubject:
    """Return a row of a table as a subject.

    Parameters
    ----------
    predictor
        The model: of a data frame only the columns that it reads are explained.
    row
        A data frame of one row, a series, a mapping, or a sequence in the columns' order.
    background
        Rows of the data, at least 2: a data frame or an array.
    groups
        Columns that move together, by name.
    categorical
        Columns of numbers that are codes, to be kept or changed and not measured.

    Raises
    ------
    InputError
        If the row or the background cannot be used.
    """
    background = background_rows(predictor, background)
    players = players_of(background, groups)
    own, background = row_like(row, background, predictor)
    columns = [column for each in players.values() for column in each]
    codes = set(categorical)
    unknown = [each for each in categorical if each not in columns]
    if unknown:
        raise InputError(
            f"categorical names the column {str(unknown[0])!r}, which the background does not have."
            f"{nearest(str(unknown[0]), list(map(str, columns)))}"
        )
    pool = Pool([own, background], players)
    position = {column: at for at, column in enumerate(getattr(background, "columns", columns))}
    features, values = [], []
    for name, members in players.items():
        cells = [pool.column(position[member]) for member in members]
        feature, numbers = _feature(str(name), cells, members, not codes.isdisjoint(members))
        features.append(feature)
        if feature.moves:
            values.append(numbers)
    if not values:
        raise InputError(
            "The background holds the row's own values in every column, so nothing can be moved. "
            "Give a background of rows that differ."
        )
    return TableSubject(tuple(features), pool, np.column_stack(values))


def _feature(
    name: str, cells: Sequence[Any], labels: Sequence[Any], code: bool
) -> tuple[LocalFeature, Floats]:
    """Return a player as a feature, and what the linear model reads of it in each pool row.

    Parameters
    ----------
    name
        The player's.
    cells
        Its columns, the row's own cell first in each.
    labels
        What the columns are called.
    code
        Whether its numbers are codes.
    """
    own = [_plain(column) for column in cells]
    given = _shown(own, labels, name)
    kinds = pd.api.types
    measured = (
        len(cells) == 1
        and not code
        and kinds.is_numeric_dtype(cells[0].dtype)
        and not kinds.is_bool_dtype(cells[0].dtype)
    )
    if measured:
        numbers = _numbers(cells[0])
        if np.isfinite(numbers[0]):
            numbers = np.where(np.isfinite(numbers), numbers, np.nan)
            differs = float(np.nanmax(np.abs(numbers - numbers[0])))
            spread = _spread(numbers[1:]) or differs
            return LocalFeature(name, given, "number", spread, differs > 0), numbers
    same: NDArray[np.bool_] = np.all([_alike(column) for column in cells], axis=0)
    feature = LocalFeature(name, given, "state", SPREAD_OF_TWO, bool(not same.all()))
    return feature, same.astype(np.float64)


def _plain(column: Any) -> Any:
    """Return the row's own cell of a column."""
    return column[0].item() if _of_numbers(column) else pd.Series(column[:1]).to_list()[0]


def _of_numbers(column: Any) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind in "iufb"


def _numbers(column: Any) -> Floats:
    if _of_numbers(column):
        return np.asarray(column, dtype=np.float64)
    return pd.Series(column).to_numpy(dtype=np.float64, na_value=np.nan)


def _alike(column: Any) -> NDArray[np.bool_]:
    """Return which cells of a column are as its first."""
    if not _of_numbers(column):
        cells = pd.Series(column)
        same: Any = cells.isna() if pd.isna(cells[0]) else (cells == cells[0])
        return same.fillna(False).to_numpy(dtype=bool)
    return np.asarray(column == column[0] if column[0] == column[0] else np.isnan(column))


def _spread(values: Floats) -> float:
    """Return 1.25 times the mean distance from the median: a normal's standard deviation.

    A few values far out, as amounts of money have them, decide a standard deviation; not this.
    """
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return 0.0
    return float(np.sqrt(np.pi / 2) * np.abs(values - np.median(values)).mean())


def _shown(own: Sequence[Any], labels: Sequence[Any], name: str) -> str:
    if len(own) == 1:
        return f"{own[0]:.6g}" if isinstance(own[0], float) else str(own[0])
    if all(value in (0, 1) for value in own) and sum(own) == 1:
        return level_of(str(labels[[bool(value) for value in own].index(True)]), name)
    return ", ".join(map(str, own))


def _width_for(base: Floats, enough: float) -> float:
    """Return the smallest kernel width with `enough` effective rows, to 1%.

    Parameters
    ----------
    base
        Squared distances of the rows, less the smallest.
    enough
        The effective number of rows.
    """
    low, high = 1e-3, 2.0

    def effective(width: float) -> float:
        return _effective(np.exp(-base / (2 * width**2)))

    while effective(high) < enough and high < 1e6:
        high *= 2
    while high / low > 1.01:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if effective(middle) >= enough else (middle, high)
    return high


def _effective(weights: Floats) -> float:
    """Return as how many rows of equal weight some count."""
    return float(weights.sum() ** 2 / np.square(weights).sum())
