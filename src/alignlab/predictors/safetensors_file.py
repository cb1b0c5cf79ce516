"""Weights in a safetensors file, and the class of the torch module that they belong to."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

from alignlab.errors import InputError, ModelError
from alignlab.predictors.importing import MODULE_REFERENCE, imported
from alignlab.predictors.modules import from_module
from alignlab.predictors.predictor import Predictor, Task

__all__ = ["from_safetensors"]


def from_safetensors(
    path: Path,
    class_reference: str,
    *,
    task: Task | None = None,
    classes: Sequence[Hashable] | None = None,
) -> Predictor:
    """Return a Predictor that asks a module with these weights.

    The file runs nothing; the class is code of the person's own, which they name.

    Parameters
    ----------
    path
        The weights.
    class_reference
        `package.module:Class`, or a function, that builds the module without arguments.
    task, classes
        See `from_module`.

    Raises
    ------
    InputError
        If no class is named, or it does not exist.
    ModelError
        If the module cannot be built, or the weights are not exactly its own.
    """
    if not MODULE_REFERENCE.fullmatch(class_reference):
        raise InputError(
            f"{path.name} holds weights without the model's structure. Name the class that they "
            f"belong to: {path.name}@package.module:Class"
        )
    import safetensors.torch
    import torch

    build = imported(class_reference)
    try:
        with torch.random.fork_rng(devices=[]):  # initial weights draw random numbers
            module = build()
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"{class_reference} cannot be built without arguments: {type(error).__name__}: "
            f"{error}. Name a function that returns the finished module."
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"{class_reference} built a {type(module).__name__}, not a torch module.")
    try:
        missing, unexpected = safetensors.torch.load_model(module, path, strict=False)
    except (safetensors.SafetensorError, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ModelError(
            f"The weights in {path.name} do not fit {class_reference}: {lines[-1] if lines else ''}"
        ) from error
    if missing or unexpected:
        parts = [
            f"{what} {', '.join(sorted(names)[:5])}"
            for what, names in (("it lacks", missing), ("it has besides", unexpected))
            if names
        ]
        raise ModelError(
            f"The weights in {path.name} are not those of {class_reference}: {'; '.join(parts)}."
        )
    return from_module(module, task=task, classes=classes)
