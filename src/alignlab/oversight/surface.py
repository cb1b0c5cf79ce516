"""How large a picture is, by its own word: the pixels that a browser would have to hold.

A few kilobytes of PNG can unfold to gigabytes. Nothing is unfolded here: width and height stand at
fixed places of PNG, GIF and WebP, and in the frame's header of JPEG.
"""

from __future__ import annotations

import re

__all__ = ["pixels_of"]

JPEG_SEGMENT = re.compile(rb"\xff+([\xc0-\xfe])", re.DOTALL)

FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
"""Markers of JPEG behind which width and height stand."""


def pixels_of(data: bytes) -> int:
    """Return width times height; 0 where a picture does not say.

    Examples
    --------
    >>> pixels_of(b"GIF89a" + bytes([3, 0, 2, 0]))
    6
    """
    if data[12:16] == b"IHDR":
        return _big(data[16:20]) * _big(data[20:24])
    if data.startswith(b"GIF8"):
        return _little(data[6:8]) * _little(data[8:10])
    if data.startswith(b"RIFF"):
        return _of_webp(data)
    return _of_jpeg(data)


def _of_webp(data: bytes) -> int:
    kind = data[12:16]
    if kind == b"VP8X":
        return (1 + _little(data[24:27])) * (1 + _little(data[27:30]))
    if kind == b"VP8L":
        bits = _little(data[21:25])
        return (1 + (bits & 0x3FFF)) * (1 + (bits >> 14 & 0x3FFF))
    return (_little(data[26:28]) & 0x3FFF) * (_little(data[28:30]) & 0x3FFF)


def _of_jpeg(data: bytes) -> int:
    """Walk from segment to segment; the largest frame counts."""
    largest, at = 0, 2
    while found := JPEG_SEGMENT.match(data, at):
        marker, at = found[1][0], found.end()
        if marker in FRAMES:
            largest = max(largest, _big(data[at + 3 : at + 5]) * _big(data[at + 5 : at + 7]))
        if marker == 0xDA:  # from here on, pixels
            break
        if marker != 0xD8 and not 0xD0 <= marker <= 0xD7:
            at += max(_big(data[at : at + 2]), 2)
    return largest


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
