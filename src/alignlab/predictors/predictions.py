"""A table of predictions: what happened and what a model said, where the model cannot be moved."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest, require_choice
from alignlab.predictors.labels import class_positions, class_text, sorted_classes, unknown_labels
from alignlab.predictors.predictor import SUM_TOLERANCE, Task, rescaled

__all__ = ["PredictionTable", "probability_columns", "read_predictions"]

MOST_CLASSES = 20
"""Whole numbers with more distinct values than this are not taken for classes."""


@dataclass(frozen=True, eq=False)
class PredictionTable:
    """What happened and what a model said, row by row.

    Attributes
    ----------
    task
        "classification" or "regression".
    classes
        The classes as text, in the order of the probability columns; empty for regression.
    outcomes
        What happened: class indices (n,) or values (n,).
    decisions
        What the model decided: class indices (n,) or values (n,).
    probabilities
        Shape (n, n_classes), each row sums to one; `None` where there are decisions only.
    reading
        How the columns were read, in words.
    """

    task: Task
    classes: tuple[str, ...]
    outcomes: NDArray[Any]
    decisions: NDArray[Any]
    probabilities: NDArray[np.float64] | None
    reading: str

    def __len__(self) -> int:
        return len(self.outcomes)


def read_predictions(
    frame: pd.DataFrame,
    *,
    target: str,
    prediction: str | None = None,
    probability: str | Sequence[str] | Mapping[Any, str] | None = None,
    classes: Sequence[Hashable] | None = None,
    task: Task | None = None,
) -> PredictionTable:
    """Return what happened and what a model said, from a table's columns.

    For a model that cannot be moved: its answers are enough for every check that does not ask
    about other rows.

    Parameters
    ----------
    frame
        n rows, named in errors by their position from 0.
    target
        The column of what happened.
    prediction
        The column of what the model decided. Without one, the decision is the most probable
        class: for two classes the one with more than 0.5, the first one if both have 0.5.
    probability
        One column: the probability of the class that sorts last (1 of 0 and 1, "yes" of "no" and
        "yes"), for two classes only. Several: one a class, in the classes' order. A mapping from
        class to column leaves nothing to the order.
    classes
        All classes, in their order. By default the ones in the table, sorted: numbers by value,
        anything else by its text; `1`, `1.0` and `"1"` are one class.
    task
        "classification" or "regression". By default a table is taken for regression if target
        and prediction are numbers, the target has more than 20 distinct values and the
        predictions are not all among them.

    Returns
    -------
    PredictionTable

    Raises
    ------
    InputError
        If a column is missing, a cell is missing or not a number, probabilities do not lie
        between 0 and 1 or do not sum to 1 (row and column are named), the target has one class
        only, there is no row, or the task is ambiguous.

    Examples
    --------
    >>> frame = pd.DataFrame({"deny": ["no", "yes", "no"], "p": [0.1, 0.7, 0.6]})
    >>> table = read_predictions(frame, target="deny", probability="p")
    >>> table.reading
    "p is read as the probability of deny = 'yes'"
    >>> table.decisions
    array([0, 1, 1])
    """
    columns = probability_columns(probability)
    for name, role in [
        (target, "target"),
        *([(prediction, "prediction")] if prediction is not None else []),
        *((name, "probability") for name in columns),
    ]:
        _require_column(frame, name, role)
    if prediction is None and not columns:
        raise InputError(
            "There is nothing to hold against the target: name the column of decisions "
            "(--prediction) or of probabilities (--probability)."
        )
    if len(frame) == 0:
        raise InputError("The table of predictions has 0 rows.")
    _require_present(frame, target)
    if prediction is not None:
        _require_present(frame, prediction)
    if task is not None:
        require_choice(task, ["classification", "regression"], what="task")
    if (task or _infer_task(frame, target, prediction, columns, classes)) == "regression":
        return _read_values(frame, target, prediction, columns)
    return _read_classes(frame, target, prediction, probability, classes)


def probability_columns(
    probability: str | Sequence[str] | Mapping[Any, str] | None,
) -> list[str]:
    """Return the columns that hold probabilities, however they were named.

    Examples
    --------
    >>> probability_columns(None), probability_columns("p"), probability_columns({"yes": "p"})
    ([], ['p'], ['p'])
    """
    if probability is None:
        return []
    if isinstance(probability, str):
        return [probability]
    return list(probability.values() if isinstance(probability, Mapping) else probability)


def _require_column(frame: pd.DataFrame, name: str, role: str) -> None:
    columns = [str(column) for column in frame.columns]
    if name not in columns:
        raise InputError(
            f"There is no column {name!r} for {role}."
            f"{nearest(name, columns) or f' The table has: {listed(columns)}.'}"
        )


def _require_present(frame: pd.DataFrame, column: str) -> None:
    missing = frame[column].isna().to_numpy()
    if missing.any():
        raise InputError(
            f"Column {column!r} is missing on row {int(missing.argmax())} "
            f"({int(missing.sum())} such rows). Fill them in or leave those rows out."
        )


def _infer_task(
    frame: pd.DataFrame,
    target: str,
    prediction: str | None,
    columns: Sequence[str],
    classes: Sequence[Hashable] | None,
) -> Task:
    if columns or classes is not None or prediction is None:
        return "classification"
    outcomes, answers = frame[target], frame[prediction]
    if not (_is_number(outcomes) and _is_number(answers)):
        return "classification"
    known = outcomes.unique()
    among = bool(answers.isin(known).all())
    if len(known) <= MOST_CLASSES and among:
        return "classification"
    if len(known) > MOST_CLASSES and not among:
        return "regression"
    if len(known) == 2 and bool(answers.between(0, 1).all()):
        raise InputError(
            f"Column {prediction!r} holds numbers between 0 and 1 that are none of the target's "
            f"two classes. If they are probabilities, give them with --probability {prediction}; "
            "otherwise state the task: regression."
        )
    raise InputError(
        f"Columns {target!r} and {prediction!r} may hold classes or values: {len(known)} distinct "
        f"numbers happened, and the predictions are {'all' if among else 'not all'} among them. "
        "State the task: classification or regression."
    )


def _is_number(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _read_values(
    frame: pd.DataFrame, target: str, prediction: str | None, columns: Sequence[str]
) -> PredictionTable:
    if columns or prediction is None:
        raise InputError(
            "A regression has no probabilities: name the column of predicted values with "
            "--prediction."
        )
    return PredictionTable(
        task="regression",
        classes=(),
        outcomes=_numbers(frame, target),
        decisions=_numbers(frame, prediction),
        probabilities=None,
        reading=f"{prediction} is read as the predicted {target}",
    )


def _read_classes(
    frame: pd.DataFrame,
    target: str,
    prediction: str | None,
    probability: str | Sequence[str] | Mapping[Any, str] | None,
    classes: Sequence[Hashable] | None,
) -> PredictionTable:
    happened = frame[target].unique()
    if len({class_text(label) for label in happened}) < 2:
        raise InputError(
            f"The target {target!r} has one class only, {class_text(happened[0])!r}: nothing can "
            "be told from it. Give rows of at least two classes."
        )
    if prediction is not None:
        _require_decisions(frame, target, prediction, happened)
    extra: list[Hashable] = []
    if classes is None:
        if prediction is not None:
            extra = unknown_labels(frame[prediction].unique(), happened)
            _require_shared_labels(frame, target, prediction, happened, extra)
        found = [*happened, *extra]
        if isinstance(probability, Mapping):
            found += unknown_labels(probability, found)
        classes = sorted_classes(found)
    names = tuple(class_text(name) for name in classes)
    outcomes = class_positions(frame[target], classes, where=f"column {target!r}")
    decided_only = [class_text(label) for label in sorted_classes(extra)]
    probabilities, readings = None, []
    if probability is not None:
        origin = f"; {listed(decided_only)} only in {prediction!r}" if extra else ""
        probabilities, reading = _read_probabilities(frame, target, probability, names, origin)
        decisions = probabilities.argmax(axis=1)
        readings.append(reading)
    if prediction is not None:
        most_probable = decisions if probabilities is not None else None
        decisions = class_positions(frame[prediction], classes, where=f"column {prediction!r}")
        readings.insert(0, f"{prediction} is read as the decision on {target}")
        if extra:
            readings.append(
                f"{prediction} holds labels that never happened in {target}: {listed(decided_only)}"
            )
        if most_probable is not None:
            disagreeing = float((most_probable != decisions).mean())
            if disagreeing > 0.5:
                readings.append(_disagreement(disagreeing, prediction, probability, names))
    return PredictionTable(
        task="classification",
        classes=names,
        outcomes=outcomes,
        decisions=decisions,
        probabilities=probabilities,
        reading="; ".join(readings),
    )


def _require_decisions(
    frame: pd.DataFrame, target: str, prediction: str, happened: NDArray[Any]
) -> None:
    """Raise if the column of decisions holds fractions between 0 and 1, where classes happened."""
    said = frame[prediction]
    if not _is_number(said) or not bool(said.between(0, 1).all()):
        return
    fractions = said[said % 1 != 0].unique()[:1]
    if len(fractions) and unknown_labels(fractions, happened):
        raise InputError(
            f"{prediction!r} holds numbers between 0 and 1 and {target!r} holds classes: did you "
            f"mean --probability {prediction}?"
        )


def _require_shared_labels(
    frame: pd.DataFrame,
    target: str,
    prediction: str,
    happened: NDArray[Any],
    extra: Sequence[Hashable],
) -> None:
    """Raise if decisions and outcomes are labels of two kinds: each decision would be wrong."""
    plain = {class_text(label).strip().casefold(): class_text(label) for label in happened}
    for label in extra:
        meant = plain.get(class_text(label).strip().casefold())
        if meant is not None:
            raise InputError(
                f"{prediction!r} holds {class_text(label)!r} and {target!r} holds {meant!r}, which "
                "differ by blanks or case only. Spell them alike in both columns."
            )
    if len(extra) == len(unknown_labels(frame[prediction].unique(), ())):
        raise InputError(
            f"No decision in {prediction!r} ({_labels(extra)}) is an outcome of {target!r} "
            f"({_labels(happened)}). Name the column of decisions, or map its values."
        )


def _labels(labels: Iterable[Hashable]) -> str:
    return listed(class_text(label) for label in sorted_classes(labels))


def _disagreement(
    share: float,
    prediction: str,
    probability: str | Sequence[str] | Mapping[Any, str] | None,
    names: tuple[str, ...],
) -> str:
    columns = probability_columns(probability)
    found = f"{listed(columns)} disagrees with {prediction} on {share:.0%} of rows"
    found = found.replace("%", " %")
    if len(columns) > 1:
        return f"{found.replace('disagrees', 'disagree')}: check which column is which class's"
    mapped = isinstance(probability, Mapping)
    told = class_text(next(iter(probability))) if mapped else names[-1]  # type: ignore[arg-type]
    other = next(name for name in names if name != told)
    return (
        f"{found}: if it is the probability of {other!r}, say --probability '{other}={columns[0]}'"
    )


def _read_probabilities(
    frame: pd.DataFrame,
    target: str,
    probability: str | Sequence[str] | Mapping[Any, str],
    names: tuple[str, ...],
    origin: str,
) -> tuple[NDArray[np.float64], str]:
    """Return probabilities (n, n_classes) and how the columns were read."""
    columns = probability_columns(probability)
    if isinstance(probability, Mapping):
        positions = class_positions(list(probability), names, where="the probability columns")
    elif len(columns) == 1:
        positions = np.array([len(names) - 1])
    else:
        positions = np.arange(len(columns))
    if len(columns) != len(names) and (len(columns) != 1 or len(names) != 2):
        raise InputError(
            f"There {'is 1 column' if len(columns) == 1 else f'are {len(columns)} columns'} of "
            f"probabilities ({listed(columns)}) for {len(names)} classes of {target!r} "
            f"({listed(names)}{origin}). Give one column a class, in this order, or state all "
            "classes."
        )
    numbers = np.column_stack([_numbers(frame, column) for column in columns])
    outside = (numbers < -SUM_TOLERANCE) | (numbers > 1 + SUM_TOLERANCE)
    if outside.any():
        row, at = np.argwhere(outside)[0]
        raise InputError(
            f"Column {columns[at]!r} is {numbers[row, at]:.6g} on row {row}: a probability lies "
            "between 0 and 1."
        )
    of = [f"{target} = {names[position]!r}" for position in positions]
    if len(columns) == 1:
        second = np.clip(numbers[:, 0], 0, 1)
        pair = np.column_stack([1 - second, second])
        in_order = pair if positions[0] == 1 else pair[:, ::-1].copy()
        return in_order, f"{columns[0]} is read as the probability of {of[0]}"
    totals = numbers.sum(axis=1)
    off = np.abs(totals - 1) > SUM_TOLERANCE
    if off.any():
        row = int(off.argmax())
        raise InputError(
            f"The probabilities in {listed(columns)} sum to {totals[row]:.6g} on row {row} "
            f"({int(off.sum())} such rows): they must sum to 1."
        )
    probabilities = np.empty_like(numbers)
    probabilities[:, positions] = np.clip(numbers, 0, 1)
    return rescaled(
        probabilities
    ), f"{listed(columns)} are read as the probabilities of {listed(of)}"


def _numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column as finite numbers, or say on which row it is none."""
    values = frame[column]
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = int(bad.argmax())
        shown = "missing" if pd.isna(values.iloc[row]) else repr(str(values.iloc[row]))
        raise InputError(
            f"Column {column!r} is {shown} on row {row} ({int(bad.sum())} such rows), where a "
            "number is needed."
        )
    return numbers
