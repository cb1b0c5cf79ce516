"""Whether a module's answer is a linear layer of one dropout, found by watching it run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.dropout_calls import DropoutCalls, DropoutSite

__all__ = ["head_of"]

ADVICE = "Its moments have no closed form here: use mc_dropout."


def head_of(
    module: nn.Module, rows: torch.Tensor, *, forced: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, float]:
    """Return what is dropped, the weight and the bias of the layer behind it, and p.

    Raises
    ------
    InputError
        If the module has another dropout than one straight before a linear layer that gives the
        answer.
    """
    name = type(module).__name__
    dropped: list[tuple[torch.Tensor, torch.Tensor, DropoutSite]] = []

    def keep_all(x: torch.Tensor, site: DropoutSite) -> torch.Tensor:
        dropped.append((x.clone(), x.clone(), site))
        return dropped[-1][1]

    reader = _Reader(dropped)
    with DropoutCalls(keep_all, forced=forced), reader:
        answer = module(rows)
    if not dropped:
        raise InputError(f"The torch module {name} has no dropout to switch on.")
    if len(dropped) > 1:
        raise InputError(f"The torch module {name} drops {len(dropped)} times. {ADVICE}")
    before, _, site = dropped[0]
    if site.alpha or site.mask or site.shape != before.shape or before.ndim != 2:
        raise InputError(f"The torch module {name} does not drop single numbers. {ADVICE}")
    if len(reader.linear) != 1 or reader.others:
        raise InputError(
            f"What the torch module {name} drops is not read by one linear layer alone. {ADVICE}"
        )
    layer = reader.linear[0]
    if not layer.gives(answer):
        raise InputError(
            f"The torch module {name} does more after the linear layer behind its dropout. {ADVICE}"
        )
    return before, layer.weight, layer.bias, site.p


@dataclass
class _Layer:
    weight: torch.Tensor
    bias: torch.Tensor | None
    output: torch.Tensor
    version: int

    def gives(self, answer: Any) -> bool:
        """Whether an answer is this layer's output, perhaps in another shape, and not changed."""
        return (
            isinstance(answer, torch.Tensor)
            and answer.numel() == self.output.numel()
            and answer.data_ptr() == self.output.data_ptr()
            and self.output._version == self.version
        )


class _Reader(TorchFunctionMode):  # type: ignore[misc]
    """Note who reads what was dropped."""

    def __init__(self, dropped: list[tuple[torch.Tensor, torch.Tensor, DropoutSite]]) -> None:
        super().__init__()
        self.dropped = dropped
        self.linear: list[_Layer] = []
        self.others: list[str] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call torch, and note it where it reads what was dropped."""
        given = kwargs or {}
        reads = any(
            each is after for each in (*args, *given.values()) for _, after, _ in self.dropped
        )
        result = func(*args, **given)
        name = getattr(func, "__name__", "")
        if reads and name == "linear":
            weight, bias = (*args[1:], *given.values(), None)[:2]
            self.linear.append(_Layer(weight, bias, result, result._version))
        elif reads and name not in ("__get__", "dim", "size"):
            self.others.append(name)
        return result
