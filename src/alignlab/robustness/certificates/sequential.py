"""The layers of a torch module that is surely their sequence, without those that do nothing.

A module is read layer by layer only where its `forward` is known: `Sequential`'s, and those of
torch's own layers. A subclass with a `forward` of its own, and a layer with a hook, may compute
anything, so neither is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["layers_of"]


def layers_of(module: torch.nn.Module) -> list[Any] | None:
    """Return what a module in evaluation mode does, layer by layer, or `None` if it is not known.

    Each layer is of one of torch's own classes. Left out are dropout and `Identity`.

    Examples
    --------
    >>> import torch
    >>> layers_of(torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(4, 2)))
    [Linear(in_features=4, out_features=2, bias=True)]
    """
    from torch import nn

    flat = _flattened(module)
    if flat is None:
        return None
    idle = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
    return [each for each in flat if not isinstance(each, idle)]


def _flattened(module: torch.nn.Module) -> list[Any] | None:
    from torch import nn

    if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
        return None
    if type(module).forward is not nn.Sequential.forward:
        own = type(module).__module__.startswith("torch.nn.modules.")
        return [module] if own else None
    parts = [_flattened(each) for each in module.children()]
    if any(part is None for part in parts):
        return None
    return [layer for part in parts if part is not None for layer in part]
