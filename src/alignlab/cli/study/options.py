"""What several commands of `alignlab study` take: the study's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Folder"]

Folder = Annotated[
    Path, typer.Argument(metavar="[FOLDER]", help="The study's folder.", show_default="here")
]
"""Give it the default `Path(".")`."""
