import csv
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from alignlab.oversight.exports.records import compact
from alignlab.oversight.exports.writers import BATCH, LINES, write_csv, write_lines, write_parquet


def test_a_line_is_an_object_whatever_is_in_it(tmp_path):
    rows = [{"a": "line\nbreak\u2028 ü"}, {"a": None}]
    assert write_lines(map(compact, rows), tmp_path / "x") == 2
    text = (tmp_path / "x").read_bytes().decode()
    assert [json.loads(line) for line in text.split("\n")[:-1]] == rows


@pytest.mark.parametrize("n", [0, LINES, 2 * LINES + 1])
def test_lines_are_written_in_batches_and_are_whole(tmp_path, n):
    assert write_lines(map(str, range(n)), tmp_path / "x") == n
    assert (tmp_path / "x").read_text() == "".join(f"{i}\n" for i in range(n))


def test_what_a_spreadsheet_would_run_is_text_in_csv(tmp_path):
    rows = [
        ("=HYPERLINK(1)", -1.5, None),
        ("+1", 2.0, 'a,b\n"c"'),
        ("@x", 3.0, "-2"),
        ("ok", 0.0, ""),
    ]
    assert write_csv(rows, tmp_path / "x.csv", {"a": "string", "b": "float64", "c": "string"}) == 4
    with (tmp_path / "x.csv").open(newline="") as stream:
        read = list(csv.reader(stream))
    assert read == [
        ["a", "b", "c"],
        ["'=HYPERLINK(1)", "-1.5", ""],
        ["'+1", "2", 'a,b\n"c"'],
        ["'@x", "3", "'-2"],
        ["ok", "0", ""],
    ]


@pytest.mark.parametrize("begins", [*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_whatever_a_spreadsheet_takes_for_a_formula_is_a_text(tmp_path, begins):
    write_csv([(f"{begins}1+1",)], tmp_path / "x.csv", {"a": "string"})
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream)) == [["a"], [f"'{begins}1+1"]]


@pytest.mark.parametrize("n", [0, 1, BATCH, BATCH + 1])
def test_a_table_is_written_in_batches_and_is_whole(tmp_path, n):
    columns = {"n": "int64", "x": "float64", "t": "string"}
    rows = ((i, None if i % 2 else i / 2, f"t{i}") for i in range(n))
    assert write_parquet(rows, tmp_path / "x.parquet", columns, '{"head": 1}') == n
    file = pq.ParquetFile(tmp_path / "x.parquet")
    assert file.num_row_groups == -(-n // BATCH)
    assert file.schema_arrow.metadata[b"alignlab"] == b'{"head": 1}'
    read = pd.read_parquet(tmp_path / "x.parquet")
    assert read["n"].tolist() == list(range(n))
    assert read["x"].isna().tolist() == [bool(i % 2) for i in range(n)]
