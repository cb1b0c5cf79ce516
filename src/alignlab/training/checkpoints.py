"""A training on disk: one file, written whole, that holds all that going on from it needs.

The tensors are safetensors; the rest is JSON in the same file's header. Nothing is pickled, and
because there is one file, an interruption leaves the state before or the state after an epoch.
Random numbers need no state: those of an epoch follow from the seed and the epoch's number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError
from alignlab.files import write_whole

if TYPE_CHECKING:
    import torch

__all__ = ["CHECKPOINT", "Checkpoint", "holds_epochs", "read_checkpoint", "write_checkpoint"]

CHECKPOINT = "checkpoint.safetensors"

FORMAT = "alignlab training 1"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state after an epoch.

    Attributes
    ----------
    settings
        What the training was asked for, as plain values.
    progress
        The epochs made, the best one and what was measured, as plain values.
    tensors
        By group ("module", "best", "optimizer", "term <name>") and name.
    """

    settings: Mapping[str, Any]
    progress: Mapping[str, Any]
    tensors: Mapping[str, Mapping[str, torch.Tensor]]


def write_checkpoint(directory: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the one before.

    Raises
    ------
    OutputError
        If it cannot be written; the one before is untouched.
    """
    import safetensors.torch

    flat = {
        f"{group}|{name}": tensor.detach().cpu().contiguous().clone()
        for group, tensors in checkpoint.tensors.items()
        for name, tensor in tensors.items()
    }
    said = {"format": FORMAT, "settings": checkpoint.settings, "progress": checkpoint.progress}
    header = {"alignlab": json.dumps(said)}  # one key: their order in the file is left to chance
    write_whole(directory / CHECKPOINT, safetensors.torch.save(flat, header))


def holds_epochs(directory: Path) -> bool:
    """Return whether a training is there that another one would destroy.

    One that failed in its first epoch holds nothing; one that cannot be read may hold anything.
    """
    if not (directory / CHECKPOINT).exists():
        return False
    try:
        return bool(read_checkpoint(directory).progress["epochs"])
    except InputError:
        return True


def read_checkpoint(directory: Path) -> Checkpoint:
    """Read the checkpoint in a directory.

    Raises
    ------
    InputError
        If there is none, or it cannot be read.
    """
    import safetensors

    path = directory / CHECKPOINT
    if not path.is_file():
        raise InputError(
            f"There is no training to go on with in {directory}: it has no {CHECKPOINT}. Train "
            "without resume first, or name the directory of the training that was stopped."
        )
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            header = json.loads((opened.metadata() or {}).get("alignlab", "{}"))
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
        if header.get("format") != FORMAT:
            raise ValueError(f"its format is {header.get('format')!r} and not {FORMAT!r}")
        settings, progress = header["settings"], header["progress"]
    except (safetensors.SafetensorError, ValueError, KeyError, OSError) as error:
        raise InputError(
            f"{path} cannot be read: {' '.join(str(error).split())}. Restore it as it was written, "
            "or train anew in another directory."
        ) from error
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        group, _, name = key.partition("|")
        groups.setdefault(group, {})[name] = tensor
    return Checkpoint(settings, progress, groups)
