"""Whether a local explanation is to be believed, and what speaks against it.

It is not where any of these holds: a rerun would rank the first features otherwise (stability below
0.9); the line surely explains less than half of the variance on samples not fitted; it misses the
row itself by far more than the samples; on real rows around the row it surely goes with the model
(squared correlation) by less than half of what it does on perturbed rows that lie as far away, as
where a model can tell the two apart [slack2020fooling]; or features cannot be told apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import Estimate, critical_value
from alignlab.transparency.outputs import Output
from alignlab.transparency.surrogates.regression import LocalFit
from alignlab.transparency.surrogates.sampling import STABLE, Run
from alignlab.transparency.surrogates.tables import NearRows

__all__ = ["correlation", "notes_on", "reasons_against", "true_of_data"]

Floats = NDArray[np.float64]

REPEATED = 0.9
"""A ranking that a rerun repeats less often than this is not shown as one."""

EXPLAINED = 0.5
"""A line that surely explains less than half of the variance is not what the model does."""

TRUE_OF_DATA = 0.5
"""A line that surely goes with the model on real rows by less than this share of how it does on
perturbed rows that lie as far away is right for perturbed rows alone."""

FAR_OFF = 2.0
"""A row that the line misses by more than this many times what it misses samples by is not one of
the neighbourhood that the line describes."""

ROUNDING = 1e-6

STILL = 0.01
"""A probability that varies less than this around the row hardly varies."""


def true_of_data(fit: LocalFit, near: NearRows, answers: Floats, level: float) -> Estimate:
    """Return the squared correlation of the line and the model on real rows.

    Parameters
    ----------
    fit
        The line.
    near
        Real rows around the row.
    answers
        The model's, shape (m,).
    level
        Of the interval.

    Returns
    -------
    Estimate
        0 where line and model go against each other or the model does not vary; NaN where the
        line does not.
    """
    n = len(answers)
    value = correlation(near.design @ fit.slopes, answers, near.weights)
    # Fisher's z at the effective number of rows.
    half = critical_value(level) / np.sqrt(max(near.effective - 3, 1))
    z = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    low, high = np.tanh([z - half, z + half]) if value else (0.0, 0.0)
    squares = [float(max(each, 0.0) ** 2) for each in (value, low, high)]
    return Estimate(squares[0], squares[1], squares[2], level, n, "Fisher's z, squared")


def correlation(said: Floats, answers: Floats, weights: Floats | None = None) -> float:
    """Return the weighted correlation: 0 where the answers do not vary, NaN where `said` does not.

    Examples
    --------
    >>> round(correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])), 6)
    0.5
    """
    share = np.full(len(said), 1 / len(said)) if weights is None else weights / weights.sum()
    a, b = said - share @ said, answers - share @ answers
    told, given = float(share @ a**2), float(share @ b**2)
    if not told > (1e-12 * np.abs(said).max(initial=0)) ** 2:
        return float("nan")
    if not given > (1e-12 * np.abs(answers).max(initial=0)) ** 2:
        return 0.0
    return float(np.clip(share @ (a * b) / np.sqrt(told * given), -1, 1))


def reasons_against(
    fidelity: Estimate,
    data_fidelity: Estimate | None,
    made_up: float,
    run: Run,
    at_row: tuple[float, float],
    perturb: str,
    subject: Any,
    top: int,
) -> tuple[str, ...]:
    """Return why an explanation is not to be trusted, in words; empty where it is.

    Parameters
    ----------
    fidelity, data_fidelity, made_up
        See `LimeExplanation`; the last is its `made_up_fidelity`.
    run
        The fit and its stability.
    at_row
        What the model answers for the row, and what the line says.
    perturb
        "cells" or "rows".
    subject
        What is explained.
    top
        How many features of the ranking count.
    """
    fit, reasons = run.fit, []
    if not np.isfinite(fidelity.value):
        reasons.append(
            f"the model gave the same answer to all {fit.samples:,} perturbed inputs, so nothing "
            "can be told apart"
        )
    elif fidelity.low < EXPLAINED:
        reasons.append(
            "a straight line accounts for only "
            f"{max(fidelity.value, 0):.0%} [{max(fidelity.low, 0):.0%}, {fidelity.high:.0%}] of "
            "how the answer varies around here"
        )
    rounding = ROUNDING * max(abs(at_row[0]), fit.variation)
    if abs(at_row[0] - at_row[1]) > FAR_OFF * fit.miss + rounding:
        reasons.append(
            f"the model answers {at_row[0]:.3g} for the row itself, where the line says "
            f"{at_row[1]:.3g}, farther off than it is from perturbed ones"
        )
    if data_fidelity is not None and data_fidelity.high < TRUE_OF_DATA * made_up:
        reasons.append(
            "it holds for perturbed rows and not for real ones: it goes with the model's answers "
            f"by {data_fidelity.value:.0%} on the nearest rows of the background, and by "
            f"{made_up:.0%} on perturbed ones as far away (see perturb='rows')"
        )
    if run.stability < REPEATED:
        reasons.append(
            f"a rerun would rank the first {min(top, len(fit.slopes))} features otherwise with "
            f"probability {1 - run.stability:.2f}, after {fit.samples:,} samples"
        )
    if fit.blurred.any():
        moving = [each.name for each in subject.features if each.moves]
        names = [name for name, lost in zip(moving, fit.blurred, strict=True) if lost]
        reasons.append(
            f"{', '.join(names[:3])} always go together in the {perturb} used, so what each does "
            "cannot be told"
        )
    return tuple(reasons)


def notes_on(subject: Any, output: Output, run: Run) -> tuple[str, ...]:
    """Return what a reader must know besides, in sentences."""
    notes = []
    still = [each.name for each in subject.features if not each.moves]
    if still:
        what = "a piece of one colour" if subject.features[0].kind == "superpixel" else "one value"
        notes.append(
            f"Not moved, so nothing is known of: {', '.join(still[:5])}"
            f"{f' and {len(still) - 5} more' if len(still) > 5 else ''} ({what} only)."
        )
    if output.scale == "decision":
        notes.append("The model gives decisions only: coefficients are changes of their share.")
    if output.scale == "probability" and run.fit.variation < STILL:
        notes.append(
            "The probability hardly varies here (standard deviation "
            f"{run.fit.variation:.2g}): scale='log odds' or a larger width may tell more."
        )
    if run.trials and run.stability < STABLE:
        notes.append("Sampling stopped at the budget before the ranking was stable.")
    return tuple(notes)
