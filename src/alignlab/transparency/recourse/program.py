"""The cheapest allowed row inside a box under linear conditions, as a mixed-integer program.

    min  sum_u c z_u + m_u      m_u = (up_u + down_u) / s_u, or k for a changed category
    s.t. up_u, down_u <= width_u z_u,   sum_v y_uv <= 1,   z in {0, 1},
         slopes · (x' - x) + tables(y) >= needs,   x'_i <= x'_j,
         sum over S of z_u <= |S| - 1  for every set S of changes seen before,

the program of [ustun2019actionable, sec. 3] with moves in spreads and a price for a change as such.
HiGHS solves it to a gap of zero, up to its tolerance of 1e-7; where it leaves a z that is not quite
whole, the numbers are solved for again with all that is whole held fixed, so that none slips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import ModelError
from alignlab.transparency.recourse.space import Space

__all__ = ["Conditions", "cheapest"]

Floats = NDArray[np.float64]

INFEASIBLE = 2
"""The status by which scipy says that there is no solution."""


UNITS = (1.0, 10.0, 7.3, 0.31)
"""Units of the price. HiGHS gives up on some small programs ("solve error") in one unit and solves
them in another."""

EXACT = 1e-12
"""How far from whole HiGHS may leave a whole number without the others being solved for again."""


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a linear score must gain: slopes · (x' - x) + tables at x' - tables at x >= needs.

    Attributes
    ----------
    slopes
        Of numbers, shape (n_conditions, n_units); 0 for categories.
    tables
        For each unit that is a category the score of its levels, shape (n_conditions, n_levels).
    needs
        Shape (n_conditions,).
    """

    slopes: Floats
    tables: tuple[Floats | None, ...]
    needs: Floats


def cheapest(
    space: Space,
    origin: Floats,
    *,
    low: Floats,
    high: Floats,
    levels: Sequence[NDArray[np.intp] | None],
    conditions: Conditions | None = None,
    forbidden: Sequence[NDArray[np.intp]] = (),
) -> Floats | None:
    """Return the cheapest row in units, or `None` where there is surely none.

    Parameters
    ----------
    space
        The units.
    origin
        The row as it is, shape (n_units,).
    low, high
        What each number may become.
    levels
        What each category may become, its own level included where it may stay; `None` for
        numbers.
    conditions
        What a score must gain.
    forbidden
        Sets of units that may not all change.
    """
    built = _Program(space, origin, low, high, levels, conditions)
    for units in forbidden:
        built.forbid(units)
    return built.solved()


class _Program:
    """Columns (variables) and rows (conditions) of the program, collected one by one."""

    def __init__(
        self,
        space: Space,
        origin: Floats,
        low: Floats,
        high: Floats,
        levels: Sequence[NDArray[np.intp] | None],
        conditions: Conditions | None,
    ) -> None:
        self.space, self.origin = space, origin
        self.price: list[float] = []
        self.top: list[float] = []
        self.least: list[float] = []
        self.whole: list[int] = []
        self.rows: list[dict[int, float]] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.flag: dict[int, list[int]] = {}
        self.up: dict[int, tuple[int, int]] = {}
        self.picks: dict[int, dict[int, int]] = {}
        bound = {at for pair in space.orders for at in pair.tolist()}
        for unit in range(len(space)):
            if space.number[unit]:
                flat = conditions is not None and not conditions.slopes[:, unit].any()
                if not np.isnan(origin[unit]) and not (flat and unit not in bound):
                    useful = self._useful(unit, low[unit], high[unit], conditions, bound)
                    self._number(unit, *useful)
            elif not np.isnan(origin[unit]):
                table = None if conditions is None else conditions.tables[unit]
                self._category(unit, levels[unit], table)
        self._relations()
        if conditions is not None:
            self._score(conditions)

    def forbid(self, units: NDArray[np.intp]) -> None:
        """Demand that one of some units stays."""
        row = {column: 1.0 for unit in units for column in self.flag.get(int(unit), [])}
        self._row(row, -np.inf, len(units) - 1.0)

    def solved(self) -> Floats | None:
        """Return the cheapest row in units."""
        if not self.price:
            fine = all(low <= 0 <= high for low, high in zip(self.lower, self.upper, strict=True))
            return self.origin.copy() if fine else None
        found = self._solve(np.array(self.least), np.array(self.top), np.array(self.whole))
        if found is None:
            return None
        whole, fixed = np.array(self.whole) > 0, np.round(found)
        if np.abs(found - fixed)[whole].max(initial=0.0) > EXACT:
            again = self._solve(
                np.where(whole, fixed, self.least),
                np.where(whole, fixed, self.top),
                np.zeros(len(fixed), dtype=int),
            )
            found = found if again is None else again
        found = np.where(whole, fixed, found)
        units = self.origin.copy()
        for unit, (up, down) in self.up.items():
            # A number changes where its flag says so; what HiGHS leaves elsewhere is rounding.
            step = found[up] - found[down] if found[self.flag[unit][0]] > 0.5 else 0.0
            units[unit] += step if self.space.whole[unit] else step * self.space.scale[unit]
        for unit, picks in self.picks.items():
            for level, column in picks.items():
                if found[column] > 0.5:
                    units[unit] = level
        return units

    def _solve(self, least: Floats, top: Floats, whole: NDArray[Any]) -> Floats | None:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        places = [(row, column) for row, held in enumerate(self.rows) for column in held]
        cells = [value for held in self.rows for value in held.values()]
        rows, columns = np.array(places, dtype=np.intp).reshape(-1, 2).T
        matrix = csr_array((cells, (rows, columns)), shape=(len(self.rows), len(self.price)))
        kept = [LinearConstraint(matrix, self.lower, self.upper)] if len(self.rows) else []
        for unit in UNITS:
            done = milp(
                unit * np.array(self.price),
                integrality=whole,
                bounds=Bounds(least, top),
                constraints=kept,
                options={"mip_rel_gap": 0.0},
            )
            if done.x is not None or done.status == INFEASIBLE:
                return None if done.x is None else np.asarray(done.x)
        raise ModelError(
            f"The cheapest change could not be computed exactly: {done.message}. Use "
            "method='search'."
        )

    def _column(self, price: float, least: float, top: float, whole: bool) -> int:
        self.price.append(price)
        self.least.append(least)
        self.top.append(max(top, least))
        self.whole.append(int(whole))
        return len(self.price) - 1

    def _row(self, cells: dict[int, float], lower: float, upper: float) -> None:
        self.rows.append(cells)
        self.lower.append(lower)
        self.upper.append(upper)

    def _number(self, unit: int, low: float, high: float) -> None:
        space, here = self.space, self.origin[unit]
        if not low <= high or (low == high == here):
            if not low <= here <= high:
                self._row({}, 1.0, 1.0)  # no such row
            return
        whole = bool(space.whole[unit])
        step = 1.0 if whole else space.scale[unit]
        cost = 1.0 / space.scale[unit] if whole else 1.0
        rises, falls = max(high - here, 0.0) / step, max(here - low, 0.0) / step
        up = self._column(cost, max(low - here, 0.0) / step, rises, whole)
        down = self._column(cost, max(here - high, 0.0) / step, falls, whole)
        flag = self._column(space.per_change, 0.0, 1.0, True)
        self._row({up: 1.0, flag: -rises}, -np.inf, 0.0)
        self._row({down: 1.0, flag: -falls}, -np.inf, 0.0)
        self.up[unit], self.flag[unit] = (up, down), [flag]

    def _useful(
        self, unit: int, low: float, high: float, conditions: Conditions | None, bound: set[int]
    ) -> tuple[float, float]:
        """Return the ends of a number's way without the way that gains nothing."""
        if conditions is None or unit in bound:
            return low, high
        slopes, here = conditions.slopes[:, unit], float(self.origin[unit])
        return (
            low if (slopes < 0).any() else max(low, here),
            high if (slopes > 0).any() else min(high, here),
        )

    def _category(self, unit: int, levels: NDArray[np.intp] | None, table: Floats | None) -> None:
        own = int(self.origin[unit])
        given = [] if levels is None else [int(level) for level in levels]
        stays = own in given
        others = [level for level in given if level != own]
        if not others and not stays:
            self._row({}, 1.0, 1.0)
        if stays and table is not None:
            gains = table - table[:, [own]]
            others = [level for level in others if (gains[:, level] > 0).any()]
        price = self.space.per_change + self.space.category_cost
        picks = {level: self._column(price, 0.0, 1.0, True) for level in others}
        if picks:
            self._row(dict.fromkeys(picks.values(), 1.0), 0.0 if stays else 1.0, 1.0)
            self.picks[unit], self.flag[unit] = picks, list(picks.values())

    def _relations(self) -> None:
        for lesser, greater in self.space.orders.tolist():
            gap = self.origin[greater] - self.origin[lesser]
            if np.isnan(gap):
                continue
            cells: dict[int, float] = {}
            for unit, sign in ((lesser, 1.0), (greater, -1.0)):
                if unit in self.up:
                    step = 1.0 if self.space.whole[unit] else self.space.scale[unit]
                    for column, way in zip(self.up[unit], (1.0, -1.0), strict=True):
                        cells[column] = cells.get(column, 0.0) + sign * way * step
            size = max(map(abs, cells.values()), default=1.0)
            self._row({column: cell / size for column, cell in cells.items()}, -np.inf, gap / size)

    def _score(self, conditions: Conditions) -> None:
        for at, need in enumerate(conditions.needs):
            cells: dict[int, float] = {}
            for unit, (up, down) in self.up.items():
                step = 1.0 if self.space.whole[unit] else self.space.scale[unit]
                slope = conditions.slopes[at, unit] * step
                cells |= {up: slope, down: -slope}
            for unit, picks in self.picks.items():
                table = conditions.tables[unit]
                if table is not None:
                    own = table[at, int(self.origin[unit])]
                    cells |= {column: table[at, level] - own for level, column in picks.items()}
            size = max(map(abs, cells.values()), default=0.0) or 1.0
            scaled = {column: cell / size for column, cell in cells.items() if cell}
            self._row(scaled, need / size, np.inf)
