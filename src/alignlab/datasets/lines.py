"""Lines of JSON that a file grows by: what was appended stays, and a line cut short never was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from alignlab.errors import InputError, OutputError

__all__ = ["append_lines", "read_lines"]


def read_lines(path: Path) -> list[tuple[int, Any]]:
    """Return the JSON values of a file with their line numbers; none if there is no file.

    A last line without its end is still being written, or never was: it is left out.

    Raises
    ------
    InputError
        If a whole line is not JSON, or the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    found = []
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        if not line.strip():
            continue
        try:
            found.append((number, json.loads(line)))
        except json.JSONDecodeError as error:
            raise InputError(
                f"Line {number} of {path} is not JSON: {error.msg} at column {error.colno}. "
                "Write one object a line."
            ) from error
    return found


def append_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """Append one JSON object a line; what was there stays, but for a line cut short.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    lines = "".join(json.dumps(v, ensure_ascii=False, allow_nan=False) + "\n" for v in values)
    if not lines:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as stream:
            stream.seek(0)
            held = stream.read()
            stream.truncate(held.rfind(b"\n") + 1)
            stream.write(lines.encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"Cannot append to {path}: {reason}. Free some space or move it."
        ) from error
