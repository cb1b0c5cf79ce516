"""Answers read once: a matrix of items and raters, or one row an answer, becomes three codes a row.

Missing answers are left out and counted. A rater who answers one item twice is refused: which of
the two would count is not for a statistic to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, listed, nearest

__all__ = ["Rated", "rated"]

Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Rated:
    """Answers as codes; the arrays have one entry an answer.

    Attributes
    ----------
    item, rater, value
        Positions in `items`, `raters` and `values`.
    items, raters, values
        What there is, in order: sorted, or as the categories were given.
    missing
        Answers that said nothing.
    """

    item: Codes
    rater: Codes
    value: Codes
    items: NDArray[Any]
    raters: NDArray[Any]
    values: NDArray[Any]
    missing: int

    @property
    def per_item(self) -> Codes:
        """How many answers each item has."""
        return np.bincount(self.item, minlength=len(self.items))

    def summed(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sum of one number an answer over each item's answers."""
        return np.asarray(np.bincount(self.item, values, len(self.items)), dtype=np.float64)

    def at(self, kept: NDArray[np.bool_]) -> Rated:
        """Return some of the answers, their items numbered anew; raters and values stay."""
        held, item = np.unique(self.item[kept], return_inverse=True)
        return Rated(
            item, self.rater[kept], self.value[kept], self.items[held], self.raters, self.values,
            self.missing,
        )  # fmt: skip


def rated(
    ratings: ArrayLike,
    rater: ArrayLike | None = None,
    value: ArrayLike | None = None,
    *,
    categories: Sequence[Any] | None = None,
    numbers: bool = False,
    name: str = "value",
) -> Rated:
    """Return answers as codes.

    Parameters
    ----------
    ratings
        A matrix (items, raters), None or NaN where a rater did not answer; or the item of each
        answer, shape (n,).
    rater, value
        Of each answer, shape (n,); not with a matrix.
    categories
        What a value may be, in order; by default what occurs, sorted.
    numbers
        Whether values are numbers, whose size means something.
    name
        What the caller knows values as.

    Raises
    ------
    InputError
        If shapes do not fit, a rater answers an item twice, or a value is none of those allowed.

    Examples
    --------
    >>> rated([["yes", None], ["no", "no"]]).value.tolist()
    [1, 0, 0]
    """
    if (rater is None) != (value is None):
        raise InputError(
            f"Give item, rater and {name} of each answer, or one matrix with a row an item and a "
            "column a rater."
        )
    item, rater, given = (
        _melted(ratings) if rater is None or value is None else _long(ratings, rater, value, name)
    )
    there = ~pd.isna(given)
    item_codes, items = _named(item[there], "item")
    rater_codes, raters = _named(rater[there], "rater")
    codes, values = _valued(given[there], categories, numbers, name)
    _refuse_twice(item_codes, rater_codes, items, raters)
    return Rated(item_codes, rater_codes, codes, items, raters, values, int((~there).sum()))


def _melted(ratings: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the cells of a matrix one after another, with the names of their row and column."""
    frame = ratings if isinstance(ratings, pd.DataFrame) else None
    cells = np.asarray(ratings) if frame is None else frame.to_numpy()
    if cells.ndim != 2:
        raise InputError(
            f"Ratings have the shape {cells.shape}. Give a matrix with a row an item and a column "
            "a rater, or item, rater and value of each answer."
        )
    if frame is not None:
        for names, what in ((frame.index, "row"), (frame.columns, "column")):
            if not names.is_unique:
                raise InputError(f"Two {what}s have one name. Give each {what} its own.")
    rows = np.arange(cells.shape[0]) if frame is None else frame.index.to_numpy()
    columns = np.arange(cells.shape[1]) if frame is None else frame.columns.to_numpy()
    return np.repeat(rows, len(columns)), np.tile(columns, len(rows)), cells.ravel()


def _long(
    item: ArrayLike, rater: ArrayLike, value: ArrayLike, name: str
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    told = [_listed(each) for each in (item, rater, value)]
    shapes = [each.shape for each in told]
    if any(len(shape) != 1 for shape in shapes) or len(set(shapes)) > 1:
        raise InputError(
            f"item, rater and {name} have the shapes {listed(shapes)}. Give one entry an answer in "
            "each."
        )
    return told[0], told[1], told[2]


def _listed(given: ArrayLike) -> NDArray[Any]:
    """Return an array that keeps each entry as it is: NumPy would make text of a mixed list."""
    if isinstance(given, pd.Series | pd.Index):
        return given.to_numpy()
    if isinstance(given, list | tuple):
        kinds = {type(each) for each in given}
        if len(kinds) > 1 and not kinds <= {int, float}:
            held = np.empty(len(given), dtype=object)
            held[:] = given
            return held
    return np.asarray(given)


def _named(given: NDArray[Any], what: str) -> tuple[Codes, NDArray[Any]]:
    codes, distinct = pd.factorize(given)
    if (codes < 0).any():
        raise InputError(f"Answer {int((codes < 0).argmax())} names no {what}. Name it.")
    return _in_order(codes, np.asarray(distinct))


def _in_order(codes: NDArray[Any], distinct: NDArray[Any]) -> tuple[Codes, NDArray[Any]]:
    """Return codes into the sorted names, so that nothing depends on who came first."""
    try:
        order = np.argsort(distinct, kind="stable")
    except TypeError:
        keys = [(type(each).__name__, str(each)) for each in distinct]
        order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    return place[codes], distinct[order]


def _valued(
    given: NDArray[Any], categories: Sequence[Any] | None, numbers: bool, name: str
) -> tuple[Codes, NDArray[Any]]:
    if categories is not None:
        return _placed(given, list(categories), name)
    if numbers:
        distinct, codes = np.unique(_numbers(given, name), return_inverse=True)
        return codes, distinct
    found, distinct = pd.factorize(given)
    return _in_order(found, np.asarray(distinct))


def _placed(given: NDArray[Any], allowed: list[Any], name: str) -> tuple[Codes, NDArray[Any]]:
    """Return codes into the categories, in the order in which they were named."""
    place = {each: at for at, each in enumerate(allowed)}
    if len(place) < len(allowed):
        raise InputError(f"A category is named twice: {listed(map(repr, allowed))}.")
    codes, distinct = pd.factorize(given)
    for each in distinct.tolist():
        if each not in place:
            words = [word for word in allowed if isinstance(word, str)]
            near = nearest(each, words) if isinstance(each, str) else ""
            raise InputError(f"{name}={each!r} is not one of {listed(map(repr, allowed))}.{near}")
    names = np.empty(len(allowed), dtype=object)
    names[:] = allowed
    places = np.array([place[each] for each in distinct.tolist()], dtype=np.intp)
    return places[np.asarray(codes, dtype=np.intp)], names


def _numbers(given: NDArray[Any], name: str) -> NDArray[np.float64]:
    if given.dtype.kind not in "biuf":
        for each in given.tolist():
            if isinstance(each, str) or not hasattr(each, "__float__"):
                raise InputError(
                    f"{name}={each!r} is not a number. Give numbers, or name the categories from "
                    "the lowest to the highest: categories=[…]."
                )
    numbers = np.asarray(given, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise InputError(f"A {name} is infinite. Give finite numbers.")
    return numbers


def _refuse_twice(item: Codes, rater: Codes, items: NDArray[Any], raters: NDArray[Any]) -> None:
    twice = pd.Index(item * max(len(raters), 1) + rater).duplicated()
    if twice.any():
        at = int(twice.argmax())
        raise InputError(
            f"Rater {raters[rater[at]]!s} answers item {items[item[at]]!s} twice. Keep one of the "
            "two answers."
        )
