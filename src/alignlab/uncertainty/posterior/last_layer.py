"""What enters a module's last linear layer, found by watching a pass; the module is not rewritten.

Every call of `torch.nn.functional.linear` passes by a mode of torch, which keeps the last one:
layers and functional calls alike, weights that a parametrisation computes too. It is the last layer
of the module only if the module's output is its output, which is compared number by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.predictors import Predictor, undisturbed
from alignlab.uncertainty.posterior.asking import as_outputs, require_module, tensor_batches

if TYPE_CHECKING:
    import torch

__all__ = ["LastLayer", "last_layer"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LastLayer:
    """What a batch of rows shows of a module's last linear layer.

    Attributes
    ----------
    at
        Where the rows stand.
    inputs
        What enters the layer, shape (rows, D); the last column is 1 where there is a bias.
    outputs
        What leaves the module, shape (rows, K).
    matrix
        The weights, shape (K, D), the bias as the last column.
    """

    at: slice
    inputs: Floats
    outputs: Floats
    matrix: Floats


def last_layer(predictor: Predictor, X: Any) -> Iterator[LastLayer]:
    """Yield, batch by batch, what enters the last linear layer and what leaves the module.

    Parameters
    ----------
    predictor
        One with a module, which is asked once for every row and left as it was.
    X
        n rows.

    Raises
    ------
    InputError
        If what leaves the module is not what leaves a linear operation.
    """
    import torch

    module = require_module(predictor)
    name = f"The torch module {type(module).__name__}"
    for at, rows in tensor_batches(predictor, X):
        with torch.no_grad(), undisturbed(module), _watch() as seen:
            output = module(rows)
        several = output[None] if isinstance(output, torch.Tensor) else output
        outputs = as_outputs(several, predictor, len(rows))[0]
        if not seen or not _is_the_output(seen[0].answer, output):
            raise InputError(
                f"{name} does not end in a linear layer"
                + (": what its last one gives is changed afterwards" if seen else "")
                + ". last_layer_laplace needs one whose output is the module's; leave out what "
                "follows it, such as a softmax."
            )
        last = seen[0]
        inputs = last.inputs.detach().double().cpu().numpy()
        matrix = last.weight.detach().double().cpu().numpy()
        if last.bias is not None:
            inputs = np.column_stack([inputs, np.ones(len(inputs))])
            matrix = np.column_stack([matrix, last.bias.detach().double().cpu().numpy()])
        yield LastLayer(at, inputs, outputs, matrix)


def _is_the_output(answer: torch.Tensor, output: torch.Tensor) -> bool:
    import torch

    same = answer.ndim == 2 and answer.numel() == output.numel()
    return same and bool(torch.equal(answer.reshape(-1), output.reshape(-1)))


@dataclass
class _Linear:
    """A linear operation that was watched."""

    inputs: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None
    answer: torch.Tensor


@contextmanager
def _watch() -> Iterator[list[_Linear]]:
    """Keep the last linear operation of a pass, whether a module's or a function's."""
    import torch
    from torch.overrides import TorchFunctionMode

    kept: list[_Linear] = []

    class Watching(TorchFunctionMode):  # type: ignore[misc]  # torch has no types here
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            answer = function(*args, **(kwargs or {}))
            if function is torch.nn.functional.linear:
                named = dict(zip(("input", "weight", "bias"), args, strict=False)) | (kwargs or {})
                kept[:] = [_Linear(named["input"], named["weight"], named.get("bias"), answer)]
            return answer

    with Watching():
        yield kept
