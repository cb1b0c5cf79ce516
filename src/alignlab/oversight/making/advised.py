"""What a model said of n cases, checked once: its decisions, how sure it was, what can be decided.

Answers are probabilities (n, n_classes), of which the most probable class is the advice, or one
decision a case. A model's own rule of deciding wins over the most probable class.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.oversight.items import Advice
from alignlab.predictors import class_positions, class_text
from alignlab.predictors.labels import unknown_labels

__all__ = ["Advised", "advised", "positions_of"]

SUM_TOLERANCE = 1e-3
"""A file's rounded probabilities may miss 1 by so much."""


@dataclass(frozen=True, eq=False)
class Advised:
    """What a model said of n cases.

    Attributes
    ----------
    classes
        The names of the classes, in the model's order.
    choices
        What people read instead, in the same order.
    decisions
        Positions in `classes`, shape (n,); `None` where no model was asked.
    confidences
        The probability of each decision, shape (n,); `None` where there are none.
    """

    classes: tuple[str, ...]
    choices: tuple[str, ...]
    decisions: NDArray[np.intp] | None
    confidences: NDArray[np.float64] | None

    def advice(self, at: int) -> Advice | None:
        """Return the advice on one case."""
        if self.decisions is None:
            return None
        sure = None if self.confidences is None else round(float(self.confidences[at]), 12)
        return Advice(self.choices[self.decisions[at]], sure)


def advised(
    answers: Any,
    classes: Sequence[Hashable],
    n: int,
    *,
    decisions: Any = None,
    labels: Mapping[str, str] | None = None,
) -> Advised:
    """Return what a model said, or raise where it cannot be that.

    Parameters
    ----------
    answers
        Probabilities, shape (n, n_classes), or n decisions, or `None`.
    classes
        All classes, in the order of the probabilities.
    n
        How many cases there are.
    decisions
        What was decided, where that is not the most probable class, shape (n,).
    labels
        What classes are called, by their names.

    Raises
    ------
    InputError
        If shapes do not fit, a row does not hold probabilities, or two classes are called alike.
    """
    names = tuple(class_text(name) for name in classes)
    choices = tuple(str((labels or {}).get(name, name)) for name in names)
    if len(names) < 2:
        raise InputError(
            f"There is {len(names)} class ({listed(names)}), and a person decides between two or "
            "more. Name all classes."
        )
    for what, texts in (("classes", names), ("labels of classes", choices)):
        if len(set(texts)) < len(texts):
            twice = next(each for each in texts if texts.count(each) > 1)
            raise InputError(f"Two of the {what} are {twice!r}. Name them apart.")
    if answers is None and decisions is None:
        return Advised(names, choices, None, None)
    if answers is None or np.ndim(answers) < 2:
        stated = answers if decisions is None else decisions
        return Advised(names, choices, positions_of(stated, names, n, "answers"), None)
    said = _probabilities(answers, len(names), n)
    chosen = (
        said.argmax(axis=1) if decisions is None else positions_of(decisions, names, n, "decisions")
    )
    return Advised(names, choices, chosen, said[np.arange(n), chosen])


def positions_of(given: Any, classes: Sequence[str], n: int, what: str) -> NDArray[np.intp]:
    """Return n labels as positions in the classes; -1 where one is missing.

    Raises
    ------
    InputError
        If there are not n of them, or one is no class.
    """
    values = pd.Series(list(given), dtype=object)
    if len(values) != n:
        raise InputError(f"{what} has {len(values):,} entries, and there are {n:,} cases.")
    known = values.notna().to_numpy() & (values.astype(str) != "").to_numpy()
    found = np.full(n, -1, dtype=np.intp)
    if known.any():
        try:
            found[known] = class_positions(values[known], classes, where=what)
        except InputError:
            # Says the row of all rows, not of the known ones.
            for at in np.flatnonzero(known).tolist():
                _one(values.iloc[at], classes, at, what)
            raise
    if what in ("answers", "decisions") and not known.all():
        row = int(np.argmin(known))
        raise InputError(f"Row {row} of {what} is missing: a model decides every case or none.")
    return found


def _one(value: Any, classes: Sequence[str], row: int, what: str) -> None:
    if unknown_labels([value], classes):
        text = class_text(value)
        raise InputError(
            f"Row {row} of {what} has {text!r}, which is none of the classes "
            f"{listed(map(repr, classes))}.{nearest(text, classes)}"
        )


def _probabilities(given: Any, n_classes: int, n: int) -> NDArray[np.float64]:
    try:
        said = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("answers hold what is no number. Give probabilities.") from error
    if said.shape != (n, n_classes):
        raise InputError(
            f"answers have the shape {said.shape}, and {(n, n_classes)} is needed: a probability "
            "for each class of each case."
        )
    fine = np.isfinite(said).all(axis=1) & (said >= 0).all(axis=1)
    fine &= np.abs(said.sum(axis=1) - 1) <= SUM_TOLERANCE
    if not fine.all():
        raise InputError(
            f"Row {int(np.argmin(fine))} of answers does not hold probabilities that sum to 1."
        )
    return np.asarray(said / said.sum(axis=1, keepdims=True))
