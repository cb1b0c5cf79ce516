"""A file is whole before it is sent, and gone afterwards."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from alignlab.errors import OutputError
from alignlab.oversight.exports.exporting import ENDINGS
from alignlab.web.exporting import exported


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "here"))
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.mark.parametrize("format", [each for each in ENDINGS if each != "imitation"])
def test_every_format_is_sent_and_nothing_stays(desk, item, empty, format):
    ana = desk([item(), item("prefer", "text")]).enter(role="owner")
    for _ in range(2):
        page = ana.see().text
        kind = "decide" if 'value="decide"' in page else "prefer"
        ana.post("/answer", kind=kind, verdict="accept", preferred="first")
    sent = ana.see(f"/dashboard/export?format={format}")
    assert sent.status_code == 200
    assert sent.content
    assert list(empty.iterdir()) == []


def test_an_export_that_fails_leaves_nothing(desk, item, empty, monkeypatch):
    review = desk([item()]).review

    def full(*_, **__):
        raise OutputError("The disk is full.")

    monkeypatch.setattr("alignlab.web.exporting.export", full)
    with pytest.raises(OutputError):
        exported(review, "jsonl")
    assert list(Path(empty).iterdir()) == []
