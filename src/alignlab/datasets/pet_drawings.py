"""Drawing heads of cats and dogs: shapes with soft edges, painted one over the other.

A pixel's share inside a shape is its signed distance to the shape's edge, in pixels, plus a half,
cut off at 0 and 1. All pets of one species and coat are painted at once; each takes its place,
shades, pattern and light from random numbers of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.random import RowStreams

__all__ = ["COATS", "draw_pets"]

Floats = NDArray[np.float32]


def draw_pets(species: str, coat: str, streams: RowStreams, size: int) -> Floats:
    """Return images of one species in one coat.

    Parameters
    ----------
    species
        "cat" or "dog".
    coat
        One of `COATS`.
    streams
        Each pet's own random numbers.
    size
        Height and width in pixels.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3, size, size), from 0 to 1.

    Examples
    --------
    >>> from alignlab.random import row_streams
    >>> draw_pets("cat", "striped", row_streams(0, 2), 16).shape
    (2, 3, 16, 16)
    """
    canvas = _Canvas(streams, size)
    _paint_background(canvas, streams)
    worn = COATS[coat](canvas, streams.child("coat"))
    (_paint_cat if species == "cat" else _paint_dog)(canvas, worn, streams.child(species))
    light = streams.child("light").uniform(4)[:, :, None, None].astype(np.float32)
    across, down = canvas.frame
    slope = 0.25 * ((light[:, 1] - 0.5) * across + (light[:, 2] - 0.5) * down)
    grain = streams.child("grain").uniform(size * size * 3).astype(np.float32)
    image = canvas.colours * (0.82 + 0.3 * light[:, 0] + slope)[:, None]
    return (image + 0.12 * (grain.reshape(image.shape) - 0.5)).clip(0, 1)


class _Canvas:
    """Pictures of n heads, seen from where each head is, and what is painted on them so far.

    Coordinates: the head is about 1 wide and high around (0, 0), `v` grows downwards.
    """

    def __init__(self, streams: RowStreams, size: int) -> None:
        place = streams.child("place").uniform(5)
        turn, scale = 0.5 * (place[:, 0] - 0.5), 0.62 + 0.24 * place[:, 1]
        east, south = 0.3 * (place[:, 2] - 0.5), 0.3 * (place[:, 3] - 0.5) + 0.08
        at = (np.arange(size) + 0.5) * (2 / size) - 1
        x = (at[None, None, :] - east[:, None, None]) / scale[:, None, None]
        y = (at[None, :, None] - south[:, None, None]) / scale[:, None, None]
        cosine, sine = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
        self.u: Floats = (cosine * x + sine * y).astype(np.float32)
        self.v: Floats = (cosine * y - sine * x).astype(np.float32)
        self.pixel: Floats = (2 / size / scale[:, None, None]).astype(np.float32)
        self.colours: Floats = np.zeros((len(streams), 3, size, size), dtype=np.float32)
        self.frame = at[None, None, :].astype(np.float32), at[None, :, None].astype(np.float32)

    def ellipse(
        self, at: tuple[object, object], radii: tuple[object, object], turn: float = 0.0
    ) -> Floats:
        """Return how much of each pixel an ellipse covers."""
        u, v = self.u - _each(at[0]), self.v - _each(at[1])
        if turn:
            u, v = np.cos(turn) * u + np.sin(turn) * v, np.cos(turn) * v - np.sin(turn) * u
        across, down = _each(radii[0]), _each(radii[1])
        return self.inside(
            (np.sqrt((u / across) ** 2 + (v / down) ** 2) - 1) * np.minimum(across, down)
        )

    def triangle(self, *corners: tuple[object, object]) -> Floats:
        """Return how much of each pixel a triangle covers; corners run clockwise."""
        outside = np.full_like(self.u, -np.inf)
        for (u0, v0), (u1, v1) in zip(corners, corners[1:] + corners[:1], strict=True):
            along, down = _each(u1) - _each(u0), _each(v1) - _each(v0)
            away = along * (self.v - _each(v0)) - down * (self.u - _each(u0))
            outside = np.maximum(outside, -away / np.hypot(along, down))
        return self.inside(outside)

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float) -> Floats:
        """Return how much of each pixel a line covers."""
        along, down = end[0] - start[0], end[1] - start[1]
        share = ((self.u - start[0]) * along + (self.v - start[1]) * down) / (along**2 + down**2)
        share = share.clip(0, 1)
        u, v = self.u - start[0] - share * along, self.v - start[1] - share * down
        return self.inside(np.sqrt(u**2 + v**2) - width)

    def inside(self, distance: Any) -> Floats:
        """Return the share of each pixel that is inside, from its distance to the edge."""
        return np.asarray((0.5 - distance / self.pixel).clip(0, 1), dtype=np.float32)

    def paint(self, where: Floats, colour: Floats | tuple[float, float, float]) -> None:
        """Cover the colours by another, as far as `where` says."""
        paint = np.asarray(colour, dtype=np.float32)
        paint = paint if paint.ndim == 4 else paint.reshape(-1, 3, 1, 1)
        self.colours += where[:, None] * (paint - self.colours)


BACKGROUNDS = np.array(
    [
        [0.62, 0.80, 0.93],  # sky
        [0.66, 0.82, 0.58],  # lawn
        [0.93, 0.82, 0.72],  # wall
        [0.80, 0.70, 0.86],  # sofa
        [0.95, 0.88, 0.62],  # straw
        [0.60, 0.78, 0.76],  # curtain
    ],
    dtype=np.float32,
)
COLLARS = np.array(
    [[0.85, 0.22, 0.25], [0.20, 0.42, 0.80], [0.18, 0.62, 0.42], [0.95, 0.70, 0.18]],
    dtype=np.float32,
)


def _paint_background(canvas: _Canvas, streams: RowStreams) -> None:
    pick = streams.child("background").uniform(3)
    wall = BACKGROUNDS[(pick[:, 0] * len(BACKGROUNDS)).astype(int)]
    floor = BACKGROUNDS[(pick[:, 1] * len(BACKGROUNDS)).astype(int)] * np.float32(0.88)
    horizon = (0.9 * pick[:, 2])[:, None, None].astype(np.float32)
    canvas.paint(np.ones_like(canvas.u), wall)
    canvas.paint(((canvas.frame[1] - horizon) * 8).clip(0, 1), floor)


class _Coat:
    """What a pet is covered with: a colour for each pixel, and those of its ears and muzzle."""

    def __init__(self, base: Floats, ears: Floats, muzzle: Floats) -> None:
        self.base, self.ears, self.muzzle = base, ears, muzzle


def _shaded(colour: tuple[float, float, float], streams: RowStreams) -> Floats:
    """Return one colour a pet, a little lighter or darker, shape (n, 3)."""
    drawn = streams.child("shade").uniform(4)
    tone = 1 + 0.22 * (drawn[:, :1] - 0.5) + 0.07 * (drawn[:, 1:] - 0.5)
    return (np.array(colour) * tone).astype(np.float32)


def _mixed(first: Floats, second: Floats, share: Floats) -> Floats:
    """Return colours from the first, where the share is 0, to the second, shape (n, 3, s, s)."""
    return first[:, :, None, None] + share[:, None] * (second - first)[:, :, None, None]


def _plain(colour: tuple[float, float, float], streams: RowStreams, canvas: _Canvas) -> _Coat:
    shade = _shaded(colour, streams)
    # Fur is lighter where the light falls on it, on top of the head.
    return _Coat(
        _mixed(shade * np.float32(0.93), shade * np.float32(1.1), (0.4 - canvas.v).clip(0, 1)),
        shade * np.float32(0.88),
        np.minimum(shade * np.float32(1.22), 1),
    )


def _golden(canvas: _Canvas, streams: RowStreams) -> _Coat:
    return _plain((0.86, 0.64, 0.34), streams, canvas)


def _grey(canvas: _Canvas, streams: RowStreams) -> _Coat:
    return _plain((0.50, 0.54, 0.61), streams, canvas)


def _striped(canvas: _Canvas, streams: RowStreams) -> _Coat:
    shade, dark = _shaded((0.72, 0.52, 0.33), streams), _shaded((0.27, 0.18, 0.12), streams)
    phase = streams.child("stripes").uniform(2)[:, :, None, None].astype(np.float32)
    # Stripes run down the forehead and bend outwards over the cheeks.
    bend = np.abs(canvas.u) * (1 + 0.5 * canvas.v) - 0.35 * canvas.v**2
    wave = np.sin((15 + 4 * phase[:, 0]) * bend + 6.28 * phase[:, 1])
    return _Coat(
        _mixed(shade, dark, (0.5 + 1.4 * wave).clip(0, 0.9)),
        shade * np.float32(0.75),
        np.minimum(shade * np.float32(1.3), 1),
    )


def _spotted(canvas: _Canvas, streams: RowStreams) -> _Coat:
    white, black = _shaded((0.93, 0.92, 0.89), streams), _shaded((0.16, 0.15, 0.16), streams)
    drawn = streams.child("spots").uniform(3 * 14).reshape(-1, 14, 3)
    share = np.zeros_like(canvas.u)
    for spot in range(drawn.shape[1]):
        u, v, r = (drawn[:, spot, k] for k in range(3))
        at, radius = (1.5 * u - 0.75, 1.3 * v - 0.62), 0.05 + 0.065 * r
        share = np.maximum(share, canvas.ellipse(at, (radius, radius)))
    return _Coat(_mixed(white, black, share), np.float32(0.45) * (white + black), white)


def _pointed(canvas: _Canvas, streams: RowStreams) -> _Coat:
    cream, dark = _shaded((0.92, 0.85, 0.73), streams), _shaded((0.30, 0.21, 0.17), streams)
    mask = np.exp(-(((canvas.u / 0.42) ** 2 + ((canvas.v - 0.22) / 0.42) ** 2) ** 1.5))
    return _Coat(_mixed(cream, dark, mask.astype(np.float32)), dark, dark * np.float32(1.25))


def _tricolour(canvas: _Canvas, streams: RowStreams) -> _Coat:
    brown, white = _shaded((0.66, 0.40, 0.20), streams), _shaded((0.96, 0.94, 0.90), streams)
    width = 0.09 + 0.08 * streams.child("blaze").uniform(1)[:, 0]
    blaze = canvas.ellipse((0.0, -0.05), (width, 0.6))
    body = canvas.inside(0.62 - canvas.v)
    return _Coat(_mixed(brown, white, np.maximum(blaze, body)), brown * np.float32(0.72), white)


COATS: dict[str, Callable[[_Canvas, RowStreams], _Coat]] = {
    "striped": _striped,
    "grey": _grey,
    "pointed": _pointed,
    "golden": _golden,
    "spotted": _spotted,
    "tricolour": _tricolour,
}
"""What a pet may be covered with, by name."""

PINK = (0.93, 0.62, 0.62)
INK = (0.10, 0.08, 0.09)
EYES = np.array([[0.55, 0.75, 0.30], [0.92, 0.74, 0.22], [0.45, 0.72, 0.90]], dtype=np.float32)


def _paint_body(canvas: _Canvas, coat: _Coat, streams: RowStreams) -> None:
    drawn = streams.child("collar").uniform(2)
    body = canvas.ellipse((0.0, 1.25), (0.66, 0.72))
    canvas.paint(body, coat.base * np.float32(0.9))
    collar = canvas.line((-0.5, 0.74), (0.5, 0.74), 0.07) * body
    worn = (drawn[:, 0] < 0.4)[:, None, None].astype(np.float32)
    canvas.paint(collar * worn, COLLARS[(drawn[:, 1] * len(COLLARS)).astype(int)])


def _paint_cat(canvas: _Canvas, coat: _Coat, streams: RowStreams) -> None:
    drawn = streams.uniform(4)
    tip, apart = -0.62 - 0.22 * drawn[:, 0], 0.44 + 0.12 * drawn[:, 1]
    _paint_body(canvas, coat, streams)
    for side in (-1.0, 1.0):
        ear = [(side * 0.6, 0.0), (side * apart, tip), (side * 0.1, -0.3)]
        inner = [(side * 0.5, -0.12), (side * apart, tip + 0.2), (side * 0.24, -0.28)]
        canvas.paint(canvas.triangle(*(ear if side < 0 else ear[::-1])), coat.ears)
        canvas.paint(canvas.triangle(*(inner if side < 0 else inner[::-1])), PINK)
    canvas.paint(canvas.ellipse((0.0, 0.12), (0.62, 0.52)), coat.base)
    for side in (-0.1, 0.1):
        canvas.paint(canvas.ellipse((side, 0.37), (0.15, 0.12)), coat.muzzle)
    iris = EYES[(drawn[:, 2] * len(EYES)).astype(int)]
    for side in (-0.27, 0.27):
        canvas.paint(canvas.ellipse((side, 0.06), (0.155, 0.125)), INK)
        canvas.paint(canvas.ellipse((side, 0.06), (0.13, 0.10)), iris)
        canvas.paint(canvas.ellipse((side, 0.06), (0.035 + 0.03 * drawn[:, 3], 0.10)), INK)
        canvas.paint(canvas.ellipse((side + 0.05, 0.02), (0.03, 0.03)), (1.0, 1.0, 1.0))
        for up in (0.02, 0.1):
            start, end = (side * 0.6, 0.36 + 0.4 * up), (side * 2.9, 0.26 + 2.2 * up)
            canvas.paint(0.65 * canvas.line(start, end, 0.008), (0.98, 0.98, 0.96))
        canvas.paint(canvas.line((0.0, 0.43), (side / 2, 0.39), 0.014), INK)
    canvas.paint(canvas.line((0.0, 0.32), (0.0, 0.43), 0.012), INK)
    canvas.paint(canvas.triangle((-0.075, 0.25), (0.075, 0.25), (0.0, 0.34)), (0.86, 0.45, 0.47))


def _paint_dog(canvas: _Canvas, coat: _Coat, streams: RowStreams) -> None:
    drawn = streams.uniform(3)
    length, spread = 0.34 + 0.12 * drawn[:, 0], 0.50 + 0.08 * drawn[:, 1]
    _paint_body(canvas, coat, streams)
    canvas.paint(canvas.ellipse((0.0, 0.06), (0.52, 0.56)), coat.base)
    for side in (-1.0, 1.0):
        canvas.paint(
            canvas.ellipse((side * spread, -0.28 + length), (0.17, length), side * -0.22),
            coat.ears,
        )
    canvas.paint(canvas.ellipse((0.0, 0.38), (0.31, 0.25)), coat.muzzle)
    canvas.paint(
        canvas.ellipse((0.0, 0.60), (0.09, 0.13)) * (drawn[:, 2] < 0.6)[:, None, None],
        (0.93, 0.45, 0.50),
    )
    for side in (-0.16, 0.16):
        canvas.paint(canvas.line((0.0, 0.48), (side, 0.42), 0.016), INK)
    canvas.paint(canvas.line((0.0, 0.30), (0.0, 0.48), 0.014), INK)
    canvas.paint(canvas.ellipse((0.0, 0.26), (0.135, 0.095)), INK)
    canvas.paint(canvas.ellipse((-0.04, 0.23), (0.04, 0.02)), (0.62, 0.60, 0.62))
    for side in (-0.21, 0.21):
        canvas.paint(canvas.ellipse((side, -0.04), (0.085, 0.09)), (0.25, 0.14, 0.09))
        canvas.paint(canvas.ellipse((side, -0.04), (0.055, 0.06)), INK)
        canvas.paint(canvas.ellipse((side + 0.03, -0.07), (0.028, 0.028)), (1.0, 1.0, 1.0))


def _each(number: object) -> Floats:
    """Return a number, or one number a pet, so that it fits pictures."""
    given = np.asarray(number, dtype=np.float32)
    return given[:, None, None] if given.ndim == 1 else given
