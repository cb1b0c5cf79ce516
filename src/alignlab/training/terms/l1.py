"""Weights that are not needed become exactly 0: a proximal step after the optimiser's.

    w ← sign(w) · max(|w| - η · weight, 0)        [parikh2014proximal, sec. 6.5.2]

Together with gradient descent on the loss this is proximal gradient descent on
loss + weight · ‖w‖_1. The subgradient weight · sign(w) in the loss would leave small numbers that
jump around 0 and never are 0. Biases and normalisation layers are left alone, as by `L2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from alignlab.training.objective import Term, TrainingData
from alignlab.training.terms.l2 import require_shrunken, shrunken

if TYPE_CHECKING:
    import torch

__all__ = ["L1"]


@dataclass(eq=False, kw_only=True)
class L1(Term):
    """Sparse weights, by soft thresholds.

    Use it to learn which inputs a model can do without, and for small models. Under an adaptive
    optimiser, whose steps are not in the gradient's direction, the zeros are exact as well, and the
    minimum approached is not exactly that of the penalised loss; with momentum m it is that of
    (1 - m) · weight.

    Parameters
    ----------
    weight
        What a step takes off each weight's size, divided by the learning rate.

    References
    ----------
    [parikh2014proximal]

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(3, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[0.5, -0.03, -0.25]]))
    >>> L1(weight=0.5).after_step(layer, learning_rate=0.1)
    >>> layer.weight.data.round(decimals=4).tolist()[0]
    [0.44999998807907104, 0.0, -0.20000000298023224]
    """

    name: ClassVar[str] = "l1"

    weight: float = 1e-4

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Check that there is something to shrink."""
        require_shrunken(module, self.name)

    def after_step(self, module: torch.nn.Module, learning_rate: float) -> None:
        """Take the threshold off each weight, down to 0."""
        import torch

        threshold = learning_rate * self.weight
        with torch.no_grad():
            for parameter in shrunken(module):
                parameter.sub_(parameter.clamp(-threshold, threshold))
