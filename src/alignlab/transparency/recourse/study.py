"""What both questions share: the model, the table, the goal, and the ways to an answer.

Rows are read at the door once; the model is asked for the rows of the data once; then the exact
routes are tried, and the search where there is none. Whatever is found is asked for again at the
end, as it will be handed out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import Constraints
from alignlab.errors import InputError, ModelError, nearest, require_choice
from alignlab.predictors import Predictor
from alignlab.random import as_generator
from alignlab.transparency.recourse.goals import Goal
from alignlab.transparency.recourse.linear import LinearRoute, linear_route
from alignlab.transparency.recourse.search import search, written
from alignlab.transparency.recourse.space import Space, space_of
from alignlab.transparency.recourse.trees import TreeRoute, tree_route

__all__ = ["METHODS", "Method", "Study", "frames_of", "study_of"]

Floats = NDArray[np.float64]

Method = Literal["auto", "exact", "search"]

METHODS: tuple[Method, ...] = ("auto", "exact", "search")

SLACKS = (1.0, 10.0, 100.0, 1000.0)
"""How much more than needed an exact route aims for, until the model itself agrees."""

ASKED = 50_000
"""Rows that are written at once."""


@dataclass(eq=False)
class Study:
    """Rows, data and a goal, ready to be searched.

    Attributes
    ----------
    goal, space
        What is wanted, and in which units.
    origins
        The rows in units, shape (n, n_units).
    data, answers
        Rows of the data in units, and the model's answers for them.
    route
        The exact route; `None` for the search.
    or_search
        Whether rows are searched for where the exact route does not come to an end.
    """

    goal: Goal
    space: Space
    origins: Floats
    data: Floats
    answers: Any
    starts: int
    tidy: bool
    seed: int
    or_search: bool
    route: LinearRoute | TreeRoute | None = None

    def ask(self, units: Floats) -> tuple[NDArray[np.bool_], Floats]:
        """Return whether the model answers rows as wanted, and by how much."""
        answers = self.answer(units)
        return self.goal.reached(answers), self.goal.margin(answers)

    def answer(self, units: Floats) -> Any:
        """Return the model's answers for rows in units."""
        parts = [
            self.goal.predictor(self.space.write(units[at : at + ASKED]))
            for at in range(0, max(len(units), 1), ASKED)
        ]
        return np.concatenate(parts)

    def candidates(self, many: int, *, diverse: bool) -> tuple[list[Floats], Floats]:
        """Return for each row what was found, and the least possible cost where it is proven.

        Parameters
        ----------
        many
            How many rows an exact route gives for each row.
        diverse
            Whether the search looks again without the changes that it found.

        Returns
        -------
        list
            For each row an array of shape (n_found, n_units).
        ndarray
            The least cost, shape (n,): infinite where there surely is no allowed row, NaN where
            nothing is proven.
        """
        n, space = len(self.origins), self.space
        least = np.full(n, np.nan)
        if self.route is not None:
            try:
                owner, units, least = self._exactly(self.route, many)
            except ModelError:
                if not self.or_search:
                    raise
                self.route = None
                return self.candidates(many, diverse=diverse)
        elif space.fixed.all():
            owner, units = np.zeros(0, dtype=np.intp), np.zeros((0, len(space)))
        else:
            owner, units = self._searched(many if diverse else 0)
        movable = ~space.fixed & ~np.isnan(self.origins)
        least[~movable.any(axis=1)] = np.inf
        if self.tidy and len(units):
            units = written(self.ask, space, self.origins[owner], units)
        if len(units):
            fine = self._confirmed(owner, units)
            owner, units = owner[fine], units[fine]
        return [units[owner == at] for at in range(n)], least

    def _searched(self, again: int) -> tuple[NDArray[np.intp], Floats]:
        """Search, and once more without what the cheapest rows found change, so many ways at most.

        Where one change is enough alone, whatever contains it is brought back to it; other ways
        are found only without it.
        """
        wanted = self.goal.reached(self.answers)

        def found(at: NDArray[np.intp], held: Any) -> tuple[NDArray[np.intp], Floats]:
            return search(
                self.ask, self.space, self.origins[at], self.data, wanted,
                starts=self.starts, seed=self.seed, held=held,
            )  # fmt: skip

        owner, units = found(np.arange(len(self.origins)), None)
        if not (again and len(units)):
            return owner, units
        origin = self.origins[0]
        changed = self.space.changed(units, origin)
        order = np.argsort(self.space.cost(units, origin), kind="stable")
        _, first = np.unique(changed[order], axis=0, return_index=True)
        sets = changed[order][np.sort(first)][:again]
        held = list(np.logical_or.accumulate(sets, axis=0))
        for each in sets:
            held += [np.arange(len(origin)) == unit for unit in np.flatnonzero(each)]
        held = list({each.tobytes(): each for each in held}.values())[:again]
        _, more = found(np.zeros(len(held), dtype=np.intp), np.stack(held))
        units = np.concatenate([units, more])
        return np.zeros(len(units), dtype=np.intp), units

    def _exactly(
        self, route: LinearRoute | TreeRoute, many: int
    ) -> tuple[NDArray[np.intp], Floats, Floats]:
        n = len(self.origins)
        least = np.full(n, np.nan)
        owners, rows = [np.zeros(0, dtype=np.intp)], [np.zeros((0, len(self.space)))]
        open_ = np.arange(n)
        for slack in SLACKS:
            if not len(open_):
                break
            proposed = route.propose(self.origins[open_], many, slack)
            owner = np.repeat(open_, [len(mine) for mine in proposed])
            least[open_[[not mine for mine in proposed]]] = np.inf
            if not len(owner):
                open_ = owner
                break
            units = np.stack([row for mine in proposed for row in mine])
            units = self.space.snapped(units, self.origins[owner])
            good = self.space.allowed(units, self.origins[owner])
            good[good] = self.ask(units[good])[0]
            first = np.unique(owner, return_index=True)[1]
            settled = owner[first[good[first]]]
            at = first[good[first]]
            least[settled] = self.space.cost(units[at], self.origins[settled])
            mine = good & np.isin(owner, settled)
            owners.append(owner[mine])
            rows.append(units[mine])
            open_ = np.setdiff1d(owner, settled)
        if len(open_):
            raise ModelError(
                f"The model {self.goal.predictor.name!r} does not answer as its own coefficients "
                "say where two answers meet. Use method='search'."
            )
        order = np.argsort(np.concatenate(owners), kind="stable")
        return np.concatenate(owners)[order], np.concatenate(rows)[order], least

    def _confirmed(self, owner: NDArray[np.intp], units: Floats) -> NDArray[np.bool_]:
        """Ask once more for all rows as they will be handed out, and check every constraint."""
        good, _ = self.ask(units)
        frame = self.space.frame(units)
        broken = self.space.constraints.violations(frame, self.space.frame(self.origins[owner]))
        good[broken["row"].to_numpy(np.intp)] = False
        return np.asarray(good)


def study_of(
    goal: Goal,
    frame: pd.DataFrame,
    told: Floats,
    data: pd.DataFrame,
    *,
    constraints: Constraints | None,
    scales: Mapping[str, float] | None,
    per_change: float,
    category_cost: float,
    method: Method,
    tidy: bool,
    starts: int,
    max_data: int,
    seed: int,
    as_array: Any,
) -> tuple[Study, tuple[str, ...]]:
    """Return a study, and notes on it.

    `told` is what the model answers for the rows of `frame`; for the others see `counterfactuals`.
    """
    require_choice(method, METHODS, what="method")
    for name, value in (("starts", starts), ("max_data", max_data)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 2:
            raise InputError(f"{name}={value!r} is not a whole number from 2.")
    predictor = goal.predictor
    notes: list[str] = []
    generator = as_generator(seed, "counterfactuals")
    # An array's columns stand in the model's order and bear no names: it reads all of them.
    named = predictor.features is not None and as_array is None
    read = set(predictor.columns_in(frame.columns)) if named else None
    unread = () if read is None else tuple(str(c) for c in frame if str(c) not in read)
    space = space_of(
        data, frame, constraints,
        scales=scales, per_change=per_change, category_cost=category_cost, as_array=as_array,
        unread=unread,
    )  # fmt: skip
    if len(data) > max_data:
        notes.append(
            f"{max_data:,} of the {len(data):,} rows of the data were drawn to start from and to "
            "compare with."
        )
        data = data.iloc[np.sort(generator.choice(len(data), max_data, replace=False))]
    units, origins = space.read(data), space.read(frame)
    study = Study(
        goal=goal, space=space, origins=origins, data=units, answers=None,
        starts=int(starts), tidy=tidy, seed=seed, or_search=method == "auto",
    )  # fmt: skip
    one_hot = ~np.isnan(units).any(axis=1) | data.isna().to_numpy().any(axis=1)
    study.data = units = units[one_hot]
    study.answers = study.answer(units)
    if method != "search" and not space.fixed.all():
        both = np.concatenate([told, study.answers])
        study.route = linear_route(goal, space, origins, units, both) or tree_route(
            goal, space, origins, units, both
        )
        if study.route is None and method == "exact":
            raise InputError(
                f"There is no exact way for the model {predictor.name!r} ({predictor.kind}): it is "
                "no linear model and no single tree behind steps that treat each column alone. "
                "Use method='search'."
            )
    return study, tuple(notes)


def frames_of(predictor: Predictor, rows: Any, data: Any) -> tuple[pd.DataFrame, pd.DataFrame, Any]:
    """Return rows and data as frames of the same columns, and the dtype of arrays.

    Raises
    ------
    InputError
        If one is no table, or a column is missing.
    """
    if not isinstance(data, pd.DataFrame):
        array = np.asarray(data)
        given = np.atleast_2d(np.asarray(rows))
        if isinstance(rows, pd.DataFrame | pd.Series | Mapping) or array.ndim != 2:
            raise InputError(
                f"The row is a {type(rows).__name__} and the data a {type(data).__name__}. Give "
                "both as data frames, or both as arrays."
            )
        if array.dtype.kind not in "fiu" or given.dtype.kind not in "fiub":
            raise InputError(f"The data hold {array.dtype}. Give an array of numbers, or a frame.")
        if given.ndim != 2 or given.shape[1] != array.shape[1]:
            raise InputError(
                f"The row has shape {np.shape(rows)}, and the data have {array.shape[1]} columns."
            )
        names = [str(at) for at in range(array.shape[1])]
        dtype = np.result_type(array.dtype, given.dtype)
        return pd.DataFrame(given, columns=names), pd.DataFrame(array, columns=names), dtype
    if isinstance(rows, Mapping):
        rows = pd.Series(dict(rows))
    if isinstance(rows, pd.Series):
        rows = pd.DataFrame([rows.to_list()], columns=rows.index)
    if not isinstance(rows, pd.DataFrame):
        raise InputError(
            f"The row is a {type(rows).__name__}, and the data are a data frame. Give a row of "
            "such a frame: X.iloc[[0]]."
        )
    for table, what in ((rows, "the row"), (data, "the data")):
        if table.columns.has_duplicates:
            twice = table.columns[table.columns.duplicated()][0]
            raise InputError(f"Two columns of {what} are named {twice!r}. Rename one.")
    wanted = list(rows.columns)
    if predictor.features is not None:
        read = set(predictor.columns_in([str(c) for c in wanted]))
        lacking = [c for c in data.columns if str(c) in read and c not in rows.columns]
        if lacking:
            raise InputError(
                f"The row does not have the column {str(lacking[0])!r}, which the model reads."
                f"{nearest(str(lacking[0]), map(str, wanted))}"
            )
        wanted = [c for c in wanted if str(c) in read or c in data.columns]
    present = [str(column) for column in data.columns]
    for column in wanted:
        if column not in data.columns:
            raise InputError(
                f"The row has the column {column!r}, which the data does not have."
                f"{nearest(str(column), present)}"
            )
    data = data[wanted]
    return pd.DataFrame({c: _as(rows[c], data[c]) for c in wanted}), data, None


def _as(cells: pd.Series, like: pd.Series) -> pd.Series:
    """Return cells in the dtype of the data, where nothing is lost."""
    if cells.dtype == like.dtype:
        return cells.reset_index(drop=True)
    name, cells = cells.name, cells.reset_index(drop=True)
    if cells.isna().any() and pd.api.types.is_integer_dtype(like.dtype):
        return cells.astype(np.float64)
    if isinstance(like.dtype, pd.CategoricalDtype):
        strange = ~cells.isin(list(like.cat.categories)) & cells.notna()
        if strange.any():
            value = cells[strange].iloc[0]
            raise InputError(
                f"The row has {_said(value)} in column {name!r}, which is no category of the data."
                f"{nearest(str(value), map(str, like.cat.categories))}"
            )
    try:
        found = cells.astype(like.dtype)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The row has {_said(cells.iloc[0])} in column {name!r}, which holds {like.dtype} in "
            "the data."
        ) from error
    if pd.api.types.is_numeric_dtype(like.dtype) and not ((found == cells) | cells.isna()).all():
        raise InputError(
            f"The row has {_said(cells.iloc[0])} in column {name!r}, which holds {like.dtype} in "
            "the data."
        )
    return found


def _said(value: Any) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)
