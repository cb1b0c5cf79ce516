"""Images as the files that a page shows: the pixels that the model saw, large enough to be seen."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from alignlab.datasets import ImageData
from alignlab.drawing import enlarged, png
from alignlab.oversight.items import Item

__all__ = ["image_media", "media_name"]

SIDE = 320
"""Small images are enlarged by whole pixels to about so many: 8x8 pixels are a speck on a page."""


def media_name(row: int) -> str:
    """Return what the picture of a row is called.

    >>> media_name(17)
    'row-17.png'
    """
    return f"row-{row}.png"


def image_media(images: ImageData, items: Iterable[Item]) -> dict[str, bytes]:
    """Return the picture files of items that `case_items` made of images.

    Parameters
    ----------
    images
        The same images.
    items
        Made of them.

    Examples
    --------
    >>> from alignlab.oversight.making import case_items
    >>> images = ImageData(np.zeros((2, 8, 8)), ["cat", "dog"])
    >>> items = case_items(images, None, ["cat", "dog"], rows=[1])
    >>> {name: held[1:4] for name, held in image_media(images, items).items()}
    {'row-1.png': b'PNG'}
    """
    files = {}
    for item in items:
        pixels = images.images[item.source["row"]]
        coloured = np.broadcast_to(pixels, (3, *pixels.shape[1:])).transpose(1, 2, 0)
        files[media_name(item.source["row"])] = png(enlarged(coloured.astype(np.float64), SIDE))
    return files
