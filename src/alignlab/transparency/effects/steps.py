"""Accumulated local effects from the changes of rows that take small steps.

Points z_0 < ... < z_K of a feature; a row with z_{s-1} < x <= z_s takes step s, and a row at z_0
the first; rows that lie on points (few values, levels) take the step before them and the step after
them. With d_i the change of row i's answer from one end of its step to the other,

    step_s = sum w_i d_i / sum w_i  over the rows that take step s,
    u_k = step_1 + ... + step_k,    curve_k = u_k - sum_i w_i h_i(u) / sum_i w_i,

where h_i(u) is u at row i's point, or the mean of u at the two around it [apley2020visualizing].
Two features: steps are cells, d is a difference of differences, u is summed over both, and the
effects of each feature alone, which u still holds, are taken off before it is centred. A cell
without a row takes the step of the nearest cell that has some.

Each row's influence is linear in its d and, for curves, in where it lies; a lone row of a step,
whose spread can't be known, gets that of the other steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.transparency.effects.grids import Grid

__all__ = ["Steps", "both_steps", "curve_of", "steps_of", "surface_of"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Steps:
    """Which rows take which steps on a grid.

    Attributes
    ----------
    rows, step
        Row `rows[r]` steps from point `step[r]` to the next; a row may take two steps.
    low, high
        The points around each row, equal where it lies on one, -1 where it is on no step; (n,).
    points
        The number of points.
    """

    rows: Index
    step: Index
    low: Index
    high: Index
    points: int


def steps_of(grid: Grid) -> Steps:
    """Return the steps that rows take on a grid."""
    n, points = len(grid.place), len(grid)
    if grid.complete or points < 2:
        place = grid.place
        after = np.flatnonzero((place >= 0) & (place < points - 1))
        before = np.flatnonzero(place > 0)
        rows = np.concatenate([after, before])
        step = np.concatenate([place[after], place[before] - 1])
        return Steps(rows, step, place, place, points)
    assert grid.column.value is not None
    value = grid.column.value[:n]
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(value) & (value >= grid.at[0]) & (value <= grid.at[-1])
    rows = np.flatnonzero(inside)
    step = np.maximum(np.searchsorted(grid.at, value[rows], side="left") - 1, 0)
    low = np.full(n, -1, dtype=np.intp)
    high = low.copy()
    low[rows], high[rows] = step, step + 1
    return Steps(rows, step, low, high, points)


def curve_of(steps: Steps, change: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Return a feature's centred effect at each point, and what each row adds to it.

    Parameters
    ----------
    steps
        The steps taken.
    change
        What each step changed, shape (steps taken,).
    shares
        Each row's weight, shape (n,).

    Returns
    -------
    (curve, influences)
        Shapes (points,) and (n, points).
    """
    number = steps.points - 1
    size, parts = _steps(steps.step, change, shares[steps.rows], number)
    onto = np.tri(steps.points, number, -1)
    uncentred = onto @ size
    at, centre = _held(steps), steps.low >= 0
    mass = shares * centre
    mass = mass / max(float(mass.sum()), 1e-300)
    lies = (uncentred[at[0]] + uncentred[at[1]]) / 2
    middle = float(mass @ lies)
    where = np.bincount(np.concatenate(at), np.tile(mass / 2, 2), steps.points)
    taken = np.zeros((len(shares), max(number, 1)))
    taken[steps.rows, steps.step] = parts
    influences = taken[:, :number] @ (onto - where @ onto).T
    influences -= (mass * (lies - middle))[:, None]
    return uncentred - middle, influences


def both_steps(first: Steps, second: Steps) -> tuple[Index, Index, Index]:
    """Return every row with every pair of its steps: rows, first steps, second steps."""
    pairs = pd.DataFrame({"row": first.rows, "first": first.step}).merge(
        pd.DataFrame({"row": second.rows, "second": second.step}), on="row"
    )
    rows, one, other = (pairs[name].to_numpy(np.intp) for name in ("row", "first", "second"))
    return rows, one, other


def surface_of(
    first: Steps,
    second: Steps,
    taken: tuple[Index, Index, Index],
    change: Floats,
    shares: Floats,
) -> tuple[Floats, Floats, Index]:
    """Return what two features do together beyond what each does alone.

    Parameters
    ----------
    first, second
        The steps on the two grids.
    taken
        Rows and their pairs of steps (`both_steps`).
    change
        The difference of differences of each, shape (pairs of steps taken,).
    shares
        Each row's weight, shape (n,).

    Returns
    -------
    (surface, influences, counts)
        Shapes (first points, second points), (n, first points · second points), and the rows in
        each cell (first points - 1, second points - 1). The influences hold for cells' masses as
        they are.
    """
    rows, one, other = taken
    shape = (first.points - 1, second.points - 1)
    cell = one * shape[1] + other
    size, parts = _steps(cell, change, shares[rows], shape[0] * shape[1])
    counts = np.bincount(cell, minlength=len(size)).reshape(shape)
    source = _nearest_filled(counts)
    size = size[source]
    beyond = _beyond(first, second, taken, shares)
    surface = beyond @ size
    moved = np.zeros((len(shares), len(size)))
    moved[rows, cell] = parts
    # What a filled cell is moved by, all cells that took its step move by.
    onto = np.zeros((len(surface), len(size)))
    np.add.at(onto.T, source, beyond.T)
    return surface.reshape(first.points, second.points), moved @ onto.T, counts


def _steps(step: Index, change: Floats, weight: Floats, number: int) -> tuple[Floats, Floats]:
    """Return the mean change of each step, 0 where nobody takes it, and each part's influence."""
    mass = np.bincount(step, weight, number)
    squares = np.bincount(step, weight**2, number)
    total = np.bincount(step, weight * change, number)
    mean = np.divide(total, mass, out=np.zeros(number), where=mass > 0)
    effective = np.divide(mass**2, squares, out=np.zeros(number), where=mass > 0)[step]
    alone = effective <= 1 + 1e-9
    stretch = np.sqrt(effective / np.where(alone, 1.0, effective - 1))
    apart = stretch * (change - mean[step])
    others = weight[~alone]
    usual = np.sqrt(others @ apart[~alone] ** 2 / max(float(others.sum()), 1e-300))
    return mean, weight / mass[step] * np.where(alone, usual, apart)


def _held(steps: Steps) -> tuple[Index, Index]:
    return np.maximum(steps.low, 0), np.maximum(steps.high, 0)


def _nearest_filled(counts: Index) -> Index:
    """Return, for each cell, the cell whose step it takes: its own where it has rows."""
    from scipy.spatial import cKDTree

    places = np.indices(counts.shape).reshape(2, -1).T / np.maximum(counts.shape, 1)
    filled = np.flatnonzero(counts.ravel())
    _, near = cKDTree(places[filled]).query(places)
    source = filled[near]
    source[filled] = filled
    return np.asarray(source, dtype=np.intp)


def _beyond(
    first: Steps, second: Steps, taken: tuple[Index, Index, Index], shares: Floats
) -> Floats:
    """Return the matrix from cells' steps to the surface without what each feature does alone."""
    rows, one, other = taken
    weight = shares[rows]
    # Each cell's step raises every point beyond it in both directions.
    cells = np.kron(
        np.tri(first.points, first.points - 1, -1), np.tri(second.points, second.points - 1, -1)
    )
    summed = cells.reshape(first.points, second.points, -1).astype(np.float64)
    alone_first = _alone(summed, one, rows, second, weight, first.points)
    alone_second = _alone(summed.transpose(1, 0, 2), other, rows, first, weight, second.points)
    left = summed - alone_first[:, None] - alone_second[None]
    both = np.flatnonzero((first.low >= 0) & (second.low >= 0))
    mass = np.zeros((first.points, second.points))
    for i in (first.low, first.high):
        for j in (second.low, second.high):
            np.add.at(mass, (i[both], j[both]), shares[both] / 4)
    centre = np.tensordot(mass / mass.sum(), left, axes=2)
    return (left - centre).reshape(first.points * second.points, -1)


def _alone(
    summed: Floats, step: Index, rows: Index, across: Steps, weight: Floats, points: int
) -> Floats:
    """Return one feature's own effect in `summed`: its steps, averaged over where rows lie."""
    lies = np.zeros((points - 1, across.points))
    for side in (across.low, across.high):
        np.add.at(lies, (step, side[rows]), weight / 2)
    total = lies.sum(axis=1, keepdims=True)
    lies = np.divide(lies, total, out=np.zeros_like(lies), where=total > 0)
    steps = np.einsum("st,stc->sc", lies, np.diff(summed, axis=0))
    return np.concatenate([np.zeros((1, steps.shape[1])), np.cumsum(steps, axis=0)])
