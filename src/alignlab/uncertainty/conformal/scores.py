"""How badly a label fits a row, by what the model says of the row's classes.

With probabilities p_j, the mass above label y A(y) = sum of p_j > p_y, the mass at it
M(y) = sum of p_j = p_y, its place o(y) = #{j: p_j >= p_y}, and one number u a row,

    LAC    1 - p_y                                           [sadinle2019least]
    APS    A(y) + u M(y)                                     [romano2020classification, sec. 2]
    RAPS   A(y) + u M(y) + penalty (o(y) - free_labels)_+    [angelopoulos2021uncertainty, sec. 2]

with u uniform on (0, 1), or u = 1 in the deterministic variants. A row has ONE u for all labels:
then sets at a higher level hold those at a lower one. Labels with the same probability share their
mass, so that the order of the columns changes nothing; if the probabilities are right, the APS
score is uniform whatever is tied.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_choice

__all__ = ["CLASS_SCORES", "ClassScore", "class_scores"]

Floats = NDArray[np.float64]

ClassScore = Literal["lac", "aps", "raps"]

CLASS_SCORES: tuple[ClassScore, ...] = ("lac", "aps", "raps")


def class_scores(
    probabilities: ArrayLike,
    *,
    score: ClassScore = "lac",
    uniform: ArrayLike | None = None,
    penalty: float = 0.0,
    free_labels: int = 0,
) -> Floats:
    """Return how badly each label fits each row; smaller is better.

    Use LAC for the smallest sets on average; APS for sets that grow where the model is unsure; RAPS
    for APS with many classes, whose long tails it cuts.

    Parameters
    ----------
    probabilities
        Shape (n, n_classes), each row summing to one.
    score
        "lac", "aps" or "raps".
    uniform
        One number a row between 0 and 1, drawn independently of the labels, for APS and RAPS;
        shape (n,). `None` gives the deterministic variant, in which the last label of every row
        scores 1: these ties make coverage too high, often by much where classes are few.
    penalty
        Of RAPS: what each place beyond `free_labels` costs. Never choose it on the rows that
        calibrate.
    free_labels
        Of RAPS: how many places cost nothing.

    Returns
    -------
    ndarray
        Shape (n, n_classes).

    Raises
    ------
    InputError
        If the score is not known, or a number is out of range; the message names the row.

    References
    ----------
    [sadinle2019least], [romano2020classification], [angelopoulos2021uncertainty]

    Examples
    --------
    >>> said = np.array([[0.5, 0.3, 0.2]])
    >>> class_scores(said, score="lac").round(3)
    array([[0.5, 0.7, 0.8]])
    >>> class_scores(said, score="aps", uniform=[0.5]).round(3)
    array([[0.25, 0.65, 0.9 ]])
    >>> class_scores(said, score="raps", uniform=[0.5], penalty=1, free_labels=2).round(3)
    array([[0.25, 0.65, 1.9 ]])
    """
    require_choice(score, CLASS_SCORES, what="score")
    said = _probabilities(probabilities)
    if score == "lac":
        return np.subtract(1.0, said)
    above, at, place = _masses(said)
    if uniform is not None:
        draws = np.asarray(uniform, dtype=np.float64)
        if draws.shape != said.shape[:1] or not ((draws >= 0) & (draws <= 1)).all():
            raise InputError("uniform is one number from 0 to 1 a row, shape (n,).")
        at = draws[:, None] * at
    found: Floats = above + at
    if uniform is None:
        # The last labels' sums are all 1; rounding must not break these ties.
        found = np.round(found, 12)
    if score == "raps":
        require_penalty(penalty, free_labels)
        found += penalty * np.maximum(place - free_labels, 0)
    return found


def require_penalty(penalty: float | None, free_labels: int | None) -> None:
    """Say what is wrong with the two numbers of RAPS."""
    if penalty is None or free_labels is None:
        raise InputError(
            "score='raps' needs penalty= and free_labels=: give them (such as penalty=0.01, "
            "free_labels=5), or choose them by .tuned(X, y) on rows that will not calibrate."
        )
    if not 0 <= penalty < np.inf:
        raise InputError(f"penalty={penalty!r} is not a finite number from 0, such as 0.01.")
    if isinstance(free_labels, bool) or free_labels != int(free_labels) or free_labels < 0:
        raise InputError(f"free_labels={free_labels!r} is not a whole number from 0, such as 5.")


def _probabilities(probabilities: ArrayLike) -> Floats:
    said = np.asarray(probabilities, dtype=np.float64)
    if said.ndim != 2 or said.shape[1] < 2:
        raise InputError(
            f"probabilities has shape {said.shape}: give (n, n_classes), with two classes or more."
        )
    # `not >=` rather than `<`, so that NaN is caught as well.
    if said.size and not (said.min() >= 0 and said.max() <= 1):
        row = int((~((said >= 0) & (said <= 1)).all(axis=1)).argmax())
        raise InputError(
            f"The probabilities in row {row} are {said[row].tolist()}: each lies between 0 and 1."
        )
    return said


def _masses(said: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return each label's mass above it, at it, and its place; all (n, n_classes).

    One cumulative sum a row, in the order of the row's own values: a row's scores are then the same
    bits whichever rows stand beside it, at calibration and afterwards.
    """
    n, width = said.shape
    order = np.argsort(-said, axis=1, kind="stable")
    down = np.take_along_axis(said, order, axis=1)
    total = np.zeros((n, width + 1))
    np.cumsum(down, axis=1, out=total[:, 1:])
    new = np.ones((n, width + 1), dtype=bool)
    new[:, 1:-1] = down[:, 1:] != down[:, :-1]
    here = np.arange(width)
    first = np.maximum.accumulate(np.where(new[:, :-1], here, 0), axis=1)
    last = np.minimum.accumulate(np.where(new[:, 1:], here + 1, width)[:, ::-1], axis=1)[:, ::-1]
    above = np.take_along_axis(total, first, axis=1)
    at = np.take_along_axis(total, last, axis=1) - above
    back = np.empty_like(order)
    np.put_along_axis(back, order, np.broadcast_to(here, order.shape), axis=1)
    return tuple(np.take_along_axis(each, back, axis=1) for each in (above, at, last))  # type: ignore[return-value]
