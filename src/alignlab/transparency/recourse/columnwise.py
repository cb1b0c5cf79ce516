"""A pipeline whose steps treat each column alone, seen from the columns that a person knows.

Behind such steps a linear model or a tree reads z = T(x), and every column of z depends on one unit
of x only:

    z_j = T_j(x_u(j)).

Which unit that is is found by changing one unit at a time, and held against rows in which all units
change at once: rows of the data, and the rows that are to be changed with some of their units taken
from the data. A scaler, an encoder, an imputer or a logarithm passes; a rotation or a normaliser
does not, and then there is no exact route. An imputer by neighbours treats columns alone in whole
rows and not in others, so the same is asked of rows that miss what the rows to be changed miss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors import Predictor
from alignlab.predictors.columnwise import TakenApart, differ, owners, taken_apart
from alignlab.transparency.recourse.space import Space

__all__ = ["Columnwise", "columnwise"]

Floats = NDArray[np.float64]

CHECKED = 200
"""Rows that the map is held against."""

TRIED = 12
"""Values of a unit that are tried alone."""

BLANKED = 2_000
"""Rows with missing cells that the map is held against, for all kinds of them together."""


@dataclass(eq=False)
class Columnwise:
    """The last step of a model and the map to what it reads.

    Attributes
    ----------
    parts, space
        The model taken apart, and the units.
    base
        A row in units from which single units are changed.
    owner
        The unit that each column of the input depends on, shape (n_inputs,); -1 for none.
    rows
        Rows that went through the map.
    """

    parts: TakenApart
    space: Space
    base: Floats
    owner: NDArray[np.intp]
    rows: int = 0

    @property
    def final(self) -> Any:
        """The estimator that answers."""
        return self.parts.estimator

    def inputs(self, units: Floats) -> Floats:
        """Return what the last step reads for rows in units, shape (n, n_inputs)."""
        self.rows += len(units)
        try:
            cells = self.parts.cells(self.space.write(units))
        except (TypeError, ValueError, AttributeError) as error:
            raise _NoMapError from error
        if cells is None:
            raise _NoMapError
        return cells

    def alone(self, unit: int, values: Floats) -> Floats:
        """Return the inputs that depend on a unit for some of its values, shape (n, its inputs)."""
        units = np.repeat(self.base[None], len(values), axis=0)
        units[:, unit] = values
        return self.inputs(units)[:, self.owner == unit]


def columnwise(
    predictor: Predictor, space: Space, origins: Floats, data: Floats, names: frozenset[str]
) -> Columnwise | None:
    """Return the map of a model whose last step is of a known kind; `None` for any other model.

    Parameters
    ----------
    predictor
        The model.
    space
        The units.
    origins, data
        The rows that are to be changed and rows of the data in units, shape (n, n_units).
    names
        The classes of estimators wanted.
    """
    parts = taken_apart(predictor)
    if parts is None or predictor.decision is not None:
        return None
    of_sklearn = type(parts.estimator).__module__.startswith("sklearn.")
    if not of_sklearn or type(parts.estimator).__name__ not in names:
        return None
    whole = data[~np.isnan(data).any(axis=1)]
    if not len(whole):
        return None
    some = whole[np.linspace(0, len(whole) - 1, min(CHECKED, len(whole))).astype(np.intp)]
    found = Columnwise(parts, space, some[0], np.zeros(0, dtype=np.intp))
    try:
        return found if _is_one(found, some, origins, data) else None
    except _NoMapError:
        return None


class _NoMapError(Exception):
    """The steps, or what they make, are no map to numbers."""


def _is_one(found: Columnwise, some: Floats, origins: Floats, data: Floats) -> bool:
    """Find out whose each input is, and return whether each depends on one unit alone."""
    space, base = found.space, found.base
    gaps = {*np.nonzero(np.isnan(origins))[1], *np.nonzero(np.isnan(data))[1]}
    tried = [_tried(space, unit, some, unit in gaps) for unit in range(len(space))]
    rows = np.repeat(base[None], 1 + sum(map(len, tried)), axis=0)
    unit_of = np.repeat(np.arange(len(space)), [len(values) for values in tried])
    rows[np.arange(1, len(rows)), unit_of] = np.concatenate(tried)
    inputs = found.inputs(rows)
    owner = owners(inputs[0], inputs[1:], unit_of)
    if owner is None:
        return False
    found.owner = owner
    rng = np.random.default_rng(0)
    partner = np.where(rng.random((len(some), 1)) < 0.5, base, rng.permutation(some))
    partner[::2] = origins[rng.integers(len(origins), size=len(partner[::2]))]
    if not _apart(found, some, partner, rng.random(some.shape) < 0.5, inputs[0]):
        return False
    missing: list[NDArray[np.bool_]] = [
        gone for gone in np.unique(np.isnan(origins), axis=0) if gone.any()
    ][:BLANKED]
    rows = some[: max(2, BLANKED // max(len(missing), 1))]
    for gone in missing:
        # One unit missing at a time is what is known of each; all at once must be the same.
        alone = np.where(np.eye(len(space), dtype=bool)[gone], np.nan, base)
        expected = found.inputs(rows).copy()
        for unit, cells in zip(np.flatnonzero(gone), found.inputs(alone), strict=True):
            expected[:, owner == unit] = cells[owner == unit]
        if differ(found.inputs(np.where(gone, np.nan, rows)), expected).any():
            return False
    return True


def _apart(found: Columnwise, one: Floats, other: Floats, mine: Any, still: Floats) -> bool:
    """Return whether rows put together from two have the inputs of their parts."""
    owner = found.owner
    expected = np.where(mine[:, owner], found.inputs(one), found.inputs(other))
    expected[:, owner < 0] = still[owner < 0]
    return not differ(found.inputs(np.where(mine, one, other)), expected).any()


def _tried(space: Space, unit: int, some: Floats, gaps: bool) -> Floats:
    """Return the values at which a unit is tried alone."""
    if space.number[unit]:
        places = np.linspace(0, len(some) - 1, min(TRIED, len(some))).astype(np.intp)
        values = np.concatenate([some[places, unit], [space.low[unit], space.high[unit]]])
        values = np.unique(values[~np.isnan(values)])
    else:
        values = np.arange(len(space.levels[unit] or ()), dtype=np.float64)
    return np.append(values, np.nan) if gaps else values
