"""A threshold on a score above which the risk is at most so much, with a stated confidence.

For losses of 0 and 1 every threshold is tried at once, by the number of errors above it (see
`boundary`): with probability `confidence` no threshold passes whose risk is above `max_risk`, for
any score and any law of the errors, and the loosest that passes is taken. The bisection of
[geifman2017selective, alg. 1] tries few thresholds but divides by their number, and which ones it
visits hangs on the errors.

Other losses between 0 and 1 have no such law. There J ranks are fixed by n alone; given the
(k+1)-th largest score, the k rows above it are independent draws from all cases above it, so that
the p-value of Hoeffding and Bentkus [angelopoulos2021learn, prop. 1] holds at each rank,

    min( exp(-m h(min(r, a), a)),  e P(Binomial(m, a) <= ceil(m r)) )  <=  (1 - confidence) / J,
    h(r, a) = r ln(r/a) + (1 - r) ln((1 - r)/(1 - a)),   m rows of mean loss r,  a = max_risk.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import InputError
from alignlab.intervals import Estimate, share_estimate
from alignlab.predictors import Predictor
from alignlab.uncertainty.calibration.unseen import require_unseen
from alignlab.uncertainty.selective.areas import as_scored, is_error
from alignlab.uncertainty.selective.boundary import errors_allowed

__all__ = ["SelectiveThreshold", "choose_threshold"]

Floats = NDArray[np.float64]

FINER = 0.9
"""Of one rank and the one before: closer ones waste less coverage and divide by more."""

MOST_ROWS = 10**7
"""Beyond so many rows it is no use to say how many would be needed."""

STEP = 1.05
"""Of one number of rows that is tried to the one before, where it is asked how many would do."""


@dataclass(frozen=True, eq=False)
class SelectiveThreshold:
    """Where to decide and where to ask; arrays have one entry for each threshold tried.

    Attributes
    ----------
    threshold
        Decide where the score is above this; minus infinity decides everything, and `None` says
        that no threshold can make the promise on these rows.
    max_risk, confidence
        What was asked for: with this confidence, over the rows that might have been drawn, the
        expected loss of the cases above the threshold is at most `max_risk`.
    coverage
        The share of rows above the threshold.
    risk
        The mean loss of the rows above it, and from 0 to `max_risk`, below which it lies
        at `confidence` with the choice accounted for; NaN without a threshold.
    rows_needed
        Where there is no threshold: about how many rows would do if the risk above each
        threshold stays as it was seen; `None` where none would, for no risk seen is low enough.
    tried
        The thresholds, the strictest first; minus infinity accepts every row.
    accepted
        The rows above each.
    mean_loss
        Their mean loss.
    passes
        Whether each keeps the promise.
    """

    threshold: float | None
    max_risk: float
    confidence: float
    coverage: Estimate
    risk: Estimate
    rows_needed: int | None
    tried: Floats
    accepted: NDArray[np.intp]
    mean_loss: Floats
    passes: NDArray[np.bool_]

    def accepts(self, score: ArrayLike) -> NDArray[np.bool_]:
        """Return where to decide, shape (n,): False is to ask, as everywhere without threshold."""
        scores = np.asarray(score, dtype=float)
        if np.isnan(scores).any():
            row = int(np.isnan(scores).argmax())
            raise InputError(f"Row {row} has no score: it is not a number.")
        return np.full(scores.shape, False) if self.threshold is None else scores > self.threshold

    @property
    def summary(self) -> str:
        """What was found, in one or two sentences."""
        n, sure = self.coverage.n, f"{self.confidence:.0%}"
        if self.threshold is not None:
            return (
                f"Decide {self.coverage.value:.1%} of the cases, those that score above "
                f"{self.threshold:.6g}, and ask about the rest: with {sure} confidence the risk of "
                f"those decided is at most {self.max_risk:g} ({self.risk.value:.4g} on these rows)."
            )
        first = f"No threshold can promise a risk of at most {self.max_risk:g} with {sure} "
        if self.rows_needed is None:
            lowest = float(self.mean_loss.min())
            return (
                f"{first}confidence: the lowest seen is {lowest:.4g}, and more rows would not help."
            )
        return (
            f"{first}confidence from {n:,} rows: about {self.rows_needed:,} would be needed if the "
            "risk stays as it was seen."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each threshold tried."""
        return pd.DataFrame(
            {
                "threshold": self.tried,
                "rows accepted": self.accepted,
                "mean loss": self.mean_loss,
                "passes": self.passes,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the table as plain values; an infinite threshold is "all"."""
        everything = self.threshold is not None and np.isinf(self.threshold)
        return {
            "summary": self.summary,
            "threshold": "all" if everything else self.threshold,
            "max_risk": self.max_risk,
            "confidence": self.confidence,
            "coverage": self.coverage.to_dict(),
            "risk": None if self.threshold is None else self.risk.to_dict(),
            "rows_needed": self.rows_needed,
        }


def choose_threshold(
    score: ArrayLike,
    loss: ArrayLike,
    *,
    max_risk: float,
    confidence: float = 0.95,
    model: Predictor | None = None,
    rows: Any = None,
    training: Any = None,
) -> SelectiveThreshold:
    """Choose the threshold that decides most cases at a risk that is kept with confidence.

    Use rows that the model was not fitted on, and that are like the cases to come: the promise is
    about these. It is about the average over all cases decided, not about each group of them.

    Parameters
    ----------
    score
        How sure the model is, the larger the surer, shape (n,); see `confidence_score`.
    loss
        What each answer cost, between 0 and 1, shape (n,); 0 and 1 for right and wrong. Losses on
        another scale are divided by their largest possible value, and `max_risk` with them.
    max_risk
        The largest risk (mean loss of the cases decided) to allow, between 0 and 1.
    confidence
        Over repetitions of the n rows, the threshold keeps the promise at least so often.
    model
        The model that was asked, where it knows which rows it was fitted on: they are refused.
    rows
        The n rows, or their hashes, to hold them against `model` and `training`.
    training
        Further rows that the model was fitted on, or their hashes; shared rows are refused.

    Returns
    -------
    SelectiveThreshold

    Raises
    ------
    InputError
        If a number is out of range (the message names the row), or rows are training rows.

    References
    ----------
    [geifman2017selective], [angelopoulos2021learn]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sure = rng.random(2000)
    >>> found = choose_threshold(sure, rng.random(2000) > sure, max_risk=0.2)
    >>> print(found.coverage, found.risk)
    0.349 [0.329, 0.371] 0.157 [0.000, 0.200]
    >>> choose_threshold(sure[:20], np.zeros(20), max_risk=0.01).rows_needed
    299
    """
    scored = as_scored(score, loss, None)
    _require(scored.loss, max_risk, confidence)
    if rows is not None:
        hashes = require_unseen(model, rows, training=training)
        if len(hashes) != len(scored):
            raise InputError(f"rows has {len(hashes)} rows, and there are {len(scored)} scores.")
    elif training is not None or model is not None:
        raise InputError(
            f"{'model' if training is None else 'training'}= was given without rows=: give the "
            "rows that the scores are of, so that the two can be compared."
        )
    n, alpha = len(scored), 1 - confidence
    falling = np.sort(scored.score)[::-1]
    ends = np.append(np.flatnonzero(np.diff(falling)) + 1, n)  # rows above each threshold
    thresholds = np.append(falling[ends[:-1]], -np.inf)
    order = np.argsort(-scored.score, kind="stable")
    mean = np.cumsum(scored.loss[order])[ends - 1] / ends
    if is_error(scored.loss):
        passes = _errors_pass(mean, ends, n, max_risk, alpha)
    else:
        at = np.unique(np.searchsorted(ends, _ranks(n, max_risk, alpha), side="right") - 1)
        at = at[at >= 0]
        thresholds, ends, mean = thresholds[at], ends[at], mean[at]
        passes = _losses_pass(mean, ends, n, max_risk, alpha)
    chosen = int(np.flatnonzero(passes)[-1]) if passes.any() else None
    found = 0 if chosen is None else int(ends[chosen])
    seen = np.nan if chosen is None else float(mean[chosen])
    top = np.nan if chosen is None else max_risk
    needed = None
    if chosen is None:
        needed = _rows_needed(mean, ends / n, max_risk, alpha, is_error(scored.loss))
    return SelectiveThreshold(
        threshold=None if chosen is None else float(thresholds[chosen]),
        max_risk=float(max_risk),
        confidence=float(confidence),
        coverage=share_estimate(found / n, n, rows=n, level=confidence),
        risk=Estimate(seen, 0.0, top, confidence, found, "one-sided, all thresholds at once"),
        rows_needed=needed,
        tried=thresholds,
        accepted=ends,
        mean_loss=mean,
        passes=passes,
    )


def _require(loss: Floats, max_risk: float, confidence: float) -> None:
    if not 0 < confidence < 1:
        hint = f" Did you mean {confidence / 100:g}?" if 1 < confidence < 100 else ""
        raise InputError(f"confidence={confidence!r} is not between 0 and 1.{hint}")
    if not 0 < max_risk < 1:
        hint = f" Did you mean {max_risk / 100:g}?" if 1 < max_risk < 100 else ""
        raise InputError(
            f"max_risk={max_risk!r} is not between 0 and 1: no finite number of rows can promise "
            f"a risk of 0, and any keeps 1.{hint}"
        )
    if (loss > 1).any():
        row = int((loss > 1).argmax())
        raise InputError(
            f"Row {row} has the loss {loss[row]:.4g}, above 1. Divide the losses, and max_risk, by "
            "the largest loss that a case can have."
        )


def _ranks(n: int, max_risk: float, alpha: float) -> list[int]:
    """Return the ranks to test, the loosest first: from n, while no error at all would pass."""
    ranks = [n]
    while (lower := int(ranks[-1] * FINER)) > 0:
        if lower * np.log1p(-max_risk) > np.log(alpha / (len(ranks) + 1)):
            break
        ranks.append(lower)
    return ranks


def _errors_pass(
    mean: Floats, rows: NDArray[np.intp], n: int, max_risk: float, alpha: float
) -> NDArray[np.bool_]:
    errors = np.ceil(mean * rows - 1e-6).astype(np.intp)
    passes: NDArray[np.bool_] = errors <= errors_allowed(n, max_risk, alpha).at(rows - errors)
    return passes


def _losses_pass(
    mean: Floats, rows: NDArray[np.intp], n: int, max_risk: float, alpha: float
) -> NDArray[np.bool_]:
    total = mean * rows
    # A sum that is whole but for rounding is that whole number.
    whole = np.where(np.abs(total - np.round(total)) < 1e-9 * rows, np.round(total), np.ceil(total))
    seen = np.minimum(mean, max_risk)
    apart = special.rel_entr(seen, max_risk) + special.rel_entr(1 - seen, 1 - max_risk)
    p_value = np.minimum(np.e * special.bdtr(whole, rows, max_risk), np.exp(-rows * apart))
    passes: NDArray[np.bool_] = p_value <= alpha / len(_ranks(n, max_risk, alpha))
    return passes


def _rows_needed(
    mean: Floats, share: Floats, max_risk: float, alpha: float, errors: bool
) -> int | None:
    """Return about how many rows let a threshold pass whose share and loss stay as they are."""
    low = mean < max_risk
    if not low.any():
        return None
    test = _errors_pass if errors else _losses_pass

    first = np.log(alpha) / np.log1p(-max_risk)  # without a single error
    steps = range(int(np.log(MOST_ROWS / first) / np.log(STEP)) + 1) if first < MOST_ROWS else []

    def rows_at(step: int) -> int:
        return int(np.ceil(first * STEP**step))

    def enough(step: int) -> bool:
        rows = np.maximum((share[low] * rows_at(step)).astype(np.intp), 1)
        return bool(test(mean[low], rows, rows_at(step), max_risk, alpha).any())

    found = bisect_left(steps, True, key=enough)
    return rows_at(found) if found < len(steps) else None
