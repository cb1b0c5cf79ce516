"""What scores and values do by group: their mean, their error, their order.

Each is a mean, or a share of pairs, within one group, so groups are independent and each carries
its own influences (`alignlab.measures`):

    mean score         mean of the probability of the favourable class, or of the predicted value
    calibration gap    mean of (score - outcome): above 0 the group is promised more than it gets
    absolute error     mean of |score - outcome|
    AUC                order of the favourable class's probability within the group
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets import Grouping
from alignlab.errors import require_choice
from alignlab.measures import Answers, Measured, measure

__all__ = ["SCORE_MEASURES", "score_by_group"]

Floats = NDArray[np.float64]


def score_by_group(
    name: str, answers: Answers, grouping: Grouping, *, favourable: int | None = None
) -> list[Measured | None]:
    """Return one of `SCORE_MEASURES` within every group.

    Parameters
    ----------
    name
        "mean_score", "calibration_gap", "absolute_error" or "auc".
    answers
        n rows, with probabilities, or with values for regression.
    grouping
        Every row's group.
    favourable
        The index of the favourable class; `None` for regression.

    Returns
    -------
    list
        One entry a group; `None` where the group cannot have the measure: the AUC of a group with
        one class.
    """
    compute = SCORE_MEASURES[require_choice(name, SCORE_MEASURES, what="score measure")]
    return [
        compute(answers.at(grouping.codes == group), favourable)
        for group in range(len(grouping.labels))
    ]


def _scores_and_outcomes(answers: Answers, favourable: int | None) -> tuple[Floats, Floats]:
    if favourable is None or answers.probabilities is None:
        return answers.decisions.astype(float), answers.outcomes.astype(float)
    return answers.probabilities[:, favourable], (answers.outcomes == favourable).astype(float)


def _mean(values: Floats, answers: Answers, bounds: tuple[float, float]) -> Measured | None:
    if len(values) == 0 or not answers.shares.sum() > 0:
        return None
    mean = float(answers.shares @ values)
    return Measured(mean, values - mean, answers.shares, bounds)


def _mean_score(answers: Answers, favourable: int | None) -> Measured | None:
    scores, _ = _scores_and_outcomes(answers, favourable)
    return _mean(scores, answers, (-np.inf, np.inf) if favourable is None else (0, 1))


def _calibration_gap(answers: Answers, favourable: int | None) -> Measured | None:
    scores, outcomes = _scores_and_outcomes(answers, favourable)
    return _mean(scores - outcomes, answers, (-np.inf, np.inf))


def _absolute_error(answers: Answers, favourable: int | None) -> Measured | None:
    scores, outcomes = _scores_and_outcomes(answers, favourable)
    return _mean(np.abs(scores - outcomes), answers, (0, np.inf))


def _auc(answers: Answers, favourable: int | None) -> Measured | None:
    scores, outcomes = _scores_and_outcomes(answers, favourable)
    weighed = answers.shares > 0
    if len(np.unique(outcomes[weighed])) < 2:
        return None
    two_columns = np.column_stack([1 - scores, scores])
    hits = outcomes.astype(np.intp)
    return measure("auc", Answers(hits, hits, two_columns, answers.weights))


SCORE_MEASURES: dict[str, Callable[[Answers, int | None], Measured | None]] = {
    "mean_score": _mean_score,
    "calibration_gap": _calibration_gap,
    "absolute_error": _absolute_error,
    "auc": _auc,
}
