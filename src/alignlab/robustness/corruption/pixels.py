"""What the corruptions of images are made of: strengths by size, blurs, look-ups, smooth noise.

Every number is made by element-wise operations in a fixed order, so that an image comes out the
same, bit for bit, whichever images stand beside it; a matrix product or a transform would round
otherwise for another number of images.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alignlab.random import RowStreams

__all__ = [
    "between",
    "blurred_along",
    "cloud",
    "convolved",
    "lookup",
    "pixels",
    "side",
    "smooth_noise",
    "some_angle",
    "spread",
    "zoomed",
]

Images = NDArray[np.float32]
"""Shape (n, channels, H, W), from 0 to 1."""

SMALL, LARGE = 32, 224
"""The sides of the images for which strengths are published [hendrycks2019benchmarking]."""


ANGLES = 24
"""How many directions there are for what has a direction."""


def side(x: Images) -> float:
    """Return the side of a square image with as many pixels."""
    return float(np.sqrt(x.shape[2] * x.shape[3]))


def between(small: Sequence[float], large: Sequence[float], severity: int, size: float) -> float:
    """Return a strength for images of a side: linear in the side's logarithm between two sides.

    Parameters
    ----------
    small, large
        The strengths of severities 1 to 5 for sides of 32 and of 224 pixels, which hold for smaller
        and for larger images too.
    severity
        From 1 to 5.
    size
        The side, in pixels.
    """
    share = float(np.clip(np.log(size / SMALL) / np.log(LARGE / SMALL), 0, 1))
    return (1 - share) * small[severity - 1] + share * large[severity - 1]


def pixels(small: Sequence[float], large: Sequence[float], severity: int, size: float) -> float:
    """Return a length in pixels; it is a share of the side that goes as `between` says.

    Parameters
    ----------
    small, large
        The lengths in pixels of severities 1 to 5, for sides of 32 and of 224 pixels.
    severity, size
        As in `between`.
    """
    shares = ([length / SMALL for length in small], [length / LARGE for length in large])
    return size * between(*shares, severity, size)


def convolved(x: Images, kernel: NDArray[np.float64]) -> Images:
    """Return images averaged by a kernel of odd sides; beyond an edge lies the mirror image."""
    tall, wide = (length // 2 for length in kernel.shape)
    height, width = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (tall, tall), (wide, wide)), mode="symmetric")
    total, term = np.zeros_like(x), np.empty_like(x)
    for down, right in np.argwhere(kernel > 0):
        part = padded[:, :, down : down + height, right : right + width]
        total += np.multiply(part, np.float32(kernel[down, right]), out=term)
    return total


def spread(
    down: NDArray[np.float64], right: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the kernel of weighted points at any places: each is split among its four pixels.

    A length of less than a pixel has its effect in this way, instead of none.
    """
    reach = int(np.ceil(max(np.abs(down).max(), np.abs(right).max()))) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    top, left = np.floor(down), np.floor(right)
    for i in (0, 1):
        for j in (0, 1):
            share = np.abs(1 - i - (down - top)) * np.abs(1 - j - (right - left))
            at = ((top + i + reach).astype(int), (left + j + reach).astype(int))
            np.add.at(kernel, at, weights * share)
    kernel /= kernel.sum()
    rows, columns = (np.flatnonzero(kernel.any(axis)) for axis in (1, 0))
    most = [int(np.abs(each - reach).max()) for each in (rows, columns)]
    return kernel[reach - most[0] : reach + most[0] + 1, reach - most[1] : reach + most[1] + 1]


def blurred_along(
    x: Images, angles: NDArray[np.float64], length: float, *, both: bool = False
) -> Images:
    """Return images smeared along a line each, with a Gaussian's weights.

    Parameters
    ----------
    x
        n images.
    angles
        Against the horizontal, in radians, shape (n,).
    length
        The Gaussian's standard deviation, in pixels; the line ends at three of them.
    both
        Whether it is smeared to both sides of a point rather than to one.
    """
    steps = np.linspace(-1.0 if both else 0.0, 1.0, 2 * int(np.ceil(3 * length)) + 9)
    weights = np.exp(-0.5 * (3 * steps) ** 2)
    out = np.empty_like(x)
    reach = 3 * length * steps
    for angle in np.unique(angles):
        kernel = spread(reach * np.sin(angle), reach * np.cos(angle), weights)
        rows = angles == angle
        out[rows] = convolved(x[rows], kernel)
    return out


def some_angle(streams: RowStreams, low: float, high: float) -> NDArray[np.float64]:
    """Return an angle for each image, of `ANGLES` between two, so that images share kernels."""
    number = np.floor(streams.uniform(1)[:, 0] * ANGLES)
    return np.asarray(low + (number + 0.5) / ANGLES * (high - low))


def lookup(x: Images, down: NDArray[np.float64], right: NDArray[np.float64]) -> Images:
    """Return what images show at other places, interpolated; beyond an edge lies the edge.

    Parameters
    ----------
    x
        n images.
    down, right
        For each pixel where to look, in pixels from the top left one; shape (n, H, W).
    """
    n, channels, height, width = x.shape
    down, right = np.clip(down, 0, height - 1), np.clip(right, 0, width - 1)
    top = np.minimum(down.astype(np.intp), height - 2)
    left = np.minimum(right.astype(np.intp), width - 2)
    lower = (down - top).astype(np.float32)[:, None]
    righter = (right - left).astype(np.float32)[:, None]
    flat = x.reshape(n, channels, -1)
    corner = (top * width + left).reshape(n, 1, -1)

    def seen(offset: int) -> Images:
        return np.take_along_axis(flat, corner + offset, 2).reshape(x.shape)

    above = seen(0) * (1 - righter) + seen(1) * righter
    below = seen(width) * (1 - righter) + seen(width + 1) * righter
    return above * (1 - lower) + below * lower


def zoomed(x: Images, factor: float) -> Images:
    """Return the middle of images, made larger by a factor from 1."""
    for axis in (2, 3):
        length = x.shape[axis]
        middle = (length - 1) / 2
        x = _along(x, middle + (np.arange(length) - middle) / factor, axis)
    return x


def _along(x: Images, places: NDArray[np.float64], axis: int) -> Images:
    """Return images at places along one axis, interpolated."""
    first = np.clip(places.astype(np.intp), 0, x.shape[axis] - 2)
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    part = np.clip(places - first, 0, 1).astype(np.float32).reshape(shape)
    return np.take(x, first, axis) * (1 - part) + np.take(x, first + 1, axis) * part


def smooth_noise(streams: RowStreams, shape: tuple[int, int], grain: float) -> Images:
    """Return normal noise that changes over a length: (n, 1, H, W), standard deviation about 1.

    Parameters
    ----------
    streams
        Random numbers of each image.
    shape
        (H, W).
    grain
        The length, in pixels, from 1.
    """
    grid = [int(np.ceil((length - 1) / grain)) + 2 for length in shape]
    noise = streams.normal(grid[0] * grid[1]).reshape(-1, 1, *grid).astype(np.float32)
    for axis, length in zip((2, 3), shape, strict=True):
        places = np.arange(length) / grain
        whole = np.floor(places)
        part = places - whole
        # The smoothstep leaves no creases at the grid's lines.
        noise = _along(noise, whole + part * part * (3 - 2 * part), axis)
    return noise


def cloud(streams: RowStreams, shape: tuple[int, int], decay: float) -> Images:
    """Return plasma from 0 to 1: smooth noise of ever finer grain and lesser weight.

    Parameters
    ----------
    streams, shape
        As in `smooth_noise`.
    decay
        By how much the weight falls where the grain is halved.
    """
    total = np.zeros((len(streams), 1, *shape), np.float32)
    grain, weight = max(shape) / 2, 1.0
    while grain >= 1:
        total += np.float32(weight) * smooth_noise(streams.child(f"grain {grain}"), shape, grain)
        grain, weight = grain / 2, weight / decay
    low, high = (edge(total, axis=(1, 2, 3), keepdims=True) for edge in (np.min, np.max))
    return np.asarray((total - low) / (high - low))
