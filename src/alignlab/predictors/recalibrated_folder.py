"""A recalibrated model as a folder: the model as it was, and the numbers of its map beside it.

    calibration.json      the map, whether decisions are kept, the model, SHA-256 of every file
    base/                 the model's own file or folder, byte for byte
    training_rows.npy     hashes of the rows that the model and the map were fitted on

Opening it opens the model in base/, by the same rules: a pickle still needs the person's word. A
model that is code or an address lies outside the folder, and who was handed the folder did not
name it: it is opened only where the person names it again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, ModelError, UnsafeModelError
from alignlab.files import sha256_of_file, write_all
from alignlab.plain import to_json
from alignlab.predictors.labels import class_text
from alignlab.predictors.model_folder import (
    MODEL,
    TRAINING_ROWS,
    WEIGHTS,
    is_model_folder,
    read_rows,
    rows_file,
)
from alignlab.predictors.predictor import Predictor
from alignlab.predictors.probability_maps import ProbabilityMap, map_from_dict
from alignlab.predictors.recalibrated import recalibrated

__all__ = [
    "BASE",
    "CALIBRATION",
    "from_recalibrated_folder",
    "is_recalibrated",
    "keep_recalibrated",
]

CALIBRATION = "calibration.json"
BASE = "base"

FORMAT = "alignlab recalibrated model 1"

FILE_NAME = re.compile(r"[^/\\:@]+")
"""A file of the folder's own, never a way out of it."""


def is_recalibrated(path: Path) -> bool:
    """Whether a directory holds a recalibrated model."""
    return (path / CALIBRATION).is_file()


def keep_recalibrated(
    directory: Path,
    reference: str,
    probability_map: ProbabilityMap,
    *,
    keep_decisions: bool,
    trained_on: NDArray[np.uint64],
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
) -> None:
    """Write a recalibrated model into a directory, the file that makes it one last.

    Parameters
    ----------
    directory
        Made if it does not exist.
    reference
        The model, as `load_model` takes it.
    probability_map, keep_decisions
        What is done to its probabilities.
    trained_on
        Hashes of the rows that the model and the map were fitted on.
    classes, features
        What was stated because the model does not say it.

    Raises
    ------
    InputError
        If the model is one that was recalibrated already.
    OutputError
        If the directory cannot be written.
    """
    own, files = _files(reference)
    if is_model_folder(directory):
        raise InputError(f"{directory} holds a model already: name another directory with --out.")
    rows = rows_file(trained_on)
    stated = {
        "format": FORMAT,
        "map": probability_map.to_dict(),
        "keep_decisions": keep_decisions,
        "classes": None if classes is None else list(map(class_text, classes)),
        "features": None if features is None else list(features),
        "base": {
            "reference": own,
            "sha256": {
                name: hashlib.sha256(content).hexdigest() for name, content in files.items()
            },
        },
        "training_rows_sha256": hashlib.sha256(rows).hexdigest(),
    }
    if files:
        write_all(directory / BASE, files)
    write_all(directory, {TRAINING_ROWS: rows, CALIBRATION: to_json(stated)})


def from_recalibrated_folder(
    path: Path,
    load: Callable[..., Predictor],
    *,
    trust: Sequence[str] = (),
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
    **options: Any,
) -> Predictor:
    """Return a Predictor for the recalibrated model in a folder.

    Parameters
    ----------
    path
        The folder.
    load
        `load_model`, for the model in it.
    trust
        Types that may be loaded, and the code or address that the folder's model is.
    classes, features
        The folder says them where the model does not; what is given must agree.
    **options
        Handed on to `load`.

    Raises
    ------
    UnsafeModelError
        If the model is code or an address that nobody has vouched for. Nothing was run.
    ModelError
        If a file is absent, changed, or not what was written.
    """
    place = path / CALIBRATION
    try:
        stated = json.loads(place.read_text(encoding="utf-8"))
        if stated["format"] != FORMAT:
            raise ValueError(f"its format is {stated['format']!r} and not {FORMAT!r}")
        reference, sums = str(stated["base"]["reference"]), dict(stated["base"]["sha256"])
        probability_map = map_from_dict(stated["map"])
        keep = stated["keep_decisions"]
        if not isinstance(keep, bool):
            raise ValueError(f"keep_decisions is {keep!r} and neither true nor false")
        sum_of_rows = str(stated["training_rows_sha256"])
        known = {"classes": stated["classes"], "features": stated["features"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ModelError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ModelError(f"{place} is not a recalibrated model: {what.rstrip('.')}.") from error
    _require_whole(path / BASE, sums)
    reference = _within(path, reference, sums, trust)
    for name, given in (("classes", classes), ("features", features)):
        if given is not None:
            known[name] = list(given)
    # The folder's own code is trusted above; what is left is for skops.
    types = [each for each in trust if ":" not in each]
    base = load(reference, trust=types, **known, **options)
    base.trained_on = read_rows(path / TRAINING_ROWS, sum_of_rows)
    predictor: Predictor = recalibrated(base, probability_map, keep_decisions=keep)
    _require_fitting(predictor, probability_map, place)
    predictor.name = "/".join(path.resolve().parts[-2:])
    predictor.fingerprint = sha256_of_file(place)  # which holds those of all files
    return predictor


def _files(reference: str) -> tuple[str, dict[str, bytes]]:
    """Return how the folder names the model, and the files that it is made of."""
    path = Path(reference)
    if is_recalibrated(path):
        raise InputError(
            f"{reference} is recalibrated already. Recalibrate the model that it was made of: "
            f"{path / BASE} or its file."
        )
    if is_model_folder(path):
        there = [name for name in (MODEL, WEIGHTS, TRAINING_ROWS) if (path / name).is_file()]
        return BASE, {name: (path / name).read_bytes() for name in there}
    file, _, of_class = reference.partition("@")
    if not reference.startswith(("http://", "https://")) and Path(file).is_file():
        name = Path(file).name
        own = f"{BASE}/{name}" + (f"@{of_class}" if of_class else "")
        return own, {name: Path(file).read_bytes()}
    return reference, {}


def _require_whole(base: Path, sums: dict[str, str]) -> None:
    for name, sha256 in sums.items():
        file = base / name
        if not FILE_NAME.fullmatch(name) or name in (".", ".."):
            raise ModelError(
                f"{base.parent / CALIBRATION} names {name!r}, which is no file of its."
            )
        if not file.is_file() or sha256_of_file(file) != sha256:
            gone = (
                "is not there" if not file.is_file() else f"is not the one that {CALIBRATION} names"
            )
            raise ModelError(f"{file} {gone}. Restore the folder as it was written.")


def _within(path: Path, reference: str, sums: dict[str, str], trust: Sequence[str]) -> str:
    """Return the reference as it is from here; code and addresses need to be named."""
    file, _, of_class = reference.partition("@")
    if file == BASE and MODEL in sums:
        return str(path / BASE)
    inside = file.removeprefix(f"{BASE}/") in sums and file.startswith(f"{BASE}/")
    outside = of_class if inside else reference
    if outside and outside not in trust:
        raise UnsafeModelError(
            f"{path} holds a map for the model {outside!r}, which lies outside it: opening it "
            f"would run or ask that. If you know it, say so: --trust {outside}"
        )
    return str(path / reference) if inside else reference


def _require_fitting(predictor: Predictor, probability_map: ProbabilityMap, place: Path) -> None:
    width = len(predictor.classes)
    even = np.full((1, width), -np.log(width))
    try:
        fits = probability_map(even).shape == (1, width)
    except (ValueError, IndexError):
        fits = False
    if not fits:
        raise ModelError(
            f"The map in {place} does not fit the {width} classes of its model. Restore the folder "
            "as it was written."
        )
