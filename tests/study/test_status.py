from __future__ import annotations

import json
import os

import pytest

from alignlab.errors import InputError
from alignlab.files import sha256_of_file
from alignlab.guide import workflow
from alignlab.study.creating import create_study
from alignlab.study.folder import open_study
from alignlab.study.paper.assembling import SECTIONS
from alignlab.study.plans.registration import register_study
from alignlab.study.runs.running import run_study
from alignlab.study.status import JUDGES, status_of


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return create_study("mine")


def edit(study, old, new):
    text = study.statement_path.read_text()
    assert old in text
    study.statement_path.write_text(text.replace(old, new, 1))


def step(study, number):
    return status_of(study).steps[number - 1]


def test_the_steps_are_the_guide_s(study):
    assert len(JUDGES) == len(workflow()) == 8
    steps = status_of(study).steps
    assert [(each.number, each.title) for each in steps] == [
        (stage.step, stage.title) for stage in workflow()
    ]
    assert all((each.next == "") == (each.state == "done") for each in steps)


def test_a_new_study(study):
    now = status_of(study)
    assert [each.state for each in now.steps] == [
        "done", "open", "begun", "open", "begun", "open", "open", "open",
    ]  # fmt: skip
    assert now.next == "alignlab study literature import FILE --study mine"
    assert now.deviations == ()
    assert json.loads(json.dumps(now.to_dict()))["next"] == now.next


def test_a_study_without_a_claim_has_no_question_yet(study):
    edit(study, "primary: true", "primary: false")
    assert step(study, 1).state == "begun"
    assert "No hypothesis is about a primary measure" in step(study, 1).says


def test_the_design(study):
    assert step(study, 3).next == "alignlab study register mine"
    edit(study, "seeds: 5", "seeds: 3")
    assert step(study, 3).says == "Not registered. Too few seeds for H1."
    assert step(study, 3).next == "alignlab study plan mine"
    edit(study, "    spread: 0.025\n", "")
    assert "The power of H1 is unknown." in step(study, 3).says
    register_study(study)
    assert step(study, 3).state == "done"
    assert "and followed." in step(study, 3).says
    edit(study, "seeds: 3", "seeds: 4")
    assert "1 deviation to be told." in step(study, 3).says
    assert status_of(study).deviations == ("The number of seeds was changed from 3 to 4.",)


def test_runs_and_their_analysis(study):
    run_study(study, only=["data=clear"])
    assert step(study, 4).says == "10 of 20 runs done."
    assert step(study, 4).state == "begun"
    assert "Runs were made without a registration." in step(study, 3).says
    assert step(study, 3).next == "alignlab study register mine"
    run_study(study)
    assert step(study, 4).next == "alignlab study analyze mine"
    digest = sha256_of_file(study.records_path)
    study.analysis_path.write_text(json.dumps({"results": digest}))
    assert step(study, 4).state == "done"
    study.analysis_path.write_text(json.dumps({"results": "0"}))
    assert "analysed before the last of them" in step(study, 4).says
    study.analysis_path.write_text("{")
    assert "is damaged" in step(study, 4).says
    edit(study, "seeds: 5", "seeds: 6")
    assert step(study, 4).says == "20 of 24 runs done."
    code = study.root / "experiment.py"
    code.write_text(code.read_text() + "\n")
    assert step(study, 4).says == "0 of 24 runs done."


def test_the_paper(study):
    assert step(study, 5).next == f"Write {study.paper / 'introduction.md'}."
    for name in SECTIONS:
        (study.paper / f"{name}.md").write_text("# Heading\n<!-- a\ncomment -->\n")
    assert step(study, 5).state == "open"
    for name in SECTIONS:
        (study.paper / f"{name}.md").write_text("Words.")
    assert step(study, 5).next == "alignlab study paper mine"
    pdf = study.paper / "paper.pdf"
    pdf.touch()
    assert step(study, 5).state == "done"
    os.utime(pdf, (0, 0))
    assert "is older than its text" in step(study, 5).says


def test_the_literature(study):
    study.literature.mkdir()
    (study.literature / "references.bib").write_text(
        "@article{a2020b, title = {T}, author = {A, B}, year = {2020}}\n"
    )
    assert step(study, 2).state == "begun"
    assert step(study, 2).says == "1 work, 0 taken in; 1 decision open."
    assert step(study, 2).next == "alignlab study literature screen mine"


def test_reviews_and_publication(study):
    study.revision_path.write_text("comments:\n  R1.1: {says: 'Why?'}\n")
    assert step(study, 6).state == "done"
    assert step(study, 7).says == "1 comment, 1 open: R1.1."
    study.revision_path.write_text("comments:\n  R1.1: {says: 'Why?', answer: So.}\n")
    assert step(study, 7).state == "done"
    study.revision_path.write_text("comments: [")
    assert step(study, 7).says.startswith("It cannot be read: ")
    (study.root / "mine.zip").touch()
    assert step(study, 8).state == "done"


def test_what_cannot_be_read_is_said_where_it_belongs(study):
    study.root.joinpath("experiment.py").unlink()
    now = status_of(study)
    assert now.steps[3].says.startswith("It cannot be read: ")
    assert now.steps[0].state == "done"
    study.statement_path.write_text("study: [")
    with pytest.raises(InputError, match=r"study\.yaml:1"):
        status_of(study)


def test_here_no_folder_is_named(study, monkeypatch):
    monkeypatch.chdir(study.root)
    assert status_of(open_study(".")).next == "alignlab study literature import FILE"
