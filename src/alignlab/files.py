"""Files are written whole or not at all: into a temporary neighbour, flushed, then renamed.

What a person names is read here too, so that one error says which file, and which was meant.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from alignlab.errors import AlignlabError, InputError, OutputError, nearest

__all__ = [
    "bytes_of",
    "decoded",
    "replaced",
    "require_writable",
    "sha256_of_file",
    "text_of",
    "write_all",
    "write_whole",
]


def write_whole(path: Path, content: str | bytes) -> None:
    """Write one file so that a reader sees either the old content or the new one.

    Raises
    ------
    OutputError
        If the directory cannot be written or the disk is full.
    """
    write_all(path.parent, {path.name: content})


def write_all(directory: Path, contents: Mapping[str, str | bytes]) -> None:
    """Write several files into `directory`; if any cannot be written, none is replaced.

    Parameters
    ----------
    directory
        Made if it does not exist.
    contents
        File name to content; text is encoded as UTF-8.

    Raises
    ------
    OutputError
        If the directory cannot be written or the disk is full. The temporary files are gone and
        the files that stood there before are untouched.
    """
    with replaced(directory, contents) as temporaries:
        for temporary, content in zip(temporaries, contents.values(), strict=True):
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def replaced(directory: Path, names: Iterable[str]) -> Iterator[tuple[Path, ...]]:
    """Give temporary files to write into; when the block ends well they take their names, all.

    Use it where the content is too large to be held; `write_all` is for what is at hand.

    Parameters
    ----------
    directory
        Made if it does not exist.
    names
        The files', one temporary file each, in this order.

    Raises
    ------
    OutputError
        If the directory cannot be written or the disk is full. The temporary files are gone and
        the files that stood there before are untouched, as they are after any other error.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replaced(folder, ["a.txt"]) as (temporary,):
    ...     _ = temporary.write_text("whole")
    >>> (folder / "a.txt").read_text()
    'whole'
    """
    made_directory = not directory.exists()
    waiting: dict[Path, Path] = {}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in names:
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
            os.close(handle)
            waiting[Path(temporary)] = directory / name
        yield tuple(waiting)
        for temporary_path in waiting:
            with temporary_path.open("rb+") as stream:
                os.fsync(stream.fileno())
        for temporary_path, final in waiting.items():
            temporary_path.chmod(0o644)
            temporary_path.replace(final)
    except BaseException as error:  # an interrupt, too, leaves nothing lying about
        for temporary_path in waiting:
            temporary_path.unlink(missing_ok=True)
        if made_directory:
            with contextlib.suppress(OSError):
                directory.rmdir()
        if not isinstance(error, OSError) or isinstance(error, AlignlabError):
            raise
        raise _cannot_write(directory, error) from error


def require_writable(directory: Path) -> None:
    """Raise now what `write_all` would raise after hours of work; nothing is left behind.

    Parameters
    ----------
    directory
        Where files will be written; it need not exist yet.

    Raises
    ------
    OutputError
        If a file stands in its way, or nothing can be written there.
    """
    nearest = next(place for place in (directory, *directory.resolve().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as stream:
            stream.write(b"room?")
            stream.flush()
    except OSError as error:
        raise _cannot_write(directory, error) from error


def _cannot_write(directory: Path, error: OSError) -> OutputError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "Free some space" if full else "Make it writable"
    return OutputError(
        f"Cannot write to {directory}: {error.strerror or error}. Nothing was written. "
        f"{remedy}, or write to another directory."
    )


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def text_of(path: Path) -> str:
    """Return the text of a file in UTF-8, without a byte order mark.

    Raises
    ------
    InputError
        If it cannot be read, or is no such text; the message names the line.
    """
    return decoded(bytes_of(path), str(path))


def bytes_of(path: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    InputError
        If it cannot be read; the message names the file beside it whose name is the nearest.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        lost = isinstance(error, FileNotFoundError) and path.parent.is_dir()
        beside = [each.name for each in path.parent.iterdir()] if lost else []
        raise InputError(
            f"Cannot read {path}: {error.strerror or error}.{nearest(path.name, beside)}"
        ) from error


def decoded(content: bytes, name: str) -> str:
    r"""Return content as text, without a byte order mark.

    Parameters
    ----------
    content
        Text in UTF-8.
    name
        What messages call the file.

    Raises
    ------
    InputError
        If it is no such text.

    Examples
    --------
    >>> decoded(b"a: 1\nb: \xff", "a.yaml")
    Traceback (most recent call last):
    alignlab.errors.InputError: a.yaml:2: this is not UTF-8 text. Save the file as UTF-8.
    """
    try:
        # Line ends of every system are one, as where a file is opened as text.
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}:{line}: this is not UTF-8 text. Save the file as UTF-8."
        ) from error
