"""Pictures of pixels: an image in grey under tints, and the bytes of a PNG.

A chart that lies over an image carries it as data, so that it stays one piece without a network.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from alignlab.theme import ACCENT, WARN

__all__ = ["data_url", "enlarged", "png", "rgb", "tinted"]

Floats = NDArray[np.float64]

STRONGEST = 0.85
"""Opacity of the strongest tint."""


def tinted(picture: Floats, strengths: Floats) -> Floats:
    """Return an image in grey under blue where strengths are positive, orange where negative.

    Parameters
    ----------
    picture
        Shape (channels, H, W), from 0 to 1.
    strengths
        Shape (H, W), from -1 to 1.

    Returns
    -------
    ndarray
        Shape (H, W, 3), from 0 to 1.
    """
    # Lighter, so that a tint shows on black too.
    light = 0.35 + 0.65 * picture.mean(axis=0)
    colour = np.where(strengths[..., None] >= 0, rgb(ACCENT), rgb(WARN))
    alpha = STRONGEST * np.abs(strengths)[..., None]
    return np.asarray((1 - alpha) * light[..., None] + alpha * colour)


def enlarged(picture: Floats, side: int) -> Floats:
    """Return a picture whose pixels are repeated until its longer side is about `side`.

    Parameters
    ----------
    picture
        Shape (H, W, 3).
    side
        The wanted size of the longer side.
    """
    times = max(1, side // max(picture.shape[:2]))
    return np.asarray(np.kron(picture, np.ones((times, times, 1))), dtype=np.float64)


def png(picture: Floats) -> bytes:
    r"""Return an RGB picture as the bytes of a PNG file.

    Parameters
    ----------
    picture
        Shape (H, W, 3), from 0 to 1.

    Examples
    --------
    >>> png(np.zeros((2, 2, 3)))[:4]
    b'\x89PNG'
    """
    pixels = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    height, width = pixels.shape[:2]
    # Each line begins with its filter: 0, none.
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def data_url(picture: Floats) -> str:
    """Return a picture as the address that holds it, for a chart's image mark."""
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode("ascii")


def rgb(colour: str) -> Floats:
    """Return a colour such as "#0072b2" as three numbers from 0 to 1."""
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
