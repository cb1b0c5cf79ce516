"""Who answers for the rows: a model that is asked once, or a table of what it once answered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import ImageData, TableData, require_column
from alignlab.errors import InputError, UnnamedClassesError, listed
from alignlab.measures import Answers
from alignlab.predictors import (
    Predictor,
    Task,
    as_predictor,
    class_positions,
    load_model,
    probability_columns,
    read_predictions,
    taking_images,
)
from alignlab.predictors.labels import sorted_classes

__all__ = ["Answerer", "asked_model", "stored_answers", "task_of"]

FEW_VALUES = 20
"""A target of whole numbers with more distinct values than this is a quantity, not a label."""


@dataclass(frozen=True, eq=False)
class Answerer:
    """Who answers, in which classes, and how to get all answers at once.

    Attributes
    ----------
    task
        "classification" or "regression".
    classes
        The class labels as text; empty for regression.
    features
        The columns that the model reads; none where there are only predictions.
    ask
        Returns the answers for all rows; a model is asked for each row once.
    name, kind, sha256, reading
        What the report calls the model, what it is made of, its file's fingerprint, and how its
        answers were read.
    predictor
        The model, where there is one to ask about other rows.
    """

    task: Task
    classes: tuple[str, ...]
    features: pd.DataFrame
    ask: Callable[[], Answers]
    name: str
    kind: str
    sha256: str
    reading: str
    predictor: Predictor | None = None

    @property
    def subject(self) -> dict[str, Any]:
        """What the report says of the model."""
        return {
            "name": self.name,
            "kind": self.kind,
            "task": self.task,
            "classes": list(self.classes),
            "sha256": self.sha256,
            "reading": self.reading,
        }


def asked_model(
    model: Any,
    table: TableData,
    target: str,
    *,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    allow_pickle: bool = False,
    trust: Sequence[str] = (),
    endpoint: Mapping[str, Any] | None = None,
    features: Sequence[str] | None = None,
    groups_only: Sequence[str] = (),
    images: ImageData | None = None,
) -> Answerer:
    """Return a model that will be asked for the table's rows.

    Parameters
    ----------
    model
        A model in memory, or a reference to one.
    table
        The rows.
    target
        The column of what happened.
    task, classes
        Stated where the model does not say them.
    allow_pickle, trust, endpoint
        For references; see `alignlab.predictors.load_model`.
    features
        The columns that the model reads, in its order, where it does not name them.
    groups_only
        Columns that say who people are. A model that takes fewer columns than there are, and as
        many as there are without these, is taken not to read them.
    images
        What the model reads where the rows are images; the table then only says more of them.

    Raises
    ------
    AlignlabError
        If the model cannot be opened or asked, reads a column that the table lacks, or reads the
        target.
    """
    outcomes = table.frame[target]
    predictor, assumed = _predictor(
        model,
        outcomes,
        target,
        task=task,
        classes=classes,
        allow_pickle=allow_pickle,
        trust=trust,
        endpoint=endpoint,
        named=None if images is None else images.classes,
    )
    if images is not None:
        predictor = taking_images(predictor, images.images.shape[1:])
        return _answerer(predictor, images.images, table.features, outcomes, target, assumed)
    predictor = _with_features(predictor, features)
    left = [name for name in table.features.columns if name not in groups_only]
    if predictor.features is None and predictor.width == len(left) < len(table.features.columns):
        without = [name for name in table.features.columns if name in groups_only]
        note = (
            f"the model takes {len(left)} columns, so {', '.join(without)} "
            f"{'is' if len(without) == 1 else 'are'} taken to say who people are only"
        )
        assumed = f"{assumed}; {note}" if assumed else note
        predictor = _with_features(predictor, left)
    read = table.features
    if predictor.features is not None:
        columns = predictor.columns_in(table.frame.columns)
        if target in columns:
            raise InputError(
                f"The model {predictor.name!r} reads the column {target!r}, which is the target: "
                "it would be told the answer. Name another target, or give a model without it."
            )
        for column in columns:
            require_column(table.frame, column, role=f"the model {predictor.name!r}")
        read = table.frame[columns]

    return _answerer(predictor, read, read, outcomes, target, assumed)


def _answerer(
    predictor: Predictor,
    read: Any,
    features: pd.DataFrame,
    outcomes: pd.Series[Any],
    target: str,
    assumed: str,
) -> Answerer:
    """Return a model that will be asked for what it reads."""

    def ask() -> Answers:
        answers = predictor(read)
        decisions = predictor.decide(answers)
        probabilistic = predictor.task == "classification" and predictor.probabilistic
        return Answers(happened, decisions, answers if probabilistic else None)

    happened = _outcomes(outcomes, target, predictor)
    return Answerer(
        task=predictor.task,
        classes=predictor.class_names,
        features=features,
        ask=ask,
        name=predictor.name,
        kind=predictor.kind,
        sha256=predictor.fingerprint,
        reading=assumed,
        predictor=predictor,
    )


def stored_answers(
    table: TableData,
    target: str,
    *,
    prediction: str | None,
    probability: str | Sequence[str] | Mapping[str, str] | None,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    name: str = "predictions",
    sha256: str = "",
) -> Answerer:
    """Return what a model once answered, from columns of the table.

    Parameters
    ----------
    table
        The rows, with the predictions.
    target, prediction, probability
        The columns of what happened and what the model said.
    task, classes
        Stated where the columns leave them open.
    name, sha256
        What the report calls the predictions, and their file's fingerprint.

    Raises
    ------
    InputError
        If a column cannot be read as what it is said to be.
    """
    read = read_predictions(
        table.frame,
        target=target,
        prediction=prediction,
        probability=probability,
        classes=classes,
        task=task,
    )
    return Answerer(
        task=read.task,
        classes=read.classes,
        features=table.features.drop(columns=_said(table, prediction, probability)),
        ask=lambda: Answers(read.outcomes, read.decisions, read.probabilities),
        name=name,
        kind="table of predictions",
        sha256=sha256,
        reading=read.reading,
    )


def _said(
    table: TableData,
    prediction: str | None,
    probability: str | Sequence[str] | Mapping[str, str] | None,
) -> list[str]:
    """Return the columns that hold what the model said, which describe no row."""
    said = {prediction, *probability_columns(probability)}
    return [name for name in table.features.columns if name in said]


def _predictor(
    model: Any,
    outcomes: pd.Series[Any],
    target: str,
    *,
    task: Task | None,
    classes: Sequence[str] | None,
    named: Sequence[str] | None = None,
    **opening: Any,
) -> tuple[Predictor, str]:
    """Return the model as a Predictor, and what had to be assumed of its answers."""
    if isinstance(model, str | Path):
        load = partial(load_model, str(model), **opening)
    else:
        load = partial(as_predictor, model)
    try:
        return load(task=task, classes=classes), ""
    except UnnamedClassesError:
        if classes is not None:
            raise
    # It does not say what its columns are, as a function or a module cannot: the target's classes.
    if (task or task_of(outcomes, target)) == "regression":
        return load(task="regression"), ""
    assumed: tuple[Hashable, ...] = tuple(named or sorted_classes(outcomes.unique()))
    predictor = load(task=task, classes=assumed)
    shown = ", ".join(map(repr, predictor.class_names))
    return predictor, f"the model's outputs are read as {target} = {shown}, in this order"


def _with_features(predictor: Predictor, features: Sequence[str] | None) -> Predictor:
    """Return the model, told which columns it reads; one that names its own keeps their order."""
    if features is None:
        return predictor
    if predictor.features is None:
        return replace(predictor, features=tuple(features))
    if set(predictor.features) != set(features):
        raise InputError(
            f"--features: the model {predictor.name!r} names the columns that it reads, and they "
            f"are others: {listed(predictor.features)}. Leave --features out."
        )
    return predictor


def _outcomes(outcomes: pd.Series[Any], target: str, predictor: Predictor) -> NDArray[np.generic]:
    """Return what happened, as class indices or numbers."""
    where = f"the target column {target!r}"
    if predictor.task == "classification":
        return class_positions(outcomes, predictor.classes, where=where, of_model=True)
    values = pd.to_numeric(outcomes, errors="coerce").to_numpy(float, na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"Row {row} of {where} is {outcomes.iloc[row]!r}, which is not a finite number, but "
            f"the model {predictor.name!r} predicts numbers."
        )
    return np.asarray(values)


def task_of(outcomes: pd.Series[Any], target: str) -> Task:
    """Return what the target's values are: classes or numbers.

    Text, categories and flags are classes, and so are two whole numbers; fractions and many whole
    numbers are quantities. A few whole numbers can be either, and then a person must say.

    Parameters
    ----------
    outcomes
        The target's values.
    target
        The target's column, for the error.

    Raises
    ------
    InputError
        If it cannot be seen.

    Examples
    --------
    >>> task_of(pd.Series(["no", "yes"]), "deny")
    'classification'
    >>> task_of(pd.Series([1.5, 2.0]), "price")
    'regression'
    """
    if outcomes.dtype == bool or not pd.api.types.is_numeric_dtype(outcomes):
        return "classification"
    distinct = np.unique(outcomes.to_numpy(float))
    whole = bool((distinct == np.round(distinct)).all())
    if whole and len(distinct) <= 2:
        return "classification"
    if not whole or len(distinct) > FEW_VALUES:
        return "regression"
    raise InputError(
        f"The target {target!r} holds {len(distinct)} whole numbers, from {distinct[0]:g} to "
        f"{distinct[-1]:g}: are they classes or quantities? Say --task classification or "
        "--task regression."
    )
