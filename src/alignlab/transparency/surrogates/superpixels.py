"""An image cut into pieces of like colour that hang together: SLIC [achanta2012slic].

k-means in five dimensions, colour (l, a, b) and place (x, y), from a regular grid of step S:

    D^2 = d_colour^2 + (d_place / S)^2 m^2                               [achanta2012slic, eq. 3]

with compactness m. Each pixel asks only the 3 x 3 centres of the grid around its own cell, which
makes a round a few array operations whatever the number of pieces. A piece that fell apart keeps
its largest part; others, and pieces that became small, join the neighbour with the longest common
border. Nothing is random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from alignlab.errors import InputError

__all__ = ["superpixels"]

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]

ROUNDS = 10

SMALL = 0.25
"""A piece with less than this share of the mean size joins a neighbour."""


def superpixels(image: NDArray[np.floating], count: int, *, compactness: float = 10.0) -> Labels:
    """Cut an image into about `count` pieces of like colour.

    Parameters
    ----------
    image
        Shape (channels, H, W), from 0 to 1. Three channels are compared as colours (CIELAB), any
        other number as they are.
    count
        About how many pieces, from 1.
    compactness
        How much place counts against colour; higher gives squarer pieces.

    Returns
    -------
    ndarray of int
        The piece of each pixel, numbered from 0 in reading order, shape (H, W).

    Raises
    ------
    InputError
        If `count` is not from 1 to the number of pixels.

    Examples
    --------
    >>> image = np.zeros((1, 5, 7))
    >>> image[:, :, 3:] = 1.0
    >>> superpixels(image, 2)[0].tolist()
    [0, 0, 0, 1, 1, 1, 1]
    """
    channels, height, width = image.shape
    if isinstance(count, bool) or not 1 <= count <= height * width:
        raise InputError(
            f"segments={count!r}: an image of {height}×{width} pixels has from 1 to "
            f"{height * width} pieces."
        )
    rows = int(np.clip(round(np.sqrt(count * height / width)), 1, min(count, height)))
    columns = int(np.clip(round(count / rows), 1, width))
    colour = _lab(image) if channels == 3 else 100 * np.moveaxis(image, 0, -1)
    y, x = np.mgrid[:height, :width]
    step = np.sqrt(height * width / (rows * columns))
    place = np.stack([y, x], axis=-1) * (compactness / step)
    pixels = np.concatenate([colour, place], axis=-1).reshape(height * width, -1)

    cell_row, cell_column = y * rows // height, x * columns // width
    label = (cell_row * columns + cell_column).reshape(-1)
    around = [
        (
            np.clip(cell_row + down, 0, rows - 1) * columns
            + np.clip(cell_column + right, 0, columns - 1)
        ).reshape(-1)
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    ]
    for _ in range(ROUNDS):
        centres = _means(pixels, label, rows * columns)
        distance = np.stack([np.square(pixels - centres[each]).sum(axis=1) for each in around])
        # The own cell's centre comes first among equals, so that an even image stays a grid.
        distance[4] -= 1e-9 * (1 + distance[4])
        nearest = np.stack(around)[distance.argmin(axis=0), np.arange(len(pixels))]
        if (nearest == label).all():
            break
        label = nearest
    return _connected(label.reshape(height, width))


def _means(pixels: Floats, label: Labels, count: int) -> Floats:
    size = np.bincount(label, minlength=count)
    sums = np.stack([np.bincount(label, each, minlength=count) for each in pixels.T], axis=1)
    # A centre that lost all its pixels is out of reach from then on.
    return np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], 1e9)


def _connected(label: Labels) -> Labels:
    """Return labels whose pieces hang together, numbered in reading order."""
    parts = _parts(label)
    size = np.bincount(parts.reshape(-1))
    owner = np.zeros(len(size), dtype=np.intp)
    owner[parts.reshape(-1)] = label.reshape(-1)
    # The largest part of each piece stays, the first in reading order among equals.
    order = np.lexsort((np.arange(len(size)), -size, owner))
    stays = np.zeros(len(size), dtype=bool)
    stays[order[np.diff(owner[order], prepend=-1) != 0]] = True
    stays &= size >= SMALL * size[stays].mean()
    stays[size.argmax()] = True
    joined = np.arange(len(size))
    while not stays[joined].all():
        now = joined[parts]
        a, b = _sides(now)
        # Borders between a part that goes and one that stays, longest first.
        goes = np.concatenate([a[stays[b] & ~stays[a]], b[stays[a] & ~stays[b]]])
        to = np.concatenate([b[stays[b] & ~stays[a]], a[stays[a] & ~stays[b]]])
        pair, length = np.unique(goes * len(size) + to, return_counts=True)
        order = np.lexsort((pair, -length))
        first = np.unique(pair[order] // len(size), return_index=True)[1]
        moved, target = np.divmod(pair[order][first], len(size))
        step = np.arange(len(size))
        step[moved] = target
        joined = step[joined]
    return _numbered(joined[parts])


def _sides(parts: Labels) -> tuple[Labels, Labels]:
    """Return the labels on the two sides of each border between pixels, in reading order."""
    a = np.concatenate([parts[:, 1:].reshape(-1), parts[1:].reshape(-1)])
    b = np.concatenate([parts[:, :-1].reshape(-1), parts[:-1].reshape(-1)])
    return a, b


def _numbered(label: Labels) -> Labels:
    """Return labels numbered from 0 in the order in which they are first read."""
    _, seen, number = np.unique(label, return_index=True, return_inverse=True)
    return seen.argsort().argsort()[number].reshape(label.shape)


def _parts(label: Labels) -> Labels:
    """Return connected parts of equal label, numbered in reading order."""
    height, width = label.shape
    a, b = _sides(np.arange(height * width).reshape(height, width))
    flat = label.reshape(-1)
    alike = flat[a] == flat[b]
    edges = (np.ones(int(alike.sum()), dtype=bool), (a[alike], b[alike]))
    _, found = connected_components(coo_array(edges, shape=(flat.size, flat.size)), directed=False)
    return _numbered(found.astype(np.intp).reshape(height, width))


def _lab(image: NDArray[np.floating]) -> Floats:
    """Return the CIELAB colours of an sRGB image, shape (H, W, 3), for daylight (D65)."""
    values = np.clip(image.astype(np.float64), 0, 1)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = np.einsum("ij,jhw->ihw", to_xyz, linear) / to_xyz.sum(axis=1)[:, None, None]
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    light = 116 * root[1] - 16
    return np.stack([light, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])], axis=-1)
