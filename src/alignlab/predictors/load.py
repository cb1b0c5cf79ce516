"""From a reference to a Predictor: nothing in a file runs unless the person said so.

The forms, safest first: an HTTP address; the folder of a network that alignlab trained; ONNX; a
torch.export archive of nothing but tensors and operators; skops; safetensors with the class that
the weights belong to; a function or model in an importable module; and, with the person's word
only, pickle and joblib.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alignlab.errors import (
    InputError,
    ModelError,
    UnsafeModelError,
    listed,
    nearest,
    require_choice,
)
from alignlab.files import sha256_of_file
from alignlab.predictors.adapt import as_predictor
from alignlab.predictors.endpoint import Endpoint, from_endpoint
from alignlab.predictors.exported import from_exported
from alignlab.predictors.importing import MODULE_REFERENCE, imported
from alignlab.predictors.model_folder import MODEL, WEIGHTS, from_folder, is_model_folder
from alignlab.predictors.onnx_file import from_onnx
from alignlab.predictors.pickle_file import read_pickle
from alignlab.predictors.predictor import Predictor, Task
from alignlab.predictors.recalibrated_folder import from_recalibrated_folder, is_recalibrated
from alignlab.predictors.safetensors_file import from_safetensors
from alignlab.predictors.skops_file import read_skops

__all__ = ["FORMS", "load_model"]

FORMS = (
    "package.module:function",
    "https://address",
    "model.skops",
    "model.onnx",
    "weights.safetensors@package.module:Class",
    "model.pt2",
    "the folder that `alignlab train` or `alignlab calibrate` wrote",
    "model.pkl (with --allow-pickle)",
)
"""What a reference may look like."""

PICKLES = (".pkl", ".pickle", ".joblib")

TORCH_PICKLES = (".pt", ".pth", ".bin", ".ckpt")

_SUFFIXES = (".skops", ".onnx", ".safetensors", ".pt2", *PICKLES)

_FORMS = f"A model is one of: {', '.join(FORMS)}."


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=4)


def load_model(
    reference: str | Path,
    *,
    allow_pickle: bool = False,
    trust: Sequence[str] = (),
    classes: Sequence[Hashable] | None = None,
    task: Task | None = None,
    features: Sequence[str] | None = None,
    endpoint: Endpoint | Mapping[str, Any] | None = None,
    warn: Callable[[str], None] = _warn,
) -> Predictor:
    """Return a Predictor for the model that a reference names.

    Parameters
    ----------
    reference
        `package.module:function` (or a model in a module, also in the current directory), an
        address that begins with `http://` or `https://`, `model.skops`, `model.onnx`,
        `weights.safetensors@package.module:Class`, `model.pt2`, the folder of a model that
        `alignlab train` or `alignlab calibrate` wrote, or, with `allow_pickle`,
        `model.pkl`, `model.pickle` or `model.joblib`.
    allow_pickle
        The person's word that code in the file may run.
    trust
        Types in a skops file that may be loaded although skops does not vouch for them, and the
        code or address that a recalibrated model in a folder names as its own.
    classes, task
        What the model does not say itself; see `as_predictor`.
    features
        The columns that the model reads, in its order, where it does not know their names: one
        matrix of numbers, a function, a torch module.
    endpoint
        The declared schema of an address; its `url` may be left away.
    warn
        Told in one sentence what a pickle risks, before it is opened.

    Returns
    -------
    Predictor
        With `kind`, `name` and, for a file, `fingerprint`.

    Raises
    ------
    InputError
        If the reference has none of these forms, or what it names does not exist.
    ModelError
        If the file is not what it says, or what it names cannot be built.
    UnsafeModelError
        If opening it would run code that nobody has vouched for. Nothing has run.
    MissingExtraError
        If reading it needs a package that is not installed.
    """
    text = str(reference)
    if task is not None:
        require_choice(task, ["classification", "regression"], what="task")
    if text.startswith(("http://", "https://")):
        predictor = from_endpoint(_endpoint(text, endpoint), task=task, classes=classes)
        return _reading(predictor, features)
    if endpoint is not None:
        raise InputError(f"An endpoint is declared, and {text!r} is not an address.")
    options: dict[str, Any] = {"task": task, "classes": classes}
    if is_recalibrated(Path(text)):
        return from_recalibrated_folder(
            Path(text),
            load_model,
            trust=trust,
            features=features,
            allow_pickle=allow_pickle,
            warn=warn,
            **options,
        )
    if is_model_folder(Path(text)):
        return _reading(from_folder(Path(text), **options), features)
    if Path(text).name in (MODEL, WEIGHTS) and is_model_folder(Path(text).parent):
        raise InputError(f"{text} is a part of a model: name its folder, {Path(text).parent}.")
    path_text, _, class_reference = text.partition("@")
    if Path(path_text).suffix == ".safetensors":
        path = _existing(path_text)
        predictor = from_safetensors(path, class_reference, **options)
    elif MODULE_REFERENCE.fullmatch(text):
        predictor = as_predictor(imported(text), name=text, **options)
        return _reading(predictor, features)
    else:
        path = _existing(text)
        predictor = _from_file(path, allow_pickle, trust, options, warn)
    predictor.name = path.name
    predictor.fingerprint = sha256_of_file(path)
    return _reading(predictor, features)


def _reading(predictor: Predictor, features: Sequence[str] | None) -> Predictor:
    """Let the model read the columns named, or say that it knows others."""
    if features is None:
        return predictor
    if predictor.features is not None and set(predictor.features) != set(features):
        raise InputError(
            f"The model {predictor.name!r} reads the columns {listed(predictor.features)} by name, "
            f"and --features says {listed(features)}. Leave it away: the model knows its own."
        )
    if predictor.features is None:
        predictor.features = tuple(features)
    return predictor


def _from_file(
    path: Path,
    allow_pickle: bool,
    trust: Sequence[str],
    options: Mapping[str, Any],
    warn: Callable[[str], None],
) -> Predictor:
    suffix = path.suffix.lower()
    if suffix == ".skops":
        return as_predictor(read_skops(path, trust), **options)
    if suffix == ".onnx":
        return from_onnx(path, **options)
    if suffix == ".pt2":
        return from_exported(path, **options)
    if suffix in PICKLES:
        return as_predictor(read_pickle(path, allow_pickle, warn), **options)
    if suffix in TORCH_PICKLES:
        raise UnsafeModelError(
            f"{path.name} is a pickle of torch's: opening it can run code. Save the weights with "
            "safetensors and give weights.safetensors@package.module:Class, or export the model "
            "to ONNX."
        )
    raise InputError(f"{path.name} has no ending of a model file.{_did_you_mean(suffix)} {_FORMS}")


def _existing(text: str) -> Path:
    path = Path(text)
    if path.is_file():
        if path.stat().st_size == 0:
            raise ModelError(f"The model file {text!r} is empty. Save the model again.")
        return path
    if path.is_dir():
        within = sorted(each for each in path.glob("*") if is_model_folder(each))
        meant = f" Did you mean {str(within[-1])!r}?" if within else ""
        raise InputError(
            f"{text!r} is a directory without a {MODEL}, and not a model.{meant} {_FORMS}"
        )
    if path.suffix.lower() in _SUFFIXES or len(path.parts) > 1:
        raise InputError(f"There is no model {text!r}.{_near_path(path)}")
    raise InputError(f"{text!r} names no model.{_did_you_mean(path.suffix)} {_FORMS}")


def _near_path(path: Path) -> str:
    """Return the file or folder that is nearest to one that is not there, as a question."""
    if path.parent.is_dir():
        return nearest(str(path), [str(each) for each in path.parent.iterdir()])
    return nearest(str(path), [str(each) for each in path.parent.parent.glob(f"*/{path.name}")])


def _did_you_mean(suffix: str) -> str:
    return nearest(suffix, _SUFFIXES) if suffix else ""


def _endpoint(url: str, declared: Endpoint | Mapping[str, Any] | None) -> Endpoint:
    if isinstance(declared, Endpoint):
        if declared.url != url:
            raise InputError(f"The endpoint declared is {declared.url!r}, and not {url!r}.")
        return declared
    try:
        return Endpoint.model_validate({"url": url, **(declared or {})})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "endpoint"
        known = list(Endpoint.model_fields)
        hint = nearest(key, known) if first["type"] == "extra_forbidden" else ""
        raise InputError(
            f"The endpoint's {key!r} cannot be used: {first['msg']}.{hint} "
            f"Its keys: {', '.join(known)}."
        ) from error
