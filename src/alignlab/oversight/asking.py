"""The value of asking: what a person's answer is worth before the decision, case by case.

With probabilities p_k of the classes and utilities U[a, k] of deciding a when k is true, a reviewer
who is always right is worth the expected value of perfect information [howard1966information],

    sum_k p_k max_a U[a, k] - max_a sum_k p_k U[a, k]  >= 0,

and one who says j when k is true with chance R[k, j] is worth

    sum_j max_a sum_k p_k R[k, j] U[a, k] - max_a sum_k p_k U[a, k]  >= 0,

the decision being taken after Bayes' rule on what was said. A case is worth asking about where the
value exceeds what asking costs. With 0/1 utilities and two classes the value is min(p, 1 - p).
Assumes that the probabilities are calibrated: an over-confident model asks too seldom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError

__all__ = ["AskingCurve", "AskingValue", "asking_curve", "value_of_asking"]

Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-6
"""How far a row of probabilities may be from 1."""


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
        probable class.
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
    said = _probabilities(probabilities)
    n, n_classes = said.shape
    worth = _utilities(utilities, n_classes)
    chosen = _decisions(decisions, said, len(worth))
    if not (np.isfinite(asking_cost) and asking_cost >= 0):
        raise InputError(f"asking_cost={asking_cost!r} is not a finite number from 0.")
    if not 1 / n_classes <= reviewer_accuracy <= 1:
        raise InputError(
            f"reviewer_accuracy={reviewer_accuracy!r} is not between {1 / n_classes:.3g} "
            f"(a guess among {n_classes}) and 1."
        )
    # Utilities are compared within a class only, so each class's best is taken as 0: numbers stay
    # as small as the errors they are about.
    regret = worth - worth.max(axis=0)
    expected = said @ regret.T
    worst_error = float(-regret.min(initial=0.0))
    value = _after_answer(said, regret, reviewer_accuracy) - expected.max(axis=1)
    # An answer is never worth less than none; what is below 0 or next to it is rounding.
    value[value < 1e-12 * worst_error] = 0.0
    best = said @ worth.max(axis=0)
    now = best + expected.max(axis=1)
    return AskingValue(
        best_decision=expected.argmax(axis=1),
        now=now,
        taken=best + expected[np.arange(n), chosen],
        knowing=now + value,
        value=value,
        ask=value > asking_cost,
        asking_cost=float(asking_cost),
        reviewer_accuracy=float(reviewer_accuracy),
        worst_error=worst_error,
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

    Examples
    --------
    >>> curve = asking_curve(value_of_asking([[0.6, 0.4], [0.9, 0.1]]), points=5)
    >>> curve.cost.round(2).tolist(), curve.share.tolist()
    ([0.0, 0.1, 0.2, 0.3, 0.4], [1.0, 0.5, 0.5, 0.5, 0.0])
    """
    mass = np.ones(len(asking.value)) if weights is None else np.asarray(weights, float)
    order = np.argsort(asking.value)
    below = np.concatenate([[0.0], np.cumsum(mass[order])]) / mass.sum()
    dearest = float(asking.value.max(initial=0.0)) / (asking.worst_error or 1.0)
    # The axis ends at a round number; the small term forgives the rounding of a value such as 0.4.
    cost = np.linspace(0, max(np.ceil(20 * dearest - 1e-9), 1) / 20, points)
    at = np.searchsorted(asking.value[order], cost * asking.worst_error, side="right")
    # Cumulated weights can miss 1 by a rounding error, which must not show as a negative share.
    return AskingCurve(cost, np.clip(1 - below[at], 0, 1).round(12))


def _after_answer(said: Floats, worth: Floats, accuracy: float) -> Floats:
    """Return the expected utility of deciding after the reviewer's answer, summed over answers."""
    n_classes = said.shape[1]
    wrong = (1 - accuracy) / max(n_classes - 1, 1)
    total = np.zeros(len(said))
    for answer in range(n_classes):
        chance = np.full(n_classes, wrong)
        chance[answer] = accuracy
        total += ((said * chance) @ worth.T).max(axis=1)
    return total


def _probabilities(probabilities: ArrayLike) -> Floats:
    said = np.asarray(probabilities, float)
    if said.ndim != 2 or said.shape[1] < 1:
        raise InputError(
            f"probabilities have shape {said.shape}: give one row a case and one column a class."
        )
    bad = ~((said >= 0).all(axis=1) & (np.abs(said.sum(axis=1) - 1) <= SUM_TOLERANCE))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"The probabilities in row {row} are {said[row].tolist()}: they lie between 0 and 1 "
            "and sum to 1."
        )
    return said


def _utilities(utilities: ArrayLike | None, n_classes: int) -> Floats:
    if utilities is None:
        return np.eye(n_classes)
    worth = np.asarray(utilities, float)
    if worth.ndim != 2 or worth.shape[1] != n_classes or not np.isfinite(worth).all():
        raise InputError(
            f"utilities have shape {worth.shape}: give finite numbers, one row a decision and "
            f"{n_classes} columns, one a class that may be true."
        )
    return worth


def _decisions(decisions: ArrayLike | None, said: Floats, n_decisions: int) -> NDArray[np.intp]:
    chosen = said.argmax(axis=1) if decisions is None else np.asarray(decisions)
    if chosen.shape != said.shape[:1] or not np.isin(chosen, np.arange(n_decisions)).all():
        raise InputError(
            f"decisions are {len(said)} whole numbers from 0 to {n_decisions - 1}, rows of the "
            "utilities."
        )
    return chosen.astype(np.intp)
