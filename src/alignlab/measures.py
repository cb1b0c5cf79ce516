"""How good answers are: each measure with its value and every row's influence on it.

A measure is a functional T of the rows' distribution; its influence psi_i = dT(row i) turns into a
standard error, se^2 = sum_i (w_i psi_i)^2 with weights w that sum to one, and the difference of two
models' influences into a paired interval [hampel1974influence]. For the AUC these are DeLong's
placement values [delong1988comparing, eqs. 2-4]. A mean of shares (balanced accuracy) has limits
from those of the shares, their distances squared and added [donner2012closed], since a class of few
rows shows too little spread. Assumes independent rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate, critical_value, share_limits, share_size

__all__ = [
    "CLASSIFICATION_MEASURES",
    "REGRESSION_MEASURES",
    "Answers",
    "Measure",
    "Measured",
    "effective_size",
    "measure",
    "row_losses",
]

Floats = NDArray[np.float64]

FEWEST_PLACES = 20
"""With fewer rows of one class, their places do not show how far the AUC varies."""

SMALLEST_PROBABILITY = float(np.finfo(float).eps)
"""Log loss takes no probability below this, so that one certain error does not make it infinite."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What happened and what the model said, row by row.

    Attributes
    ----------
    outcomes
        Class indices (n,), or values for regression.
    decisions
        The model's class indices (n,), or its values.
    probabilities
        Shape (n, n_classes), or `None` where there are only decisions.
    weights
        Non-negative sample weights (n,), or `None` for equal ones.
    """

    outcomes: NDArray[np.generic]
    decisions: NDArray[np.generic]
    probabilities: Floats | None = None
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def shares(self) -> Floats:
        """The weights, scaled to sum to one."""
        if self.weights is None:
            return np.full(len(self), 1 / max(len(self), 1))
        total = self.weights.sum()
        return self.weights / total if total > 0 else np.zeros(len(self))

    def at(self, rows: NDArray[np.generic]) -> Answers:
        """Return the answers at some rows, given as a mask or as positions."""
        return replace(
            self,
            outcomes=self.outcomes[rows],
            decisions=self.decisions[rows],
            probabilities=None if self.probabilities is None else self.probabilities[rows],
            weights=None if self.weights is None else self.weights[rows],
        )


@dataclass(frozen=True, eq=False)
class Measured:
    """A measure's value and what each row contributes to its uncertainty.

    Attributes
    ----------
    value
        The measure.
    influence
        Shape (n,); its weighted mean is 0.
    shares
        The rows' weights, which sum to one.
    bounds
        The smallest and largest value that the measure can take.
    share_of_rows
        True if the value is a share of rows, which then gets an exact interval.
    least
        The (effective) rows in the smaller class, where that and not n limits what is known.
    parts
        The measures that the value is the mean of, where a class of few rows shows too little
        spread for the influences to go by; empty otherwise.
    error_at_least
        The standard error is not taken to be smaller, whatever the rows show.
    """

    value: float
    influence: Floats
    shares: Floats
    bounds: tuple[float, float] = (-np.inf, np.inf)
    share_of_rows: bool = False
    least: float | None = None
    parts: tuple[Measured, ...] = ()
    error_at_least: float = 0.0

    @property
    def effective(self) -> float:
        """The number of equally weighted rows that would know as much."""
        if self.share_of_rows:
            hits, squares = self.influence + self.value, self.shares**2
            return float(share_size(self.shares @ hits, 1.0, squares @ hits, squares.sum()))
        return 1 / float(self.shares @ self.shares)

    @property
    def standard_error(self) -> float:
        """The linearised standard error; infinite for a single row, which shows no spread."""
        effective = 1 / float(self.shares @ self.shares)
        if effective <= 1:
            return np.inf
        correction = effective / (effective - 1)
        error = float(np.sqrt(correction * np.sum((self.shares * self.influence) ** 2)))
        return max(error, self.error_at_least)

    def estimate(self, *, level: float = 0.95, comparisons: int = 1) -> Estimate:
        """Return the value with its interval, for a family of so many comparisons."""
        low, high, method = self._limits(level, comparisons)
        return Estimate(self.value, float(low), float(high), level, len(self.shares), method)

    def _limits(self, level: float, comparisons: int) -> tuple[float, float, str]:
        lowest, highest = self.bounds
        if self.share_of_rows:
            ends = share_limits(self.value, self.effective, level=level, comparisons=comparisons)
            return float(ends[0]), float(ends[1]), "Clopper–Pearson"
        if self.parts:
            made = [part.estimate(level=level, comparisons=comparisons) for part in self.parts]
            apart = np.array([(each.value - each.low, each.high - each.value) for each in made])
            # Distances are added as they are where parts share rows and may err together.
            disjoint = sum(len(part.shares) for part in self.parts) <= len(self.shares)
            reach = np.linalg.norm(apart, ord=2 if disjoint else 1, axis=0) / len(made)
            low, high = self.value - float(reach[0]), self.value + float(reach[1])
            words = f"{made[0].method} by class, {'squares' if disjoint else 'distances'} added"
            return max(low, lowest), min(high, highest), words
        error = self.standard_error
        if self.least is not None:
            perfect = min(self.value, 1 - self.value) < 1e-12
            if perfect or (self.least < FEWEST_PLACES and error > 0):
                # An AUC varies at most as a share of so many rows does [birnbaum1957bounds].
                ends = share_limits(self.value, self.least, level=level, comparisons=comparisons)
                words = "perfect order" if perfect else "few rows of a class"
                return float(ends[0]), float(ends[1]), f"Clopper–Pearson, {words}"
            # A share of pairs: on the log-odds scale the interval stays inside (0, 1).
            t = critical_value(level, comparisons=comparisons, freedom=max(self.least - 1, 1))
            odds = np.log(self.value / (1 - self.value))
            half = t * error / (self.value * (1 - self.value))
            return 1 / (1 + np.exp(half - odds)), 1 / (1 + np.exp(-half - odds)), "DeLong, logit"
        if np.isinf(error):
            return lowest, highest, "influence function"
        t = critical_value(level, comparisons=comparisons, freedom=self.effective - 1)
        low, high = max(self.value - t * error, lowest), min(self.value + t * error, highest)
        return low, high, "influence function"


@dataclass(frozen=True, slots=True)
class Measure:
    """One way to say how good answers are.

    Attributes
    ----------
    name
        The field's term.
    definition
        What it computes, in one sentence.
    better
        Which direction is better.
    needs_probabilities
        Whether decisions alone are not enough.
    compute
        From answers to the value and its influences.
    """

    name: str
    definition: str
    better: Literal["higher", "lower"]
    needs_probabilities: bool
    compute: Callable[[Answers], Measured]


def measure(name: str, answers: Answers) -> Measured:
    """Compute the measure of that name.

    Parameters
    ----------
    name
        A key of `CLASSIFICATION_MEASURES` or `REGRESSION_MEASURES`.
    answers
        n rows.

    Raises
    ------
    InputError
        If there is no such measure, no row, or no probabilities where they are needed.

    Examples
    --------
    >>> answers = Answers(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    >>> print(measure("accuracy", answers).estimate())
    0.750 [0.194, 0.994]
    """
    known = {**CLASSIFICATION_MEASURES, **REGRESSION_MEASURES}
    chosen = known[require_choice(name, known, what="measure")]
    if len(answers) == 0:
        raise InputError(f"There are no rows to compute {chosen.name} on.")
    if chosen.needs_probabilities and answers.probabilities is None:
        raise InputError(f"{chosen.name} needs probabilities; the model gives decisions only.")
    return chosen.compute(answers)


def effective_size(weights: Floats) -> float:
    """Return Kish's effective number of rows, (sum w)^2 / sum w^2 [kish1965survey]."""
    total = float(weights.sum())
    return total * total / float(weights @ weights) if total > 0 else 0.0


def row_losses(answers: Answers) -> tuple[Floats, str]:
    """Return each row's loss and its name: log loss, else error, else squared error.

    Returns
    -------
    (losses, name)
        Shape (n,), and "log loss", "error" or "squared error".
    """
    if answers.probabilities is not None:
        return -np.log(_probability_of_outcome(answers)), "log loss"
    if np.issubdtype(answers.outcomes.dtype, np.integer):
        return (answers.outcomes != answers.decisions).astype(float), "error"
    return _residuals(answers) ** 2, "squared error"


def _accuracy(answers: Answers) -> Measured:
    right = (answers.outcomes == answers.decisions).astype(float)
    # The shares of a thousand rows can sum to a little more than one.
    value = min(float(answers.shares @ right), 1.0)
    return Measured(value, right - value, answers.shares, (0, 1), share_of_rows=True)


def _balanced_accuracy(answers: Answers) -> Measured:
    shares = answers.shares
    present = np.unique(answers.outcomes[shares > 0])
    recalls = np.empty(len(present))
    parts = []
    influence = np.zeros(len(answers))
    for position, label in enumerate(present):
        member = answers.outcomes == label
        parts.append(_accuracy(answers.at(member)))
        recalls[position] = parts[-1].value
        influence[member] = parts[-1].influence / (shares[member].sum() * len(present))
    return Measured(float(recalls.mean()), influence, shares, (0, 1), parts=tuple(parts))


def _auc(answers: Answers) -> Measured:
    assert answers.probabilities is not None
    n_classes = answers.probabilities.shape[1]
    if n_classes == 2:
        return _auc_of_score(answers.probabilities[:, 1], answers.outcomes == 1, answers)
    present = np.unique(answers.outcomes[answers.shares > 0])
    parts = [
        _auc_of_score(answers.probabilities[:, label], answers.outcomes == label, answers)
        for label in present
    ]
    least = min(part.least or 0.0 for part in parts)
    return Measured(
        float(np.mean([part.value for part in parts])),
        np.mean([part.influence for part in parts], axis=0),
        answers.shares,
        (0, 1),
        least=least,
        parts=tuple(parts) if least < FEWEST_PLACES else (),
    )


def _auc_of_score(score: Floats, positive: NDArray[np.bool_], answers: Answers) -> Measured:
    """Return P(score of a positive > of a negative) + P(tie)/2, with placement values."""
    # Counts, not shares: sums of whole numbers are exact, so a constant score has exactly 0.5.
    weights = np.ones(len(answers)) if answers.weights is None else answers.weights
    total = weights.sum()
    mass_positive, mass_negative = weights[positive].sum(), weights[~positive].sum()
    if mass_positive == 0 or mass_negative == 0:
        raise InputError("The AUC needs both classes; only one has rows.")
    _, level = np.unique(score, return_inverse=True)
    top = int(level.max()) + 1
    at_positive = np.bincount(level[positive], weights[positive], top)
    at_negative = np.bincount(level[~positive], weights[~positive], top)
    # What lies below or above a score, ties by half.
    below = (np.cumsum(at_negative) - at_negative / 2) / mass_negative
    above = (mass_positive - np.cumsum(at_positive) + at_positive / 2) / mass_positive
    value = float(at_positive @ below) / float(mass_positive)
    influence = np.where(
        positive,
        (below[level] - value) * (total / mass_positive),
        (above[level] - value) * (total / mass_negative),
    )
    least = min(effective_size(weights[positive]), effective_size(weights[~positive]))
    return Measured(min(max(value, 0.0), 1.0), influence, answers.shares, (0, 1), least=least)


def _log_loss(answers: Answers) -> Measured:
    return _mean(-np.log(_probability_of_outcome(answers)), answers.shares)


def _brier(answers: Answers) -> Measured:
    assert answers.probabilities is not None
    hit = np.eye(answers.probabilities.shape[1])[answers.outcomes.astype(np.intp)]
    squares = ((answers.probabilities - hit) ** 2).sum(axis=1)
    # With two classes both columns say the same, and the field counts one of them.
    return _mean(squares / 2 if answers.probabilities.shape[1] == 2 else squares, answers.shares)


def _mean_absolute_error(answers: Answers) -> Measured:
    return _mean(np.abs(_residuals(answers)), answers.shares)


def _root_mean_squared_error(answers: Answers) -> Measured:
    mean = _mean(_residuals(answers) ** 2, answers.shares)
    root = float(np.sqrt(mean.value))
    influence = mean.influence / (2 * root) if root > 0 else mean.influence
    return Measured(root, influence, answers.shares, (0, np.inf))


def _r_squared(answers: Answers) -> Measured:
    shares = answers.shares
    outcomes = answers.outcomes.astype(float)
    squares = _residuals(answers) ** 2
    deviations = (outcomes - shares @ outcomes) ** 2
    error, spread = float(shares @ squares), float(shares @ deviations)
    if spread == 0:
        raise InputError("R² needs a target that varies; all its values are the same.")
    influence = -(squares - error) / spread + error * (deviations - spread) / spread**2
    return Measured(1 - error / spread, influence, shares, (-np.inf, 1))


def _mean(losses: Floats, shares: Floats) -> Measured:
    value = float(shares @ losses)
    return Measured(value, losses - value, shares, (0, np.inf))


def _residuals(answers: Answers) -> Floats:
    return answers.outcomes.astype(float) - answers.decisions.astype(float)


def _probability_of_outcome(answers: Answers) -> Floats:
    assert answers.probabilities is not None
    rows = np.arange(len(answers))
    chosen = answers.probabilities[rows, answers.outcomes.astype(np.intp)]
    return np.maximum(chosen, SMALLEST_PROBABILITY)


CLASSIFICATION_MEASURES = {
    "accuracy": Measure(
        "accuracy", "Share of rows decided as they turned out.", "higher", False, _accuracy
    ),
    "balanced_accuracy": Measure(
        "balanced accuracy", "Mean over classes of the share decided rightly.", "higher", False,
        _balanced_accuracy,
    ),
    "auc": Measure(
        "AUC",
        "How often a row of a class scores above a row outside it, ties counted half; the mean "
        "over classes where there are more than two.",
        "higher", True, _auc,
    ),
    "log_loss": Measure(
        "log loss",
        "How surprised the model is on average: −ln of the probability it gave to what happened.",
        "lower", True, _log_loss,
    ),
    "brier": Measure(
        "Brier score", "Mean squared distance of the probability from what happened.", "lower",
        True, _brier,
    ),
}  # fmt: skip

REGRESSION_MEASURES = {
    "r2": Measure(
        "R²", "Share of the target's variance that the predictions explain.", "higher", False,
        _r_squared,
    ),
    "mae": Measure(
        "MAE", "Mean absolute error, in the target's unit.", "lower", False, _mean_absolute_error
    ),
    "rmse": Measure(
        "RMSE", "Root of the mean squared error, in the target's unit.", "lower", False,
        _root_mean_squared_error,
    ),
}  # fmt: skip
