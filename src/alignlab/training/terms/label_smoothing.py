"""Labels that are not quite sure: a pull of the predicted probabilities towards uniform.

    amount / (1 - amount) · (1/n) Σ_i KL(u ‖ p_i),   u_j = 1 / n_classes

With it, cross-entropy becomes what it is against smoothed labels (1 - amount) e_y + amount · u
[szegedy2016rethinking, sec. 7], up to the factor 1 / (1 - amount) and a constant: smoothing is this
divergence, added [pereyra2017regularizing, sec. 3.2]. As a summand of its own it goes with any task
term, and alone it cannot fall below 0, where cross-entropy less a share of itself could.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, ClassVar

from alignlab.errors import InputError
from alignlab.training.objective import Batch, Term

if TYPE_CHECKING:
    import torch

__all__ = ["LabelSmoothing"]


@dataclass(eq=False, kw_only=True)
class LabelSmoothing(Term):
    """Smoothed labels, beside a term that holds the task.

    Use it where labels err or a model becomes too sure. It shrinks logits, so attacks on the
    cross-entropy find small gradients: that is no robustness. Attack with a margin, and do not
    smooth where probabilities must stay calibrated.

    Parameters
    ----------
    amount
        The share of each label that is spread over all classes, from 0 to below 1.
    weight
        What the term is multiplied with; 1 is the smoothing that `amount` says.

    Raises
    ------
    InputError
        If the amount is out of range.

    References
    ----------
    [szegedy2016rethinking], [pereyra2017regularizing]

    Examples
    --------
    >>> LabelSmoothing(amount=0.1)
    LabelSmoothing(weight=1.0, amount=0.1)
    """

    name: ClassVar[str] = "label_smoothing"

    amount: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.amount < 1:
            raise InputError(
                f"The amount of the term 'label_smoothing' is {self.amount!r}; give a share from "
                "0 to below 1."
            )

    def value(self, batch: Batch) -> torch.Tensor:
        """Return the mean divergence of the predicted probabilities from uniform."""
        logits = batch.logits.log_softmax(1)
        divergence = -logits.mean(1) - log(logits.shape[1])
        return self.amount / (1 - self.amount) * divergence.mean()
