"""What several commands of `alignlab study` take and say: the study's folder, and times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Folder", "duration"]

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The study's folder.", show_default="here")
]
"""Give it the default `Path(".")`."""


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(0.02), duration(75), duration(4000), duration(200_000)
    ('0.02 s', '1 min 15 s', '1 h 7 min', '2 d 8 h')
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    at = next(i for i, (_, size) in enumerate(units) if seconds >= size)
    (large, size), (small, part) = units[at], units[at + 1]
    parts = round(seconds / part)
    whole, rest = divmod(parts, size // part)
    return f"{whole} {large}" + (f" {rest} {small}" if rest else "")
