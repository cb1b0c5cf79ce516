"""An image, and what may be painted over in it: pieces of like colour.

A piece that is left out is filled with its own mean colour, with a blurred copy of the image (a
Gaussian as wide as half a piece), or with a stated value. A piece that the filling does not change
cannot be left out, and its coefficient is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from alignlab.errors import InputError, require_choice
from alignlab.transparency.pool import chunks
from alignlab.transparency.surrogates.neighbourhood import SPREAD_OF_TWO, Neighbourhood
from alignlab.transparency.surrogates.sampling import LocalFeature
from alignlab.transparency.surrogates.superpixels import superpixels
from alignlab.transparency.surrogates.texts import neighbourhood_of_two

__all__ = ["ImageSubject", "image_subject"]

Index = NDArray[np.intp]

DEFAULT_PIECES = 50

BLOCK_BYTES = 2**26

IN_CACHE = 2**18


@dataclass(frozen=True, eq=False)
class ImageSubject:
    """An image, its pieces, and what fills them.

    Attributes
    ----------
    features
        One a piece.
    image
        As given.
    picture
        The same with channels first and values from 0 to 1, shape (channels, H, W).
    segments
        The piece of each pixel, shape (H, W).
    """

    features: tuple[LocalFeature, ...]
    image: NDArray[Any] = field(repr=False)
    picture: NDArray[np.float64] = field(repr=False)
    segments: Index = field(repr=False)
    filling: NDArray[Any] = field(repr=False)

    @property
    def row(self) -> Any:
        """The image, as the model takes it."""
        return self.image[None]

    @property
    def at_once(self) -> int:
        """Images in one call."""
        return max(1, BLOCK_BYTES // max(self.image.nbytes, 1))

    def neighbourhood(self, width: float) -> Neighbourhood:
        """Return where samples come from."""
        return neighbourhood_of_two(sum(each.moves for each in self.features), width)

    def rows(self, choices: Index) -> Any:
        """Return images with pieces filled, which `choices` marks by 1."""
        moving = np.flatnonzero([each.moves for each in self.features])
        left = np.zeros((len(choices), len(self.features)), dtype=bool)
        left[:, moving] = choices == 1
        pieces = self.segments
        if self.image.ndim == 3:
            pieces = pieces[None] if _channels_first(self.image) else pieces[..., None]
        # One long line an image: a mask that is broadcast over channels is several times slower.
        owner = np.broadcast_to(pieces, self.image.shape).reshape(-1)
        filling, image = self.filling.reshape(-1), self.image.reshape(-1)
        made = np.empty((len(choices), image.size), dtype=self.image.dtype)
        for part in chunks(len(choices), max(1, IN_CACHE // image.size)):
            made[part] = np.where(left[part][:, owner], filling, image)
        return made.reshape(len(choices), *self.image.shape)


def image_subject(
    image: Any,
    *,
    segments: int | NDArray[np.integer[Any]] | None = None,
    fill: str | float = "mean",
) -> ImageSubject:
    """Return an image as a subject.

    Parameters
    ----------
    image
        Shape (H, W), (channels, H, W) or (H, W, channels), with 1 or 3 channels; any size.
    segments
        About how many pieces, or the piece of each pixel, shape (H, W). `None` takes 50, and no
        more than a quarter of the pixels.
    fill
        "mean", "blur", or a value for all pixels.

    Raises
    ------
    InputError
        If the image, the pieces or the filling are not as above.
    """
    if hasattr(image, "detach"):
        image = image.detach().cpu().numpy()
    image = np.asarray(image)
    if image.ndim not in (2, 3) or (
        image.ndim == 3 and not {image.shape[0], image.shape[2]} & {1, 3}
    ):
        raise InputError(
            f"The image has the shape {image.shape}. Give (H, W), (channels, H, W) or (H, W, "
            "channels) with 1 or 3 channels."
        )
    if not np.issubdtype(image.dtype, np.number) or not np.isfinite(image).all():
        raise InputError(
            f"The image of {image.dtype} holds something that is not a finite number. Give "
            "numbers, such as image.astype(float)."
        )
    first = image[None] if image.ndim == 2 else image
    first = first if image.ndim == 2 or _channels_first(image) else np.moveaxis(image, -1, 0)
    picture = _unit(first)
    height, width = picture.shape[1:]
    if segments is None:
        segments = max(1, min(DEFAULT_PIECES, height * width // 4))
    if isinstance(segments, int | np.integer):
        pieces = superpixels(picture, int(segments))
    else:
        pieces = np.asarray(segments)
        if pieces.shape != (height, width) or not np.issubdtype(pieces.dtype, np.integer):
            raise InputError(
                f"segments has the shape {pieces.shape} and the type {pieces.dtype}. Give a whole "
                f"number, or one a pixel in the shape {(height, width)}."
            )
        pieces = np.unique(pieces, return_inverse=True)[1].reshape(height, width)
    filled = _filled(first, pieces, fill)
    changed = np.bincount(pieces.reshape(-1), (filled != first).any(axis=0).reshape(-1)) > 0
    if not changed.any():
        raise InputError(
            "Filling changes no pixel: the image is of one colour in every piece. Give another "
            "fill=, such as a value that it does not hold."
        )
    number = np.arange(pieces.max() + 1)
    centres = np.array(ndimage.center_of_mass(np.ones_like(pieces), pieces, number)).tolist()
    features = tuple(
        LocalFeature(
            f"piece {at}", f"around row {y:.0f}, column {x:.0f}", "superpixel", SPREAD_OF_TWO,
            bool(moves),
        )
        for at, ((y, x), moves) in enumerate(zip(centres, changed, strict=True))
    )  # fmt: skip
    layout = filled[0] if image.ndim == 2 else filled
    if image.ndim == 3 and not _channels_first(image):
        layout = np.moveaxis(filled, 0, -1)
    return ImageSubject(features, image, picture, pieces, layout.astype(image.dtype))


def _channels_first(image: NDArray[Any]) -> bool:
    # (3, H, 3) could be either: channels stand first in this package.
    return image.shape[0] in (1, 3)


def _unit(image: NDArray[Any]) -> NDArray[np.float64]:
    """Return values from 0 to 1, for comparing colours and for drawing."""
    values = image.astype(np.float64)
    if np.issubdtype(image.dtype, np.integer) and image.dtype.itemsize == 1:
        return values / 255
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return values
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def _filled(image: NDArray[Any], pieces: Index, fill: str | float) -> NDArray[Any]:
    if isinstance(fill, str):
        require_choice(fill, ["mean", "blur"], what="fill")
        if fill == "blur":
            sigma = 0.5 * np.sqrt(pieces.size / (pieces.max() + 1))
            made = np.stack([ndimage.gaussian_filter(each.astype(float), sigma) for each in image])
        else:
            number = np.arange(pieces.max() + 1)
            made = np.stack([ndimage.mean(each, pieces, number)[pieces] for each in image])
    elif not np.isfinite(fill):
        raise InputError(f"fill={fill!r} is not a finite number.")
    else:
        made = np.full(image.shape, float(fill))
    if np.issubdtype(image.dtype, np.integer):
        bounds = np.iinfo(image.dtype)
        made = np.clip(np.round(made), bounds.min, bounds.max)
    made = made.astype(image.dtype)
    # A mean differs from equal values by rounding alone.
    return np.where(np.isclose(made, image, rtol=1e-6, atol=0), image, made)
