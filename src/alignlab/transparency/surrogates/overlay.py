"""An image with its pieces over it, coloured by what they speak for.

The image is drawn in grey; a piece is the bluer the more it raises the answer, and the more orange
the more it lowers it. The strongest pieces carry a + or a - and their place in the ranking, so that
nothing is said by colour alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from alignlab.charts import Chart, Table
from alignlab.drawing import enlarged
from alignlab.theme import INK
from alignlab.transparency.rasters import data_url, rgb, tinted

__all__ = ["overlay", "overlay_chart"]

Floats = NDArray[np.float64]

SIDE = 360
"""The longer side of the drawing, in pixels."""

MARKED = 5
"""So many pieces, the strongest, carry a sign."""


def overlay(picture: Floats, segments: NDArray[np.intp], strengths: Floats) -> NDArray[np.uint8]:
    """Return the image in grey with its pieces tinted, enlarged where it is small.

    Parameters
    ----------
    picture
        Shape (channels, H, W), from 0 to 1.
    segments
        The piece of each pixel, shape (H, W).
    strengths
        Of each piece, signed.

    Returns
    -------
    ndarray of uint8
        Shape (H k, W k, 3), where k makes the longer side about 360 pixels.

    Examples
    --------
    >>> drawn = overlay(np.ones((1, 2, 2)), np.array([[0, 0], [1, 1]]), np.array([1.0, 0.0]))
    >>> drawn.shape, drawn[20, 20].tolist(), drawn[300, 20].tolist()
    ((360, 360, 3), [48, 122, 181], [255, 255, 255])
    """
    largest = float(np.abs(strengths).max()) or 1.0
    large = enlarged(tinted(picture, (strengths / largest)[segments]), SIDE)
    times = len(large) // len(segments)
    pieces = np.kron(segments, np.ones((times, times), dtype=segments.dtype))
    edge = np.zeros(pieces.shape, dtype=bool)
    edge[:, 1:] |= pieces[:, 1:] != pieces[:, :-1]
    edge[1:] |= pieces[1:] != pieces[:-1]
    large[edge] = 0.6 * large[edge] + 0.4 * rgb(INK)
    return np.round(255 * np.clip(large, 0, 1)).astype(np.uint8)


def overlay_chart(
    question: str, picture: Floats, segments: NDArray[np.intp], strengths: Floats
) -> Chart:
    """Return the tinted image as a chart, with a table of the pieces; see `overlay`."""
    drawn = overlay(picture, segments, strengths)
    height, width = drawn.shape[:2]
    times = height // segments.shape[0]
    order = np.argsort(-np.abs(strengths), kind="stable")
    number = np.arange(len(strengths))
    centres = np.array(ndimage.center_of_mass(np.ones_like(segments), segments, number))
    sizes = np.bincount(segments.reshape(-1), minlength=len(strengths))
    rows = tuple(
        (
            f"piece {at}",
            float(strengths[at]),
            round(float(centres[at, 0]), 1),
            round(float(centres[at, 1]), 1),
            int(sizes[at]),
        )
        for at in order.tolist()
    )
    signs = [
        {
            "x": float((centres[at, 1] + 0.5) * times),
            "y": float((centres[at, 0] + 0.5) * times),
            "sign": f"#{place} {'+' if strengths[at] > 0 else '−'}",
        }
        for place, at in enumerate(order[:MARKED].tolist(), start=1)
        if strengths[at] != 0
    ]
    url = data_url(drawn / 255)
    text = {"type": "text", "fontSize": 15, "fontWeight": "bold"}
    plane = {
        "x": {
            "field": "x", "type": "quantitative", "axis": None,
            "scale": {"domain": [0, width], "nice": False},
        },
        "y": {
            "field": "y", "type": "quantitative", "axis": None,
            "scale": {"domain": [height, 0], "nice": False},
        },
    }  # fmt: skip
    label = {"text": {"field": "sign"}}
    spec = {
        "width": width,
        "height": height,
        "layer": [
            {
                "data": {"values": [{"x": width / 2, "y": height / 2, "url": url}]},
                "mark": {"type": "image", "width": width, "height": height, "aspect": False},
                "encoding": {**plane, "url": {"field": "url"}},
            },
            {
                "data": {"values": signs},
                "mark": {
                    **text,
                    "color": "white",
                    "stroke": "white",
                    "strokeWidth": 4,
                    "strokeJoin": "round",
                },
                "encoding": {**plane, **label},
            },
            {
                "data": {"values": signs},
                "mark": {**text, "color": INK},
                "encoding": {**plane, **label},
            },
        ],
    }
    table = Table(question, ("piece", "strength", "row", "column", "pixels"), rows)
    return Chart(question, spec, table)
