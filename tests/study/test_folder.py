from __future__ import annotations

import json

import pytest

from alignlab.errors import InputError
from alignlab.study.folder import REGISTRATION_FORMAT, StudyFolder, open_study


@pytest.fixture
def folder(tmp_path, small_text):
    root = tmp_path / "small"
    root.mkdir()
    (root / "study.yaml").write_text(small_text)
    return root


def test_a_folder_and_its_statement_open_the_same_study(folder):
    opened = open_study(folder)
    assert opened == open_study(folder / "study.yaml") == StudyFolder.at(str(folder))
    assert opened.spec.study == "small"
    assert opened.registration is None
    names = {
        "statement_path": "study.yaml",
        "registration_path": "registration.json",
        "log_path": "log.jsonl",
        "records_path": "results.jsonl",
        "analysis_path": "analysis.json",
        "figures": "figures",
        "literature": "literature",
        "paper": "paper",
        "revision_path": "revision.yaml",
    }
    assert {name: getattr(opened, name).name for name in names} == names
    assert all(getattr(opened, name).parent == folder for name in names)


def test_no_study_says_what_makes_one(tmp_path):
    with pytest.raises(InputError, match=r"No study\.yaml in .*alignlab study new NAME makes one"):
        open_study(tmp_path)
    (tmp_path / "smal").mkdir()
    with pytest.raises(InputError, match=r"small does not exist\. Did you mean 'smal'"):
        open_study(tmp_path / "small")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file is a file, not a study's folder\.$"):
        open_study(tmp_path / "file")


def test_two_studies_in_one_folder_are_refused(folder, small_text):
    (folder / "study.yml").write_text(small_text)
    with pytest.raises(InputError, match=r"holds two studies, study\.yaml and study\.yml"):
        open_study(folder)
    (folder / "study.yaml").unlink()
    with pytest.raises(InputError, match=r"study\.yml: name it study\.yaml"):
        open_study(folder)


def test_two_documents_in_one_file_are_refused(folder, small_text):
    (folder / "study.yaml").write_text(f"{small_text}---\n{small_text}")
    with pytest.raises(InputError, match=r"study\.yaml:24: a second document begins at ---"):
        open_study(folder)


def test_a_registration_of_another_study_is_refused(folder):
    held = {"format": REGISTRATION_FORMAT, "study": {"study": "large"}}
    (folder / "registration.json").write_text(json.dumps(held))
    with pytest.raises(InputError, match=r"registration of the study 'large', and study.yaml stat"):
        _ = open_study(folder).registration


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is damaged"),
        ("[]", "is of the format 'list'"),
        ('{"format": "alignlab registration 9"}', "is of the format 'alignlab registration 9'"),
        ('{"format": "alignlab registration 1"}', "is damaged"),
    ],
)
def test_a_damaged_registration_is_refused(folder, text, said):
    (folder / "registration.json").write_text(text)
    with pytest.raises(InputError, match=said):
        _ = open_study(folder).registration
