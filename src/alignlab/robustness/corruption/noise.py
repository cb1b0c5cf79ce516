"""Noise on images: of the amplifier, of counted light, of dead pixels [hendrycks2019benchmarking].

- gaussian_noise: x + c · N(0, 1) for each number of a pixel.
- shot_noise: Poisson(c · x) / c, what a sensor counts where c photons are white.
- impulse_noise: a share c of the numbers is 0 or 1, each with one half.

The strengths are the published ones. One draw serves all severities: a larger one moves a number
farther in the same direction and hits the same numbers and more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.random import RowStreams
from alignlab.robustness.corruption.pixels import Images, between, side

__all__ = ["gaussian_noise", "impulse_noise", "shot_noise"]

DEVIATION = ((0.04, 0.06, 0.08, 0.09, 0.10), (0.08, 0.12, 0.18, 0.26, 0.38))
PHOTONS = ((500, 250, 100, 75, 50), (60, 25, 12, 5, 3))
HIT = ((0.01, 0.02, 0.03, 0.05, 0.07), (0.03, 0.06, 0.09, 0.17, 0.27))


FEW = 16
"""Counts of a smaller mean are found term by term."""


def gaussian_noise(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images with normal noise."""
    noise = streams.normal(x[0].size).reshape(x.shape)
    return (x + between(*DEVIATION, severity, side(x)) * noise).astype(np.float32)


def shot_noise(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images as counted photons show them."""
    photons = between(*PHOTONS, severity, side(x))
    counts = poisson_quantile(streams.uniform(x[0].size).reshape(x.shape), np.float64(photons) * x)
    return (counts / photons).astype(np.float32)


def poisson_quantile(share: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least whole number whose distribution function reaches `share`, elementwise.

    By adding up terms where the mean is small; else by an expansion about the normal quantile,
    which the distribution function itself corrects wherever that is near a step.
    """
    share, mean = np.broadcast_arrays(share, mean)
    count = np.zeros(share.shape)
    few = mean < FEW
    count[few] = _by_terms(share[few], mean[few])
    count[~few] = _by_expansion(share[~few], mean[~few])
    return count


def _by_terms(share: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    count, term = np.zeros_like(share), np.exp(-mean)
    reached = term.copy()
    k = 0
    while (short := reached < share).any() and k < 20 * FEW:
        k += 1
        count += short
        term *= mean / k
        reached += term
    return count


def _by_expansion(share: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    z, root = special.ndtri(share), np.sqrt(mean)
    smooth = mean + root * z + (2 + z * z) / 6 - (2 * z + z**3) / (72 * root)
    count = np.maximum(np.floor(smooth), 0)
    unsure = np.flatnonzero((np.abs(smooth - np.rint(smooth)) < 0.05) | (np.abs(z) > 4))
    while len(unsure):
        share_, mean_, count_ = share[unsure], mean[unsure], count[unsure]
        up = special.pdtr(count_, mean_) < share_
        down = ~up & (count_ > 0) & (special.pdtr(np.maximum(count_ - 1, 0), mean_) >= share_)
        count[unsure] += up.astype(float) - down
        unsure = unsure[up | down]
    return count


def impulse_noise(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images of which some numbers are black or white."""
    hit = between(*HIT, severity, side(x))
    draws = streams.uniform(x[0].size).reshape(x.shape)
    colours = streams.uniform(x[0].size, step=1).reshape(x.shape)
    return np.where(draws < hit, (colours < 0.5).astype(np.float32), x)
