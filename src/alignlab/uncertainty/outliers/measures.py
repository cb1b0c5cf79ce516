"""How well a score tells unusual rows from usual ones: AUROC, and the false-positive rate at 95 %.

    AUROC = P(score of an unusual row > of a usual one) + P(equal) / 2

so that a constant score has exactly 0.5. The false-positive rate at a true-positive rate t, "FPR95"
for t = 95 %, goes by two conventions that give different numbers. Here positive = *unusual* by
default: the share of usual rows flagged by the threshold that finds 95 % of the unusual ones. With
positive = *usual* it is the share of unusual rows that pass the threshold that 95 % of the usual
ones pass [liang2018enhancing, sec. 3]. The threshold is an observed score, the strictest that still
finds ceil(t n) of the n positives: nothing is interpolated, and equal scores fall on the same side.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import require_choice
from alignlab.intervals import Estimate, share_limits
from alignlab.measures import Answers, measure
from alignlab.uncertainty.outliers.threshold import as_fraction, scores_of

__all__ = ["auroc", "fpr_at_tpr"]

Floats = NDArray[np.float64]


def auroc(usual: ArrayLike, unusual: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return how often an unusual row scores above a usual one, ties counted half.

    Parameters
    ----------
    usual, unusual
        Scores of n and m rows; larger is more unusual.
    level
        The level of DeLong's interval.

    Raises
    ------
    InputError
        If one of them is empty or a score is not a number.

    References
    ----------
    [delong1988comparing]

    Examples
    --------
    >>> auroc([0.1, 0.2, 0.3], [0.2, 0.9]).value
    0.75
    >>> auroc([1.0] * 5, [1.0] * 7).value
    0.5
    """
    scores = np.concatenate([scores_of(usual, "usual"), scores_of(unusual, "unusual")])
    which = np.repeat([0, 1], [np.size(usual), np.size(unusual)])
    columns = np.column_stack([-scores, scores])
    return measure("auc", Answers(which, which, columns)).estimate(level=level)


def fpr_at_tpr(
    usual: ArrayLike,
    unusual: ArrayLike,
    *,
    tpr: float = 0.95,
    positive: Literal["unusual", "usual"] = "unusual",
    level: float = 0.95,
) -> Estimate:
    """Return the share of one kind taken for the other where `tpr` of the other are found.

    Parameters
    ----------
    usual, unusual
        Scores of n and m rows; larger is more unusual.
    tpr
        The share of positives to find.
    positive
        Which rows are the positives. Both are called FPR95; say which.
    level
        The interval's level. It allows for the threshold, which is an order statistic of the
        positives, and for the share of the negatives beyond it, so that it is wide for few rows.

    Raises
    ------
    InputError
        If one of them is empty, a score is not a number, or `tpr` is not between 0 and 1.

    References
    ----------
    [liang2018enhancing]

    Examples
    --------
    >>> usual, unusual = np.arange(100.0), np.arange(50.0, 150.0)
    >>> fpr_at_tpr(usual, unusual).value, fpr_at_tpr(usual, unusual, positive="usual").value
    (0.45, 0.45)
    """
    require_choice(positive, ["unusual", "usual"], what="positive")
    share = as_fraction(tpr, "tpr")
    found, taken = scores_of(unusual, "unusual"), scores_of(usual, "usual")
    if positive == "usual":  # found where the score is low
        found, taken = -taken, -found
    descending = np.sort(found)[::-1]
    n = len(descending)

    def beyond(rank: int) -> float:
        """Return the share of negatives at or above the rank-th largest positive."""
        if rank < 1:
            return 0.0
        return 1.0 if rank > n else float((taken >= descending[rank - 1]).mean())

    value = beyond(-int(-share * n // 1))
    first, last = _ranks(n, share, (1 - level) / 2)
    # Half of what may go wrong is the threshold's, half the share's.
    half = 1 - (1 - level) / 2
    low = share_limits(beyond(first), len(taken), level=half)[0]
    high = share_limits(beyond(last), len(taken), level=half)[1]
    words = f"order statistics and Clopper–Pearson; positive = {positive}"
    return Estimate(value, float(low), float(high), level, n + len(taken), words)


def _ranks(n: int, share: Fraction, miss: float) -> tuple[int, int]:
    """Return ranks that hold the point beyond which the share of all positives lies, but `miss`."""
    ranks = np.arange(n + 1)
    at_most = special.bdtr(ranks, n, float(share))  # positives beyond that point
    first = int(np.searchsorted(at_most, miss / 2))
    last = int(np.searchsorted(at_most, 1 - miss / 2)) + 1
    return first, last
