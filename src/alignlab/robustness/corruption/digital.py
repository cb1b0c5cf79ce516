"""What happens to images inside a machine: contrast, warping, coarse pixels, JPEG.

- contrast: (x - mean) · c + mean, each channel by itself.
- elastic_transform: the corners of the image are moved, and a smooth random field moves its points.
- pixelate: means over a coarser grid of pixels.
- jpeg_compression: luminance and halved colours in blocks of 8 × 8, whose cosines are rounded to
  multiples of the standard tables [wallace1991jpeg]; that rounding is all that JPEG loses, so no
  bytes are written.

Contrast and quality are the published strengths [hendrycks2019benchmarking], and so are coarse
pixels on large images. On small ones the published grids are so near each other that the milder can
be the farther, and here they step evenly, by a pixel at least. The published warps are not ordered
by severity; here one field grows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from alignlab.random import RowStreams
from alignlab.robustness.corruption.pixels import Images, between, lookup, side

__all__ = ["contrast", "elastic_transform", "jpeg_compression", "pixelate"]

Floats = NDArray[np.float64]

KEPT = ((0.75, 0.5, 0.4, 0.3, 0.15), (0.4, 0.3, 0.2, 0.1, 0.05))
FINENESS = ((0.95, 0.85, 0.75, 0.65, 0.55), (0.6, 0.5, 0.4, 0.3, 0.25))
QUALITY = ((80, 65, 58, 50, 40), (25, 18, 15, 10, 7))

CORNERS = (0.02, 0.035, 0.05, 0.065, 0.08)
"""How far the corners are moved at most, as a share of the side."""

WARP = (0.008, 0.014, 0.02, 0.027, 0.035)
"""The standard deviation of a point's move, as a share of the side."""

SMOOTH = 0.06
"""The length over which moves are alike, as a share of the side."""

LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
COLOUR = np.array(
    [
        [17, 18, 24, 47, 99, 99, 99, 99],
        [18, 21, 26, 66, 99, 99, 99, 99],
        [24, 26, 56, 99, 99, 99, 99, 99],
        [47, 66, 99, 99, 99, 99, 99, 99],
        *[[99] * 8] * 4,
    ]
)
"""The standard's tables of how coarsely each cosine is kept, at quality 50."""

COSINES = np.array(
    [
        [np.cos((2 * j + 1) * k * np.pi / 16) * np.sqrt((1 if k == 0 else 2) / 8) for j in range(8)]
        for k in range(8)
    ]
)


def contrast(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images with less contrast; nothing is drawn."""
    means = x.mean(axis=(2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    return (x - means) * np.float32(between(*KEPT, severity, side(x))) + means


def elastic_transform(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images on a warped sheet."""
    height, width = x.shape[2:]
    size = side(x)
    corners = 2 * streams.child("corners").uniform(6) - 1
    down, right = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    moves = []
    for axis, start in enumerate((0, 3)):
        shift, along, across = (corners[:, at, None, None] for at in range(start, start + 3))
        affine = (shift + along * down + across * right) / 3
        noise = streams.uniform(height * width, step=axis).reshape(-1, height, width) - 0.5
        length = SMOOTH * size
        field = ndimage.gaussian_filter(noise, (0, length, length), mode="reflect")
        # The deviation of an average of uniform numbers with a Gaussian's weights.
        field *= np.sqrt(12) * max(1.0, 2 * np.sqrt(np.pi) * length)
        moves.append(
            size * (CORNERS[severity - 1] * affine + WARP[severity - 1] * np.clip(field, -3, 3))
        )
    return lookup(x, np.arange(height)[:, None] + moves[0], np.arange(width) + moves[1])


def pixelate(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images of fewer pixels; nothing is drawn."""
    share = between(*FINENESS, severity, side(x))
    coarse = x.astype(np.float64)
    for axis in (2, 3):
        length = x.shape[axis]
        coarse = _coarse(coarse, max(1, min(int(length * share), length - severity)), axis)
    return coarse.astype(np.float32)


def _coarse(x: Floats, count: int, axis: int) -> Floats:
    """Return images whose lines along an axis are means over so many equal parts.

    A pixel that several parts share shows their mean by area.
    """
    length = x.shape[axis]
    lines = np.moveaxis(x, axis, -1)
    means = _means(lines, np.arange(count + 1) * (length / count))
    return np.moveaxis(_means(means, np.arange(length + 1) * (count / length)), -1, axis)


def _means(lines: Floats, edges: Floats) -> Floats:
    """Return the means of step functions between edges, along the last axis."""
    length = lines.shape[-1]
    sums = np.concatenate([np.zeros_like(lines[..., :1]), np.cumsum(lines, axis=-1)], axis=-1)
    whole = np.minimum(edges.astype(np.intp), length - 1)
    at_edges = sums[..., whole] + (edges - whole) * lines[..., whole]
    return np.asarray(np.diff(at_edges, axis=-1) / np.diff(edges))


def jpeg_compression(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images after JPEG; nothing is drawn."""
    return jpeg(x, round(between(*QUALITY, severity, side(x))))


def jpeg(x: Images, quality: int) -> Images:
    """Return images after JPEG of a quality from 1 to 100, in whole 255ths.

    Parameters
    ----------
    x
        n images of one or three channels.
    quality
        As the Independent JPEG Group scales the standard tables; colours are halved both ways.
    """
    height, width = x.shape[2:]
    levels = np.rint(x.astype(np.float64) * 255)
    block = 8 if x.shape[1] == 1 else 16
    pad = [(0, 0), (0, 0), (0, -height % block), (0, -width % block)]
    levels = np.pad(levels, pad, mode="edge")
    if x.shape[1] == 1:
        levels = _rounded_cosines(levels - 128, LUMINANCE, quality) + 128
    else:
        red, green, blue = (levels[:, at : at + 1] for at in range(3))
        light = np.rint(0.299 * red + 0.587 * green + 0.114 * blue)
        tints = [np.rint((blue - light) / 1.772), np.rint((red - light) / 1.402)]
        light = _rounded_cosines(light - 128, LUMINANCE, quality) + 128
        first, second = (_tint(each, quality) for each in tints)
        red, blue = light + 1.402 * second, light + 1.772 * first
        green = light - 0.344136 * first - 0.714136 * second
        levels = np.concatenate([red, green, blue], axis=1)
    levels = np.clip(np.rint(levels), 0, 255)
    return (levels[:, :, :height, :width] / 255).astype(np.float32)


def _tint(tint: Floats, quality: int) -> Floats:
    """Return a colour's difference after it has been halved, rounded and doubled."""
    quarter = (
        tint[:, :, ::2, ::2]
        + tint[:, :, 1::2, ::2]
        + tint[:, :, ::2, 1::2]
        + tint[:, :, 1::2, 1::2]
    )
    rounded = _rounded_cosines(np.rint(quarter / 4), COLOUR, quality)
    return rounded.repeat(2, axis=2).repeat(2, axis=3)


def _rounded_cosines(levels: Floats, table: NDArray[np.int_], quality: int) -> Floats:
    """Return blocks of 8 × 8 whose cosines are whole multiples of a table's numbers."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    steps = np.clip((table * scale + 50) // 100, 1, 255)
    n, channels, height, width = levels.shape
    blocks = levels.reshape(n, channels, height // 8, 8, width // 8, 8)
    # The two axes within a block come first, so that every step is on long runs of numbers.
    blocks = np.ascontiguousarray(blocks.transpose(3, 5, 0, 1, 2, 4))
    cosines = _turned(_turned(blocks, COSINES, 0), COSINES, 1)
    grid = steps.reshape(8, 8, 1, 1, 1, 1)
    # As common encoders do: cosines to an eighth, and halves, which are frequent, away from zero.
    eighths = np.rint(cosines * 8) / 8
    kept = np.copysign(np.floor(np.abs(eighths / grid) + 0.5), eighths) * grid
    blocks = _turned(_turned(kept, COSINES.T, 0), COSINES.T, 1)
    return blocks.transpose(2, 3, 4, 0, 5, 1).reshape(levels.shape)


def _turned(blocks: Floats, matrix: Floats, axis: int) -> Floats:
    """Return blocks multiplied by a matrix along one of the first two axes, term by term."""
    out = np.zeros_like(blocks)
    for k in range(8):
        for j in range(8):
            to, of = (k, j) if axis == 0 else ((slice(None), k), (slice(None), j))
            out[to] += matrix[k, j] * blocks[of]
    return out
