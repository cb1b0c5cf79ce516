"""Where on a feature's axis there are rows, and where there are none.

A gap is a stretch between two neighbouring values of the data that is longer than a tenth of the
axis, or one between the data and the end of a stated grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.transparency.effects.grids import Grid

__all__ = ["Density", "density_of"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

BINS = 40
"""Bars of the strip below a curve."""

GAP = 0.1
"""So long a stretch without a row, as a share of the axis, is one that nobody should read."""


@dataclass(frozen=True, eq=False)
class Density:
    """Rows along an axis.

    Attributes
    ----------
    gaps
        Stretches without a row.
    bins, binned
        Edges of equal bins and the rows in them; empty for categories, and where values are too
        close for bins between them.
    """

    gaps: tuple[tuple[float, float], ...]
    bins: Floats
    binned: Index


def density_of(grid: Grid, n: int) -> Density:
    """Return where there are rows along the axis of a grid."""
    if grid.column.value is None or len(grid) < 2:
        return Density((), np.zeros(0), np.zeros(0, dtype=np.intp))
    value = grid.column.value[:n]
    held = np.unique(value[np.isfinite(value)])
    start, stop = grid.at[0], grid.at[-1]
    bins = np.linspace(start, stop, BINS + 1)
    if (np.diff(bins) <= 0).any():
        return Density((), np.zeros(0), np.zeros(0, dtype=np.intp))
    binned = np.histogram(value[np.isfinite(value)], bins)[0]
    inside = held[(held >= start) & (held <= stop)]
    marks = np.unique(np.concatenate([[start], inside, [stop]]))
    wide = np.diff(marks) > GAP * (stop - start)
    if grid.complete:  # few values lie apart by nature
        wide[:] = False
    gaps = tuple(
        (float(a), float(b)) for a, b in zip(marks[:-1][wide], marks[1:][wide], strict=True)
    )
    return Density(gaps, bins, binned.astype(np.intp))
