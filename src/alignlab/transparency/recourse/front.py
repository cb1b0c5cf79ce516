"""What would have changed an answer: the cheapest allowed changes of one row, and others.

    min over allowed x' of  cost(x, x')   with   model(x') as wanted

as [wachter2017counterfactual] ask, with a price for each change so that few columns change (`space`
has the cost). Linear models and single trees are solved exactly (`linear`, `trees`); for all others
there is a search (`search`). Of what is found the cheapest is shown, and then what differs most
(`diverse`) among rows as usual as the data's own (`plausible`).

A changed row says what the model would answer for such a row, and not what would come of a person's
changing something: other columns may move with it [karimi2021algorithmic].
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import Constraints
from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.transparency.features import level_of
from alignlab.transparency.recourse.diverse import chosen
from alignlab.transparency.recourse.goals import goal_of
from alignlab.transparency.recourse.plausible import neighbourhood
from alignlab.transparency.recourse.results import (
    Change,
    Counterfactual,
    Counterfactuals,
)
from alignlab.transparency.recourse.space import Space
from alignlab.transparency.recourse.study import Method, Study, frames_of, study_of

__all__ = ["counterfactuals"]

Floats = NDArray[np.float64]

SPARE = 3
"""For each row that is shown, so many are taken from an exact route to choose from."""


def counterfactuals(
    model: Any,
    row: Any,
    *,
    data: Any,
    target: Any = None,
    confidence: float | None = None,
    constraints: Constraints | None = None,
    number: int = 4,
    scales: Mapping[str, float] | None = None,
    per_change: float = 1.0,
    category_cost: float = 1.0,
    plausible: float = 0.05,
    method: Method = "auto",
    tidy: bool = True,
    starts: int = 48,
    max_data: int = 2_000,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> Counterfactuals:
    """Return changes of one row after which the model answers as wanted.

    Use it to tell a person which few changes of their data would have led to another answer. It
    says nothing of causes, nor that such changes are fair to ask for: state in `constraints` what
    cannot change.

    Parameters
    ----------
    model
        A `Predictor`, or whatever `as_predictor` takes.
    row
        One row: a data frame of one row, a series, a mapping, or an array where `data` is one.
    data
        Rows such as the model was trained on, at least 2, with the same columns. They say what
        values there are, how wide columns spread, and what is usual; never changed.
    target
        The class wanted; in regression a range (low, high), `None` for no end. By default the other
        of two classes, and any other of more.
    confidence
        The least probability of the class wanted, beside being decided for.
    constraints
        What the row may become. Bounds and categories that are not stated are those of the data;
        columns of 0 and 1 that spell out one feature change together.
    number
        How many changed rows, at most.
    scales
        What counts as a move by 1, for columns where it is not the data's spread.
    per_change
        What each changed column costs beside its move, in moves of one spread. 0 asks for near rows
        and no longer for few changes.
    category_cost
        What a changed category moves.
    plausible
        A row is plausible where at least this share of the data's rows lie as far from their
        neighbours, or where it is no more unusual than the row given. The cheapest is always
        shown; the others must be plausible.
    method
        "exact" for linear models and single trees, "search", or "auto" for the first that can be.
    tidy
        Whether changed numbers are written with as few digits as the answer allows; each then
        costs up to a tenth more.
    starts
        From how many rows the search goes on.
    max_data
        From more rows of the data than these, so many are drawn.
    seed
        Decides what is drawn.
    classes, task, features
        Passed to `as_predictor`.

    Returns
    -------
    Counterfactuals
        Empty where none was found; `why_none` says whether that is proven.

    Raises
    ------
    InputError
        If the row, the data, the target or the constraints are not understood, the row violates the
        constraints, or the model answers as wanted already.
    ModelError
        If the model fails on a changed row.

    References
    ----------
    [wachter2017counterfactual], [mothilal2020explaining], [ustun2019actionable],
    [karimi2021algorithmic]

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = pd.DataFrame({"income": [10, 20, 30, 40, 50, 60], "debt": [9, 8, 7, 4, 5, 1]})
    >>> model = LogisticRegression(C=100).fit(X, ["no", "no", "no", "yes", "yes", "yes"])
    >>> found = counterfactuals(model, X.iloc[[1]], data=X)
    >>> print(found.sentences[0])
    With income of 36 instead of 20 the answer would have been yes (0.58).
    >>> found.proven
    True
    """
    predictor = as_predictor(model, classes=classes, task=task, features=features)
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise InputError(f"number={number!r} is not a whole number from 1.")
    if not isinstance(plausible, int | float | np.number) or not 0 <= plausible <= 1:
        raise InputError(f"plausible={plausible!r} is not a share between 0 and 1.")
    asked = predictor.rows_evaluated
    frame, table, as_array = frames_of(predictor, row, data)
    if len(frame) != 1:
        raise InputError(f"There are {len(frame)} rows to change. Give one: X.iloc[[0]].")
    if len(table) < 2:
        raise InputError(f"The data have {len(table)} rows; at least 2 are needed.")
    now = predictor(frame if as_array is None else frame.to_numpy(as_array))[0]
    goal = goal_of(predictor, target, answer=now, confidence=confidence)
    study, notes = study_of(
        goal, frame, now[None], table,
        constraints=constraints, scales=scales, per_change=per_change,
        category_cost=category_cost, method=method, tidy=tidy, starts=starts, max_data=max_data,
        seed=seed, as_array=as_array,
    )  # fmt: skip
    found, least = study.candidates(SPARE * int(number), diverse=True)
    space, origin, units = study.space, study.origins[0], found[0]
    cost = space.cost(units, origin)
    around = neighbourhood(space, study.data)
    usual = around.share(units)
    fine = (usual >= plausible) | (usual >= around.share(origin[None]))
    keep = chosen(space, origin, units, cost, fine, number=int(number))
    answers = study.answer(units[keep]) if keep else []
    shown = tuple(
        Counterfactual(
            _changes(space, origin, units[at]),
            space.write(units[at][None]),
            *goal.said(answers[place]),
            cost=float(cost[at]),
            plausibility=float(usual[at]),
            plausible=bool(fine[at]),
        )
        for place, at in enumerate(keep)
    )
    decision, answer = goal.said(now)
    inside = 0 if study.route is None else study.route.map.rows
    evaluations = predictor.rows_evaluated - asked + inside
    proven = bool(np.isfinite(least[0]))
    return Counterfactuals(
        found=shown,
        decision=decision,
        answer=answer,
        target=goal.text,
        method=_method(study, bool(np.isinf(least[0]))),
        least_cost=float(least[0]) if proven else None,
        why_none="" if shown else _why_none(study, least[0], evaluations),
        spreads={
            name: float(space.scale[at])
            for at, name in enumerate(space.names)
            if space.number[at] and not space.fixed[at]
        },
        per_change=space.per_change,
        evaluations=evaluations,
        notes=notes,
    )


def _method(study: Study, none: bool) -> str:
    if study.route is not None:
        return study.route.name
    return "exact: nothing may change" if none else "search"


def _why_none(study: Study, least: float, evaluations: int) -> str:
    if np.isinf(least):
        if study.route is None:
            return (
                f"No column of this row may change, so its answer cannot become {study.goal.text}."
            )
        way = study.route.name.removeprefix("exact: ")
        return (
            f"No allowed change of this row makes the answer {study.goal.text}; that is proven "
            f"({way})."
        )
    return (
        f"The search found no allowed change that makes the answer {study.goal.text} among "
        f"{evaluations:,} rows; that is no proof that there is none."
    )


def _changes(space: Space, origin: Floats, units: Floats) -> tuple[Change, ...]:
    """Return what differs, the largest move first."""
    moves = space.moves(units, origin)
    before, after = space.frame(origin[None]), space.frame(units[None])
    found = []
    for unit in np.flatnonzero(space.changed(units, origin)):
        columns, levels = space.columns[unit], space.levels[unit]
        if len(columns) > 1:
            name = space.names[unit]
            was, became = (
                level_of(str((levels or ())[int(row[unit])]), name) for row in (origin, units)
            )
        else:
            was, became = (_plain(table.iloc[0, int(columns[0])]) for table in (before, after))
        sign = np.sign(units[unit] - origin[unit]) if space.number[unit] else 1.0
        found.append(Change(space.names[unit], was, became, float(sign * moves[unit])))
    return tuple(sorted(found, key=lambda change: -abs(change.move)))


def _plain(value: Any) -> Any:
    """Return a cell as a plain value; a short float where the column holds short ones."""
    if isinstance(value, np.floating) and value.dtype != np.float64:
        return float(str(value))
    return None if value is pd.NA else value.item() if isinstance(value, np.generic) else value
