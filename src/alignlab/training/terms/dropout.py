"""Units left out at random while a module learns, so that none relies on another.

    h ← h ∘ m / (1 - rate),   m_i = 0 with chance `rate`, else 1   [srivastava2014dropout, sec. 4]

A module with dropout layers gets their rate set. One without gets the inputs of its linear layers
dropped by hooks, but for the layer that reads the rows; both are undone when training ends. When a
module is evaluated, and while an attack works on it in evaluation mode, nothing is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from alignlab.errors import InputError
from alignlab.training.objective import Term, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["Dropout"]


@dataclass(eq=False, kw_only=True)
class Dropout(Term):
    """Dropout while training, in modules with dropout layers and in those without.

    Use it against overfitting in wide layers. It is no defence: measure robustness. The draws are
    torch's own random numbers, as those of torch's layers are; `fit` seeds them.

    Parameters
    ----------
    rate
        The chance that a unit is left out, from 0 to below 1.
    weight
        Without meaning for this term, which has no value to multiply.

    Raises
    ------
    InputError
        If the rate is out of range; and, before the first step, if there is nothing to drop.

    References
    ----------
    [srivastava2014dropout]

    Examples
    --------
    >>> import torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> term = Dropout(rate=0.5)
    >>> term.prepare(module, None)
    >>> [len(layer._forward_pre_hooks) for layer in module]
    [0, 0, 1]
    >>> term.finish(module)
    >>> [len(layer._forward_pre_hooks) for layer in module]
    [0, 0, 0]
    """

    name: ClassVar[str] = "dropout"

    rate: float = 0.2
    _rates: list[tuple[Any, float]] = field(default_factory=list, init=False, repr=False)
    _hooks: list[Any] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.rate < 1:
            raise InputError(
                f"The rate of the term 'dropout' is {self.rate!r}; give a chance from 0 to below 1."
            )

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Set the rate of the dropout layers, or hook into the linear ones."""
        from torch import nn

        self.finish(module)
        layers = [each for each in module.modules() if isinstance(each, _dropouts())]
        if layers:
            self._rates = [(each, each.p) for each in layers]
            for each in layers:
                each.p = self.rate
            return
        weighted = [
            each for each in module.modules() if isinstance(each, nn.Linear | _convolutions())
        ]
        hidden = [each for each in weighted[1:] if isinstance(each, nn.Linear)]
        if not hidden:
            raise InputError(
                f"The term 'dropout' finds nothing to drop in {type(module).__name__}: no dropout "
                "layer, and no linear layer after the first. Leave the term away, or give a "
                "module with a hidden layer."
            )
        self._hooks = [each.register_forward_pre_hook(self._dropped) for each in hidden]

    def finish(self, module: torch.nn.Module) -> None:
        """Put the rates back and take the hooks away."""
        for layer, rate in self._rates:
            layer.p = rate
        for hook in self._hooks:
            hook.remove()
        self._rates, self._hooks = [], []

    def _dropped(self, layer: Any, given: Any) -> Any:
        from torch.nn import functional

        return (functional.dropout(given[0], self.rate, layer.training), *given[1:])


def _dropouts() -> Any:
    from torch import nn

    return nn.modules.dropout._DropoutNd


def _convolutions() -> Any:
    from torch import nn

    return nn.modules.conv._ConvNd
