"""How much a layer can stretch: the largest singular value of the operator that it is.

    Σ_layers max(σ_max - target, 0)²      with target 0, the sum of squares [yoshida2017spectral]

A convolution is a linear map of whole images, with its padding and its stride. The norm of its
kernel, reshaped to a matrix, is another number: it sees one patch at a time and can be too small by
a factor of the kernel's side [sedghi2019singular]. The operator's is found by power iteration on
the layer itself and its adjoint, for any padding, stride, dilation and groups:

    u ← A v / ‖A v‖,   v ← Aᵀ u / ‖Aᵀ u‖,   σ = u · A v,   ∂σ/∂A = u vᵀ

The vectors are kept from step to step, so one iteration a step follows the slowly moving weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from alignlab.errors import InputError
from alignlab.training.objective import Batch, Term, TrainingData

if TYPE_CHECKING:
    import torch

__all__ = ["Spectral", "largest_singular_value"]

FIRST_ITERATIONS = 50
"""Before the first step, from a random vector."""


@dataclass(eq=False, kw_only=True)
class Spectral(Term):
    """A penalty on the largest singular values of linear and convolutional layers.

    Use it to keep a network from stretching small changes, with `target=1` to leave layers that
    stretch nothing alone. The product of the values bounds how far logits can move and is far from
    tight: report robust accuracy, not the penalty.

    Parameters
    ----------
    target
        A layer is penalised for what its largest singular value has above this; from 0.
    iterations
        Power iterations a step.
    weight
        What it is multiplied with.

    Raises
    ------
    InputError
        If a setting is out of range; and, before the first step, if no layer is linear.

    References
    ----------
    [yoshida2017spectral], [sedghi2019singular]

    Examples
    --------
    >>> Spectral(weight=0.01, target=1.0)
    Spectral(weight=0.01, target=1.0, iterations=1)
    """

    name: ClassVar[str] = "spectral"

    weight: float = 0.01
    target: float = 0.0
    iterations: int = 1
    _layers: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _vectors: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.target < float("inf"):
            raise InputError(f"target={self.target!r} of the term 'spectral' is not from 0.")
        if not isinstance(self.iterations, int) or self.iterations < 1:
            raise InputError(
                f"iterations={self.iterations!r} of the term 'spectral' is not a whole number "
                "from 1."
            )

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Find the layers and what they are given, and their first singular vectors."""
        shapes = _input_shapes(module, data.x[:1])
        if not shapes:
            raise InputError(
                f"The term 'spectral' finds no linear or convolutional layer in "
                f"{type(module).__name__}. Leave the term away."
            )
        named = dict(module.named_modules())
        self._layers = {name: named[name] for name in shapes}
        self._vectors = {
            name: _iterated(layer, _random_unit(layer, shapes[name]), FIRST_ITERATIONS)[1]
            for name, layer in self._layers.items()
        }

    def value(self, batch: Batch) -> torch.Tensor:
        """Return the sum of squares above the target, differentiable by the weights."""
        import torch

        excess = []
        for name, layer in self._layers.items():
            left, right = _iterated(layer, self._vectors[name], self.iterations)
            self._vectors[name] = right
            sigma = (left * _applied(layer, right, layer.weight)).sum()
            excess.append((sigma - self.target).clamp(min=0) ** 2)
        return torch.stack(excess).sum()

    def state(self) -> dict[str, torch.Tensor]:
        """Return the singular vectors found so far."""
        return {name: vector.clone() for name, vector in self._vectors.items()}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up a checkpoint's singular vectors."""
        for name, vector in state.items():
            self._vectors[name] = vector.to(self._vectors[name])

    def finish(self, module: torch.nn.Module) -> None:
        """Let go of the layers."""
        self._layers, self._vectors = {}, {}


def largest_singular_value(
    layer: torch.nn.Module, shape: Sequence[int], *, iterations: int = 200
) -> float:
    """Return the largest singular value of a layer without its bias, from below.

    Parameters
    ----------
    layer
        `Linear`, `Conv1d`, `Conv2d` or `Conv3d`.
    shape
        Of one input, without the axis of rows: (channels, height, width).
    iterations
        Power iterations; the estimate never exceeds the value by more than rounding.

    Examples
    --------
    Four weights of 1 that slide over an image stretch it by nearly 4, and their matrix says 2:

    >>> import torch
    >>> layer = torch.nn.Conv2d(1, 1, 2, bias=False)
    >>> _ = layer.weight.data.fill_(1.0)
    >>> largest_singular_value(layer, (1, 32, 32)) > 3.95
    True
    """
    left, right = _iterated(layer, _random_unit(layer, (1, *shape)), iterations)
    return float((left * _applied(layer, right, layer.weight.detach())).sum())


def _input_shapes(module: torch.nn.Module, x: torch.Tensor) -> dict[str, tuple[int, ...]]:
    """Return what each layer is given for one row, by its name, in the order of first use."""
    import torch
    from torch import nn

    from alignlab.predictors import undisturbed

    shapes: dict[str, tuple[int, ...]] = {}

    def noted(name: str) -> Any:
        def hook(layer: Any, given: Any) -> None:
            linear = isinstance(layer, nn.Linear)
            shapes.setdefault(name, (1, *given[0].shape[-1 if linear else 1 :]))

        return hook

    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    hooks = [
        layer.register_forward_pre_hook(noted(name))
        for name, layer in module.named_modules()
        if isinstance(layer, kinds)
    ]
    try:
        with torch.no_grad(), undisturbed(module):
            module(x)
    finally:
        for each in hooks:
            each.remove()
    return shapes


def _applied(layer: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return what the layer makes of `x` without its bias, and without its hooks."""
    from torch import nn

    if isinstance(layer, nn.Linear):
        return nn.functional.linear(x, weight)
    return layer._conv_forward(x, weight, None)


def _iterated(
    layer: Any, right: torch.Tensor, iterations: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the left and the right singular vector after some iterations from a right one."""
    import torch

    weight = layer.weight.detach()
    right = right.to(weight)
    for _ in range(iterations):
        with torch.enable_grad():
            leaf = right.detach().requires_grad_()
            stretched = _applied(layer, leaf, weight)
            # The derivative of a linear map is the map: its product from the left is the adjoint.
            (back,) = torch.autograd.grad(stretched, leaf, stretched.detach())
        length = back.norm()
        # A layer of zeros has no direction; the old one serves when its weights come back.
        right = torch.where(length > 0, back / length.clamp(min=1e-30), right)
    left = _applied(layer, right, weight)
    return left / left.norm().clamp(min=1e-30), right


def _random_unit(layer: Any, shape: Sequence[int]) -> torch.Tensor:
    import torch

    drawn = torch.randn(tuple(shape), generator=torch.Generator().manual_seed(0))
    return (drawn / drawn.norm()).to(layer.weight.detach())
