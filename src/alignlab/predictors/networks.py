"""Small standard networks, built from plain settings, for tables and for images.

    linear     logits = W x + b
    mlp        Linear and ReLU, once for each hidden width, then Linear
    cnn        Conv 3×3 (the second and later ones halve the size) and ReLU, then mlp

While a network learns, its numbers are standardised in its first layer; `folded` moves that into
the layer after it, so that what is kept is made of torch's own layers alone and takes raw rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.random import as_generator

if TYPE_CHECKING:
    import torch

__all__ = ["ARCHITECTURES", "Architecture", "folded", "network"]

ARCHITECTURES = ("linear", "mlp", "cnn")
"""By name."""

MOST_WIDE = 2**16
"""Units of a layer; more is a slip of the pen, and would take memory before anybody saw it."""


@dataclass(frozen=True)
class Architecture:
    """What a network is made of.

    Parameters
    ----------
    name
        "linear", "mlp", or "cnn" for images.
    hidden
        The widths of the hidden layers of "mlp", and of those after the convolutions of "cnn".
    channels
        The convolutions' channels, for "cnn".

    Examples
    --------
    >>> Architecture("mlp", hidden=(32,))
    Architecture(name='mlp', hidden=(32,), channels=())
    """

    name: str = "mlp"
    hidden: Sequence[int] | None = None
    channels: Sequence[int] | None = None

    def __post_init__(self) -> None:
        require_choice(self.name, ARCHITECTURES, what="architecture")
        usual = {"linear": ((), ()), "mlp": ((64, 64), ()), "cnn": ((64,), (16, 32))}[self.name]
        for what, given, otherwise in (
            ("hidden", self.hidden, usual[0]),
            ("channels", self.channels, usual[1]),
        ):
            widths = otherwise if given is None else given
            if not isinstance(widths, list | tuple):
                raise InputError(f"{what}={given!r} is not a list of widths, such as [64, 64].")
            bad = [
                each
                for each in widths
                if isinstance(each, bool) or not isinstance(each, int) or not 0 < each <= MOST_WIDE
            ]
            if bad:
                raise InputError(f"{what}: {bad[0]!r} is not a width from 1 to {MOST_WIDE:,}.")
            if widths and not otherwise:
                raise InputError(f"The architecture {self.name!r} has no {what}: leave it out.")
            object.__setattr__(self, what, tuple(widths))
        if self.name == "mlp" and not self.hidden:
            raise InputError("An mlp without hidden layers is the architecture 'linear'.")
        if self.name == "cnn" and not self.channels:
            raise InputError("A cnn without channels is the architecture 'mlp'.")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        assert self.hidden is not None
        assert self.channels is not None
        return {"name": self.name, "hidden": list(self.hidden), "channels": list(self.channels)}


def network(
    architecture: Architecture,
    shape: Sequence[int],
    n_classes: int,
    *,
    shift: NDArray[Any] | None = None,
    scale: NDArray[Any] | None = None,
    seed: int = 0,
) -> torch.nn.Sequential:
    """Return a network with fresh parameters, in float32 on the CPU.

    Parameters
    ----------
    architecture
        What it is made of.
    shape
        Of a row: (d,) for a table, (channels, height, width) for images.
    n_classes
        Its logits.
    shift, scale
        What is taken from each number, and what it is then divided by; broadcast against a row.
        Images are only divided: at their border, nothing must stay nothing. `None` for 0 and 1.
    seed
        Of the parameters.

    Raises
    ------
    InputError
        If the shape does not fit the architecture.

    Examples
    --------
    >>> network(Architecture("linear"), (3,), 2)
    Sequential(
      (0): Linear(in_features=3, out_features=2, bias=True)
    )
    """
    import torch
    from torch import nn

    if len(shape) not in (1, 3) or min(shape) < 1:
        raise InputError(
            f"Rows of shape {tuple(shape)} are neither those of a table, (columns,), nor images, "
            "(channels, height, width)."
        )
    if architecture.name == "cnn" and len(shape) != 3:
        raise InputError("The architecture 'cnn' is for images; a table takes 'mlp' or 'linear'.")
    if shift is not None and len(shape) == 3:
        raise InputError("Images take no shift, which their border would not have.")
    drawn = int(as_generator(seed, "network").integers(2**63))
    layers: list[nn.Module] = []
    if shift is not None or scale is not None:
        layers.append(standardize(shift, scale))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(drawn)
        layers += _layers(architecture, tuple(shape), n_classes)
    return nn.Sequential(*layers)


def folded(module: torch.nn.Sequential) -> torch.nn.Sequential:
    """Return the same function with its standardisation inside of the layer after it.

    W ((x - shift) / scale) + b = (W / scale) x + (b - W (shift / scale)), in float64 and rounded
    once. The module given is not changed; without a standardisation, it is returned.
    """
    from copy import deepcopy

    import torch
    from torch import nn

    if not len(module) or not _is_standardize(module[0]):
        return module
    shift, scale = module[0].shift.double(), module[0].scale.double()
    rest = nn.Sequential(*(deepcopy(layer) for layer in list(module)[1:]))
    first: Any = next(each for each in rest if not isinstance(each, nn.Flatten))
    with torch.no_grad():
        weight = first.weight.double()
        if isinstance(first, nn.Conv2d):
            first.weight.copy_(weight / scale.reshape(1, -1, 1, 1))
            return rest
        if isinstance(rest[0], nn.Flatten):  # each channel's scale stands for all its pixels
            scale = scale.flatten().repeat_interleave(weight.shape[1] // scale.numel())
        first.bias.copy_(first.bias.double() - weight @ (shift / scale))
        first.weight.copy_(weight / scale)
    return rest


def standardize(shift: NDArray[Any] | None, scale: NDArray[Any] | None) -> torch.nn.Module:
    """Return a layer that computes (x - shift) / scale."""
    import torch

    class Standardize(torch.nn.Module):  # type: ignore[misc]
        shift: torch.Tensor
        scale: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            given_shift = np.zeros(1) if shift is None else shift
            given_scale = np.ones(1) if scale is None else scale
            self.register_buffer("shift", torch.as_tensor(given_shift, dtype=torch.float32))
            self.register_buffer("scale", torch.as_tensor(given_scale, dtype=torch.float32))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x - self.shift) / self.scale

    return Standardize()


def _is_standardize(layer: Any) -> bool:
    return type(layer).__name__ == "Standardize" and hasattr(layer, "shift")


def _layers(
    architecture: Architecture, shape: tuple[int, ...], n_classes: int
) -> list[torch.nn.Module]:
    from torch import nn

    layers: list[nn.Module] = []
    width = int(np.prod(shape))
    assert architecture.channels is not None
    assert architecture.hidden is not None
    if architecture.channels:
        before, height, wide = shape
        for at, channels in enumerate(architecture.channels):
            stride = 1 if at == 0 else 2
            layers += [nn.Conv2d(before, channels, 3, stride=stride, padding=1), nn.ReLU()]
            before = channels
            height, wide = (-(-height // stride), -(-wide // stride))
        width = before * height * wide
    if len(shape) == 3:
        layers.append(nn.Flatten())
    for hidden in architecture.hidden:
        layers += [nn.Linear(width, hidden), nn.ReLU()]
        width = hidden
    layers.append(nn.Linear(width, n_classes))
    return layers
