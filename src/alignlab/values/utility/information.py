"""The value of information: what a signal about the truth is worth before a decision.

With probabilities p_k of the states, utilities U[a, k] of deciding a when k is true, and a signal
that says j when k is true with chance L[k, j], the signal is worth [howard1966information]

    sum_j max_a sum_k p_k L[k, j] U[a, k]  -  max_a sum_k p_k U[a, k]  >= 0,

the decision being taken after Bayes' rule on what was said. A signal that never errs (L the unit
matrix) gives the expected value of perfect information, sum_k p_k max_a U[a, k] less the same.
Best is compared with best: what a decision-maker loses by not maximizing is not credited to the
signal. Assumes that the probabilities and the likelihoods are right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError

__all__ = ["InformationValue", "reviewer_likelihoods", "value_of_information"]

Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-6
"""How far a row of probabilities may be from 1."""


@dataclass(frozen=True, eq=False)
class InformationValue:
    """What a signal is worth, case by case.

    Attributes
    ----------
    best_decision
        The decision of the highest expected utility without the signal, shape (n,).
    now
        Its expected utility, shape (n,).
    knowing
        The expected utility of deciding after the signal, shape (n,).
    value
        `knowing` less `now`, never negative, shape (n,).
    decision_after
        The best decision after each signal, shape (n, n_signals).
    signal_probabilities
        How likely each signal is, shape (n, n_signals).
    worst_error
        The largest utility that a wrong decision can lose.
    """

    best_decision: NDArray[np.intp]
    now: Floats
    knowing: Floats
    value: Floats
    decision_after: NDArray[np.intp]
    signal_probabilities: Floats
    worst_error: float


def value_of_information(
    probabilities: ArrayLike,
    utilities: ArrayLike | None = None,
    *,
    likelihoods: ArrayLike | None = None,
) -> InformationValue:
    """Say what a signal about the truth would be worth in each case.

    Use it to compare tests, second opinions or further data by what they change in decisions. For
    a person's answer with its price, use `decision_policy`.

    Parameters
    ----------
    probabilities
        Shape (n, n_states); each row sums to one.
    utilities
        Shape (n_decisions, n_states): the utility of a decision (row) when a state (column) is
        true. `None` counts every error alike: 1 for a right decision, 0 for a wrong one.
    likelihoods
        Shape (n_states, n_signals): how often each signal (column) comes when a state (row) is
        true; each row sums to one. `None` is a signal that tells the state.

    Raises
    ------
    InputError
        If shapes don't fit or a number is out of range.

    References
    ----------
    [howard1966information]

    Examples
    --------
    A test that finds 9 of 10 bad loans and blames 1 of 5 good ones:

    >>> utilities = [[0, 0], [-10, 5]]  # refuse, grant; default, repay
    >>> test = value_of_information([[0.3, 0.7]], utilities, likelihoods=[[0.9, 0.1], [0.2, 0.8]])
    >>> perfect = value_of_information([[0.3, 0.7]], utilities)
    >>> test.value.round(2).tolist(), perfect.value.round(2).tolist()
    ([2.0], [3.0])
    >>> test.decision_after.tolist()
    [[0, 1]]
    """
    said = checked_probabilities(probabilities)
    n, n_states = said.shape
    worth = checked_utilities(utilities, n_states)
    likely = _likelihoods(likelihoods, n_states)
    # Utilities are compared within a state only, so each state's best is taken as 0: numbers stay
    # as small as the errors they are about.
    regret = worth - worth.max(axis=0)
    expected = said @ regret.T
    worst_error = float(-regret.min(initial=0.0))
    after = np.zeros(n)
    chosen = np.empty((n, likely.shape[1]), dtype=np.intp)
    for signal in range(likely.shape[1]):
        joint = (said * likely[:, signal]) @ regret.T
        after += joint.max(axis=1)
        chosen[:, signal] = joint.argmax(axis=1)
    value = after - expected.max(axis=1)
    # A signal is never worth less than none; what is below 0 or next to it is rounding.
    value[value < 1e-12 * worst_error] = 0.0
    now = said @ worth.max(axis=0) + expected.max(axis=1)
    return InformationValue(
        best_decision=expected.argmax(axis=1),
        now=now,
        knowing=now + value,
        value=value,
        decision_after=chosen,
        signal_probabilities=said @ likely,
        worst_error=worst_error,
    )


def reviewer_likelihoods(n_classes: int, accuracy: float) -> Floats:
    """Return how often a reviewer names each class (column) when a class (row) is true.

    Parameters
    ----------
    n_classes
        How many classes there are.
    accuracy
        The chance that the reviewer names the true class, from 1 / n_classes (a guess) to 1; the
        other classes are then equally likely to be named.

    Examples
    --------
    >>> reviewer_likelihoods(3, 0.8).round(2).tolist()[0]
    [0.8, 0.1, 0.1]
    """
    if not 1 / n_classes <= accuracy <= 1:
        raise InputError(
            f"reviewer_accuracy={accuracy!r} is not between {1 / n_classes:.3g} "
            f"(a guess among {n_classes}) and 1."
        )
    likely = np.full((n_classes, n_classes), (1 - accuracy) / max(n_classes - 1, 1))
    np.fill_diagonal(likely, accuracy)
    return likely


def checked_probabilities(probabilities: ArrayLike) -> Floats:
    """Return probabilities as an array of cases by states, or say what is wrong with them."""
    said = np.asarray(probabilities, float)
    if said.ndim != 2 or said.shape[1] < 1:
        raise InputError(
            f"probabilities have shape {said.shape}: give one row a case and one column a class."
        )
    _require_rows_of_chances(said, "probabilities")
    return said


def checked_utilities(utilities: ArrayLike | None, n_states: int) -> Floats:
    """Return utilities as an array of decisions by states; `None` counts every error alike."""
    if utilities is None:
        return np.eye(n_states)
    worth = np.asarray(utilities, float)
    if worth.ndim != 2 or worth.shape[1] != n_states or not np.isfinite(worth).all():
        raise InputError(
            f"utilities have shape {worth.shape}: give finite numbers, one row a decision and "
            f"{n_states} columns, one a class that may be true."
        )
    return worth


def _likelihoods(likelihoods: ArrayLike | None, n_states: int) -> Floats:
    if likelihoods is None:
        return np.eye(n_states)
    likely = np.asarray(likelihoods, float)
    if likely.ndim != 2 or len(likely) != n_states or likely.shape[1] < 1:
        raise InputError(
            f"likelihoods have shape {likely.shape}: give one row for each of the {n_states} "
            "states and one column a signal."
        )
    _require_rows_of_chances(likely, "likelihoods")
    return likely


def _require_rows_of_chances(rows: Floats, what: str) -> None:
    bad = ~((rows >= 0).all(axis=1) & (np.abs(rows.sum(axis=1) - 1) <= SUM_TOLERANCE))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"The {what} in row {row} are {rows[row].tolist()}: they lie between 0 and 1 "
            "and sum to 1."
        )
