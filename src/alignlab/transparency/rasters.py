"""Pictures of pixels: an image in grey under tints, and the address that holds it.

A chart that lies over an image carries it as data, so that it stays one piece without a network.
"""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from alignlab.drawing import png
from alignlab.theme import ACCENT, WARN

__all__ = ["data_url", "rgb", "tinted"]

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


def data_url(picture: Floats) -> str:
    """Return a picture as the address that holds it, for a chart's image mark."""
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode("ascii")


def rgb(colour: str) -> Floats:
    """Return a colour such as "#0072b2" as three numbers from 0 to 1."""
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
