"""Single trees: every leaf of the wanted answer is a box, and the nearest point of a box is known.

    cheapest(x) = min over wanted leaves of  sum_u  cost of the nearest value of unit u in the leaf

Costs add up over units, so the nearest point of a leaf is found unit by unit; with relations
between columns it is a small program (`program`). Where a leaf's faces lie in the columns that a
person knows is found by bisection through the model's own steps and through the rounding to 32 bits
that scikit-learn's trees do, down to neighbouring floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors.tree_form import TreeForm, single, tree_form
from alignlab.transparency.recourse.columnwise import Columnwise, columnwise
from alignlab.transparency.recourse.goals import Goal
from alignlab.transparency.recourse.program import cheapest
from alignlab.transparency.recourse.space import Space

__all__ = ["TreeRoute", "tree_route"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

TREES = frozenset(
    {
        "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier",
        "ExtraTreeRegressor",
    }
)  # fmt: skip

CHECKED = 300
"""Rows of the data that the leaves are held against."""

HALVINGS = 100
"""Neighbouring floats are reached by fewer halvings, but next to 0, which is tried by itself."""


@dataclass(frozen=True, eq=False)
class TreeRoute:
    """The boxes of a tree's leaves in units.

    Attributes
    ----------
    space, goal
        The units, and what the model is to answer.
    map
        The way from units to what the tree reads.
    low, high
        The least and the greatest number of each leaf, shape (n_leaves, n_units).
    levels
        For each category which levels lead to a leaf, shape (n_leaves, n_levels); else `None`.
    missing
        Whether a missing cell leads to a leaf, shape (n_leaves, n_units).
    answers
        What the tree answers in each leaf.
    """

    space: Space
    goal: Goal
    map: Columnwise
    low: Floats
    high: Floats
    levels: tuple[Mask | None, ...]
    missing: Mask
    answers: Floats
    common: tuple[NDArray[np.intp] | None, ...]

    name = "exact: a single tree, by all of its leaves"

    def propose(self, origins: Floats, many: int, slack: float) -> list[list[Floats]]:
        """Return rows for each origin, the cheapest first, one for each set of changed units."""
        wanted = np.flatnonzero(self.goal.reached(self.answers))
        return [self._of(origin, wanted, many) for origin in origins]

    def _of(self, origin: Floats, wanted: NDArray[np.intp], many: int) -> list[Floats]:
        space = self.space
        points, feasible = self._nearest(origin, wanted)
        wanted, points = wanted[feasible], points[feasible]
        costs = space.cost(points, origin[None])
        fine = space.allowed(points, origin)
        found = [(float(costs[at]), points[at]) for at in np.flatnonzero(fine)]
        for at in np.flatnonzero(~fine)[np.argsort(costs[~fine], kind="stable")]:
            # What ignores the relations costs no more than what keeps them.
            if len(found) >= many and costs[at] > sorted(cost for cost, _ in found)[many - 1]:
                break
            point = self._related(origin, int(wanted[at]))
            if point is not None:
                found.append((float(space.cost(point, origin)), point))
        found.sort(key=lambda pair: pair[0])
        kept: list[Floats] = []
        seen: set[bytes] = set()
        for _, point in found:
            signature = space.changed(point, origin).tobytes()
            if signature not in seen:
                seen.add(signature)
                kept.append(point)
        return kept

    def _nearest(self, origin: Floats, wanted: NDArray[np.intp]) -> tuple[Floats, Mask]:
        """Return the nearest point of each leaf, and whether there is one."""
        space = self.space
        reach_low, reach_high = space.reach(origin)
        points = np.repeat(origin[None], len(wanted), axis=0)
        fine = np.ones(len(wanted), dtype=bool)
        for unit in range(len(space)):
            if np.isnan(origin[unit]):
                fine &= self.missing[wanted, unit]
            elif space.number[unit]:
                low, high = self._face(unit, wanted, reach_low[unit], reach_high[unit])
                fine &= low <= high
                points[:, unit] = np.clip(origin[unit], low, np.maximum(low, high))
            else:
                leads = self._leads(unit, wanted, reach_low[unit], reach_high[unit])
                fine &= leads.any(axis=1)
                order = self.common[unit]
                first = order[leads[:, order].argmax(axis=1)] if order is not None else 0
                own = leads[:, int(origin[unit])]
                points[:, unit] = np.where(own, origin[unit], first)
        return points, fine

    def _face(
        self, unit: int, leaves: Any, reach_low: float, reach_high: float
    ) -> tuple[Floats, Floats]:
        low = np.maximum(self.low[leaves, unit], reach_low)
        high = np.minimum(self.high[leaves, unit], reach_high)
        return (np.ceil(low), np.floor(high)) if self.space.whole[unit] else (low, high)

    def _leads(self, unit: int, leaves: Any, reach_low: float, reach_high: float) -> Mask:
        table = self.levels[unit]
        levels = np.arange(0 if table is None else table.shape[1])
        inside = (levels >= reach_low) & (levels <= reach_high)
        return np.asarray(inside if table is None else table[leaves] & inside)

    def _related(self, origin: Floats, leaf: int) -> Floats | None:
        """Return the nearest point of a leaf in which the relations hold."""
        space = self.space
        low, high = space.reach(origin)
        levels: list[NDArray[np.intp] | None] = []
        for unit in range(len(space)):
            if space.number[unit]:
                low[unit], high[unit] = self._face(unit, leaf, low[unit], high[unit])
                levels.append(None)
            elif np.isnan(origin[unit]):
                levels.append(None)
            else:
                leads = self._leads(unit, leaf, low[unit], high[unit])
                levels.append(np.flatnonzero(leads))
        found = cheapest(space, origin, low=low, high=high, levels=levels)
        if found is None:
            return None
        # HiGHS errs by 1e-7: back onto the faces, where the leaf is.
        return np.where(space.number & ~np.isnan(origin), np.clip(found, low, high), found)


def tree_route(
    goal: Goal, space: Space, origins: Floats, data: Floats, told: Floats
) -> TreeRoute | None:
    """Return the leaves of a single tree in units; `None` where the model is none.

    Parameters
    ----------
    goal, space, origins, data, told
        See `linear_route`.
    """
    known = columnwise(goal.predictor, space, origins, data, TREES)
    if known is None or known.final.tree_.n_outputs != 1:
        return None
    tree = tree_form(known.final.tree_)
    if known.final.n_features_in_ != len(known.owner):
        return None
    rows = np.concatenate([origins, data])
    cuts = _cuts(known, tree, rows)
    if cuts is None:
        return None
    boxes = _boxes(known, tree, cuts)
    leaf = tree.leaf
    common: list[NDArray[np.intp] | None] = []
    for unit in range(len(space)):
        counts = np.zeros(len(space.levels[unit] or ()))
        cells = data[~np.isnan(data[:, unit]), unit]
        if len(counts):
            counts += np.bincount(cells.astype(np.intp), minlength=len(counts))
        common.append(np.argsort(-counts, kind="stable") if len(counts) else None)
    route = TreeRoute(
        space, goal, known,
        boxes.low[leaf], boxes.high[leaf],
        tuple(None if table is None else table[leaf] for table in boxes.levels),
        boxes.missing[leaf],
        tree.value[leaf, 0] if goal.predictor.task == "regression" else tree.value[leaf],
        tuple(common),
    )  # fmt: skip
    return route if _explains(route, rows, told) else None


@dataclass(frozen=True, eq=False)
class _Cuts:
    """For each split which way values go: at most `last` one way for numbers, `left` for levels."""

    last: Floats
    rising: Mask
    left: dict[int, Mask]
    missing_left: Mask


def _cuts(known: Columnwise, tree: TreeForm, data: Floats) -> _Cuts | None:
    """Return where each split lies in units; `None` where a number's way is not monotone."""
    space = known.space
    splits = np.flatnonzero(~tree.leaf)
    first, last = np.full((2, len(tree)), np.nan)
    rising = np.ones(len(tree), dtype=bool)
    missing_left = np.ones(len(tree), dtype=bool)
    left: dict[int, Mask] = {}
    units = known.owner[tree.column[splits]]
    places = np.array([(known.owner[: tree.column[at]] == known.owner[tree.column[at]]).sum()
                       for at in splits], dtype=np.intp)  # fmt: skip
    inputs = known.inputs(known.base[None])[0]
    for unit in np.unique(units):
        nodes, place = splits[units == unit], places[units == unit]
        cut = tree.threshold[nodes]
        if unit < 0:
            for node in nodes:
                goes = bool(single(inputs[tree.column[node]]) <= tree.threshold[node])
                left[int(node)] = np.array([goes])
            continue
        if np.isnan(data[:, unit]).any():
            gone = known.alone(int(unit), np.array([np.nan]))[0, place]
            missing_left[nodes] = np.where(
                np.isnan(gone), tree.missing_left[nodes], single(gone) <= cut
            )
        if not space.number[unit]:
            levels = np.arange(len(space.levels[unit] or ()), dtype=np.float64)
            goes = single(known.alone(int(unit), levels))[:, place] <= cut
            left |= {int(node): goes[:, at] for at, node in enumerate(nodes)}
            continue
        values = np.unique(data[~np.isnan(data[:, unit]), unit])
        ends = np.array([space.low[unit], space.high[unit]])
        values = np.unique(np.concatenate([values, ends[~np.isnan(ends)]]))
        steps = np.diff(single(known.alone(int(unit), values)), axis=0)
        up = np.asarray((steps >= 0).all(axis=0))
        down = np.asarray((steps <= 0).all(axis=0))
        if not (up | down)[place].all():
            return None
        rising[nodes] = up[place]
        first[nodes], last[nodes] = values[0], values[-1]
    numbers = splits[~np.isnan(last[splits])]
    last[numbers] = _bisected(known, tree, numbers, rising[numbers], first[numbers], last[numbers])
    return _Cuts(last, rising, left, missing_left)


def _bisected(
    known: Columnwise,
    tree: TreeForm,
    nodes: NDArray[np.intp],
    rising: Mask,
    low: Floats,
    high: Floats,
) -> Floats:
    """Return for each split the last value of its number, from below, on the side it begins on."""
    units = known.owner[tree.column[nodes]]
    whole, at = known.space.whole[units], np.arange(len(nodes))

    def first_side(values: Floats) -> Mask:
        rows = np.repeat(known.base[None], len(nodes), axis=0)
        rows[at, units] = values
        goes_left = single(known.inputs(rows))[at, tree.column[nodes]] <= tree.threshold[nodes]
        return np.asarray(goes_left == rising)

    all_of_it, any_of_it = first_side(high), first_side(low)
    for step in range(HALVINGS):
        middle = low + (high - low) / 2 if step else np.clip(0.0, low, high)
        middle = np.where(whole, np.floor(middle), middle)
        open_ = (middle > low) & (middle < high)
        if step and not open_.any():
            break
        before = first_side(middle)
        low, high = np.where(open_ & before, middle, low), np.where(open_ & ~before, middle, high)
    return np.where(all_of_it, np.inf, np.where(any_of_it, low, -np.inf))


@dataclass(frozen=True, eq=False)
class _Boxes:
    low: Floats
    high: Floats
    levels: tuple[Mask | None, ...]
    missing: Mask


def _boxes(known: Columnwise, tree: TreeForm, cuts: _Cuts) -> _Boxes:
    """Return the box of every node; a child comes after its parent."""
    space, nodes = known.space, len(tree)
    low = np.full((nodes, len(space)), -np.inf)
    high = np.full((nodes, len(space)), np.inf)
    missing = np.ones((nodes, len(space)), dtype=bool)
    levels = tuple(
        None if number else np.ones((nodes, len(space.levels[at] or ())), dtype=bool)
        for at, number in enumerate(space.number)
    )
    for node in range(nodes):
        children = tree.left[node], tree.right[node]
        if children[0] < 0:
            continue
        unit = int(known.owner[tree.column[node]])
        for child, is_left in zip(children, (True, False), strict=True):
            low[child], high[child], missing[child] = low[node], high[node], missing[node]
            for table in levels:
                if table is not None:
                    table[child] = table[node]
            if unit < 0:
                if bool(cuts.left[node][0]) != is_left:
                    low[child], high[child], missing[child] = np.inf, -np.inf, False
                continue
            missing[child, unit] &= cuts.missing_left[node] == is_left
            table = levels[unit]
            if table is not None:
                table[child] &= cuts.left[node] == is_left
            elif bool(cuts.rising[node]) == is_left:
                high[child, unit] = min(high[child, unit], cuts.last[node])
            else:
                after = cuts.last[node] + 1 if space.whole[unit] else np.nextafter(
                    cuts.last[node], np.inf
                )  # fmt: skip
                after = cuts.last[node] if np.isinf(cuts.last[node]) else after
                low[child, unit] = max(low[child, unit], after)
    return _Boxes(low, high, levels, missing)


def _explains(route: TreeRoute, data: Floats, told: Floats) -> bool:
    """Return whether every row lies in one leaf, and the model answers as it does."""
    space = route.space
    for at in np.linspace(0, len(data) - 1, min(CHECKED, len(data))).astype(np.intp):
        row = data[at]
        inside = np.ones(len(route.low), dtype=bool)
        for unit in range(len(space)):
            table = route.levels[unit]
            if np.isnan(row[unit]):
                inside &= route.missing[:, unit]
            elif table is None:
                inside &= (row[unit] >= route.low[:, unit]) & (row[unit] <= route.high[:, unit])
            else:
                inside &= table[:, int(row[unit])]
        if inside.sum() != 1:
            return False
        own = route.answers[inside][0]
        if np.abs(own - told[at]).max() > 1e-9 * max(float(np.abs(own).max()), 1e-12):
            return False
    return True
