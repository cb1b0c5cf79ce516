"""One decision tree of scikit-learn in flat arrays, as it judges rows.

A row that stands at node i goes left where   single(z_column[i]) <= threshold[i],   and a missing
cell where `missing_left[i]` says so. Cells are rounded to float32 first and the thresholds are
float64: a cell just past a threshold may round to its near side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TreeForm", "single", "tree_form"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TreeForm:
    """The nodes of a tree; a child comes after its parent.

    Attributes
    ----------
    column
        The cell that a node asks; -1 at a leaf.
    threshold
        A cell goes left where it is at most this.
    missing_left
        Whether a missing cell goes left.
    left, right
        The nodes below; -1 at a leaf.
    value
        What the tree answers there, shape (nodes, outputs): a value, or each class's share.
    cover
        The weight of the training rows that came by.
    depth
        The most branches on a path.
    """

    column: Ints
    threshold: Floats
    missing_left: Bools
    left: Ints
    right: Ints
    value: Floats
    cover: Floats
    depth: int

    def __len__(self) -> int:
        return len(self.column)

    @property
    def leaf(self) -> Bools:
        """Which nodes are leaves."""
        return np.asarray(self.left < 0)


def tree_form(tree: Any) -> TreeForm:
    """Return the nodes of a fitted tree's `tree_`; of several targets the first.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> form = tree_form(DecisionTreeRegressor().fit([[0.0], [1.0], [1.0]], [2.0, 5.0, 5.0]).tree_)
    >>> form.column.tolist(), float(form.threshold[0]), form.value[form.leaf, 0].tolist()
    ([0, -1, -1], 0.5, [2.0, 5.0])
    """
    left = np.asarray(tree.children_left, dtype=np.int64)
    value = np.asarray(tree.value[:, 0, :], dtype=np.float64)
    if value.shape[1] > 1:
        # Releases differ in whether a node holds shares or weights of the classes.
        value = value / value.sum(axis=1, keepdims=True)
    missing = getattr(tree, "missing_go_to_left", np.zeros(len(left)))
    return TreeForm(
        column=np.where(left < 0, -1, tree.feature).astype(np.int64),
        threshold=np.asarray(tree.threshold, dtype=np.float64),
        missing_left=np.asarray(missing).astype(bool),
        left=left,
        right=np.asarray(tree.children_right, dtype=np.int64),
        value=value,
        cover=np.asarray(tree.weighted_n_node_samples, dtype=np.float64),
        depth=int(tree.max_depth),
    )


def single(cells: Any) -> Floats:
    """Return cells rounded to float32, as a tree compares them."""
    return np.asarray(cells, dtype=np.float32).astype(np.float64)
