"""Choosing while the utility itself is uncertain: mean, CVaR, worst case, minimax regret.

With utilities U[m, a] of the options a under members m of a posterior or an ensemble, of weights
w_m,

    mean            max_a sum_m w_m U[m, a]
    cvar            max_a CVaR_t of U[., a] over the members    [rockafellar2000optimization]
    worst case      max_a min_m U[m, a]
    minimax regret  min_a max_m (max_b U[m, b] - U[m, a])       [savage1951theory]

The mean is all that expected utility asks for, and hides disagreement: an option that most members
like and one finds disastrous can win. A member's utility is unique only up to a positive affine
map. Minimax regret does not depend on each member's zero, the other three do, and all four depend
on each member's unit: members must come on a common scale (`elicit_outcomes` and `Elicitation`
give one), or be put on one here by their own ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, require_choice
from alignlab.tables import Cell, Table
from alignlab.values.utility.lotteries import ROUNDING
from alignlab.values.utility.minimax import option_matrix
from alignlab.values.utility.risk import cvar

__all__ = ["EnsembleChoice", "Rule", "choose_under_ensemble"]

Floats = NDArray[np.float64]

Rule = Literal["mean", "cvar", "worst case", "minimax regret"]

RULES: tuple[Rule, ...] = ("mean", "cvar", "worst case", "minimax regret")

TIE = 1e-9
"""An option ties with the best within this share of the range of the two's utilities."""


@dataclass(frozen=True, eq=False)
class EnsembleChoice:
    """What each rule would choose, and how far the members disagree.

    Attributes
    ----------
    best
        Names of all options that tie for the best by `rule`.
    rule
        The rule asked for.
    names
        All options.
    scores
        Rule to each option's score, higher is better (regrets are negative), shape (n_options,).
    best_by
        Rule to the names of the options that are best by it.
    favourites
        The share of members, by weight, that like each option best (ties shared), (n_options,).
    low, high
        The smallest and largest utility that any member gives each option, shape (n_options,).
    """

    best: tuple[str, ...]
    rule: Rule
    names: tuple[str, ...]
    scores: dict[Rule, Floats]
    best_by: dict[Rule, tuple[str, ...]]
    favourites: Floats
    low: Floats
    high: Floats

    @property
    def agreed(self) -> bool:
        """Whether all four rules name the same options."""
        return len(set(self.best_by.values())) == 1

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "best": list(self.best),
            "rule": self.rule,
            "best_by": {rule: list(names) for rule, names in self.best_by.items()},
            "scores": {
                rule: dict(zip(self.names, scores.tolist(), strict=True))
                for rule, scores in self.scores.items()
            },
            "favourites": dict(zip(self.names, self.favourites.tolist(), strict=True)),
        }

    def table(self) -> Table:
        """Return each option's score by every rule."""
        columns_of = (*(self.scores[rule] for rule in RULES), self.favourites)
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (name, *(float(column[i]) for column in columns_of))
            for i, name in enumerate(self.names)
        )
        columns = ("option", *RULES[:3], "worst regret, negative", "members that like it best")
        return Table("Options by rule", columns, rows)

    def chart(self, question: str = "How far do the members disagree?") -> Chart:
        """Draw each option's mean, from its lowest to its highest utility."""
        rows = [
            {"option": name, "value": mean, "low": low, "high": high, "n": 0}
            for name, mean, low, high in zip(
                self.names, self.scores["mean"], self.low, self.high, strict=True
            )
        ]
        title = "utility: mean, and from the lowest to the highest member"
        return interval_chart(question, rows, x=title, y="option", percent=False)


def choose_under_ensemble(
    utilities: ArrayLike,
    *,
    rule: Rule = "cvar",
    tail: float = 0.1,
    weights: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    scale: Literal["as given", "range"] = "as given",
) -> EnsembleChoice:
    """Choose among options that the members of a posterior value differently.

    Use it on draws from a posterior of utilities or on an ensemble of rewards, when an option that
    looks best on average may be one that the members merely don't know. The mean is right for
    somebody who trusts the posterior; the others guard against its being wrong.

    Parameters
    ----------
    utilities
        Shape (n_members, n_options): what each member says an option is worth.
    rule
        Which of the four decides; the result shows all.
    tail
        For "cvar": the share of members, by weight, that is listened to, the least pleased ones.
    weights
        The members' weights, shape (n_members,); `None` counts all alike.
    names
        The options' names; "0", "1", … if not given.
    scale
        "as given", where the members share a scale; "range" gives each member's worst option 0
        and its best 1 first, for members that don't.

    Raises
    ------
    InputError
        If shapes don't fit, a weight is negative, or a rule is unknown.

    References
    ----------
    [savage1951theory], [rockafellar2000optimization]

    Examples
    --------
    Nine members like the first option slightly better; the tenth finds it disastrous:

    >>> members = [[0.6, 0.5]] * 9 + [[0.0, 0.5]]
    >>> found = choose_under_ensemble(members, names=["new", "known"])
    >>> found.best_by["mean"], found.best
    (('new',), ('known',))
    """
    require_choice(rule, RULES, what="rule")
    require_choice(scale, ("as given", "range"), what="scale")
    members = np.asarray(utilities, float)
    worth, labels = option_matrix(members.T, names)  # options by members
    n = worth.shape[1]
    mass = np.ones(n) if weights is None else np.asarray(weights, float)
    if mass.shape != (n,) or not ((mass >= 0) & np.isfinite(mass)).all() or not mass.sum():
        raise InputError(
            f"weights have shape {mass.shape}: give one number from 0 for each of the {n} members, "
            "not all of them 0."
        )
    worth, mass = worth[:, mass > 0], mass[mass > 0]
    mass = mass / mass.sum()
    if scale == "range":
        span = np.ptp(worth, axis=0)
        worth = (worth - worth.min(axis=0)) / np.where(span > 0, span, 1.0)
    regret = worth.max(axis=0) - worth
    scores: dict[Rule, Floats] = {
        "mean": worth @ mass,
        "cvar": np.asarray(cvar(worth, mass, tail=tail)),
        "worst case": worth.min(axis=1),
        "minimax regret": -regret.max(axis=1),
    }
    low, high = worth.min(axis=1), worth.max(axis=1)

    def near(top: NDArray[np.intp]) -> Floats:
        """Return how close each option ties with others, shape (n_options, n_others)."""
        spread = np.maximum.outer(high, high[top]) - np.minimum.outer(low, low[top])
        size = np.abs(worth).max(axis=1)
        return np.maximum(TIE * spread, ROUNDING * np.maximum.outer(size, size[top]))

    best_by = {}
    for each, score in scores.items():
        top = score.argmax()
        tied = score >= score[top] - near(np.array([top]))[:, 0]
        best_by[each] = tuple(labels[i] for i in np.flatnonzero(tied))
    liked = regret <= near(worth.argmax(axis=0))
    return EnsembleChoice(
        best=best_by[rule],
        rule=rule,
        names=labels,
        scores=scores,
        best_by=best_by,
        favourites=(liked / liked.sum(axis=0)) @ mass,
        low=low,
        high=high,
    )
