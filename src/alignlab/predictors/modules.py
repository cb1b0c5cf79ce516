"""A torch module as a Predictor: logits in the module, probabilities out of the Predictor.

p = softmax(z) for one logit a class, p(second class) = sigmoid(z) for a single logit. The module is
asked in evaluation mode and without gradients, and left as it was: training flags, buffers, the
state of torch's random numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from alignlab.errors import InputError, ModelError, UnnamedClassesError
from alignlab.predictors.predictor import Predictor, Task

if TYPE_CHECKING:
    import torch

__all__ = ["from_module", "rows_as_tensor", "undisturbed"]


def from_module(
    module: torch.nn.Module,
    *,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
) -> Predictor:
    """Return a Predictor that asks a module.

    Parameters
    ----------
    module
        Returns logits, shape (n, n_classes), or (n, 1) or (n,) for two classes; or values for
        regression. It must not end in a softmax or a sigmoid.
    task, classes
        A module says neither: name the classes in the order of its logits, or
        `task="regression"`.
    features
        The columns that the module reads, in its order.

    Raises
    ------
    InputError
        If neither classes nor `task="regression"` is given, or the module ends in a sigmoid.
    """
    import torch

    name = type(module).__name__
    if task is None and classes is None:
        raise UnnamedClassesError(
            f"The torch module {name} does not say what its outputs mean. Name classes=[...] in "
            "the order of its logits, or state task='regression'."
        )
    if task != "regression":
        _require_logits(module, name)

    def answer(rows: Any) -> Any:
        with torch.no_grad(), undisturbed(module):
            try:
                output = module(rows_as_tensor(rows, module))
            except RuntimeError as error:
                if "shapes cannot be multiplied" not in str(error):
                    raise
                reason = str(error).splitlines()[0]
                if len(rows.shape) != 2:
                    raise InputError(
                        f"The torch module {name} does not fit rows of shape "
                        f"{tuple(rows.shape[1:])} ({reason}). Give rows as it was made for them."
                    ) from error
                raise InputError(
                    f"The torch module {name} does not fit the {rows.shape[1]} columns given "
                    f"({reason}). Name the columns that it reads, in its order, with "
                    "--features COL,… (in Python: features=[...])."
                ) from error
            if not isinstance(output, torch.Tensor):
                raise ModelError(
                    f"The torch module {name} returned a {type(output).__name__} and not a "
                    "tensor. Wrap it in a module that returns its logits alone."
                )
            if task == "regression":
                return output.double().cpu()
            return _probabilities(output.double(), name).cpu()

    return Predictor(
        answer,
        "regression" if task == "regression" else "classification",
        classes=() if task == "regression" else tuple(() if classes is None else classes),
        name=name,
        kind="torch module",
        features=None if features is None else tuple(features),
        module=module,
        width=next(
            (int(each.in_features) for each in module.modules() if hasattr(each, "in_features")),
            None,
        ),
    )


def rows_as_tensor(rows: Any, module: torch.nn.Module) -> torch.Tensor:
    """Return rows as a tensor of their own on the module's device, floats in its precision.

    Parameters
    ----------
    rows
        A data frame of numbers, whose columns keep their order; an array; or a tensor.
    module
        Its first floating-point parameter or buffer tells precision and device; float32 on the
        CPU without any.

    Raises
    ------
    InputError
        If a column of the data frame does not hold numbers.
    """
    import torch

    held = [*module.parameters(), *module.buffers()]
    like = next((t for t in held if t.is_floating_point()), torch.zeros(0))
    if isinstance(rows, pd.DataFrame):
        for column in rows.columns:
            if not pd.api.types.is_numeric_dtype(rows[column]):
                raise InputError(
                    f"Column {str(column)!r} holds {rows[column].dtype} and a torch module takes "
                    "numbers. Encode it, or name the columns that it reads, in its order, with "
                    "--features COL,… (in Python: features=[...])."
                )
        # Reordered columns may be a view with negative strides, which torch does not take.
        rows = np.ascontiguousarray(rows.to_numpy(dtype=np.float64, na_value=np.nan))
    # A copy in every case: a module may work in place on its input.
    tensor = rows.detach().clone() if isinstance(rows, torch.Tensor) else torch.tensor(rows)
    return tensor.to(like.device, like.dtype if tensor.is_floating_point() else tensor.dtype)


def _probabilities(logits: torch.Tensor, name: str) -> torch.Tensor:
    import torch

    if logits.ndim == 1 or logits.shape[1:] == (1,):
        return torch.sigmoid(logits)
    if logits.ndim != 2:
        return logits  # the Predictor refuses the shape
    sums_to_one = torch.isclose(logits.sum(1), logits.new_ones(1), atol=1e-5).all()
    if len(logits) > 1 and bool(sums_to_one) and bool((logits >= 0).all()):
        raise ModelError(
            f"The torch module {name} returned probabilities, and logits are expected: a second "
            "softmax would flatten them. Leave its last softmax out."
        )
    return torch.softmax(logits, dim=1)


def _require_logits(module: torch.nn.Module, name: str) -> None:
    import torch

    last: Any = module
    while isinstance(last, torch.nn.Sequential) and len(last):
        last = last[-1]
    if isinstance(last, torch.nn.Sigmoid | torch.nn.Softmax):
        raise InputError(
            f"The torch module {name} ends in {type(last).__name__}, and logits are expected. "
            "Give it without that layer."
        )


@contextmanager
def undisturbed(module: torch.nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, and everything back afterwards.

    Training flags, buffers and the state of torch's random numbers are as before, also after an
    exception.
    """
    import torch

    training = [(part, part.training) for part in module.modules()]
    buffers = [
        (part, name, buffer, buffer.clone())
        for part in module.modules()
        for name, buffer in part.named_buffers(recurse=False)
    ]
    devices = {buffer.device for _, _, buffer, _ in buffers} | {
        p.device for p in module.parameters()
    }
    cards = sorted(device.index for device in devices if device.type == "cuda")
    with torch.random.fork_rng(devices=cards):
        try:
            module.eval()
            yield
        finally:
            for part, flag in training:
                part.training = flag
            for part, name, buffer, before in buffers:
                if getattr(part, name) is not buffer:  # a forward has put another in its place
                    setattr(part, name, buffer)
                if not torch.equal(buffer, before):
                    buffer.copy_(before)
