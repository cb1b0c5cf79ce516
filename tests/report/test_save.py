from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import sys

import pytest

from alignlab import files
from alignlab.errors import OutputError
from alignlab.report import save_report

NAMES = {"report.html", "report.json", "model-card.md", "evidence.md", "junit.xml"}


def test_it_writes_five_files_and_the_same_bytes_each_time(result, tmp_path):
    first = save_report(result, tmp_path / "deep" / "one")
    second = save_report(result, str(tmp_path / "two"))
    assert {path.name for path in first.iterdir()} == NAMES
    for name in NAMES:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_result_saves_itself(result, tmp_path):
    assert result.save(tmp_path / "report") == tmp_path / "report"
    assert {path.name for path in (tmp_path / "report").iterdir()} == NAMES


@pytest.mark.slow
def test_another_process_with_another_hash_seed_writes_the_same_bytes(result, tmp_path):
    here = save_report(result, tmp_path / "here")
    program = (
        "import sys; from alignlab.report import read_report, save_report; "
        "save_report(read_report(sys.argv[1]), sys.argv[2])"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(here), str(tmp_path / "there")],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77", "LC_ALL": "C"},
    )
    for name in NAMES:
        assert (here / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_on_a_full_disk_nothing_changes(result, tmp_path, monkeypatch):
    target = save_report(result, tmp_path / "report")
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    synced = os.fsync
    calls = []

    def full(handle):
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(handle)

    monkeypatch.setattr(files.os, "fsync", full)
    other = dataclasses.replace(result, subject={})
    with pytest.raises(OutputError, match="No space left on device"):
        save_report(other, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


def test_half_a_character_in_a_name_is_shown_and_not_lost(result, tmp_path):
    broken = {**result.subject, "data": {"name": "table \udcff", "rows": 1}}
    target = save_report(dataclasses.replace(result, subject=broken), tmp_path)
    assert "table \\udcff" in (target / "report.json").read_text("utf-8")
    for name in NAMES:
        (target / name).read_text("utf-8")
