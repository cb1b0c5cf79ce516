"""The value of asking: what a person's answer is worth before the decision, case by case.

A reviewer is a signal about the truth, so the mathematics is that of `information.py`: with
probabilities p_k of the classes and utilities U[a, k] of deciding a when k is true, one who is
always right is worth the expected value of perfect information [howard1966information],

    sum_k p_k max_a U[a, k] - max_a sum_k p_k U[a, k]  >= 0,

and one who errs is worth less. A case is worth asking about where the value exceeds what asking
costs. With 0/1 utilities and two classes the value is min(p, 1 - p).
Assumes that the probabilities are calibrated: an over-confident model asks too seldom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.values.utility.information import (
    checked_probabilities,
    checked_utilities,
    reviewer_likelihoods,
    value_of_information,
)

__all__ = ["AskingCurve", "AskingValue", "asking_curve", "value_of_asking"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AskingValue:
    """What asking is worth, case by case; every array has shape (n,).

    Attributes
    ----------
    best_decision
        The decision of the highest expected utility without asking.
    now
        Its expected utility.
    taken
        The expected utility of the decision that the model took.
    knowing
        The expected utility of deciding after the reviewer's answer, before its cost.
    value
        `knowing` less `now`: never negative.
    ask
        Whether the value exceeds the cost.
    asking_cost
        What asking costs, in the utilities' unit.
    reviewer_accuracy
        The chance that the reviewer is right.
    worst_error
        The largest utility that a wrong decision can lose.
    """

    best_decision: NDArray[np.intp]
    now: Floats
    taken: Floats
    knowing: Floats
    value: Floats
    ask: NDArray[np.bool_]
    asking_cost: float
    reviewer_accuracy: float
    worst_error: float


@dataclass(frozen=True, eq=False)
class AskingCurve:
    """The share of cases worth asking about as asking gets dearer.

    Attributes
    ----------
    cost
        What asking costs, rising from 0.
    share
        The (weighted) share of cases whose value exceeds the cost.
    unit
        What the costs are measured in, in words.
    """

    cost: Floats
    share: Floats
    unit: str = "share of the utility that the worst error loses"

    def chart(
        self, question: str = "How many cases should a person see, as asking gets dearer?"
    ) -> Chart:
        """Draw the share against the cost."""
        rows = [
            {"cost": cost, "share": share}
            for cost, share in zip(self.cost.tolist(), self.share.tolist(), strict=True)
        ]
        return line_chart(
            question,
            rows,
            x="cost",
            y="share",
            x_title=f"what asking costs ({self.unit})",
            y_title="cases worth asking about (share)",
        )


def value_of_asking(
    probabilities: ArrayLike,
    utilities: ArrayLike | None = None,
    *,
    decisions: ArrayLike | None = None,
    asking_cost: float = 0.0,
    reviewer_accuracy: float = 1.0,
) -> AskingValue:
    """Say what a person's answer would be worth in each case.

    Use it to choose the cases that a person should see before a decision is taken. It compares
    decisions by expected utility, so it needs calibrated probabilities.

    Parameters
    ----------
    probabilities
        Shape (n, n_classes); each row sums to one.
    utilities
        Shape (n_decisions, n_classes): the utility of a decision (row) when a class (column) is
        true. `None` counts every error alike: 1 for a right decision, 0 for a wrong one.
    decisions
        The model's decisions as row indices of `utilities`, shape (n,); `None` takes the most
        probable class, or the best decision where decisions are not one a class.
    asking_cost
        What asking costs, in the utilities' unit.
    reviewer_accuracy
        The chance that the reviewer names the true class, from 1 / n_classes (a guess) to 1; the
        other classes are then equally likely to be named.

    Raises
    ------
    InputError
        If shapes don't fit or a number is out of range.

    References
    ----------
    [howard1966information]

    Examples
    --------
    >>> seen = value_of_asking([[0.55, 0.45], [0.9, 0.1]], asking_cost=0.2)
    >>> seen.value.round(2).tolist(), seen.ask.tolist()
    ([0.45, 0.1], [True, False])

    Where missing the second class costs ten times a false alarm, the second case is the one to ask
    about, although the model is surer of it:

    >>> seen = value_of_asking([[0.55, 0.45], [0.9, 0.1]], [[0, -10], [-1, 0]])
    >>> seen.best_decision.tolist(), seen.value.round(2).tolist()
    ([1, 1], [0.55, 0.9])
    """
    said = checked_probabilities(probabilities)
    n, n_classes = said.shape
    worth = checked_utilities(utilities, n_classes)
    if decisions is None:
        scores = said if len(worth) == n_classes else said @ (worth - worth.max(axis=0)).T
        decisions = scores.argmax(axis=1)
    chosen = _decisions(decisions, said, len(worth))
    if not (np.isfinite(asking_cost) and asking_cost >= 0):
        raise InputError(f"asking_cost={asking_cost!r} is not a finite number from 0.")
    answer = value_of_information(
        said, worth, likelihoods=reviewer_likelihoods(n_classes, reviewer_accuracy)
    )
    best = worth.max(axis=0)
    taken = said @ best + (said @ (worth - best).T)[np.arange(n), chosen]
    return AskingValue(
        best_decision=answer.best_decision,
        now=answer.now,
        taken=taken,
        knowing=answer.knowing,
        value=answer.value,
        ask=answer.value > asking_cost,
        asking_cost=float(asking_cost),
        reviewer_accuracy=float(reviewer_accuracy),
        worst_error=answer.worst_error,
    )


def asking_curve(
    asking: AskingValue, *, weights: ArrayLike | None = None, points: int = 51
) -> AskingCurve:
    """Return the share of cases worth asking about, from a cost of 0 to one that no case is worth.

    Parameters
    ----------
    asking
        The values, n cases.
    weights
        Non-negative, shape (n,); `None` counts all alike.
    points
        How many costs, evenly spaced.

    Raises
    ------
    InputError
        If there is no case, or no weight above 0.

    Examples
    --------
    >>> curve = asking_curve(value_of_asking([[0.6, 0.4], [0.9, 0.1]]), points=5)
    >>> curve.cost.round(2).tolist(), curve.share.tolist()
    ([0.0, 0.1, 0.2, 0.3, 0.4], [1.0, 0.5, 0.5, 0.5, 0.0])
    """
    n = len(asking.value)
    mass = np.ones(n) if weights is None else np.asarray(weights, float)
    if mass.shape != (n,) or not ((mass >= 0) & np.isfinite(mass)).all() or not mass.sum() > 0:
        raise InputError(f"weights are {n} numbers from 0, one a case, not all of them 0.")
    order = np.argsort(asking.value)
    below = np.concatenate([[0.0], np.cumsum(mass[order])]) / mass.sum()
    dearest = float(asking.value.max(initial=0.0)) / (asking.worst_error or 1.0)
    # The axis ends at a round number; the small term forgives the rounding of a value such as 0.4.
    cost = np.linspace(0, max(np.ceil(20 * dearest - 1e-9), 1) / 20, points)
    at = np.searchsorted(asking.value[order], cost * asking.worst_error, side="right")
    # Cumulated weights can miss 1 by a rounding error, which must not show as a negative share.
    return AskingCurve(cost, np.clip(1 - below[at], 0, 1).round(12))


def _decisions(decisions: ArrayLike, said: Floats, n_decisions: int) -> NDArray[np.intp]:
    chosen = np.asarray(decisions)
    if chosen.shape != said.shape[:1] or not np.isin(chosen, np.arange(n_decisions)).all():
        raise InputError(
            f"decisions are {len(said)} whole numbers from 0 to {n_decisions - 1}, rows of the "
            "utilities."
        )
    return chosen.astype(np.intp)
