"""The task itself: the mean cross-entropy of the batch's rows.

(1/n) Σ_i -log p(y_i | x_i)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from alignlab.training.objective import Batch, Term

if TYPE_CHECKING:
    import torch

__all__ = ["CrossEntropy"]


@dataclass(eq=False, kw_only=True)
class CrossEntropy(Term):
    """The mean cross-entropy of the rows as they are.

    Use it in every objective whose other terms do not hold the task already, as adversarial
    training does.

    Parameters
    ----------
    weight
        What it is multiplied with.

    Examples
    --------
    >>> CrossEntropy().name
    'cross_entropy'
    """

    name: ClassVar[str] = "cross_entropy"

    def value(self, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy."""
        import torch

        return torch.nn.functional.cross_entropy(batch.logits, batch.y)
