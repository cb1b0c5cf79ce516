"""Risk against coverage: how the loss falls when a model answers only where it is surest.

The surest k of n rows are answered, at a mean loss (selective risk) r_k; `areas` has the formulas
of AURC, E-AURC and AUGRC, which sum the curve up [geifman2019bias], [traub2024overcoming]. At one
threshold the risk is a mean over the rows above it: exact limits for errors, Student's for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, share_limits, share_size
from alignlab.measures import Answers, measure
from alignlab.uncertainty.selective.areas import (
    Blocks,
    Scored,
    areas_of,
    as_scored,
    error_of,
    freedom_of,
    is_error,
)

__all__ = ["RiskCoverage", "RiskCoverageDifference", "compare_risk_coverage", "risk_coverage"]

Floats = NDArray[np.float64]

DRAWN = 40
"""A chart has no more points."""


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Selective risk at every coverage that a threshold can give; arrays have one entry each.

    Attributes
    ----------
    threshold
        Accept the rows whose score is at least this; falling, one for each distinct score.
    coverage
        The share of rows accepted.
    risk
        The mean loss of the accepted rows.
    low, high
        The interval of `risk` at that threshold, by itself.
    aurc
        Mean of the risk over coverage, Geifman's: (1/n) sum r_k.
    e_aurc
        What of it is due to the score: 0 if no other order of these rows could be better.
    augrc
        Mean loss by an accepted row per row asked; between half of the risk squared and half of
        the risk for a score that is no worse than chance.
    optimum
        The AURC of the order by true loss.
    auroc
        For losses of 0 and 1: how often a right row is surer than a wrong one, ties by half;
        `None` otherwise, and where all rows are right or all are wrong.
    level
        The level of the intervals.
    """

    threshold: Floats
    coverage: Floats
    risk: Floats
    low: Floats
    high: Floats
    aurc: Estimate
    e_aurc: Estimate
    augrc: Estimate
    optimum: float
    auroc: Estimate | None
    level: float

    @property
    def full_risk(self) -> float:
        """The mean loss of all rows."""
        return float(self.risk[-1])

    @property
    def aurc_trapezium(self) -> float:
        """The area by trapezium from 1/n to 1, over 1 - 1/n: what some libraries call AURC."""
        n = self.aurc.n
        if n < 2:
            return self.full_risk
        ends = (float(self.risk[0]) + self.full_risk) / 2
        return (n * self.aurc.value - ends) / (n - 1)

    def risk_at(self, coverage: float) -> float:
        """Return the mean loss of the surest rows up to a coverage, a block of ties in part.

        Parameters
        ----------
        coverage
            Above 0, up to 1.
        """
        if not 0 < coverage <= 1:
            raise InputError(f"coverage={coverage!r} is not above 0 and at most 1.")
        lost = np.concatenate([[0.0], self.risk * self.coverage])
        return float(np.interp(coverage, np.concatenate([[0.0], self.coverage]), lost) / coverage)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each threshold, the strictest first."""
        names = ("threshold", "coverage", "risk", "low", "high")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "full_risk": self.full_risk,
            "aurc": self.aurc.to_dict(),
            "aurc_trapezium": self.aurc_trapezium,
            "e_aurc": self.e_aurc.to_dict(),
            "augrc": self.augrc.to_dict(),
            "optimum": self.optimum,
            "auroc": None if self.auroc is None else self.auroc.to_dict(),
            "curve": self.to_frame().to_dict("list"),
        }

    def chart(self, question: str = "How much does the risk fall where it abstains?") -> Chart:
        """Draw the risk of the accepted rows against their share, with its interval."""
        # The surest few rows have an interval from 0 to 1, which would be all that one sees.
        shown = np.flatnonzero(self.coverage >= min(0.05, self.coverage[-1]))
        wanted = np.linspace(self.coverage[shown[0]], 1, DRAWN)
        nearest = np.searchsorted(self.coverage, wanted).clip(max=len(self.coverage) - 1)
        at = np.unique(nearest) if len(shown) > DRAWN else shown
        names = ("coverage", "risk", "low", "high")
        rows = [{name: float(getattr(self, name)[each]) for name in names} for each in at]
        return line_chart(
            question,
            rows,
            x="coverage",
            y="risk",
            x_title="coverage (share of rows that the model answers, the surest first)",
            y_title="risk (mean loss of the rows answered)",
            band=("low", "high"),
        )

    def __str__(self) -> str:
        """Return the three areas."""
        return f"AURC {self.aurc}, E-AURC {self.e_aurc}, AUGRC {self.augrc}"


@dataclass(frozen=True, eq=False)
class RiskCoverageDifference:
    """The second score's areas less the first's on the same rows; below 0 the second is better.

    Attributes
    ----------
    aurc, e_aurc, augrc
        The differences, with paired intervals.
    """

    aurc: Estimate
    e_aurc: Estimate
    augrc: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the differences as plain values."""
        return {name: getattr(self, name).to_dict() for name in ("aurc", "e_aurc", "augrc")}


def risk_coverage(
    score: ArrayLike,
    loss: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> RiskCoverage:
    """Measure how the risk falls when only the surest rows are answered.

    Use it to judge a score of confidence. To decide at one threshold, use `choose_threshold`,
    which promises something about the rows to come; reading a threshold off the curve does not.

    Parameters
    ----------
    score
        How sure the model is, the larger the surer, shape (n,); see `confidence_score`.
    loss
        What each row's answer cost, shape (n,), from 0: 0 and 1 for right and wrong, or any other.
    weights
        Non-negative, shape (n,).
    level
        The intervals' level.

    Returns
    -------
    RiskCoverage

    Raises
    ------
    InputError
        If lengths differ, or a number is not finite or negative; the message names the row.

    References
    ----------
    [geifman2019bias], [traub2024overcoming]

    Examples
    --------
    Four rows of one score, two of them wrong: any order could be, and one half is expected.

    >>> float(round(risk_coverage([0.7] * 4, [1, 1, 0, 0]).aurc.value, 12))
    0.5
    >>> print(risk_coverage([0.9, 0.8, 0.7, 0.6], [0, 0, 1, 1]).risk.round(3).tolist())
    [0.0, 0.0, 0.333, 0.5]
    """
    rows = as_scored(score, loss, weights)
    sums = Blocks.of(rows)
    areas = areas_of(rows, level)
    taken = np.cumsum(sums.mass)
    risk = np.cumsum(sums.lost) / taken
    low, high = _risk_limits(rows, sums, risk, level)
    return RiskCoverage(
        threshold=sums.score,
        coverage=taken / taken[-1],
        risk=risk,
        low=low,
        high=high,
        aurc=areas["aurc"].estimate(rows, level),
        e_aurc=areas["e_aurc"].estimate(rows, level),
        augrc=areas["augrc"].estimate(rows, level),
        optimum=areas["aurc"].value - areas["e_aurc"].value,
        auroc=_auroc(rows, level),
        level=level,
    )


def compare_risk_coverage(
    score: ArrayLike,
    second: ArrayLike,
    loss: ArrayLike,
    *,
    second_loss: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> RiskCoverageDifference:
    """Compare two scores, or two models, on the same rows.

    Parameters
    ----------
    score, second
        How sure each is, the larger the surer, shape (n,); their scales need not agree.
    loss
        What each row's answer cost, shape (n,), from 0.
    second_loss
        The same of the second model, where there are two; two models also differ in their risk,
        for which E-AURC does not make up [traub2024overcoming].
    weights
        Non-negative, shape (n,).
    level
        The intervals' level.

    Returns
    -------
    RiskCoverageDifference

    Raises
    ------
    InputError
        As `risk_coverage` does.

    References
    ----------
    [geifman2019bias], [traub2024overcoming]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sure = rng.random(2000)
    >>> wrong = rng.random(2000) < 1 - sure
    >>> print(compare_risk_coverage(rng.random(2000), sure, wrong).aurc)
    -0.257 [-0.282, -0.232]
    """
    first = as_scored(score, loss, weights)
    other = as_scored(second, loss if second_loss is None else second_loss, weights)
    if len(first) != len(other):
        raise InputError(
            f"The scores have {len(first)} and {len(other)} rows; they must be of the same rows."
        )
    one, two = areas_of(first), areas_of(other)
    made = {}
    z = critical_value(level, freedom=min(freedom_of(first), freedom_of(other)))
    for name in ("aurc", "e_aurc", "augrc"):
        value = two[name].value - one[name].value
        half = z * error_of(first.shares, two[name].influence - one[name].influence)
        made[name] = Estimate(
            value, value - half, value + half, level, len(first), "paired influences of rows"
        )
    return RiskCoverageDifference(**made)


def _auroc(rows: Scored, level: float) -> Estimate | None:
    right = rows.loss == 0
    counts = rows.shares > 0
    if not is_error(rows.loss) or right[counts].all() or not right[counts].any():
        return None
    scores = np.column_stack([-rows.score, rows.score])
    outcomes = right.astype(np.intp)
    # Without weights rows are counted, and a constant score has exactly 0.5.
    weights = None if np.ptp(rows.shares) == 0 else rows.shares
    return measure("auc", Answers(outcomes, outcomes, scores, weights)).estimate(level=level)


def _risk_limits(rows: Scored, blocks: Blocks, risk: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the limits of the mean loss of the rows above each threshold."""
    squares = np.cumsum(np.bincount(blocks.of_row, rows.shares**2, len(risk)))
    lost = np.cumsum(np.bincount(blocks.of_row, rows.shares**2 * rows.loss, len(risk)))
    mass = np.cumsum(blocks.mass)
    if is_error(rows.loss):
        size = share_size(risk * mass, mass, lost, squares)
        return share_limits(risk.clip(0, 1), size, level=level)
    both = np.cumsum(np.bincount(blocks.of_row, rows.shares**2 * rows.loss**2, len(risk)))
    spread = np.sqrt(np.maximum(both - 2 * risk * lost + risk**2 * squares, 0)) / mass
    effective = mass**2 / squares
    with np.errstate(divide="ignore", invalid="ignore"):
        half = special.stdtrit(effective - 1, (1 + level) / 2) * spread
        half *= np.sqrt(effective / (effective - 1))
    half = np.where(effective > 1 + 1e-9, half, np.inf)
    return np.maximum(risk - half, 0), risk + half
