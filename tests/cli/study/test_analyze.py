from __future__ import annotations

import json

import pytest

from alignlab.cli import main

STATEMENT = """\
study: small
title: A small study
question: Does x raise the score?
run: experiment:run
factors:
  x: [plain, mended]
seeds: 3
measures:
  score: {primary: true}
hypotheses:
  H1: {says: It does., measure: score, factor: x, of: mended, against: plain,
       smallest-effect: 0.1}
"""

EXPERIMENT = """\
def run(config, seed):
    if config["x"] == "mended" and BROKEN:
        raise ValueError("the kettle is empty")
    return {"score": (config["x"] == "mended") + 0.1 * (seed % 7)}
"""


@pytest.fixture
def run_study(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")

    def make(*, broken=False):
        (tmp_path / "study.yaml").write_text(STATEMENT)
        (tmp_path / "experiment.py").write_text(f"BROKEN = {broken}\n\n\n{EXPERIMENT}")
        main(["study", "run", str(tmp_path), "--workers", "1"])
        capsys.readouterr()
        return tmp_path

    return make


def test_what_a_person_reads(run_study, capsys):
    folder = run_study()
    assert main(["study", "analyze", str(folder)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "6 of 6 runs gave their measures, 0 failed. Of 1 hypothesis" in told
    assert "H1: It does." in told
    assert "p = " in told or "p < " in told
    assert "What departs from the plan - The study was not registered" in told
    assert "Written to" in told
    assert (folder / "analysis.json").exists()
    assert (folder / "figures" / "H1.svg").exists()


def test_the_json_is_the_file(run_study, capsys):
    folder = run_study()
    assert main(["study", "analyze", str(folder), "--json"]) == 0
    out = capsys.readouterr().out
    assert out == (folder / "analysis.json").read_text()
    assert json.loads(out)["study"] == "small"


def test_failures_are_shown(run_study, capsys):
    folder = run_study(broken=True)
    assert main(["study", "analyze", str(folder)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "3 of 6 runs gave their measures, 3 failed" in told
    assert "Runs that failed" in told
    assert "the kettle is empty" in told
    assert "The study cannot tell" in told


def test_what_cannot_be_analysed_is_one_line(run_study, tmp_path, capsys):
    assert main(["study", "analyze", str(tmp_path)]) == 2
    assert "No study.yaml in" in capsys.readouterr().err
    folder = run_study()
    results = folder / "results.jsonl"
    kept = results.read_text().splitlines(keepends=True)
    results.write_text("".join(kept[:-1]))
    assert main(["study", "analyze", str(folder)]) == 2
    err = capsys.readouterr().err
    assert "1 of 6 runs are not there yet" in err
    assert err.count("\n") == 1
    assert not (folder / "analysis.json").exists()
    assert main(["study", "analyze", str(folder), "--unfinished"]) == 0
    assert "Looked at before all runs were there: 5 of 6." in capsys.readouterr().out
    results.unlink()
    assert main(["study", "analyze", str(folder)]) == 2
    assert "alignlab study run" in capsys.readouterr().err
