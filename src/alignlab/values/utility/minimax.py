"""Minimax regret: the choice, or the mixture of choices, that hindsight hurts least at worst.

With utilities U[a, s] of option a in scenario s [savage1951theory],

    regret[a, s] = max_b U[b, s] - U[a, s]
    pure         min_a max_s regret[a, s]
    mixed        min_m max_s sum_a m_a regret[a, s],  by linear programming

The mixed value is never larger. Its certificate is the dual: probabilities of the scenarios against
which no option has a smaller expected regret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, ModelError
from alignlab.tables import Table
from alignlab.values.utility.lotteries import ROUNDING

__all__ = ["MinimaxRegret", "minimax_regret"]

Floats = NDArray[np.float64]

TIE = 1e-9
"""Two worst regrets tie within this share of the least; the mixed value is certified to it."""

LARGEST = 1e9
"""Regrets above this many times the pure value are told to the solver as this many."""


@dataclass(frozen=True, eq=False)
class MinimaxRegret:
    """The choice whose worst regret over the scenarios is least.

    Attributes
    ----------
    best
        Names of all options that tie for the least worst regret.
    names
        All options.
    regrets
        Shape (n_options, n_scenarios).
    worst
        Each option's largest regret, shape (n_options,).
    value
        The least of them.
    mixture
        The probabilities with which drawing an option has the least worst expected regret.
    mixed_value
        That worst expected regret, at most `value`.
    scenario_weights
        The scenario probabilities against which no option has less expected regret than
        `mixed_value`: the certificate that no mixture does better.
    """

    best: tuple[str, ...]
    names: tuple[str, ...]
    regrets: Floats
    worst: Floats
    value: float
    mixture: Floats
    mixed_value: float
    scenario_weights: Floats

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "best": list(self.best),
            "value": self.value,
            "worst": dict(zip(self.names, self.worst.tolist(), strict=True)),
            "mixture": dict(zip(self.names, self.mixture.tolist(), strict=True)),
            "mixed_value": self.mixed_value,
            "scenario_weights": self.scenario_weights.tolist(),
        }

    def table(self) -> Table:
        """Return each option's worst regret and its share in the mixture."""
        rows = tuple(
            (name, float(worst), float(share))
            for name, worst, share in zip(self.names, self.worst, self.mixture, strict=True)
        )
        return Table(
            "Regret over the scenarios", ("option", "worst regret", "share in the mixture"), rows
        )


def minimax_regret(utilities: ArrayLike, *, names: Sequence[str] | None = None) -> MinimaxRegret:
    """Choose so that hindsight hurts least in the worst scenario.

    Use it where the scenarios have no probabilities. It depends on the options offered: a new one
    that is best nowhere it matters can change the choice. Drawing an option at random can have
    less worst expected regret than any single one; that mixture is found by linear programming.

    Parameters
    ----------
    utilities
        Shape (n_options, n_scenarios).
    names
        The options' names; "0", "1", … if not given.

    Raises
    ------
    InputError
        If the utilities are not a finite matrix.

    References
    ----------
    [savage1951theory]

    Examples
    --------
    >>> found = minimax_regret([[0, 10], [6, 0]], names=["lend", "refuse"])
    >>> found.best, found.value
    (('lend',), 6.0)
    >>> found.mixture.round(3).tolist(), round(found.mixed_value, 3)
    ([0.625, 0.375], 3.75)
    """
    worth, labels = option_matrix(utilities, names)
    regrets = worth.max(axis=0) - worth
    worst = regrets.max(axis=1)
    value = float(worst.min())
    # Utilities that differ by their own rounding are the same.
    size = np.abs(worth).max(axis=1)
    rounding = ROUNDING * np.maximum(size, size[worst.argmin()])
    mixture, weights = np.zeros(len(worth)), np.full(worth.shape[1], 1 / worth.shape[1])
    if value == 0:
        mixture[worst.argmin()] = 1.0
    else:
        mixture, weights = _least_mixed(regrets / value)
    return MinimaxRegret(
        best=tuple(labels[i] for i in np.flatnonzero(worst <= value * (1 + TIE) + rounding)),
        names=labels,
        regrets=regrets,
        worst=worst,
        value=value,
        mixture=mixture,
        mixed_value=float((mixture @ regrets).max()),
        scenario_weights=weights,
    )


def _least_mixed(regrets: Floats) -> tuple[Floats, Floats]:
    """Return the mixture and the scenarios' weights, for regrets in units of the pure value."""
    from scipy.optimize import linprog  # costs an audit, which needs none, half a second

    # What always loses more than the best pure choice has no place in a mixture, and its regrets,
    # which may be as large as they like, would take the solver's digits from all others.
    useful = np.flatnonzero(regrets.min(axis=1) <= 1)
    # The value is at most 1, so that what a scenario loses beyond the bound is all alike.
    kept = np.minimum(regrets[useful], LARGEST)
    n_scenarios = regrets.shape[1]
    # Least v with, in every scenario, expected regret at most v.
    solved = linprog(
        c=np.append(np.zeros(len(useful)), 1.0),
        A_ub=np.column_stack([kept.T, -np.ones(n_scenarios)]),
        b_ub=np.zeros(n_scenarios),
        A_eq=np.append(np.ones(len(useful)), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * (len(useful) + 1),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if not solved.success:
        raise ModelError(f"The linear program of the mixed choice failed: {solved.message}")
    mixture = np.zeros(len(regrets))
    mixture[useful] = np.clip(np.asarray(solved.x)[:-1], 0, None)
    mixture /= mixture.sum()
    weights = np.clip(-solved.ineqlin.marginals, 0, None)
    weights /= weights.sum()
    gap = float((mixture @ regrets).max() - (regrets @ weights).min())
    if gap > TIE:
        raise ModelError(
            f"The mixed choice is certified to {gap:.1g} of the least worst regret only: the "
            "options' regrets differ too much in size."
        )
    return mixture, weights


def option_matrix(
    utilities: ArrayLike, names: Sequence[str] | None
) -> tuple[Floats, tuple[str, ...]]:
    """Return utilities as options by scenarios, with names, or say what is wrong with them."""
    worth = np.asarray(utilities, float)
    if worth.ndim != 2 or 0 in worth.shape or not np.isfinite(worth).all():
        raise InputError(
            f"utilities have shape {worth.shape}: give finite numbers, one row an option and one "
            "column a scenario."
        )
    labels = tuple(map(str, range(len(worth)))) if names is None else tuple(names)
    if len(labels) != len(worth):
        raise InputError(f"There are {len(worth)} options and {len(labels)} names.")
    return worth, labels
