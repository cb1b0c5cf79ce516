from alignlab.files import sha256_of_file
from alignlab.study.folder import open_study
from alignlab.study.paper.checklist import checklist_answers, checklist_blocks
from alignlab.study.paper.nodes import Citation, walk
from alignlab.study.paper.values import read_findings


def answers(root):
    study = open_study(root)
    return checklist_answers(study, read_findings(study.analysis_path, study.records_path))


def test_the_folder_answers(study):
    said = answers(study)
    code = sha256_of_file(study / "experiment.py")[:12]
    assert said["Which code was run?"] == f"experiment.py ({code}); SHA-256."
    assert said["How many runs were made?"].startswith(
        "30 of 30 planned: 6 configurations, 5 seeds"
    )
    assert said["Were runs left out?"] == "No. 1 failed; see Limitations."
    assert said["What was it run on?"] == "Two cores of a laptop."
    assert said["Was the number of runs fixed in advance?"].startswith("Yes, registered on ")


def test_what_the_folder_does_not_know_is_not_guessed(study):
    said = answers(study)
    assert said["How long does a run take?"] == "Not known."
    assert said["Which versions of packages?"] == "The study's folder holds no list of them."
    (study / "uv.lock").write_text("numpy==1\n")
    digest = sha256_of_file(study / "uv.lock")[:12]
    assert answers(study)["Which versions of packages?"] == f"uv.lock ({digest}); SHA-256."
    (study / "registration.json").unlink()
    assert answers(study)["Was the number of runs fixed in advance?"].startswith("No")


def test_the_section_cites_where_the_questions_are_from(study):
    opened = open_study(study)
    findings = read_findings(opened.analysis_path, opened.records_path)
    pieces = walk(checklist_blocks(opened, findings))
    (citation,) = (each for each in pieces if isinstance(each, Citation))
    assert citation.works[0].key == "pineau2021improving"
