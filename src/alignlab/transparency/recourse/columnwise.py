"""A pipeline whose steps treat each column alone, seen from the columns that a person knows.

Behind such steps a linear model or a tree reads z = T(x), and every column of z depends on one unit
of x only:

    z_j = T_j(x_u(j)).

Which unit that is is found by changing one unit at a time, and held against rows of the data in
which all units change at once. A scaler, an encoder, an imputer or a logarithm passes; a rotation,
a normaliser or an imputer by neighbours does not, and then there is no exact route.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.predictors import Predictor
from alignlab.transparency.recourse.space import Space

__all__ = ["Columnwise", "columnwise"]

Floats = NDArray[np.float64]

CHECKED = 200
"""Rows of the data that the map is held against."""

TRIED = 12
"""Values of a unit that are tried alone."""


@dataclass(eq=False)
class Columnwise:
    """The last step of a model and the map to what it reads.

    Attributes
    ----------
    final
        The estimator that answers.
    owner
        The unit that each column of its input depends on, shape (n_inputs,); -1 for none.
    base
        A row in units from which single units are changed.
    rows
        Rows that went through the map.
    """

    final: Any
    space: Space
    predictor: Predictor
    steps: Any
    base: Floats
    owner: NDArray[np.intp]
    rows: int = 0

    def inputs(self, units: Floats) -> Floats:
        """Return what the last step reads for rows in units, shape (n, n_inputs)."""
        self.rows += len(units)
        return _inputs(self.predictor, self.steps, self.space, units)

    def alone(self, unit: int, values: Floats) -> Floats:
        """Return the inputs that depend on a unit for some of its values, shape (n, its inputs)."""
        units = np.repeat(self.base[None], len(values), axis=0)
        units[:, unit] = values
        return self.inputs(units)[:, self.owner == unit]


def columnwise(
    predictor: Predictor, space: Space, data: Floats, names: frozenset[str]
) -> Columnwise | None:
    """Return the map of a model whose last step is of a known kind; `None` for any other model.

    Parameters
    ----------
    predictor
        The model.
    space
        The units.
    data
        Rows of the data in units, shape (m, n_units).
    names
        The classes of estimators wanted.
    """
    final, steps = _last_step(predictor.estimator)
    of_sklearn = type(final).__module__.startswith("sklearn.")
    if not of_sklearn or type(final).__name__ not in names or predictor.decision is not None:
        return None
    whole = data[~np.isnan(data).any(axis=1)]
    if not len(whole):
        return None
    some = whole[np.linspace(0, len(whole) - 1, min(CHECKED, len(whole))).astype(np.intp)]
    base = some[0]
    try:
        owner, asked = _owners(predictor, steps, space, some, base)
    except (TypeError, ValueError, AttributeError):  # no map of numbers: not a case of ours
        return None
    if owner is None:
        return None
    return Columnwise(final, space, predictor, steps, base, owner, asked)


def _owners(
    predictor: Predictor, steps: Any, space: Space, some: Floats, base: Floats
) -> tuple[NDArray[np.intp] | None, int]:
    """Return the unit of each input, or `None` where one depends on several."""
    places = np.linspace(0, len(some) - 1, min(TRIED, len(some))).astype(np.intp)
    tried = [
        np.unique(np.concatenate([some[places, unit], [space.low[unit], space.high[unit]]]))
        if space.number[unit]
        else np.arange(len(space.levels[unit] or ()), dtype=np.float64)
        for unit in range(len(space))
    ]
    tried = [values[~np.isnan(values)] for values in tried]
    rows = np.repeat(base[None], 1 + sum(map(len, tried)), axis=0)
    unit_of = np.repeat(np.arange(len(space)), [len(values) for values in tried])
    rows[np.arange(1, len(rows)), unit_of] = np.concatenate(tried)
    inputs = _inputs(predictor, steps, space, rows)
    owner = np.full(inputs.shape[1], -1, dtype=np.intp)
    for unit in range(len(space)):
        moved = (inputs[1:][unit_of == unit] != inputs[0]).any(axis=0)
        if (owner[moved] >= 0).any():
            return None, 0
        owner[moved] = unit
    # All units at once: each input must be what its own unit alone gives.
    together = _inputs(predictor, steps, space, some)
    used = np.unique(owner[owner >= 0])
    single = np.tile(base, (len(used), len(some), 1))
    for at, unit in enumerate(used):
        single[at, :, unit] = some[:, unit]
    alone = _inputs(predictor, steps, space, single.reshape(-1, len(space))).reshape(
        len(used), len(some), -1
    )
    for at, unit in enumerate(used):
        if not np.array_equal(alone[at][:, owner == unit], together[:, owner == unit]):
            return None, 0
    asked = len(rows) + len(some) * (1 + len(used))
    constant = together[:, owner < 0] == inputs[0][owner < 0]
    return (owner if constant.all() else None), asked


def _inputs(predictor: Predictor, steps: Any, space: Space, units: Floats) -> Floats:
    rows = predictor.selected(space.write(units))
    if steps is not None and getattr(steps, "feature_names_in_", None) is None:
        rows = rows.to_numpy() if isinstance(rows, pd.DataFrame) else rows
    inputs = rows if steps is None else steps.transform(rows)
    inputs = inputs.toarray() if hasattr(inputs, "toarray") else inputs
    return np.asarray(inputs, dtype=np.float64)


def _last_step(model: Any) -> tuple[Any, Any]:
    """Return what answers and the steps before it, `None` where there are none."""
    while hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list) or not steps:
        return model, None
    before = [step for _, step in steps[:-1] if step not in (None, "passthrough")]
    return steps[-1][1], (model[:-1] if before else None)
