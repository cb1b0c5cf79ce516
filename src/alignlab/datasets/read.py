"""Tables from files: CSV, Parquet, Arrow; what a cell says is kept, and errors name the place.

In a CSV file only an empty cell is missing where a column holds text: "None" and "NA" are answers
that people give. Where all other cells of a column are numbers, the usual spellings of "not
available" are missing. A column in which a number has leading zeros holds identifiers, and stays
text.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pandas as pd

from alignlab.errors import InputError, nearest

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NOT_AVAILABLE", "read_table"]

NOT_AVAILABLE = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?",
)  # fmt: skip
"""What is missing in a column of numbers, besides an empty cell."""

IDENTIFIER = r"^[-+]?(0[0-9xX]|[0-9]{19})"
"""Digits that a number would not keep: leading zeros, or more than it can hold."""

CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
PARQUET = (".parquet", ".pq")
ARROW = (".feather", ".arrow", ".ipc")


def read_table(source: str | Path | pd.DataFrame, *, name: str | None = None) -> pd.DataFrame:
    """Return a table with its rows numbered from 0 and its columns named by text.

    Parameters
    ----------
    source
        A file (`.csv`, `.csv.gz`, `.tsv`, `.parquet`, `.feather`, `.arrow`), or a data frame,
        which is copied without its index.
    name
        What errors call the table; by default the file's name.

    Returns
    -------
    pandas.DataFrame
        Categories stay categories. A named index of a Parquet or Arrow file becomes a column.

    Raises
    ------
    InputError
        If there is no such file, it is not a table, it is empty or has 0 rows, two columns have
        one name, a row has too many or too few cells, or the text is not UTF-8.

    Examples
    --------
    >>> read_table(pd.DataFrame({"deny": ["yes", "no"]}, index=[7, 9])).index.tolist()
    [0, 1]
    """
    if isinstance(source, pd.DataFrame):
        name = name or "data"
        return _checked(source.reset_index(drop=True), name)
    if not isinstance(source, str | Path):
        raise InputError(
            f"A value of type {type(source).__name__} is not a table. Give a data frame or the "
            "path of a CSV, Parquet or Arrow file."
        )
    path = Path(source)
    name = name or path.name
    _require_file(path)
    kind = _suffix(path)
    if kind in CSV:
        return _checked(_read_csv(path, name), name)
    if kind in PARQUET + ARROW:
        return _checked(_read_arrow(path, kind, name), name)
    known = CSV + PARQUET + ARROW
    raise InputError(
        f"{path.name} has no ending of a table.{nearest(kind, known)} "
        f"Tables end in {', '.join(known)}; save a spreadsheet as CSV."
    )


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a directory and not a table. Name a file in it.")
    if not path.exists():
        names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"There is no file {str(path)!r}.{nearest(path.name, names)}")
    if path.stat().st_size == 0:
        raise InputError(f"The file {path.name} is empty.")


def _suffix(path: Path) -> str:
    last = path.suffix.lower()
    return "".join(path.suffixes[-2:]).lower() if last == ".gz" else last


def _checked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    frame.columns = pd.Index([str(column) for column in frame.columns])
    _require_distinct(list(frame.columns), name)
    if len(frame.columns) == 0:
        raise InputError(f"The table {name} has no column.")
    if len(frame) == 0:
        raise InputError(f"The table {name} has 0 rows.")
    return frame


def _require_distinct(columns: list[str], name: str) -> None:
    seen: set[str] = set()
    for position, column in enumerate(columns):
        if column in seen:
            raise InputError(
                f"The table {name} has two columns named {column!r} (the second is number "
                f"{position + 1}). Rename one."
            )
        seen.add(column)


def _read_csv(path: Path, name: str) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    header, separator = _header(path, name)
    _require_distinct(header, name)
    try:
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(column_names=header),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                # Where there is one column, an empty line is a missing cell.
                ignore_empty_lines=len(header) > 1,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        raise _located(error, path, name, len(header), separator) from error
    _require_closed_quotes(table.slice(len(table) - 1), path, name, separator)
    # The header is a row like any other to the parser, for the sake of its exact names.
    table = table.slice(1)
    columns = {column: _typed(table.column(column)) for column in header}
    return pa.table(columns).to_pandas()


def _require_closed_quotes(last: pa.Table, path: Path, name: str, separator: str) -> None:
    """Raise if a quote that nobody closed has swallowed the rest of the file into the last row."""
    if not any("\n" in cell for row in last.to_pylist() for cell in row.values() if cell):
        return
    with _opened(path) as stream:
        rows, line = csv.reader(stream, delimiter=separator, strict=True), 0
        try:
            for _ in rows:
                line = rows.line_num
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise _never_closed(line + 1, name) from error


def _never_closed(line: int, name: str) -> InputError:
    return InputError(
        f"A double quote in line {line} of {name} is never closed, so that all lines after it "
        "would be one cell. Close it, or double it if it is meant."
    )


def _header(path: Path, name: str) -> tuple[list[str], str]:
    """Return the column names and what separates them."""
    try:
        with _opened(path) as stream:
            first = stream.readline()
            separator = "," if "," in first else next((s for s in "\t;|" if s in first), ",")
            stream.seek(0)
            header = next(csv.reader(stream, delimiter=separator, strict=True), [])
    except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise _unreadable(error, path, name) from error
    if not any(header):
        raise InputError(f"The first line of {name} is empty: it must name the columns.")
    for position, column in enumerate(header):
        if not column.strip():
            raise InputError(f"Column {position + 1} of {name} has no name in the first line.")
    return header, separator


def _opened(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a text column as whole numbers, numbers or flags if all its cells are such."""
    first = column.drop_null().slice(0, 100)
    for read in (_as_numbers, _as_flags):
        # One cell that does not fit settles it, and text mostly shows in the first ones.
        if read(first) is not None:
            typed = read(column)
            if typed is not None and typed.null_count < len(column):
                return typed
    return column


def _as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column)
    absent = pc.or_(pc.is_in(trimmed, value_set=pa.array(NOT_AVAILABLE)), pc.equal(trimmed, ""))
    numbers = pc.if_else(absent, pa.scalar(None, pa.string()), trimmed)
    for kind in (pa.int64(), pa.float64()):
        try:
            typed = numbers.cast(kind)
        except pa.ArrowInvalid:
            continue
        identifiers = pc.any(pc.match_substring_regex(numbers, IDENTIFIER)).as_py()
        return None if identifiers else typed
    return None


def _as_flags(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = pc.utf8_lower(column)
    are_flags = pc.all(pc.is_in(lower, value_set=pa.array(["true", "false"]))).as_py()
    return pc.equal(lower, "true") if are_flags and not column.null_count else None


def _located(error: Exception, path: Path, name: str, width: int, separator: str) -> InputError:
    """Return the error that names the first line that no table can have."""
    line = 0
    try:
        with _opened(path) as stream:
            rows = csv.reader(stream, delimiter=separator, strict=True)
            for row in rows:
                line = rows.line_num
                if len(row) != width and (row or width == 1):
                    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
                    columns = "1 column" if width == 1 else f"{width} columns"
                    return InputError(
                        f"Line {line} of {name} has {cells}, and its first line names {columns}. "
                        f"Put a cell that holds {separator!r} between double quotes."
                    )
    except csv.Error as found:
        if "unexpected end" in str(found):
            return _never_closed(line + 1, name)
        if "field limit" in str(found):
            return InputError(
                f"The row that begins in line {line + 1} of {name} has a cell too long to be read. "
                "Shorten it, or save the table as Parquet."
            )
        return InputError(
            f"The row that begins in line {line + 1} of {name} has text after a closing double "
            "quote. Close the quote before it, or double each one that is meant."
        )
    except (UnicodeDecodeError, OSError, EOFError) as found:
        return _unreadable(found, path, name)
    return InputError(f"{name} cannot be read as a table: {str(error).splitlines()[0]}")


def _unreadable(error: Exception, path: Path, name: str) -> InputError:
    if not isinstance(error, UnicodeDecodeError):
        return InputError(f"{name} cannot be read to its end ({error}). Is it cut short?")
    compressed = path.suffix.lower() == ".gz"
    with gzip.open(path) if compressed else path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as at:
                return InputError(
                    f"Line {number} of {name} is not UTF-8 text (byte 0x{line[at.start]:02x}). "
                    "Save it as UTF-8, or name it by what it is if it is no CSV file."
                )
    return InputError(f"{name} is not UTF-8 text.")


def _read_arrow(path: Path, kind: str, name: str) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read() if kind in PARQUET else _read_ipc(path)
    except (pa.ArrowInvalid, OSError) as error:
        what = "a Parquet" if kind in PARQUET else "an Arrow"
        raise InputError(f"{name} is not {what} file: {str(error).splitlines()[0]}") from error
    _require_distinct(table.column_names, name)
    for position, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            raise InputError(
                f"Column {field.name!r} of {name} holds {field.type} and not single values."
            )
        if pa.types.is_decimal(field.type):
            values = table.column(position).cast(pa.float64())
            table = table.set_column(position, field.name, values)
    frame = table.to_pandas()
    named = all(each is not None for each in frame.index.names)
    return frame.reset_index(drop=not named)


def _read_ipc(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.feather

    with path.open("rb") as stream:
        is_stream = stream.read(4) == b"\xff\xff\xff\xff"
    if not is_stream:
        return pyarrow.feather.read_table(path, memory_map=False)
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
        return reader.read_all()
