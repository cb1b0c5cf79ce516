"""Shapley values of a model's answers, by the cheapest route that is right for the model.

    answer(x) = base + sum_p phi_p(x)

holds to rounding on every route. Routes, in the order in which "auto" tries them: the closed form
of a linear model, the exact recursion of trees, all coalitions where they are affordable, and a
sample of coalitions, with standard errors and a stopping rule.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, require_choice
from alignlab.random import as_generator
from alignlab.transparency.features import require_own_names
from alignlab.transparency.outputs import Output, Scale, output_of
from alignlab.transparency.pool import players_of
from alignlab.transparency.shapley.conditional import ConditionalGame
from alignlab.transparency.shapley.games import RowGame
from alignlab.transparency.shapley.solver import (
    Method,
    Solved,
    budget_note,
    chosen_method,
    described,
    require_tolerance,
    solve,
    whole_number,
)
from alignlab.transparency.shapley.values import Game, ShapleyValues

__all__ = ["shapley_values"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GAMES = ("interventional", "baseline", "conditional", "path-dependent")
METHODS = ("auto", "exact", "odd regression", "kernel", "permutation", "trees", "linear")

COALITIONS = 4096
"""Coalitions a row where no budget is stated: all of them up to 12 features."""

ROWS = 50_000_000
"""Rows asked for in all where no budget is stated: minutes of a fast model."""

MANY = 16
"""No game of more players is solved by all coalitions unless the budget states that many."""

CELLS = 2**24
"""Worths of coalitions to parts of the background held at once."""


def shapley_values(
    model: Any,
    X: pd.DataFrame | NDArray[Any],
    background: pd.DataFrame | NDArray[Any],
    *,
    game: Game = "interventional",
    method: Literal[
        "auto", "exact", "odd regression", "kernel", "permutation", "trees", "linear"
    ] = "auto",
    scale: Scale | None = None,
    target: Hashable | Sequence[Hashable] | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    max_evaluations: int | None = None,
    tolerance: float | None = 0.01,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> ShapleyValues:
    """Return how much each feature moved each answer away from the average answer.

    Use it to say what a model went by in single answers. It says what the model does with a row,
    not what would happen in the world if a feature changed; and where features depend on each
    other, the interventional game asks the model about rows that the data do not have.

    Parameters
    ----------
    model
        The model, as `as_predictor` takes it.
    X
        The rows to explain, shape (n, columns).
    background
        The rows that unknown features are taken from, of the same columns: all of them are used.
        At least two, or exactly one with `game="baseline"`.
    game
        "interventional": unknown features are taken from background rows regardless of the known
        ones. "baseline": from one row. "conditional": as they go with the known ones, for columns
        of numbers (`ConditionalGame`). "path-dependent": for trees, by the shares of their
        training rows. They are four questions with four answers.
    method
        "auto": "linear" or "trees" where the model is one and its answers are met exactly, "exact"
        where all coalitions are affordable, else "odd regression". "kernel" and "permutation" are
        the two other ways to sample.
    scale, target
        Which numbers are explained; see `output_of`.
    groups
        Columns that are one feature, by the feature's name. One-hot columns are found.
    max_evaluations
        The most rows to ask the model for, in all; equal rows are counted each, and asked once.
        `None` allows 4,096 coalitions a row, and 50 million rows in all.
    tolerance
        Sampling stops for a row once its standard errors are below this share of the spread of its
        values; `None` spends the budget.
    seed
        Of the coalitions drawn.
    classes, task, features
        Passed to `as_predictor`.

    Returns
    -------
    ShapleyValues

    Raises
    ------
    InputError
        If the tables do not fit each other or an argument is not of its kind.
    ModelError
        If the model fails, or answers something that is not a prediction.

    References
    ----------
    [shapley1953value; lundberg2017unified; janzing2020feature]

    Examples
    --------
    >>> background = np.array([[0.0, 0.0], [2.0, 0.0]])
    >>> area = lambda rows: rows[:, 0] * rows[:, 1]
    >>> found = shapley_values(area, np.array([[3.0, 4.0]]), background, task="regression")
    >>> found.base.tolist(), found.values[0, :, 0].tolist()
    ([0.0], [4.0, 8.0])
    """
    require_choice(game, GAMES, what="game")
    require_choice(method, METHODS, what="method")
    require_tolerance(tolerance)
    as_generator(seed)  # says what is wrong with a seed
    X, background = _aligned(X, background)
    _require_rows(X, background, game)
    output = output_of(
        model, scale=scale, target=target, classes=classes, task=task, features=features
    )
    players = players_of(_together(X, background), groups)
    budget = None if max_evaluations is None else whole_number(max_evaluations, "max_evaluations")
    before = output.predictor.rows_evaluated
    told = _by_structure(output, X, background, players, game, method)
    if told is not None:
        return replace(told, evaluations=output.predictor.rows_evaluated - before)
    kind = ConditionalGame if game == "conditional" else RowGame
    found = kind(output, X, background, players)
    if budget is not None:
        budget -= output.predictor.rows_evaluated - before
    solved, chosen, notes = _solved(found, method, budget, tolerance, seed)
    if method == "auto" and game != "conditional":
        notes += _advice(output)
    return ShapleyValues(
        values=solved.values,
        base=found.empty @ found.mean,
        answers=found.full,
        standard_errors=solved.errors,
        background_errors=_background_errors(solved.parts, found.mean),
        features=tuple(players),
        columns=tuple(players.values()),
        outputs=output.names,
        rows=X,
        game=game,
        method=chosen,
        scale=output.scale,
        evaluations=output.predictor.rows_evaluated - before,
        background_rows=len(background),
        notes=notes,
    )


def _by_structure(
    output: Output,
    X: Any,
    background: Any,
    players: dict[str, tuple[Any, ...]],
    game: Game,
    method: str,
) -> ShapleyValues | None:
    """Return the exact values of a linear model or of trees, where the model is one."""
    # What trees need is loaded for models that may be trees only.
    from alignlab.transparency.shapley.linear import linear_values
    from alignlab.transparency.shapley.trees import tree_note, tree_values

    told = None
    if method in ("auto", "linear") and game in ("interventional", "baseline"):
        told = linear_values(output, X, background, players, game=game)
    if told is None and method in ("auto", "trees") and game != "conditional":
        told = tree_values(output, X, background, players, game=game)
    if told is None and (method in ("trees", "linear") or game == "path-dependent"):
        asked = f"method={method!r}" if method in ("trees", "linear") else f"game={game!r}"
        note = tree_note(output)
        raise InputError(
            f"{asked} cannot be had: the model {output.predictor.name!r} is not one whose parts "
            f"add up to its answers as {output.scale}, or the game {game!r} is not one for it. "
            + (note or "Leave the choice to method='auto' and game='interventional'.")
        )
    return told


def _advice(output: Output) -> tuple[str, ...]:
    """Return how the model's values could be had exactly, where its scale is in the way."""
    from alignlab.transparency.shapley.trees import tree_note

    note = tree_note(output)
    return (note,) if note else ()


def _background_errors(parts: Floats, mean: Floats) -> Floats | None:
    """Return the errors from a sample of background rows, by the spread of its parts' values."""
    count = len(mean)
    if count < 2:
        return None
    apart = (parts - (parts @ mean)[..., None]) * mean
    return np.asarray(np.sqrt((apart**2).sum(axis=-1) * (count / (count - 1))))


def _solved(
    game: RowGame, method: Any, budget: int | None, tolerance: float | None, seed: int
) -> tuple[Solved, str, tuple[str, ...]]:
    """Solve the rows' games, those with the same moving features together."""
    n, players = game.codes[: game.rows].shape
    outputs, parts = game.empty.shape
    left = None if budget is None else budget // max(n, 1)
    moved = game.moved()
    shape = (n, players, outputs)
    solved = Solved(
        np.zeros(shape),
        np.zeros(shape),
        np.zeros((*shape, parts)),
        np.zeros(n, dtype=np.intp),
        np.ones(n, dtype=bool),
    )
    methods: dict[str, None] = {}
    patterns, belongs = np.unique(moved, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = np.flatnonzero(belongs.ravel() == number)
        active = np.flatnonzero(pattern)
        if not len(active):
            continue
        coalitions = _allowed(game, rows, len(active), method, left)
        chosen = chosen_method(
            method, len(active), coalitions, "Fewer rows or a smaller background need less."
        )
        methods[described(chosen)] = None
        held = outputs * parts * (1 if chosen == "exact" else coalitions // 2)
        for start in range(0, len(rows), max(1, CELLS // max(held, 1))):
            some = rows[start : start + max(1, CELLS // max(held, 1))]
            part = _block(game, some, active, chosen, coalitions, tolerance, seed)
            at = np.ix_(some, active)
            solved.values[at], solved.errors[at] = part.values, part.errors
            solved.parts[at] = part.parts
            solved.coalitions[some], solved.settled[some] = part.coalitions, part.settled
    note = budget_note(solved, tolerance)
    return solved, ", ".join(methods) or "exact, no feature moves", (note,) if note else ()


def _allowed(
    game: RowGame, rows: NDArray[np.intp], players: int, method: str, left: int | None
) -> int:
    """Return how many coalitions a row may be asked for, with the empty and the full one."""
    coalitions = max((ROWS // game.rows if left is None else left) // game.size, 0) + 2
    if left is None:
        coalitions = min(COALITIONS, coalitions)
    if method not in ("auto", "exact") or 2**players <= coalitions or players > MANY:
        return coalitions
    if method == "exact" and left is None:
        return int(2**players)
    # Where features have few values, all coalitions may cost less than their number says.
    cost = np.minimum(2.0**players * game.size, game.distinct_rows()[rows]).mean()
    return int(2**players) if cost <= (coalitions - 2) * game.size else coalitions


def _block(
    game: RowGame,
    rows: NDArray[np.intp],
    active: NDArray[np.intp],
    method: Method,
    coalitions: int,
    tolerance: float | None,
    seed: int,
) -> Solved:
    outputs, parts = game.empty.shape

    def ask(drawn: Bools, some: NDArray[np.intp]) -> Floats:
        if not len(drawn):
            return np.empty((0, len(some), outputs, parts))
        known = np.ones((len(drawn), game.codes.shape[1]), dtype=bool)
        known[:, active] = drawn
        return game.ask(known, rows[some])

    return solve(
        ask,
        game.full[rows],
        np.repeat(game.empty[None], len(rows), axis=0),
        game.mean,
        len(active),
        method=method,
        coalitions=coalitions - 2,
        tolerance=tolerance,
        generator=as_generator(seed, "shapley"),
    )


def _aligned(X: Any, background: Any) -> tuple[Any, Any]:
    """Return both tables with the columns in one order and categories in one list."""
    if isinstance(X, pd.Series):
        raise InputError("X is a series, and rows of a data frame are wanted, such as X.iloc[[0]].")
    if not isinstance(X, pd.DataFrame) or not isinstance(background, pd.DataFrame):
        return X, background
    require_own_names(X)
    require_own_names(background)
    missing = [str(column) for column in X.columns if column not in background.columns]
    more = [str(column) for column in background.columns if column not in X.columns]
    if missing or more:
        where, which = ("the background", missing) if missing else ("X", more)
        raise InputError(
            f"The column {which[0]!r} is missing from {where}. Give X and the background with the "
            f"same columns: {listed(map(str, (X if missing else background).columns))}."
        )
    background = background[list(X.columns)]
    changed = {}
    for column in X.columns:
        mine, theirs = X[column].dtype, background[column].dtype
        if mine == theirs or not isinstance(theirs, pd.CategoricalDtype):
            continue
        new = [each for each in X[column].dropna().unique() if each not in theirs.categories]
        changed[column] = pd.CategoricalDtype([*theirs.categories, *new], theirs.ordered)
    return (X.astype(changed), background.astype(changed)) if changed else (X, background)


def _require_rows(X: Any, background: Any, game: str) -> None:
    """Say what is wrong with the number of rows."""
    for rows, what in ((X, "X"), (background, "The background")):
        if not isinstance(rows, pd.DataFrame | np.ndarray) or rows.ndim != 2:
            shape = f" of shape {rows.shape}" if hasattr(rows, "shape") else ""
            raise InputError(
                f"{what} is a {type(rows).__name__}{shape}. Give a data frame, or an array of "
                "shape (n, columns)."
            )
        if not len(rows):
            raise InputError(f"{what} has no row.")
    if game == "baseline" and len(background) != 1:
        raise InputError(
            f"game='baseline' takes one background row, and there are {len(background)}. Give "
            "background[:1], or play game='interventional' with all of them."
        )
    if game != "baseline" and len(background) < 2:
        raise InputError(
            f"game={game!r} needs at least two background rows, and there is one. Give more, or "
            "say game='baseline'."
        )


def _together(X: Any, background: Any) -> Any:
    """Return all rows in one table, in which one-hot columns are looked for."""
    if isinstance(X, pd.DataFrame) and isinstance(background, pd.DataFrame):
        return pd.concat([X, background], ignore_index=True)
    return background if isinstance(background, np.ndarray) else X
