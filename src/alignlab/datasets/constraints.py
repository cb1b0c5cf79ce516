"""What a row of a table may become: which cells may change, in which direction, to which values.

A changed row x' of a row x is allowed where

    x'_j = x_j                  for immutable columns j, and x'_j is missing where x_j is,
    low_j <= x'_j <= high_j     for columns with bounds, whole numbers in whole-number columns,
    x'_j in V_j                 for columns with categories V_j,
    sum over G of x'_j = 1      for one-hot groups G, every x'_j in {0, 1},
    x'_j >= x_j  (or <=)        for columns that may only rise (or fall),
    x'_i <= x'_j                for relations "i <= j", where neither cell is missing.

Such sets are what distinguishes tables from images under attack [simonetto2024constrained], and
what a person can do from what a model can be shown [ustun2019actionable].
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import constraint_terms as terms
from alignlab.datasets.row_encoding import has_order, is_number, ranges_seen
from alignlab.datasets.table import require_column
from alignlab.errors import InputError, listed, nearest, require_choice

__all__ = ["Constraints", "Direction"]

Direction = Literal["increasing", "decreasing"]

DIRECTIONS: tuple[Direction, ...] = ("increasing", "decreasing")

Mask = NDArray[np.bool_]
Reason = tuple[int, str, str]
"""A row's position, a column, and why the row is not allowed."""


@dataclass(frozen=True, kw_only=True, init=False)
class Constraints:
    """What a row of a table may become.

    Use it to say what an attacker, an applicant or a corruption can do to a row. What is not named
    is free: numbers may take any value, and columns of a categorical or boolean dtype any value of
    that dtype. A missing cell stays missing. `Constraints.observed` takes bounds and categories
    from data.

    Parameters
    ----------
    immutable
        Columns that never change.
    bounds
        For a column of numbers its least and its greatest value; `None` or an infinity is no bound.
    integers
        Columns of floats that hold whole numbers. Columns of an integer dtype need not be named.
    one_hot
        Groups of columns of which exactly one is 1 and the others are 0: lists of columns, or
        lists by the group's name. By default a group is named by what its columns begin with.
    categories
        The values that a column may take, where these have no distance from one another. Their
        order is that of `monotone`.
    monotone
        Columns that may only rise ("increasing") or only fall ("decreasing").
    relations
        Orders between columns that hold in every row, such as "loan <= value".

    Raises
    ------
    InputError
        If a set is empty, two constraints contradict each other, or one is not understood.

    References
    ----------
    [ustun2019actionable], [simonetto2024constrained]

    Examples
    --------
    >>> constraints = Constraints(immutable=["sex"], monotone={"age": "increasing"})
    >>> before = pd.DataFrame({"sex": ["f", "m"], "age": [30, 40]})
    >>> after = pd.DataFrame({"sex": ["f", "f"], "age": [31, 39]})
    >>> constraints.violations(after, before)
       row column                                 why
    0    1    sex        is immutable and became 'f'
    1    1    age  may only rise and went from 40 to 39
    """

    immutable: tuple[str, ...]
    bounds: Mapping[str, tuple[float, float]]
    integers: tuple[str, ...]
    one_hot: Mapping[str, tuple[str, ...]]
    categories: Mapping[str, tuple[Any, ...]]
    monotone: Mapping[str, Direction]
    relations: tuple[str, ...]

    def __init__(
        self,
        *,
        immutable: Iterable[str] = (),
        bounds: Mapping[str, Any] | None = None,
        integers: Iterable[str] = (),
        one_hot: Mapping[str, Iterable[str]] | Iterable[Iterable[str]] = (),
        categories: Mapping[str, Iterable[Any]] | None = None,
        monotone: Mapping[str, Direction] | None = None,
        relations: Iterable[str] = (),
    ) -> None:
        given = {
            "immutable": terms.names(immutable, "immutable"),
            "bounds": {
                name: terms.bound(each, name)
                for name, each in terms.mapping(bounds, "bounds").items()
            },
            "integers": terms.names(integers, "integers"),
            "one_hot": terms.groups(one_hot),
            "categories": {
                name: terms.values(each, name)
                for name, each in terms.mapping(categories, "categories").items()
            },
            "monotone": terms.mapping(monotone, "monotone"),
            "relations": terms.names(relations, "relations"),
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        self._require_consistent()

    @classmethod
    def observed(cls, frame: pd.DataFrame, **stated: Any) -> Constraints:
        """Return constraints whose unstated bounds and categories are those seen in a table.

        Parameters
        ----------
        frame
            A table of features, such as the training data.
        **stated
            What `Constraints` takes; it goes before what was seen.

        Raises
        ------
        InputError
            If what is stated does not fit the table.

        Examples
        --------
        >>> frame = pd.DataFrame({"age": [30, 41], "job": ["nurse", "clerk"]})
        >>> seen = Constraints.observed(frame, bounds={"age": (18, 99)})
        >>> seen.bounds, seen.categories
        ({'age': (18.0, 99.0)}, {'job': ('clerk', 'nurse')})
        """
        own = cls(**stated)
        stays = {*own.immutable, *own.bounds, *own.categories, *sum(own.one_hot.values(), ())}
        bounds, categories = ranges_seen(frame, without=stays)
        found = replace(
            own,
            bounds={**bounds, **own.bounds},
            categories={**categories, **own.categories},
        )
        found.require(frame)
        return found

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any]) -> Constraints:
        """Return constraints from a table of a TOML file, whose keys are the parameters.

        Raises
        ------
        InputError
            If a key is unknown, or its value is not what the parameter takes.

        Examples
        --------
        >>> Constraints.from_mapping({"immutable": ["sex"], "bounds": {"age": [18, 99]}}).bounds
        {'age': (18.0, 99.0)}
        """
        table = terms.mapping(table, "constraints")
        for key in table:
            require_choice(key, [field.name for field in fields(cls)], what="constraint")
        return cls(**table)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_mapping` takes; what is empty is left out."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    @property
    def orders(self) -> tuple[tuple[str, str], ...]:
        """The relations as pairs (lesser, greater) of columns."""
        return tuple(pair for relation in self.relations for pair in terms.order(relation))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is named, once."""
        named = [
            *self.immutable, *self.bounds, *self.integers, *sum(self.one_hot.values(), ()),
            *self.categories, *self.monotone, *sum(self.orders, ()),
        ]  # fmt: skip
        return tuple(dict.fromkeys(named))

    def require(self, frame: pd.DataFrame) -> None:
        """Check that these constraints fit a table and that all its rows satisfy them.

        Raises
        ------
        InputError
            If a column does not exist or holds something else, or a row violates a constraint.
        """
        for name in self.columns:
            require_column(frame, name, role="the constraints")
        of_numbers = {
            "bounds": self.bounds,
            "integers": self.integers,
            "one_hot": sum(self.one_hot.values(), ()),
            "relations": sum(self.orders, ()),
        }
        for what, named in of_numbers.items():
            for name in named:
                cells = _column(frame, name).dropna()
                if len(cells) and not is_number(cells):
                    raise InputError(
                        f"{what} names the column {name!r}, which holds "
                        f"{_column(frame, name).dtype} and not numbers. State its categories."
                    )
        for name in self.monotone:
            if not (name in self.categories or has_order(_column(frame, name))):
                raise InputError(
                    f"monotone names the column {name!r}, whose values have no order. State them "
                    f"in their order: categories={{{name!r}: […]}}."
                )
        found = self.violations(frame)
        if len(found):
            row, column, why = found.iloc[0]
            rows = found["row"].nunique()
            raise InputError(
                f"Row {row} of the data violates the constraints: {column} {why} ({rows} such "
                f"row{'s' if rows > 1 else ''}). Leave such rows away or widen the constraint."
            )

    def violations(self, frame: pd.DataFrame, original: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return which rows are not allowed, and why.

        Parameters
        ----------
        frame
            n rows.
        original
            What they were before, row by row; `None` leaves out what depends on it: immutable and
            monotone columns, and missing cells.

        Returns
        -------
        pandas.DataFrame
            One line a row and reason: `row` (its position), `column` (or group, or relation),
            `why`. Ordered by row.

        Raises
        ------
        InputError
            If the two tables have not the same shape and columns.
        """
        found = [] if original is None else list(self._changes(frame, original))
        found += self._of_cells(frame)
        found += self._of_several(frame)
        found.sort(key=lambda reason: reason[0])
        return pd.DataFrame(found, columns=["row", "column", "why"])

    def _of_cells(self, frame: pd.DataFrame) -> Iterator[Reason]:
        for name, (low, high) in self.bounds.items():
            cells = _numbers(frame, name)
            for row in _where((cells < low) | (cells > high)):
                yield row, name, f"is {cells[row]:g}, outside of {low:g} to {high:g}"
        for name in self.integers:
            cells = _numbers(frame, name)
            for row in _where((cells != np.round(cells)) & ~np.isnan(cells)):
                yield row, name, f"is {cells[row]:g}, no whole number"
        for name, allowed in self.categories.items():
            column = _column(frame, name)
            for row in _where((column.notna() & ~column.isin(list(allowed))).to_numpy(bool)):
                near = nearest(str(column.iloc[row]), map(str, allowed))
                values = listed(map(shown, allowed))
                yield row, name, f"is {shown(column.iloc[row])}, not one of {values}{near}"

    def _of_several(self, frame: pd.DataFrame) -> Iterator[Reason]:
        for name, group in self.one_hot.items():
            cells = np.stack([_numbers(frame, column) for column in group], axis=1)
            one = ((cells == 0) | (cells == 1)).all(axis=1) & (cells.sum(axis=1) == 1)
            for row in _where(~one):
                yield row, name, "has not exactly one 1 among zeros"
        for lesser, greater in self.orders:
            left, right = _numbers(frame, lesser), _numbers(frame, greater)
            for row in _where(left > right):
                yield (
                    row,
                    f"{lesser} <= {greater}",
                    f"does not hold: {left[row]:g} > {right[row]:g}",
                )

    def _changes(self, frame: pd.DataFrame, original: pd.DataFrame) -> Iterator[Reason]:
        if frame.shape != original.shape or list(frame.columns) != list(original.columns):
            raise InputError(
                f"The rows ({frame.shape[0]} × {frame.shape[1]}) and the original ones "
                f"({original.shape[0]} × {original.shape[1]}) have not the same shape and columns."
            )
        for at, label in enumerate(frame.columns):
            name, new, old = str(label), frame.iloc[:, at], original.iloc[:, at]
            gone, was_gone = new.isna().to_numpy(), old.isna().to_numpy()
            for row in _where(gone != was_gone):
                yield (
                    row,
                    name,
                    ("became missing" if gone[row] else "was missing and became a value"),
                )
            both = _where(~gone & ~was_gone)
            if name in self.immutable:
                for row in both[new.to_numpy(object)[both] != old.to_numpy(object)[both]]:
                    yield row, name, f"is immutable and became {shown(new.iloc[row])}"
            if name in self.monotone:
                rises = self.monotone[name] == "increasing"
                step = self._ranks(name, new.iloc[both]) - self._ranks(name, old.iloc[both])
                for row in both[(step < 0) if rises else (step > 0)]:
                    yield (
                        row,
                        name,
                        (
                            f"may only {'rise' if rises else 'fall'} and went from "
                            f"{shown(old.iloc[row])} to {shown(new.iloc[row])}"
                        ),
                    )

    def _ranks(self, name: str, cells: pd.Series) -> NDArray[np.float64]:
        if name in self.categories:
            order: Any = pd.Index(self.categories[name])
            return np.asarray(order.get_indexer(pd.Index(cells)), dtype=np.float64)
        if isinstance(cells.dtype, pd.CategoricalDtype):
            return np.asarray(cells.cat.codes, dtype=np.float64)
        return cells.to_numpy(np.float64)

    def _require_consistent(self) -> None:
        for name, direction in self.monotone.items():
            require_choice(direction, DIRECTIONS, what=f"monotone[{name!r}]")
        for name, (low, high) in self.bounds.items():
            if name in self.categories:
                raise InputError(
                    f"The column {name!r} has bounds and categories. Give bounds where its values "
                    "have a distance, categories where they have none."
                )
            if name in self.integers and -math.inf < low and math.ceil(low) > high:
                raise InputError(f"There is no whole number from {low:g} to {high:g} for {name!r}.")
        for lesser, greater in self.orders:
            low = self.bounds.get(lesser, (-math.inf, 0.0))[0]
            high = self.bounds.get(greater, (0.0, math.inf))[1]
            if low > high:
                raise InputError(
                    f"'{lesser} <= {greater}' contradicts the bounds: {lesser} is at least "
                    f"{low:g} and {greater} at most {high:g}."
                )
            for name in (lesser, greater):
                if name in self.categories:
                    raise InputError(
                        f"'{lesser} <= {greater}' compares numbers, and {name!r} has categories. "
                        "Give it bounds instead."
                    )
        others = {
            *self.bounds, *self.integers, *self.categories, *self.monotone, *sum(self.orders, ()),
        }  # fmt: skip
        terms.require_groups(self.one_hot, self.immutable, others)


def shown(value: Any) -> str:
    """Return a cell as an error shows it."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame.iloc[:, [str(label) for label in frame.columns].index(name)]


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return _column(frame, name).to_numpy(np.float64, na_value=np.nan)


def _where(bad: Mask) -> NDArray[np.intp]:
    return np.flatnonzero(bad)
