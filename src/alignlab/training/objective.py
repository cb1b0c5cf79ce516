"""What training makes small: a sum of named terms, each with a weight.

    objective(batch) = Σ_k weight_k · term_k(batch)

A term is a function of a batch, with optional hooks before the first step and after each. The
batch's logits are computed once and shared by all terms that need them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import add
from typing import TYPE_CHECKING, ClassVar

from alignlab.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = ["Batch", "Objective", "Term", "TrainingData"]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Rows as a module takes them, with what is known of each.

    Attributes
    ----------
    x
        n rows, a floating-point tensor of shape (n, ...).
    y
        Their classes, shape (n,), int64 from 0.
    classes
        The classes' names, in order.
    columns
        What else is known of each row, by name: codes, shape (n,), int64; -1 where it is not known.
    levels
        The names of each column's codes, in order.
    """

    x: torch.Tensor
    y: torch.Tensor
    classes: tuple[str, ...]
    columns: Mapping[str, torch.Tensor] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)


@dataclass(eq=False)
class Batch:
    """Some rows of the data, on their way through the module.

    Attributes
    ----------
    module
        What is trained; in training mode.
    x, y
        The rows and their classes, shapes (n, ...) and (n,).
    columns
        What else is known of them; see `TrainingData`.
    rows
        Their positions in the data, shape (n,).
    generator
        Where a term's random numbers come from, on the CPU.
    epoch, step
        How many epochs, and how many steps in all, were made before this one.
    """

    module: torch.nn.Module
    x: torch.Tensor
    y: torch.Tensor
    columns: Mapping[str, torch.Tensor]
    rows: torch.Tensor
    generator: torch.Generator
    epoch: int = 0
    step: int = 0

    @cached_property
    def logits(self) -> torch.Tensor:
        """The module's logits for `x`, shape (n, n_classes), with their graph; computed once."""
        import torch

        logits = self.module(self.x)
        if logits.ndim == 1 or logits.shape[1:] == (1,):  # one logit, of the second of two classes
            logits = logits.reshape(-1, 1)
            logits = torch.cat([torch.zeros_like(logits), logits], 1)
        return logits

    @cached_property
    def probabilities(self) -> torch.Tensor:
        """Their softmax."""
        return self.logits.softmax(1)


@dataclass(eq=False, kw_only=True)
class Term:
    """One summand of an objective; a new term is a subclass that says `value`.

    Attributes
    ----------
    weight
        What it is multiplied with.
    """

    name: ClassVar[str] = "term"

    weight: float = 1.0

    def __post_init__(self) -> None:
        known = isinstance(self.weight, int | float) and not isinstance(self.weight, bool)
        if not known or not 0 <= self.weight < float("inf"):
            raise InputError(
                f"The weight of the term {self.name!r} is {self.weight!r}; give a number from 0."
            )

    def prepare(self, module: torch.nn.Module, data: TrainingData) -> None:
        """Check and get ready, once, before the first step."""

    def value(self, batch: Batch) -> torch.Tensor | None:
        """Return the term, a differentiable number; `None` if it acts by its hooks alone."""
        return None

    def after_step(self, module: torch.nn.Module, learning_rate: float) -> None:
        """Change parameters directly, after the optimiser's step."""

    def after_epoch(
        self, module: torch.nn.Module, validation: TrainingData, epoch: int
    ) -> str | None:
        """Return, in a sentence, why training must go back one epoch and stop; usually `None`."""
        return None

    def state(self) -> dict[str, torch.Tensor]:
        """Return what the term has learned so far, for a checkpoint."""
        return {}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up a checkpoint's state."""

    def finish(self, module: torch.nn.Module) -> None:
        """Leave nothing behind on the module, after the last step or an exception."""


@dataclass(eq=False)
class Objective:
    """A sum of terms.

    Parameters
    ----------
    terms
        Each named differently.
    """

    terms: Sequence[Term]

    def __post_init__(self) -> None:
        names = [term.name for term in self.terms]
        if not names:
            raise InputError("An objective takes at least one term, such as CrossEntropy().")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"The objective has the term {twice!r} twice: keep one.")
        if all(type(term).value is Term.value for term in self.terms):
            raise InputError(
                f"No term of the objective ({', '.join(names)}) has a value to make small: add one "
                "that says what is to be learned, such as CrossEntropy()."
            )

    def values(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Return each term's value, without its weight, by name."""
        each = {term.name: term.value(batch) for term in self.terms}
        return {name: value for name, value in each.items() if value is not None}

    def total(self, values: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the weighted sum of `values`."""
        weights = {term.name: term.weight for term in self.terms}
        parts = [
            value if weights[name] == 1 else weights[name] * value for name, value in values.items()
        ]
        return reduce(add, parts)
