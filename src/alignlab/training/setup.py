"""From what a training's file states to rows, a network and an objective, all of it checked.

The rows are split in three by the seed, every class alike: to learn from, to choose the epoch by,
and to audit on. A table's encoding is fitted on the first of these alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import joined_hashes, read_table, require_column, row_hashes
from alignlab.datasets.image_files import IMAGES, load_images, read_images, require_known
from alignlab.datasets.images import ImageData
from alignlab.errors import InputError, ModelError, listed, require_choice
from alignlab.predictors import Predictor, class_positions, class_text
from alignlab.predictors.importing import imported
from alignlab.predictors.labels import sorted_classes
from alignlab.predictors.model_folder import (
    StoredModel,
    is_model_folder,
    read_folder,
    trained_predictor,
)
from alignlab.predictors.networks import ARCHITECTURES, Architecture, network
from alignlab.predictors.table_encoding import TableEncoding
from alignlab.robustness.threats import Threat
from alignlab.training.data import as_training_data, require_fitting, rows_of, split_rows
from alignlab.training.objective import Objective, TrainingData
from alignlab.training.spec import TrainSpec
from alignlab.training.validation import GAP, measure_for, objective_threat

if TYPE_CHECKING:
    import torch

__all__ = ["Setup", "set_up"]

MOST_CLASSES = 1000
"""A target of more values is a quantity or a name."""

MOST_QUANTITIES = 20
"""Likewise where they are not whole numbers."""


@dataclass(frozen=True, eq=False)
class Setup:
    """All that a training takes.

    Attributes
    ----------
    spec
        What was stated.
    objective
        The terms.
    train, validation, test
        The rows, encoded, in three parts.
    test_rows
        The last part as people have it: a data frame, or `ImageData`.
    trained_on
        The hashes of the rows of the first two parts, as people have them and the model reads them,
        and of those that the model to start from has learned from.
    inputs
        How rows of a table become numbers, or the shape of an image.
    architecture
        `None` for a class of the person's own.
    start
        The folder of the model to start from, if one is stated.
    threat
        What robust accuracy is measured under, if anything says so.
    """

    spec: TrainSpec
    objective: Objective
    train: TrainingData
    validation: TrainingData
    test: TrainingData
    test_rows: pd.DataFrame | ImageData
    trained_on: NDArray[np.uint64]
    inputs: TableEncoding | tuple[int, ...]
    architecture: Architecture | None
    start: Path | None
    threat: Threat | None

    @property
    def images(self) -> bool:
        """Whether the rows are images."""
        return isinstance(self.test_rows, ImageData)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.train.classes

    def build(self) -> torch.nn.Module:
        """Return the module to be trained, with the parameters that it starts from."""
        import torch

        if self.architecture is None:
            reference = self.spec.model
            make = imported(reference)
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(self.spec.seed)
                try:
                    module = make()
                except Exception as error:
                    raise ModelError(
                        f"{reference} cannot be built without arguments: {type(error).__name__}: "
                        f"{error}. Name a function that returns the finished module."
                    ) from error
            if not isinstance(module, torch.nn.Module):
                raise ModelError(
                    f"{reference} built a {type(module).__name__}, not a torch module."
                )
        elif self.start is not None:
            module = read_folder(self.start).module
        else:
            module = network(
                self.architecture,
                self.train.x.shape[1:],
                len(self.classes),
                seed=self.spec.seed,
                **self._standardised(),
            )
        require_fitting(module, self.train)
        return module

    def predictor(self, module: torch.nn.Module) -> Predictor:
        """Return a module as a model of rows as people have them."""
        return trained_predictor(module, inputs=self.inputs, classes=self.classes)

    def _standardised(self) -> dict[str, Any]:
        if isinstance(self.inputs, TableEncoding):
            return {"shift": self.inputs.shift, "scale": self.inputs.scale}
        sizes = self.train.x.double().square().mean((0, 2, 3)).sqrt().numpy()
        return {"scale": np.where(sizes > 0, sizes, 1.0).reshape(-1, 1, 1)}


def set_up(spec: TrainSpec) -> Setup:
    """Read the rows and check everything that is stated, before anything is trained or written.

    Raises
    ------
    InputError
        If something stated does not fit the data; the message names it.
    """
    stored = None if spec.start is None else read_folder(_start(spec))
    source = spec.data
    require_known(source)
    images = source in IMAGES or source.endswith(".npz") or Path(source).is_dir()
    train, validation, test, test_rows, inputs, seen = (_images if images else _table)(spec, stored)
    if stored is not None and stored.trained_on is not None:
        seen = joined_hashes(seen, stored.trained_on)
    objective = spec.terms(images=images)
    threat = objective_threat(objective)
    if spec.threat is not None:
        threat = spec.threat.threat(images=images)
    if threat is not None:
        if isinstance(inputs, TableEncoding) and not inputs.keeps_rows:
            mixed = next(each.name for each in inputs.columns if each.values or each.missing)
            raise InputError(
                f"A ball is around numbers, and column {mixed!r} holds categories or has missing "
                "cells. Train without a threat, or name columns of numbers alone in features."
            )
        for part in (train, validation, test):
            threat.encode(part.x)
    elif spec.measure == "robust accuracy":
        raise InputError(
            f"measure = {spec.measure!r} needs a threat, and none is stated. Add threat = "
            "'linf:0.1', or a term that has one, such as [objective.adversarial]."
        )
    measure_for(spec.measure, objective=objective, data=validation, threat=threat, seed=spec.seed)
    architecture = None
    if stored is not None:
        architecture = stored.architecture
        if stored.classes != train.classes:
            raise InputError(
                f"The model in {spec.start} has the classes {listed(stored.classes)}, and the data "
                f"{listed(train.classes)}."
            )
    elif spec.model in ARCHITECTURES:
        architecture = Architecture(spec.model, spec.hidden, spec.channels)
    elif spec.hidden is not None or spec.channels is not None:
        raise InputError(
            f"hidden and channels are for {listed(ARCHITECTURES)}; {spec.model} has "
            "its own: leave them out."
        )
    return Setup(
        spec, objective, train, validation, test, test_rows, seen, inputs, architecture,
        None if stored is None else _start(spec), threat,
    )  # fmt: skip


_Parts = tuple[TrainingData, TrainingData, TrainingData, Any, Any, NDArray[np.uint64]]


def _images(spec: TrainSpec, stored: StoredModel | None) -> _Parts:
    for key in ("target", "features", "favourable"):
        if getattr(spec, key) is not None:
            raise InputError(f"{key} is for tables, and {spec.data} holds images: leave it out.")
    data = load_images(spec.data) if spec.data in IMAGES else read_images(spec.data)
    _columns(spec, data.columns)
    known = as_training_data(data)
    if stored is not None and stored.inputs != tuple(known.x.shape[1:]):
        raise InputError(
            f"The model in {spec.start} takes images of shape {stored.inputs}, and the data has "
            f"{tuple(known.x.shape[1:])}."
        )
    parts = _three(known.y.numpy(), spec)
    train, validation, test = (rows_of(known, rows) for rows in parts)
    seen = row_hashes(data.images[np.concatenate(parts[:2])])
    return train, validation, test, data.take(parts[2]), tuple(known.x.shape[1:]), seen


def _table(spec: TrainSpec, stored: StoredModel | None) -> _Parts:
    frame = read_table(spec.data)
    if spec.target is None:
        raise InputError(f"target is not stated: which column of {spec.data} is to be learned?")
    target = require_column(frame, spec.target, role="target")
    groups = _columns(spec, frame)
    if target in groups:
        raise InputError(f"The target {target!r} is among the groups: leave it out.")
    labels = frame[target]
    if labels.isna().any():
        raise InputError(
            f"Row {int(labels.isna().to_numpy().argmax())} has no {target!r}: drop the rows "
            f"without one ({int(labels.isna().sum())})."
        )
    names = sorted_classes(labels.unique().tolist())
    quantities = pd.api.types.is_float_dtype(labels) and bool((labels % 1 != 0).any())
    if len(names) > (MOST_QUANTITIES if quantities else MOST_CLASSES):
        raise InputError(
            f"The target {target!r} has {len(names)} different values ({listed(names, 3)}), and "
            "training tells classes apart. Name a column of classes, or cut this one into some."
        )
    classes = tuple(map(class_text, names))
    if spec.favourable is not None:
        require_choice(class_text(spec.favourable), classes, what="favourable")
    if spec.features is not None:
        features = [require_column(frame, name, role="features") for name in spec.features]
        if target in features:
            raise InputError(f"The target {target!r} is among the features: leave it out.")
    else:
        features = [name for name in frame.columns if name != target and name not in groups]
    if stored is not None:
        if not isinstance(stored.inputs, TableEncoding):
            raise InputError(f"The model in {spec.start} takes images, and {spec.data} is a table.")
        features = list(stored.inputs.names)
    codes = class_positions(labels, names, where=f"column {target!r}")
    parts = _three(codes, spec)
    if stored is not None and isinstance(stored.inputs, TableEncoding):
        encoding = stored.inputs
    else:
        encoding = TableEncoding.fitted(frame[features].iloc[parts[0]])
    numbers = encoding.encode(frame)
    compared = [*groups, *(require_column(frame, name, role=by) for by, name in _of_terms(spec))]
    known = as_training_data(
        (numbers, codes), classes=classes, columns={name: frame[name] for name in compared}
    )
    train, validation, test = (rows_of(known, rows) for rows in parts)
    test_rows = frame.iloc[parts[2]].reset_index(drop=True)
    seen = row_hashes(frame[list(encoding.names)].iloc[np.concatenate(parts[:2])])
    return train, validation, test, test_rows, encoding, seen


def _columns(spec: TrainSpec, frame: pd.DataFrame) -> list[str]:
    """Return the columns of the groupings that are to be compared."""
    named = dict.fromkeys(name for grouping in spec.groups for name in grouping.split("*"))
    return [require_column(frame, name.strip(), role="groups") for name in named]


def _of_terms(spec: TrainSpec) -> list[tuple[str, str]]:
    """Return the columns that terms and the measure name, each after who names it."""
    stated = [(f"[objective.{name}]", term.get("column")) for name, term in spec.objective.items()]
    if spec.measure.startswith(GAP):
        stated.append(("measure", spec.measure.removeprefix(GAP)))
    return [(by, name) for by, name in stated if isinstance(name, str)]


def _three(codes: Any, spec: TrainSpec) -> tuple[Any, Any, Any]:
    rest, test = split_rows(codes, spec.test, seed=spec.seed, purpose="test")
    train, validation = split_rows(codes[rest], spec.validation, seed=spec.seed)
    return rest[train], rest[validation], test


def _start(spec: TrainSpec) -> Path:
    folder = Path(str(spec.start))
    if not is_model_folder(folder):
        raise InputError(
            f"start = {spec.start}: there is no model of alignlab train in it. Name the folder "
            "that holds its model.json."
        )
    for key in ("model", "hidden", "channels"):
        if key in spec.model_fields_set:
            raise InputError(f"{key} is that of the model in {folder}: leave it out beside start.")
    return folder
