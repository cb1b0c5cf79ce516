"""The model as an attack sees it: logits and gradients for rows, every pass counted.

A torch module gives logits and gradients; whatever else gives probabilities gives their logarithms,
and a model that only decides gives one-hot rows. Rows go through in batches; nothing of the model,
its gradients, its buffers or torch's random numbers is changed by the end (`undisturbed`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from alignlab.errors import ModelError
from alignlab.predictors import Predictor, undisturbed
from alignlab.robustness.threats import per_row

if TYPE_CHECKING:
    import torch

__all__ = ["AttackedModel", "BudgetSpentError", "Loss", "Passed"]

Loss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""From logits (n, n_classes) and true classes (n,) to what is to grow, (n,)."""

SMALLEST = 1e-300
"""A probability of 0 counts as this much where its logarithm is taken."""


class BudgetSpentError(Exception):
    """The time stated for the attacks is over; what they have found so far stands."""


@dataclass(frozen=True, eq=False)
class Passed:
    """What one pass through the model gave.

    Attributes
    ----------
    logits
        Shape (n, n_classes).
    losses
        The loss of each row, shape (n,).
    gradient
        The loss's gradient by the rows, of their shape.
    """

    logits: torch.Tensor
    losses: torch.Tensor
    gradient: torch.Tensor


@dataclass(eq=False)
class AttackedModel:
    """A predictor under attack; used as a context, which leaves the model as it was.

    Attributes
    ----------
    predictor
        The model.
    decode
        From the tensor of rows that an attack moves to rows as the model takes them; `None` where
        they are the same.
    batch_rows
        Rows in one pass.
    deadline
        When `BudgetSpentError` is raised, by `time.perf_counter`; `None` for never.
    forward_rows, backward_rows
        Rows passed through the model so far, and those of them with a gradient.
    undefined
        Rows whose gradient was not finite; it is taken as 0 there.
    unanswered
        Rows whose logits were not all finite; they break nothing.
    seconds
        Time spent inside the model so far.
    """

    predictor: Predictor
    decode: Callable[[torch.Tensor], Any] | None = None
    batch_rows: int = 256
    deadline: float | None = None
    forward_rows: int = field(default=0, init=False)
    backward_rows: int = field(default=0, init=False)
    undefined: int = field(default=0, init=False)
    unanswered: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)

    def __enter__(self) -> AttackedModel:
        self._stack = ExitStack()
        if self.predictor.module is not None:
            import torch

            self._stack.enter_context(torch.inference_mode(False))
            self._stack.enter_context(undisturbed(self.predictor.module))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def n_classes(self) -> int:
        """How many classes the model tells apart."""
        return len(self.predictor.classes)

    @property
    def has_gradients(self) -> bool:
        """Whether gradients by the rows can be asked for."""
        return self.predictor.module is not None and self.decode is None

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits for rows, shape (n, n_classes), without gradients."""
        import torch

        if not len(x):
            return x.new_zeros((0, self.n_classes))
        with torch.no_grad():
            return torch.cat([self._forward(part) for part in x.split(self.batch_rows)])

    def gradient(self, x: torch.Tensor, y: torch.Tensor, loss: Loss) -> Passed:
        """Return logits, losses and their gradients by the rows, in one pass.

        Parameters
        ----------
        x
            n rows.
        y
            Their true classes, shape (n,).
        loss
            What is to grow; each row's depends on that row alone.
        """
        import torch

        if not len(x):
            return Passed(x.new_zeros((0, self.n_classes)), x.new_zeros(0), torch.zeros_like(x))
        parts = [
            self._differentiated(part, true, loss)
            for part, true in zip(x.split(self.batch_rows), y.split(self.batch_rows), strict=True)
        ]
        if len(parts) == 1:
            return Passed(*parts[0])
        return Passed(*(torch.cat(each) for each in zip(*parts, strict=True)))

    def decided(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the class that the model decides for, by its own rule, shape (n,)."""
        import torch

        if self.predictor.decision is None:
            return logits.argmax(1)
        probabilities = torch.softmax(logits.double(), 1).cpu().numpy()
        return torch.from_numpy(np.asarray(self.predictor.decide(probabilities))).to(logits.device)

    def _differentiated(
        self, x: torch.Tensor, y: torch.Tensor, loss: Loss
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        import torch

        leaf = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            logits = self._forward(leaf)
            started = perf_counter()
            losses = loss(logits, y)
            if not losses.requires_grad:
                raise ModelError(
                    f"The logits of the model {self.predictor.name!r} have no gradient with "
                    "respect to its rows: it detaches them or leaves torch. Attack it without "
                    "gradients: attacks='square'."
                )
            (gradient,) = torch.autograd.grad(losses.sum(), leaf)
        finite = gradient.flatten(1).abs().amax(1).isfinite()
        if undefined := int((~finite).sum()):
            self.undefined += undefined
            gradient = torch.where(per_row(finite, gradient), gradient, 0.0)
        self.backward_rows += len(x)
        self.seconds += perf_counter() - started
        return logits.detach(), losses.detach(), gradient

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.deadline is not None and perf_counter() > self.deadline:
            raise BudgetSpentError
        started = perf_counter()
        self.forward_rows += len(x)
        if self.has_gradients:
            self.predictor.rows_evaluated += len(x)
            logits = self._module_logits(x)
        else:
            logits = self._log_probabilities(x)
        self.seconds += perf_counter() - started
        return logits

    def _module_logits(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        module = self.predictor.module
        assert module is not None
        # Rows keep the precision in which they were given, and the model its own.
        held = chain(module.parameters(), module.buffers(), [x])
        precision = next(each.dtype for each in held if each.is_floating_point())
        logits = module(x.to(precision))
        if logits.ndim == 1 or logits.shape[1:] == (1,):  # one logit, of the second of two classes
            logits = logits.reshape(-1, 1)
            logits = torch.cat([torch.zeros_like(logits), logits], 1)
        if logits.shape != (len(x), self.n_classes):
            raise ModelError(
                f"The module {self.predictor.name!r} answered with shape {tuple(logits.shape)} for "
                f"{len(x)} rows; {(len(x), self.n_classes)} was expected: one logit a class."
            )
        self.unanswered += int((~torch.isfinite(logits)).any(1).sum())
        return logits

    def _log_probabilities(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        rows = x.detach().cpu().numpy() if self.decode is None else self.decode(x)
        probabilities = self.predictor(rows)
        return torch.from_numpy(np.log(np.maximum(probabilities, SMALLEST))).to(x.device)
