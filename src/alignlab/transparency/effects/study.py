"""What every effect starts from: the rows used, their features, and the questions to be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.random import as_generator
from alignlab.transparency.dependence import explained_variance
from alignlab.transparency.effects.bands import Band
from alignlab.transparency.effects.grids import MOST_LEVELS, Column, Grid, column_of, grid_of
from alignlab.transparency.effects.outside import classes_of
from alignlab.transparency.effects.questions import Questions
from alignlab.transparency.effects.results import Effect, Effects, Method, PairEffect
from alignlab.transparency.outputs import Output
from alignlab.transparency.pool import Pool, players_of, value_codes

__all__ = ["Study", "study_of", "whole_number"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Study:
    """Rows, features and questions.

    Attributes
    ----------
    output
        What is asked about.
    shares
        The weight of each row used; sums to one, shape (n,).
    rows
        The rows used, as positions in the rows given, shape (n,).
    rows_given
        How many were given.
    columns
        All features, in the order of the columns.
    players
        The columns of each.
    chosen
        The positions of the features to draw.
    left_out
        Features that are not drawn, and why.
    pairs
        Positions of the pairs to draw.
    questions
        What will be asked.
    stated
        Values or levels asked for, by feature, with the pool rows that hold the values.
    classes
        Each feature in few classes, over the pool (`outside.classes_of`).
    explained
        The share of each feature that the others foretell.
    generator
        For redraws.
    asked_before
        The rows that the model was asked for before.
    """

    output: Output
    shares: Floats
    rows: Index
    rows_given: int
    columns: tuple[Column, ...]
    players: tuple[tuple[Any, ...], ...]
    chosen: tuple[int, ...]
    left_out: Mapping[str, str]
    pairs: tuple[tuple[int, int], ...]
    questions: Questions = field(repr=False)
    stated: Mapping[int, tuple[Sequence[Any], Index]]
    classes: tuple[Index, ...] = field(repr=False)
    explained: tuple[float, ...]
    generator: np.random.Generator
    asked_before: int

    def grid(self, player: int, points: int, *, fewest: int = 1) -> Grid:
        """Return the points of a feature."""
        values, held = self.stated.get(player, (None, None))
        return grid_of(
            self.columns[player],
            self.shares,
            points=points,
            stated=values,
            stated_rows=held,
            fewest=fewest,
        )

    def result(
        self,
        method: Method,
        effects: tuple[Effect, ...],
        pairs: tuple[PairEffect, ...],
        *,
        band: Band,
        level: float,
    ) -> Effects:
        """Return the effects with what they were made from."""
        used, given = len(self.rows), self.rows_given
        return Effects(
            method=method,
            effects=effects,
            pairs=pairs,
            outputs=self.output.names,
            scale=self.output.scale,
            band=band,
            level=level,
            rows=used,
            rows_given=given,
            evaluations=self.output.predictor.rows_evaluated - self.asked_before,
            left_out=self.left_out,
            notes=() if used == given else (f"{used:,} of {given:,} rows were used.",),
        )


def study_of(
    output: Output,
    X: Any,
    features: Sequence[str] | str | None,
    *,
    pairs: Sequence[tuple[str, str]],
    grid: Mapping[str, Sequence[Any]] | None,
    weights: ArrayLike | None,
    groups: Mapping[str, Sequence[Any]] | None,
    max_rows: int | None,
    seed: int | np.random.Generator,
    purpose: str,
) -> Study:
    """Check what was given and return what every effect starts from.

    Raises
    ------
    InputError
        If the rows, a feature, a weight or a grid cannot be used.
    """
    X = output.predictor.selected(X)
    players = {str(name): columns for name, columns in players_of(X, groups).items()}
    if grid is not None and not isinstance(grid, Mapping):
        raise InputError(f"grid={grid!r} is not a mapping. Give grid={{'age': [20, 40, 60]}}.")
    wanted = {str(name): values for name, values in (grid or {}).items()}
    given = len(X)
    generator = as_generator(seed, purpose)
    rows, shares = _rows(given, weights, max_rows, generator)
    X = X.iloc[rows].reset_index(drop=True) if isinstance(X, pd.DataFrame) else X[rows]
    names = list(players)
    stated = _stated(X, players, wanted)
    tables = [X, *(table for _, table in stated.values())]
    pool = Pool(tables, players)
    frames = [_as_frame(table) for table in tables]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    text = [[str(each) for each in columns] for columns in players.values()]
    codes = [value_codes(frame, columns) for columns in text]
    columns = tuple(
        column_of(name, frame, own, code)
        for name, own, code in zip(names, text, codes, strict=True)
    )
    n = len(rows)
    starts = n + np.cumsum([0, *(len(table) for _, table in stated.values())])
    positions = {
        names.index(name): (values, np.arange(start, start + len(table)))
        for (name, (values, table)), start in zip(stated.items(), starts[:-1], strict=True)
    }
    levels = {
        names.index(name): (values, np.zeros(0, dtype=np.intp))
        for name, values in wanted.items()
        if name not in stated
    }
    chosen, left_out = _chosen(columns, text, features, bool(pairs), shares)
    together = tuple((_position(names, a), _position(names, b)) for a, b in map(_two, pairs))
    return Study(
        output=output,
        shares=shares,
        rows=rows,
        rows_given=given,
        columns=columns,
        players=tuple(players.values()),
        chosen=chosen,
        left_out=left_out,
        pairs=together,
        questions=Questions(pool, np.stack(codes, axis=1)),
        stated=positions | levels,
        classes=tuple(classes_of(each.code, each.value, n) for each in columns),
        explained=tuple(explained_variance(frame.iloc[:n], text)),
        generator=generator,
        asked_before=output.predictor.rows_evaluated,
    )


def _rows(
    given: int, weights: ArrayLike | None, max_rows: int | None, generator: np.random.Generator
) -> tuple[Index, Floats]:
    """Return the rows used and their shares of the weight."""
    try:
        weight = np.ones(given) if weights is None else np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("The weights are not numbers. Give one number a row.") from error
    if weight.shape != (given,):
        raise InputError(f"There are {given} rows and weights of shape {weight.shape}.")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise InputError("A weight is negative or not finite. Weights are numbers from 0.")
    if max_rows is not None:
        whole_number("max_rows", max_rows)
    kept = np.flatnonzero(weight > 0)
    if len(kept) < 2:
        raise InputError(
            f"There are {len(kept)} rows to use: an effect is a mean over two or more."
        )
    if max_rows is not None and len(kept) > max_rows:
        kept = np.sort(generator.choice(kept, max_rows, replace=False))
    return kept, weight[kept] / weight[kept].sum()


def _as_frame(rows: Any) -> pd.DataFrame:
    """Return rows as a frame with text for names, to look at; the model never sees it."""
    if isinstance(rows, pd.DataFrame):
        return rows.set_axis([str(name) for name in rows.columns], axis=1).infer_objects()
    frame = pd.DataFrame(rows, columns=[str(at) for at in range(rows.shape[1])])
    return frame.infer_objects()


def _stated(
    X: Any, players: Mapping[str, tuple[Any, ...]], grid: Mapping[str, Sequence[Any]]
) -> dict[str, tuple[Sequence[Any], Any]]:
    """Return rows that hold the stated values of numbers and dates, in the rows' own types."""
    made: dict[str, tuple[Sequence[Any], Any]] = {}
    for name, values in grid.items():
        if name not in players:
            raise InputError(
                f"The grid names the feature {name!r}, which X does not have."
                f"{nearest(name, list(players))}"
            )
        values = list(values) if np.ndim(values) == 1 else []
        if not values:
            raise InputError(f"The grid of {name!r} is not a list of values.")
        columns = players[name]
        frame = isinstance(X, pd.DataFrame)
        series = X[columns[0]] if frame else pd.Series(X[:, columns[0]]).infer_objects()
        plain = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
        if len(columns) > 1 or not (plain or pd.api.types.is_datetime64_any_dtype(series)):
            continue  # levels: rows hold them
        column = _cast(name, values, series.dtype)
        if frame:
            table = X.iloc[np.zeros(len(values), dtype=np.intp)].reset_index(drop=True)
            table[columns[0]] = column
        else:
            table = np.repeat(X[:1], len(values), axis=0)
            table[:, columns[0]] = column.to_numpy()
        made[name] = (values, table)
    return made


def _cast(name: str, values: list[Any], dtype: Any) -> pd.Series[Any]:
    lost: bool
    try:
        column = pd.Series(values).astype(dtype)
        wanted = pd.Series(values)
        if pd.api.types.is_datetime64_any_dtype(dtype):
            wanted = column
        whole = pd.api.types.is_integer_dtype(dtype)
        differs = whole and (column.astype(float) != wanted.astype(float)).any()
        lost = bool(column.isna().any() or differs)
    except (TypeError, ValueError):
        lost = True
    if lost:
        raise InputError(
            f"The grid of {name!r} holds what its column, of {dtype}, cannot: {listed(values)}. "
            "Give values of that type."
        )
    return column


def _chosen(
    columns: tuple[Column, ...],
    text: list[list[str]],
    features: Sequence[str] | str | None,
    pairs: bool,
    shares: Floats,
) -> tuple[tuple[int, ...], dict[str, str]]:
    """Return the features to draw and, where nobody named them, why others are left out."""
    names = [column.name for column in columns]
    n = len(shares)
    if features is not None:
        several = list(features) if np.ndim(features) == 1 else [features]
        named = [str(each) for each in several]
        if len(set(named)) < len(named):
            raise InputError("A feature is named twice. Name each once.")
        chosen = [_position(names, name) for name in named]
        for at in chosen:
            if _nothing(columns[at], n):
                raise InputError(f"The feature {names[at]!r} has no value in any row used.")
        return tuple(chosen), {}
    if pairs:
        return (), {}
    left_out: dict[str, str] = {}
    chosen = []
    for at, column in enumerate(columns):
        reason = _reason(column, text[at], n)
        if reason:
            left_out[column.name] = reason
        else:
            chosen.append(at)
    return tuple(chosen), left_out


def _reason(column: Column, own: list[str], n: int) -> str:
    code = column.code[:n]
    counts = np.bincount(code)
    held = int((counts > 0).sum())
    if _nothing(column, n):
        return "it has no value"
    if held < 2:
        return "it holds one value"
    shown = np.sort(counts)[-MOST_LEVELS:].sum()
    if column.kind == "category" and shown <= n / 2:
        what = "an identifier or free text" if len(own) == 1 else "several columns at once"
        return f"{held:,} different values: {what}"
    return ""


def _nothing(column: Column, n: int) -> bool:
    return column.value is not None and not np.isfinite(column.value[:n]).any()


def _position(names: list[str], name: Any) -> int:
    if str(name) not in names:
        raise InputError(
            f"There is no feature {name!r}."
            f"{nearest(str(name), names) or f' Features: {listed(names)}.'}"
        )
    return names.index(str(name))


def _two(pair: Any) -> tuple[Any, Any]:
    if isinstance(pair, str) or np.shape(pair) != (2,) or pair[0] == pair[1]:
        raise InputError(f"{pair!r} is not a pair of two features. Give pairs=[('age', 'income')].")
    return pair[0], pair[1]


def whole_number(what: str, number: object, *, least: int = 2) -> None:
    """Refuse what is not a whole number from `least`."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
        raise InputError(f"{what}={number!r} is not a whole number from {least}.")
