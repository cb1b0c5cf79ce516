"""A heat map over an image: what each pixel speaks for, tinted over the image in grey.

Channels are added up, since a pixel is one place. The strongest tint is the 99th percentile of
the sizes, so that one pixel cannot make all others pale. Sign is said by colour, and the strongest
places are said again in words in the table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, Table
from alignlab.drawing import enlarged
from alignlab.theme import ACCENT, WARN
from alignlab.transparency.rasters import data_url, tinted

__all__ = ["heat_chart"]

Floats = NDArray[np.float64]

SIDE = 320
"""The longer side of each picture, in pixels."""

CELLS = 4
"""The table sums values over so many by so many parts of the image."""

ROOM = 14
"""Between the image and its heat map, in pixels."""


def heat_chart(question: str, image: Floats, values: Floats) -> Chart:
    """Return an image beside its heat map, with a table of sums over its parts.

    Parameters
    ----------
    question
        The chart's title.
    image
        Shape (channels, H, W); put into 0 to 1 by its own range where it leaves that.
    values
        Shape (channels, H, W), or (1, H, W).
    """
    places = values.sum(axis=0)
    sizes = np.abs(places)
    strongest = float(np.quantile(sizes, 0.99)) or float(sizes.max()) or 1.0
    picture = _shown(image)
    left = enlarged(np.moveaxis(np.broadcast_to(picture, (3, *picture.shape[1:])), 0, 2), SIDE)
    right = enlarged(tinted(picture, np.clip(places / strongest, -1, 1)), SIDE)
    height, width = left.shape[:2]
    total = 2 * width + ROOM
    pictures = [
        {"x": start + width / 2, "y": height / 2, "url": data_url(each)}
        for start, each in ((0, left), (width + ROOM, right))
    ]
    plane = {
        key: {
            "field": key,
            "type": "quantitative",
            "axis": None,
            "scale": {"domain": domain, "nice": False, "zero": False},
        }
        for key, domain in (("x", [0, total]), ("y", [height, 0]))
    }
    said = [
        {"x": width + ROOM, "y": height, "what": "■ speaks for", "colour": ACCENT},
        {"x": width + ROOM + 100, "y": height, "what": "■ speaks against", "colour": WARN},
    ]
    if not (places < 0).any():
        said = said[:1]
    spec = {
        "width": total,
        "height": height,
        "layer": [
            {
                "data": {"values": pictures},
                "mark": {"type": "image", "width": width, "height": height, "aspect": False},
                "encoding": {**plane, "url": {"field": "url"}},
            },
            {
                "data": {"values": said},
                "mark": {"type": "text", "align": "left", "baseline": "top", "dy": 6},
                "encoding": {
                    **plane,
                    "text": {"field": "what"},
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            },
        ],
    }
    return Chart(question, spec, _parts(question, places))


def _shown(image: Floats) -> Floats:
    """Return one or three channels from 0 to 1."""
    picture = np.asarray(image, dtype=np.float64)
    picture = picture if len(picture) == 3 else picture.mean(axis=0, keepdims=True)
    low, high = float(picture.min()), float(picture.max())
    if low >= 0 and high <= 1:
        return picture
    return (picture - low) / (high - low or 1.0)


def _parts(question: str, places: Floats) -> Table:
    """Return the sums over parts of the image, the largest first."""
    rows = []
    for down, lines in enumerate(np.array_split(places, min(CELLS, len(places)))):
        parts = np.array_split(lines, min(CELLS, places.shape[1]), axis=1)
        rows += [(f"row {down + 1}, column {k + 1}", float(p.sum())) for k, p in enumerate(parts)]
    down, across = min(CELLS, places.shape[0]), min(CELLS, places.shape[1])
    rows.sort(key=lambda row: -abs(row[1]))
    return Table(question, (f"part of {down} x {across}", "sum of values"), tuple(rows))
