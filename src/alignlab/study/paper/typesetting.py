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

__all__ = ["html_of", "pdf_of"]

NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""What the clock says to a text that asks; nothing in the template does."""

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


def _set(files: Mapping[str, bytes], form: str, hint: Callable[[str], str] | None) -> bytes:
    try:
        import typst
    except ImportError as error:
        raise MissingExtraError("typst", "study", "Typesetting a paper") from error
    compile_files: Any = typst.compile_with_warnings  # its stub does not know of several files
    with tempfile.TemporaryDirectory(prefix="alignlab-paper-") as empty:
        try:
            made, warnings = compile_files(
                dict(files),
                root=empty,
                package_path=empty,
                package_cache_path=empty,
                ignore_system_fonts=True,
                format=form,
                timestamp=NO_TIME,
            )
        except typst.TypstError as error:
            raise InputError(_line(error, hint)) from error
    told = [each for each in warnings if EXPERIMENTAL not in str(each)]
    if told:
        raise InputError(_line(told[0], hint))
    return made if isinstance(made, bytes) else b"".join(made)


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
