"""Names that stand for people and lead back to them only with a key.

    pseudonym = "p-" + the first 16 hexadecimal digits of HMAC-SHA256(key, name)

A plain hash of a name hides nobody: whoever knows the names of a team hashes them all and compares.
The key is 32 random bytes, in a file of the review's folder that is its owner's alone, so a person
has one pseudonym in all exports of a review, and another one in other reviews.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from pathlib import Path

from alignlab.errors import InputError, OutputError

__all__ = ["LEAST_BYTES", "Pseudonyms", "kept_key"]

KEY_FILE = "pseudonyms.key"

LEAST_BYTES = 16
"""Of a key; fewer can be tried out."""

DIGITS = 16


class Pseudonyms:
    """Pseudonyms under one key.

    Parameters
    ----------
    key
        At least 16 bytes that nobody can guess.

    Raises
    ------
    InputError
        If the key is too short, or two people come out alike.

    Examples
    --------
    >>> names = Pseudonyms(bytes(32))
    >>> names("ana"), names("bo"), names("")
    ('p-aa50888b6abcd3a0', 'p-76247780e877901b', '')
    """

    def __init__(self, key: bytes) -> None:
        if not isinstance(key, bytes) or len(key) < LEAST_BYTES:
            raise InputError(
                f"The key of the pseudonyms is {type(key).__name__} of length "
                f"{len(key) if isinstance(key, bytes | str) else 0}. Give at least {LEAST_BYTES} "
                "random bytes, such as secrets.token_bytes(32), or none: the review keeps one."
            )
        self._key = key
        self._given: dict[str, str] = {"": ""}
        self._people: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """Return a person's pseudonym; nobody's is empty."""
        found = self._given.get(name)
        if found is None:
            digest = hmac.new(self._key, name.encode(), "sha256").hexdigest()
            found = self._given[name] = f"p-{digest[:DIGITS]}"
            if self._people.setdefault(found, name) != name:
                raise InputError("Two people have one pseudonym under this key. Give another key.")
        return found


def kept_key(folder: Path) -> bytes:
    """Return the key that a review's folder keeps; the first time it is made.

    Raises
    ------
    InputError
        If the file does not hold a key.
    OutputError
        If it cannot be read or made.
    """
    path = folder / KEY_FILE
    try:
        with contextlib.suppress(FileNotFoundError):
            return _read(path)
        # Written aside and linked: of two exports that begin at once, both get the key of one.
        aside = folder / f".{KEY_FILE}.{secrets.token_hex(8)}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(secrets.token_hex(32) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
        finally:
            aside.unlink()
        return _read(path)
    except InputError:
        raise
    except OSError as error:
        raise OutputError(
            f"The key of the pseudonyms, {path}, cannot be read or made: "
            f"{error.strerror or error}. Give key=, or make the folder writable."
        ) from error


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) < LEAST_BYTES:
        raise InputError(
            f"{path} does not hold a key. Restore it: under another key everybody has another name."
        )
    return key
