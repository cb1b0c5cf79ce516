"""Records from files: a JSON object a line, or a row of a table, each with its place."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

from alignlab.errors import InputError, nearest

__all__ = ["CSV", "LINES", "PARQUET", "Record", "read_records"]

LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
CSV = (".csv",)

Record: TypeAlias = Mapping[str, Any]


def read_records(path: str | Path) -> tuple[list[str], list[Record]]:
    """Return the objects of a `.jsonl`, `.csv` or `.parquet` file, and what errors call each."""
    path = Path(path)
    kind = path.suffix.lower()
    endings = LINES + CSV + PARQUET
    if path.is_dir():
        raise InputError(f"{path} is a directory: name a file of preferences in it.")
    if kind not in endings:
        raise InputError(
            f"{path.name} has no ending of a file of preferences.{nearest(kind, endings)} "
            "They end in .jsonl, .csv or .parquet."
        )
    word = "Line" if kind in LINES else "Row"
    read = _json_records if kind in LINES else _csv_records if kind in CSV else _parquet_records
    numbered = list(read(path))
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


def _csv_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield each row below the header; an empty cell says nothing."""
    with _opened(path) as stream:
        try:
            text = stream.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{path.name} is not UTF-8 text.") from error
    head = text.partition("\n")[0]
    for separator, called in ((";", "semicolons"), ("\t", "tabs")):
        if separator in head and "," not in head:
            raise InputError(
                f"The columns of {path.name} are separated by {called}: save it with commas."
            )
    try:
        rows = list(csv.DictReader(text.splitlines(keepends=True), strict=True))
    except csv.Error as error:
        raise InputError(f"{path.name} is not a CSV file: {error}.") from error
    for number, row in enumerate(rows, start=1):
        if None in row:
            raise InputError(f"Row {number} of {path.name} has more cells than there are columns.")
        yield number, {key.strip(): cell for key, cell in row.items() if cell}


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
