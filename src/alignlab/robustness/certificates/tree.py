"""One decision tree: it gives each leaf a box, so the nearest wrong leaf says everything.

    broken(x)  ⇔  min over leaves that decide for another class of
                  distance(x, leaf ∩ box) <= radius        [kantchelian2016evasion, sec. 3]

The nearest point of a box is found number by number, whatever the norm: O(leaves · d) a row.
scikit-learn rounds rows to float32 before it compares them with its thresholds: a number just past
a threshold in float64 may not be past it. So a leaf's box is taken in float32, where its faces are
numbers that exist, and carried back to all float64 numbers that round into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors import Predictor
from alignlab.predictors.tree_form import tree_form
from alignlab.robustness.certificates.certificate import Certificate, decided_wrong
from alignlab.robustness.threats import Ball

if TYPE_CHECKING:
    import torch

__all__ = ["Leaves", "certify_tree", "leaves_of"]

Floats = NDArray[np.float64]

CHUNK = 2**21
"""Numbers held at once for each of the few arrays of rows x leaves x columns."""

NEAR = 1e-9
"""A leaf this much farther than the radius, as a share, is surely not allowed."""

TREES = {"DecisionTreeClassifier", "ExtraTreeClassifier"}


@dataclass(frozen=True, eq=False)
class Leaves:
    """The boxes that a tree cuts the space of rows into.

    Attributes
    ----------
    low, high
        The least and the greatest value of each number, shape (leaves, d).
    classes
        What the tree decides for in each, shape (leaves,).
    columns
        The columns that the tree looks at.
    """

    low: Floats
    high: Floats
    classes: NDArray[np.intp]
    columns: NDArray[np.intp]


def certify_tree(
    predictor: Predictor, x: torch.Tensor, y: torch.Tensor, threat: Ball
) -> Certificate | None:
    """Break or certify each row of a single scikit-learn tree; `None` for any other model.

    Every row is settled: a witness is the point of the nearest wrong leaf, and the threat's own
    judgement of that point decides.

    Parameters
    ----------
    predictor
        The model.
    x, y
        n rows of float32 or float64 within the threat's box, and the positions of their classes.
    threat
        A ball of L∞, L2 or L1.

    Examples
    --------
    >>> import torch
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from alignlab.predictors import as_predictor
    >>> from alignlab.robustness.threats import Linf
    >>> tree = DecisionTreeClassifier().fit([[0.25], [0.75]], [0, 1])
    >>> x, y = torch.tensor([[0.25], [0.375], [0.75]]), torch.tensor([0, 0, 1])
    >>> found = certify_tree(as_predictor(tree), x, y, Linf(0.25))
    >>> found.broken.tolist(), found.witnesses[:, 0].tolist()
    ([False, True, True], [0.25, 0.5000000596046448, 0.5])
    """
    import torch

    tree = predictor.estimator
    of_sklearn = type(tree).__module__.startswith("sklearn.")
    if not of_sklearn or type(tree).__name__ not in TREES or predictor.decision is not None:
        return None
    if x.ndim != 2 or x.dtype not in (torch.float32, torch.float64):
        return None
    leaves = leaves_of(tree, double=x.dtype == torch.float64)
    low, high = (
        torch.broadcast_to(each, x[:1].shape)[0].double().cpu().numpy() for each in threat._box(x)
    )
    leaf_low, leaf_high = np.maximum(leaves.low, low), np.minimum(leaves.high, high)
    exists = (leaf_low <= leaf_high).all(1)
    holds = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    broken, witnesses = torch.zeros_like(holds), x.clone()
    for true in y.unique().tolist():
        wrong = exists & (leaves.classes != true)
        rows = np.flatnonzero(y.cpu().numpy() == true)
        step = max(1, CHUNK // max(1, int(wrong.sum()) * len(leaves.columns)))
        for start in range(0, len(rows), step):
            at = torch.from_numpy(rows[start : start + step]).to(x.device)
            candidates, found = _nearest(
                x[at], leaf_low[wrong], leaf_high[wrong], leaves.columns, threat
            )
            witnesses[at[found]], broken[at[found]] = candidates[found], True
            holds[at] = ~found
    asked = broken.nonzero()[:, 0]
    if len(asked):
        broken[asked] = decided_wrong(predictor, witnesses[asked], y[asked])
        witnesses[~broken] = x[~broken]
    return Certificate("single tree, distance to the nearest wrong leaf", holds, broken, witnesses)


def leaves_of(tree: Any, *, double: bool = True) -> Leaves:
    """Return the boxes of a fitted scikit-learn tree's leaves, faces included.

    Parameters
    ----------
    tree
        A `DecisionTreeClassifier`, or another with a `tree_`.
    double
        Whether rows come in float64, all of which round to a float32; else in float32.
    """
    form = tree_form(tree.tree_)
    down = _floor(form.threshold)
    up = np.nextafter(down, np.float32(np.inf))
    low = np.full((len(form), tree.tree_.n_features), -np.inf, dtype=np.float32)
    high = np.full_like(low, np.inf)
    for node in np.flatnonzero(~form.leaf):  # a child comes after its parent
        left, right = form.left[node], form.right[node]
        for child in (left, right):
            low[child], high[child] = low[node], high[node]
        column = form.column[node]
        high[left, column] = min(high[node, column], down[node])
        low[right, column] = max(low[node, column], up[node])
    leaf = form.leaf
    columns = np.unique(form.column[~leaf])
    if double:
        bounds = _least_rounding_to(low[leaf]), -_least_rounding_to(-high[leaf])
    else:
        bounds = low[leaf].astype(np.float64), high[leaf].astype(np.float64)
    return Leaves(*bounds, form.value[leaf].argmax(1), columns.astype(np.intp))


def _nearest(
    x: torch.Tensor, low: Floats, high: Floats, columns: NDArray[np.intp], threat: Ball
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the nearest points of boxes, and for which rows one is allowed."""
    import torch

    rows, found = x.double().cpu().numpy(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    candidates = x.clone()
    if not len(low):
        return candidates, found
    part = rows[:, None, columns]
    gaps = np.abs(np.clip(part, low[:, columns], high[:, columns]) - part)
    if threat.norm == np.inf:
        distance = gaps.max(axis=2, initial=0.0)
    elif threat.norm == 1:
        distance = gaps.sum(axis=2)
    else:
        distance = np.sqrt((gaps**2).sum(axis=2))
    # The threat's own sums may differ in the last digit, so it judges every box that is near.
    distance[distance > threat.radius * (1 + NEAR)] = np.inf
    while True:
        best = distance.argmin(1)
        open_rows = np.isfinite(distance[np.arange(len(rows)), best]) & ~found.cpu().numpy()
        at = np.flatnonzero(open_rows)
        if not len(at):
            return candidates, found
        points = np.clip(rows[at], low[best[at]], high[best[at]])
        rows_at = torch.from_numpy(at).to(x.device)
        points_at = torch.as_tensor(points, device=x.device).to(x.dtype)
        allowed = threat.allows(points_at, x[rows_at])
        candidates[rows_at[allowed]] = points_at[allowed]
        found[rows_at] = allowed
        distance[at, best[at]] = np.inf


def _floor(thresholds: Floats) -> NDArray[np.float32]:
    """Return the greatest float32 that is not above a threshold."""
    near = thresholds.astype(np.float32)
    return np.where(near.astype(np.float64) > thresholds, np.nextafter(near, -np.inf), near).astype(
        np.float32
    )


def _least_rounding_to(bound: NDArray[np.float32]) -> Floats:
    """Return the least float64 that rounds to a float32 of at least `bound`."""
    at = bound.astype(np.float64)
    with np.errstate(over="ignore"):
        middle = (np.nextafter(bound, np.float32(-np.inf)).astype(np.float64) + at) / 2
        least = np.where(middle.astype(np.float32) >= bound, middle, np.nextafter(middle, np.inf))
    return np.where(np.isfinite(bound), least, at)
