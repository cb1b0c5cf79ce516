"""The scores of a linear model as its weights and its intercepts, whoever fitted it.

scores(z) = W z + b,    one score for each row of W: a regression's value, the log odds or the
margin of the second of two classes, or a score for each class
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearForm", "linear_form"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearForm:
    """Scores that are linear in the cells of a row.

    Attributes
    ----------
    weights
        W, shape (scores, cells).
    intercept
        b, shape (scores,).
    """

    weights: Floats
    intercept: Floats

    def scores(self, cells: Floats) -> Floats:
        """Return the scores of rows of cells, shape (n, scores)."""
        return cells @ self.weights.T + self.intercept


def linear_form(estimator: Any) -> LinearForm | None:
    """Return the scores of an estimator with scikit-learn's `coef_`; `None` where it has none.

    Whether the estimator answers by these scores is for the caller to know or to find out.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> form = linear_form(LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0]))
    >>> form.weights.round(12).tolist(), form.intercept.round(12).tolist()
    ([[2.0]], [1.0])
    """
    held = getattr(estimator, "coef_", None)
    if held is None:
        return None
    held = held.toarray() if hasattr(held, "toarray") else held
    weights = np.array(held, dtype=np.float64)
    if weights.ndim not in (1, 2):
        return None
    weights = np.atleast_2d(weights)
    intercept = np.asarray(getattr(estimator, "intercept_", 0.0), dtype=np.float64)
    if intercept.size not in (1, len(weights)):
        return None
    return LinearForm(weights, np.broadcast_to(intercept.reshape(-1), len(weights)))
