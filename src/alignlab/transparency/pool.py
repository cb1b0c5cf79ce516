"""Rows put together from the cells of other rows.

Everything here asks a model about rows that take some features from one row and some from another:

    new row r:  feature p from pool row index[r, p].

A pool holds the rows that cells are taken from, column by column as the model will read them, so
that hundreds of thousands of new rows are a few gathers and no loop over rows. Dtypes, categories
and missing values stay what they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed
from alignlab.predictors.predictor import BATCH_BYTES
from alignlab.transparency.features import features_of, stated_groups

__all__ = ["Pool", "chunks", "players_of", "value_codes"]

Index = NDArray[np.intp]


class Pool:
    """Rows whose cells are put together to new rows.

    Parameters
    ----------
    tables
        Data frames of the same columns, or arrays of the same width; their rows are numbered on,
        from one table to the next.
    players
        The columns of each feature, by the feature's name: names of a frame's columns, or
        positions of an array's.

    Examples
    --------
    >>> x, background = np.array([[1, 2]]), np.array([[10, 20], [30, 40]])
    >>> pool = Pool([x, background], {"a": (0,), "b": (1,)})
    >>> pool.composed(np.array([[0, 0], [0, 2], [1, 0]]))
    array([[ 1,  2],
           [ 1, 40],
           [10,  2]])
    """

    def __init__(
        self, tables: Sequence[pd.DataFrame | NDArray[Any]], players: Mapping[str, tuple[Any, ...]]
    ) -> None:
        first = tables[0]
        if not all(isinstance(each, type(first)) for each in tables):
            kinds = listed(sorted({type(each).__name__ for each in tables}))
            raise InputError(f"The rows come as {kinds}. Give all of them in one kind.")
        self.players = tuple(players)
        self.size = sum(len(each) for each in tables)
        self._names: Any = None
        if isinstance(first, pd.DataFrame):
            frames = [each for each in tables if isinstance(each, pd.DataFrame)]
            for frame in frames[1:]:
                if list(frame.columns) != list(first.columns):
                    raise InputError(
                        f"The tables differ in their columns: {listed(map(str, first.columns))} "
                        f"and {listed(map(str, frame.columns))}."
                    )
            joined = pd.concat(frames, ignore_index=True) if len(frames) > 1 else first
            self._names = first.columns
            positions: dict[Any, int] = {name: at for at, name in enumerate(first.columns)}
            kinds_of = joined.dtypes.unique()
            # One dtype for all columns, the common case, needs one gather and no frame building.
            self._block = (
                joined.to_numpy()
                if len(kinds_of) == 1 and isinstance(kinds_of[0], np.dtype)
                else None
            )
            self._columns = (
                []
                if self._block is not None
                else [joined.iloc[:, at].array for at in range(joined.shape[1])]
            )
        else:
            arrays = [np.asarray(each) for each in tables]
            if any(each.ndim != 2 or each.shape[1] != arrays[0].shape[1] for each in arrays):
                shapes = listed([str(each.shape) for each in arrays])
                raise InputError(
                    f"Rows of one width, shape (n, columns), are needed; got {shapes}."
                )
            self._block = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
            self._columns = []
            positions = {at: at for at in range(self._block.shape[1])}
        width = len(positions)
        self.width = width
        owner = np.full(width, -1, dtype=np.intp)
        for number, columns in enumerate(players.values()):
            owner[[positions[column] for column in columns]] = number
        if (owner < 0).any():
            raise InputError(f"The column {int(owner.argmin())} belongs to no feature.")
        self.owner = owner
        """The feature of each column, shape (width,)."""
        self._one_each = bool((owner == np.arange(width)).all()) and len(players) == width

    def composed(self, index: Index) -> Any:
        """Return new rows of the tables' kind, feature p of row r from pool row `index[r, p]`.

        Parameters
        ----------
        index
            Shape (m, players).
        """
        if self._block is not None:
            # A copy of the index is as much work as the rows are.
            cells = index if self._one_each else index[:, self.owner]
            # One index a cell is half the work of two.
            rows = self._block.take(cells * self.width + np.arange(self.width))
            if self._names is None:
                return rows
            return pd.DataFrame(rows, columns=self._names, copy=False)
        columns = [
            column.take(index[:, owner])
            for column, owner in zip(self._columns, self.owner, strict=True)
        ]
        frame = pd.DataFrame(dict(enumerate(columns)), copy=False)
        return frame.set_axis(self._names, axis=1)

    def blended(self, known: NDArray[np.bool_], whose: Index, others: Index) -> Any:
        """Return rows that take what is known from one row and the rest from each of some others.

        The same as `composed` with an index written out, in a quarter of its time.

        Parameters
        ----------
        known
            Which features are taken from the one row, shape (m, players).
        whose
            The one row of each of the m, a position in the pool.
        others
            The k rows that the rest is taken from in turn, the same for all m.

        Returns
        -------
        rows of the tables' kind
            m * k of them, those of the first of the m first.
        """
        if self._block is not None:
            kept = known[:, self.owner][:, None, :]
            rows = np.where(kept, self._block[whose][:, None, :], self._block[others])
            rows = rows.reshape(-1, self.width)
            if self._names is None:
                return rows
            return pd.DataFrame(rows, columns=self._names, copy=False)
        places = [
            np.where(known[:, p, None], whose[:, None], others).ravel()
            for p in range(len(self.players))
        ]
        columns = [
            column.take(places[owner])
            for column, owner in zip(self._columns, self.owner, strict=True)
        ]
        return pd.DataFrame(dict(enumerate(columns)), copy=False).set_axis(self._names, axis=1)

    def replaced(self, rows: Index, moved: Sequence[tuple[slice, int, Index]]) -> Any:
        """Return pool rows that take a feature or two from others, stretch by stretch.

        The same as `composed` with an index written out, in a third of its time: whole rows are
        taken, and of them only the cells that change once more.

        Parameters
        ----------
        rows
            The pool row that each new row is made from, shape (m,).
        moved
            Stretches of the m, a feature, and the pool rows that they take it from.
        """
        places = [(at, np.flatnonzero(self.owner == p).tolist(), who) for at, p, who in moved]
        if self._block is not None:
            made = self._block.take(rows, axis=0)
            for at, columns, donors in places:
                for column in columns:
                    made[at, column] = self._block[donors, column]
            if self._names is None:
                return made
            return pd.DataFrame(made, columns=self._names, copy=False)
        sources = [rows] * self.width
        for at, columns, donors in places:
            for column in columns:
                if sources[column] is rows:
                    sources[column] = rows.copy()
                sources[column][at] = donors
        taken = [column.take(source) for column, source in zip(self._columns, sources, strict=True)]
        return pd.DataFrame(dict(enumerate(taken)), copy=False).set_axis(self._names, axis=1)

    def rows(self, index: Index) -> Any:
        """Return whole rows of the pool, one for each of `index`, shape (m,)."""
        return self.composed(np.broadcast_to(index[:, None], (len(index), len(self.players))))

    def column(self, at: int) -> Any:
        """Return a column of all rows by its position: an array, or an extension array."""
        return self._columns[at] if self._block is None else self._block[:, at]

    def at_once(self) -> int:
        """Return how many new rows fit one batch of the model."""
        return max(1, BATCH_BYTES // (64 * max(self.width, 1)))


def players_of(
    rows: pd.DataFrame | NDArray[Any], groups: Mapping[str, Sequence[Any]] | None = None
) -> dict[str, tuple[Any, ...]]:
    """Return the columns of each feature of a data frame or of an array.

    In a data frame, columns that spell out one feature are found (`features_of`). An array's
    columns are called "0", "1", ..., and `groups` names them by position.

    Raises
    ------
    InputError
        If the rows are neither, or a group names an unknown or a shared column.
    """
    if isinstance(rows, pd.DataFrame):
        return features_of(rows, groups)
    shape: tuple[int, ...] = getattr(rows, "shape", ())
    if not isinstance(rows, np.ndarray) or len(shape) != 2:
        of = f" of shape {tuple(shape)}" if hasattr(rows, "shape") else ""
        raise InputError(
            f"X is a {type(rows).__name__}{of}. Give a data frame, or an array of shape "
            "(n, columns)."
        )
    if groups is None:
        return {str(at): (at,) for at in range(shape[1])}
    named = pd.DataFrame(np.empty((0, shape[1])), columns=[str(at) for at in range(shape[1])])
    stated = {
        name: [str(each) for each in columns] for name, columns in stated_groups(groups).items()
    }
    return {
        name: tuple(int(column) for column in columns)
        for name, columns in features_of(named, stated).items()
    }


def value_codes(rows: pd.DataFrame | NDArray[Any], columns: Sequence[Any]) -> Index:
    """Return which of the distinct values of some columns each row holds; missing is a value.

    Values are numbered from 0 in the order in which they first occur.
    """
    codes = np.zeros(len(rows), dtype=np.intp)
    for column in columns:
        given: Any = rows[column] if isinstance(rows, pd.DataFrame) else rows[:, column]
        own, levels = pd.factorize(given, use_na_sentinel=False)
        codes = own if len(columns) == 1 else pd.factorize(codes * len(levels) + own)[0]
    return codes.astype(np.intp)


def chunks(total: int, size: int) -> Iterator[slice]:
    """Yield the parts of `total` things, at most `size` in each."""
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))
