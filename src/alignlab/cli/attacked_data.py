"""What `alignlab attack` is given: a model, rows of a table or images, and what may be done."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from alignlab.datasets import Constraints
    from alignlab.predictors import Predictor
    from alignlab.robustness.tabular_threat import TabularThreat
    from alignlab.robustness.threats import Ball

__all__ = ["Attacked", "Opening", "read_attacked", "read_constraints", "read_threat"]

SCALES = ("std", "range", "none")


@dataclass(frozen=True, eq=False)
class Attacked:
    """A model and the rows that are attacked.

    Attributes
    ----------
    predictor
        The model.
    X
        The rows: a data frame of the columns that the model reads, or images (n, C, H, W).
    y
        Their true classes by name.
    at
        Their positions in the data.
    everything
        All rows of the data, of which `X` are some.
    name
        What the data are called.
    """

    predictor: Predictor
    X: Any
    y: Any
    at: NDArray[np.intp]
    everything: Any
    name: str

    @property
    def is_table(self) -> bool:
        """Whether the rows are those of a table."""
        return hasattr(self.X, "columns")

    @property
    def title(self) -> str:
        """What is attacked, in words."""
        n = len(self.everything)
        rows = f"{n:,} rows" if len(self.at) == n else f"{len(self.at):,} of {n:,} rows"
        return f"{self.predictor.name} ({self.predictor.kind}) on {rows} of {self.name}"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How the model is opened: what a person states that it does not say itself."""

    classes: Sequence[str] | None = None
    features: Sequence[str] | None = None
    allow_pickle: bool = False
    trust: Sequence[str] = ()


def read_attacked(
    model: str, data: str, *, target: str | None, opening: Opening, rows: int, seed: int
) -> Attacked:
    """Open the model and the data, and draw the rows.

    Raises
    ------
    AlignlabError
        If either cannot be opened, or they do not fit.
    """
    import numpy as np

    from alignlab.datasets.image_files import require_known
    from alignlab.random import as_generator

    require_known(data)
    if _are_images(data):
        predictor, everything, y, name = _images(model, data, target, opening)
    else:
        predictor, everything, y, name = _table(model, data, target, opening)
    at = np.arange(len(everything))
    if rows < len(at):
        at = np.sort(as_generator(seed, "attacked rows").choice(at, rows, replace=False))
    is_table = hasattr(everything, "columns")
    chosen = everything.iloc[at].reset_index(drop=True) if is_table else everything[at]
    return Attacked(predictor, chosen, y[at], at, everything, name)


def _are_images(data: str) -> bool:
    from alignlab.datasets.image_files import IMAGES

    return data in IMAGES or Path(data).suffix.lower() == ".npz" or Path(data).is_dir()


def _images(model: str, data: str, target: str | None, opening: Opening) -> tuple[Any, ...]:
    import numpy as np

    from alignlab.datasets.image_files import IMAGES, load_images, read_images
    from alignlab.errors import InputError, UnnamedClassesError
    from alignlab.predictors import load_model, taking_images

    if target is not None:
        what = (
            f"{data} is a folder, which is read as images; they"
            if Path(data).is_dir()
            else "images"
        )
        raise InputError(f"--target names a column of a table, and {what} hold their own labels.")
    if opening.features is not None:
        raise InputError("--features names columns of a table; a model reads a whole image.")
    images = load_images(data) if data in IMAGES else read_images(data)
    load = partial(load_model, model, allow_pickle=opening.allow_pickle, trust=opening.trust)
    try:
        predictor = load(classes=opening.classes)
    except UnnamedClassesError:
        if opening.classes is not None:
            raise
        predictor = load(classes=images.classes)
    labels = np.array(images.classes, dtype=object)[images.labels]
    predictor = taking_images(predictor, images.images.shape[1:])
    return predictor, images.images, labels, images.name


def _table(model: str, data: str, target: str | None, opening: Opening) -> tuple[Any, ...]:
    from alignlab.audit.answers import asked_model
    from alignlab.datasets import TableData, read_table, require_column
    from alignlab.errors import InputError, listed

    frame = read_table(data)
    if target is None:
        raise InputError(
            f"Name the column of {Path(data).name} that holds the true classes with --target. "
            f"Columns: {listed(frame.columns)}."
        )
    column = require_column(frame, target, role="--target")
    missing = frame[column].isna().to_numpy()
    if missing.any():
        raise InputError(
            f"Row {int(missing.argmax())} of {Path(data).name} has no value in the target column "
            f"{target!r} ({int(missing.sum())} such rows). Fill them in or remove these rows."
        )
    answerer = asked_model(
        model,
        TableData(frame, target=column, name=Path(data).name),
        column,
        task="classification",
        classes=opening.classes,
        features=opening.features,
        allow_pickle=opening.allow_pickle,
        trust=opening.trust,
    )
    return answerer.predictor, answerer.features, frame[column].to_numpy(), Path(data).name


def read_threat(
    norm: str,
    radius: float,
    attacked: Attacked,
    *,
    constraints: Path | None,
    scales: str | None,
    category_cost: float | None,
    max_changed: int | None,
) -> Ball | TabularThreat:
    """Return what an attacker may do: a ball around images, moves of a table's cells.

    Parameters
    ----------
    norm, radius
        As stated.
    attacked
        The rows.
    constraints, scales, category_cost, max_changed
        Of a table only; `None` where nothing is stated.

    Raises
    ------
    InputError
        If it does not fit the rows.
    """
    from alignlab.errors import InputError
    from alignlab.robustness.stated import require_pixels
    from alignlab.robustness.tabular_threat import TabularThreat
    from alignlab.robustness.threats import ball

    if attacked.is_table:
        return TabularThreat(
            read_constraints(constraints, attacked.everything),
            radius,
            data=attacked.everything,
            norm=norm,  # type: ignore[arg-type]
            scales=None if scales == "none" else scales or "std",  # type: ignore[arg-type]
            category_cost=1.0 if category_cost is None else category_cost,
            max_changed=max_changed,
        )
    of_tables = {
        "--constraints": constraints,
        "--scales": scales,
        "--category-cost": category_cost,
        "--max-changed": max_changed,
    }
    for option, stated in of_tables.items():
        if stated is not None:
            raise InputError(f"{option} is for rows of a table, and these are images.")
    require_pixels(norm, radius, what="--threat")
    return ball(norm, radius)


def read_constraints(path: Path | None, frame: pd.DataFrame) -> Constraints:
    """Return the constraints that a file states, and for the rest what the data show.

    Raises
    ------
    InputError
        If the file cannot be read, or does not fit the data.
    """
    from alignlab.datasets import Constraints
    from alignlab.errors import InputError

    stated: Any = {}
    if path is not None:
        try:
            stated = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{path} is not valid TOML: {error}.") from error
    try:
        named = Constraints.from_mapping(stated)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return Constraints.observed(frame, **named.to_dict())
