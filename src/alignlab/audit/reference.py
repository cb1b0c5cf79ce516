"""The rows that an audit's rows are compared with, checked before a model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from alignlab.audit.images import images_given, size_in_words
from alignlab.datasets import ImageData, TableData, read_table
from alignlab.errors import InputError, listed, nearest
from alignlab.uncertainty.outliers.rows import require_alike

__all__ = ["read_reference"]


def read_reference(
    given: Any, *, features: pd.DataFrame, images: ImageData | None
) -> pd.DataFrame | ImageData | None:
    """Return other rows with the columns of those that are audited, or images of their size.

    Parameters
    ----------
    given
        A data frame, a `TableData`, a file; `ImageData`, a file or a folder of pictures; or `None`.
    features
        The columns that describe an audited row.
    images
        The audited images; `None` where the rows are a table's.

    Raises
    ------
    InputError
        If it holds no rows, is not of the same form, or a column is absent or of another kind.

    Examples
    --------
    >>> rows = pd.DataFrame({"age": [30, 40]})
    >>> read_reference(rows.assign(more=1), features=rows, images=None)["age"].tolist()
    [30, 40]
    """
    if given is None:
        return None
    name = f"--reference {given}" if isinstance(given, str | Path) else "The reference"
    pictures = images_given(given)
    if images is not None or pictures is not None:
        return _pictures(pictures, images, name)
    frame = given.frame if isinstance(given, TableData) else read_table(given)
    if not len(frame):
        raise InputError(f"{name} has no rows, so there is nothing to compare with.")
    columns = list(features.columns)
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        meant = nearest(str(absent[0]), map(str, frame.columns))
        more = f" ({len(absent)} such)" if len(absent) > 1 else ""
        raise InputError(
            f"{name} does not have the column {absent[0]!r}{more}, which the audited rows have."
            f"{meant or f' Its columns: {listed(frame.columns)}.'} Give rows with the same columns."
        )
    frame = frame[columns].reset_index(drop=True)
    require_alike(frame, features, what="the audited rows")
    return frame


def _pictures(given: ImageData | None, images: ImageData | None, name: str) -> ImageData:
    if given is None or images is None:
        forms = ("a table", "images") if given is None else ("images", "a table")
        raise InputError(
            f"{name} is {forms[0]}, and the audited rows are {forms[1]}. Give both in one form."
        )
    if given.images.shape[1:] != images.images.shape[1:]:
        raise InputError(
            f"{name} holds images of {size_in_words(given)}, and the audited ones have "
            f"{size_in_words(images)}. Give images of one size."
        )
    return given
