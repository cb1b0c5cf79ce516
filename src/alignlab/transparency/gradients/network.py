"""The numbers of a torch module and their slopes, asked in double precision and in large batches.

    logit         z_k, what the module returns (for one output z: z, or -z for the first class)
    log odds      z_k - log sum_{j != k} exp z_j
    probability   softmax(z)_k, or sigmoid(z)
    value         what the module returns, in regression

A probability near 0 or 1 is flat: its slopes vanish although the input mattered, so logits are the
default. The module is asked with its own weights read as float64, since float32 answers know their
differences to few digits; where it cannot be asked so, its own precision is used, and the result
says it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, InputError, ModelError, require_choice, require_whole
from alignlab.predictors import Predictor
from alignlab.predictors.labels import class_text
from alignlab.predictors.modules import rows_as_tensor, undisturbed

if TYPE_CHECKING:
    import torch

__all__ = ["Network", "Slope", "network_of"]

Slope = Literal["logit", "log odds", "probability", "value"]
SLOPES: tuple[Slope, ...] = ("logit", "log odds", "probability", "value")

INPUT_BYTES = 8 * 2**20
"""Of inputs asked at once; what a network keeps for its slopes is many times that."""

MOST_ROWS = 8192

ALIKE = 1e-2
"""Answers in double precision may differ by this share of their size from the module's own."""


class Network:
    """A module whose outputs' slopes are asked for; made by `network_of`.

    Attributes
    ----------
    x
        The rows as float64, shape (n, ...).
    rows
        The same as an array.
    features
        The columns' names, where the rows are a data frame.
    scale
        The scale of the answers.
    positions
        The output explained of each row, shape (n,).
    names
        What the outputs are called.
    answers
        The answers explained, shape (n,), float64.
    precision
        What the module computes in.
    evaluations
        Rows asked for so far.
    """

    def __init__(
        self,
        model: Any,
        X: Any,
        *,
        target: Hashable | None,
        scale: Slope | None,
        batch_rows: int | None,
    ) -> None:
        import torch

        self.module, predictor = _module_of(model)
        self.title = predictor.name if predictor else type(self.module).__name__
        self.evaluations = 0
        regression = predictor is not None and predictor.task == "regression"
        self.scale: Slope = _scale_of(scale, regression, self.title)
        self._two = predictor is not None and len(predictor.classes) == 2
        self._predictor = predictor
        self._columns: list[Any] | None = None
        held = [*self.module.parameters(), *self.module.buffers()]
        floating = next((t for t in held if t.is_floating_point()), torch.zeros(0))
        self.dtype, self.device = floating.dtype, floating.device
        self._state: dict[str, torch.Tensor] | None = None
        self.x = self.inputs(X, "X")
        self.features = tuple(map(str, self._columns or ()))
        if not len(self.x):
            raise InputError("X has no rows. Give at least one.")
        if batch_rows is not None:
            require_whole(batch_rows, "batch_rows", 1)
        room = max(1, INPUT_BYTES // (8 * max(1, self.x[0].numel())))
        self.at_once = batch_rows or min(room, MOST_ROWS)
        self._choose_precision()
        outputs = torch.cat([self._outputs(part) for part in self.x.split(self.at_once)])
        known = predictor.class_names if predictor and not regression else None
        self.names = known or tuple(f"output {k}" for k in range(outputs.shape[1]))
        if len(self.names) != outputs.shape[1]:
            raise ModelError(
                f"The torch module {self.title} returned {outputs.shape[1]} numbers a row for the "
                f"{len(self.names)} classes named. Name one class for each output."
            )
        self.positions = self._positions(target, outputs)
        self.answers = _array(outputs.gather(1, self.positions[:, None])[:, 0])
        self.rows = _array(self.x)

    @property
    def precision(self) -> str:
        """What the module computes in."""
        return "float64" if self._state is not None else str(self.dtype).removeprefix("torch.")

    @property
    def rounding(self) -> float:
        """The relative rounding of the answers."""
        import torch

        return float(torch.finfo(torch.float64 if self._state is not None else self.dtype).eps)

    def inputs(self, given: Any, what: str) -> torch.Tensor:
        """Return rows as float64 on the module's device.

        Raises
        ------
        InputError
            If they are whole numbers, or not finite.
        """
        import torch

        kind = getattr(given, "dtype", None)
        whole = (
            not given.is_floating_point()
            if isinstance(given, torch.Tensor)
            else isinstance(given, np.ndarray) and given.dtype.kind != "f"
        )
        if whole:
            raise InputError(
                f"{what} holds {kind}, and slopes need numbers that can change a little. Give "
                f"{what}.astype(float) if they are quantities; for tokens, give a module that "
                "starts behind its embedding, or use shapley_values."
            )
        if not isinstance(given, pd.DataFrame | np.ndarray | torch.Tensor):
            raise InputError(
                f"{what} is a {type(given).__name__}. Give a data frame, an array or a tensor."
            )
        if isinstance(given, pd.DataFrame):
            given = self._in_order(given, what)
            rows_as_tensor(given, self.module)  # says which column does not hold numbers
            given = given.to_numpy(dtype=np.float64, na_value=np.nan)
        if not given.ndim:
            raise InputError(f"{what} is a single number. Give rows, shape (n, ...).")
        tensor = torch.as_tensor(np.array(given) if isinstance(given, np.ndarray) else given)
        # A copy: slopes cannot be had of a tensor made in inference mode.
        tensor = tensor.detach().clone().to(self.device, torch.float64)
        finite = torch.isfinite(tensor).reshape(len(tensor), -1).all(dim=1) if len(tensor) else None
        if finite is not None and not bool(finite.all()):
            row = int((~finite).nonzero()[0])
            raise InputError(f"{what} holds numbers that are not finite, first in row {row}.")
        return tensor

    def background(self, given: Any) -> torch.Tensor:
        """Return at least two rows like those explained."""
        known = self.inputs(given, "background")
        if len(known) < 2 or known.shape[1:] != self.x.shape[1:]:
            raise InputError(
                f"The background has the shape {tuple(known.shape)}; at least two rows of shape "
                f"{tuple(self.x.shape[1:])} are needed."
            )
        return known

    def _in_order(self, given: pd.DataFrame, what: str) -> pd.DataFrame:
        """Return the columns that the module reads, in its order, or in that of the first frame."""
        if self._predictor is not None:
            given = self._predictor.selected(given)
        if self._columns is None:
            self._columns = list(given.columns)
        missing = [each for each in self._columns if each not in given.columns]
        if missing:
            raise InputError(f"X has the column {missing[0]!r}, and {what} does not. Add it.")
        return given[self._columns]

    def values(self, points: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Return the outputs at points, shape (m,), float64."""
        import torch

        parts = [
            self._outputs(points[at : at + self.at_once]).gather(
                1, positions[at : at + self.at_once, None]
            )[:, 0]
            for at in range(0, len(points), self.at_once)
        ]
        return torch.cat(parts)

    def slopes(
        self, points: torch.Tensor, positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the outputs at points and their slopes, shapes (m,) and (m, ...), float64.

        Raises
        ------
        ModelError
            If no slope comes out of the module.
        """
        import torch

        with torch.enable_grad():
            leaf = points.detach().clone().requires_grad_(True)
            outputs = self._outputs(leaf, slopes=True)
            chosen = outputs.gather(1, positions[:, None])[:, 0]
            if not chosen.requires_grad:
                raise ModelError(
                    f"The torch module {self.title} gives no slopes: it computes under no_grad, "
                    "or detaches its numbers, or rounds them. Take that out, or use occlusion or "
                    "shapley_values, which need none."
                )
            try:
                (slopes,) = torch.autograd.grad(chosen.sum(), leaf, allow_unused=True)
            except RuntimeError as error:
                if "out of memory" in str(error):
                    raise
                raise self._failed(error, points) from error
        if slopes is None:
            raise ModelError(
                f"No output of the torch module {self.title} can be followed back to its inputs: "
                "it detaches, rounds or looks them up. Use occlusion or shapley_values."
            )
        return chosen.detach(), slopes

    def slopes_at(
        self, points: torch.Tensor, positions: torch.Tensor, held: list[Any]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first tensor that a hook has put into `held`, and the outputs' slopes for it.

        Raises
        ------
        IndexError
            If nothing was held.
        ModelError
            If the outputs do not follow from it by slopes.
        """
        import torch

        with torch.enable_grad():
            leaf = points.detach().clone().requires_grad_(True)
            outputs = self._outputs(leaf, slopes=True)
            chosen = outputs.gather(1, positions[:, None])[:, 0]
            inner = held[0]
            if not isinstance(inner, torch.Tensor):
                raise ModelError(f"The layer returned a {type(inner).__name__} and not a tensor.")
            try:
                (slopes,) = torch.autograd.grad(chosen.sum(), inner, allow_unused=True)
            except RuntimeError as error:
                raise self._failed(error, points) from error
        if slopes is None:
            raise ModelError(
                f"No output of the torch module {self.title} can be followed back to that layer."
            )
        return inner.detach(), slopes

    def require_no_lookup(self, others: torch.Tensor) -> None:
        """Refuse modules that look rows up in an embedding: those steps have no slopes.

        Raises
        ------
        InputError
            If the places looked up differ between rows and `others`, of the same number.
        """
        import torch

        layers = {
            name: layer
            for name, layer in self.module.named_modules()
            if isinstance(layer, torch.nn.Embedding | torch.nn.EmbeddingBag)
        }
        seen: dict[str, list[torch.Tensor]] = {name: [] for name in layers}
        handles = [
            layer.register_forward_pre_hook(
                lambda _, inputs, at=name: seen[at].append(inputs[0].clone())
            )
            for name, layer in layers.items()
        ]
        try:
            few = min(len(others), len(self.x), 4)
            for rows in (self.x[:few], others[:few]) if layers else ():
                self._outputs(rows)
        finally:
            for handle in handles:
                handle.remove()
        for name, places in seen.items():
            if len(places) == 2 and not torch.equal(*places):
                raise InputError(
                    f"The torch module {self.title} looks its inputs up in the embedding {name!r}, "
                    "and between two tokens there is no slope. Give a module that starts behind "
                    "it, or use occlusion or shapley_values."
                )

    def _outputs(self, points: torch.Tensor, *, slopes: bool = False) -> torch.Tensor:
        """Return all outputs on the scale, shape (m, outputs), float64."""
        import torch

        self.evaluations += len(points)
        try:
            with torch.set_grad_enabled(slopes):
                raw = self._forward(points)
        except AlignlabError:
            raise
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            if "out of memory" in str(error):
                raise
            raise self._failed(error, points) from error
        if not isinstance(raw, torch.Tensor) or raw.ndim not in (1, 2) or len(raw) != len(points):
            shape = tuple(raw.shape) if isinstance(raw, torch.Tensor) else type(raw).__name__
            raise ModelError(
                f"The torch module {self.title} returned {shape} for {len(points)} rows; numbers "
                "of shape (rows, outputs) are needed. Wrap it in a module that returns those."
            )
        self._returned = raw.dtype
        z = raw.reshape(len(points), -1).double()
        if not bool(torch.isfinite(z).all()):
            raise ModelError(f"The torch module {self.title} returned numbers that are not finite.")
        if self.scale == "value":
            return z
        if z.shape[1] == 1:
            if not self._two:
                return torch.sigmoid(z) if self.scale == "probability" else z
            z = torch.cat([-z, z], dim=1)
            return torch.sigmoid(z) if self.scale == "probability" else z
        if self.scale == "logit":
            return z
        if self.scale == "probability":
            return torch.softmax(z, dim=1)
        own = torch.eye(z.shape[1], dtype=torch.bool, device=z.device)
        others = torch.where(own, -torch.inf, z[:, None, :])
        return z - torch.logsumexp(others, dim=2)

    def _forward(self, points: torch.Tensor) -> Any:
        import torch

        # A copy: a module may work in place on its input, which autograd forbids on a leaf.
        points = points.clone()
        if self._state is None:
            return self.module(points.to(self.dtype))
        # `_doubled` names whatever is tied: torch's own tying leaves a layer that is registered
        # twice with the weights that were lent to it.
        return torch.func.functional_call(self.module, self._state, (points,), tie_weights=False)

    def _choose_precision(self) -> None:
        """Read the weights as float64, if the module then answers the same."""
        import torch

        if self.dtype == torch.float64:
            self._state = {}
            return
        few = self.x[: min(len(self.x), self.at_once, 8)]
        own = self._outputs_or_none(few, None)
        exact = self._outputs_or_none(few, state := _doubled(self.module))
        if exact is not None and self._returned != torch.float64:
            exact = None
        if exact is not None and own is not None:
            size = float(own.abs().max()) or 1.0
            if float((exact - own).abs().max()) > ALIKE * size:
                exact = None
        # A half-precision module may not run at all on a processor without such numbers.
        self._state = state if exact is not None else None

    def _outputs_or_none(
        self, rows: torch.Tensor, state: dict[str, torch.Tensor] | None
    ) -> torch.Tensor | None:
        self._state = state
        try:
            return self._outputs(rows)
        except ModelError:
            return None

    def _positions(self, target: Hashable | None, outputs: torch.Tensor) -> torch.Tensor:
        import torch

        n, count = outputs.shape
        if target is None:
            if count > 2:
                return outputs.argmax(dim=1)
            return torch.full((n,), count - 1, device=self.device)
        text = class_text(target)
        if text in self.names:
            at = self.names.index(text)
        elif self.names[0] == "output 0" and isinstance(target, int | np.integer):
            if not 0 <= target < count:
                raise InputError(
                    f"target={target} is not one of the {count} outputs of the torch module "
                    f"{self.title}, from 0."
                )
            at = int(target)
        else:
            require_choice(text, self.names, what="target")
        return torch.full((n,), at, device=self.device)

    def _failed(self, error: Exception, points: torch.Tensor) -> ModelError:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return ModelError(
            f"The torch module {self.title} fails on rows of shape {tuple(points.shape[1:])}: "
            f"{reason}"
        )


@contextmanager
def network_of(
    model: Any,
    X: Any,
    *,
    target: Hashable | None = None,
    scale: Slope | None = None,
    batch_rows: int | None = None,
) -> Iterator[Network]:
    """Give a network in evaluation mode, and leave the module as it was.

    Parameters
    ----------
    model
        A `torch.nn.Module` that returns logits or values, or a `Predictor` that holds one.
    X
        The rows explained: a data frame, an array or a tensor of floats.
    target
        The output explained: a class's name, or an output's position where classes have no names.
        `None` takes the second of two, and of more the one with the largest answer, row by row.
    scale
        "logit" (default), "log odds", "probability", or "value" (regression).
    batch_rows
        Rows asked at once; `None` fits them to memory.
    """
    import torch

    module, _ = _module_of(model)
    with torch.inference_mode(False), undisturbed(module):
        yield Network(model, X, target=target, scale=scale, batch_rows=batch_rows)


def _doubled(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights and buffers of every layer, once a layer, as float64."""
    held: dict[str, torch.Tensor] = {}
    once: dict[int, torch.Tensor] = {}
    for path, layer in module.named_modules():
        for tensors in (layer.named_parameters, layer.named_buffers):
            for name, tensor in tensors(recurse=False, remove_duplicate=False):
                if id(tensor) not in once:
                    own = tensor.detach()
                    once[id(tensor)] = own.double() if own.is_floating_point() else own
                held[f"{path}.{name}" if path else name] = once[id(tensor)]
    return held


def _module_of(model: Any) -> tuple[torch.nn.Module, Predictor | None]:
    import torch

    if isinstance(model, Predictor):
        if model.module is None:
            raise InputError(
                f"The model {model.name!r} ({model.kind}) has no gradients. Use occlusion or "
                "shapley_values, which need none."
            )
        return model.module, model
    if isinstance(model, torch.nn.Module):
        return model, None
    raise InputError(
        f"A {type(model).__name__} has no gradients. Give a torch module or a Predictor that holds "
        "one; for other models use occlusion or shapley_values."
    )


def _scale_of(scale: Slope | None, regression: bool, title: str) -> Slope:
    if scale is not None:
        require_choice(scale, SLOPES, what="scale")
    if regression and scale not in (None, "value"):
        raise InputError(
            f"scale={scale!r} is about classes, and the model {title!r} predicts a value."
        )
    return scale or ("value" if regression else "logit")


def _array(tensor: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float64)
