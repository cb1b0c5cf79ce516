"""An archive as bytes: the same files give the same archive, and its manifest tells them apart.

Paths are sorted, times are 1980-01-01, rights are those of a readable file. `MANIFEST.sha256` has
a line a file, as `sha256sum --check` reads it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

__all__ = ["MANIFEST", "manifest_text", "zip_bytes"]

MANIFEST = "MANIFEST.sha256"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def zip_bytes(folder: str, contents: Mapping[str, bytes]) -> bytes:
    """Return an archive of one folder with these files and their manifest.

    Examples
    --------
    >>> zip_bytes("a", {"x": b"1", "y": b"2"}) == zip_bytes("a", {"y": b"2", "x": b"1"})
    True
    """
    whole = {**contents, MANIFEST: manifest_text(contents).encode()}
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for path in sorted(whole):
            entry = ZipInfo(f"{folder}/{path}", LONG_AGO)
            entry.create_system = UNIX
            entry.external_attr = 0o100644 << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, whole[path])
    return out.getvalue()


def manifest_text(contents: Mapping[str, bytes]) -> str:
    """Return a line a file: its SHA-256, two spaces, its path.

    Examples
    --------
    >>> manifest_text({"a.txt": b""})[:20]
    'e3b0c44298fc1c149afb'
    """
    lines = [f"{hashlib.sha256(contents[path]).hexdigest()}  {path}" for path in sorted(contents)]
    return "\n".join(lines) + "\n"
