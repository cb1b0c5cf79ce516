"""The worst allowed rows for a loss, as training needs them: every row climbs to the end.

    max_{x' allowed} loss(logits(x'))       by projected gradient ascent [madry2018towards, eq. 2.1]

Where an attack stops at the first row that the model gets wrong, training wants the loss as large
as it can be made: a row that is broken climbs on. Only rows are differentiated, never parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from alignlab.errors import InputError, require_choice
from alignlab.robustness.attacks.settings import require_whole
from alignlab.robustness.threats import Ball, per_row

if TYPE_CHECKING:
    import torch

__all__ = ["maximise"]

KEEPS = ("last", "best")


def maximise(
    logits_of: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    loss: Callable[[torch.Tensor], torch.Tensor],
    threat: Ball,
    *,
    steps: int = 10,
    step_size: float | None = None,
    start: torch.Tensor | None = None,
    keep: str = "last",
) -> torch.Tensor:
    """Return allowed rows that make a loss large.

    Use it within training, or to look at a loss's worst case. To judge a model use
    `evaluate_robustness`, which is done with a row once it is broken.

    Parameters
    ----------
    logits_of
        From rows to logits; a module in whatever mode it is in.
    x
        The rows, shape (n, ...), inside the box.
    loss
        From logits to one number a row, shape (n,), which is to grow.
    threat
        What may be done to a row.
    steps
        Gradients a row.
    step_size
        As a share of the radius; `None` for 2.5 / steps, which reaches the boundary from anywhere.
    start
        Allowed rows to begin with, such as `threat.start(x, streams)`; `x` without. A loss that is
        least at `x`, as a divergence from the logits there, has no gradient at `x`.
    keep
        "last" for the last iterate, as published; "best" for the one with the greatest loss, at the
        price of one more forward pass.

    Returns
    -------
    torch.Tensor
        Shape (n, ...), without a graph.

    Raises
    ------
    InputError
        If `steps` is below 1, `step_size` is not above 0, or `keep` is something else.

    References
    ----------
    [madry2018towards]

    Examples
    --------
    >>> import torch
    >>> from alignlab.robustness.threats import Linf
    >>> rows = torch.tensor([[0.5, 0.9]])
    >>> maximise(lambda x: x, rows, lambda z: z[:, 1] - z[:, 0], Linf(0.25), steps=4)
    tensor([[0.2500, 1.0000]])
    """
    import torch

    require_choice(keep, KEEPS, what="keep")
    require_whole(steps=steps)
    if step_size is not None and not step_size > 0:
        raise InputError(f"step_size={step_size!r} is not above 0. Give a share of the radius.")
    size = threat.radius * (2.5 / steps if step_size is None else step_size)
    center = x.detach()
    project = threat.around(center)
    now = best = center if start is None else start.detach()
    greatest: torch.Tensor | None = None
    for step in range(steps + (keep == "best")):
        climbing = step < steps
        leaf = now.clone().requires_grad_(climbing)
        with torch.set_grad_enabled(climbing):
            losses = loss(logits_of(leaf))
        if keep == "best":
            if greatest is None:
                greatest = torch.full_like(losses, -torch.inf)
            better = losses.detach() > greatest
            greatest = losses.detach().where(better, greatest)
            best = now.where(per_row(better, now), best)
        if climbing:
            (gradient,) = torch.autograd.grad(losses.sum(), leaf)
            now = project(threat.step(now, gradient.nan_to_num(nan=0.0), size))
    return best if keep == "best" else now
