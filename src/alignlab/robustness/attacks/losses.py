"""What an attack makes grow: functions of logits and true classes, one number a row.

With the logits z in falling order z_(1), z_(2), …:

cross-entropy
    log Σ_j exp z_j - z_y; vanishes, with its gradient, in floats where the logits are large.
margin
    max_{j ≠ y} z_j - z_y; above 0 where the row is broken, and good for two classes.
dlr
    (max_{j ≠ y} z_j - z_y) / (z_(1) - z_(3)), so that neither a constant added to the logits nor a
    factor matters [croce2020reliable, eq. 6]; the margin below three classes.

Towards a target class t, with the true and the target class of each row as `classes`:

targeted margin
    z_t - z_y
targeted dlr
    (z_t - z_y) / (z_(1) - (z_(3) + z_(4)) / 2) [croce2020reliable, eq. 7]; the targeted margin
    below four classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from alignlab.robustness.attacked import Loss

__all__ = [
    "LOSSES",
    "TARGETED_LOSSES",
    "cross_entropy",
    "dlr",
    "margin",
    "targeted_dlr",
    "targeted_margin",
]

LEAST_SPREAD = 1e-12
"""Added to what is divided by, as published: logits that are all equal give 0."""


def cross_entropy(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of each row."""
    import torch

    return torch.nn.functional.cross_entropy(logits, y, reduction="none")


def margin(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return how far the best wrong class is above the true one."""
    true = logits.gather(1, y[:, None])[:, 0]
    others = logits.scatter(1, y[:, None], float("-inf"))
    return others.amax(1) - true


def dlr(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the difference-of-logits ratio of each row."""
    if logits.shape[1] < 3:
        return margin(logits, y)
    first, _, third = logits.topk(3, dim=1).values.unbind(1)
    return margin(logits, y) / (first - third + LEAST_SPREAD)


def targeted_margin(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Return how far the target class is above the true one.

    Parameters
    ----------
    logits
        Shape (n, n_classes).
    classes
        The true and the target class of each row, shape (n, 2).
    """
    true, target = logits.gather(1, classes).unbind(1)
    return target - true


def targeted_dlr(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Return the targeted difference-of-logits ratio; `classes` as in `targeted_margin`."""
    if logits.shape[1] < 4:
        return targeted_margin(logits, classes)
    first, _, third, fourth = logits.topk(4, dim=1).values.unbind(1)
    spread = first - (third + fourth) / 2 + LEAST_SPREAD
    return targeted_margin(logits, classes) / spread


LOSSES: dict[str, Loss] = {"cross-entropy": cross_entropy, "margin": margin, "dlr": dlr}
TARGETED_LOSSES: dict[str, Loss] = {"margin": targeted_margin, "dlr": targeted_dlr}
