"""Linear models: the cheapest change is a mixed-integer program, and HiGHS proves it.

Behind steps that treat each column alone (`columnwise`), the scores of a linear model are

    s(x') = s(x) + W (x' - x)_numbers + sum over categories of t_u(x'_u) - t_u(x_u),

and the model decides for class k where s_k > s_j for all others, as [ustun2019actionable, sec. 3]
have it for two classes. Slopes and tables are read off the map, found affine at nine places of each
number's range and at values that the data have, and held against the model's own answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.predictors.linear_form import LinearForm, linear_form
from alignlab.transparency.recourse.columnwise import Columnwise, columnwise
from alignlab.transparency.recourse.goals import Goal
from alignlab.transparency.recourse.program import Conditions, cheapest
from alignlab.transparency.recourse.space import Space

__all__ = ["LinearRoute", "linear_route"]

Floats = NDArray[np.float64]

LINEAR = frozenset(
    {
        "ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lasso",
        "LassoCV", "LassoLars", "LinearDiscriminantAnalysis", "LinearRegression", "LinearSVC",
        "LinearSVR", "LogisticRegression", "LogisticRegressionCV", "Perceptron", "Ridge",
        "RidgeCV", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier", "SGDRegressor",
    }
)  # fmt: skip

PLACES = 9
"""Places of a number's range at which it must be affine."""

SEEN = 200
"""Values of the data at which it must be, too; whole numbers all, where there are no more."""

ROUNDING = 1e-8
"""How far from affine, as a share of the scores' size, is rounding."""

SLACK = 2e-7
"""By how much more than asked a condition is met, in its largest term: HiGHS errs by 1e-7."""


@dataclass(frozen=True, eq=False)
class LinearRoute:
    """The scores of a linear model in units.

    Attributes
    ----------
    space, goal
        The units, and what the model is to answer.
    map, form
        The way from units to what the linear model reads, and its weights.
    slopes
        Of numbers, shape (n_scores, n_units).
    tables
        The scores of a category's levels, shape (n_scores, n_levels); `None` for numbers.
    """

    space: Space
    goal: Goal
    map: Columnwise
    form: LinearForm
    slopes: Floats
    tables: tuple[Floats | None, ...]

    name = "exact: a linear model, by a mixed-integer program"

    def propose(self, origins: Floats, many: int, slack: float) -> list[list[Floats]]:
        """Return rows for each origin, the cheapest first; none where there surely is none.

        Each further row is the cheapest that leaves out a change of every row before it.
        """
        scores = self.scores(origins)
        found = []
        for origin, score in zip(origins, scores, strict=True):
            mine: list[Floats] = []
            forbidden: list[NDArray[np.intp]] = []
            while len(mine) < many:
                rows = [
                    row
                    for conditions in self._alternatives(score, slack)
                    if (row := self._cheapest(origin, conditions, forbidden)) is not None
                ]
                if not rows:
                    break
                best = min(rows, key=lambda row: float(self.space.cost(row, origin)))
                changed = np.flatnonzero(self.space.changed(best, origin))
                if not len(changed):
                    break
                mine.append(best)
                forbidden.append(changed)
            found.append(mine)
        return found

    def scores(self, units: Floats) -> Floats:
        """Return the model's scores, shape (n, n_scores)."""
        return self.form.scores(self.map.inputs(units))

    def _cheapest(
        self, origin: Floats, conditions: Conditions, forbidden: list[NDArray[np.intp]]
    ) -> Floats | None:
        low, high = self.space.reach(origin)
        levels = _levels(self.space, origin, low, high)
        return cheapest(
            self.space, origin, low=low, high=high, levels=levels,
            conditions=conditions, forbidden=forbidden,
        )  # fmt: skip

    def _alternatives(self, score: Floats, slack: float) -> Iterator[Conditions]:
        """Yield sets of conditions of which one must hold."""
        goal = self.goal
        wanted = (
            [goal.wanted]
            if goal.wanted is not None or goal.predictor.task == "regression"
            else [k for k in range(len(goal.predictor.classes)) if k != goal.now]
        )
        for k in wanted:
            yield self._conditions(score, k, slack)

    def _conditions(self, score: Floats, wanted: int | None, slack: float) -> Conditions:
        weights, needs = _combinations(self.goal, wanted, len(score))
        slopes = weights @ self.slopes
        tables = tuple(None if table is None else weights @ table for table in self.tables)
        size = np.abs(slopes * self.space.scale).max(axis=1, initial=0.0)
        for table in tables:
            if table is not None:
                size = np.maximum(size, np.ptp(table, axis=1))
        return Conditions(slopes, tables, needs - weights @ score + slack * SLACK * size)


def linear_route(
    goal: Goal, space: Space, origins: Floats, data: Floats, told: Floats
) -> LinearRoute | None:
    """Return the scores of a linear model in units; `None` where the model is none.

    Parameters
    ----------
    goal
        What the model is to answer.
    space
        The units.
    origins, data
        The rows that are to be changed, and rows of the data, in units.
    told
        The model's answers for all of these, in this order, which the scores must explain.
    """
    if goal.confidence is not None and len(goal.predictor.classes) != 2:
        return None
    known = columnwise(goal.predictor, space, origins, data, LINEAR)
    form = None if known is None else linear_form(known.final)
    if known is None or form is None or form.weights.shape[1:] != (len(known.owner),):
        return None
    weights = form.weights
    slopes = np.zeros((len(weights), len(space)))
    tables: list[Floats | None] = []
    for unit in range(len(space)):
        mine = weights[:, known.owner == unit]
        if not space.number[unit]:
            levels = np.arange(len(space.levels[unit] or ()), dtype=np.float64)
            tables.append(mine @ known.alone(unit, levels).T)
            continue
        tables.append(None)
        if space.fixed[unit] or not mine.size:
            continue
        places = _places(space, unit, data)
        gained = mine @ known.alone(unit, places).T
        slopes[:, unit] = (gained[:, -1] - gained[:, 0]) / (places[-1] - places[0])
        line = gained[:, :1] + slopes[:, unit, None] * (places - places[0])
        if np.abs(line - gained).max() > ROUNDING * max(np.abs(gained).max(), 1e-12):
            return None
    route = LinearRoute(space, goal, known, form, slopes, tuple(tables))
    return route if _explains(route, np.concatenate([origins, data]), told) else None


def _places(space: Space, unit: int, data: Floats) -> Floats:
    """Return where a number must be affine, ascending."""
    seen = np.unique(data[~np.isnan(data[:, unit]), unit])
    ends = min(space.low[unit], seen[0]), max(space.high[unit], seen[-1])
    seen = seen[np.linspace(0, len(seen) - 1, min(SEEN, len(seen))).astype(np.intp)]
    if not space.whole[unit]:
        return np.unique(np.concatenate([np.linspace(*ends, PLACES), seen]))
    many = SEEN if ends[1] - ends[0] <= SEEN else PLACES
    return np.unique(np.round(np.concatenate([np.linspace(*ends, many + 1), seen])))


def _levels(
    space: Space, origin: Floats, low: Floats, high: Floats
) -> list[NDArray[np.intp] | None]:
    return [
        None
        if space.number[at] or np.isnan(origin[at])
        else np.arange(low[at], high[at] + 1).astype(np.intp)
        for at in range(len(space))
    ]


def _combinations(goal: Goal, wanted: int | None, scores: int) -> tuple[Floats, Floats]:
    """Return weights and needs: the goal is reached where weights · scores > needs."""
    if goal.predictor.task == "regression":
        ends = [(1.0, goal.low), (-1.0, -goal.high)]
        kept = [(sign, end) for sign, end in ends if np.isfinite(end)]
        return np.array([[sign] for sign, _ in kept]), np.array([end for _, end in kept])
    sure = goal.confidence
    if scores == 1:
        need = 0.0 if sure is None else max(0.0, float(np.log(sure / (1 - sure))))
        return np.array([[1.0 if wanted == 1 else -1.0]]), np.array([need])
    own = np.eye(scores)[wanted or 0]
    return np.delete(own - np.eye(scores), wanted or 0, axis=0), np.zeros(scores - 1)


def _explains(route: LinearRoute, data: Floats, told: Floats) -> bool:
    """Return whether the scores say what the model answers for rows."""
    goal = route.goal
    scores = route.scores(data)
    if goal.predictor.task == "regression":
        size = max(float(np.abs(told).max()), 1e-12)
        return bool((np.abs(scores[:, 0] - told) <= ROUNDING * size).all())
    if scores.shape[1] == 1:
        ahead, decided = scores[:, 0], (scores[:, 0] > 0).astype(np.intp)
        if goal.confidence is not None:
            by_score = 1 / (1 + np.exp(-ahead))
            if np.abs(by_score - told[:, 1]).max() > ROUNDING:
                return False
    else:
        ordered = np.sort(scores, axis=1)
        ahead, decided = ordered[:, -1] - ordered[:, -2], scores.argmax(axis=1)
    clear = np.abs(ahead) > ROUNDING * np.abs(scores).max(initial=1e-12)
    return bool((decided == goal.predictor.decide(told))[clear].all())
