"""Pictures of a paper: drawn by the analysis, or laid into the study's folder by its author."""

from __future__ import annotations

import hashlib
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

from alignlab.errors import InputError, nearest
from alignlab.study.paper.nodes import Figure, Inline, as_text
from alignlab.study.paper.values import Findings

__all__ = ["drawn_safely", "placed_figure", "placed_picture"]

KINDS = (".svg", ".png", ".jpg", ".jpeg")

DRAWN = frozenset(
    (
        *("svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text"),
        *("tspan", "defs", "clipPath", "linearGradient", "radialGradient", "stop", "title", "desc"),
        *("marker", "pattern", "mask", "use", "symbol"),
    )
)
"""The elements of a drawing that only draw."""


def placed_figure(findings: Findings, name: str) -> Figure:
    """Return a figure of the analysis.

    Parameters
    ----------
    findings
        The results.
    name
        The figure's.

    Raises
    ------
    InputError
        If there is no such figure, or its file is gone.
    """
    said = findings.figure(name)
    path = _inside(findings.folder / str(said["file"]), findings.folder)
    content = _content(path, f"the figure {name!r}", "Run alignlab study analyze again.")
    if hashlib.sha256(content).hexdigest() != said.get("sha256"):
        raise InputError(
            f"{said['file']} is not the figure that the analysis drew. Run alignlab study analyze "
            "again; a picture of your own stands in a text as ![caption](file)."
        )
    title = str(said.get("title", name)).rstrip(".")
    description = str(said.get("description", ""))
    caption = f"{title}{'' if title.endswith('?') else '.'} {description}".rstrip()
    file = f"figure-{re.sub(r'[^A-Za-z0-9._-]', '-', name)}{path.suffix}"
    size = _size(content, path.suffix)
    return Figure(name, as_text(caption), caption, file, content, *size)


def placed_picture(
    folder: Path, source: str, *, root: Path, caption: tuple[Inline, ...], description: str
) -> Figure:
    """Return a picture that the author put there.

    Parameters
    ----------
    folder
        Of the file that names it.
    source
        As it is named there.
    root
        The study's folder, which it must be in.
    caption, description
        Below it, and for those who do not see it.

    Raises
    ------
    InputError
        If it is not there, not in the study's folder, or of another kind.
    """
    if re.match(r"[a-z][a-z0-9+.-]*:", source, re.IGNORECASE):
        raise InputError(f"the picture {source!r:.80} is not a file of this study; put it there.")
    path = _inside(folder / source, root)
    if path.suffix.lower() not in KINDS:
        raise InputError(f"the picture {source!r} is none of {', '.join(KINDS)}.")
    content = _content(path, f"the picture {source!r}", "")
    name = path.stem
    file = f"picture-{re.sub(r'[^A-Za-z0-9._-]', '-', name)}{path.suffix.lower()}"
    return Figure(name, caption, description, file, content, *_size(content, path.suffix.lower()))


def _inside(path: Path, root: Path) -> Path:
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise InputError(
            f"{path.name!r} is outside the study's folder; a paper reads nothing there."
        )
    return resolved


def _content(path: Path, what: str, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        message = f"{what} has no file {path.name}.{nearest(path.name, beside)} {remedy}"
        raise InputError(message.rstrip()) from error


def _size(content: bytes, suffix: str) -> tuple[float, float]:
    """Return width and height in CSS pixels; 0 where they are not known."""
    if suffix == ".png" and content[:8] == b"\x89PNG\r\n\x1a\n":
        width, height = struct.unpack(">II", content[16:24])
        return width / 2, height / 2
    if suffix == ".svg":
        try:
            root = ElementTree.fromstring(content)
        except ElementTree.ParseError as error:
            raise InputError(f"an SVG of the paper is damaged: {error}.") from error
        box = (root.get("viewBox") or "").split()
        given = [re.match(r"[\d.]+", root.get(side) or "") for side in ("width", "height")]
        if given[0] and given[1]:
            return float(given[0][0]), float(given[1][0])
        if len(box) == 4:
            return float(box[2]), float(box[3])
    return 0.0, 0.0


def drawn_safely(content: bytes, *, prefix: str) -> str | None:
    """Return an SVG that only draws, for a page to hold; `None` if it does more than that.

    Parameters
    ----------
    content
        The SVG.
    prefix
        Before each of its ids, so that those of two drawings on a page differ.
    """
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        return None
    ids = {each.get("id") for each in root.iter() if each.get("id")}
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
        if element.tag not in DRAWN:
            return None
        for key, value in list(element.attrib.items()):
            bare = key.rpartition("}")[2]
            refers = re.fullmatch(r"url\(#([^)]+)\)|#(.+)", value)
            if bare.startswith("on") or (bare == "href" and not value.startswith("#")):
                return None
            if refers and (target := refers[1] or refers[2]) in ids:
                value = value.replace(f"#{target}", f"#{prefix}{target}")
            elif "url(" in value or bare == "style":
                return None
            del element.attrib[key]
            element.set(bare, f"{prefix}{value}" if bare == "id" else value)
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return ElementTree.tostring(root, encoding="unicode")
