"""The Brier score in parts that add up to it exactly, for continuous scores as well.

With bins b, mean probability p_b, observed share o_b and overall share o [stephenson2008two]:

    Brier = reliability - resolution + uncertainty + variance within bins - covariance within bins
          = sum q_b (p_b - o_b)^2 - sum q_b (o_b - o)^2 + o (1 - o)
            + sum q_b var_b(p) - 2 sum q_b cov_b(p, y)

The first three alone add up only where all scores in a bin are equal [murphy1973new]. For more than
two classes each column is decomposed with bins of its own, and the parts are summed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from numpy.typing import ArrayLike

from alignlab.uncertainty.calibration.bins import binned_gaps
from alignlab.uncertainty.calibration.event import Event, as_event, as_probabilities

__all__ = ["BrierDecomposition", "brier_decomposition"]


@dataclass(frozen=True, slots=True)
class BrierDecomposition:
    """The parts of a Brier score.

    Attributes
    ----------
    score
        The Brier score; smaller is better.
    reliability
        The mean squared gap between what was said and what happened; smaller is better. It
        carries sampling noise: `calibration_error(...).squared` does not.
    resolution
        How much the share that came true differs between bins; larger is better.
    uncertainty
        What the score of the overall share would be; not the model's doing.
    within_bin_variance
        How much probabilities differ within bins.
    within_bin_covariance
        Twice their covariance with what happened within bins: what binning hides of resolution.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float

    @property
    def generalised_resolution(self) -> float:
        """The resolution with the terms within bins, which hardly depends on the bins' number."""
        return self.resolution - self.within_bin_variance + self.within_bin_covariance

    def to_dict(self) -> dict[str, float]:
        """Return the parts by name."""
        return asdict(self)


def brier_decomposition(
    probability: ArrayLike,
    outcome: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    logits: bool = False,
    bins: int = 15,
) -> BrierDecomposition:
    """Decompose the Brier score.

    Use it to see whether a score is bad because probabilities are wrong (reliability) or because
    the model can't tell rows apart (resolution).

    Parameters
    ----------
    probability
        Shape (n,) for an event, or (n, n_classes). Two classes count one column, as in
        `alignlab.measures`; more count all.
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,).
    logits
        Whether `probability` holds logits (log-odds where its shape is (n,)).
    bins
        At most so many bins of equal mass.

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row.

    References
    ----------
    [stephenson2008two]

    Examples
    --------
    >>> parts = brier_decomposition([0.0, 1.0] * 20, [0, 1] * 20)
    >>> parts.score, parts.uncertainty, parts.resolution
    (0.0, 0.25, 0.25)
    """
    said = as_probabilities(probability, logits=logits)
    if said.ndim == 1 or said.shape[1] == 2:
        return _of_event(as_event(said, outcome, weights), bins)
    columns = [
        _of_event(as_event(said, outcome, weights, about=label), bins)
        for label in range(said.shape[1])
    ]
    names = BrierDecomposition.__slots__
    return BrierDecomposition(*(sum(getattr(part, name) for part in columns) for name in names))


def _of_event(event: Event, bins: int) -> BrierDecomposition:
    gaps = binned_gaps(event, bins)
    share = event.weights / event.weights.sum()
    base = float(share @ event.outcome)
    off_said = event.probability - gaps.predicted[gaps.codes]
    off_happened = event.outcome - gaps.observed[gaps.codes]
    return BrierDecomposition(
        score=float(share @ (event.probability - event.outcome) ** 2),
        reliability=float(gaps.share @ gaps.gap**2),
        resolution=float(gaps.share @ (gaps.observed - base) ** 2),
        uncertainty=base * (1 - base),
        within_bin_variance=float(share @ off_said**2),
        within_bin_covariance=2 * float(share @ (off_said * off_happened)),
    )
