"""Images with their classes, and what else is known of each: the breed, the camera, the hospital.

Pixels are floats from 0 to 1, channels stand before height and width, and a class is its position
in a list of names, so that whoever takes an `ImageData` has nothing left to find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets.table import require_column
from alignlab.errors import InputError, listed, nearest
from alignlab.random import as_generator

__all__ = ["ImageData", "ImageSplit"]

CHANNELS = (1, 3)
"""Grey, or red, green and blue."""

SLACK = 1e-6
"""A float may pass 0 or 1 by this much, as resampled images do; it is brought back."""


class ImageSplit(NamedTuple):
    """Images to fit on, and images held out."""

    train: ImageData
    held_out: ImageData


@dataclass(frozen=True, eq=False, repr=False)
class ImageData:
    """Images, their classes, and further columns about each.

    Parameters
    ----------
    images
        n images: shape (n, H, W), (n, channels, H, W) or (n, H, W, channels), with 1 or 3
        channels; whole numbers of 8 bits, or floats from 0 to 1.
    labels
        Each image's class: its position in `classes` or its name, shape (n,).
    classes
        The names of the classes. Where left out they are the names that `labels` has, sorted, or
        the numbers up to the largest.
    columns
        What else is known: n rows, in the images' order.
    name
        What the report calls the data.

    Attributes
    ----------
    images
        Shape (n, channels, H, W), float32, from 0 to 1.
    labels
        Positions in `classes`, shape (n,), int64.
    classes, columns, name
        As above; the columns' rows are numbered from 0.

    Raises
    ------
    InputError
        If there is no image, or shapes, pixels, labels or columns are not as above.

    Examples
    --------
    >>> data = ImageData(np.zeros((3, 8, 8), np.uint8), ["dog", "cat", "dog"])
    >>> data
    ImageData('images': 3 images of 8×8 pixels, 1 channel, 2 classes)
    >>> data.classes, data.labels.tolist()
    (('cat', 'dog'), [1, 0, 1])
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...] = ()
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    name: str = "images"

    def __post_init__(self) -> None:
        images = _pixels(self.images, self.name)
        labels, classes = _classes(self.labels, self.classes, len(images), self.name)
        columns = self.columns.reset_index(drop=True)
        if len(columns.columns) == 0:
            columns = pd.DataFrame(index=pd.RangeIndex(len(images)))
        elif len(columns) != len(images):
            raise InputError(
                f"{self.name}: the columns have {_count(len(columns), 'row')} and there "
                f"{'is' if len(images) == 1 else 'are'} {_count(len(images), 'image')}: "
                "give one row an image."
            )
        for attribute, value in (
            ("images", images), ("labels", labels), ("classes", classes), ("columns", columns),
        ):  # fmt: skip
            object.__setattr__(self, attribute, value)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        channels, height, width = self.images.shape[1:]
        return (
            f"ImageData({self.name!r}: {_count(len(self), 'image')} of {height}×{width} pixels, "
            f"{_count(channels, 'channel')}, {_count(len(self.classes), 'class', 'classes')})"
        )

    @property
    def label_names(self) -> pd.Series:
        """The name of each image's class."""
        return pd.Series(np.array(self.classes, dtype=object)[self.labels], name="label")

    def take(self, rows: Any) -> ImageData:
        """Return some of the images.

        Parameters
        ----------
        rows
            Their positions, or a mask, shape (n,).
        """
        at = np.asarray(rows)
        if at.dtype == bool and at.shape != (len(self),):
            raise InputError(f"A mask of shape {at.shape} does not choose among {len(self)} rows.")
        at = np.flatnonzero(at) if at.dtype == bool else at.astype(np.intp)
        return ImageData(
            self.images[at], self.labels[at], self.classes, self.columns.iloc[at], self.name
        )

    def split(
        self,
        share: float = 0.2,
        *,
        seed: int | np.random.Generator = 0,
        by: str | Sequence[str] = (),
    ) -> ImageSplit:
        """Hold out a share of the images, the same of every class.

        Parameters
        ----------
        share
            The share to hold out, between 0 and 1.
        seed
            Chooses them.
        by
            Columns, such as "breed": the same share of each of their values is held out too, to
            within one image.

        Raises
        ------
        InputError
            If the share is not between 0 and 1 or leaves one side empty, or a column does not
            exist.

        Examples
        --------
        >>> breeds = pd.DataFrame({"breed": ["pug"] * 8 + ["boxer"] * 2})
        >>> data = ImageData(np.zeros((10, 8, 8)), ["dog"] * 10, columns=breeds)
        >>> data.split(0.5, by="breed").held_out.columns["breed"].tolist()
        ['pug', 'pug', 'pug', 'pug', 'boxer']
        """
        if not 0 < share < 1:
            raise InputError(f"share={share!r} is not between 0 and 1.")
        names = [by] if isinstance(by, str) else list(by)
        cells = self.labels
        for name in names:
            values = self.columns[require_column(self.columns, name, role="by")]
            codes, found = pd.factorize(values, use_na_sentinel=False)
            cells = cells * len(found) + codes
        rng = as_generator(seed, "images", "split")
        order = rng.permutation(len(self))
        order = order[np.argsort(cells[order], kind="stable")]
        # Every so many rows along the cells: each cell's part is its share, rounded up or down.
        passed = np.floor(share * np.arange(len(self) + 1) + rng.random())
        held = np.zeros(len(self), dtype=bool)
        held[order] = np.diff(passed) > 0
        if held.all() or not held.any():
            raise InputError(
                f"share={share!r} of {_count(len(self), 'image')} leaves one side empty."
            )
        return ImageSplit(self.take(~held), self.take(held))


def _pixels(given: Any, name: str) -> NDArray[np.float32]:
    images = np.asarray(given)
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in CHANNELS and images.shape[3] in CHANNELS:
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in CHANNELS:
        raise InputError(
            f"{name}: the images have shape {np.shape(given)}. Give (n, H, W) for grey ones, or "
            "(n, channels, H, W) with 1 or 3 channels."
        )
    if images.size == 0:
        raise InputError(f"{name}: there is no image (shape {np.shape(given)}).")
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images / np.float32(255))
    is_number = images.dtype.kind in "biuf"
    low, high = (float(images.min()), float(images.max())) if is_number else (np.nan, np.nan)
    whole = images.dtype.kind in "iu" and high > 1
    if whole or not (low >= -SLACK and high <= 1 + SLACK):  # NaN is neither
        raise InputError(
            f"{name}: the pixels are {images.dtype}"
            f"{f' from {low:.4g} to {high:.4g}' if is_number else ''}. Give uint8, or floats "
            "from 0 to 1."
        )
    return np.ascontiguousarray(np.clip(images, 0, 1), dtype=np.float32)


def _classes(
    given: Any, classes: Sequence[str], n: int, name: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return each label's position among the classes, and the classes."""
    if len(np.shape(given)) != 1 or len(given) != n:
        raise InputError(
            f"{name}: the labels have shape {np.shape(given)} and there "
            f"{'is' if n == 1 else 'are'} {_count(n, 'image')}: give one label an image."
        )
    labels, names = np.asarray(given), tuple(str(each) for each in classes)
    if len(set(names)) != len(names):
        twice = next(each for each in names if names.count(each) > 1)
        raise InputError(f"{name}: two classes are named {twice!r}. Rename one.")
    if labels.dtype.kind in "OUT":
        texts = [str(label) for label in labels]
        names = names or tuple(sorted(set(texts)))
        place = {each: at for at, each in enumerate(names)}
        unknown = next((text for text in texts if text not in place), None)
        if unknown is not None:
            raise InputError(
                f"{name}: the label {unknown!r} is none of the classes {listed(names)}."
                f"{nearest(unknown, names)}"
            )
        return np.array([place[text] for text in texts], dtype=np.int64), names
    if labels.dtype.kind not in "biu":
        raise InputError(
            f"{name}: the labels are {labels.dtype}. Give whole numbers from 0, or names."
        )
    labels = labels.astype(np.int64)
    names = names or tuple(str(number) for number in range(int(labels.max()) + 1))
    bad = (labels < 0) | (labels >= len(names))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: the label of image {row} is {labels[row]}, and there "
            f"{'is' if len(names) == 1 else 'are'} {_count(len(names), 'class', 'classes')}: "
            f"labels go from 0 to {len(names) - 1}."
        )
    return labels, names


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
