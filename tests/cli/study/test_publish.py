import json
import shutil
from pathlib import Path

import pytest

from alignlab.study.analysis import analyze
from alignlab.study.folder import open_study
from alignlab.study.runs.running import run_study

STATEMENT = """\
study: tiny
title: T
question: Why?
authors: [{name: Ana Example}]
run: experiment:run
factors: {x: [a, b]}
seeds: 2
measures: {m: {primary: true}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from alignlab.study.paper import build_paper

    folder = tmp_path_factory.mktemp("made") / "s"
    (folder / "paper").mkdir(parents=True)
    (folder / "study.yaml").write_text(STATEMENT)
    (folder / "experiment.py").write_text("def run(config, seed):\n    return {'m': seed % 7}\n")
    for name in ("introduction", "related_work", "method", "results", "discussion",
                 "limitations", "ethics"):  # fmt: skip
        (folder / "paper" / f"{name}.md").write_text("Words.\n")
    run_study(open_study(folder), workers=1)
    analyze(open_study(folder)).write(open_study(folder))
    build_paper(folder)
    return folder


@pytest.fixture
def place(here, made):
    return Path(shutil.copytree(made, here / "s"))


def test_an_archive_and_whether_it_is_whole(alignlab, place):
    code, out, err = alignlab("study publish s --released 2026-11-22")
    assert (code, err) == (0, "")
    assert "Note: The study was not registered" in out
    assert "Written to s/tiny.zip" in out
    digest = out.split("SHA-256 ")[1].split()[0]
    code, out, _ = alignlab("study verify s/tiny.zip")
    assert code == 0
    assert "Nothing was altered" in out
    assert digest in out
    code, out, _ = alignlab("study publish s --anonymous --out anonymous.zip --json")
    assert json.loads(out)["anonymous"] is True
    whole = (place / "tiny.zip").read_bytes()
    at = whole.index(b"tiny/study.yaml") + 40
    (place / "tiny.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    code, out, _ = alignlab("study verify s/tiny.zip --json")
    assert code == 1
    assert json.loads(out)["ok"] is False


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("publish s --released soon", "--released soon is no day"),
        ("publish s --out s.tar", "s.tar: an archive's name ends in .zip"),
        ("publish elsewhere", "elsewhere does not exist"),
        ("verify s/study.yaml", "is no archive"),
        ("verify nothing.zip", "Cannot read nothing.zip"),
    ],
)
def test_what_cannot_be_is_one_line(alignlab, place, line, told):
    code, out, err = alignlab(f"study {line}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert told in err
    assert not list(place.glob("*.zip"))
