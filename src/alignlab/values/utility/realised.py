"""What decisions turned out to be worth, what the best ones would have been, and where it was lost.

With utilities U[a, k], probabilities p_i of the classes of row i, the decision a_i taken and the
outcome y_i, let b_i be the decision of the highest expected utility by p_i. Row i loses

    U[b_i, y_i] - U[a_i, y_i]    as it turned out,
    sum_k p_ik (U[b_i, k] - U[a_i, k]) >= 0    as the probabilities expect.

The two agree on average where the probabilities are calibrated. The loss is a mean of paired
differences, so that what both decisions get right or wrong alike cancels. Where fewer than ten rows
differ a normal interval knows too little of them, and the share of such rows is bounded instead
[clopper1934use].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate, mean_estimate, share_limits
from alignlab.values.utility.information import checked_probabilities, checked_utilities

__all__ = ["LossPart", "UtilityLoss", "utility_loss"]

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]

FEW = 10
"""With fewer differing rows, the share of them is bounded instead of a mean's interval."""


@dataclass(frozen=True, slots=True)
class LossPart:
    """What some of the rows lose.

    Attributes
    ----------
    rows
        How many there are.
    share
        Their share of all rows, by weight.
    contribution
        What they lose, per case of the whole table: the parts of a partition sum to the loss.
    mean
        What they lose, per case of theirs.
    """

    rows: int
    share: float
    contribution: Estimate
    mean: Estimate


@dataclass(frozen=True, eq=False)
class UtilityLoss:
    """The utility of decisions taken, and of the best by the same probabilities.

    Attributes
    ----------
    taken, best
        Decisions as rows of the utilities, shape (n,).
    outcomes
        Class indices, shape (n,).
    now, best_now
        What the decisions taken, and the best ones, turned out to be worth, per case.
    expected, best_expected
        The same, as the probabilities expect.
    loss
        `best_now` less `now`, row by row: negative where the probabilities mislead.
    expected_loss
        The same as the probabilities expect, never negative.
    overstated
        `best_expected` less `best_now`, row by row: what the probabilities promise too much.
    """

    taken: NDArray[np.intp]
    best: NDArray[np.intp]
    outcomes: NDArray[np.intp]
    now: Estimate
    best_now: Estimate
    expected: Estimate
    best_expected: Estimate
    loss: Estimate
    expected_loss: Estimate
    overstated: Estimate
    _losses: Floats
    _weights: Floats
    _utilities: Floats
    _level: float

    def part(self, rows: Rows) -> LossPart | None:
        """Return what some rows lose; `None` if they have no weight.

        Parameters
        ----------
        rows
            A mask of shape (n,).
        """
        weight = float(self._weights[rows].sum())
        if not weight > 0:
            return None
        counted = int((rows & (self._weights > 0)).sum())
        contribution = mean_estimate(
            np.where(rows, self._losses, 0.0), weights=self._weights, level=self._level
        )
        mean = _paired_mean(self._losses[rows], self._weights[rows], self._utilities, self._level)
        return LossPart(counted, weight / float(self._weights.sum()), contribution, mean)

    def cells(self) -> dict[tuple[int, int, int], LossPart]:
        """Return what is lost by (decision taken, best decision, outcome), largest loss first."""
        n_decisions, n_classes = self._utilities.shape
        code = (self.taken * n_decisions + self.best) * n_classes + self.outcomes
        differ = (self.taken != self.best) & (self._weights > 0)
        found = {}
        for each in np.unique(code[differ]):
            part = self.part(code == each)
            if part is not None:
                rest, outcome = divmod(int(each), n_classes)
                found[(*divmod(rest, n_decisions), outcome)] = part
        return dict(sorted(found.items(), key=lambda item: -item[1].contribution.value))


def utility_loss(
    probabilities: ArrayLike,
    utilities: ArrayLike,
    *,
    decisions: ArrayLike,
    outcomes: ArrayLike,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> UtilityLoss:
    """Compare decisions with the best by the same probabilities, as it turned out.

    Use it on rows that were not used to fit the probabilities or to choose the decisions. What it
    calls best is best by these probabilities; better ones would do better.

    Parameters
    ----------
    probabilities
        Shape (n, n_classes); each row sums to one.
    utilities
        Shape (n_decisions, n_classes): the utility of a decision (row) when a class is true.
    decisions
        Those taken, rows of the utilities, shape (n,).
    outcomes
        The classes that turned out true, shape (n,).
    weights
        One from 0 a row, or `None`.
    level
        Of the intervals.

    Raises
    ------
    InputError
        If shapes don't fit, or no row has a weight above 0.

    References
    ----------
    [vonneumann1944theory], [elkan2001foundations]

    Examples
    --------
    Approving at even chances ignores that a bad loan costs twice what a good one earns:

    >>> said = np.repeat([[0.4, 0.6]], 100, axis=0)
    >>> repaid = np.repeat([0, 1], [40, 60])
    >>> found = utility_loss(said, [[0, 0], [-10, 5]], decisions=np.ones(100, int), outcomes=repaid)
    >>> found.now.value, found.best_now.value, found.loss.value
    (-1.0, 0.0, 1.0)
    """
    said = checked_probabilities(probabilities)
    n, n_classes = said.shape
    worth = checked_utilities(utilities, n_classes)
    taken = _indices(decisions, n, len(worth), "decisions")
    true = _indices(outcomes, n, n_classes, "outcomes")
    mass = np.ones(n) if weights is None else np.asarray(weights, float)
    if mass.shape != (n,) or not ((mass >= 0) & np.isfinite(mass)).all() or not mass.sum() > 0:
        raise InputError(f"weights are {n} numbers from 0, one a row, not all of them 0.")
    # As in `value_of_information`, so that the best decision of a tie is the same one.
    regret = worth - worth.max(axis=0)
    best = (said @ regret.T).argmax(axis=1)
    everywhere = np.arange(n)
    promised = said @ worth.T
    losses = worth[best, true] - worth[taken, true]
    expected = (said @ regret.T)[everywhere, best] - (said @ regret.T)[everywhere, taken]

    def mean(values: Floats) -> Estimate:
        return mean_estimate(values, weights=mass, level=level)

    return UtilityLoss(
        taken=taken,
        best=best,
        outcomes=true,
        now=mean(worth[taken, true]),
        best_now=mean(worth[best, true]),
        expected=mean(promised[everywhere, taken]),
        best_expected=mean(promised[everywhere, best]),
        loss=_paired_mean(losses, mass, worth, level),
        expected_loss=mean(expected),
        overstated=mean(promised[everywhere, best] - worth[best, true]),
        _losses=losses,
        _weights=mass,
        _utilities=worth,
        _level=level,
    )


def _paired_mean(losses: Floats, weights: Floats, utilities: Floats, level: float) -> Estimate:
    """Return a mean of paired differences; by the share of differing rows where they are few."""
    counted = weights > 0
    losses, weights = losses[counted], weights[counted]
    usual = mean_estimate(losses, weights=weights, level=level)
    if int((losses != 0).sum()) >= FEW:
        return usual
    share = weights / weights.sum()
    size = 1 / float(share @ share)
    most = float(np.ptp(utilities, axis=0).max())
    gain, harm = (
        float(share_limits(min(float(share @ side), 1.0), size, level=level)[1]) * most
        for side in (losses > 0, losses < 0)
    )
    low, high = min(-harm, usual.value), max(gain, usual.value)
    method = "Clopper–Pearson on the few rows that differ"
    return Estimate(usual.value, low, high, level, len(losses), method)


def _indices(given: ArrayLike, n: int, below: int, what: str) -> NDArray[np.intp]:
    values = np.asarray(given)
    if values.shape != (n,) or not np.isin(values, np.arange(below)).all():
        raise InputError(f"{what} are {n} whole numbers from 0 to {below - 1}, one a row.")
    return values.astype(np.intp)
