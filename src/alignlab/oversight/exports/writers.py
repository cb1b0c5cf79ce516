"""Files that grow row by row and are never held: lines of JSON, CSV, Parquet.

Tables are written in batches of rows; what is kept in memory is one batch, and a batch is a row
group of Parquet. In CSV a text that begins as a formula does (=, +, -, @, also in full width, a
tab, a line's end) gets an apostrophe before it: a spreadsheet would run what a reviewer, or the
author of a case, wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = ["write_csv", "write_lines", "write_parquet"]

BATCH = 10_000
"""Rows of a table that are written at once."""

LINES = 500
"""Lines that are written at once: few enough to stay in the processor's cache."""

OWN = {"seq", "key", "at", "reason", "said", "source"}
"""Columns in which nearly every row has a text or number of its own."""

FORMULA = "^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"


def write_lines(rows: Iterable[str], path: Path) -> int:
    """Write the rows, each a line already; return how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for batch in _batches(rows, LINES):
            stream.write("\n".join([*batch, ""]))
            count += len(batch)
    return count


def write_csv(rows: Iterable[Sequence[Any]], path: Path, columns: Mapping[str, Any]) -> int:
    """Write a header and the rows; return how many rows. What is not there is empty.

    Parameters
    ----------
    columns
        As for `write_parquet`.
    """
    import pyarrow as pa
    from pyarrow.csv import CSVWriter, WriteOptions

    schema = _schema(columns)
    count = 0
    header = ",".join(columns) + "\n"
    with path.open("wb") as stream:
        stream.write(header.encode())
        options = WriteOptions(include_header=False, quoting_style="needed")
        with CSVWriter(stream, schema, write_options=options) as writer:
            for arrays in _columns(rows, schema):
                guarded = [_guarded(each) for each in arrays]
                writer.write_batch(pa.record_batch(guarded, schema=schema))
                count += len(arrays[0])
    return count


def write_parquet(
    rows: Iterable[Sequence[Any]], path: Path, columns: Mapping[str, Any], metadata: str
) -> int:
    """Write the rows as record batches; return how many rows.

    Parameters
    ----------
    columns
        Name to type, a `pyarrow.DataType` or its name.
    metadata
        Kept in the file's schema under the key "alignlab".
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(columns).with_metadata({"alignlab": metadata})
    count = 0
    # A dictionary of texts that hardly come twice costs time and space, and helps nobody.
    repeated = [each for each in columns if each not in OWN]
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeated) as writer:
        for arrays in _columns(rows, schema):
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(arrays[0])
    return count


def _schema(columns: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            (name, pa.type_for_alias(kind) if isinstance(kind, str) else kind)
            for name, kind in columns.items()
        ]
    )


def _columns(rows: Iterable[Sequence[Any]], schema: Any) -> Iterator[list[Any]]:
    """Yield the columns of each batch."""
    import pyarrow as pa

    for batch in _batches(rows):
        columns = zip(*batch, strict=True)
        yield [
            pa.array(values, type=kind) for values, kind in zip(columns, schema.types, strict=True)
        ]


def _batches(rows: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


def _guarded(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return column
    formula = pc.match_substring_regex(column, FORMULA)
    return pc.if_else(formula, pc.binary_join_element_wise("'", column, ""), column)
