"""Weather on images: snow, frost on the pane, fog, glare, all drawn by rule, without photographs.

- snow: flakes smeared by the wind before a whitened image. Flakes are where smooth noise passes a
  threshold, so that a worse severity has the same flakes, larger, and more.
- frost: x + c · ice · (white - x), where ice is a pattern of needles in a veil of plasma.
- fog: (x + c · plasma) · max x / (max x + c).
- brightness: the value of hue, saturation and value grows by c.

After [hendrycks2019benchmarking], whose strengths are those of fog and brightness. Frost is five
photographs there, and their snow has larger flakes at one severity and smaller ones at the next.
"""

from __future__ import annotations

import numpy as np

from alignlab.random import RowStreams
from alignlab.robustness.corruption.pixels import (
    Images,
    between,
    blurred_along,
    cloud,
    pixels,
    side,
    smooth_noise,
    some_angle,
)

__all__ = ["brightness", "fog", "frost", "snow"]

THRESHOLD = ((1.9, 1.65, 1.45, 1.3, 1.1), (1.7, 1.5, 1.3, 1.1, 0.9))
STREAK = ((0.8, 0.95, 1.1, 1.25, 1.4), (4.0, 4.8, 5.6, 6.4, 7.2))
UNWHITENED = ((0.95, 0.92, 0.9, 0.85, 0.8), (0.8, 0.75, 0.7, 0.65, 0.55))
FLAKE = 1 / 64
"""A flake's size as a share of the side; at least a pixel."""

GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""How much of red, green and blue makes a grey."""

OPACITY = ((0.3, 0.4, 0.5, 0.6, 0.7), (0.5, 0.65, 0.8, 0.9, 1.0))
ICE = np.array([0.86, 0.94, 1.0], np.float32)
"""The colour of frost."""

FOG = ((0.2, 0.5, 0.75, 1.0, 1.5), (1.5, 2.0, 2.5, 2.6, 3.0))
FOG_DECAY = ((3.0, 3.0, 2.5, 2.0, 1.75), (2.0, 2.0, 1.7, 1.5, 1.4))

GLARE = ((0.05, 0.1, 0.15, 0.2, 0.3), (0.1, 0.2, 0.3, 0.4, 0.5))


def snow(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images in falling snow."""
    size = side(x)
    noise = smooth_noise(streams, x.shape[2:], max(1.0, FLAKE * size))
    flakes = np.clip((noise - between(*THRESHOLD, severity, size)) * 2, 0, 1)
    angles = some_angle(streams.child("wind"), np.pi / 4, 3 * np.pi / 4)
    length = pixels(*STREAK, severity, size)
    fallen = blurred_along(flakes, angles, length) * np.float32(0.6 + 0.5 * length)
    kept = np.float32(between(*UNWHITENED, severity, size))
    white = np.maximum(x, _grey(x) * np.float32(1.5) + np.float32(0.5))
    return kept * x + (1 - kept) * white + np.clip(fallen, 0, 1)


def _grey(x: Images) -> Images:
    if x.shape[1] == 1:
        return x
    return x[:, :1] * GREY[0] + x[:, 1:2] * GREY[1] + x[:, 2:] * GREY[2]


def frost(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images behind a frozen pane."""
    size = side(x)
    ice = _needles(streams, x.shape[2:], size)
    colour = np.float32(1) if x.shape[1] == 1 else ICE[:, None, None]
    return x + np.float32(between(*OPACITY, severity, size)) * ice * (colour - x)


def _needles(streams: RowStreams, shape: tuple[int, int], size: float) -> Images:
    """Return a pattern of ice from 0 to 1: needles at angles of 60 degrees in a veil."""
    veil = cloud(streams.child("veil"), shape, 1.8)
    turned = some_angle(streams.child("turned"), 0, np.pi)
    needles = np.zeros_like(veil)
    for number in range(3):
        noise = smooth_noise(streams.child(f"needle {number}"), shape, max(1.0, size / 128))
        seeds = np.clip(noise - np.float32(1.2), 0, None)
        lines = blurred_along(seeds, turned + number * np.pi / 3, 0.07 * size, both=True)
        needles = np.maximum(needles, lines)
    top = needles.max(axis=(1, 2, 3), keepdims=True)
    needles = needles / np.maximum(top, np.float32(1e-6))
    return np.clip(
        veil * np.float32(0.75) + needles * (np.float32(0.2) + veil * np.float32(0.6)), 0, 1
    )


def fog(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images in fog."""
    size = side(x)
    thickness = np.float32(between(*FOG, severity, size))
    plasma = cloud(streams, x.shape[2:], between(*FOG_DECAY, severity, size))
    brightest = x.max(axis=(1, 2, 3), keepdims=True)
    return (x + thickness * plasma) * (brightest / (brightest + thickness))


def brightness(x: Images, severity: int, streams: RowStreams) -> Images:
    """Return images in glare; nothing is drawn."""
    value = x.max(axis=1, keepdims=True)
    brighter = np.minimum(value + np.float32(between(*GLARE, severity, side(x))), 1)
    # Hue and saturation are ratios of the channels; black has neither and becomes grey.
    scaled = x * (brighter / np.where(value > 0, value, 1))
    return np.where(value > 0, scaled, brighter)
