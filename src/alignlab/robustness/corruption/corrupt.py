"""The 15 common corruptions of images, in five severities, for images of any size from 8 × 8.

After [hendrycks2019benchmarking], which made them for photographs of 32 × 32 and of 224 × 224
pixels: strengths lie between the two by the logarithm of the side, and lengths are shares of the
side. What is drawn at random is each image's own and the same at every severity, which only makes
it stronger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets import ImageData
from alignlab.errors import InputError, require_choice
from alignlab.random import RowStreams, row_streams
from alignlab.robustness.corruption import blur, digital, noise, weather
from alignlab.robustness.corruption.pixels import Images

__all__ = ["CORRUPTIONS", "SEVERITIES", "corrupt_images"]

CORRUPTIONS: Mapping[str, tuple[str, ...]] = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    "weather": ("snow", "frost", "fog", "brightness"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
}
"""The kinds of corruption, by their four groups."""

SEVERITIES = (1, 2, 3, 4, 5)

LEAST = 8
"""The fewest pixels of a side."""

AT_ONCE = 2**20
"""Numbers of images corrupted at once: their temporaries stay within tens of megabytes."""

_KINDS: dict[str, Callable[[Images, int, RowStreams], Images]] = {
    kind: getattr(module, kind)
    for group, module in (
        ("noise", noise), ("blur", blur), ("weather", weather), ("digital", digital),
    )
    for kind in CORRUPTIONS[group]
}  # fmt: skip


@overload
def corrupt_images(
    images: ImageData, kind: str, severity: int, *, rows: ArrayLike | None = None, seed: int = 0
) -> ImageData: ...


@overload
def corrupt_images(
    images: NDArray[Any], kind: str, severity: int, *, rows: ArrayLike | None = None, seed: int = 0
) -> NDArray[np.float32]: ...


def corrupt_images(
    images: ImageData | NDArray[Any],
    kind: str,
    severity: int,
    *,
    rows: ArrayLike | None = None,
    seed: int = 0,
) -> ImageData | NDArray[np.float32]:
    """Return images after one common accident.

    Use it to see whether a model holds where images are noisy, blurred, or badly compressed, or to
    train it on such images; to measure that, use `evaluate_corruptions`. It is not an attack: it
    knows nothing of the model.

    Parameters
    ----------
    images
        `ImageData`, or n images of shape (n, channels, H, W) from 0 to 1, with 1 or 3 channels and
        at least 8 × 8 pixels.
    kind
        One of the names in `CORRUPTIONS`.
    severity
        From 1 to 5.
    rows
        Numbers that name the images' random draws, shape (n,); by default their positions. An image
        with one number comes out the same whichever stand beside it.
    seed
        Decides the draws.

    Returns
    -------
    ImageData or ndarray
        As given; float32, from 0 to 1.

    Raises
    ------
    InputError
        If the kind or the severity is unknown, or the images are not as above.

    References
    ----------
    [hendrycks2019benchmarking]

    Examples
    --------
    >>> images = np.full((2, 1, 8, 8), 0.5)
    >>> noisy = corrupt_images(images, "gaussian_noise", 5)
    >>> bool(0.05 < noisy.std() < 0.15)
    True
    >>> bool((noisy[1:] == corrupt_images(images[1:], "gaussian_noise", 5, rows=[1])).all())
    True
    """
    require_choice(kind, _KINDS, what="kind")
    if severity not in SEVERITIES or isinstance(severity, bool):
        raise InputError(f"severity={severity!r} is not one of 1, 2, 3, 4, 5.")
    if isinstance(images, ImageData):
        x: NDArray[np.float32] = images.images
    else:
        x = ImageData(images, np.zeros(len(images), np.int64)).images  # checks them
    if min(x.shape[2:]) < LEAST:
        raise InputError(
            f"The images have {x.shape[2]}×{x.shape[3]} pixels, and a corruption is told from "
            f"another from {LEAST}×{LEAST} on."
        )
    names = np.arange(len(x)) if rows is None else np.asarray(rows)
    if names.shape != (len(x),):
        raise InputError(f"rows has shape {names.shape} and there are {len(x)} images.")
    streams = row_streams(seed, names, "corruption", kind)
    step = max(1, AT_ONCE // x[0].size)
    parts = [
        np.clip(_KINDS[kind](x[at : at + step], int(severity), streams[at : at + step]), 0, 1)
        for at in range(0, len(x), step)
    ]
    corrupted = np.concatenate(parts).astype(np.float32, copy=False)
    if not isinstance(images, ImageData):
        return corrupted
    return ImageData(corrupted, images.labels, images.classes, images.columns, images.name)
