"""Weight decay apart from the gradient: every step shortens the weights by a share of themselves.

    w ← w - η · weight · w        after the optimiser's step [loshchilov2019decoupled, alg. 2]

In plain gradient descent that is the gradient of (weight / 2) ‖w‖². Added to the loss it would not
be under Adam, which divides each gradient by its own size: what has large gradients would hardly
decay. Biases and the parameters of normalisation layers are left alone: they decide where a unit
stands and not how steep it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from alignlab.training.objective import Term, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["L2", "shrunken"]


@dataclass(eq=False, kw_only=True)
class L2(Term):
    """Decoupled weight decay.

    Use it nearly always, weakly. Leave the optimiser's own decay at 0, or it decays twice. It says
    nothing about robustness by itself; measure that.

    Parameters
    ----------
    weight
        The share that a weight loses in a step, divided by the learning rate.

    References
    ----------
    [loshchilov2019decoupled]

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(1, 1)
    >>> _ = layer.weight.data.fill_(2.0), layer.bias.data.fill_(2.0)
    >>> L2(weight=0.5).after_step(layer, learning_rate=0.1)
    >>> round(layer.weight.item(), 6), layer.bias.item()
    (1.9, 2.0)
    """

    name: ClassVar[str] = "l2"

    weight: float = 1e-2

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Check that there is something to shrink."""
        require_shrunken(module, self.name)

    def after_step(self, module: torch.nn.Module, learning_rate: float) -> None:
        """Shorten the weights."""
        import torch

        with torch.no_grad():
            for parameter in shrunken(module):
                parameter.mul_(max(0.0, 1 - learning_rate * self.weight))


def shrunken(module: torch.nn.Module) -> Iterator[torch.Tensor]:
    """Yield the weights that penalties on parameters shrink, each once.

    Those are the parameters of two axes or more that are trained, without biases and without those
    of normalisation layers.
    """
    from torch import nn

    norms = (
        nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm,
    )  # fmt: skip
    seen: set[int] = set()
    for part in module.modules():
        if isinstance(part, norms):
            continue
        for name, parameter in part.named_parameters(recurse=False):
            trained = parameter.requires_grad and id(parameter) not in seen
            if trained and parameter.ndim >= 2 and "bias" not in name:
                seen.add(id(parameter))
                yield parameter


def require_shrunken(module: torch.nn.Module, name: str) -> None:
    """Raise InputError where a module has no weight to shrink."""
    from alignlab.errors import InputError

    if next(shrunken(module), None) is None:
        raise InputError(
            f"The term {name!r} finds no weight in {type(module).__name__}: it has no trained "
            "parameter of two axes or more outside of normalisation layers. Leave the term away."
        )
