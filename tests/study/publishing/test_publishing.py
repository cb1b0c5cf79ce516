import io
import json
import shutil
import subprocess
from datetime import date
from zipfile import ZipFile

import pytest

from alignlab.errors import InputError
from alignlab.study.analysis import analyze
from alignlab.study.folder import open_study
from alignlab.study.paper import build_paper
from alignlab.study.paper.pdf_reading import pdf_text
from alignlab.study.publishing import publish_study, verify_archive
from alignlab.study.revision import add_comment

pytestmark = pytest.mark.filterwarnings("default")


def held(path):
    with ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_the_archive_is_whole_and_gives_the_same_paper_again(finished, tmp_path):
    published = publish_study(open_study(finished), released=date(2026, 11, 22))
    again = publish_study(open_study(finished), out=tmp_path / "b.zip", released=date(2026, 11, 22))
    assert published.path.read_bytes() == again.path.read_bytes()
    assert verify_archive(published.path).ok
    assert verify_archive(published.path).digest == published.digest
    files = held(published.path)
    assert not [name for name in files if "env" in name and name != "environment.json"]
    assert not [name for name in files if ".git" in name]
    assert b"SECRET" not in b"".join(files.values())
    analysis = json.loads(files["analysis.json"])
    assert repr(analysis["numbers"]["H1.difference"]["value"]) in files["MODEL_CARD.md"].decode()
    assert b"date-released: '2026-11-22'" in files["CITATION.cff"]
    assert b'"worker"' not in files["log.jsonl"]
    assert published.warnings == ()
    with ZipFile(published.path) as archive:
        archive.extractall(tmp_path / "out")
    place = tmp_path / "out" / "robust-fair"
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "MANIFEST.sha256"], cwd=place, check=False
    )
    assert checked.returncode == 0
    (place / "paper" / "paper.pdf").unlink()
    build_paper(place)  # the command of the README
    assert (place / "paper" / "paper.pdf").read_bytes() == files["paper/paper.pdf"]


def test_no_author_is_named_where_nobody_must_know(finished):
    published = publish_study(open_study(finished), anonymous=True)
    files = held(published.path)
    everything = b"".join(files.values()).decode("utf-8", "ignore").casefold()
    for name in ("garcía", "núñez", "ana@example.org", "0000-0002-1825-0097"):
        assert name not in everything
    text = pdf_text(files["paper/paper.pdf"])
    assert "García" not in text
    assert "Does robustness cost fairness?" in " ".join(text.split())
    assert b"# Levels as they come." in files["study.yaml"]
    registered = json.loads(files["registration.json"])
    assert registered["digest_with_names"] != registered["digest"]
    assert json.loads(files["analysis.json"])["registration"] == registered["digest"]
    assert verify_archive(published.path).ok


def test_a_name_in_the_text_is_found_and_nothing_is_written(finished):
    (finished / "paper" / "ethics.md").write_text("Words.\n\nWe thank Ana  Garcia.\n")
    with pytest.raises(InputError, match=r"'Ana García' stands in paper/ethics\.md:3"):
        publish_study(open_study(finished), anonymous=True)
    assert not list(finished.glob("*.zip"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: (f / "results.jsonl").unlink(), "has no results: alignlab study run"),
        (lambda f: (f / "analysis.json").unlink(), "run alignlab study analyze first"),
        (lambda f: (f / "paper" / "paper.pdf").unlink(), "has no paper/paper.pdf"),
        (lambda f: (f / "paper" / "results.md").write_text("Other words.\n"),
         "paper/paper.pdf is not what the text and the results give now"),
        (lambda f: (f / "results.jsonl").write_text(
            (f / "results.jsonl").read_text().partition("\n")[0] + "\n"), "has 1 of 6 runs"),
        (lambda f: (f / "paper" / "results.md").write_text("{{ H2.difference }}\n"),
         r"results\.md:1: "),
    ],
)  # fmt: skip
def test_what_is_unfinished_is_refused_in_one_line(finished, change, told):
    change(finished)
    with pytest.raises(InputError, match=told) as error:
        publish_study(open_study(finished))
    assert "\n" not in str(error.value)
    assert "/tmp/tmp" not in str(error.value)
    assert not list(finished.glob("*.zip"))


def test_open_comments_and_what_is_left_out_are_said(finished):
    (finished / "registration.json").unlink()
    opened = open_study(finished)
    add_comment(opened, "Why?")
    analyze(opened).write(opened)
    build_paper(finished)
    published = publish_study(open_study(finished), data=False)
    assert published.outside == ("rows.csv",)
    told = " ".join(published.warnings)
    assert "not registered" in told
    assert "R1.1" in told
    files = held(published.path)
    assert "rows.csv" not in files
    assert "revision.yaml" not in files
    assert "rows.csv" in files["digests.json"].decode()
    shutil.rmtree(finished)
    assert io.BytesIO(files["paper/paper.pdf"]).read(5) == b"%PDF-"
