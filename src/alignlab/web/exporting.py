"""What people said, to be taken away: a file that is whole before its first byte is sent."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from alignlab.oversight.exports import Format, export
from alignlab.oversight.exports.exporting import ENDINGS

__all__ = ["Format", "exported"]


def exported(review: Any, format: Format, *, pseudonyms: bool = False) -> Response:
    """Return an export as a response; the header `X-Alignlab-Head` is the archive's head.

    Parameters
    ----------
    review
        A `Review`.
    format
        As of `export`.
    pseudonyms
        Whether people stand under pseudonyms.
    """
    folder = Path(tempfile.mkdtemp(prefix="alignlab-export-"))
    try:
        path = folder / f"answers{ENDINGS[format][0]}"
        made = export(review, path, format=format, pseudonyms=pseudonyms)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        filename=path.name,
        media_type="application/octet-stream",
        headers={"X-Alignlab-Head": str(made.head.hash), "X-Alignlab-Rows": str(made.rows)},
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )
