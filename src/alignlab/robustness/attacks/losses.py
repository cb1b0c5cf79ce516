"""What an attack makes grow: functions of logits and true classes, one number a row.

cross-entropy
    log Σ_j exp z_j - z_y; vanishes, with its gradient, in floats where the logits are large.
margin
    max_{j ≠ y} z_j - z_y; above 0 where the row is broken, and good for two classes.
dlr
    the margin over z_(1) - z_(3), so that scale is nothing [croce2020reliable, eq. 6]; it takes
    three classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from alignlab.robustness.attacked import Loss

__all__ = ["LOSSES", "cross_entropy", "margin"]


def cross_entropy(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of each row."""
    import torch

    return torch.nn.functional.cross_entropy(logits, y, reduction="none")


def margin(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return how far the best wrong class is above the true one."""
    true = logits.gather(1, y[:, None])[:, 0]
    others = logits.scatter(1, y[:, None], float("-inf"))
    return others.amax(1) - true


LOSSES: dict[str, Loss] = {"cross-entropy": cross_entropy, "margin": margin}
