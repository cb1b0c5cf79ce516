"""Can new rows be told from reference rows? A classifier is fitted to try, on half of them.

On the other half, its AUC is how often it ranks a new row above a reference row: 0.5 if both are of
one distribution, whatever the classifier, because it has seen none of these rows. So the AUC is at
once an effect in words and a test that also sees what no single column shows
[lopezpaz2017revisiting]. A forest that finds nothing proves nothing: it may not be able to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.random import as_generator
from alignlab.uncertainty.outliers.measures import auroc
from alignlab.uncertainty.outliers.rows import RowNumbers, as_table

__all__ = ["told_apart"]

MOST_ROWS = 4000
"""Of either side, drawn at random where there are more."""

FEWEST_ROWS = 20
"""With fewer on either side nothing is learned and nothing is shown."""

TREES, LEAF = 100, 5


def told_apart(reference: Any, X: Any, *, level: float = 0.95, seed: int = 0) -> Estimate | None:
    """Return the AUC of a forest that tells new rows from reference rows.

    Parameters
    ----------
    reference, X
        Two tables with the same columns, or arrays.
    level
        The interval's level.
    seed
        Chooses the rows, the halves and the trees.

    Returns
    -------
    Estimate or None
        `None` with fewer than 20 rows on either side, or no column that can be compared.

    References
    ----------
    [lopezpaz2017revisiting]

    Examples
    --------
    Each column alone is as before; together they are not:

    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=(600, 2))
    >>> b = np.column_stack([a[:, 0], a[:, 0]]) + 0.1 * rng.normal(size=(600, 2))
    >>> told_apart(a, b).low > 0.7
    True
    """
    from sklearn.ensemble import RandomForestClassifier

    rng = as_generator(seed, "apart")
    old, new = as_table(reference, what="the reference"), as_table(X)
    if min(len(old), len(new)) < FEWEST_ROWS:
        return None
    fit_old, seen_old = _halves(old, rng)
    fit_new, seen_new = _halves(new, rng)
    try:
        numbers = RowNumbers.fitted(fit_old)
    except InputError:
        return None

    def known(frame: pd.DataFrame) -> NDArray[np.float32]:
        # Trees take 32 bits; what overflows them is as large as they can tell.
        edge = np.finfo(np.float32).max
        return np.clip(numbers(frame), -edge, edge).astype(np.float32)

    forest = RandomForestClassifier(
        TREES, min_samples_leaf=LEAF, class_weight="balanced", random_state=int(rng.integers(2**31))
    )
    which = np.repeat([0, 1], [len(fit_old), len(fit_new)])
    forest.fit(np.concatenate([known(fit_old), known(fit_new)]), which)
    scores = [forest.predict_proba(known(each))[:, 1] for each in (seen_old, seen_new)]
    return auroc(scores[0], scores[1], level=level)


def _halves(frame: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    order = rng.permutation(len(frame))[:MOST_ROWS]
    middle = len(order) // 2
    return frame.take(order[:middle]), frame.take(order[middle:])
