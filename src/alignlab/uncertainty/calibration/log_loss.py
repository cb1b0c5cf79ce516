"""The log loss in parts that add up to it exactly, for continuous scores as well.

Rows are put into cells c by what the model says. With mean probabilities p_c, observed shares o_c
and overall shares o of the classes, H the entropy and KL the divergence [brocker2009reliability],

    log loss = H(o) - sum_c q_c KL(o_c || o) + sum_c q_c KL(o_c || p_c) + within cells
             = uncertainty - resolution + reliability + within,
    within   = mean of log(p_c[y] / p[y]),

and the first three alone add up only where all rows in a cell are told the same. Nothing is kept
away from 0: one outcome that was called impossible makes the score infinite, and so it is said.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.uncertainty.calibration.bins import binned_gaps
from alignlab.uncertainty.calibration.event import (
    Event,
    as_event,
    as_outcomes,
    as_probabilities,
    as_weights,
)

__all__ = ["LogLossDecomposition", "log_loss_decomposition"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LogLossDecomposition:
    """The parts of a log loss, in nats: score = uncertainty - resolution + reliability + within.

    Attributes
    ----------
    score
        The log loss; smaller is better.
    reliability
        The mean divergence of what happened from what was said; smaller is better. It carries
        sampling noise, of about cells * (classes - 1) / (2 n).
    resolution
        How far what happened in a cell is from what happens overall; larger is better.
    uncertainty
        What the loss of the overall shares would be; not the model's doing.
    within_cells
        What is lost within cells: negative where the model rightly tells rows of a cell apart.
    cells
        How many cells.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within_cells: float
    cells: int

    def to_dict(self) -> dict[str, float]:
        """Return the parts by name."""
        return asdict(self)


def log_loss_decomposition(
    probability: ArrayLike,
    outcome: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    logits: bool = False,
    bins: int = 15,
) -> LogLossDecomposition:
    """Decompose the log loss.

    Use it as `brier_decomposition`, where sure errors must count for more.

    Parameters
    ----------
    probability
        Shape (n,) for an event, or (n, n_classes).
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,).
    logits
        Whether `probability` holds logits (log-odds where its shape is (n,)). Logits keep finite
        what would round to a probability of 0.
    bins
        At most so many bins of equal mass. Of more than two classes they are shared out evenly
        among the classes chosen, one bin each at least, and are of the top label's probability.

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row.

    References
    ----------
    [brocker2009reliability]

    Examples
    --------
    >>> parts = log_loss_decomposition([0.25, 0.75] * 20, [0, 1] * 20)
    >>> print(f"{parts.score:.4f} = {parts.uncertainty:.4f} - {parts.resolution:.4f} "
    ...       f"+ {parts.reliability:.4f}")
    0.2877 = 0.6931 - 0.6931 + 0.2877
    """
    said = as_probabilities(probability, logits=logits)
    happened = as_outcomes(outcome, said)
    mass = as_weights(weights, len(said))
    kept = mass > 0
    share = mass[kept] / mass[kept].sum()
    log_said = _log_probabilities(np.asarray(probability, float), logits)[kept]
    said, happened = np.exp(log_said), happened[kept]
    cell = _cells(said, happened, mass[kept], bins)
    seen = np.eye(said.shape[1])[happened]
    cells = int(cell.max()) + 1
    in_cell = np.bincount(cell, share)
    predicted, observed = np.zeros((2, cells, said.shape[1]))
    np.add.at(predicted, cell, share[:, None] * said)
    np.add.at(observed, cell, share[:, None] * seen)
    predicted, observed = predicted / in_cell[:, None], observed / in_cell[:, None]
    overall = share @ seen
    rows = np.arange(len(said))
    told, in_its_cell = log_said[rows, happened], predicted[cell, happened]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where a whole cell was told 0, the loss is that of the cell, not of telling rows apart.
        within = np.where(in_its_cell == 0, 0.0, np.log(in_its_cell) - told)
    return LogLossDecomposition(
        score=float(-share @ told),
        reliability=float(in_cell @ special.rel_entr(observed, predicted).sum(axis=1)),
        resolution=float(in_cell @ special.rel_entr(observed, overall).sum(axis=1)),
        uncertainty=float(special.entr(overall).sum()),
        within_cells=float(share @ within),
        cells=cells,
    )


def _log_probabilities(given: Floats, logits: bool) -> Floats:
    """Return one column a class."""
    if logits and given.ndim == 1:
        return np.column_stack([special.log_expit(-given), special.log_expit(given)])
    if logits:
        return np.asarray(special.log_softmax(given, axis=1))
    said = np.column_stack([1 - given, given]) if given.ndim == 1 else given
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(said))


def _cells(said: Floats, happened: NDArray[np.intp], mass: Floats, bins: int) -> NDArray[np.intp]:
    """Return each row's cell: a bin of the second class, or of the top label of a class chosen."""
    if said.shape[1] == 2:
        return binned_gaps(as_event(said, happened, mass), bins).codes
    top = as_event(said, happened, mass)
    chosen = said.argmax(axis=1)
    each = -(-bins // len(np.unique(chosen)))
    cell = np.zeros(len(said), dtype=np.intp)
    first = 0
    for label in np.unique(chosen):
        member = chosen == label
        part: Event = top[member]
        codes = binned_gaps(part, each).codes if len(part) > 1 else np.zeros(1, dtype=np.intp)
        cell[member] = first + codes
        first += int(codes.max()) + 1
    return cell
