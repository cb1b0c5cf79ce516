"""The text of a PDF that typst wrote: letters in the order in which they are drawn.

A page's drawing shows glyphs by their numbers, two bytes each, in the font that is chosen at that
moment; the font's map says which letters a number stands for (PDF 1.7, sec. 9.10.3). Only what
typst writes is understood: compressed streams, fonts of two-byte glyphs, objects in the open.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from alignlab.errors import InputError

__all__ = ["pdf_text"]

OBJECT = re.compile(rb"(?:^|[\r\n])(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
INSIDE = rb"[^()\\]|\\."
for _ in range(4):
    # Brackets may stand in a text as they are, where each that opens closes.
    INSIDE = rb"[^()\\]|\\.|\((?:" + INSIDE + rb")*\)"
SHOWN = re.compile(
    rb"/(?P<font>\w+) [\d.]+ Tf|\((?P<text>(?:" + INSIDE + rb")*)\)"
    rb"|<(?P<hex>[0-9A-Fa-f\s]+)>|(?P<end>\bET\b)",
    re.DOTALL,
)
ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

Glyphs = dict[int, str]


def pdf_text(pdf: bytes) -> str:
    """Return the text of a PDF that typst wrote, with a line for each piece that was drawn.

    Raises
    ------
    InputError
        If it is no PDF, or one of another making that cannot be read so.
    """
    if not pdf.startswith(b"%PDF-"):
        raise InputError("This is no PDF: it does not begin with %PDF-.")
    objects = {int(number): body for number, body in OBJECT.findall(pdf)}
    texts = []
    for body in objects.values():
        if b"/Type/Page/" not in body.replace(b" ", b"") and b"/Type /Page\n" not in body:
            continue
        fonts = _fonts(objects, body)
        drawings = [_stream(objects[number]) for number in _references(body, b"Contents")]
        texts += ["".join(_pieces(drawing, fonts)) for drawing in drawings]
    if not texts:
        raise InputError("No page of this PDF can be read: it was not written by typst.")
    return "\n".join(texts)


def _fonts(objects: dict[int, bytes], page: bytes) -> dict[bytes, Glyphs]:
    """Return the map from glyphs to letters of every font of a page, by the font's name there."""
    found: dict[bytes, Glyphs] = {}
    resources = [objects[number] for number in _references(page, b"Resources")] or [page]
    for each in resources:
        inside = re.search(rb"/Font\s*<<(.*?)>>", each, re.DOTALL)
        named = re.findall(rb"/(\w+) (\d+) 0 R", inside[1]) if inside else []
        for name, number in named:
            maps = _references(objects[int(number)], b"ToUnicode")
            found[name] = _letters(_stream(objects[maps[0]])) if maps else {}
    return found


def _references(body: bytes, name: bytes) -> list[int]:
    found = re.search(rb"/" + name + rb"\s*(?:(\d+) 0 R|\[([\d R]+)\])", body)
    if found is None:
        return []
    return [int(found[1])] if found[1] else [int(n) for n in re.findall(rb"(\d+) 0 R", found[2])]


def _stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    if found is None:
        return b""
    if b"FlateDecode" not in body[: found.start()]:
        return found[1]
    return zlib.decompressobj().decompress(found[1])


def _letters(cmap: bytes) -> Glyphs:
    """Return which letters each glyph stands for, as a font's map says."""
    found: Glyphs = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for glyph, letters in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f\s]+)>", block):
            found[int(glyph, 16)] = bytes.fromhex(letters.decode()).decode("utf-16-be")
    ranges = rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>"
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, letters in re.findall(ranges, block):
            begin = int(letters, 16)
            for glyph in range(int(first, 16), int(last, 16) + 1):
                found[glyph] = chr(begin + glyph - int(first, 16))
    return found


def _pieces(drawing: bytes, fonts: dict[bytes, Glyphs]) -> Iterator[str]:
    glyphs: Glyphs = {}
    for each in SHOWN.finditer(drawing):
        if each["font"] is not None:
            glyphs = fonts.get(each["font"], {})
        elif each["end"] is not None:
            yield "\n"
        else:
            codes = (
                _unescaped(each["text"])
                if each["text"] is not None
                else bytes.fromhex(each["hex"].decode())
            )
            pairs = zip(codes[::2], codes[1::2], strict=False)
            yield "".join(glyphs.get(256 * high + low, "") for high, low in pairs)


def _unescaped(text: bytes) -> bytes:
    def letter(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        if escape[:1].isdigit():
            return bytes([int(escape, 8) & 255])
        return b"" if escape.endswith(b"\n") else LETTERS.get(escape, escape)

    return ESCAPED.sub(letter, text)
