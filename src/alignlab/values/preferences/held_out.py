"""Whether a reward predicts answers that it was not fitted to, and better than simple rules do.

On held-out pairs: the share of decided ones in which the more likely item was preferred (accuracy),
the mean negative log-likelihood of the answers (of rankings as a whole), and the calibration line

    logit P(first preferred) = a + b z,   z = what the reward says [cox1958two],

with b = 1 for probabilities that mean what they say, and a > 0 where the item shown first gets more
than its due. Beside them stand the rules "the longer one wins" and "the first shown wins".

Answers to one question, and pairs of one ranking, resemble each other, and the reward is right or
wrong about them together: where there are such, intervals are between questions (Student's t of
a ratio, the sandwich of the line); where each question was answered once, exact or Wald's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from alignlab.charts import Chart, interval_chart
from alignlab.datasets import Pairs, PreferenceDataset, Trajectory
from alignlab.intervals import Estimate, critical_value, mean_estimate, share_estimate

__all__ = ["HeldOut", "circular_triads", "judge", "questions_of"]

Floats = NDArray[np.float64]

DENSE = 1_000
"""With more items than this, who was preferred to whom is held sparse."""

FEWEST = 20
"""With fewer decided pairs no calibration line is drawn."""

FEWEST_QUESTIONS = 5
"""So with fewer questions."""


@dataclass(frozen=True)
class HeldOut:
    """How a reward does on comparisons that it was not fitted to.

    Attributes
    ----------
    n_pairs, n_decided
        Held-out pairs, and those that are no tie.
    accuracy
        Share of decided pairs in which the item with the larger reward was preferred.
    log_loss, null_log_loss
        Mean negative log-likelihood of the answers (of a ranking: of all of it), and that of saying
        nothing about who wins, only how often there are ties.
    calibration_slope, calibration_intercept
        b and a of the calibration line; `None` where there are too few pairs or the order of
        showing is not known.
    longer_wins, first_shown_wins
        Accuracy of the two rules; `None` where they say nothing.
    length_correlation
        Between the items' reward and length, over the items that were compared.
    """

    n_pairs: int
    n_decided: int
    accuracy: Estimate | None
    log_loss: Estimate
    null_log_loss: Estimate
    calibration_slope: Estimate | None
    calibration_intercept: Estimate | None
    longer_wins: Estimate | None
    first_shown_wins: Estimate | None
    length_correlation: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            name: value.to_dict() if isinstance(value, Estimate) else value
            for name, value in vars(self).items()
        }

    def chart(self, question: str = "Does the reward predict better than simple rules?") -> Chart:
        """Draw the accuracies with their intervals."""
        named = {
            "the reward": self.accuracy,
            "the longer one wins": self.longer_wins,
            "the first shown wins": self.first_shown_wins,
        }
        rows = [
            {"group": name, "value": e.value, "low": e.low, "high": e.high, "n": e.n}
            for name, e in named.items()
            if e is not None
        ]
        return interval_chart(
            question,
            rows,
            x="held-out pairs predicted right (%)",
            reference=0.5,
            reference_label="a coin",
        )


def judge(
    pairs: Pairs,
    answers: Floats,
    *,
    tie_share: float,
    lengths: NDArray[np.int64] | None,
    utilities: Floats,
    order_known: bool,
    level: float,
    question: NDArray[np.int64] | None = None,
    rankings: tuple[Floats, Floats, NDArray[np.int64]] | None = None,
) -> HeldOut:
    """Return how predicted answers fit the ones that were given.

    Parameters
    ----------
    pairs
        The held-out pairs.
    answers
        Log-probabilities of first, tie, second; (n, 3). Where ties are no answer of their own the
        second column is minus infinity, and a tie counts half for either.
    tie_share
        Of the pairs that were fitted to.
    lengths, utilities
        Of all items; for the rules and the correlation.
    order_known
        Whether `first` was shown first.
    level
        Of the intervals.
    question
        Of each pair; `None` if every comparison asked its own.
    rankings
        Of each comparison its negative log-likelihood, that of saying nothing, and its question,
        where whole rankings are scored in the place of pairs.
    """
    question = pairs.comparison if question is None else question
    said = pairs.preferred
    decided = said != 0.5
    own_answer = bool(np.isfinite(answers[:, 1]).any())
    loss = _log_loss(answers, said, own_answer=own_answer)
    p_tie = tie_share if own_answer else 0.0
    with np.errstate(divide="ignore"):
        blind = np.log(np.tile([(1 - p_tie) / 2, p_tie, (1 - p_tie) / 2], (len(said), 1)))
    null = _log_loss(blind, said, own_answer=own_answer)
    lead = answers[:, 0] - answers[:, 2]
    asked = question
    if rankings is not None:
        loss, null, asked = rankings
    slope, intercept = _line(
        lead[decided], said[decided], question[decided], order_known=order_known, level=level
    )
    known = np.unique(np.concatenate([pairs.first, pairs.second]))
    longer = correlation = None
    if lengths is not None and np.ptp(lengths[known]) > 0:
        longer = _accuracy(
            (lengths[pairs.first] - lengths[pairs.second]).astype(float), said, question, level
        )
        if np.ptp(utilities[known]) > 0:
            correlation = float(np.corrcoef(lengths[known], utilities[known])[0, 1])
    return HeldOut(
        n_pairs=len(said),
        n_decided=int(decided.sum()),
        accuracy=_accuracy(lead, said, question, level),
        log_loss=_mean(loss, asked, level),
        null_log_loss=_mean(null, asked, level),
        calibration_slope=slope,
        calibration_intercept=intercept,
        longer_wins=longer,
        first_shown_wins=_accuracy(np.ones(len(said)), said, question, level)
        if order_known
        else None,
        length_correlation=correlation,
    )


def questions_of(dataset: PreferenceDataset, *, by_content: bool) -> NDArray[np.int64]:
    """Return the question of each comparison: which items were compared, (n_comparisons,).

    Parameters
    ----------
    dataset
        Comparisons.
    by_content
        Whether items of the same content are the same, as they are to a reward of their features;
        otherwise only an item itself is.

    Examples
    --------
    >>> data = PreferenceDataset.from_pairs(["a", "b", "b", "a"], [0, 2], [1, 3], [0, 1])
    >>> questions_of(data, by_content=True).tolist()
    [0, 0]
    >>> questions_of(data, by_content=False).tolist()
    [0, 1]
    """
    items = np.arange(dataset.n_items)
    if by_content:
        items = _numbered([_content(each) for each in dataset.items])
    shown = np.split(items[dataset.members], dataset.starts[1:-1])
    return _numbered([frozenset(each.tolist()) for each in shown])


def _content(item: Any) -> Any:
    if isinstance(item, Trajectory):
        return item.states.tobytes(), item.actions.tobytes()
    return item if isinstance(item, str) else item.tobytes()


def _numbered(keys: list[Any]) -> NDArray[np.int64]:
    place: dict[Any, int] = {}
    return np.array([place.setdefault(key, len(place)) for key in keys], np.int64)


def circular_triads(
    first: NDArray[np.int64], second: NDArray[np.int64], lead: Floats, n_items: int
) -> tuple[int, int]:
    """Return how many triples of items go round (a over b over c over a), and how many there are.

    Parameters
    ----------
    first, second
        Positions of the items of each pair.
    lead
        Above 0 where the first was preferred, below 0 where the second; summed over the pairs of
        the same two items, whose majority counts [kendall1940method].

    Examples
    --------
    >>> circular_triads(np.array([0, 1, 2]), np.array([1, 2, 0]), np.ones(3), 3)
    (1, 1)
    """
    if n_items <= DENSE:
        net = np.bincount(first * n_items + second, lead, n_items**2).reshape(n_items, n_items)
        over: Any = (net > net.T).astype(np.float64)
        either = over + over.T
        circular = np.sum((over @ over) * over.T) / 3
        return round(circular), round(np.sum((either @ either) * either) / 6)
    matrix = sparse.csr_array((lead, (first, second)), shape=(n_items, n_items))
    over = ((matrix - matrix.T).tocsr() > 0).astype(np.float64)
    either = over + over.T
    circular = (over @ over).multiply(over.T).sum() / 3
    return round(circular), round((either @ either).multiply(either).sum() / 6)


def _log_loss(logs: Floats, said: Floats, *, own_answer: bool) -> Floats:
    tie = logs[:, 1] if own_answer else (logs[:, 0] + logs[:, 2]) / 2
    return -np.where(said == 0, logs[:, 0], np.where(said == 1, logs[:, 2], tie))


def _mean(values: Floats, question: NDArray[np.int64], level: float) -> Estimate:
    """Return the mean over answers with an interval between questions."""
    _, code, counts = np.unique(question, return_inverse=True, return_counts=True)
    if len(counts) == len(values):
        return mean_estimate(values, level=level)
    return mean_estimate(np.bincount(code, values) / counts, weights=counts, level=level)


def _accuracy(
    lead: Floats, said: Floats, question: NDArray[np.int64], level: float
) -> Estimate | None:
    """Return how often the sign of `lead` names the preferred item; 0 is half right."""
    decided = said != 0.5
    if not decided.any():
        return None
    right = (1 + np.sign(lead) * np.sign(0.5 - said))[decided] / 2
    share, n = float(right.mean()), len(np.unique(question[decided]))
    made = _mean(right, question[decided], level)
    # Student's interval of questions that were all foretold alike has no width.
    if n == len(right) or made.high - made.low < 1e-9:
        return share_estimate(share, n, rows=n, level=level)
    return replace(made, value=share, low=max(made.low, 0.0), high=min(made.high, 1.0))


def _line(
    z: Floats, said: Floats, question: NDArray[np.int64], *, order_known: bool, level: float
) -> tuple[Estimate | None, Estimate | None]:
    """Return the slope and the intercept of the calibration line, by Newton's method."""
    won = (said == 0).astype(float)
    design = np.column_stack([z, np.ones(len(z))])[:, : 2 if order_known else 1]
    asked, code = np.unique(question, return_inverse=True)
    n = len(asked)
    if len(z) < FEWEST or n < FEWEST_QUESTIONS or np.ptp(z) == 0:
        return None, None
    at = np.zeros(design.shape[1])
    for _ in range(50):
        p = special.expit(design @ at)
        curvature = (design * (p * (1 - p))[:, None]).T @ design
        if np.linalg.cond(curvature) > 1e12:
            return None, None
        move = np.linalg.solve(curvature, design.T @ (won - p))
        at = at + np.clip(move, -5, 5)
        if np.abs(move).max() < 1e-10:
            break
    else:
        return None, None
    covariance = np.linalg.inv(curvature)
    method, freedom = "Wald", None
    if n < len(z):
        pulls = np.stack([np.bincount(code, each) for each in (design * (won - p)[:, None]).T])
        covariance = covariance @ (pulls @ pulls.T * n / (n - 1)) @ covariance
        method, freedom = "sandwich", float(n - 1)
    error = critical_value(level, freedom=freedom) * np.sqrt(np.diag(covariance))
    made = [
        Estimate(float(v), float(v - e), float(v + e), level, n, method)
        for v, e in zip(at, error, strict=True)
    ]
    return made[0], made[1] if order_known else None
