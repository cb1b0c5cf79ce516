"""Images as what an audit is about: their class is the target, their columns say whom they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alignlab.datasets import ImageData, TableData, load_images, read_images
from alignlab.datasets.image_files import IMAGES
from alignlab.errors import InputError

__all__ = ["LABEL", "described", "images_given", "size_in_words"]

LABEL = "label"
"""The target's column where the rows are images."""


def images_given(given: Any) -> ImageData | None:
    """Return what was given if it is images: in memory, by name, in a file or folder."""
    if isinstance(given, ImageData):
        return given
    if not isinstance(given, str | Path):
        return None
    path = Path(given)
    if str(given) in IMAGES and not path.exists():
        return load_images(str(given))
    named = path.suffix.lower() == ".npz" or path.is_dir()
    return read_images(path, name=path.name) if named else None


def described(images: ImageData) -> TableData:
    """Return what is known of images as a table: their class, and their columns."""
    if LABEL in images.columns:
        raise InputError(
            f"{images.name} has a column {LABEL!r}, and an audit calls the images' class so. "
            "Rename the column."
        )
    # A picture's file names it and describes nothing.
    held_back = tuple(name for name in ("file",) if name in images.columns)
    frame = images.columns.assign(**{LABEL: images.label_names})
    return TableData(frame, target=LABEL, not_features=held_back, name=images.name)


def size_in_words(images: ImageData) -> str:
    """Return what the report says of the images' size."""
    channels, height, width = images.images.shape[1:]
    return f"{height}×{width} pixels, {'grey' if channels == 1 else 'coloured'}"
