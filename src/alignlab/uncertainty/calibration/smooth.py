"""Smooth calibration error: the gap smoothed over scores, with no bins to choose.

With residuals y - p of rows at scores p, and K the Gaussian kernel reflected at 0 and 1,

    A(sigma) = integral over t in [0, 1] of |E[(y - p) K(t, p; sigma)]|

and the smooth error is the sigma at which A(sigma) = sigma [blasiok2024smooth, sec. 3]. A never
grows with sigma, so there is one. The reflected Gaussian is the heat kernel of an interval with
closed ends: it damps the k-th cosine by exp(-(pi k sigma)^2 / 2), and each sigma costs one cosine
transform.

The plug-in is too large on average, by noise. The value is the plug-in less its bias at gaps shrunk
until their mean square is the unbiased one; the interval runs from an estimate that is too small on
average to the plug-in, as in `error`, and the standard deviation of either is bounded by that of a
sum of the residuals, for any kernel [efron1981jackknife]. Because A does not grow with sigma, the
error of redrawn outcomes is at least s just where their A(s) is at least s: the test needs one
smoothing a redraw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value
from alignlab.random import as_generator
from alignlab.uncertainty.calibration.diagram import redrawn_gaps
from alignlab.uncertainty.calibration.error import sizes
from alignlab.uncertainty.calibration.event import About, Event, as_event

__all__ = ["SmoothCalibrationError", "smooth_calibration_error"]

Floats = NDArray[np.float64]

CELLS = 4096
"""The grid on which residuals are smoothed."""

NARROWEST = 4 / CELLS
"""The grid does not see narrower kernels; an error below this is shown as 0."""

CELLS_IN_REACH = 8
"""How finely a kernel is followed in redraws: cells in one sigma."""

STEEPEST = 1.71
"""The greatest slope, in the gap seen, of the estimate that is too small on average."""


@dataclass(frozen=True, slots=True)
class SmoothCalibrationError:
    """How far probabilities are from what happens, without bins.

    Attributes
    ----------
    error
        The smooth calibration error, debiased; 0 where no gap is seen above the noise. The
        interval's lower end is cautious: `p_value` may be small where it is still 0.
    plug_in
        The published number (smECE), for comparison with others'; too large on average.
    p_value
        The chance of a plug-in at least as large if the probabilities were right; NaN without
        redraws.
    event
        Which probability this is about.
    """

    error: Estimate
    plug_in: float
    p_value: float
    event: str

    @property
    def definition(self) -> str:
        """What was computed, in words."""
        return (
            f"Mean size of the gap between {self.event} and what happened, smoothed over scores by "
            "a Gaussian reflected at 0 and 1, as wide as the error itself (smECE)."
        )

    def __str__(self) -> str:
        """Return the error and its interval."""
        return str(self.error)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and their definition as plain values."""
        return {
            "definition": self.definition,
            "event": self.event,
            "error": self.error.to_dict(),
            "plug_in": self.plug_in,
            "p_value": self.p_value,
        }


def smooth_calibration_error(
    probability: ArrayLike,
    outcome: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    about: About = "auto",
    logits: bool = False,
    level: float = 0.95,
    redraws: int = 1000,
    seed: int | np.random.Generator = 0,
    event: str | None = None,
) -> SmoothCalibrationError:
    """Measure how far probabilities are from what happens, without bins.

    Use it to compare models whose scores lie in different places, or where the number of bins
    would be argued about. It is smaller than the binned error where gaps change sign within the
    kernel's width; `calibration_error` is easier to explain, and finds jumps.

    Parameters
    ----------
    probability
        Shape (n,) for an event, or (n, n_classes).
    outcome
        Shape (n,): 0 or 1, or the index of the class that came true.
    weights
        Non-negative, shape (n,).
    about
        Of (n, n_classes) probabilities: "top-label", each row's largest; a class's position, that
        class's column; "auto", the second class of two and the top label of more.
    logits
        Whether `probability` holds logits (log-odds where its shape is (n,)).
    level
        The interval's level.
    redraws
        How many times outcomes are redrawn for the p-value; 0 leaves it out.
    seed
        Seed or generator of the redraws.
    event
        What the definition calls the probability.

    Raises
    ------
    InputError
        If an argument is out of range; the message names the row.

    References
    ----------
    [blasiok2024smooth]

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> said = generator.random(4000)
    >>> bragging = generator.random(4000) < (said + 0.5) / 2
    >>> print(smooth_calibration_error(said, bragging, redraws=0))
    0.124 [0.099, 0.138]
    """
    said = as_event(probability, outcome, weights, event, about=about, logits=logits)
    if redraws < 0:
        raise InputError(f"redraws={redraws!r} is negative. Give 0 for none, or such as 1000.")
    share = said.weights / said.weights.sum()
    residual = share * (said.outcome - said.probability)
    seen = _on_grid(said.probability, residual, CELLS)
    noise = _on_grid(said.probability, residual**2, CELLS)
    z, spread = critical_value(level), float(np.sqrt(np.sum(residual**2)))

    def plug_in(sigma: float) -> float:
        return float(np.mean(np.abs(_smoothed(seen, sigma))))

    def debiased(sigma: float) -> float:
        gap, error = np.abs(_smoothed(seen, sigma)), _noise(noise, sigma)
        shrinkage = np.sqrt(max(1 - np.sum(error**2) / max(np.sum(gap**2), 1e-300), 0.0))
        shrunk = shrinkage * gap
        return float(np.mean(gap - (sizes(shrunk, error)[0] - shrunk)))

    def lowest(sigma: float) -> float:
        signed = sizes(np.abs(_smoothed(seen, sigma)), _noise(noise, sigma))[1]
        return float(np.mean(signed)) - STEEPEST * z * spread

    published = _fixed_point(plug_in, min(1.0, float(np.abs(seen).sum())))
    value = _fixed_point(debiased, published)
    low = min(_fixed_point(lowest, published), value)
    reach = z * spread
    # A does not grow, so A(published + reach) + reach is at most published + reach.
    high = max(_fixed_point(lambda sigma: plug_in(sigma) + reach, published + reach), value)
    method = "debiased at shrunken gaps; bounds that hold at any gaps"
    return SmoothCalibrationError(
        error=Estimate(value, low, high, level, len(said), method),
        plug_in=published,
        p_value=_p_value(said, published, redraws, seed) if redraws else float("nan"),
        event=said.name,
    )


def _on_grid(score: Floats, amount: Floats, cells: int) -> Floats:
    """Share each row's amount between the two middles of cells that its score lies between.

    What lies beyond the outermost middles goes to them, which reflects it.
    """
    at = score * cells - 0.5
    left = np.floor(at).astype(np.intp)
    right_part = (at - left) * amount
    to_left = np.bincount(np.clip(left, 0, cells - 1), amount - right_part, minlength=cells)
    to_right = np.bincount(np.clip(left + 1, 0, cells - 1), right_part, minlength=cells)
    return np.asarray(to_left + to_right, float)


def _smoothed(on_grid: Floats, sigma: float) -> Floats:
    """Return the density over [0, 1], at the middles, that the kernel makes of amounts."""
    cells = on_grid.shape[-1]
    damped = np.exp(-((np.pi * sigma * np.arange(cells)) ** 2) / 2)
    return np.asarray(fft.idct(cells * fft.dct(on_grid, axis=-1) * damped, axis=-1))


def _noise(squares: Floats, sigma: float) -> Floats:
    """Return the standard error of the smoothed gap: the root of the sum of squares times K^2.

    A Gaussian's square is a narrower Gaussian; near an end, the kernel meets its own reflection.
    """
    cells = len(squares)
    middle = (np.arange(cells) + 0.5) / cells
    variance = _smoothed(squares, sigma / np.sqrt(2)) / (2 * np.sqrt(np.pi) * sigma)
    for from_end in (middle, 1 - middle):
        near = np.exp(-((from_end / sigma) ** 2))
        variance += near * (squares @ near) / (np.pi * sigma**2)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _fixed_point(size: Callable[[float], float], most: float) -> float:
    """Return the largest sigma up to `most` with size(sigma) >= sigma, or 0 where there is none.

    Steps from above find it where `size` grows with sigma in places, as debiased ones may.
    """
    from scipy.optimize import brentq

    low = high = most
    while low >= NARROWEST:
        if size(low) >= low:
            found = low if high == low else brentq(lambda s: size(s) - s, low, high, xtol=1e-9)
            return float(found)
        low, high = low / 1.25, low
    return 0.0


def _p_value(event: Event, plug_in: float, redraws: int, seed: int | np.random.Generator) -> float:
    """Return how often outcomes drawn from the probabilities have so large an error."""
    sigma = max(plug_in, NARROWEST)
    cells = int(min(max(CELLS_IN_REACH / sigma, 16), CELLS / 4))
    codes = np.minimum((event.probability * cells).astype(np.intp), cells - 1)
    used, codes = np.unique(codes, return_inverse=True)
    mass = np.bincount(codes, event.weights) / event.weights.sum()
    residual = event.weights * (event.outcome - event.probability) / event.weights.sum()
    generator = as_generator(seed, "redrawn outcomes")
    drawn = redrawn_gaps(event, codes, redraws, generator) * mass
    sums = np.zeros((redraws + 1, cells))
    sums[:redraws, used] = drawn
    sums[redraws, used] = np.bincount(codes, residual)
    size = np.abs(_smoothed(sums, sigma)).mean(axis=1)
    # Redrawn sums carry seven digits, and a tie counts against the model.
    return float((1 + np.sum(size[:-1] >= size[-1] * (1 - 1e-6))) / (1 + redraws))
