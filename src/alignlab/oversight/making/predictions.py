"""What a model answered, from columns of a table, of cases whose outcome nobody knows yet."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import require_column
from alignlab.errors import InputError, listed
from alignlab.oversight.making.advised import SUM_TOLERANCE, positions_of
from alignlab.predictors import class_positions, class_text, probability_columns
from alignlab.predictors.labels import sorted_classes

__all__ = ["Predicted", "predicted_answers"]


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model answered.

    Attributes
    ----------
    classes
        Their names, in the order of the probabilities.
    decisions
        Positions in `classes`, shape (n,).
    probabilities
        Shape (n, n_classes); `None` where there are decisions only.
    columns
        The columns that this was read from, which describe no case.
    """

    classes: tuple[str, ...]
    decisions: NDArray[np.intp]
    probabilities: NDArray[np.float64] | None
    columns: tuple[str, ...]


def predicted_answers(
    frame: pd.DataFrame,
    *,
    prediction: str | None = None,
    probability: str | Sequence[str] | Mapping[str, str] | None = None,
    classes: Sequence[Hashable] | None = None,
) -> Predicted:
    """Read a model's answers from a table that need not say what happened.

    Where the table does say it, `predictors.read_predictions` reads both and checks one against
    the other.

    Parameters
    ----------
    frame
        n rows.
    prediction
        The column of decisions; without one, the most probable class.
    probability
        One column (of the class that sorts last, for two classes), one a class in their order, or
        a mapping from class to column.
    classes
        All classes in order; by default those of the mapping or of the decisions, sorted.

    Raises
    ------
    InputError
        If a column is missing or is not what it is said to be, or the classes cannot be seen.

    Examples
    --------
    >>> frame = pd.DataFrame({"deny": ["no", "yes"], "p": [0.2, 0.7]})
    >>> found = predicted_answers(frame, prediction="deny", probability="p")
    >>> found.classes, found.probabilities.round(1).tolist()
    (('no', 'yes'), [[0.8, 0.2], [0.3, 0.7]])
    """
    columns = probability_columns(probability)
    roles = [(name, "the probabilities") for name in columns]
    if prediction is not None:
        roles.append((prediction, "the decisions"))
    if not roles:
        raise InputError("Name the column of decisions or those of probabilities.")
    for name, role in roles:
        require_column(frame, name, role=role)
    if len(frame) == 0:
        raise InputError("The table of predictions has 0 rows.")
    names = _classes(frame, prediction, probability, classes)
    said = None if not columns else _probabilities(frame, columns, probability, names)
    if prediction is not None:
        values = frame[prediction]
        if values.isna().any():
            row = int(values.isna().to_numpy().argmax())
            raise InputError(f"Column {prediction!r} is missing on row {row}.")
        decisions = positions_of(values, names, len(frame), f"column {prediction!r}")
    else:
        assert said is not None
        decisions = said.argmax(axis=1)
    return Predicted(names, decisions, said, tuple(dict.fromkeys(name for name, _ in roles)))


def _classes(
    frame: pd.DataFrame,
    prediction: str | None,
    probability: str | Sequence[str] | Mapping[str, str] | None,
    stated: Sequence[Hashable] | None,
) -> tuple[str, ...]:
    if stated is None and isinstance(probability, Mapping) and len(probability) > 1:
        stated = sorted_classes(probability)
    if stated is None and prediction is not None:
        stated = sorted_classes(frame[prediction].dropna().unique())
    names = tuple(class_text(name) for name in stated or ())
    if len(names) < 2:
        seen = f" Only {names[0]!r} is decided here." if names else ""
        raise InputError(
            f"The classes cannot be seen.{seen} Name all of them, such as --classes no,yes, or say "
            "which probability is whose: --probability no=COL,yes=COL."
        )
    return names


def _probabilities(
    frame: pd.DataFrame,
    columns: Sequence[str],
    probability: str | Sequence[str] | Mapping[str, str] | None,
    names: tuple[str, ...],
) -> NDArray[np.float64]:
    if isinstance(probability, Mapping):
        at = class_positions(list(probability), names, where="the probability columns")
    elif len(columns) == 1:
        at = np.array([len(names) - 1])
    else:
        at = np.arange(len(columns))
    if len(columns) != len(names) and (len(columns) != 1 or len(names) != 2):
        raise InputError(
            f"There are {len(columns)} columns of probabilities ({listed(columns)}) for "
            f"{len(names)} classes ({listed(names)}): give one a class."
        )
    numbers = np.column_stack(
        [pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan)
         for name in columns]
    )  # fmt: skip
    bad = ~((numbers >= 0) & (numbers <= 1))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InputError(
            f"Column {columns[column]!r} is {_shown(frame[columns[column]], row)} on row {row}: a "
            "probability lies between 0 and 1."
        )
    said = np.empty((len(frame), len(names)))
    said[:, at] = numbers
    if len(columns) == 1:
        said[:, 1 - at[0]] = 1 - numbers[:, 0]
    off = np.abs(said.sum(axis=1) - 1) > SUM_TOLERANCE
    if off.any():
        row = int(off.argmax())
        raise InputError(
            f"The probabilities in {listed(columns)} sum to {said[row].sum():.6g} on row {row}: "
            "they must sum to 1."
        )
    return np.asarray(said / said.sum(axis=1, keepdims=True))


def _shown(column: pd.Series[Any], row: int) -> str:
    value = column.tolist()[row]
    return "missing" if pd.isna(value) else repr(value)
