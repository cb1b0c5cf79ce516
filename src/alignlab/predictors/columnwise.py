"""A model taken apart: the steps that prepare rows, and the estimator that reads what they make.

Steps that work on each column by itself (scaling, filling in, spelling out levels) turn a row x
into cells z(x) with

    z_j(x) = e_j(x_u),    one unit u = owner(j) of x, a column or several, for each cell j.

Whose a cell is is found out and not believed: one unit of a row is changed at a time, and the cells
that move are its own (`owners`). Where two units move one cell, the steps do not work column by
column: a rotation, a normaliser, a filling in by neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.predictors.boosters import CategoryCodes
from alignlab.predictors.predictor import Predictor

__all__ = ["TakenApart", "differ", "owners", "taken_apart"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TakenApart:
    """What turns rows into cells, and the estimator that reads them.

    Attributes
    ----------
    predictor
        The whole model.
    steps
        The transformers, in order.
    estimator
        The last step.
    named
        Whether the steps take data frames.
    """

    predictor: Predictor
    steps: tuple[Any, ...]
    estimator: Any
    named: bool

    def cells(self, rows: Any) -> Floats | None:
        """Return what the estimator reads for rows, shape (n, cells); `None` if not numbers."""
        from sklearn.utils import check_array

        rows = self.predictor.selected(rows)
        if isinstance(rows, pd.DataFrame) and not self.named:
            rows = rows.to_numpy()
        # A transformer may be told to work in place.
        rows = rows.copy() if self.steps else rows
        for step in self.steps:
            rows = step.transform(rows)
        if hasattr(rows, "toarray"):
            rows = rows.toarray()
        try:
            cells = check_array(
                rows, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=0
            )
        except (TypeError, ValueError):
            return None
        return np.asarray(cells, dtype=np.float64)


def taken_apart(predictor: Predictor) -> TakenApart | None:
    """Return an estimator taken apart, or `None` where the model is none.

    Pipelines, searches and threshold classifiers are opened; what decides, and by which threshold,
    stays with the predictor.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from alignlab.predictors import as_predictor
    >>> model = make_pipeline(StandardScaler(), LinearRegression()).fit([[1.0], [3.0]], [0.0, 1.0])
    >>> parts = taken_apart(as_predictor(model))
    >>> parts.estimator, parts.cells(np.array([[5.0]]))
    (LinearRegression(), array([[3.]]))
    """
    model = predictor.estimator
    if model is None:
        return None
    # A pipeline that begins with nothing does not say what it was fitted on.
    named = not hasattr(model, "n_features_in_") or hasattr(model, "feature_names_in_")
    steps: list[Any] = []
    while True:
        inner = getattr(model, "steps", None)
        if isinstance(inner, list) and inner:
            steps += [step for _, step in inner[:-1] if step is not None and step != "passthrough"]
            model = inner[-1][1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif type(model).__name__ in ("FixedThresholdClassifier", "TunedThresholdClassifierCV"):
            model = model.estimator_
        else:
            break
    if getattr(model, "_preprocessor", None) is not None:
        steps.append(model._preprocessor)  # histogram boosting turns levels into codes
    codes = CategoryCodes.of(model)
    if codes is not None:
        steps.append(codes)
    if not all(hasattr(step, "transform") for step in steps):
        return None
    return TakenApart(predictor, tuple(steps), model, named)


def owners(still: Floats, moved: Floats, units: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return the unit that each cell depends on; `None` where a cell depends on two.

    Parameters
    ----------
    still
        The cells of one row, shape (cells,).
    moved
        The cells of the same row with one unit changed each, shape (n, cells).
    units
        Which unit that is, shape (n,).

    Returns
    -------
    ndarray
        Shape (cells,); -1 where no change moved the cell.

    Examples
    --------
    >>> owners(np.zeros(3), np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]), np.array([4, 7]))
    array([ 4, -1,  7])
    """
    found = np.full(len(still), -1, dtype=np.intp)
    apart = differ(moved, still)
    for unit in np.unique(units):
        own = apart[units == unit].any(axis=0)
        if (found[own] >= 0).any():
            return None
        found[own] = unit
    return found


def differ(first: Floats, second: Floats) -> NDArray[np.bool_]:
    """Return which cells differ; a missing cell is like a missing one."""
    return np.asarray((first != second) & ~(np.isnan(first) & np.isnan(second)))
