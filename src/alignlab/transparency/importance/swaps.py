"""What a model answers when a row takes another row's value of a feature.

Row i with row j's value of one feature is a new row; it is row i itself where both hold the same
value, and the same for all rows j that hold one value. So a model is asked once for each pair of a
row and a value that it does not hold, and for all features together, in few large calls.

Rows sit on circles, one for each stratum (the marginal form has one stratum), and each row receives
from the 1st, ..., K-th row ahead, so that no row keeps its own value and every row gives and
receives K times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.predictors.predictor import BATCH_BYTES, Predictor
from alignlab.transparency.pool import value_codes

__all__ = ["Circle", "Swaps", "answers_after", "circle", "swaps_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

ROUNDING = 1e-6
"""Answers that differ by less than this share are the same: models in single precision round so."""

BLOCKS = 20
"""Blocks of rows that a jackknife leaves out in turn."""


@dataclass(frozen=True, eq=False)
class Circle:
    """Who receives from whom.

    Attributes
    ----------
    donors
        Each row's donors, shape (repeats, n).
    strata
        Each row's stratum, shape (n,); donors are of the receiver's stratum.
    blocks
        Each row's block, shape (n,): neighbours on the circle share one, every stratum has its
        part of each.
    """

    donors: Rows
    strata: Rows
    blocks: Rows


def circle(
    n: int, repeats: int, generator: np.random.Generator, *, strata: Rows | None = None
) -> Circle:
    """Seat n rows at random on a circle, or on one for each stratum of more than `repeats` rows."""
    if strata is None:
        strata = np.zeros(n, dtype=np.intp)
    drawn = generator.permutation(n)
    seats = drawn[np.argsort(strata[drawn], kind="stable")]
    sizes = np.bincount(strata)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)  # of the stratum that a seat belongs to
    size = np.repeat(sizes, sizes)
    place = np.arange(n) - start
    donors = np.empty((repeats, n), dtype=np.intp)
    for step in range(1, repeats + 1):
        donors[step - 1, seats] = seats[start + (place + step) % size]
    blocks = np.empty(n, dtype=np.intp)
    blocks[seats] = place * min(BLOCKS, n // 2) // size
    return Circle(donors, strata, blocks)


@dataclass(frozen=True, eq=False)
class Swaps:
    """Which rows to ask the model for on account of one feature.

    `codes` says which rows hold the same value and `wanted` which value a row receives at each
    repeat, shape (repeats, n). Only pairs of a row and a value that it does not hold are asked
    for, each once: `receivers` get the value of the row in `givers`. `places` says where the answer
    of each repeat and row stands, or of each row and value where the plan is `complete`: among
    those of the pairs, or behind them among the rows' own.
    """

    name: str
    columns: tuple[Any, ...]
    circle: Circle
    codes: Rows
    wanted: Rows
    values: int
    complete: bool
    receivers: Rows
    givers: Rows
    places: Rows

    def of_pairs(self, before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        """Return the answers at every repeat of every row, shape (repeats * n, ...)."""
        places = self.places
        if self.complete:
            places = places[(np.arange(len(self.codes)) * self.values + self.wanted).ravel()]
        return np.concatenate([after, before]).take(places, axis=0)

    def of_values(self, before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        """Return the answers of every row with every value, shape (n * values, ...).

        For a plan that is complete.
        """
        return np.concatenate([after, before]).take(self.places, axis=0)


def swaps_of(
    name: str,
    columns: tuple[Any, ...],
    X: pd.DataFrame | NDArray[Any],
    seated: Circle,
    *,
    sources: Rows | None = None,
) -> Swaps:
    """Return what to ask on account of one feature, with every value where they are few.

    `sources`, shape (repeats, n), names the rows whose value is received, where those are not the
    donors: then no value is tried that no source holds.
    """
    codes = value_codes(X, columns)
    n, values = len(codes), int(codes.max()) + 1
    holder = np.empty(values, dtype=np.intp)
    holder[codes[::-1]] = np.arange(n)[::-1]  # the first row that holds each value
    one_stratum = not seated.strata.any()
    complete = sources is None and one_stratum and values <= len(seated.donors) + 1
    wanted = codes[seated.donors if sources is None else sources]
    pairs = np.arange(n) * values + wanted
    if complete:
        order = distinct = np.arange(n * values)
        receivers, received = np.divmod(distinct, values)
    else:
        order = np.argsort(pairs.ravel())
        in_order = pairs.ravel()[order]
        first = np.append(True, in_order[1:] != in_order[:-1])
        distinct = np.cumsum(first) - 1
        receivers, received = np.divmod(in_order[first], values)
    differs = codes[receivers] != received
    asked = np.cumsum(differs)
    places = np.empty_like(order)
    places[order] = np.where(differs, asked - 1, asked[-1] + receivers)[distinct]
    receivers, received = receivers[differs], received[differs]
    return Swaps(
        name, columns, seated, codes, wanted, values, complete, receivers, holder[received], places
    )


def answers_after(
    predictor: Predictor,
    X: pd.DataFrame | NDArray[Any],
    before: Floats,
    plans: Sequence[Swaps],
) -> list[Floats]:
    """Return the answers to every pair asked for, features together in few large calls.

    An answer that rounding alone tells from the row's own is the row's own, to the last bit.
    """
    at_once = max(1, BATCH_BYTES // (64 * max(X.shape[1], 1)))
    ends = np.cumsum([len(plan.receivers) for plan in plans])
    starts = ends - [len(plan.receivers) for plan in plans]
    total = int(ends[-1]) if plans else 0
    answers = np.empty((total, *before.shape[1:]))
    for low in range(0, total, at_once):
        high = min(low + at_once, total)
        parts = [
            (plan, slice(max(low - start, 0), high - start))
            for plan, start, end in zip(plans, starts, ends, strict=True)
            if start < high and end > low
        ]
        rows = np.concatenate([plan.receivers[part] for plan, part in parts])
        after = predictor(_composed(X, rows, parts))
        own = before.take(rows, axis=0)
        apart = np.abs(after - own) > ROUNDING * np.abs(own)
        changed = np.any(apart, axis=tuple(range(1, own.ndim)), keepdims=True)
        answers[low:high] = np.where(changed, after, own)
    return np.split(answers, ends[:-1])


def _composed(
    X: pd.DataFrame | NDArray[Any], rows: Rows, parts: Sequence[tuple[Swaps, slice]]
) -> Any:
    """Return the receivers' rows, each part's own columns taken from the givers.

    A pool takes every cell by itself, since any may come from anywhere. Here all but a feature's
    cells are the receiver's, and taking whole rows is several times faster.
    """
    if isinstance(X, pd.DataFrame):
        kinds = X.dtypes.unique()
        if len(kinds) == 1 and isinstance(kinds[0], np.dtype):
            # Columns set one by one are blocks of their own, which every reader joins again.
            place = {name: at for at, name in enumerate(X.columns)}
            block = _composed_block(X.to_numpy(), rows, parts, place)
            return pd.DataFrame(block, columns=X.columns, copy=False)
        asked = X.take(rows).set_axis(pd.RangeIndex(len(rows)))
        at = 0
        for plan, part in parts:
            givers = plan.givers[part]
            source = rows.copy()
            source[at : at + len(givers)] = givers
            at += len(givers)
            for column in plan.columns:
                asked[column] = X[column].take(source).set_axis(asked.index)
        return asked
    return _composed_block(X, rows, parts, {at: at for at in range(X.shape[1])})


def _composed_block(
    block: NDArray[Any],
    rows: Rows,
    parts: Sequence[tuple[Swaps, slice]],
    place: dict[Any, int],
) -> NDArray[Any]:
    asked = block.take(rows, axis=0)
    at = 0
    for plan, part in parts:
        givers = plan.givers[part]
        for column in plan.columns:
            asked[at : at + len(givers), place[column]] = block[givers, place[column]]
        at += len(givers)
    return asked
