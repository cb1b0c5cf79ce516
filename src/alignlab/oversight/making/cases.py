"""Cases to decide, from rows of a table, texts or images, with what a model says of each.

An item holds everything about its case: what is shown, the model's advice and the card that
explains it, what an answer is worth, and what happened where that is known. What happened is for
the statistics and never shown, so that a card that tells it, and a shown column that is it, are
refused: a reviewer who can read the answer is not measured.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets import ImageData, require_column
from alignlab.errors import InputError, nearest
from alignlab.oversight.items import Item, Plain
from alignlab.oversight.making.advised import Advised, advised, positions_of
from alignlab.oversight.making.balance import advice_strata
from alignlab.oversight.making.pictures import media_name
from alignlab.wording import called, cell

__all__ = ["case_items"]


def case_items(
    cases: pd.DataFrame | Sequence[str] | ImageData,
    answers: Any,
    classes: Sequence[Hashable],
    *,
    decisions: Any = None,
    rows: ArrayLike | None = None,
    columns: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    key: str | Sequence[Any] | None = None,
    called_case: str = "Case",
    worth: ArrayLike | None = None,
    cards: Mapping[int, Plain] | None = None,
    truth: Any = None,
    gold: Any = None,
    group: Any = None,
    stratum: Sequence[str] | NDArray[Any] | None = None,
    wanted: int | None = None,
    name: str = "the data",
) -> tuple[Item, ...]:
    """Return an item for each case that people are to decide.

    Use it where a model's decisions are to be looked at by people, or where there are no decisions
    yet and people take them. It makes items and keeps nothing; `Review.create` does that.

    Parameters
    ----------
    cases
        n rows of a table, n texts, or n images (`image_media` gives their files).
    answers
        The model's: probabilities, shape (n, n_classes), or n decisions, or `None` where no model
        was asked.
    classes
        All classes, in the order of the probabilities; what can be decided.
    decisions
        The model's decisions (n,), where they are not the most probable classes.
    rows
        Positions of the cases to make items of, or a mask; `None` takes all.
    columns
        Of a table: those shown, in this order; `None` shows all.
    labels
        What columns, classes and the outcome are called, by their names; the same as for a card.
        The classes that stand behind the choices are in each item's `source`.
    key
        What names a case: a column of the table, or n values; `None` takes the row's position.
    called_case
        What a case is called in its heading, such as "Application".
    worth
        What an answer is worth, shape (n,), see `worth_of`; `None` counts all alike.
    cards
        Explanation cards (`ExplanationCard.to_dict()`) by the row's position.
    truth
        What happened, shape (n,); missing where nobody knows.
    gold
        The right answer of cases planted to see who looks, shape (n,), missing elsewhere; or a
        mapping from key to answer.
    group
        The slice of each case, shape (n,).
    stratum
        What arms are balanced in, shape (n,); `None` takes whether the advice is right and what
        happened, or the advice where nobody knows.
    wanted
        How many people are to answer each; `None` for the review's overlap.
    name
        What the data are called, kept in each item's `source`.

    Raises
    ------
    InputError
        If sizes do not fit, two cases have one key, a label is nobody's, or what happened would be
        shown.

    Examples
    --------
    >>> table = pd.DataFrame({"loan_to_value": [0.8, 0.95], "self_employed": ["no", "yes"]})
    >>> first, second = case_items(table, [[0.9, 0.1], [0.4, 0.6]], ["no", "yes"],
    ...     labels={"yes": "deny", "no": "approve"}, truth=["no", "no"])
    >>> second.content["cells"], second.choices
    ([['loan to value', '0.95'], ['self employed', 'yes']], ('approve', 'deny'))
    >>> second.advice, second.stratum
    (Advice(decision='deny', confidence=0.6), 'advice wrong, truth approve')
    """
    n = len(cases)
    labels = dict(labels or {})
    said = advised(answers, classes, n, decisions=decisions, labels=labels)
    _require_labels(labels, cases, [*said.classes, str(getattr(truth, "name", ""))])
    keys = _keys(key, cases, n)
    happened = None if truth is None else positions_of(truth, said.classes, n, "truth")
    planted = _gold(gold, keys, said, n)
    shown = _shown(cases, columns, truth)
    values = _numbers(worth, n)
    slices = _texts(group, n, "group")
    if stratum is not None:
        strata = _texts(stratum, n, "stratum")
    else:
        strata = advice_strata(said.decisions, happened, said.choices, n=n)
    tables = dict(cards or {})
    source: dict[str, Any] = {"table": name}
    if said.choices != said.classes:
        source["classes"] = dict(zip(said.choices, said.classes, strict=True))
    chosen = _rows(rows, n)
    _require_cards(tables, chosen)
    contents = _contents(cases, chosen, shown, keys, called_case, labels)
    return tuple(
        Item(
            key=keys[at],
            content=content,
            choices=said.choices,
            advice=said.advice(at),
            card=tables.get(at),
            gold=None if planted[at] < 0 else said.choices[planted[at]],
            truth=None if happened is None or happened[at] < 0 else said.choices[happened[at]],
            worth=float(values[at]),
            stratum=strata[at],
            group=slices[at],
            wanted=wanted,
            source={"row": int(at), **source},
        )
        for at, content in zip(chosen.tolist(), contents, strict=True)
    )


def _contents(
    cases: Any,
    rows: NDArray[np.intp],
    columns: Sequence[str],
    keys: Sequence[str],
    word: str,
    labels: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """Yield what is shown of each case."""
    titles = (f"{word} {keys[at]}" for at in rows)
    if isinstance(cases, ImageData):
        for at, title in zip(rows.tolist(), titles, strict=True):
            image = {"media": media_name(at), "alt": title}
            yield {"form": "image", "title": title, "image": image}
    elif isinstance(cases, pd.DataFrame):
        names = [called(column, labels) for column in columns]
        held = [_values(cases[column].iloc[rows]) for column in columns]
        for title, *texts in zip(titles, *held, strict=True):
            cells = [[column, text] for column, text in zip(names, texts, strict=True)]
            yield {"form": "row", "title": title, "cells": cells}
    else:
        for at, title in zip(rows.tolist(), titles, strict=True):
            yield {"form": "text", "title": title, "text": str(cases[at])}


def _values(column: pd.Series[Any]) -> list[str]:
    """Return cells as people write them: beside a gap, whole numbers stay whole."""
    known = column.dropna()
    floats = pd.api.types.is_float_dtype(column)
    whole = floats and bool(np.isfinite(known).all()) and bool((known % 1 == 0).all())
    return [_cell(value, whole) for value in column.tolist()]


def _cell(value: Any, whole: bool) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return "missing"
    if isinstance(value, float) and math.isnan(value):
        return "missing"
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return cell(int(value)) if whole else cell(value)


def _keys(given: Any, cases: Any, n: int) -> list[str]:
    where = "key"
    if given is None:
        return [str(at) for at in range(n)]
    if isinstance(given, str):
        frame = cases.columns if isinstance(cases, ImageData) else cases
        if not isinstance(frame, pd.DataFrame):
            raise InputError(f"key={given!r} names a column, and texts have none. Give n values.")
        where = f"The column {require_column(frame, given, role='key')!r}"
        given = frame[given]
    values = list(given)
    if len(values) != n:
        raise InputError(f"{where} has {len(values):,} values, and there are {n:,} cases.")
    keys: list[str] = []
    seen: dict[str, int] = {}
    for row, value in enumerate(values):
        missing = value is None or value is pd.NA or (isinstance(value, float) and value != value)
        text = "" if missing else _cell_of_key(value)
        if not text.strip():
            raise InputError(f"{where} is missing on row {row}: each case needs a name.")
        if text in seen:
            raise InputError(
                f"{where} holds {text!r} twice, on rows {seen[text]} and {row}: each case needs a "
                "name of its own."
            )
        seen[text] = row
        keys.append(text)
    return keys


def _cell_of_key(value: Any) -> str:
    """Return a key as text: whole numbers without a decimal point and without commas."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _rows(given: ArrayLike | None, n: int) -> NDArray[np.intp]:
    if given is None:
        return np.arange(n)
    rows = np.asarray(given)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    wrong = rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu")
    if wrong or (rows.size and (rows.min() < 0 or rows.max() >= n)):
        raise InputError(
            f"rows are positions from 0 to {n - 1:,}, or a mask of {n:,} truth values."
        )
    if len(np.unique(rows)) < len(rows):
        raise InputError("rows names a case twice. Name each once.")
    return rows.astype(np.intp)


def _shown(cases: Any, columns: Sequence[str] | None, truth: Any) -> list[str]:
    if not isinstance(cases, pd.DataFrame):
        if columns is not None:
            raise InputError("columns are those of a table, and these cases are none.")
        return []
    if columns is None:
        shown = [str(name) for name in cases.columns]
    else:
        shown = [require_column(cases, name, role="columns") for name in columns]
    if not shown:
        raise InputError("columns is empty: there would be nothing to see of a case.")
    told = getattr(truth, "name", None)
    if told is not None and str(told) in shown:
        raise InputError(
            f"The column {str(told)!r} is what happened, and would be shown. Leave it out of "
            "columns: who can read the answer is not measured."
        )
    return shown


def _gold(given: Any, keys: Sequence[str], said: Advised, n: int) -> NDArray[np.intp]:
    if given is None:
        return np.full(n, -1)
    if isinstance(given, Mapping):
        known = set(keys)
        unknown = [str(each) for each in given if str(each) not in known]
        if unknown:
            raise InputError(
                f"gold names the case {unknown[0]!r}, which there is not."
                f"{nearest(unknown[0], keys[:1000])}"
            )
        by_key = {str(each): answer for each, answer in given.items()}
        given = [by_key.get(each) for each in keys]
    return positions_of(given, said.classes, n, "gold")


def _numbers(given: ArrayLike | None, n: int) -> NDArray[np.float64]:
    values = np.zeros(n) if given is None else np.asarray(given, dtype=np.float64)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise InputError(f"worth is {n:,} finite numbers, one a case.")
    return values


def _texts(given: Any, n: int, what: str) -> list[str]:
    if given is None:
        return [""] * n
    values = pd.Series(list(given), dtype=object)
    if len(values) != n:
        raise InputError(f"{what} has {len(values):,} entries, and there are {n:,} cases.")
    return [
        "" if missing else str(value) for value, missing in zip(values, values.isna(), strict=True)
    ]


def _require_labels(labels: Mapping[str, str], cases: Any, others: Sequence[str]) -> None:
    if not isinstance(cases, pd.DataFrame):
        return
    known = [*others, *map(str, cases.columns)]
    for name in labels:
        if name not in known:
            raise InputError(
                f"There is a label for {name!r}, which is no column and no class."
                f"{nearest(name, known)}"
            )


def _require_cards(cards: Mapping[int, Plain], rows: NDArray[np.intp]) -> None:
    chosen = set(rows.tolist())
    for row, card in cards.items():
        if row not in chosen:
            raise InputError(f"There is a card for row {row}, which is no case of this review.")
        if card.get("row") not in (None, row):
            raise InputError(f"The card for row {row} explains row {card['row']}.")
        if card.get("happened") is not None:
            raise InputError(
                f"The card for row {row} says what happened ({card['happened']}), which a "
                "reviewer is to judge. Explain it with its outcome left out."
            )
