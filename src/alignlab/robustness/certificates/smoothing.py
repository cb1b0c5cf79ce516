"""Randomized smoothing: a model that decides under noise, and how far its decision surely holds.

    g(x) = the class that f(x + noise) is most often, noise ~ N(0, σ² I)

If f names class c with a chance of at least p > 1/2, then g is c everywhere within the Euclidean
distance σ Φ⁻¹(p) [cohen2019certified, theorem 1 and the remark after it]. c is chosen on one sample
and p bounded on another, by the one-sided limit of Clopper and Pearson [clopper1934use]: one sample
for both would make the limit too high. Where it does not exceed 1/2 nothing is decided, which
counts as wrong. The radius is at most σ Φ⁻¹(α^(1/n)) for n draws at level 1 - α.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.intervals import Estimate, share_estimate
from alignlab.predictors import as_predictor, class_positions
from alignlab.random import RowStreams, row_streams
from alignlab.robustness.attacked import AttackedModel

if TYPE_CHECKING:
    import torch

__all__ = ["Smoothed", "certified_radius", "smooth"]

DRAWS = 32
"""Noisy copies of a row that are drawn at once; a part of what a seed means."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """What a smoothed model decides for n rows, and within which distance.

    Attributes
    ----------
    decisions
        Positions of the classes, -1 where nothing is decided, shape (n,).
    radii
        Euclidean distances within which the decision stays, 0 where there is none, shape (n,).
    true
        Positions of the true classes, shape (n,).
    classes
        The classes' names.
    counts
        How often the decision was named among `estimation` draws, shape (n,).
    sigma
        The noise's standard deviation, in the rows' units.
    selection, estimation
        Draws that chose the class, and draws that bounded its probability.
    level
        The chance, for each row, that what is said of it is true.
    rows_evaluated
        What the model was asked for.
    """

    decisions: NDArray[np.intp]
    radii: NDArray[np.float64]
    true: NDArray[np.intp]
    classes: tuple[str, ...]
    counts: NDArray[np.intp]
    sigma: float
    selection: int
    estimation: int
    level: float
    rows_evaluated: int

    def __len__(self) -> int:
        return len(self.decisions)

    @property
    def abstained(self) -> NDArray[np.bool_]:
        """Rows for which nothing is decided."""
        return self.decisions < 0

    def certified(self, radius: float) -> NDArray[np.bool_]:
        """Return which rows are decided rightly everywhere within a Euclidean distance."""
        return (self.decisions == self.true) & (self.radii > radius)

    def certified_accuracy(self, radius: float = 0.0, *, level: float = 0.95) -> Estimate:
        """Return the share of such rows, with its exact interval over the choice of rows."""
        return share_estimate(
            float(self.certified(radius).mean()), len(self), rows=len(self), level=level
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the settings and each row's decision and radius as plain values."""
        return {
            "sigma": self.sigma,
            "selection": self.selection,
            "estimation": self.estimation,
            "level": self.level,
            "rows_evaluated": self.rows_evaluated,
            "abstained": int(self.abstained.sum()),
            "certified_accuracy": self.certified_accuracy().to_dict(),
            "decisions": self.decisions.tolist(),
            "radii": self.radii.tolist(),
        }

    def chart(
        self, question: str = "How far does the decision under noise surely stay right?"
    ) -> Chart:
        """Draw the certified accuracy against the radius."""
        furthest = max(float(self.radii.max(initial=0.0)), self.sigma)
        rows = [
            {"radius": radius, "share": float(self.certified(radius).mean())}
            for radius in np.linspace(0, furthest, 61).tolist()
        ]
        return line_chart(
            question,
            rows,
            x="radius",
            y="share",
            x_title="Euclidean distance (units of the rows)",
            y_title="rows certified right (share)",
        )


def smooth(
    model: Any,
    X: ArrayLike | torch.Tensor,
    y: ArrayLike | torch.Tensor,
    *,
    sigma: float,
    classes: Any = None,
    selection: int = 100,
    estimation: int = 1000,
    level: float = 0.999,
    batch_rows: int = 1024,
    seed: int = 0,
) -> Smoothed:
    """Smooth a model by noise and certify what it then decides.

    Use it for any model that holds under noise, such as one trained with it: the certificate needs
    no gradients and nothing of the inside. It is about the smoothed model and says nothing of the
    model itself; who wants the guarantee must decide by noisy copies from then on.

    Parameters
    ----------
    model
        A Predictor, or anything that `as_predictor` takes; it is asked (selection + estimation)
        times for every row.
    X
        n rows of floats, shape (n, ...). Noise is not clipped to a box: the proof forbids it.
    y
        Their true classes, shape (n,).
    sigma
        The noise's standard deviation in the rows' units, above 0. Larger certifies farther and
        decides worse.
    classes
        The names of the model's classes, where it does not say them.
    selection, estimation
        Draws for choosing the class, and others for bounding its probability.
    level
        The chance that what is said of a row is true, for each row.
    batch_rows
        Noisy rows asked for at once; changes no number.
    seed
        A whole number from 0. Each row has its own noise, wherever it stands.

    Returns
    -------
    Smoothed

    Raises
    ------
    InputError
        If a setting is out of range, or rows and classes do not fit.

    References
    ----------
    [cohen2019certified]

    Examples
    --------
    A line at 0 and rows at two distances from it, which are what the radii must not exceed:

    >>> from alignlab.predictors import Predictor
    >>> model = Predictor(lambda X: (X[:, 0] > 0) * 1.0, "classification", classes=(0, 1))
    >>> found = smooth(model, [[0.5], [-2.0], [0.01]], [1, 0, 1], sigma=0.5)
    >>> found.decisions.tolist(), found.radii.round(2).tolist()
    ([1, 0, -1], [0.44, 1.23, 0.0])
    """
    import torch

    _require_settings(sigma, selection, estimation, level, batch_rows)
    predictor = as_predictor(model, classes=classes)
    if predictor.task != "classification":
        raise InputError(
            f"The model {predictor.name!r} predicts a number, and smoothing certifies a class."
        )
    x = X if isinstance(X, torch.Tensor) else torch.as_tensor(np.asarray(X))
    if not x.is_floating_point() or x.ndim < 2:
        raise InputError(
            f"The rows are {tuple(x.shape)} of {x.dtype}; smoothing takes floats of shape "
            "(n, ...), such as pixels divided by 255."
        )
    labels = y.cpu().numpy() if isinstance(y, torch.Tensor) else np.asarray(y)
    if len(labels) != len(x) or not len(x):
        raise InputError(f"There are {len(x)} rows in X and {len(labels)} classes in y.")
    true = class_positions(labels, predictor.classes, where="y", of_model=True)
    streams = row_streams(seed, len(x), "smoothing")
    with AttackedModel(predictor, batch_rows=batch_rows) as asked:
        noisy = _Noisy(asked, x, float(sigma), batch_rows)
        chosen = noisy.counts(streams.child("selection"), selection).argmax(1)
        named = noisy.counts(streams.child("estimation"), estimation)
    counts = named[np.arange(len(x)), chosen]
    radii = certified_radius(counts, estimation, sigma=sigma, level=level)
    return Smoothed(
        decisions=np.where(radii > 0, chosen, -1),
        radii=radii,
        true=true,
        classes=predictor.class_names,
        counts=counts,
        sigma=float(sigma),
        selection=selection,
        estimation=estimation,
        level=level,
        rows_evaluated=asked.forward_rows,
    )


def certified_radius(
    counts: ArrayLike, draws: int, *, sigma: float, level: float = 0.999
) -> NDArray[np.float64]:
    """Return the radii that counts of the chosen class certify; 0 where they certify none.

    Parameters
    ----------
    counts
        How often the class was named, any shape.
    draws
        Among how many draws, which had no part in choosing the class.
    sigma
        The noise's standard deviation.
    level
        The chance that a radius is not too large.

    Examples
    --------
    All of 1000 draws are no proof of certainty:

    >>> certified_radius([1000, 990, 500], 1000, sigma=0.25).round(3).tolist()
    [0.616, 0.495, 0.0]
    """
    from scipy import special

    hits = np.asarray(counts, dtype=np.float64)
    lowest = special.betaincinv(np.maximum(hits, 1), draws - hits + 1, 1 - level)
    lowest = np.where(hits > 0, lowest, 0.0)
    return np.where(lowest > 0.5, sigma * special.ndtri(np.maximum(lowest, 0.5)), 0.0)


class _Noisy:
    """The classes that a model names for noisy copies of rows."""

    def __init__(
        self, asked: AttackedModel, x: torch.Tensor, sigma: float, batch_rows: int
    ) -> None:
        self.asked, self.x, self.sigma = asked, x, sigma
        self.together = max(1, batch_rows // DRAWS)

    def counts(self, streams: RowStreams, draws: int) -> NDArray[np.intp]:
        """Return how often each class is named, shape (n, n_classes)."""
        counted = np.zeros((len(self.x), self.asked.n_classes), dtype=np.intp)
        for start in range(0, len(self.x), self.together):
            rows = slice(start, start + self.together)
            for step in range(-(-draws // DRAWS)):
                kept = min(DRAWS, draws - step * DRAWS)
                named = self._named(self.x[rows], streams[rows], step, kept)
                for position in range(kept):
                    counted[np.arange(len(self.x))[rows], named[:, position]] += 1
        return counted

    def _named(
        self, x: torch.Tensor, streams: RowStreams, step: int, kept: int
    ) -> NDArray[np.intp]:
        import torch

        width = x[0].numel()
        noise = streams.normal(kept * width, step=step).reshape(len(x), kept, *x.shape[1:])
        moves = torch.as_tensor(noise * self.sigma, device=x.device).to(x.dtype)
        copies = (x[:, None] + moves).flatten(0, 1)
        decided = self.asked.decided(self.asked.logits(copies))
        return decided.cpu().numpy().reshape(len(x), kept)


def _require_settings(
    sigma: float, selection: int, estimation: int, level: float, batch_rows: int
) -> None:
    if not 0 < sigma < float("inf"):
        raise InputError(f"sigma={sigma!r} is not a number above 0. Give one, such as sigma=0.25.")
    if min(selection, estimation, batch_rows) < 1:
        raise InputError(
            f"selection={selection!r}, estimation={estimation!r} and batch_rows={batch_rows!r} are "
            "whole numbers from 1."
        )
    if not 0 < level < 1:
        raise InputError(f"level={level!r} is not between 0 and 1. Give one, such as level=0.999.")
