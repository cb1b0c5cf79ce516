"""A model's answers to changed rows, where it may refuse: an error in its place is a result too.

A model that raises on one row of a batch raises on the whole batch, and finding the row by halving
costs evaluations. So one row a changed column is asked for first; only where the model refuses
that handful, or fails on the rest all the same, is each column's change tried by itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import ModelError
from alignlab.predictors import Predictor
from alignlab.robustness.corruption.changed_rows import ChangedRows

__all__ = ["AnswersAndRefusals", "answers_or_words", "ask_or_note_refusals"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

WORDS = 160
"""A refusal's first sentence is quoted, up to this many characters."""


@dataclass(frozen=True, eq=False)
class AnswersAndRefusals:
    """The model's answers to one kind's changed rows, and where it refused.

    Attributes
    ----------
    changed
        The changed rows.
    at
        Positions in `changed` of the rows that were answered.
    answers
        The model's answers to those.
    refusals
        The model's words by column; "" stands for a change of the whole row.
    refused
        How many changed rows it refused, by column.
    """

    changed: ChangedRows
    at: Rows
    answers: Floats
    refusals: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)


def ask_or_note_refusals(
    predictor: Predictor, X: pd.DataFrame, changed: ChangedRows
) -> AnswersAndRefusals:
    """Ask the model about changed rows, and find out cheaply which columns' changes it refuses.

    Parameters
    ----------
    predictor
        The model.
    X
        The table before the change.
    changed
        Its changed rows.
    """
    everything = np.arange(len(changed.rows))
    columns = _columns(changed)
    _, first = np.unique(columns, return_index=True)
    answers, _ = answers_or_words(predictor, changed.frame.take(first))
    if answers is not None:
        answers, _ = answers_or_words(predictor, changed.frame)
    if answers is not None:
        return AnswersAndRefusals(changed, everything, answers)
    # The shape of an answer, for a model that gives none.
    at, parts = [everything[:0]], [predictor(changed.frame.iloc[:0])]
    refusals, refused = {}, {}
    for name in sorted(columns[first], key=[*map(str, X.columns), ""].index):
        mine = np.flatnonzero(columns == name)
        rows = _changed_alone(X, changed, mine)
        answers, words = answers_or_words(predictor, rows.iloc[:1])
        if answers is not None:
            answers, words = answers_or_words(predictor, rows)
        if answers is None:
            refusals[name], refused[name] = words, len(mine)
        else:
            at.append(mine)
            parts.append(answers)
    return AnswersAndRefusals(changed, np.concatenate(at), np.concatenate(parts), refusals, refused)


def _columns(changed: ChangedRows) -> NDArray[np.object_]:
    if changed.columns is None:
        return np.full(len(changed.rows), "", dtype=object)
    return changed.columns.astype(str).astype(object)


def _changed_alone(X: pd.DataFrame, changed: ChangedRows, mine: Rows) -> pd.DataFrame:
    """Return rows whose other columns are as they were: changes there may have changed a dtype."""
    rows = changed.frame.take(mine)
    if changed.columns is None:
        return rows
    name = changed.columns[mine[0]]
    alone = X.take(changed.rows[mine]).set_axis(rows.index)
    alone[name] = rows[name]
    return alone


def answers_or_words(predictor: Predictor, rows: pd.DataFrame) -> tuple[Floats | None, str]:
    """Return the model's answers, or `None` and its words."""
    with warnings.catch_warnings():
        # The rows are odd on purpose: a model that says so is not news.
        warnings.simplefilter("ignore")
        try:
            return predictor(rows), ""
        except ModelError as error:
            said = error.__cause__
            words = str(error) if said is None else f"{type(said).__name__}: {said}"
            return None, _first_sentence(words)


def _first_sentence(words: str) -> str:
    first, end, _ = " ".join(words.split()).partition(". ")
    whole = first + end.rstrip()
    return whole if len(whole) <= WORDS else whole[: WORDS - 1] + "…"
