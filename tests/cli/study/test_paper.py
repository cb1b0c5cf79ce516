import json

import pytest

from alignlab.cli import main
from alignlab.study.analysis import analyze
from alignlab.study.folder import open_study
from alignlab.study.runs.loading import study_sources
from alignlab.study.runs.records import Record, planned_runs, write_results

STATEMENT = """\
study: small
title: A small study
question: Does x raise the score?
authors: [{name: Ada Example}]
run: experiment:run
factors:
  x: [plain, mended]
seeds: 3
measures:
  score: {}
"""
SECTIONS = ("introduction", "related_work", "method", "discussion", "limitations", "ethics")


@pytest.fixture
def study(tmp_path):
    (tmp_path / "study.yaml").write_text(STATEMENT)
    (tmp_path / "experiment.py").write_text("def run(config, seed):\n    return {'score': 1}\n")
    opened = open_study(tmp_path)
    planned = planned_runs(opened.spec, study_sources(tmp_path, opened.spec))
    held = {
        each.run: Record(each.run, each.configuration, each.replicate, int(each.seed), "done",
                         {"score": float(each.replicate)})
        for each in planned
    }  # fmt: skip
    write_results(opened.records_path, planned, held)
    analyze(opened).write(opened)
    opened.paper.mkdir()
    for name in SECTIONS:
        (opened.paper / f"{name}.md").write_text("Words.\n")
    (opened.paper / "results.md").write_text("{{ runs }} runs.\n")
    return tmp_path


def test_a_paper_and_a_page(study, capsys):
    assert main(["study", "paper", str(study)]) == 0
    assert "paper.pdf in" in capsys.readouterr().out
    assert (study / "paper" / "paper.pdf").read_bytes().startswith(b"%PDF")
    words = ["study", "paper", str(study), "--format", "html", "--anonymous", "--json"]
    assert main([*words, "--columns", "1", "--style", "apa", "--out", str(study / "x.html")]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(study / "x.html")]
    assert "Ada" not in (study / "x.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "pfd"], "Did you mean 'pdf'?"),
        (["--columns", "3"], "--columns 3 is not one of"),
        (["--style", "mla"], "--style mla is not one of"),
    ],
)
def test_what_cannot_be_is_one_line(study, capsys, words, said):
    assert main(["study", "paper", str(study), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_missing_name_is_told_with_its_line(study, capsys):
    (study / "paper" / "results.md").write_text("So it is,\n{{ run }} runs.\n")
    assert main(["study", "paper", str(study)]) == 2
    error = capsys.readouterr().err
    assert "paper/results.md:2: there is no number 'run'" in error
    assert "Did you mean 'runs'?" in error
    assert not (study / "paper" / "paper.pdf").exists()
