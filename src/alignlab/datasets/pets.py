"""Cats and dogs by breed: drawn ones, as many as are asked for, and a local Oxford-IIIT Pet folder.

A drawn pet's species is its shape: cats have pointed ears, slit pupils and whiskers, dogs hanging
ears, round eyes and a broad muzzle. Its breed is its coat. Breeds are as unequally frequent as in
life, and the rare ones of either species wear a coat that is common in the other, so that a
classifier which goes by the coat is right about most pets and wrong about some breeds, as ordinary
ones are [sagawa2020distributionally]. The folder is that of [parkhi2012cats].
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets.images import ImageData
from alignlab.datasets.pet_drawings import draw_pets
from alignlab.errors import InputError, MissingExtraError, nearest
from alignlab.random import as_generator, row_streams

__all__ = ["BREEDS", "Breed", "drawn_pets", "read_pets"]

SPECIES = ("cat", "dog")


class Breed(NamedTuple):
    """A drawn breed: its species, its coat, and its share of all pets."""

    species: str
    coat: str
    share: float


BREEDS = {
    "tabby": Breed("cat", "striped", 0.225),
    "russian blue": Breed("cat", "grey", 0.16),
    "siamese": Breed("cat", "pointed", 0.075),
    "golden persian": Breed("cat", "golden", 0.025),
    "egyptian mau": Breed("cat", "spotted", 0.015),
    "golden retriever": Breed("dog", "golden", 0.225),
    "dalmatian": Breed("dog", "spotted", 0.16),
    "beagle": Breed("dog", "tricolour", 0.075),
    "weimaraner": Breed("dog", "grey", 0.025),
    "brindle boxer": Breed("dog", "striped", 0.015),
}
"""The drawn breeds, by name."""

PICTURES = (".jpg", ".jpeg", ".png")

AT_ONCE = 64
"""Pets drawn together: a shape's mask is then small enough to stay in the processor's cache."""


def drawn_pets(
    n: int,
    *,
    size: int = 32,
    seed: int = 0,
    shares: Mapping[str, float] | None = None,
) -> ImageData:
    """Draw pets: heads of cats and dogs of ten breeds.

    Use it to try what treats groups of images unequally, without a download. What holds of drawn
    pets need not hold of photographs.

    Parameters
    ----------
    n
        How many.
    size
        Their height and width in pixels, from 8.
    seed
        Of all that is random. A pet is the same however many are drawn after it.
    shares
        Each breed's share, by name; a breed left out is not drawn. By default those of `BREEDS`.

    Returns
    -------
    ImageData
        Labels are species; the columns are `species` again, for comparing breeds within it, and
        `breed`.

    Raises
    ------
    InputError
        If a number is out of range or there is no such breed.

    Examples
    --------
    >>> pets = drawn_pets(4, seed=1)
    >>> pets.images.shape, pets.classes
    ((4, 3, 32, 32), ('cat', 'dog'))
    >>> list(pets.columns["breed"])
    ['golden retriever', 'tabby', 'golden retriever', 'tabby']
    """
    _require_whole("n", n, 1)
    _require_whole("size", size, 8)
    as_generator(seed)  # says what is wrong with a seed
    names, cumulative = _shares(shares)
    streams = row_streams(seed, n, "pets")
    # The last sum may round to just below 1, and a draw may lie between.
    drawn = np.searchsorted(cumulative[:-1], streams.child("breed").uniform(1)[:, 0])
    images = np.empty((n, 3, size, size), dtype=np.float32)
    for code, breed in enumerate(names):
        rows = np.flatnonzero(drawn == code)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            images[some] = draw_pets(BREEDS[breed].species, BREEDS[breed].coat, streams[some], size)
    species = np.array([BREEDS[name].species for name in names])[drawn]
    columns = pd.DataFrame({"species": species, "breed": np.array(names)[drawn]})
    return ImageData(images, species, SPECIES, columns, "drawn pets")


def read_pets(folder: str | Path, *, size: int = 64) -> ImageData:
    """Read the Oxford-IIIT Pet images from a folder on this machine.

    Parameters
    ----------
    folder
        Holds the pictures, or the folders `images` and `annotations` as they are distributed. With
        annotations/list.txt the pictures listed there are read, else all. A picture's file says
        its breed and its species: `Abyssinian_12.jpg` is a cat, `great_pyrenees_3.jpg` a dog.
    size
        Their height and width in pixels, from 8: each picture's middle square is brought to it.

    Returns
    -------
    ImageData
        Labels are species; the columns are `species`, `breed` and `file`.

    Raises
    ------
    InputError
        If there are no such pictures, or one is missing, misnamed or cannot be read.
    MissingExtraError
        If Pillow is not installed.

    References
    ----------
    [parkhi2012cats]
    """
    _require_whole("size", size, 8)
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Pillow", "images", "Reading pictures of pets") from error
    where = Path(folder)
    if not where.is_dir():
        raise InputError(f"There is no folder {folder}. Name the one that holds the pictures.")
    pictures = where / "images" if (where / "images").is_dir() else where
    files = _listed(where / "annotations" / "list.txt", pictures) or sorted(
        file for file in pictures.iterdir() if file.suffix.lower() in PICTURES
    )
    if not files:
        raise InputError(
            f"{pictures} holds no pictures ({', '.join(PICTURES)}). Unpack images.tar.gz of the "
            "Oxford-IIIT Pet data there."
        )
    breeds = [_breed(file) for file in files]
    images = np.stack([_square(file, size) for file in files])
    species = np.array([SPECIES[0] if breed[0].isupper() else SPECIES[1] for breed in breeds])
    columns = pd.DataFrame(
        {
            "species": species,
            "breed": [breed.replace("_", " ").lower() for breed in breeds],
            "file": [file.name for file in files],
        }
    )
    return ImageData(images, species, SPECIES, columns, where.name or "pets")


def _listed(annotations: Path, pictures: Path) -> list[Path]:
    """Return the pictures that the list names, none if there is no list."""
    if not annotations.is_file():
        return []
    lines = annotations.read_text(encoding="utf-8").splitlines()
    names = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    files = [pictures / f"{name}.jpg" for name in names]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise InputError(
            f"{pictures} lacks {len(missing)} of the {len(files)} pictures that {annotations} "
            f"lists, such as {missing[0]}. Unpack images.tar.gz there anew."
        )
    return files


def _breed(file: Path) -> str:
    breed, _, number = file.stem.rpartition("_")
    if not breed or not number.isdigit():
        raise InputError(
            f"{file} is not named by its breed and a number, as Abyssinian_12.jpg is. Rename it, "
            "or take it out of the folder."
        )
    return breed


def _square(file: Path, size: int) -> Any:
    """Return a picture's middle square, shape (size, size, 3)."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
            return np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{file} cannot be read as a picture ({error}). Take it out of the folder."
        ) from error


def _require_whole(name: str, given: object, least: int) -> None:
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < least:
        raise InputError(f"{name}={given!r} is not a whole number from {least}.")


def _shares(shares: Mapping[str, float] | None) -> tuple[list[str], NDArray[np.float64]]:
    given = shares if shares is not None else {name: breed.share for name, breed in BREEDS.items()}
    for name, share in given.items():
        if name not in BREEDS:
            raise InputError(
                f"There is no drawn breed {name!r}; there are {', '.join(BREEDS)}."
                f"{nearest(str(name), BREEDS)}"
            )
        if not 0 <= share < np.inf:
            raise InputError(f"The share of {name!r} is {share!r}; give a number from 0.")
    names = [name for name in BREEDS if given.get(name, 0) > 0]
    if not names:
        raise InputError("No breed has a share above 0. Give at least one, such as {'beagle': 1}.")
    cumulative = np.cumsum([given[name] for name in names])
    return names, cumulative / cumulative[-1]
