from __future__ import annotations

import pytest

from alignlab.datasets.records import read_records
from alignlab.errors import InputError


def test_empty_lines_are_passed_over_and_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('\ufeff{"a": "\\u2028"}\r\n\r\n{"b": 2}'.encode())
    assert read_records(path) == (
        ["Line 1 of a.jsonl", "Line 3 of a.jsonl"],
        [{"a": "\u2028"}, {"b": 2}],
    )


def test_files_that_are_not_there_or_not_readable(tmp_path):
    (tmp_path / "said.jsonl").write_bytes(b'{"a": "\xff"}\n')
    with pytest.raises(InputError, match=r"Line 1 of said.jsonl is not UTF-8 text"):
        read_records(tmp_path / "said.jsonl")
    with pytest.raises(InputError, match=r"Did you mean 'said.jsonl'"):
        read_records(tmp_path / "sajd.jsonl")
    (tmp_path / "said.parquet").write_text("no")
    with pytest.raises(InputError, match=r"said.parquet is not a Parquet file"):
        read_records(tmp_path / "said.parquet")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InputError, match=r"folder.jsonl is a directory"):
        read_records(tmp_path / "folder.jsonl")
