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

__all__ = ["MinimaxRegret", "minimax_regret"]

Floats = NDArray[np.float64]

TIE = 1e-9
"""Two worst regrets tie within this share of the largest regret."""


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
    from scipy.optimize import linprog  # costs an audit, which needs none, half a second

    worth, labels = option_matrix(utilities, names)
    regrets = worth.max(axis=0) - worth
    worst = regrets.max(axis=1)
    value = float(worst.min())
    scale = float(regrets.max()) or 1.0
    n_options, n_scenarios = worth.shape
    # Least v with, in every scenario, expected regret at most v; scaled so that tolerances fit.
    solved = linprog(
        c=np.append(np.zeros(n_options), 1.0),
        A_ub=np.column_stack([regrets.T / scale, -np.ones(n_scenarios)]),
        b_ub=np.zeros(n_scenarios),
        A_eq=np.append(np.ones(n_options), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * (n_options + 1),
        method="highs",
    )
    if not solved.success:
        raise ModelError(f"The linear program of the mixed choice failed: {solved.message}")
    mixture = np.clip(np.asarray(solved.x)[:-1], 0, None)
    mixture = mixture / mixture.sum()
    weights = np.clip(-solved.ineqlin.marginals, 0, None)
    total = float(weights.sum())
    return MinimaxRegret(
        best=tuple(labels[i] for i in np.flatnonzero(worst <= value + TIE * scale)),
        names=labels,
        regrets=regrets,
        worst=worst,
        value=value,
        mixture=mixture,
        mixed_value=float((mixture @ regrets).max()),
        scenario_weights=weights / total if total > 0 else np.full(n_scenarios, 1 / n_scenarios),
    )


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
