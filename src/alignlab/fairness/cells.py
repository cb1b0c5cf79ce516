"""One table of counts, group × outcome × decision, from which every rate of decisions follows.

A rate is the weight in some cells over the weight in some others [barocas2023fairness, ch. 3]:
with outcome y, decision d and the favourable class f,

    selection rate  P(d=f)          base rate  P(y=f)          accuracy  P(d=y)
    TPR  P(d=f | y=f)    FNR  P(d≠f | y=f)    PPV  P(y=f | d=f)
    FPR  P(d=f | y≠f)    TNR  P(d≠f | y≠f)    NPV  P(y≠f | d≠f)

Drawing n rows with replacement and counting cells is drawing the cells' counts from one
multinomial, so the bootstrap of all rates costs cells, not rows [efron1987better, sec. 1]. With
sample weights a cell's total is a sum of so many drawn weights; it is drawn from the gamma
distribution with that sum's mean and variance, which is exact where a cell's weights are equal.
Assumes independent rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.intervals import share_size
from alignlab.random import as_generator

__all__ = ["RATES", "CellTable", "Rate", "RateByGroup", "cell_table"]

Floats = NDArray[np.float64]

REPLICATES_AT_ONCE = 4_000_000
"""Cells of bootstrap counts held in memory at a time (8 bytes each)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of decisions: which rows it is among, and which of those it counts.

    Attributes
    ----------
    name
        The field's term.
    among
        What is conditioned on: "all", or "outcome" or "decision" being favourable or not.
    counts
        What is counted: the "outcome" or "decision" being favourable or not, or "right".
    definition
        The same in words.
    """

    name: str
    among: tuple[str, bool] | None
    counts: tuple[str, bool]
    definition: str

    def masks(self, n_classes: int, favourable: int) -> tuple[Floats, Floats]:
        """Return which cells (outcome, decision) are counted and which they are among."""
        among = np.ones((n_classes, n_classes))
        if self.among is not None:
            among = _cells_where(*self.among, n_classes, favourable)
        return among * _cells_where(*self.counts, n_classes, favourable), among


def _cells_where(axis: str, wanted: bool, n_classes: int, favourable: int) -> Floats:
    if axis == "right":
        return np.eye(n_classes)
    is_favourable = np.arange(n_classes) == favourable
    hit = (is_favourable if wanted else ~is_favourable).astype(float)
    ones = np.ones(n_classes)
    return np.outer(hit, ones) if axis == "outcome" else np.outer(ones, hit)


RATES = {
    "selection_rate": Rate(
        "selection rate", None, ("decision", True), "share given the favourable decision"
    ),
    "base_rate": Rate(
        "base rate", None, ("outcome", True), "share whose outcome was favourable"
    ),
    "true_positive_rate": Rate(
        "TPR", ("outcome", True), ("decision", True),
        "share given the favourable decision among those whose outcome was favourable",
    ),
    "false_positive_rate": Rate(
        "FPR", ("outcome", False), ("decision", True),
        "share given the favourable decision among those whose outcome was not",
    ),
    "false_negative_rate": Rate(
        "FNR", ("outcome", True), ("decision", False),
        "share refused the favourable decision among those whose outcome was favourable",
    ),
    "true_negative_rate": Rate(
        "TNR", ("outcome", False), ("decision", False),
        "share refused the favourable decision among those whose outcome was not favourable",
    ),
    "positive_predictive_value": Rate(
        "PPV", ("decision", True), ("outcome", True),
        "share whose outcome was favourable among those given the favourable decision",
    ),
    "negative_predictive_value": Rate(
        "NPV", ("decision", False), ("outcome", False),
        "share whose outcome was not favourable among those refused the favourable decision",
    ),
    "accuracy": Rate("accuracy", None, ("right", True), "share decided as it turned out"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class RateByGroup:
    """One rate in every group.

    Attributes
    ----------
    values
        Shape (n_groups,); NaN where a group has no row to take the rate among.
    effective
        Effective number of rows that each value rests on (`share_size`), shape (n_groups,).
    rows
        Number of rows that each value rests on, shape (n_groups,).
    """

    values: Floats
    effective: Floats
    rows: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class CellTable:
    """Counts by group, outcome and decision.

    Attributes
    ----------
    rows
        Number of rows in each cell, shape (n_groups, n_classes, n_classes).
    weights
        Their total weight; equal to `rows` without weights.
    squares
        Their total squared weight; equal to `rows` without weights.
    favourable
        The index of the favourable class.
    """

    rows: NDArray[np.intp]
    weights: Floats
    squares: Floats
    favourable: int

    @property
    def weighted(self) -> bool:
        """Whether the rows have unequal weights."""
        return not np.array_equal(self.weights, self.rows)

    def rate(self, name: str) -> RateByGroup:
        """Return one of `RATES` in every group.

        Raises
        ------
        InputError
            If there is no such rate.
        """
        counted, among = self._masks(name)
        total = np.einsum("gyd,yd->g", self.weights, among)
        squares = np.einsum("gyd,yd->g", self.squares, among)
        hits = np.einsum("gyd,yd->g", self.weights, counted)
        hit_squares = np.einsum("gyd,yd->g", self.squares, counted)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(total > 0, np.minimum(hits / total, 1.0), np.nan)
        effective = share_size(hits, total, hit_squares, squares)
        rows = np.einsum("gyd,yd->g", self.rows, among).astype(np.intp)
        return RateByGroup(values, effective, rows)

    def bootstrap(
        self, names: list[str], *, replicates: int = 10_000, seed: int | np.random.Generator = 0
    ) -> dict[str, Floats]:
        """Redraw the rows many times and return the rates of every draw.

        Parameters
        ----------
        names
            Keys of `RATES`.
        replicates
            How many times.
        seed
            A seed or a generator.

        Returns
        -------
        dict
            Rate name to an array of shape (replicates, n_groups); NaN where a draw left a group
            with no row to take the rate among.
        """
        generator = as_generator(seed, "cell bootstrap")
        masks = {name: self._masks(name) for name in names}
        result = {name: np.empty((replicates, len(self.rows))) for name in names}
        filled = np.flatnonzero(self.rows)
        step = max(1, REPLICATES_AT_ONCE // max(self.rows.size, 1))
        for start in range(0, replicates, step):
            size = min(step, replicates - start)
            drawn = np.zeros((size, self.rows.size))
            drawn[:, filled] = self._draw(generator, filled, size)
            cells = drawn.reshape(size, *self.rows.shape)
            for name, (counted, among) in masks.items():
                total = np.einsum("bgyd,yd->bg", cells, among)
                hits = np.einsum("bgyd,yd->bg", cells, counted)
                with np.errstate(invalid="ignore", divide="ignore"):
                    result[name][start : start + size] = hits / total
        return result

    def _masks(self, name: str) -> tuple[Floats, Floats]:
        rate = RATES[require_choice(name, RATES, what="rate")]
        return rate.masks(self.rows.shape[1], self.favourable)

    def _draw(self, generator: np.random.Generator, filled: NDArray[np.intp], size: int) -> Floats:
        rows = self.rows.ravel()[filled]
        counts = generator.multinomial(rows.sum(), rows / rows.sum(), size=size)
        if not self.weighted:
            return counts.astype(float)
        mean = self.weights.ravel()[filled] / rows
        variance = np.maximum(self.squares.ravel()[filled] / rows - mean**2, 0)
        totals = counts * mean
        spread = np.flatnonzero((variance > 1e-12 * mean**2) & (mean > 0))
        shape = counts[:, spread] * mean[spread] ** 2 / variance[spread]
        scale = variance[spread] / mean[spread]
        totals[:, spread] = np.where(
            shape > 0, generator.gamma(np.maximum(shape, 1e-300)) * scale, 0.0
        )
        return totals


def cell_table(
    outcomes: NDArray[np.integer],
    decisions: NDArray[np.integer],
    groups: NDArray[np.integer],
    *,
    favourable: int,
    n_classes: int | None = None,
    n_groups: int | None = None,
    weights: Floats | None = None,
) -> CellTable:
    """Count the rows by group, outcome and decision.

    Parameters
    ----------
    outcomes, decisions
        Class indices, shape (n,).
    groups
        Group indices, shape (n,).
    favourable
        The index of the favourable class.
    n_classes, n_groups
        How many there are; the largest index plus one unless given.
    weights
        Sample weights, shape (n,), or `None`.

    Raises
    ------
    InputError
        If the arrays differ in length or are empty.

    Examples
    --------
    >>> y, d, g = np.array([1, 0, 1, 0]), np.array([1, 0, 0, 0]), np.array([0, 0, 1, 1])
    >>> cell_table(y, d, g, favourable=1).rate("selection_rate").values
    array([0.5, 0. ])
    """
    n = len(outcomes)
    if n == 0 or len(decisions) != n or len(groups) != n:
        raise InputError(
            f"outcomes, decisions and groups have {n}, {len(decisions)} and {len(groups)} rows; "
            "give the same number, at least one."
        )
    n_classes = n_classes or int(max(outcomes.max(), decisions.max(), favourable)) + 1
    n_groups = n_groups or int(groups.max()) + 1
    shape = (n_groups, n_classes, n_classes)
    cell = np.ravel_multi_index((groups, outcomes, decisions), shape)
    size = int(np.prod(shape))
    rows = np.bincount(cell, minlength=size).reshape(shape)
    if weights is None:
        return CellTable(rows, rows.astype(float), rows.astype(float), favourable)
    totals, squares = (
        np.bincount(cell, each, size).astype(float).reshape(shape) for each in (weights, weights**2)
    )
    return CellTable(rows, totals, squares, favourable)
