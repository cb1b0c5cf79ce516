"""Where a search for cheap changes begins: rows that the model answers as wanted.

Real rows of the wanted answer are the best places to begin with, as [mothilal2020explaining] note
of nearest rows: what is between them and a row is often like the data. To these come single changes
at values that the data have, and the best of them by twos and threes, which are sparse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.transparency.recourse.space import Space

__all__ = ["Ask", "Found", "Rows", "asked", "climbed", "started", "unique"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

Ask = Callable[[Floats], tuple[Mask, Floats]]
"""From rows in units to whether the answer is a wanted one, and by how much."""

Found = tuple[Places, Floats]
"""For each found row which of the given rows it belongs to, and the row in units."""

PLACES = 8
"""Values of one number that are tried alone beside its ends; of a category three times as many."""

BEST = 8
"""Units whose best single values are tried together."""

CLIMB = 8
"""Changes, one after another, after which a row without a start is given up."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as they are, and how far each of their cells may go; all of shape (n, n_units)."""

    origin: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.origin)

    def __getitem__(self, at: Any) -> Rows:
        return Rows(self.origin[at], self.low[at], self.high[at])

    @property
    def limits(self) -> tuple[Floats, Floats]:
        """What `Space.allowed` takes."""
        return self.low, self.high


def started(
    ask: Ask, space: Space, rows: Rows, data: Floats, wanted: Mask, starts: int, draws: Floats
) -> Found:
    """Return rows that are answered as wanted, at most `starts` for each row and kind of start."""
    single_owner, singles = _singles(space, rows, rows.origin, data)
    good, margin = asked(ask, space, singles, rows[single_owner])
    found = [_cheapest(space, rows, single_owner[good], singles[good], starts)]
    owner, units = _together(space, rows, single_owner, singles, margin)
    real_owner, real = _real(space, rows, data[wanted], starts, draws)
    good, _ = asked(
        ask, space, np.concatenate([units, real]), rows[np.concatenate([owner, real_owner])]
    )
    several, of_real = good[: len(owner)], good[len(owner) :]
    found.append(_cheapest(space, rows, owner[several], units[several], starts // 2))
    found.append((real_owner[of_real], real[of_real]))
    owners, units_found = zip(*found, strict=True)
    return np.concatenate(owners), np.concatenate(units_found)


def _real(
    space: Space, rows: Rows, real: Floats, starts: int, draws: Floats
) -> tuple[Places, Floats]:
    """Return real rows with the cells that may not change put back: the cheapest, and some others.

    A number that may not go where the real row has it goes as far as it may.
    """
    owners, found = [np.zeros(0, dtype=np.intp)], [np.zeros((0, len(space)))]
    for at in range(len(rows) if len(real) else 0):
        mine = rows[at]
        outside = ~space.number & ((real < mine.low) | (real > mine.high))
        mixed = space.snapped(np.where(outside, mine.origin, real), mine.origin, mine.limits)
        fine = space.allowed(mixed, mine.origin, mine.limits)
        mixed = mixed[fine & space.changed(mixed, mine.origin).any(axis=1)]
        order = np.argsort(space.cost(mixed, mine.origin), kind="stable")
        near, rest = order[: starts // 2], order[starts // 2 :]
        others = np.unique((draws[at, : starts // 2] * len(rest)).astype(np.intp))
        chosen = np.concatenate([near, rest[others] if len(rest) else rest])
        owners.append(np.full(len(chosen), at, dtype=np.intp))
        found.append(mixed[chosen])
    return np.concatenate(owners), np.concatenate(found)


def _singles(space: Space, rows: Rows, around: Floats, data: Floats) -> tuple[Places, Floats]:
    """Return rows that differ from `around` in one unit, at values that the data have."""
    owners, found = [np.zeros(0, dtype=np.intp)], [np.zeros((0, len(space)))]
    for unit in np.flatnonzero((rows.low < rows.high).any(axis=0)):
        cells = data[~np.isnan(data[:, unit]), unit]
        low, high = rows.low[:, unit, None], rows.high[:, unit, None]
        if space.number[unit]:
            places = np.quantile(cells, np.linspace(0, 1, PLACES)) if len(cells) else cells
            values = np.repeat(places[None], len(rows), axis=0)
            values = np.concatenate([values, low, high], axis=1)
            values = np.round(values) if space.whole[unit] else values
        else:
            counts = np.bincount(cells.astype(np.intp), minlength=len(space.levels[unit] or ()))
            most = np.argsort(-counts, kind="stable")[: 3 * PLACES].astype(np.float64)
            values = np.repeat(most[None], len(rows), axis=0)
        values = np.clip(values, low, high)
        fresh = np.repeat(around[:, None], values.shape[1], axis=1)
        fresh[:, :, unit] = values
        changed = ((values != around[:, unit, None]) & ~np.isnan(low)).ravel()
        owners.append(np.repeat(np.arange(len(rows)), values.shape[1])[changed])
        found.append(fresh.reshape(-1, len(space))[changed])
    owner, units = unique(np.concatenate(owners), np.concatenate(found))
    return owner, space.snapped(units, rows.origin[owner], rows[owner].limits)


def _together(
    space: Space, rows: Rows, owner: Places, singles: Floats, margin: Floats
) -> tuple[Places, Floats]:
    """Return the single changes that help most, by twos and threes and all of them."""
    owners, found = [np.zeros(0, dtype=np.intp)], [np.zeros((0, len(space)))]
    for at in range(len(rows)):
        origin, mine = rows.origin[at], np.flatnonzero(owner == at)
        changed = space.changed(singles[mine], origin)
        best = []
        for unit in np.flatnonzero(changed.any(axis=0)):
            own = mine[changed[:, unit]]
            top = own[margin[own].argmax()]
            best.append((float(margin[top]), int(unit), int(top)))
        best = sorted((each for each in best if each[0] > -np.inf), reverse=True)[:BEST]
        sets = [each for many in (2, 3) for each in combinations(best, many)]
        sets += [tuple(best[:many]) for many in range(4, len(best) + 1)]
        joined = np.repeat(origin[None], len(sets), axis=0)
        for place, several in enumerate(sets):
            for _, which, row in several:
                joined[place, which] = singles[row, which]
        owners.append(np.full(len(sets), at, dtype=np.intp))
        found.append(joined)
    return np.concatenate(owners), np.concatenate(found)


def climbed(ask: Ask, space: Space, rows: Rows, data: Floats) -> Found:
    """Return rows reached by one change after another, each the best of its step."""
    here = rows.origin.copy()
    best = np.full(len(rows), -np.inf)
    reached, open_ = np.zeros(len(rows), dtype=bool), np.ones(len(rows), dtype=bool)
    for _ in range(CLIMB):
        at = np.flatnonzero(open_)
        if not len(at):
            break
        owner, units = _singles(space, rows[at], here[at], data)
        good, margin = asked(ask, space, units, rows[at[owner]])
        open_[at] = False
        for place in range(len(at)):
            mine = np.flatnonzero(owner == place)
            if not len(mine):
                continue
            top = mine[np.lexsort((-margin[mine], ~good[mine]))[0]]
            if good[top] or margin[top] > best[at[place]]:
                here[at[place]], best[at[place]] = units[top], margin[top]
                reached[at[place]], open_[at[place]] = good[top], not good[top]
    found = np.flatnonzero(reached)
    return found, here[found]


def asked(
    ask: Ask, space: Space, units: Floats, rows: Rows, *, only: Mask | None = None
) -> tuple[Mask, Floats]:
    """Ask for the allowed rows; the others are not answered as wanted."""
    fine = space.allowed(units, rows.origin, rows.limits)
    fine = fine if only is None else fine & only
    good, margin = np.zeros(len(units), dtype=bool), np.full(len(units), -np.inf)
    at = np.flatnonzero(fine)
    if len(at):
        good[at], margin[at] = ask(units[at])
    return good, margin


def _cheapest(
    space: Space, rows: Rows, owner: Places, units: Floats, most: int
) -> tuple[Places, Floats]:
    """Return the cheapest rows of each owner, only one of each set of changed units."""
    cost = space.cost(units, rows.origin[owner])
    changed = space.changed(units, rows.origin[owner])
    kept: list[int] = []
    count: dict[int, int] = {}
    seen: set[tuple[int, bytes]] = set()
    for at in np.lexsort((cost, owner)).tolist():
        mine, key = int(owner[at]), (int(owner[at]), changed[at].tobytes())
        if key not in seen and count.get(mine, 0) < most:
            seen.add(key)
            count[mine] = count.get(mine, 0) + 1
            kept.append(at)
    return owner[kept], units[kept]


def unique(owner: Places, units: Floats) -> tuple[Places, Floats]:
    """Return each row of each owner once, in the order of their owners."""
    if not len(owner):
        return owner, units
    # Missing cells are equal here, and so are 0 and -0.
    both = np.column_stack([owner.astype(np.float64), np.where(np.isnan(units), -np.inf, units)])
    _, first = np.unique(both + 0.0, axis=0, return_index=True)
    first = np.sort(first)
    first = first[np.argsort(owner[first], kind="stable")]
    return owner[first], units[first]
