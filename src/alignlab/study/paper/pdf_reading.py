"""The text of a PDF that Typst made, to search it: pages, figures, what the file says of itself.

    glyph codes in a content stream ──► the font's ToUnicode map ──► text

It knows as much of PDF as Typst writes: objects one by one, streams deflated or plain, fonts of two
bytes a glyph. Of another PDF it says that it cannot be read, never that it is empty.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping

__all__ = ["pdf_text"]

OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n")
LENGTH = re.compile(rb"/Length (\d+)( 0 R)?")
FONTS = re.compile(rb"/Font\s*<<(.*?)>>", re.DOTALL)
NAMED = re.compile(rb"/([^\s/<>\[\]()]+) (\d+) 0 R")
TOKEN = re.compile(
    rb"/(?P<font>[^\s/<>\[\]()]+) [-\d.]+ Tf|(?P<text>\()|<(?P<hex>[0-9A-Fa-f\s]+)>"
    rb"|(?P<begin>\bBT\b)|(?P<end>\bET\b|\bT[dD*]\b|\bTm\b)"
)
IN_TEXT = re.compile(rb"\\.|[()]", re.DOTALL)
ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
SIGNS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
SINGLE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]*)>")
ABOUT = re.compile(rb"/(?:Title|Author|Subject|Keywords|Creator|Producer)\s*(\(|<[0-9A-Fa-f\s]*>)")


def pdf_text(content: bytes) -> str | None:
    """Return the text of a PDF; `None` where it is not one that this can read.

    Parameters
    ----------
    content
        The file's bytes.

    Returns
    -------
    str or None
        The text in the order of the file, a line for each piece that was set at once; what the
        file says of itself (title, authors, keywords) comes last.

    Examples
    --------
    >>> pdf_text(b"no PDF") is None
    True
    """
    if not content.startswith(b"%PDF-") or b"/ObjStm" in content or b"/Encrypt" in content:
        return None
    objects = {int(found[1]): found[2] for found in OBJECT.finditer(content)}
    maps = {
        number: _unicode(_stream(objects, int(found[1])) or b"")
        for number, body in objects.items()
        if (found := re.search(rb"/ToUnicode (\d+) 0 R", body))
    }
    lines: list[str] = []
    for body, drawn in _drawings(objects):
        fonts = {
            name: maps[int(number)]
            for held in FONTS.findall(_resources(objects, body))
            for name, number in NAMED.findall(held)
            if int(number) in maps
        }
        text = _shown(drawn, fonts)
        if text is None:
            return None
        lines.append(text)
    if not lines:
        return None
    for number, body in objects.items():
        head = _head(body)
        lines += [_string(head, found) for found in ABOUT.finditer(head)]
        if b"/Subtype/XML" in body:
            lines.append((_stream(objects, number) or b"").decode("utf-8", "replace"))
    return "\n".join(lines)


def _drawings(objects: Mapping[int, bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield each page and each figure placed on one, with what draws it."""
    for number, body in objects.items():
        head = _head(body)
        if re.search(rb"/Type\s*/Page\b", head):
            contents = re.search(rb"/Contents\s*(?:\[([^\]]*)\]|(\d+ 0 R))", head)
            parts = (
                re.findall(rb"(\d+) 0 R", b"".join(filter(None, contents.groups())))
                if contents
                else ()
            )
            yield head, b"\n".join(_stream(objects, int(part)) or b"" for part in parts)
        elif re.search(rb"/Subtype\s*/Form\b", head):
            yield head, _stream(objects, number) or b""


def _resources(objects: Mapping[int, bytes], body: bytes) -> bytes:
    found = re.search(rb"/Resources (\d+) 0 R", body)
    return objects.get(int(found[1]), b"") if found else body


def _head(body: bytes) -> bytes:
    """Return an object without its stream."""
    return STREAM.split(body, maxsplit=1)[0]


def _stream(objects: Mapping[int, bytes], number: int) -> bytes | None:
    """Return the content of an object's stream; `None` where there is none that can be read."""
    parts = STREAM.split(objects.get(number, b""), maxsplit=1)
    if len(parts) < 2:
        return None
    found = LENGTH.search(parts[0])
    length = int(found[1]) if found else len(parts[1])
    if found and found[2]:
        length = int(objects.get(length, b"0").strip() or 0)
    held = parts[1][:length]
    if b"/Filter" not in parts[0]:
        return held
    try:
        return zlib.decompress(held) if b"/FlateDecode" in parts[0] else None
    except zlib.error:
        return None


def _shown(drawn: bytes, fonts: Mapping[bytes, Mapping[int, str]]) -> str | None:
    """Return the text that a content stream sets; `None` where a font does not tell it."""
    font: Mapping[int, str] | None = None
    inside = False
    text: list[str] = []
    at = 0
    while (found := TOKEN.search(drawn, at)) is not None:
        at = found.end()
        held = b""
        if found["text"]:
            held, at = _literal(drawn, at)
        if found["font"]:
            font = fonts.get(found["font"])
        elif found["begin"]:
            inside = True
        elif found["end"]:
            inside = inside and found["end"] != b"ET"
            text.append("\n")
        elif inside:  # outside, a string is an operand of something else, such as a mark
            if font is None:
                return None
            codes = _bytes(held) if found["hex"] is None else _hexed(found["hex"])
            pairs = zip(codes[::2], codes[1::2], strict=False)
            text.append("".join(font.get(high << 8 | low, "") for high, low in pairs))
    return re.sub(r"\n+", "\n", "".join(text))


def _literal(drawn: bytes, at: int) -> tuple[bytes, int]:
    """Return a string that a parenthesis opened, and where it ends; pairs may stand within it."""
    depth = 1
    for found in IN_TEXT.finditer(drawn, at):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if depth == 0:
            return drawn[at : found.start()], found.end()
    return drawn[at:], len(drawn)


def _unicode(cmap: bytes) -> dict[int, str]:
    """Return what a ToUnicode map says of each code."""
    held: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in SINGLE.findall(block):
            held[int(code, 16)] = _hexed(text).decode("utf-16-be", "replace")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, text in RANGE.findall(block):
            start = _hexed(text).decode("utf-16-be", "replace")
            for step in range(int(last, 16) - int(first, 16) + 1):
                held[int(first, 16) + step] = start[:-1] + chr(ord(start[-1]) + step)
    return held


def _string(head: bytes, found: re.Match[bytes]) -> str:
    token = found[1]
    held = _bytes(_literal(head, found.end())[0]) if token == b"(" else _hexed(token[1:-1])
    if held.startswith(b"\xfe\xff"):
        return held[2:].decode("utf-16-be", "replace")
    return held.decode("latin-1")


def _hexed(text: bytes) -> bytes:
    digits = re.sub(rb"\s", b"", text)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _bytes(text: bytes) -> bytes:
    def sign(found: re.Match[bytes]) -> bytes:
        told = found[1]
        if told[:1].isdigit():
            return bytes([int(told, 8) & 255])
        return b"" if told.endswith(b"\n") else SIGNS.get(told, told)

    return ESCAPED.sub(sign, text)
