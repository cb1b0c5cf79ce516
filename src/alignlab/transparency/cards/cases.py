"""What cards are made of: the cases, the data they are compared with, and what happened there.

All tables are brought to frames of the columns that the model reads, at the door and once; the
model is asked in the kind of table that came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.predictors import Predictor, class_positions
from alignlab.transparency.pool import players_of
from alignlab.transparency.recourse.study import frames_of

__all__ = [
    "Cases", "answered_rows", "cases_of", "drawn_rows", "outcomes_known", "plain_cell",
    "require_labels",
]  # fmt: skip

Floats = NDArray[np.float64]

REPLACED = 24
"""Cases that features are replaced from where an explanation is checked."""

ANSWERED = 10_000
"""Rows of the data over which answers are compared, drawn from more."""


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases and the data as frames of the columns that the model reads."""

    predictor: Predictor
    rows: pd.DataFrame
    positions: list[int | None]
    data: pd.DataFrame
    dtype: Any
    players: dict[str, tuple[Any, ...]]

    def given(self, frame: pd.DataFrame) -> Any:
        """Return rows as the model takes them."""
        return frame if self.dtype is None else frame.to_numpy(self.dtype)

    def given_players(self) -> dict[str, tuple[Any, ...]]:
        """Return the columns of each feature as the model's rows name them."""
        if self.dtype is None:
            return self.players
        return {name: tuple(int(c) for c in columns) for name, columns in self.players.items()}

    def columns(self, names: str | Sequence[str], what: str) -> list[str]:
        """Return the columns that names stand for: columns, or features of several columns."""
        names = [names] if isinstance(names, str) else names
        known = [*map(str, self.data.columns), *self.players]
        found: list[str] = []
        for each in names:
            if each not in known:
                near = nearest(each, known) or f" The columns: {listed(self.data.columns)}."
                raise InputError(f"{what}={each!r} is no column of the data.{near}")
            found += [str(c) for c in self.players.get(each, (each,))]
        return list(dict.fromkeys(found))


def cases_of(predictor: Predictor, rows: list[Any], data: Any, groups: Any) -> Cases:
    """Return the cases and the data as frames of what the model reads.

    Parameters
    ----------
    predictor, data, groups
        As of `explain`.
    rows
        Each a position of the data, or a row of its own.
    """
    n = len(data)
    positions: list[int | None] = []
    parts = []
    table, dtype = data, None
    for row in rows:
        at = None
        if isinstance(row, int | np.integer) and not isinstance(row, bool):
            if not 0 <= row < n:
                raise InputError(
                    f"There is no row {row}: the data have {n:,} rows, numbered from 0 to {n - 1}."
                )
            at = int(row)
            row = data.iloc[[at]] if isinstance(data, pd.DataFrame) else np.asarray(data)[[at]]
        frame, table, dtype = frames_of(predictor, row, data)
        if len(frame) != 1:
            raise InputError(f"There are {len(frame)} rows to explain. Give one: X.iloc[[0]].")
        positions.append(at)
        parts.append(frame)
    if n < 3:
        raise InputError(f"The data have {n} rows; at least 3 are needed to compare with.")
    frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    if predictor.features is not None and dtype is None:
        read = predictor.columns_in([str(c) for c in table.columns])
        missing = [c for c in read if c not in table.columns]
        if missing:
            predictor.selected(table)  # says which column is missing, and the nearest one
        frame, table = frame[read], table[read]
    if dtype is not None and groups is not None:
        groups = {name: [str(c) for c in columns] for name, columns in groups.items()}
    players = players_of(pd.concat([frame, table], ignore_index=True), groups)
    return Cases(predictor, frame, positions, table.reset_index(drop=True), dtype, players)


def drawn_rows(
    cases: Cases, background: int, generator: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of the background, and others to check with where there are enough."""
    n = len(cases.data)
    free = np.setdiff1d(np.arange(n), [at for at in cases.positions if at is not None])
    if len(free) < 2:
        free = np.arange(n)
    order = generator.permutation(free)
    drawn, rest = order[:background], order[background:]
    replaced = rest[:REPLACED] if len(rest) >= REPLACED else order[:REPLACED]
    return np.sort(drawn), np.sort(replaced)


def outcomes_known(predictor: Predictor, outcomes: Any, n: int) -> Floats | None:
    """Return what happened as positions of classes or as values, NaN where it is unknown."""
    if outcomes is None:
        return None
    if isinstance(outcomes, str | pd.DataFrame):
        named = isinstance(outcomes, str)
        told = f"outcomes={outcomes!r} is a name" if named else "outcomes is a data frame"
        example = outcomes if named else next(iter(outcomes), "outcome")
        raise InputError(
            f"{told}. Give what happened, one outcome a row, such as frame[{example!r}]."
        )
    series = outcomes if isinstance(outcomes, pd.Series) else pd.Series(list(outcomes))
    if len(series) != n:
        raise InputError(f"There are {len(series):,} outcomes for the {n:,} rows of the data.")
    known = series.notna().to_numpy()
    found = np.full(n, np.nan)
    if predictor.task == "regression":
        numbers = pd.to_numeric(series, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        bad = known & ~np.isfinite(numbers)
        if bad.any():
            at = int(bad.argmax())
            raise InputError(f"The outcome of row {at} is {series.iloc[at]!r}: give a number.")
        return numbers
    found[known] = class_positions(
        series[known].to_numpy(), predictor.classes, where="the outcomes", of_model=True
    )
    return found


def answered_rows(
    cases: Cases, answers: Any, generator: np.random.Generator
) -> tuple[NDArray[np.intp], Any]:
    """Return rows of the data and the model's decisions for them."""
    predictor, n = cases.predictor, len(cases.data)
    if answers is not None:
        answers = np.asarray(answers, dtype=np.float64)
        if len(answers) != n:
            raise InputError(f"There are {len(answers):,} answers for the {n:,} rows of the data.")
        return np.arange(n), predictor.decide(answers)
    rows = np.arange(n)
    if n > ANSWERED:
        rows = np.sort(generator.choice(n, ANSWERED, replace=False))
    return rows, predictor.decide(predictor(cases.given(cases.data.iloc[rows])))


def require_labels(labels: Mapping[str, str], cases: Cases, outcome: str) -> None:
    """Refuse labels of what is no column, no feature, no class and not the outcome."""
    known = [
        *map(str, cases.data.columns), *cases.players, *cases.predictor.class_names, outcome,
    ]  # fmt: skip
    for each in labels:
        if each not in known:
            near = nearest(each, known) or f" The columns: {listed(cases.data.columns)}."
            raise InputError(
                f"labels names {each!r}, which is no column and no class of the model.{near}"
            )


def plain_cell(value: Any) -> Any:
    """Return a cell as a plain value."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.floating) and value.dtype != np.float64:
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value
