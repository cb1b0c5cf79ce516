"""Where a search through the rows of a table looks next: functions from rows to candidates.

Rows and candidates are in units (see `robustness.table_units`). A candidate need not be allowed:
the search projects it. What a row proposes depends on that row alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.random import RowStreams
from alignlab.robustness.tabular_threat import TabularThreat

__all__ = ["Rows", "between", "combined", "ends", "everything", "mutated", "possible"]

Floats = NDArray[np.float64]

CHOICES = 4
"""Numbers that a mutation draws for a candidate, beside three for each of its units."""


TOGETHER = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""How many units that helped alone are changed together."""

NEAREST = 100
"""Rows of the data whose numbers are tried."""


@dataclass(eq=False)
class Rows:
    """Open rows and what is known of them; every array has one entry a row.

    Attributes
    ----------
    center
        The rows as they are, shape (n, n_units).
    low, high
        How far each unit can go alone.
    spent
        Rows that the model was asked for.
    margin
        The margin of each row as it is.
    gains, values
        By how much one unit alone raised the margin at most, and the value that did.
    beam, margins
        The best rows found, best first, shape (n, beam, n_units), and their margins.
    logits
        The logits of each row as it is.
    near
        The nearest rows of the data for which the model decides otherwise, nearest first, by
        position, shape (n, NEAREST); -1 where there are no more.
    streams
        Random numbers of each row's own.
    """

    center: Floats
    low: Floats
    high: Floats
    spent: NDArray[np.intp]
    margin: Floats
    gains: Floats
    values: Floats
    beam: Floats
    margins: Floats
    logits: Floats
    near: NDArray[np.int32]
    streams: RowStreams

    def __len__(self) -> int:
        return len(self.center)

    def __getitem__(self, at: Any) -> Rows:
        """Return some rows; with a slice they share the memory of these."""
        return Rows(**{each.name: getattr(self, each.name)[at] for each in fields(self)})


def ends(rows: Rows) -> Floats:
    """Return each unit alone at its least and at its greatest value, shape (n, 2 n_units, …)."""
    return np.concatenate([_alone(rows, rows.low), _alone(rows, rows.high)], axis=1)


def nearest_of_others(
    center: Floats,
    classes: NDArray[np.intp],
    threat: TabularThreat,
    others: Floats,
    decided: NDArray[np.intp],
) -> NDArray[np.int32]:
    """Return the nearest rows of the data that are decided otherwise; see `Rows.near`.

    Parameters
    ----------
    center, classes
        Rows in units, and their classes.
    threat
        What is allowed.
    others, decided
        Rows of the data, and what the model decides for them.
    """
    far = np.zeros((len(center), len(others)))
    for at, scale in enumerate(threat.units.scale):
        moves = np.abs(others[:, at] - center[:, at, None]) / scale
        far += np.nan_to_num(np.where(threat.units.number[at], moves, moves > 0)) ** 2
    far[decided == classes[:, None]] = np.inf
    order = np.argsort(far, axis=1, kind="stable")[:, :NEAREST]
    found = np.full((len(center), NEAREST), -1, dtype=np.int32)
    known = np.isfinite(np.take_along_axis(far, order, axis=1))
    found[:, : order.shape[1]] = np.where(known, order, -1)
    return found


def between(rows: Rows, threat: TabularThreat, places: int, others: Floats) -> Floats:
    """Return each unit alone at places between its ends; whole numbers and values one by one.

    Where there are too many for that, they are what the nearest rows of another decision have
    there: a tree's leaf, however narrow, holds a row of its data. Without such a row they are
    spread evenly.

    Parameters
    ----------
    rows
        Open rows.
    threat
        What is allowed.
    places
        How many for each unit.
    others
        Rows of the data, shape (m, n_units).
    """
    steps = threat.units.whole | ~threat.units.number
    span = rows.high - rows.low
    copied = _inside(others[rows.near], rows, places)
    found = []
    for place in range(places):
        share = rows.low + _halved(place + 1) * span
        share = np.where(np.isnan(copied[:, place]), share, copied[:, place])
        listed = np.where(span - 1 <= places, np.minimum(rows.low + 1 + place, rows.high), share)
        found.append(_alone(rows, np.where(steps, np.round(listed), share)))
    return np.concatenate(found, axis=1)


def combined(rows: Rows, threat: TabularThreat) -> Floats:
    """Return the changes that helped alone, the best of them together.

    Within a sum of moves the budget is spread: for an additive model with equal slopes along each
    move this is the best that can be done with the units taken.
    """
    n, units = rows.center.shape
    useful = rows.gains >= 0
    rank = np.argsort(np.argsort(-rows.gains, axis=1, kind="stable"), axis=1)
    sizes = [size for size in TOGETHER if size < units] + [units]
    moves = threat.moves(np.where(np.isneginf(rows.gains), rows.center, rows.values), rows.center)
    found = []
    for size in sizes:
        taken = useful & (rank < size)
        if threat.norm == "linf":
            found.append(np.where(taken, rows.values, rows.center))
            continue
        for numbers_only in (False, True):
            mine = taken & (threat.units.number | (not numbers_only))
            share = _spread(rows.gains, moves, mine, threat)
            target = rows.center + share * (rows.values - rows.center)
            target = np.where(share == 1, rows.values, target)
            found.append(np.where(mine & (share > 0), target, rows.center))
    return np.stack(found, axis=1).reshape(n, -1, units)


def possible(rows: Rows, threat: TabularThreat) -> Floats:
    """Return how many rows there are within the units' limits, shape (n,); infinite for floats."""
    return np.asarray(_spans(rows, threat).prod(axis=1))


def everything(rows: Rows, threat: TabularThreat, start: int, count: int, most: int) -> Floats:
    """Return some of all rows within the limits, for rows that have no more than `most` of them.

    Parameters
    ----------
    rows
        Open rows.
    threat
        What is allowed.
    start, count
        Which of them, by number; number 0 is the row itself.
    most
        Where there are more, the row itself is returned.
    """
    spans = _spans(rows, threat)
    total = spans.prod(axis=1)
    few = total <= most
    spans = np.where(few[:, None], spans, 1.0)
    number = np.minimum(np.arange(start, start + count), np.maximum(total, 1)[:, None] - 1)
    number = np.where(few[:, None], number, 0.0)
    found = np.repeat(rows.center[:, None], count, axis=1)
    for unit in range(rows.center.shape[1]):
        span, low = spans[:, unit, None], rows.low[:, unit, None]
        shifted = low + np.mod(rows.center[:, unit, None] - low + np.mod(number, span), span)
        found[:, :, unit] = np.where(span > 1, shifted, found[:, :, unit])
        number = np.floor(number / span)
    return found


def mutated(rows: Rows, threat: TabularThreat, step: int, count: int, others: Floats) -> Floats:
    """Return changed, crossed and fresh rows.

    Parameters
    ----------
    rows
        Open rows.
    threat
        What is allowed.
    step
        Gives other draws each time.
    count
        How many for each row.
    others
        Rows of the data, shape (m, n_units).
    """
    n, units = rows.center.shape
    width = CHOICES + 3 * units
    drawn = rows.streams.uniform(count * width, step=step).reshape(n, count, width)
    kind, first, second, rate = (drawn[:, :, at, None] for at in range(CHOICES))
    which, value, where = (
        drawn[:, :, CHOICES + at * units : CHOICES + (at + 1) * units] for at in range(3)
    )
    at = np.arange(n)[:, None]
    beam = rows.beam.shape[1]
    ahead = rows.beam[at, (first[:, :, 0] ** 2 * beam).astype(np.intp)]
    other = rows.beam[at, (second[:, :, 0] * beam).astype(np.intp)]
    center = rows.center[:, None]
    crossed = np.where(kind < 0.5, ahead, np.where(where > 0.5, ahead, other))
    base = np.where(kind < 0.7, crossed, center)
    # From one change to all of them, each order of magnitude as often: a tree asks for few, and
    # where it asks for several that do nothing alone, many at once find them sooner.
    changes = units ** (rate - 1)
    low, high = rows.low[:, None], rows.high[:, None]
    inside = low + where * (high - low)
    steps = threat.units.whole | ~threat.units.number
    inside = np.where(steps, np.floor(low + where * (high - low + 1)), inside)
    known = (rows.near >= 0).sum(axis=1)[:, None]
    near = rows.near[at, (second[:, :, 0] * known).astype(np.intp)]
    copied = others[near]
    copied = np.where((near[:, :, None] >= 0) & (copied > low) & (copied < high), copied, inside)
    nudged = base + (where - 0.5) * 0.3 * (high - low)
    best = np.where(np.isneginf(rows.gains), rows.center, rows.values)[:, None]
    kinds = (0.2, low), (0.4, high), (0.6, copied), (0.7, inside), (0.8, best), (0.9, center)
    drawn_value = nudged
    for share, values in reversed(kinds):
        drawn_value = np.where(value < share, values, drawn_value)
    return np.where(which < changes, drawn_value, base)


def _inside(values: Floats, rows: Rows, count: int) -> Floats:
    """Return each unit's first values between its ends, shape (n, count, n_units), or NaN."""
    fine = (values > rows.low[:, None]) & (values < rows.high[:, None])
    fine &= rows.near[:, :, None] >= 0
    order = np.argsort(~fine, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(np.where(fine, values, np.nan), order, axis=1)


def _alone(rows: Rows, values: Floats) -> Floats:
    units = rows.center.shape[1]
    found = np.repeat(rows.center[:, None], units, axis=1)
    at = np.arange(units)
    found[:, at, at] = values
    return found


def _halved(place: int) -> float:
    """Return 1/2, 1/4, 3/4, 1/8, … for 1, 2, 3, 4, …: every beginning is spread evenly."""
    found, part = 0.0, 0.5
    while place:
        found += part * (place % 2)
        place, part = place // 2, part / 2
    return found


def _spans(rows: Rows, threat: TabularThreat) -> Floats:
    span = np.nan_to_num(rows.high - rows.low)
    steps = threat.units.whole | ~threat.units.number
    return np.where(steps, span + 1, np.where(span > 0, np.inf, 1.0))


def _spread(
    gains: Floats, moves: Floats, taken: NDArray[np.bool_], threat: TabularThreat
) -> Floats:
    """Return which share of each unit's move is made, so that the moves fit into the radius."""
    number = threat.units.number
    slopes = np.where(taken & (moves > 0), gains / np.where(moves > 0, moves, 1.0), 0.0)
    slopes = np.maximum(slopes, 0.0)
    if threat.norm == "l1":
        order = np.argsort(-slopes, axis=1, kind="stable")
        cost = np.take_along_axis(np.where(taken, moves, 0.0), order, axis=1)
        kind = number[order]
        left = np.full(len(moves), threat.radius)
        share = np.zeros_like(moves)
        for place in range(moves.shape[1]):
            price = cost[:, place]
            part = np.where(price > 0, np.minimum(left / np.where(price > 0, price, 1), 1.0), 0.0)
            part = np.where(kind[:, place] | (part == 1), part, 0.0)
            share[np.arange(len(moves)), order[:, place]] = part
            left = np.maximum(left - part * price, 0.0)
        return share
    fixed = np.where(taken & ~number, moves**2, 0.0).sum(axis=1)
    budget = np.maximum(threat.radius**2 - fixed, 0.0)
    length = np.where(taken & number, moves, 0.0)
    steep = np.where(number, slopes, 0.0)
    low = np.zeros(len(moves))
    high = threat.radius / np.maximum(np.where(steep > 0, steep, np.inf).min(axis=1), 1e-300)
    high = np.where(np.isfinite(high), high, 0.0)
    for _ in range(50):
        middle = (low + high) / 2
        spent = (np.minimum(middle[:, None] * steep, length) ** 2).sum(axis=1)
        fits = spent <= budget
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    made = np.minimum(low[:, None] * steep, length)
    share = np.where(length > 0, made / np.where(length > 0, length, 1.0), 0.0)
    return np.where(number, share, np.where(taken, 1.0, 0.0))
