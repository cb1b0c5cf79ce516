"""What decisions turned out to be worth, what the best ones would have been, and where it was lost.

With utilities U[a, k], probabilities p_i of the classes of row i, the decision a_i taken and the
outcome y_i, let b_i be the decision of the highest expected utility by p_i. Row i loses

    U[b_i, y_i] - U[a_i, y_i]    as it turned out,
    sum_k p_ik (U[b_i, k] - U[a_i, k]) >= 0    as the probabilities expect.

The two agree on average where the probabilities are calibrated. The loss is a mean of paired
differences, so that what both decisions get right or wrong alike cancels.

Utilities are few numbers, and a rare one can weigh more than all others: of fifty loans one fails,
and costs a hundred times what the others earn. A normal interval knows nothing of what was hardly
seen. So the values that the utilities allow are put into classes within which they differ by a
factor of two at most; with r classes that fewer than ten rows hold, the share of each is bounded
[clopper1934use], Student's interval is for the rest, and each of the r + 1 has the level
1 - (1 - level) / (r + 1) [dunn1961multiple]. Where fewer than ten rows differ, the share of those
that gain and of those that lose are bounded, each at the most it can come to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError
from alignlab.intervals import Estimate, mean_estimate, share_limits, share_size
from alignlab.values.utility.information import checked_probabilities, checked_utilities

__all__ = ["LossPart", "UtilityLoss", "utility_loss"]

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]

Indices = NDArray[np.intp]

FEW = 10
"""What fewer rows hold is bounded by its share instead of entering a mean's interval."""

ROUNDING = 1e-9
"""Values closer than this share of the largest difference are the same."""


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
        `best_now` less `now`, row by row.
    expected_loss
        The same as the probabilities expect, never negative.
    unexpected_loss
        `loss` less `expected_loss`, row by row: below 0, the probabilities mislead.
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
    unexpected_loss: Estimate
    overstated: Estimate
    _weights: Floats
    _utilities: Floats
    _level: float

    def part(self, rows: Rows) -> LossPart | None:
        """Return what some rows lose; `None` if they have no weight.

        Parameters
        ----------
        rows
            A mask of shape (n,), chosen without regard to the outcomes.
        """
        weight = float(self._weights[rows].sum())
        if not weight > 0:
            return None
        counted = int((rows & (self._weights > 0)).sum())
        rest_is_right = np.where(rows, self.best, self.taken)
        contribution = _mean_loss(
            self.taken, rest_is_right, self.outcomes, self._weights, self._utilities, self._level
        )
        mean = _mean_loss(
            self.taken[rows], self.best[rows], self.outcomes[rows], self._weights[rows],
            self._utilities, self._level,
        )  # fmt: skip
        return LossPart(counted, weight / float(self._weights.sum()), contribution, mean)

    def cells(self) -> dict[tuple[int, int, int], LossPart]:
        """Return what is lost by (decision taken, best decision, outcome), largest loss first."""
        n_decisions, n_classes = self._utilities.shape
        code = (self.taken * n_decisions + self.best) * n_classes + self.outcomes
        counted = (self.taken != self.best) & (self._weights > 0)
        shares, level = self._weights / self._weights.sum(), self._level
        found = {}
        for each in np.unique(code[counted]):
            rest, outcome = divmod(int(each), n_classes)
            taken, best = divmod(rest, n_decisions)
            lost = float(self._utilities[best, outcome] - self._utilities[taken, outcome])
            rows = counted & (code == each)
            n, share = int(rows.sum()), float(shares[rows].sum())
            # All of these rows lose the same, so that only their share is unsure.
            low, high = sorted(lost * limit for limit in _limits_of(rows, shares, level, 1))
            contribution = Estimate(lost * share, low, high, level, len(rows), "Clopper–Pearson")
            mean = Estimate(lost, lost, lost, level, n, "the same in every row")
            found[taken, best, outcome] = LossPart(n, share, contribution, mean)
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
    expected = (said @ regret.T)[everywhere, best] - (said @ regret.T)[everywhere, taken]

    def mean(values: Floats) -> Estimate:
        return mean_estimate(values, weights=mass, level=level)

    lost, exchange = _exchanges(taken, best, worth)
    return UtilityLoss(
        taken=taken,
        best=best,
        outcomes=true,
        now=_mean(worth, taken, true, mass, level),
        best_now=_mean(worth, best, true, mass, level),
        expected=mean(promised[everywhere, taken]),
        best_expected=mean(promised[everywhere, best]),
        loss=_mean_loss(taken, best, true, mass, worth, level),
        expected_loss=mean(expected),
        unexpected_loss=_mean(lost, exchange, true, mass, level, plus=-expected),
        overstated=_mean(-worth, best, true, mass, level, plus=promised[everywhere, best]),
        _weights=mass,
        _utilities=worth,
        _level=level,
    )


def _mean_loss(
    taken: Indices, best: Indices, outcomes: Indices, weights: Floats, utilities: Floats,
    level: float,
) -> Estimate:  # fmt: skip
    """Return the mean of what is lost; by the share of the rows that differ where they are few."""
    table, exchange = _exchanges(taken, best, utilities)
    counted = weights > 0
    losses, shares = table[exchange, outcomes][counted], weights[counted] / weights.sum()
    if int((losses != 0).sum()) >= FEW:
        return _mean(table, exchange, outcomes, weights, level)
    value = float(shares @ losses)
    most = float(np.ptp(utilities, axis=0).max())
    gain, harm = (most * _limits_of(side, shares, level, 1)[1] for side in (losses > 0, losses < 0))
    method = "Clopper–Pearson on the few rows that differ"
    return Estimate(value, min(-harm, value), max(gain, value), level, len(losses), method)


def _exchanges(taken: Indices, best: Indices, utilities: Floats) -> tuple[Floats, Indices]:
    """Return what each exchange of decisions loses by outcome, and each row's exchange."""
    lost = utilities[None] - utilities[:, None]
    return lost.reshape(-1, utilities.shape[1]), taken * len(utilities) + best


def _mean(
    table: Floats, group: Indices, outcomes: Indices, weights: Floats, level: float, *,
    plus: Floats | float = 0.0,
) -> Estimate:  # fmt: skip
    """Return the mean of `table[group, outcomes] + plus`, bounding the shares of rare values.

    Any outcome may come to a group that was seen, so that all values of its row are possible.
    """
    counted = weights > 0
    seen, group = np.unique(group[counted], return_inverse=True)
    table, outcomes = table[seen], outcomes[counted]
    shares = weights[counted] / weights.sum()
    plus = np.broadcast_to(plus, weights.shape)[counted]
    held = np.bincount(group * table.shape[1] + outcomes, shares, table.size)
    usual = table.ravel()[held.argmax()]
    apart = table - usual
    size_of = _size_classes(apart)
    size, values = size_of[group, outcomes], table[group, outcomes]
    rare = [each for each in np.unique(size_of)
            if each != 0 and _rows_in(shares[size == each]) < FEW]  # fmt: skip
    rest = mean_estimate(
        np.where(np.isin(size, rare), usual, values) + plus,
        weights=shares, level=1 - (1 - level) / (len(rare) + 1),
    )  # fmt: skip
    if not rare:
        return rest
    low, high = rest.low, rest.high
    for each in rare:
        least, most = _limits_of(size == each, shares, level, len(rare) + 1)
        ends = np.array([apart[size_of == each].min(), apart[size_of == each].max()])
        low += float(np.min(ends * (least if each > 0 else most)))
        high += float(np.max(ends * (most if each > 0 else least)))
    method = "Student's t, and Clopper–Pearson for what was hardly seen"
    return Estimate(float(shares @ (values + plus)), low, high, level, len(shares), method)


def _size_classes(values: Floats) -> NDArray[np.int64]:
    """Return 0 where there is nothing, else a signed class of sizes within a factor of two."""
    sizes = np.abs(values) / (float(np.abs(values).max()) or 1.0)
    something = sizes > ROUNDING
    halvings = np.floor(-np.log2(np.where(something, sizes, 1.0)) + ROUNDING)
    return np.where(something, np.sign(values) * (1 + halvings), 0).astype(np.int64)


def _rows_in(shares: Floats) -> float:
    """Return how many equally weighted rows these are worth."""
    return float(shares.sum() ** 2 / (shares @ shares)) if len(shares) else 0.0


def _limits_of(rows: Rows, shares: Floats, level: float, comparisons: int) -> tuple[float, float]:
    mine = shares[rows]
    share = min(float(mine.sum()), 1.0)
    size = share_size(share, 1.0, mine @ mine, shares @ shares)
    low, high = share_limits(share, size, level=level, comparisons=comparisons)
    return float(low), float(high)


def _indices(given: ArrayLike, n: int, below: int, what: str) -> NDArray[np.intp]:
    values = np.asarray(given)
    if values.shape != (n,) or not np.isin(values, np.arange(below)).all():
        raise InputError(f"{what} are {n} whole numbers from 0 to {below - 1}, one a row.")
    return values.astype(np.intp)
