"""Typst at work: files in, a PDF or a drawing out; what it complains of names the author's line.

Typst sees the files that it is given and an empty folder, so that no text reads anything else; it
brings its own letters, so that the same files give the same bytes on every machine. No date is
written into the PDF.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from alignlab.errors import InputError, MissingExtraError

__all__ = ["html_of", "pdf_of", "undrawn"]

NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""What the clock says to a text that asks; nothing in the template does."""

PICTURES = (".svg", ".png", ".jpg", ".jpeg", ".pdf")

EXPERIMENTAL = "html export is under active development"


def pdf_of(files: Mapping[str, bytes], *, hint: Callable[[str], str] | None = None) -> bytes:
    """Return the PDF that Typst makes of files.

    Parameters
    ----------
    files
        By name; `main.typ` is the first to read.
    hint
        Says more about a label that does not exist, such as the nearest one.

    Raises
    ------
    InputError
        If Typst refuses them or warns: "file:line: what is wrong".
    MissingExtraError
        If typst is not installed.
    """
    return _set(files, "pdf", hint)


def html_of(files: Mapping[str, bytes]) -> str:
    """Return the HTML that Typst makes of files; used for citations, which it does by the book."""
    return _set(files, "html", None).decode()


def undrawn(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the letters for which Typst brings no drawing, and sets an empty box without a word.

    A PDF for archives may hold no such box: Typst is asked for one, and its complaints are read.
    It is asked only where there are letters beyond those of Europe.

    >>> undrawn({"main.typ": "Ångström, Ελλάδα: 5 ≤ 6, 漢字".encode()})
    ('漢', '字')
    """
    text = "".join(each.decode() for name, each in files.items() if not name.endswith(PICTURES))
    if not re.search(r"[^\u0000-\u024f\u0370-\u045f\u2010-\u2026\u2212]", text):
        return ()
    try:
        _compile(files, "pdf", pdf_standards=["a-2u"])
    except RuntimeError as error:
        said = str(getattr(error, "diagnostic", ""))
        return tuple(dict.fromkeys(re.findall('text `"(.+?)"` could not be displayed', said)))
    return ()


def _set(files: Mapping[str, bytes], form: str, hint: Callable[[str], str] | None) -> bytes:
    try:
        import typst
    except ImportError as error:
        raise MissingExtraError("typst", "study", "Typesetting a paper") from error
    try:
        made, warnings = _compile(files, form)
    except typst.TypstError as error:
        raise InputError(_line(error, hint)) from error
    told = [each for each in warnings if EXPERIMENTAL not in str(each)]
    if told:
        raise InputError(_line(told[0], hint))
    return made if isinstance(made, bytes) else b"".join(made)


def _compile(files: Mapping[str, bytes], form: str, **more: Any) -> Any:
    import typst

    compile_files: Any = typst.compile_with_warnings  # its stub does not know of several files
    with tempfile.TemporaryDirectory(prefix="alignlab-paper-") as empty:
        return compile_files(
            dict(files),
            root=empty,
            package_path=empty,
            package_cache_path=empty,
            ignore_system_fonts=True,
            format=form,
            timestamp=NO_TIME,
            **more,
        )


def _line(error: Any, hint: Callable[[str], str] | None) -> str:
    """Return what Typst says as one line that begins with the place."""
    message = " ".join(str(getattr(error, "message", error)).split())
    place = re.search(r"┌─ ([^\n]+?):(\d+):\d+", str(getattr(error, "diagnostic", "")))
    file = re.sub(r"^.*alignlab-paper-[^/]+/", "", place[1]).lstrip("/") if place else ""
    where = f"{file}:{place[2]}: " if place else ""
    label = re.search(r"label `<([^>]+)>` does not exist", message)
    more = hint(label[1]) if label and hint else ""
    message = re.sub(r" \(searched at [^)]*\)", "", message)
    return f"{where}Typst says: {message}.{more}"
