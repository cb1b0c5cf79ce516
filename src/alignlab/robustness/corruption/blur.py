"""Blur of images: a lens out of focus, frosted glass, a moving camera [hendrycks2019benchmarking].

- defocus_blur: the mean over a disc.
- glass_blur: each pixel shows a random neighbour, between two soft blurs.
- motion_blur: the mean along a line from the pixel on, at an angle within 45 degrees of the
  horizontal, with a Gaussian's falling weights.
- zoom_blur: the mean of ever larger views of the middle.

Lengths are the published ones as shares of an image's side, so that a large and a small copy of
one picture are blurred alike. The glass is ours: it moves each pixel once, about as far as the
published swaps carry it, and farther at each severity, where the published one is not ordered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from alignlab.random import RowStreams
from alignlab.robustness.corruption.pixels import (
    Images,
    between,
    blurred_along,
    convolved,
    lookup,
    pixels,
    side,
    some_angle,
    spread,
    zoomed,
)

__all__ = ["defocus_blur", "glass_blur", "motion_blur", "zoom_blur"]

RADIUS = ((0.3, 0.4, 0.5, 1.0, 1.5), (3.0, 4.0, 6.0, 8.0, 10.0))
MOVED = ((0.8, 1.05, 1.3, 1.6, 2.0), (1.41, 2.2, 3.4, 4.8, 6.5))
SOFT = ((0.05, 0.1, 0.15, 0.2, 0.25), (0.7, 0.8, 0.95, 1.1, 1.3))
SMEARED = ((1.0, 1.5, 2.0, 2.25, 2.5), (3.0, 5.0, 8.0, 12.0, 15.0))
CLOSEST = ((1.06, 1.11, 1.16, 1.21, 1.26), (1.11, 1.16, 1.21, 1.26, 1.31))


def defocus_blur(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images out of focus; nothing is drawn."""
    return convolved(x, disc(pixels(*RADIUS, severity, side(x))))


def disc(radius: float) -> NDArray[np.float64]:
    """Return the kernel that averages over a disc, by points spread evenly on it."""
    # The sunflower's spiral: the k-th of m points at radius √(k/m), a golden angle on.
    count = 16 * (2 * int(np.ceil(radius)) + 1) ** 2
    k = np.arange(count) + 0.5
    angle = k * np.pi * (3 - np.sqrt(5))
    reach = radius * np.sqrt(k / count)
    kernel = spread(reach * np.sin(angle), reach * np.cos(angle), np.ones(count))
    return np.asarray((kernel + kernel[::-1] + kernel[:, ::-1] + kernel[::-1, ::-1]) / 4)


def glass_blur(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images behind frosted glass."""
    size = side(x)
    soft = pixels(*SOFT, severity, size)
    moved = pixels(*MOVED, severity, size)
    height, width = x.shape[2:]
    down, right = (
        moved * (2 * streams.uniform(height * width, step=axis).reshape(-1, height, width) - 1)
        for axis in (0, 1)
    )
    seen = lookup(_softened(x, soft), np.arange(height)[:, None] + down, np.arange(width) + right)
    return _softened(seen, soft)


def _softened(x: Images, deviation: float) -> Images:
    return np.asarray(
        ndimage.gaussian_filter(x, (0, 0, deviation, deviation), mode="reflect"), np.float32
    )


def motion_blur(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images smeared along a line."""
    angles = some_angle(streams, -np.pi / 4, np.pi / 4)
    return blurred_along(x, angles, pixels(*SMEARED, severity, side(x)))


def zoom_blur(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images as a lens shows them that zooms in; nothing is drawn."""
    closest = between(*CLOSEST, severity, side(x)) - 0.01
    # Views a pixel apart at the edge, so that an edge is smeared rather than doubled.
    views = max(6, int(np.ceil((closest - 1) * max(x.shape[2:]) / 2)) + 1)
    total = x.copy()
    for factor in np.linspace(1, closest, views):
        total += zoomed(x, float(factor))
    return total / np.float32(views + 1)
