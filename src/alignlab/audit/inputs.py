"""From what a person gave to what the checks are given: every statement is checked here, once.

The order matters: whatever can be wrong in the table, the columns, the groups, the favourable
outcome or the utilities is said before the model is asked for its first row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.audit.answers import Answerer, asked_model, stored_answers
from alignlab.audit.context import AuditContext
from alignlab.audit.images import described, images_given, size_in_words
from alignlab.audit.reference import read_reference
from alignlab.audit.reviewed import read_review
from alignlab.datasets import (
    ImageData,
    TableData,
    grouping,
    parse_groups,
    read_table,
    require_column,
)
from alignlab.errors import InputError, listed, nearest, require_choice
from alignlab.files import sha256_of_file
from alignlab.intervals import critical_value
from alignlab.predictors import Task, class_positions, class_text, probability_columns
from alignlab.random import as_generator

__all__ = ["Request", "Study", "read_study", "stated_utilities"]


@dataclass(frozen=True, eq=False)
class Study:
    """What the checks are given, and what the report says of it.

    Attributes
    ----------
    context
        For the checks.
    model, data
        What was audited, as plain values.
    asked_before
        The rows that the model had been asked for before this audit.
    """

    context: AuditContext
    model: dict[str, Any]
    data: dict[str, Any]
    asked_before: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """What a person asked for, as they said it; see `alignlab.audit` for the fields."""

    model: Any = None
    data: Any = None
    predictions: Any = None
    target: str | None = None
    prediction: str | None = None
    probability: str | Sequence[str] | Mapping[str, str] | None = None
    groups: str | Sequence[str] = ()
    favourable: Any = None
    weights: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    utilities: Mapping[str, Any] | None = None
    checks: Sequence[str] | None = None
    seed: int = 0
    control: str | None = None
    classes: Sequence[str] | None = None
    task: str | None = None
    asking_cost: float | None = None
    level: float = 0.95
    allow_pickle: bool = False
    trust: Sequence[str] = ()
    endpoint: Mapping[str, Any] | None = None
    features: str | Sequence[str] | None = None
    rows: bool = True
    reference: Any = None
    review: Any = None


def read_study(request: Request, *, favourable_needed_by: Sequence[str] = ()) -> Study:
    """Check what was given and ask the model once.

    Parameters
    ----------
    request
        What the person asked for.
    favourable_needed_by
        The chosen checks that compare groups on the favourable outcome.

    Raises
    ------
    AlignlabError
        If something cannot be used; one line says what, where and what to do.
    """
    _require_settings(request)
    _require_one_of(request.model, request.predictions, request.data)
    images = images_given(request.data)
    table = _table(request, images)
    target = _target(table)
    weights = table.weight_values
    _refuse_answers_as_groups(request, target, table.groups)
    _refuse_split_names(table)
    groupings = tuple(grouping(table.frame, name) for name in table.groups)
    control = None if request.control is None else grouping(table.frame, request.control)
    answerer = _answerer(request, table, target, images)
    # Nobody receives an image's class, so that none of them need be favourable.
    needed_by = favourable_needed_by if groupings and images is None else ()
    favourable = _favourable(table.favourable, answerer, target, needed_by=needed_by)
    utilities, asking_cost = stated_utilities(
        request.utilities, request.asking_cost, answerer.classes
    )
    reference = read_reference(request.reference, features=answerer.features, images=images)
    review = read_review(request.review)
    predictor = answerer.predictor
    asked_before = 0 if predictor is None else predictor.rows_evaluated
    answers = answerer.ask()
    context = AuditContext(
        task=answerer.task,
        classes=answerer.classes,
        frame=table.frame,
        features=answerer.features,
        predictor=predictor,
        outcomes=answers.outcomes,
        decisions=answers.decisions,
        probabilities=answers.probabilities,
        groupings=groupings,
        control=control,
        favourable=favourable,
        weights=weights,
        utilities=utilities,
        asking_cost=asking_cost,
        limits=dict(request.limits),
        level=request.level,
        seed=request.seed,
        images=images,
        reference=reference,
        review=review,
    )
    given = request.predictions if request.data is None else request.data
    about_data: dict[str, Any] = {
        "name": table.name,
        "rows": len(table.frame),
        "target": target,
        "groups": list(table.groups),
        "favourable": context.favourable_label or None,
        "weights": table.weights,
        "control": request.control,
        "sha256": _fingerprint(given, table.frame, images),
    }
    if images is not None:
        about_data["images"] = size_in_words(images)
    if reference is not None:
        about_data["reference"] = _name_of(request.reference)
        about_data["reference_rows"] = len(reference)
    if review is not None:
        about_data["review"] = _name_of(request.review)
        about_data["review_answers"] = len(review)
    return Study(context, answerer.subject, about_data, asked_before)


TASKS: tuple[Task, ...] = ("classification", "regression")


def _answerer(
    request: Request, table: TableData, target: str, images: ImageData | None
) -> Answerer:
    task = next((task for task in TASKS if task == request.task), None)
    features = request.features
    if isinstance(features, str):
        features = [name.strip() for name in features.split(",")]
    if request.model is None:
        if features is not None:
            raise InputError(
                "--features names the columns that a model reads, and there are only predictions. "
                "Leave it out."
            )
        return stored_answers(
            table,
            target,
            prediction=request.prediction,
            probability=request.probability,
            task=task,
            classes=request.classes,
            name=_name_of(request.predictions),
            sha256=_fingerprint(request.predictions, table.frame),
        )
    if images is not None and features is not None:
        raise InputError(
            "--features names the columns of a table that a model reads, and these rows are "
            "images. Leave it out."
        )
    for option in ("prediction", "probability"):
        if getattr(request, option) is not None:
            raise InputError(
                f"--{option} names a column of predictions, but a model was given, which is asked "
                f"itself. Leave --{option} out, or give --predictions instead of --model."
            )
    return asked_model(
        request.model,
        table,
        target,
        task=task,
        classes=request.classes,
        allow_pickle=request.allow_pickle,
        trust=request.trust,
        endpoint=request.endpoint,
        features=features,
        images=images,
        groups_only=[
            column
            for name in [*table.groups, *([] if request.control is None else [request.control])]
            for column in name.split("*")
        ],
    )


def _require_one_of(model: Any, predictions: Any, data: Any) -> None:
    if (model is None) == (predictions is None):
        given = "Both a model and predictions were" if model is not None else "Neither was"
        raise InputError(
            f"{given} given: give either a model (--model) or its predictions (--predictions)."
        )
    if model is not None and data is None:
        raise InputError("A model needs rows to be asked about: give them with --data FILE.")


def _require_settings(request: Request) -> None:
    critical_value(request.level)  # refuses a level outside (0, 1)
    as_generator(request.seed)
    if request.task is not None:
        require_choice(request.task, TASKS, what="task")


def _table(request: Request, images: ImageData | None) -> TableData:
    """Return the rows under the stated roles; predictions are put beside the data."""
    given = request.predictions if request.data is None else request.data
    name = _name_of(given)
    if images is not None:
        known = described(images)
    else:
        known = given if isinstance(given, TableData) else TableData(_frame(given), name=name)
    frame = known.frame
    if request.data is not None and request.predictions is not None:
        others = _frame(request.predictions)
        frame = _side_by_side(frame, others, name, _name_of(request.predictions))
    if len(frame) == 0:
        raise InputError(f"{name} has no rows, so there is nothing to audit.")
    stated = {
        "target": request.target,
        "groups": parse_groups(request.groups) or None,
        "weights": request.weights,
        "favourable": request.favourable,
    }
    roles: dict[str, Any] = {role: value for role, value in stated.items() if value is not None}
    return replace(known, frame=frame.reset_index(drop=True), **roles)


def _target(table: TableData) -> str:
    """Return the target's column, which holds at least two values and is never missing."""
    columns = listed(table.frame.columns)
    if table.target is None:
        raise InputError(
            f"Name the column that holds what happened with --target. Columns: {columns}."
        )
    target = require_column(table.frame, table.target, role="--target")
    outcomes = table.frame[target]
    missing = outcomes.isna().to_numpy()
    if missing.any():
        raise InputError(
            f"Row {int(missing.argmax())} of {table.name} has no value in the target column "
            f"{target!r} ({int(missing.sum())} such rows). Fill them in or remove these rows."
        )
    if outcomes.nunique() == 1:
        raise InputError(
            f"All {len(outcomes)} rows of {table.name} have the same target, "
            f"{target} = {class_text(outcomes.iloc[0])!r}: nothing can be measured. Give rows "
            "with at least two different outcomes."
        )
    return target


def _frame(given: Any) -> pd.DataFrame:
    return given.frame if isinstance(given, TableData) else read_table(given)


def _side_by_side(
    data: pd.DataFrame, predictions: pd.DataFrame, data_name: str, predictions_name: str
) -> pd.DataFrame:
    if len(data) != len(predictions):
        raise InputError(
            f"{data_name} has {len(data)} rows and {predictions_name} {len(predictions)}: "
            "they must be the same rows in the same order."
        )
    predictions = predictions.reset_index(drop=True)
    data = data.reset_index(drop=True)
    for column in data.columns.intersection(predictions.columns):
        same = (data[column] == predictions[column]) | (
            data[column].isna() & predictions[column].isna()
        )
        if not same.all():
            raise InputError(
                f"The column {column!r} is in both {data_name} and {predictions_name}, and differs "
                f"first in row {int((~same).to_numpy().argmax())}: are these the same rows in the "
                "same order?"
            )
    return data.join(predictions[predictions.columns.difference(data.columns, sort=False)])


def _refuse_split_names(table: TableData) -> None:
    """Raise where a column's own comma or star was read as one between columns."""
    present = [str(column) for column in table.frame.columns]
    for name in table.groups:
        pieces = [piece for piece in name.split("*") if piece not in present]
        for column in present:
            if "*" in column and (name == column.rstrip("*") + "*" or name == column):
                raise InputError(
                    f"The group {name!r} is read as an intersection, because of its *. Rename the "
                    f"column {column!r}."
                )
            if "," in column and set(pieces) & {part.strip() for part in column.split(",")}:
                raise InputError(
                    f"There is no column {pieces[0]!r} for groups: a comma parts names. Name the "
                    f'column in the TOML file: groups = ["{column}"].'
                )


def _refuse_answers_as_groups(request: Request, target: str, groups: Sequence[str]) -> None:
    prediction, probability, control = request.prediction, request.probability, request.control
    roles = {target: "the target"}
    roles |= dict.fromkeys(probability_columns(probability), "a probability")
    roles |= {prediction: "the prediction"} if prediction is not None else {}
    if prediction == target:
        raise InputError(
            f"The column {target!r} is both the target and the prediction: "
            "name what happened with --target and what the model said with --prediction."
        )
    if target in probability_columns(probability):
        raise InputError(f"The column {target!r} is both the target and a probability.")
    within = set() if control is None else set(control.split("*"))
    for name in groups:
        if set(name.split("*")) <= within:
            raise InputError(
                f"The group {name!r} is compared within the levels of {control!r} (--control), "
                "where it does not vary. Name another column in one of them."
            )
    for name in [*groups, *([control] if control is not None else [])]:
        for column in name.split("*"):
            if column in roles:
                raise InputError(
                    f"The group {name!r} uses the column {column!r}, which is {roles[column]}: "
                    "groups are who people are, not what happened to them. Name other columns "
                    "with --groups."
                )


def _favourable(
    stated: Any, answerer: Answerer, target: str, *, needed_by: Sequence[str]
) -> int | None:
    """Return the index of the class that the person called favourable; never a guess."""
    allowed = listed(map(repr, answerer.classes))
    if answerer.task == "regression":
        if stated is not None:
            raise InputError(
                f"favourable={class_text(stated)!r} names an outcome, but {target!r} is a number. "
                "Leave --favourable out, or name a target with classes."
            )
        return None
    if stated is None:
        if needed_by:
            more = f" and {len(needed_by) - 1} more checks" if len(needed_by) > 1 else ""
            raise InputError(
                f"Say which {target} is good for the person it is about, with --favourable VALUE: "
                f"one of {allowed}. {needed_by[0]}{more} cannot be judged without it."
            )
        return None
    try:
        return int(class_positions([stated], answerer.classes)[0])
    except InputError:
        given = class_text(stated)
        flag = given.capitalize()
        if flag in ("True", "False") and flag in answerer.classes:  # as TOML and others spell it
            return answerer.classes.index(flag)
        meant = nearest(given, answerer.classes) or f" It is one of {allowed}."
        raise InputError(f"favourable={given!r} is not an outcome of {target!r}.{meant}") from None


ASK = "ask"
"""The key of what asking a person costs, beside the decisions."""


def stated_utilities(
    stated: Mapping[str, Any] | None, asking_cost: float | None, classes: tuple[str, ...]
) -> tuple[NDArray[np.float64] | None, float | None]:
    """Return utilities (decision, outcome) and the cost of asking a person.

    Parameters
    ----------
    stated
        Decision to outcome to value, and "ask", the cost of asking.
    asking_cost
        The same cost, where it is stated by itself.
    classes
        What can be decided and happen; empty in regression.

    Raises
    ------
    InputError
        If a class is unknown or left out, or a value is no number.
    """
    stated = dict(stated or {})
    if not isinstance(stated.get(ASK, {}), Mapping):  # a class may be called so, and has a table
        asking_cost = stated.pop(ASK)
    if asking_cost is not None and _number(asking_cost, "utilities.ask") < 0:
        raise InputError(f"utilities.ask = {asking_cost:g}: asking a person costs nothing or more.")
    if not stated:
        return None, asking_cost
    if not classes:
        raise InputError("utilities are stated per class, but the target is a number.")
    matrix = np.full((len(classes), len(classes)), np.nan)
    for decision, row in stated.items():
        chosen = _class_in(decision, classes, "utilities")
        if not isinstance(row, Mapping):
            raise InputError(
                f"utilities.{decision} = {row!r} is not a table: give a value for each outcome, "
                f"such as utilities.{decision}.{classes[0]} = 1."
            )
        for outcome, value in row.items():
            happened = _class_in(outcome, classes, f"utilities.{decision}")
            matrix[chosen, happened] = _number(value, f"utilities.{decision}.{outcome}")
    absent = np.argwhere(np.isnan(matrix))
    if len(absent):
        decision, outcome = (classes[at] for at in absent[0])
        raise InputError(
            f"utilities.{decision}.{outcome} is not stated: what is it worth to decide "
            f"{decision!r} when {outcome!r} is true? ({len(absent)} of {matrix.size} are not.)"
        )
    return matrix, asking_cost


def _class_in(given: Any, classes: tuple[str, ...], where: str) -> int:
    try:
        return int(class_positions([given], classes)[0])
    except InputError:
        meant = nearest(class_text(given), classes) or f" They are {listed(map(repr, classes))}."
        raise InputError(
            f"{where}.{given}: {class_text(given)!r} is not a class of the target.{meant}"
        ) from None


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InputError(f"{what} is {value!r}, which is not a number.")
    if not np.isfinite(value):
        raise InputError(f"{what} is {value!r}, which is not finite.")
    return float(value)


def _name_of(given: Any) -> str:
    """Return what the report calls a table: a file's name without its directory."""
    if isinstance(given, TableData | ImageData):
        return given.name
    return Path(given).name if isinstance(given, str | Path) else "the table"


def _fingerprint(given: Any, frame: pd.DataFrame, images: ImageData | None = None) -> str:
    """Return the SHA-256 of the file, or of the values where there is no file."""
    if isinstance(given, str | Path) and Path(given).is_file():
        return sha256_of_file(Path(given))
    seen = hashlib.sha256()
    if images is not None:
        seen.update(f"{images.images.shape}\n".encode() + images.images.astype("<f4").tobytes())
    for column in frame.columns:
        values = frame[column]
        seen.update(f"{column}\n{values.dtype}\n".encode())
        if values.dtype == object:  # may hold what cannot be hashed, such as lists
            values = values.map(repr)
        seen.update(pd.util.hash_pandas_object(values, index=False).to_numpy("<u8").tobytes())
    return seen.hexdigest()
