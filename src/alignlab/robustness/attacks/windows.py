"""Where Square moves a row, and how: windows of an image, or sets of a table's features.

Rows are seen as channels × places, shape (n, channels, places): an image of shape (..., H, W) has
H·W places, a table's row one channel with a place for each feature. A window is a set of places. On
an image it is a rectangle, a square as far as height and width leave room, and all of its channels
move together; on a table it is any set, and each feature moves by itself.

The pattern within a window, for L2 and L1, is two pyramids of opposite signs
[andriushchenko2020square, sec. 3.4]; on a table, where nothing is next to anything, it is a sign
for each feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.random import RowStreams

if TYPE_CHECKING:
    import torch

__all__ = ["Drawn", "Features", "Pixels", "layout_of"]

TILES = 5
"""The first move for L2 and L1 has so many patterns across and so many down."""

Drawn = NDArray[np.float64]
"""Numbers from 0 to 1, `draws` for each of m windows."""


def layout_of(shape: tuple[int, ...]) -> Pixels | Features:
    """Return the layout of rows of a shape: an image from two axes on, else a table's row."""
    if len(shape) < 2:
        return Features(int(np.prod(shape)))
    return Pixels(int(np.prod(shape[:-2])), *shape[-2:])


@dataclass(frozen=True)
class Pixels:
    """Places with a height and a width.

    Attributes
    ----------
    channels, height, width
        What an image has of them.
    places
        Pixels of a channel.
    draws
        Numbers that one window and its pattern take.
    """

    channels: int
    height: int
    width: int

    @property
    def places(self) -> int:
        """Return how many pixels a channel has."""
        return self.height * self.width

    @property
    def draws(self) -> int:
        """Return how many numbers say where two windows are, which way one is turned, its signs."""
        return 5 + self.channels

    def size(self, share: float, *, patterned: bool) -> tuple[int, int]:
        """Return a window's height and width; what one has no room for goes to the other."""
        area = share * self.places
        side = max(1, round(sqrt(area)))
        if patterned:  # odd, so that each pyramid has a middle
            side = max(side, 3)
            side += 1 - side % 2
        height, width = min(side, self.height), min(side, self.width)
        if side > self.height:
            width = min(self.width, max(width, round(area / self.height)))
        elif side > self.width:
            height = min(self.height, max(height, round(area / self.width)))
        return height, width

    def window(self, drawn: Drawn, size: tuple[int, int], which: int = 0) -> torch.Tensor:
        """Return the places of the first or second windows, shape (m, height · width)."""
        import torch

        height, width = size
        # A draw is below 1, so the last row and the last column are reached and none beyond.
        corner = drawn[:, 2 * which : 2 * which + 2]
        top = (corner[:, :1] * (self.height - height + 1)).astype(np.int64)
        left = (corner[:, 1:] * (self.width - width + 1)).astype(np.int64)
        inside = (np.arange(height)[:, None] * self.width + np.arange(width)).ravel()
        return torch.from_numpy(top * self.width + left + inside)

    def signs(self, drawn: Drawn, size: tuple[int, int]) -> torch.Tensor:
        """Return which way windows go, one sign a channel, bool, shape (m, channels, 1)."""
        import torch

        return torch.from_numpy(drawn[:, 5:, None] < 0.5)

    def pattern(self, drawn: Drawn, size: tuple[int, int], norm: float) -> torch.Tensor:
        """Return two pyramids a channel, of norm 1 together, shape (m, channels, k)."""
        import torch

        both = torch.from_numpy(np.stack([_pyramids(*size, norm), _pyramids(*size[::-1], norm).T]))
        turned = both.flatten(1)[torch.from_numpy((drawn[:, 4] < 0.5).astype(np.int64))]
        return turned[:, None] * (2 * self.signs(drawn, size).double() - 1)

    def first(self, streams: RowStreams, norm: float) -> torch.Tensor:
        """Return stripes for Linf, tiles of patterns for L2 and L1, (n, channels, places)."""
        import torch

        n = len(streams)
        if norm == float("inf"):
            drawn = torch.from_numpy(streams.uniform(self.channels * self.width))
            stripes = (drawn < 0.5).reshape(n, self.channels, 1, self.width) * 2.0 - 1
            return stripes.expand(-1, -1, self.height, -1).flatten(2)
        tall, wide = max(1, self.height // TILES), max(1, self.width // TILES)
        down, across = self.height // tall, self.width // wide
        drawn = np.zeros((n * down * across, self.draws))
        drawn[:, 4:] = streams.uniform(down * across * (1 + self.channels)).reshape(len(drawn), -1)
        tiles = self.pattern(drawn, (tall, wide), norm)
        tiles = tiles.reshape(n, down, across, self.channels, tall, wide)
        filled = tiles.permute(0, 3, 1, 4, 2, 5).reshape(n, -1, down * tall, across * wide)
        moves = filled.new_zeros((n, self.channels, self.height, self.width))
        top, left = (self.height - down * tall) // 2, (self.width - across * wide) // 2
        moves[:, :, top : top + down * tall, left : left + across * wide] = filled
        return moves.flatten(2)


@dataclass(frozen=True)
class Features:
    """Places without an order: a window is any set of them."""

    places: int

    channels = 1

    @property
    def draws(self) -> int:
        """Return how many numbers put the places in order for two windows, and give signs."""
        return 3 * self.places

    def size(self, share: float, *, patterned: bool) -> tuple[int, int]:
        """Return 1 and the number of features."""
        return 1, min(self.places, max(2 if patterned else 1, round(share * self.places)))

    def window(self, drawn: Drawn, size: tuple[int, int], which: int = 0) -> torch.Tensor:
        """Return the places of the first or second windows, each set as likely as any other."""
        import torch

        ranked = drawn[:, which * self.places : (which + 1) * self.places]
        return torch.from_numpy(ranked).argsort(dim=1)[:, : size[1]]

    def signs(self, drawn: Drawn, size: tuple[int, int]) -> torch.Tensor:
        """Return which way windows go, one sign a feature, bool, shape (m, 1, k)."""
        import torch

        return torch.from_numpy(drawn[:, None, 2 * self.places :][:, :, : size[1]] < 0.5)

    def pattern(self, drawn: Drawn, size: tuple[int, int], norm: float) -> torch.Tensor:
        """Return moves of one size, of norm 1 together, shape (m, 1, k)."""
        return (2 * self.signs(drawn, size).double() - 1) / float(size[1] ** (1 / norm))

    def first(self, streams: RowStreams, norm: float) -> torch.Tensor:
        """Return one sign a feature, shape (n, 1, places)."""
        import torch

        return torch.from_numpy(streams.uniform(self.places)[:, None] < 0.5) * 2.0 - 1


@cache
def _pyramids(height: int, width: int, norm: float) -> NDArray[np.float64]:
    """Return a pyramid above an inverted one, of norm 1 together."""
    upper = height // 2
    both = np.concatenate([_pyramid(upper, width, norm), -_pyramid(height - upper, width, norm)])
    return np.asarray(both / _norm(both, norm))


def _pyramid(height: int, width: int, norm: float) -> NDArray[np.float64]:
    """Return Σ_{k >= r} (k + 1)^-2, ^-4 for L1, at r steps from the middle, of norm 1."""
    middle = height // 2, width // 2
    falls = 1.0 / np.arange(1, max(middle) + 2) ** (2 if norm == 2 else 4)
    steps = [abs(np.arange(n) - m) for n, m in zip((height, width), middle, strict=True)]
    values = falls[::-1].cumsum()[::-1][np.maximum(steps[0][:, None], steps[1])]
    return np.asarray(values / _norm(values, norm))


def _norm(values: NDArray[np.float64], norm: float) -> float:
    """Return the norm of all values; 1 for none."""
    return float((np.abs(values) ** norm).sum() ** (1 / norm)) if values.size else 1.0
