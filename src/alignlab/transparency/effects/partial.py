"""Partial dependence: the mean answer where every row takes one value; and rows' own curves.

    PD(v) = sum_i w_i f(v, rest of row i) / sum_i w_i        [friedman2001greedy]
    ICE_i(v) = f(v, rest of row i)                           [goldstein2015peeking]

It answers what the model would say on average if all rows had the value v and nothing else changed.
Where features go together many such rows cannot be, and the answer rests on them
[hooker2021unrestricted; apley2020visualizing]; `outside` says how many, and the accumulated local
effects stand beside. Assumes independent rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import require_choice
from alignlab.intervals import critical_value
from alignlab.transparency.effects.accumulated import LocalCurve, joint_counts
from alignlab.transparency.effects.bands import Band, Redraws
from alignlab.transparency.effects.density import density_of
from alignlab.transparency.effects.grids import Grid
from alignlab.transparency.effects.outside import Outside, outside_shares
from alignlab.transparency.effects.results import Effect, Effects, PairEffect
from alignlab.transparency.effects.study import Study, study_of, whole_number
from alignlab.transparency.effects.words import leaves_the_data
from alignlab.transparency.outputs import Scale, output_of

__all__ = ["partial_dependence"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


def partial_dependence(
    model: Any,
    X: Any,
    features: Sequence[str] | str | None = None,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    grid: Mapping[str, Sequence[Any]] | None = None,
    points: int = 30,
    pair_points: int = 10,
    individual: int | None = 100,
    ale: Literal["where needed", "always", "never"] = "where needed",
    scale: Scale | None = None,
    target: Hashable | Sequence[Hashable] | None = None,
    weights: ArrayLike | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    max_rows: int | None = 5_000,
    band: Band = "simultaneous",
    level: float = 0.95,
    redraws: int = 500,
    seed: int | np.random.Generator = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
) -> Effects:
    """Measure a model's mean answer where all rows take one value of a feature, value by value.

    Use it to see the level of the answers and, in the rows' own curves, whether the feature acts
    alike on all. Where features go together, read `accumulated_local_effects`, which stand beside
    there. Neither says what would happen in the world if the value were changed.

    Parameters
    ----------
    model
        A `Predictor`, or whatever `as_predictor` takes.
    X
        n rows, as the model takes them: a data frame, or an array of shape (n, columns). Never
        changed; dtypes, categories and missing values reach the model as they are.
    features
        The features to draw: columns, groups, or "0", "1", ... of an array. `None` draws all but
        those of one value and identifiers, which `left_out` lists; with `pairs`, the pairs alone.
    pairs
        Pairs of features whose joint mean to draw.
    grid
        For some features, the values to ask about: numbers, dates, or levels.
    points
        Points for a number, at most. Columns with fewer values are drawn at each value.
    pair_points
        The same for each feature of a pair.
    individual
        Rows whose own curves are kept, evenly spaced; `None` keeps all.
    ale
        Whether accumulated local effects stand beside: "where needed" is where the others foretell
        more than four fifths of the feature or more than a tenth of the rows asked about are unlike
        any in the data.
    scale, target
        What is explained: see `output_of`.
    weights
        Non-negative weights, shape (n,).
    groups
        Columns that make one feature, by name. One-hot columns are found without.
    max_rows
        More rows than this are sampled down to it, and `notes` says so; `None` takes all. The band
        knows of the sampling.
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

    Raises
    ------
    InputError
        If a feature, level, weight or number cannot be used.
    ModelError
        If the model fails on a changed row.

    References
    ----------
    [friedman2001greedy], [goldstein2015peeking], [apley2020visualizing]

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 6.0]])
    >>> effects = partial_dependence(lambda rows: rows[:, 0] * rows[:, 1], X, "0",
    ...                              task="regression")
    >>> effects["0"].values[:, 0].tolist(), effects["0"].individual[2, :, 0].tolist()
    ([0.0, 3.0, 6.0], [0.0, 6.0, 12.0])
    """
    output = output_of(model, scale=scale, target=target, classes=classes, task=task)
    require_choice(band, ("simultaneous", "pointwise"), what="band")
    critical_value(level)  # says what is wrong with a level, before the model is asked
    require_choice(ale, ("where needed", "always", "never"), what="ale")
    for what, number in (("points", points), ("pair_points", pair_points), ("redraws", redraws)):
        whole_number(what, number)
    if individual is not None:
        whole_number("individual", individual, least=0)
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
        purpose="partial dependence",
    )
    curves = [_Curve(study, player, points, ale) for player in study.chosen]
    surfaces = [_Surface(study, first, second, pair_points) for first, second in study.pairs]
    answers = study.questions.ask(output)
    redrawn = Redraws(
        study.shares, band=band, level=level, draws=redraws, generator=study.generator
    )
    return study.result(
        "partial dependence",
        tuple(curve.effect(answers, redrawn, individual) for curve in curves),
        tuple(surface.effect(answers, redrawn) for surface in surfaces),
        band=band,
        level=level,
    )


class _Curve:
    """The partial dependence on one feature: its questions, then its curve."""

    def __init__(self, study: Study, player: int, points: int, ale: str) -> None:
        self.study, self.player = study, player
        self.grid = grid = study.grid(player, points)
        self.asked = _ask_all(study, [(player, grid)])
        n = len(study.shares)
        self.outside: Outside = outside_shares(player, study.classes, grid.donors, study.shares, n)
        needed = leaves_the_data(study.explained[player], self.outside.shares)
        self.beside: LocalCurve | None = None
        if len(grid) > 1 and (ale == "always" or (ale == "where needed" and needed)):
            beside = LocalCurve(study, player, max(points, 3))
            self.beside = beside if len(beside.steps.rows) else None

    def effect(self, answers: Floats, redrawn: Redraws, individual: int | None) -> Effect:
        study, grid = self.study, self.grid
        n = len(study.shares)
        curves = answers[self.asked].reshape(len(grid), n, -1).transpose(1, 0, 2)
        values, low, high = _means(curves, study.shares, redrawn)
        most = n if individual is None else min(individual, n)
        shown = np.unique(np.linspace(0, n - 1, most).astype(np.intp))
        density = density_of(grid, n)
        partner = self.outside.partner
        return Effect(
            feature=grid.column.name,
            columns=study.players[self.player],
            method="partial dependence",
            kind=grid.column.kind,
            at=grid.at,
            labels=grid.labels,
            values=values,
            low=low,
            high=high,
            counts=grid.counts,
            complete=grid.complete,
            gaps=density.gaps,
            bins=density.bins,
            binned=density.binned,
            explained=study.explained[self.player],
            outside=self.outside.shares,
            partner="" if partner < 0 else study.columns[partner].name,
            against=_against(curves, values, study.shares, grid),
            individual=curves[shown].copy(),
            individual_rows=study.rows[shown],
            missing=grid.missing,
            unshown=grid.unshown,
            accumulated=None if self.beside is None else self.beside.effect(answers, redrawn),
        )


class _Surface:
    """The same for a pair."""

    def __init__(self, study: Study, first: int, second: int, points: int) -> None:
        self.study = study
        self.grids = (study.grid(first, points), study.grid(second, points))
        self.asked = _ask_all(study, [(first, self.grids[0]), (second, self.grids[1])])

    def effect(self, answers: Floats, redrawn: Redraws) -> PairEffect:
        first, second = self.grids
        n = len(self.study.shares)
        curves = answers[self.asked].reshape(len(first) * len(second), n, -1).transpose(1, 0, 2)
        shape = (len(first), len(second), curves.shape[2])
        values, low, high = (
            each.reshape(shape) for each in _means(curves, self.study.shares, redrawn)
        )
        return PairEffect(
            features=(first.column.name, second.column.name),
            method="partial dependence",
            kinds=(first.column.kind, second.column.kind),
            at=(first.at, second.at),
            labels=(first.labels, second.labels),
            values=values,
            low=low,
            high=high,
            counts=joint_counts(first, second, n),
        )


def _ask_all(study: Study, moved: Sequence[tuple[int, Grid]]) -> slice:
    """Ask about every row at every point, points outermost."""
    n = len(study.shares)
    sizes = [len(grid) for _, grid in moved]
    points = np.indices(sizes).reshape(len(sizes), -1)
    rows = np.tile(np.arange(n), points.shape[1])
    donors = [
        (player, np.repeat(grid.donors[at], n))
        for (player, grid), at in zip(moved, points, strict=True)
    ]
    return study.questions.add(rows, donors)


def _means(curves: Floats, shares: Floats, redrawn: Redraws) -> tuple[Floats, Floats, Floats]:
    """Return the mean curve of each output and its limits."""
    values = np.einsum("i,igk->gk", shares, curves)
    low, high = np.empty_like(values), np.empty_like(values)
    for output in range(values.shape[1]):
        influences = shares[:, None] * (curves[:, :, output] - values[:, output])
        low[:, output], high[:, output] = redrawn.limits(values[:, output], influences)
    return values, low, high


def _against(curves: Floats, values: Floats, shares: Floats, grid: Grid) -> Floats:
    """Return the share of rows whose own curve falls where the mean rises, and the other way."""
    if grid.column.kind == "category" or len(grid) < 2:
        return np.full(values.shape[1], np.nan)
    mean = values - values.mean(axis=0)
    together = np.einsum("igk,gk->ik", curves, mean)
    size = np.square(mean).sum(axis=0)
    return np.asarray(shares @ ((together < -1e-6 * size) & (size > 0)), dtype=np.float64)
