"""A trained network as a folder: what it is made of as JSON, its weights as safetensors.

    model.json            architecture, input encoding, classes, the weights' SHA-256
    weights.safetensors   the parameters
    training_rows.npy     hashes of the rows that it learned from, so that none is used to judge it

Opening it runs no code of the folder's: the network is built from the settings, by `networks`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError, listed
from alignlab.files import sha256_of_file
from alignlab.plain import to_json
from alignlab.predictors.modules import from_module
from alignlab.predictors.networks import Architecture, folded, network
from alignlab.predictors.predictor import Predictor, Task
from alignlab.predictors.table_encoding import TableEncoding

if TYPE_CHECKING:
    import torch

__all__ = [
    "MODEL",
    "TRAINING_ROWS",
    "WEIGHTS",
    "StoredModel",
    "from_folder",
    "is_model_folder",
    "model_files",
    "read_folder",
    "read_rows",
    "rows_file",
    "trained_predictor",
]

MODEL = "model.json"
WEIGHTS = "weights.safetensors"
TRAINING_ROWS = "training_rows.npy"

FORMAT = "alignlab model 1"


def model_files(
    module: torch.nn.Sequential,
    architecture: Architecture,
    *,
    inputs: TableEncoding | Sequence[int],
    classes: Sequence[str],
    trained_on: NDArray[np.uint64] | None = None,
) -> dict[str, str | bytes]:
    """Return the files of a model's folder by name, to be written by `files.write_all`.

    Parameters
    ----------
    module
        Made by `network`; its standardisation is folded into its first layer.
    architecture
        What it was made of.
    inputs
        How rows of a table become numbers, or the shape of an image.
    classes
        The names of its logits.
    trained_on
        The hashes of the rows that it learned from, as people have them.
    """
    import safetensors.torch

    state = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in folded(module).state_dict().items()
    }
    weights = safetensors.torch.save(state)
    said = (
        {"table": inputs.to_dict()}
        if isinstance(inputs, TableEncoding)
        else {"image": list(inputs)}
    )
    stated = {
        "format": FORMAT,
        "architecture": architecture.to_dict(),
        "input": said,
        "classes": list(classes),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    files: dict[str, str | bytes] = {WEIGHTS: weights}
    if trained_on is not None:
        rows = rows_file(trained_on)
        files[TRAINING_ROWS] = rows
        stated["training_rows_sha256"] = hashlib.sha256(rows).hexdigest()
    return {MODEL: to_json(stated), **files}


def rows_file(hashes: NDArray[np.uint64]) -> bytes:
    """Return hashes of rows as a file, in an order that says nothing of theirs."""
    buffer = io.BytesIO()
    np.save(buffer, np.sort(hashes).astype("<u8"), allow_pickle=False)
    return buffer.getvalue()


def read_rows(path: Path, sha256: str) -> NDArray[np.uint64]:
    """Return the hashes in a file; raises ModelError where it is not the one that is named."""
    if not path.is_file() or sha256_of_file(path) != sha256:
        gone = "is not there" if not path.is_file() else "is not the one that was written"
        raise ModelError(f"{path} {gone}. Restore the folder as it was written.")
    try:
        hashes = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} holds no hashes of rows: {error}.") from error
    return np.asarray(hashes, dtype=np.uint64).reshape(-1)


def is_model_folder(path: Path) -> bool:
    """Whether a directory holds a model."""
    return (path / MODEL).is_file()


@dataclass(frozen=True, eq=False)
class StoredModel:
    """What a model's folder holds.

    Attributes
    ----------
    module
        Takes encoded rows; in evaluation mode.
    architecture
        What it is made of.
    inputs
        How rows of a table become numbers, or the shape of an image.
    classes
        The names of its logits.
    trained_on
        The hashes of the rows that it learned from, where they were kept.
    """

    module: torch.nn.Sequential
    architecture: Architecture
    inputs: TableEncoding | tuple[int, ...]
    classes: tuple[str, ...]
    trained_on: NDArray[np.uint64] | None = None


def from_folder(
    path: Path, *, task: Task | None = None, classes: Sequence[Hashable] | None = None
) -> Predictor:
    """Return a Predictor for the model in a folder.

    Parameters
    ----------
    path
        The folder.
    task, classes
        The folder says both; what is given must agree.

    Raises
    ------
    InputError
        If what is given does not agree with the folder.
    ModelError
        If a file is absent, changed, or not what `alignlab train` writes.
    """
    stored = read_folder(path)
    if task == "regression":
        raise InputError(f"The model {path.name!r} tells classes apart; leave the task away.")
    if classes is not None and tuple(map(str, classes)) != stored.classes:
        raise InputError(
            f"The model {path.name!r} has the classes {listed(stored.classes)}: leave --classes "
            "away."
        )
    predictor = trained_predictor(stored.module, inputs=stored.inputs, classes=stored.classes)
    predictor.trained_on = stored.trained_on
    predictor.fingerprint = sha256_of_file(path / MODEL)  # which holds that of the weights
    predictor.kind = f"alignlab {stored.architecture.name}"
    predictor.name = "/".join(path.resolve().parts[-2:])  # "model" alone says little
    return predictor


def read_folder(path: Path) -> StoredModel:
    """Return what a model's folder holds; raises ModelError where it is not whole."""
    import safetensors.torch

    try:
        stated = json.loads((path / MODEL).read_text(encoding="utf-8"))
        if stated["format"] != FORMAT:
            raise ValueError(f"its format is {stated['format']!r} and not {FORMAT!r}")
        made = stated["architecture"]
        architecture = Architecture(made["name"], tuple(made["hidden"]), tuple(made["channels"]))
        table = stated["input"].get("table")
        inputs: TableEncoding | tuple[int, ...]
        if table is not None:
            inputs = TableEncoding.from_dict(table)
        else:
            inputs = tuple(int(size) for size in stated["input"]["image"])
        classes = tuple(str(name) for name in stated["classes"])
        sum_of_weights = str(stated["weights_sha256"])
        sum_of_rows = stated.get("training_rows_sha256")
        shape = (inputs.width,) if isinstance(inputs, TableEncoding) else inputs
        module = network(architecture, shape, len(classes))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # A KeyError's text is the key alone.
        what = f"it has no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ModelError(
            f"{path / MODEL} is not a model that alignlab train wrote: {what.rstrip('.')}."
        ) from error
    weights = path / WEIGHTS
    if not weights.is_file() or sha256_of_file(weights) != sum_of_weights:
        gone = "is not there" if not weights.is_file() else f"is not the one that {MODEL} names"
        raise ModelError(f"{weights} {gone}. Restore the folder as it was written.")
    try:
        module.load_state_dict(safetensors.torch.load_file(weights))
    except (safetensors.SafetensorError, RuntimeError) as error:
        raise ModelError(
            f"The weights in {path} do not fit {MODEL}: {' '.join(str(error).split())[:200]}."
        ) from error
    # Folders that were written before there was such a file have none.
    rows = None if sum_of_rows is None else read_rows(path / TRAINING_ROWS, str(sum_of_rows))
    return StoredModel(module.eval(), architecture, inputs, classes, rows)


def trained_predictor(
    module: torch.nn.Module, *, inputs: TableEncoding | Sequence[int], classes: Sequence[str]
) -> Predictor:
    """Return a Predictor that takes rows as people have them.

    It hands out its module, and with it gradients, for images and for tables of numbers in which
    nothing was missing.

    Parameters
    ----------
    module
        Takes encoded rows.
    inputs
        How rows of a table become numbers, or the shape of an image.
    classes
        The names of its logits.
    """
    plain = from_module(module, classes=classes)
    if not isinstance(inputs, TableEncoding):
        shape = tuple(inputs)

        def answer_images(images: Any) -> Any:
            if tuple(images.shape[1:]) != shape:
                is_table = len(images.shape) != 4
                these = "rows of a table" if is_table else f"of {_size(images.shape[1:])}"
                raise InputError(
                    f"The model reads images of {_size(shape)}, and these are {these}. Give images "
                    "of its size."
                )
            return plain.answer(images)

        return replace(plain, answer=answer_images)

    def answer(rows: Any) -> Any:
        if getattr(rows, "ndim", 2) != 2:
            raise InputError(
                f"The model reads the columns {listed(inputs.names)} of a table, and these are "
                "images. Give a table."
            )
        return plain.answer(inputs.encode(rows) if isinstance(rows, pd.DataFrame) else rows)

    return replace(
        plain,
        answer=answer,
        features=inputs.names,
        width=None,
        module=module if inputs.keeps_rows else None,
    )


def _size(shape: Sequence[int]) -> str:
    """Return an image's shape (channels, H, W) in words."""
    channels, *sides = shape
    colours = "1 channel" if channels == 1 else f"{channels} channels"
    return f"{'×'.join(map(str, sides))} pixels and {colours}"
