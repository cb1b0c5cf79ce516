"""How parameters are changed: the optimiser, and the learning rate of each step.

    none     rate_t = rate
    cosine   rate_t = rate · (1 + cos(π t / T)) / 2            [loshchilov2017sgdr, eq. 5]
    step     rate_t = rate · 0.1^(1[t >= T/2] + 1[t >= 3T/4])

with step t of T in all. The rate follows from t alone, so no schedule has a state to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import cos, isfinite, pi
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError, require_choice

if TYPE_CHECKING:
    import torch

__all__ = ["OPTIMIZERS", "SCHEDULES", "optimizer_for"]

OPTIMIZERS = ("adam", "adamw", "sgd")

MOMENTUM = 0.9
"""Of "sgd", which is Nesterov's."""

DECAY = 0.01
"""Weight decay of "adamw", on matrices and kernels alone: biases and norms have no reason to be
small."""


def _cosine(share: float) -> float:
    return (1 + cos(pi * share)) / 2


def _step(share: float) -> float:
    return 1.0 if share < 0.5 else 0.1 if share < 0.75 else 0.01


SCHEDULES: Mapping[str, Callable[[float], float]] = {
    "none": lambda _: 1.0,
    "cosine": _cosine,
    "step": _step,
}
"""From the share of the steps that are done to the share of the learning rate."""


def optimizer_for(
    module: torch.nn.Module, name: str, learning_rate: float
) -> torch.optim.Optimizer:
    """Return the optimiser of a module's parameters that have gradients.

    Parameters
    ----------
    module
        What is trained.
    name
        "adam", "adamw" (Adam with a decoupled weight decay of 0.01 on matrices) or "sgd" (with
        Nesterov's momentum 0.9).
    learning_rate
        Of the first step.

    Raises
    ------
    InputError
        If there is no such optimiser, the rate is not above 0, or nothing can be trained.
    """
    import torch

    require_choice(name, OPTIMIZERS, what="optimizer")
    if isinstance(learning_rate, bool) or not 0 < learning_rate < float("inf"):
        raise InputError(f"learning_rate={learning_rate!r} is not a number above 0, such as 0.001.")
    trained = [each for each in module.parameters() if each.requires_grad]
    if not trained:
        raise InputError(
            f"The module {type(module).__name__} has no parameters that can be trained."
        )
    # One pass over memory instead of a dozen: a small network's step is mostly this.
    fused = all(each.device.type in ("cpu", "cuda") for each in trained)
    if name == "adam":
        return torch.optim.Adam(trained, lr=learning_rate, fused=fused)
    if name == "sgd":
        return torch.optim.SGD(
            trained, lr=learning_rate, momentum=MOMENTUM, nesterov=True, fused=fused
        )
    groups = [
        {"params": [each for each in trained if each.ndim > 1], "weight_decay": DECAY},
        {"params": [each for each in trained if each.ndim <= 1], "weight_decay": 0.0},
    ]
    filled = [each for each in groups if each["params"]]
    return torch.optim.AdamW(filled, lr=learning_rate, fused=fused)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step have this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return what the optimiser remembers, flat, by parameter and name."""
    import torch

    return {
        f"{parameter}/{name}": torch.as_tensor(value)
        for parameter, kept in optimizer.state_dict()["state"].items()
        for name, value in kept.items()
        if value is not None
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
) -> None:
    """Let the optimiser remember what `optimizer_tensors` returned."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        parameter, _, name = key.partition("/")
        state.setdefault(int(parameter), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def clipped(parameters: Iterable[torch.nn.Parameter], most: float | None) -> bool:
    """Scale all gradients down to a norm of at most `most`; return whether they are finite."""
    import torch

    held = [each for each in parameters if each.grad is not None]
    if most is None:  # a sum is as finite as its summands, and costs less than a norm
        return isfinite(torch.stack([each.grad.sum() for each in held]).sum().item())
    norm = torch.nn.utils.get_total_norm([each.grad for each in held])
    torch.nn.utils.clip_grads_with_norm_(held, most, norm)
    return isfinite(norm.item())
