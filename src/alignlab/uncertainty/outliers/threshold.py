"""From scores to flags, with a guarantee on false alarms: conformal p-values.

With scores s_1, ..., s_n of reference rows, which nothing was fitted on, a new row of score s has

    p = (1 + #{i: s_i >= s}) / (n + 1)                  [bates2023testing, eq. 2]

and P(p <= a) <= a for a row of the same kind, whatever the score, ties included. Flagging rows with
p <= a is flagging those whose score lies above the r-th largest of the s_i, r = floor(a (n + 1)),
an exact rational. Given these n rows, the false-alarm rate is Beta(r, n + 1 - r) where there are no
ties and below that otherwise; among m new rows the alarms are beta-binomial. To keep a rate with
confidence c over the draw of the reference, r is the largest with P(Beta(r, n + 1 - r) <= a) >= c.
P-values of one reference are dependent, positively, and the procedure of Benjamini and Hochberg
keeps the share of false ones among the flagged all the same [bates2023testing, thm. 2].
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import InputError
from alignlab.intervals import Estimate, beta_binomial

__all__ = ["OutlierThreshold", "benjamini_hochberg", "conformal_p_values"]

Floats = NDArray[np.float64]


def conformal_p_values(reference: ArrayLike, scores: ArrayLike) -> Floats:
    """Return how rarely a row of the reference's kind scores as high.

    Parameters
    ----------
    reference
        Scores of n rows that nothing was fitted on; larger is more unusual.
    scores
        Scores of m rows, by the same function.

    Returns
    -------
    numpy.ndarray
        Shape (m,), from 1/(n+1) to 1. Ties count against the new row, which is safe.

    Raises
    ------
    InputError
        If there is no reference score, or a score is not a number.

    References
    ----------
    [bates2023testing]

    Examples
    --------
    >>> conformal_p_values([1.0, 2.0, 3.0, 4.0], [5.0, 3.0, 0.0])
    array([0.2, 0.6, 1. ])
    """
    known = np.sort(scores_of(reference, "reference"))
    return (1 + _at_least(known, scores_of(scores, "scores"))) / (len(known) + 1)


def benjamini_hochberg(p_values: ArrayLike, rate: float = 0.1) -> NDArray[np.bool_]:
    """Return which of many rows to flag so that few of the flagged are false alarms.

    A threshold on each p-value bounds the alarms among usual rows; this bounds the share of false
    ones among the alarms, on average.

    Parameters
    ----------
    p_values
        Shape (m,).
    rate
        The false-discovery rate to keep, between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Shape (m,), true where flagged.

    References
    ----------
    [benjamini1995controlling], [bates2023testing]

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.9, 0.04, 0.02], 0.05)
    array([ True, False, False,  True])
    """
    p = np.asarray(p_values, dtype=np.float64)
    as_fraction(rate, "rate")
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise InputError("p_values holds something else than numbers from 0 to 1, one a row.")
    order = np.argsort(p, kind="stable")
    # A p-value that meets its bound exactly must not miss it by rounding.
    bound = float(rate) * np.arange(1, len(p) + 1) / max(len(p), 1) * (1 + 1e-14)
    met = np.flatnonzero(p[order] <= bound)
    flagged = np.zeros(len(p), dtype=bool)
    if len(met):
        flagged[order[: met[-1] + 1]] = True
    return flagged


@dataclass(frozen=True, eq=False)
class OutlierThreshold:
    """A threshold on scores that keeps false alarms at a stated rate.

    Attributes
    ----------
    scores
        The reference's scores, ascending, shape (n,).
    false_alarms
        The rate that is kept, as stated.
    rank
        r: a row is flagged where its score is above the r-th largest of the reference.
    confidence
        With what probability over the draw of the reference the rate is kept; `None` where it is
        kept on average over such draws.

    Examples
    --------
    >>> threshold = OutlierThreshold.chosen(np.arange(99.0), 0.05)
    >>> threshold.rank, threshold.value
    (5, 94.0)
    >>> threshold.flags([94.0, 94.5])
    array([False,  True])
    """

    scores: Floats
    false_alarms: float
    rank: int
    confidence: float | None = None

    @classmethod
    def chosen(
        cls, reference: ArrayLike, false_alarms: float = 0.05, *, confidence: float | None = None
    ) -> OutlierThreshold:
        """Return the lowest threshold that keeps the rate.

        Parameters
        ----------
        reference
            Scores of n rows that nothing was fitted on; larger is more unusual.
        false_alarms
            The share of usual rows that may be flagged, between 0 and 1.
        confidence
            `None` keeps it on average over references of this size; a probability keeps it for all
            but an unlucky share of them, with a higher threshold.

        Raises
        ------
        InputError
            If there are too few rows for that rate; the message says how many are needed.
        """
        known = np.sort(scores_of(reference, "reference"))
        rate, n = as_fraction(false_alarms, "false_alarms"), len(known)
        rank = int(rate * (n + 1))
        if confidence is not None:
            as_fraction(confidence, "confidence")
            kept = special.betainc(ranks := np.arange(1, n + 1), n + 1 - ranks, float(rate))
            rank = int((kept >= confidence).sum())
        if rank < 1:
            needed = -(-1 // rate) - 1
            if confidence is not None:
                # One alarm at most: Beta(1, n) lies below the rate with probability 1-(1-rate)^n.
                needed = int(np.ceil(np.log1p(-confidence) / np.log1p(-float(rate))))
            raise InputError(
                f"{n} reference rows are too few to keep false alarms at {false_alarms:g}"
                f"{'' if confidence is None else f' with confidence {confidence:g}'}: it takes "
                f"{int(needed)}. Give more, or allow more false alarms."
            )
        return cls(known, float(false_alarms), rank, confidence)

    @property
    def value(self) -> float:
        """The score above which a row is flagged."""
        return float(self.scores[-self.rank])

    def p_values(self, scores: ArrayLike) -> Floats:
        """Return the conformal p-values of scores; see `conformal_p_values`."""
        return conformal_p_values(self.scores, scores)

    def flags(self, scores: ArrayLike) -> NDArray[np.bool_]:
        """Return which rows lie above the threshold."""
        return np.asarray(scores_of(scores, "scores") > self.value)

    def expected(self, level: float = 0.95) -> Estimate:
        """Return the share of usual rows above this threshold, as far as the reference tells.

        Its limits are quantiles of Beta(r, n + 1 - r); with ties the truth may be lower.
        """
        n, r = len(self.scores), self.rank
        tail = (1 - level) / 2
        low, high = special.betaincinv(r, n + 1 - r, [tail, 1 - tail])
        return Estimate(r / (n + 1), float(low), float(high), level, n, "beta, given the reference")

    def surprise(self, flagged: int, rows: int) -> float:
        """Return the chance that so many of so many usual rows, or more, would be flagged.

        The beta-binomial tail: it knows that the threshold itself comes from a sample.
        """
        if not 0 <= flagged <= rows:
            raise InputError(f"flagged={flagged} is not a number of {rows} rows.")
        chances = beta_binomial(rows, self.rank, len(self.scores) + 1 - self.rank)
        return min(float(chances[flagged:].sum()), 1.0)


def as_fraction(share: float, what: str) -> Fraction:
    """Return a share between 0 and 1 as the decimal that a person wrote, exactly."""
    number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
    if not number or not 0 < share < 1:
        raise InputError(f"{what}={share!r} is not between 0 and 1. Give one, such as {what}=0.05.")
    return Fraction(str(float(share)))


def scores_of(given: Any, what: str) -> Floats:
    """Return scores, one a row; infinite ones are scores, and not-a-number is none."""
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    scores = np.asarray(given, dtype=np.float64)
    if scores.ndim != 1 or (what != "scores" and not len(scores)):
        raise InputError(f"{what} has the shape {scores.shape}. Give one score a row, shape (n,).")
    if np.isnan(scores).any():
        row = int(np.isnan(scores).argmax())
        raise InputError(f"The score in row {row} of {what} is not a number.")
    return scores


def _at_least(ascending: Floats, scores: Floats) -> NDArray[np.intp]:
    return len(ascending) - np.searchsorted(ascending, scores, side="left")
