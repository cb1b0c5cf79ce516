"""What `alignlab predict` works on: a model, rows to predict, and labelled rows to calibrate on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from alignlab.predictors import Predictor

__all__ = ["Reading", "Rows", "opened", "read_rows", "training_rows"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a person says of the model and of the files' columns.

    Attributes
    ----------
    model
        What names the model.
    target
        The column of what happened; not needed for images, which have labels.
    by
        The column of groups, or columns joined by `*`.
    classes, features, task
        What the model does not say itself.
    allow_pickle, trust
        As of `load_model`.
    """

    model: str
    target: str | None
    by: str | None
    classes: Sequence[str] | None
    features: Sequence[str] | None
    task: str | None
    allow_pickle: bool
    trust: Sequence[str]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one file.

    Attributes
    ----------
    X
        What the model reads: a data frame, or images (n, C, H, W).
    y
        What happened, where it was asked for.
    groups
        Each row's group, where groups were named.
    name
        What the file is called.
    """

    X: Any
    y: Any
    groups: Any
    name: str

    def __len__(self) -> int:
        return len(self.X)


def opened(reading: Reading, labelled: str | None) -> Predictor:
    """Open the model; the classes of the labelled rows are its classes where it names none."""
    from alignlab.audit.answers import task_of
    from alignlab.errors import UnnamedClassesError
    from alignlab.predictors import load_model
    from alignlab.predictors.labels import sorted_classes

    load = partial(
        load_model,
        reading.model,
        allow_pickle=reading.allow_pickle,
        trust=reading.trust,
        features=reading.features,
    )
    task: Any = reading.task
    try:
        return load(classes=reading.classes, task=task)
    except UnnamedClassesError:
        if reading.classes is not None or labelled is None:
            raise
    if _are_images(labelled):
        return load(classes=_images(labelled).classes, task=task)
    labels = _labels(_table(labelled), reading.target, labelled)
    if (task or task_of(labels, str(reading.target))) == "regression":
        return load(task="regression")
    return load(classes=list(sorted_classes(labels.unique())), task="classification")


def read_rows(
    source: str, predictor: Predictor, reading: Reading, *, labelled: bool
) -> tuple[Rows, Predictor]:
    """Read rows of a table or images as the model takes them.

    Parameters
    ----------
    source
        The file.
    predictor
        The model.
    reading
        What was said.
    labelled
        Whether what happened must be there.

    Returns
    -------
    (rows, predictor)
        The predictor takes images where the rows are such.

    Raises
    ------
    InputError
        If a column is missing, or the rows do not fit the model.
    """
    from alignlab.errors import InputError
    from alignlab.predictors import taking_images

    if _are_images(source):
        if reading.target is not None:
            raise InputError("--target names a column of a table, and images hold their labels.")
        images = _images(source)
        y = images.label_names.to_numpy() if labelled else None
        _require_known_classes(y, predictor, images.name)
        groups = None if reading.by is None else _groups(images.columns, reading.by, images.name)
        taking = taking_images(predictor, images.images.shape[1:])
        return Rows(images.images, y, groups, images.name), taking
    frame, name = _table(source), Path(source).name
    y = _labels(frame, reading.target, source).to_numpy() if labelled else None
    _require_known_classes(y, predictor, f"column {reading.target!r} of {name}")
    groups = None if reading.by is None else _groups(frame, reading.by, name)
    columns = _read_columns(frame, predictor, reading, name)
    return Rows(frame[columns], y, groups, name), predictor


def training_rows(source: str, like: Rows) -> Any:
    """Read the rows that a model was fitted on, by what it reads of the rows `like` it.

    Raises
    ------
    InputError
        If a column is missing, or one of the two is a table and the other images.
    """
    from alignlab.datasets import require_column
    from alignlab.errors import InputError

    if _are_images(source) == hasattr(like.X, "columns"):
        kinds = ("a table", "images")
        here, there = kinds if hasattr(like.X, "columns") else kinds[::-1]
        raise InputError(f"{like.name} is {here} and --training {source} is {there}: give alike.")
    if _are_images(source):
        return _images(source).images
    frame, name = _table(source), Path(source).name
    role = f"--training in {name}"
    return frame[[require_column(frame, column, role=role) for column in like.X.columns]]


def _require_known_classes(y: Any, predictor: Predictor, where: str) -> None:
    from alignlab.predictors import class_positions

    if y is not None and predictor.task == "classification":
        class_positions(y, predictor.classes, where=where, of_model=True)


def _are_images(source: str) -> bool:
    from alignlab.datasets.image_files import IMAGES

    path = Path(source)
    return source in IMAGES or path.suffix.lower() == ".npz" or path.is_dir()


def _images(source: str) -> Any:
    from alignlab.datasets.image_files import IMAGES, load_images, read_images

    return load_images(source) if source in IMAGES else read_images(source)


def _table(source: str) -> pd.DataFrame:
    from alignlab.datasets import read_table
    from alignlab.datasets.image_files import require_known

    require_known(source)
    return read_table(source)


def _labels(frame: pd.DataFrame, target: str | None, source: str) -> pd.Series[Any]:
    from alignlab.datasets import require_column
    from alignlab.errors import InputError, listed

    name = Path(source).name
    if target is None:
        raise InputError(
            f"Name the column of {name} that holds what happened with --target. Columns: "
            f"{listed(frame.columns)}."
        )
    labels = frame[require_column(frame, target, role=f"--target in {name}")]
    missing = labels.isna().to_numpy()
    if missing.any():
        raise InputError(
            f"Row {int(missing.argmax())} of {name} has no value in the target column {target!r} "
            f"({int(missing.sum())} such rows). Fill them in or remove these rows."
        )
    return labels


def _groups(frame: pd.DataFrame, by: str, name: str) -> Any:
    """Return each row's group by its text."""
    from alignlab.datasets import require_column
    from alignlab.datasets.groups import FEWEST_ROWS, MISSING, MOST_VALUES
    from alignlab.errors import InputError
    from alignlab.predictors.labels import class_text

    parts = [
        frame[require_column(frame, column.strip(), role=f"--by in {name}")]
        for column in by.split("*")
    ]
    texts = [part.map(class_text).where(part.notna(), MISSING).astype(str) for part in parts]
    groups = texts[0]
    for text in texts[1:]:
        groups = groups + " & " + text
    if groups.nunique() > max(MOST_VALUES, len(groups) // FEWEST_ROWS):
        raise InputError(
            f"--by {by!r}: it has {groups.nunique()} distinct values in the {len(groups)} rows of "
            f"{name}, so it names rows rather than groups. Name another column, or cut it into "
            "ranges."
        )
    return groups.to_numpy()


def _read_columns(
    frame: pd.DataFrame, predictor: Predictor, reading: Reading, name: str
) -> list[str]:
    """Return the columns that the model reads."""
    from alignlab.datasets import require_column
    from alignlab.errors import InputError

    if predictor.features is not None:
        columns = predictor.columns_in(frame.columns)
        for column in columns:
            require_column(frame, column, role=f"the model {predictor.name!r} in {name}")
        if reading.target in columns:
            raise InputError(
                f"The model {predictor.name!r} reads the column {reading.target!r}, which is the "
                "target: it would be told the answer. Name another --target."
            )
        return columns
    left = [column for column in frame.columns if column != reading.target]
    of_groups = [] if reading.by is None else [each.strip() for each in reading.by.split("*")]
    without = [column for column in left if column not in of_groups]
    # A model that takes as many columns as there are without the groups does not read them.
    return without if predictor.width == len(without) else left
