"""Records from files: a JSON object a line, or a row of a Parquet table, each with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

from alignlab.errors import InputError, nearest

__all__ = ["LINES", "PARQUET", "Record", "read_records"]

LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")

Record: TypeAlias = Mapping[str, Any]


def read_records(path: str | Path) -> tuple[list[str], list[Record]]:
    """Return the objects of a `.jsonl` or `.parquet` file, and what errors call their places."""
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in LINES + PARQUET:
        raise InputError(
            f"{path.name} has no ending of a file of preferences.{nearest(kind, LINES + PARQUET)} "
            "They end in .jsonl or .parquet."
        )
    word = "Line" if kind in LINES else "Row"
    numbered = list(_json_records(path) if kind in LINES else _parquet_records(path))
    if not numbered:
        raise InputError(f"The file {path.name} holds no record.")
    places = [f"{word} {number} of {path.name}" for number, _ in numbered]
    return places, [record for _, record in numbered]


def _json_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield the number of each line that is not empty and the object that it holds."""
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                record = json.loads(text) if text.strip() else None
            except UnicodeDecodeError as error:
                raise InputError(f"Line {number} of {path.name} is not UTF-8 text.") from error
            except json.JSONDecodeError as error:
                raise InputError(
                    f"Line {number} of {path.name} is not JSON: {error.msg} at character "
                    f"{error.pos}."
                ) from error
            if record is None:
                continue
            if not isinstance(record, dict):
                raise InputError(f"Line {number} of {path.name} is not a JSON object.")
            yield number, record


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"There is no file {str(path)!r}.{nearest(path.name, names)}") from error
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error


def _parquet_records(path: Path) -> Iterator[tuple[int, Record]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _opened(path) as stream:
        try:
            rows = pq.read_table(stream).to_pylist()
        except (pa.ArrowInvalid, OSError) as error:
            told = str(error).splitlines()[0]
            raise InputError(f"{path.name} is not a Parquet file: {told}") from error
    for number, row in enumerate(rows, start=1):
        yield number, {key: value for key, value in row.items() if value is not None}
