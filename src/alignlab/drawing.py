"""Drawings as bytes, the same each time: a specification as a small SVG, pixels as a PNG."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from alignlab.plain import plain, printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["enlarged", "png", "vegalite_svg"]

UNSEEN = ("class", "role", "pointer-events", "aria-hidden", "aria-roledescription")
"""Attributes that say nothing where a drawing is one image with a label."""


def vegalite_svg(spec: dict[str, Any]) -> str:
    """Return the drawing of a Vega-Lite specification.

    Parameters
    ----------
    spec
        The specification with its data inline. Characters that no SVG can hold are replaced.

    Returns
    -------
    str
        One `svg` element; the same specification always gives the same text.
    """
    import vl_convert

    return _compact(vl_convert.vegalite_to_svg(json.dumps(_drawable(plain(spec)))))


def _drawable(value: Any) -> Any:
    """Return plain values whose texts an SVG can hold."""
    if isinstance(value, dict):
        return {key: _drawable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_drawable(each) for each in value]
    return printable(value) if isinstance(value, str) else value


def _compact(drawing: str) -> str:
    """Return Vega's SVG without what shows nothing: half the size, the same bytes each time."""
    root = ElementTree.fromstring(drawing)
    names: dict[str, str] = {}
    for parent in root.iter():
        parent.tag = parent.tag.rpartition("}")[2]
        # Vega numbers clip paths and gradients by a counter that runs on from drawing to drawing.
        if "id" in parent.attrib:
            parent.set("id", names.setdefault(parent.attrib["id"], f"part{len(names)}"))
        for child in list(parent):
            if child.get("display") == "none" or child.get("d") == "M0,0h0v0h0Z":
                parent.remove(child)
        for name in UNSEEN:
            parent.attrib.pop(name, None)
        if parent.get("opacity") == "1":
            del parent.attrib["opacity"]
        if parent.tag == "text":
            root.set("font-family", parent.attrib.pop("font-family", ""))
    for element in root.iter():
        for key, value in element.attrib.items():
            # A clip path, or the gradient of a fill or a stroke.
            if value.startswith("url(#") and value[5:-1] in names:
                element.set(key, f"url(#{names[value[5:-1]]})")
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return ElementTree.tostring(root, encoding="unicode")


def enlarged(picture: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Return a picture whose pixels are repeated until its longer side is about `side`.

    Parameters
    ----------
    picture
        Shape (H, W, 3).
    side
        The wanted size of the longer side.
    """
    import numpy as np

    times = max(1, side // max(picture.shape[:2]))
    return np.asarray(np.kron(picture, np.ones((times, times, 1))), dtype=np.float64)


def png(picture: NDArray[np.float64]) -> bytes:
    r"""Return an RGB picture as the bytes of a PNG file.

    Parameters
    ----------
    picture
        Shape (H, W, 3), from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> png(np.zeros((2, 2, 3)))[:4]
    b'\x89PNG'
    """
    import numpy as np

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
