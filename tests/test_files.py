import errno
import hashlib
import os
from pathlib import Path

import pytest

from alignlab.errors import InputError, OutputError
from alignlab.files import (
    bytes_of,
    replaced,
    sha256_of_file,
    text_of,
    write_all,
    write_whole,
)


def test_files_are_written_whole_and_readable(tmp_path):
    directory = tmp_path / "deep" / "report"
    write_all(directory, {"a.txt": "ü", "b.bin": b"\x00"})
    assert (directory / "a.txt").read_bytes() == "ü".encode()
    assert (directory / "b.bin").read_bytes() == b"\x00"
    assert sorted(os.listdir(directory)) == ["a.txt", "b.bin"]
    assert (directory / "a.txt").stat().st_mode & 0o777 == 0o644


def test_an_existing_file_is_replaced(tmp_path):
    write_whole(tmp_path / "a.txt", "old")
    write_whole(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


@pytest.mark.parametrize("existed", [True, False])
def test_a_full_disk_leaves_what_was_there_and_nothing_half_written(tmp_path, monkeypatch, existed):
    directory = tmp_path / "report"
    if existed:
        write_all(directory, {"a.txt": "old"})
    synced = []

    def full(descriptor):
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("alignlab.files.os.fsync", full)
    with pytest.raises(OutputError) as raised:
        write_all(directory, {"a.txt": "new", "b.txt": "new", "c.txt": "new"})
    assert str(raised.value) == (
        f"Cannot write to {directory}: No space left on device. Nothing was written. "
        "Free some space, or write to another directory."
    )
    assert directory.exists() == existed
    if existed:
        assert os.listdir(directory) == ["a.txt"]
        assert (directory / "a.txt").read_text() == "old"


def test_an_interrupt_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("alignlab.files.os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path / "report", {"a.txt": "new"})
    assert not (tmp_path / "report").exists()


def test_a_disk_that_is_really_full():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OutputError, match="Cannot write to /dev/full"):
        write_whole(full / "report.html", "x")


def test_a_directory_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("I am a file")
    with pytest.raises(OutputError, match="Cannot write to"):
        write_all(tmp_path / "out", {"a.txt": "x"})
    assert (tmp_path / "out").read_text() == "I am a file"


def test_the_hash_of_a_file(tmp_path):
    content = os.urandom(300_000)
    (tmp_path / "model").write_bytes(content)
    assert sha256_of_file(tmp_path / "model") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("error", [InputError("not so"), OutputError("no room"), KeyError("k")])
def test_what_goes_wrong_while_a_file_is_filled_is_told_as_it_is(tmp_path, error):
    (tmp_path / "a.txt").write_text("old")

    def fill():
        with replaced(tmp_path, ["a.txt", "b.txt"]) as (one, _):
            one.write_text("half")
            raise error

    with pytest.raises(type(error)) as raised:
        fill()
    assert raised.value is error
    assert os.listdir(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_file_that_is_not_there_is_named_with_its_neighbour(tmp_path):
    (tmp_path / "good.ris").write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert text_of(tmp_path / "good.ris") == "a\nb"
    with pytest.raises(InputError, match=r"Did you mean 'good\.ris'"):
        bytes_of(tmp_path / "god.ris")


def test_a_name_is_not_offered_for_itself(tmp_path):
    (tmp_path / "model.txt").mkdir()
    with pytest.raises(InputError, match=r"Is a directory\.$"):
        bytes_of(tmp_path / "model.txt")
