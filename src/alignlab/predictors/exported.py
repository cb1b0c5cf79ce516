"""A torch.export archive."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

from alignlab.errors import UnsafeModelError
from alignlab.predictors.predictor import Predictor, Task

__all__ = ["from_exported"]


def from_exported(
    path: Path, *, task: Task | None = None, classes: Sequence[Hashable] | None = None
) -> Predictor:
    """Return a Predictor that asks an exported program."""
    raise UnsafeModelError(f"{path.name}: being built")
