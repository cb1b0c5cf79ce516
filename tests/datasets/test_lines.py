import pytest

from alignlab.datasets.lines import append_lines, read_lines
from alignlab.errors import InputError, OutputError


def test_lines_are_appended_and_a_line_cut_short_never_was(tmp_path):
    path = tmp_path / "new" / "lines.jsonl"
    assert read_lines(path) == []
    append_lines(path, [{"a": 1}])
    with path.open("a") as stream:
        stream.write('{"b": ')
    assert read_lines(path) == [(1, {"a": 1})]
    append_lines(path, [{"c": 3}])
    assert read_lines(path) == [(1, {"a": 1}), (2, {"c": 3})]
    path.write_text('{"a": 1}\n\n{"b" 2}\n')
    with pytest.raises(InputError, match=r"Line 3 of .*lines.jsonl is not JSON"):
        read_lines(path)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Cannot append to"):
        append_lines(tmp_path / "file" / "lines.jsonl", [{"a": 1}])
    with pytest.raises(InputError, match="cannot be read"):
        read_lines(tmp_path)
