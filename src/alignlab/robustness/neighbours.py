"""Rows that may become one of the others: what the model has said already breaks them for nothing.

Row i is broken by row j where j is allowed from i and the model decides for j otherwise than i's
true class. At a radius that spans the box this breaks every model that decides two rows
differently, whatever its gradients hide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.robustness.threats import Ball, Threat

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["nearby_rows"]

GLANCE = 64
"""Numbers of a row that are compared first: a move of these alone is a lower bound."""

BLOCK = 256
"""Rows compared with all others at once."""

TRIED = 20
"""Others that are compared with a row in full."""


def nearby_rows(
    x: torch.Tensor,
    y: torch.Tensor,
    decisions: NDArray[Any],
    at: NDArray[np.intp],
    threat: Threat,
) -> tuple[NDArray[np.intp], torch.Tensor]:
    """Return positions of rows that another row breaks, and those other rows.

    Parameters
    ----------
    x, y
        All rows and their true classes.
    decisions
        What the model decides for each, shape (n,).
    at
        The rows to break.
    threat
        What is allowed; a `Ball`, for others nothing is looked for.

    Examples
    --------
    >>> import torch
    >>> from alignlab.robustness.threats import Linf
    >>> x, y = torch.tensor([[0.1], [0.2], [0.9]]), torch.tensor([0, 1, 1])
    >>> nearby_rows(x, y, np.array([0, 1, 1]), np.array([0, 2]), Linf(0.15))
    (array([0]), tensor([[0.2000]]))
    """
    import torch

    found: list[tuple[int, int]] = []
    if isinstance(threat, Ball) and len(at):
        said = torch.as_tensor(decisions, device=x.device)
        flat = x.flatten(1)
        step = max(1, flat.shape[1] // GLANCE)
        glance = flat[:, ::step]
        for start in range(0, len(at), BLOCK):
            rows = torch.as_tensor(at[start : start + BLOCK], device=x.device)
            near = torch.cdist(glance[rows], glance, p=threat.norm) <= threat.radius
            others = near & (said[None, :] != y[rows][:, None])
            for row, candidates in zip(rows.tolist(), others, strict=True):
                tried = candidates.nonzero()[:TRIED, 0]
                allowed = threat.allows(x[tried], x[row].expand_as(x[tried]))
                found += [(row, other) for other in tried[allowed][:1].tolist()]
    mine = np.array([row for row, _ in found], dtype=np.intp)
    return mine, x[[other for _, other in found]]
