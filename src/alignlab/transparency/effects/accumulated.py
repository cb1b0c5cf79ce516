"""Accumulated local effects: what the answers do along a feature, asked only near the data.

    ALE(x) = integral from z_0 to x of E[ d f / d x_p | x_p = z ] dz, less its mean over the rows,

estimated by steps (see `steps`): each row changes its own value to the two ends of the step that it
lies in, and nothing else [apley2020visualizing]. Two features: the same with second
differences, less what each does alone [apley2020visualizing]. Where features go
together, partial dependence asks about rows that cannot be; this does not, and its price is that a
curve is read step by step: the difference between two far points is that of no single row.

Assumes independent rows. Levels of a category without an order are put in one by likeness (see
`levels`), and the curve depends on it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_choice
from alignlab.intervals import critical_value
from alignlab.transparency.effects.bands import Band, Redraws
from alignlab.transparency.effects.density import Density, density_of
from alignlab.transparency.effects.grids import FEWEST_ROWS, Grid
from alignlab.transparency.effects.levels import likeness_order
from alignlab.transparency.effects.results import Effect, Effects, PairEffect
from alignlab.transparency.effects.steps import Steps, both_steps, curve_of, steps_of, surface_of
from alignlab.transparency.effects.study import Study, study_of, whole_number
from alignlab.transparency.outputs import Scale, output_of

__all__ = ["LocalCurve", "accumulated_local_effects", "joint_counts"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


def accumulated_local_effects(
    model: Any,
    X: Any,
    features: Sequence[str] | str | None = None,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    grid: Mapping[str, Sequence[Any]] | None = None,
    points: int = 40,
    pair_points: int = 10,
    scale: Scale | None = None,
    target: Hashable | Sequence[Hashable] | None = None,
    weights: ArrayLike | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    max_rows: int | None = 50_000,
    band: Band = "simultaneous",
    level: float = 0.95,
    redraws: int = 500,
    seed: int | np.random.Generator = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
) -> Effects:
    """Measure what a model's answers do along each feature, near the rows that there are.

    Use it where features go together, and whenever rows are many: it asks about 2 rows for each row
    and feature, however fine the grid. Use `partial_dependence` to see the rows' own curves, or the
    level of the answers and not only how it changes.

    Parameters
    ----------
    model
        A `Predictor`, or whatever `as_predictor` takes.
    X
        n rows, as the model takes them: a data frame, or an array of shape (n, columns). Never
        changed.
    features
        The features to draw: columns, groups, or "0", "1", ... of an array. `None` draws all but
        those of one value and identifiers, which `left_out` lists; with `pairs`, the pairs alone.
    pairs
        Pairs of features whose joint effect to draw.
    grid
        For some features, the ends of the steps: numbers, dates, or levels in the order in which
        to step.
    points
        Points for a number, at most; fewer where rows are few. Columns with fewer values are
        drawn at each value.
    pair_points
        The same for each feature of a pair.
    scale, target
        What is explained: see `output_of`.
    weights
        Non-negative weights, shape (n,).
    groups
        Columns that make one feature, by name. One-hot columns are found without.
    max_rows
        More rows than this are sampled down to it, and `notes` says so; `None` takes all.
    band
        "simultaneous": the whole curve lies inside with the chance `level`; "pointwise".
    level
        The level of the bands.
    redraws
        Bootstrap samples for simultaneous bands.
    seed
        Decides the rows sampled and the redraws.
    classes, task
        Passed to `as_predictor`.

    Returns
    -------
    Effects
        Values are differences from the mean over rows.

    Raises
    ------
    InputError
        If a feature, level, weight or number cannot be used.
    ModelError
        If the model fails on a changed row.

    References
    ----------
    [apley2020visualizing], [montielolea2019simultaneous]

    Examples
    --------
    Along "b", which goes with "a", the model falls by 2 for each 1:

    >>> X = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.9], [0, 0.4]]
    >>> effects = accumulated_local_effects(
    ...     lambda rows: rows[:, 0] ** 2 - 2 * rows[:, 1], X, "1", task="regression"
    ... )
    >>> effect = effects["1"]
    >>> np.allclose(np.diff(effect.values[:, 0]), -2 * np.diff(effect.at)), effects.evaluations
    (True, 400)
    """
    output = output_of(model, scale=scale, target=target, classes=classes, task=task)
    require_choice(band, ("simultaneous", "pointwise"), what="band")
    critical_value(level)  # says what is wrong with a level, before the model is asked
    for what, number in (("points", points), ("pair_points", pair_points), ("redraws", redraws)):
        whole_number(what, number)
    study = study_of(
        output,
        X,
        features,
        pairs=pairs,
        grid=grid,
        weights=weights,
        groups=groups,
        max_rows=max_rows,
        seed=seed,
        purpose="accumulated local effects",
    )
    curves = [LocalCurve(study, player, points) for player in study.chosen]
    for curve in curves:
        if len(curve.grid) > 1 and not len(curve.steps.rows):
            raise InputError(f"No row lies on the grid of {curve.grid.column.name!r}.")
    surfaces = [_LocalSurface(study, first, second, pair_points) for first, second in study.pairs]
    answers = study.questions.ask(output)
    redrawn = Redraws(
        study.shares, band=band, level=level, draws=redraws, generator=study.generator
    )
    return study.result(
        "accumulated local effects",
        tuple(curve.effect(answers, redrawn) for curve in curves),
        tuple(surface.effect(answers, redrawn) for surface in surfaces),
        band=band,
        level=level,
    )


class LocalCurve:
    """The accumulated local effects of one feature: its questions, then its curve."""

    def __init__(self, study: Study, player: int, points: int) -> None:
        self.study, self.player = study, player
        self.grid = _stepped(study, player, points)
        self.steps = steps = steps_of(self.grid)
        low, high = (self.grid.donors[steps.step + end] for end in (0, 1))
        self.low = study.questions.add(steps.rows, [(player, low)])
        self.high = study.questions.add(steps.rows, [(player, high)])

    def effect(self, answers: Floats, redrawn: Redraws) -> Effect:
        """Return the effect, once the model has answered."""
        change = answers[self.high] - answers[self.low]
        values = np.zeros((len(self.grid), change.shape[1]))
        low, high = values.copy(), values.copy()
        for output, changed in enumerate(change.T):
            curve, influences = curve_of(self.steps, changed, self.study.shares)
            values[:, output] = curve
            low[:, output], high[:, output] = redrawn.limits(curve, influences)
        density: Density = density_of(self.grid, len(self.study.shares))
        none = np.full(change.shape[1], np.nan)
        return Effect(
            feature=self.grid.column.name,
            columns=self.study.players[self.player],
            method="accumulated local effects",
            kind=self.grid.column.kind,
            at=self.grid.at,
            labels=self.grid.labels,
            values=values,
            low=low,
            high=high,
            counts=self.grid.counts,
            complete=self.grid.complete,
            gaps=density.gaps,
            bins=density.bins,
            binned=density.binned,
            explained=self.study.explained[self.player],
            outside=np.zeros(len(self.grid)),
            partner="",
            against=none,
            individual=np.zeros((0, *values.shape)),
            individual_rows=np.zeros(0, dtype=np.intp),
            missing=self.grid.missing,
            unshown=self.grid.unshown,
        )


class _LocalSurface:
    """The same for a pair, beyond what each does alone."""

    def __init__(self, study: Study, first: int, second: int, points: int) -> None:
        self.study = study
        self.grids = tuple(_stepped(study, player, points) for player in (first, second))
        names = [grid.column.name for grid in self.grids]
        for grid in self.grids:
            if len(grid) < 2:
                raise InputError(
                    f"The pair {names} has no joint effect: {grid.column.name!r} holds one value."
                )
        self.steps: tuple[Steps, Steps] = (steps_of(self.grids[0]), steps_of(self.grids[1]))
        self.taken = rows, one, other = both_steps(*self.steps)
        if not len(rows):
            raise InputError(f"No row lies on the grids of both {names[0]!r} and {names[1]!r}.")
        self.asked = {
            (a, b): study.questions.add(
                rows,
                [
                    (first, self.grids[0].donors[one + a]),
                    (second, self.grids[1].donors[other + b]),
                ],
            )
            for a in (0, 1)
            for b in (0, 1)
        }

    def effect(self, answers: Floats, redrawn: Redraws) -> PairEffect:
        change = (
            answers[self.asked[1, 1]]
            - answers[self.asked[1, 0]]
            - answers[self.asked[0, 1]]
            + answers[self.asked[0, 0]]
        )
        shape = (len(self.grids[0]), len(self.grids[1]), change.shape[1])
        values, low, high = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for output, changed in enumerate(change.T):
            surface, influences, _ = surface_of(*self.steps, self.taken, changed, self.study.shares)
            below, above = redrawn.limits(surface.ravel(), influences)
            values[..., output] = surface
            low[..., output], high[..., output] = (
                each.reshape(surface.shape) for each in (below, above)
            )
        first, second = self.grids
        return PairEffect(
            features=(first.column.name, second.column.name),
            method="accumulated local effects",
            kinds=(first.column.kind, second.column.kind),
            at=(first.at, second.at),
            labels=(first.labels, second.labels),
            values=values,
            low=low,
            high=high,
            counts=joint_counts(first, second, len(self.study.shares)),
        )


def joint_counts(first: Grid, second: Grid, n: int) -> Index:
    """Return how many rows lie at, or nearest to, each pair of points."""
    one, other = nearest_points(first, n), nearest_points(second, n)
    both = (one >= 0) & (other >= 0)
    flat = np.bincount(one[both] * len(second) + other[both], minlength=len(first) * len(second))
    return flat.reshape(len(first), len(second))


def nearest_points(grid: Grid, n: int) -> Index:
    """Return the point at, or nearest to, each row; -1 where the row has none."""
    if grid.column.value is None:
        return grid.place
    value = grid.column.value[:n]
    near = np.searchsorted((grid.at[1:] + grid.at[:-1]) / 2, value)
    return np.where(np.isfinite(value), near, -1).astype(np.intp)


def _stepped(study: Study, player: int, points: int) -> Grid:
    """Return a feature's points in the order in which steps are taken."""
    column = study.columns[player]
    grid = study.grid(player, points, fewest=FEWEST_ROWS)
    if column.kind != "category" or column.ordered or player in study.stated or len(grid) < 3:
        return grid
    n = len(study.shares)
    others = [
        (classes[:n], study.columns[other].value is not None)
        for other, classes in enumerate(study.classes)
        if other != player
    ]
    return grid.taken(likeness_order(grid.place, others, study.shares))
