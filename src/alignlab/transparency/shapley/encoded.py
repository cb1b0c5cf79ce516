"""From the columns of rows to the numbers that a model's last step reads, feature by feature.

A pipeline that works on each feature by itself (scaling, filling in, spelling out levels) turns a
row x into cells z(x) with   z_j(x) = e_j(x_p),   one feature p = owner(j) for each cell j. Then a
row put together from two rows has its cells from the two rows' cells, and exact Shapley values of
the last step, with features as players, are exact for the pipeline.

Who owns a cell is found out and not believed: from one row, each feature is replaced by another
row's alone, and the cells that move are its own. A product with a rare flag would seem to be the
flag's: so in every row explained, each feature is replaced by a background row's, and that row's by
it, with rare values taken as often as frequent ones; a cell that is then another than the parts say
ends the route, and so does a model that answers otherwise than its last step's parts say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.predictors.columnwise import TakenApart, differ, owners, taken_apart
from alignlab.transparency.outputs import Output
from alignlab.transparency.pool import Pool, chunks
from alignlab.transparency.shapley.games import codes_of

__all__ = ["Encoded", "Route", "agreement", "encoded_rows", "rounding", "route_of"]

Floats = NDArray[np.float64]
Owner = NDArray[np.int64]

MIXED = 64
"""Rows put together to compare a route with the model."""

TRIED = 2**15
"""Features of rows explained that are replaced; of more, so many at random."""

CLOSE = 1e-9
"""How far a route may be from the model, as a share of the largest answer."""


@dataclass(frozen=True)
class Route(TakenApart):
    """A model taken apart, and what of it is explained.

    Attributes
    ----------
    output
        What is explained.
    """

    output: Output


def route_of(output: Output) -> Route | None:
    """Return a model taken apart, or `None` where it is of no kind that can be."""
    parts = taken_apart(output.predictor)
    if parts is None:
        return None
    return Route(parts.predictor, parts.steps, parts.estimator, parts.named, output)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Rows as the last step reads them.

    Attributes
    ----------
    rows, background
        The cells, shape (n, cells) each.
    owner
        The feature (player) that each cell comes from; -1 where the cell is the same in all rows,
        which tells nothing.
    mixed
        The cells of rows put together from both, shape (m, cells).
    asked
        The model's outputs for those rows, shape (m, outputs).
    """

    rows: Floats
    background: Floats
    owner: Owner
    mixed: Floats
    asked: Floats


def encoded_rows(
    route: Route, X: Any, background: Any, players: Mapping[str, Sequence[Any]]
) -> Encoded | None:
    """Return the rows' cells and whose each cell is; `None` where a cell mixes features.

    Parameters
    ----------
    route
        The model taken apart.
    X, background
        Rows of one kind: data frames or arrays.
    players
        The columns of each feature.
    """
    rows, behind = route.cells(X), route.cells(background)
    if rows is None or behind is None or rows.ndim != 2:
        return None
    whose = {name: tuple(columns) for name, columns in players.items()}
    pool = Pool([X, background], whose)
    both = np.concatenate([rows, behind])
    owner = _structure(route, X, pool, both.shape[1])
    if owner is None:
        owner = _moved(route, pool, both)
    if owner is None or (
        route.steps
        and not _holds(route, pool, codes_of(pd.DataFrame(background), whose), both, owner)
    ):
        return None
    index = _mixture(X, background, len(pool.players))
    mixed = _assembled(both, owner, index)
    return Encoded(rows, behind, owner, mixed, route.output(pool.composed(index)))


def _assembled(both: Floats, owner: Owner, index: NDArray[np.intp]) -> Floats:
    """Return the cells of rows put together as their parts say, shape (m, cells)."""
    # A cell of no feature is the same in all rows: any row will do.
    source = np.column_stack([index, np.zeros(len(index), dtype=index.dtype)])
    return np.asarray(both[source[:, owner], np.arange(both.shape[1])])


def _holds(route: Route, pool: Pool, codes: NDArray[np.int64], both: Floats, owner: Owner) -> bool:
    """Return whether rows explained, with one feature moved, have the cells of their parts.

    `codes` says which of a feature's values each background row holds (`codes_of`).
    """
    rng = np.random.default_rng(0)
    n, count = len(both) - len(codes), len(pool.players)
    total = n * count
    tried = np.arange(total) if total <= TRIED else rng.integers(total, size=TRIED)
    row, feature = np.divmod(tried, count)
    other = np.empty_like(row)
    for player in range(count):
        own = feature == player
        order = np.argsort(codes[:, player], kind="stable")
        held = np.bincount(codes[:, player])
        value = rng.integers(len(held), size=own.sum())
        among = np.cumsum(held)[value] - 1 - rng.integers(held[value])
        other[own] = n + order[among]
    size = np.nanmax(np.abs(both), axis=0, initial=0.0, where=np.isfinite(both))
    for part in chunks(len(row), pool.at_once()):
        for base, donor in ((row[part], other[part]), (other[part], row[part])):
            index = np.repeat(base[:, None], count, axis=1)
            index[np.arange(len(base)), feature[part]] = donor
            cells, told = route.cells(pool.composed(index)), _assembled(both, owner, index)
            if cells is None or cells.shape != told.shape:
                return False
            with np.errstate(invalid="ignore"):
                apart = differ(cells, told) & ~(np.abs(cells - told) <= CLOSE * size)
            if apart.any():
                return False
    return True


def _mixture(X: Any, background: Any, count: int) -> NDArray[np.intp]:
    """Return which row each feature of the rows put together comes from, shape (MIXED, count).

    Half of them take rows with a missing cell, where there are any: what fills it in may look at
    other columns, and does so in those rows alone.
    """
    rng = np.random.default_rng(0)
    sides = []
    for start, rows in ((0, X), (len(X), background)):
        gaps = np.flatnonzero(np.asarray(pd.isna(rows)).any(axis=1))
        chosen = rng.integers(len(rows), size=MIXED)
        if len(gaps):
            chosen[::2] = rng.choice(gaps, size=len(chosen[::2]))
        sides.append(start + chosen[:, None])
    return np.where(rng.random((MIXED, count)) < 0.5, *sides)


def _structure(route: Route, X: Any, pool: Pool, width: int) -> Owner | None:
    """Return the owners where the last step reads the columns as they are."""
    if route.steps:
        return None
    owner = pool.owner
    if isinstance(X, pd.DataFrame) and route.output.predictor.features is not None:
        at = {str(name): place for place, name in enumerate(X.columns)}
        read = route.output.predictor.columns_in(X.columns)
        owner = owner[[at[name] for name in read]]
    return owner.astype(np.int64) if len(owner) == width else None


def _moved(route: Route, pool: Pool, both: Floats) -> Owner | None:
    """Return the owners by moving one feature at a time; `None` if a cell has not just one."""
    apart = differ(both, both[0])
    cells = np.flatnonzero(apart.any(axis=0))
    if not len(cells):
        return np.full(both.shape[1], -1, dtype=np.int64)
    # For each cell a row that holds another value: its features are tried one by one.
    count = len(pool.players)
    index = np.zeros((len(cells), count, count), dtype=np.intp)
    index[:, np.arange(count), np.arange(count)] = apart[:, cells].argmax(axis=0)[:, None]
    moved = route.cells(pool.composed(index.reshape(-1, count)))
    if moved is None:
        return None
    owner = owners(both[0], moved, np.tile(np.arange(count), len(cells)))
    return None if owner is None or (owner[cells] < 0).any() else owner


def agreement(output: Output, sums: Floats, asked: Floats, *, added: int = 0) -> Floats | None:
    """Return the constants between a route's sums and the model's answers, shape (outputs,).

    `None` where the difference is no constant: the route is not the model. `added` is as in
    `rounding`.
    """
    apart = asked - sums
    allowed = rounding(output, asked, sums, added=added)
    best = allowed.argmin(axis=0), np.arange(asked.shape[1])
    constants = apart[best]
    return constants if (np.abs(apart - constants) <= allowed + allowed[best]).all() else None


def rounding(
    output: Output, answers: Floats, sums: Floats | None = None, *, added: int = 0
) -> Floats:
    """Return how far the model's own answers may be from what they stand for, in their shape.

    Parameters
    ----------
    output
        What is explained.
    answers
        The model's answers, shape (n, outputs).
    sums
        What the route adds up for them, before its constant.
    added
        How many numbers the model adds up in single precision; 0 where it works in double. Each
        addition is off by at most half a unit of the sum so far, and where all are small parts of
        a large one, they are off to the same side: the bound is their number times that.
    """
    size = np.abs(answers).max(initial=0) + (0 if sums is None else np.abs(sums).max(initial=0))
    eps = np.finfo(np.float32 if added else np.float64).eps
    allowed = np.full(answers.shape, max(CLOSE, added * eps / 2) * size)
    if output.scale == "log odds":
        # A probability p carries an error of one unit of 1, so its log-odds one of 1 / p (1 - p).
        allowed += 4 * eps * (2 + 2 * np.cosh(answers))
    return allowed
