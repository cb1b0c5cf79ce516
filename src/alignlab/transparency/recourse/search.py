"""A search for cheap changes that asks the model for answers only, in a few large calls.

All rows and all of their starts go forward together, one model call a step:

1. starts: real rows that the model answers as wanted, with the cells that may not change put back;
   each unit alone at the values that the data have; the best of these together by twos and threes;
2. cells are put back one at a time, of those that may be put back the one that saves most for what
   it takes from the margin, until none can [zeller2002simplifying for many cells];
3. numbers go back toward the row by bisection, the dearest first and the cheapest first;
4. numbers are written with as few digits as keep the answer.

Where no start is answered as wanted, the best row found goes on one change at a time. What is found
is no proof of the cheapest, and that nothing is found is no proof that there is nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.random import row_streams
from alignlab.transparency.recourse.space import Space
from alignlab.transparency.recourse.starts import (
    Ask,
    Found,
    Rows,
    asked,
    climbed,
    started,
    unique,
)

__all__ = ["search", "written"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

PARTS = 24
"""Parts in which many changed cells are put back; few are put back one by one."""

BITS = 3
"""A number's move is parted in 2^BITS at once: a few rows more, and fewer calls of the model."""

ROUNDS = 5
"""How often it is."""

DIGITS = 3
"""Powers of ten at which numbers are rounded, from a twentieth of a spread down."""

BLOCK = 3_000_000
"""Cells of candidates that are made at once."""


def search(
    ask: Ask,
    space: Space,
    origins: Floats,
    data: Floats,
    wanted: Mask,
    *,
    starts: int,
    seed: int,
    held: Mask | None = None,
) -> Found:
    """Return rows that are answered as wanted, several for each of the rows given.

    Parameters
    ----------
    ask
        The model.
    space
        The units.
    origins
        The rows in units, shape (n, n_units).
    data, wanted
        Rows of the data, and whether the model answers them as wanted.
    starts
        From how many rows to go on, for each row.
    seed
        Draws some of the real rows.
    held
        Cells that stay, beside those that have to, shape (n, n_units).

    References
    ----------
    [zeller2002simplifying]
    """
    low, high = space.reach(origins)
    if held is not None:
        low, high = np.where(held, origins, low), np.where(held, origins, high)
    rows = Rows(origins, low, high)
    size = max(1, BLOCK // (len(space) * (starts * min(len(space), PARTS) + 1)))
    parts = []
    streams = row_streams(seed, len(origins), "counterfactuals").uniform(starts)
    for first in range(0, len(origins), size):
        at = slice(first, first + size)
        owner, units = _walked(ask, space, rows[at], data, wanted, starts, streams[at])
        parts.append((owner + first, units))
    return (
        np.concatenate([owner for owner, _ in parts]),
        np.concatenate([units for _, units in parts]),
    )


def written(ask: Ask, space: Space, origin: Floats, units: Floats) -> Floats:
    """Return rows whose changed numbers have as few digits as keep the answer.

    Parameters
    ----------
    ask, space
        The model and the units.
    origin, units
        The rows as they were and as they became, shape (n, n_units).
    """
    found = units.copy()
    loose = space.number & ~space.whole & ~space.fixed
    changed = space.changed(found, origin) & loose
    open_: Mask = np.asarray(changed.any(axis=1))
    first = np.floor(np.log10(space.scale / 20))
    for power in range(DIGITS):
        at = np.flatnonzero(open_)
        if not len(at):
            break
        step = 10.0 ** (first - power)
        away = np.sign(found[at] - origin[at])
        # Away from the row, so that what decided is passed; what was a round number stays one.
        near = np.round(found[at] / step)
        tidy = np.where(
            np.abs(near * step - found[at]) < 1e-9 * step, near, np.floor(found[at] / step)
        )
        tidy += np.where((away > 0) & (tidy * step < found[at] - 1e-9 * step), 1, 0)
        decimals = np.maximum(-(first - power), 0).astype(int)
        rounded = tidy * step
        for unit in np.flatnonzero(loose):
            rounded[:, unit] = np.round(rounded[:, unit], decimals[unit])
        trial = space.snapped(np.where(changed[at], rounded, found[at]), origin[at])
        # A number may fall back onto the row's own: a change less. All of them may not.
        fine = space.allowed(trial, origin[at])
        asks = np.flatnonzero(fine & space.changed(trial, origin[at]).any(axis=1))
        good = asks[ask(trial[asks])[0]] if len(asks) else asks
        found[at[good]] = trial[good]
        open_[at[good]] = False
    return found


def _walked(
    ask: Ask, space: Space, rows: Rows, data: Floats, wanted: Mask, starts: int, draws: Floats
) -> Found:
    owner, units = started(ask, space, rows, data, wanted, starts, draws)
    without = np.setdiff1d(np.arange(len(rows)), owner)
    if len(without):
        more_owner, more_units = climbed(ask, space, rows[without], data)
        owner = np.concatenate([owner, without[more_owner]])
        units = np.concatenate([units, more_units])
    owner, units = unique(owner, units)
    units = _put_back(ask, space, rows[owner], units)
    owner, units = unique(owner, units)
    return unique(np.concatenate([owner, owner]), _bisected(ask, space, rows[owner], units))


def _put_back(ask: Ask, space: Space, rows: Rows, units: Floats) -> Floats:
    """Return rows with as few changed cells as keep the answer.

    Many changed cells are put back in parts first, as in [zeller2002simplifying]; in the end each
    cell has been tried alone.
    """
    units = units.copy()
    if not len(units):
        return units
    together = _partners(space)
    open_ = np.ones(len(units), dtype=bool)
    _, margin = ask(units)
    parts = PARTS
    while open_.any():
        at = np.flatnonzero(open_)
        origin = rows.origin[at]
        changed = space.changed(units[at], origin)
        walker, back = _parts(changed, parts, together)
        if not len(walker):
            break
        trial = np.where(back, origin[walker], units[at][walker])
        keeps: Mask = np.asarray(space.changed(trial, origin[walker]).any(axis=1))
        good, left = asked(ask, space, trial, rows[at[walker]], only=keeps)
        saved = space.cost(units[at], origin)[walker] - space.cost(trial, origin[walker])
        # What saves most for what it takes from the margin; answers of labels have none to take.
        lost = np.maximum(margin[at][walker] - left, 0.0)
        order = np.lexsort((-saved / (lost + 1e-9), ~good, walker))
        first = order[np.searchsorted(walker[order], np.arange(len(at))).clip(max=len(order) - 1)]
        took = (walker[first] == np.arange(len(at))) & good[first]
        units[at[took]], margin[at[took]] = trial[first[took]], left[first[took]]
        if int(changed.sum(axis=1).max(initial=0)) <= parts:
            open_[at[~took]] = False
        elif not took.any():
            parts *= 2
    return units


def _parts(changed: Mask, parts: int, together: Mask) -> tuple[Places, Mask]:
    """Return which changed cells to put back at once: walkers, and their cells."""
    rank, total = np.cumsum(changed, axis=1) - 1, changed.sum(axis=1, keepdims=True)
    part_of = np.where(changed, rank * np.minimum(parts, total) // np.maximum(total, 1), -1)
    sets = [part_of == part for part in range(min(parts, int(total.max(initial=0))))]
    # What a relation joins can often only go back together.
    joined = [changed & each for each in together]
    sets += [each * (each.sum(axis=1, keepdims=True) > 1) for each in joined]
    has = [np.flatnonzero(each.any(axis=1)) for each in sets]
    if not has:
        return np.zeros(0, dtype=np.intp), np.zeros((0, changed.shape[1]), dtype=bool)
    back = [each[walkers] for each, walkers in zip(sets, has, strict=True)]
    return np.concatenate(has), np.concatenate(back).astype(bool)


def _bisected(ask: Ask, space: Space, rows: Rows, units: Floats) -> Floats:
    """Return rows whose numbers went back as far as the answer lets them, one after another.

    The first half of the rows returned took the dearest number first, the second half the cheapest.
    """
    moves = space.moves(units, rows.origin) * space.number
    order = np.argsort(
        np.concatenate([-moves, np.where(moves > 0, moves, np.inf)]), axis=1, kind="stable"
    )
    both = np.tile(np.arange(len(units)), 2)
    units = units[both].copy()
    shares = np.arange(1, 2**BITS) / 2**BITS
    for place in range(int((moves > 0).sum(axis=1).max(initial=0))):
        at = np.flatnonzero(moves[both, order[:, place]] > 0)
        unit, walker = order[at, place], np.repeat(np.arange(len(at)), len(shares))
        each, cell = rows[both[at][walker]], (np.arange(len(walker)), unit[walker])
        near, far = rows.origin[both[at], unit], units[at, unit]
        for _ in range(ROUNDS):
            trial = units[at[walker]]
            trial[cell] = (near[:, None] + (far - near)[:, None] * shares).ravel()
            trial = space.snapped(trial, each.origin, each.limits)
            places = trial[cell].reshape(len(at), len(shares))
            asks = (places != near[:, None]) & (places != far[:, None])
            if not asks.any():
                break
            good, _ = asked(ask, space, trial, each, only=asks.ravel())
            good = good.reshape(places.shape)
            # The place nearest to the row that is answered as wanted, and the one before it.
            first = np.where(good.any(axis=1), good.argmax(axis=1), len(shares))
            ends, own = np.column_stack([near, places, far]), np.arange(len(at))
            near, far = ends[own, first], ends[own, first + 1]
            units[at, unit] = far
    return units


def _partners(space: Space) -> Mask:
    """Return the sets of units that relations join, shape (n_sets, n_units)."""
    sets: list[set[int]] = []
    for pair in space.orders.tolist():
        joined = set(pair).union(*(each for each in sets if each & set(pair)))
        sets = [each for each in sets if not each & joined] + [joined]
    found = np.zeros((len(sets), len(space)), dtype=bool)
    for at, each in enumerate(sets):
        found[at, list(each)] = True
    return found
