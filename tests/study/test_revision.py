import json

import pytest
import yaml

from alignlab.errors import InputError
from alignlab.study.folder import open_study
from alignlab.study.plans.registration import register_study
from alignlab.study.revision import (
    add_comment,
    answer_comment,
    read_revision,
    response_letter,
)


@pytest.fixture
def study(made_study):
    opened = made_study()
    opened.paper.mkdir()
    (opened.paper / "method.md").write_text("# Method\n\n## Seeds\n\nFive.\n")
    numbers = {"H1.difference": {"value": 0.2}, "ablation.difference": {"value": 0.1}}
    opened.analysis_path.write_text(json.dumps({"numbers": numbers}))
    register_study(opened)
    return open_study(opened.root)


def test_comments_are_kept_answered_and_listed(study):
    first = add_comment(study, "Why five seeds?\nIt is few.", about="paper/method.md#Seeds")
    assert add_comment(study, "And why these?").name == "R1.2"
    assert add_comment(study, "no: yes", reviewer="2").name == "R2.1"
    assert first.name == "R1.1"
    answer_comment(
        study, "R1.1", "A new table.", changed=["paper/method.md"],
        analyses=["H1.difference", "ablation.difference", "experiment.py"],
    )  # fmt: skip
    held = read_revision(study)
    assert [each.name for each in held.open] == ["R1.2", "R2.1"]
    assert held.comments["R1.1"].says == "Why five seeds?\nIt is few."
    assert yaml.safe_load(study.revision_path.read_text())["comments"]["R2.1"]["says"] == "no: yes"


def test_the_letter_marks_what_was_not_preregistered_and_what_is_open(study):
    add_comment(study, "Why?\n\nReally?")
    add_comment(study, "How?")
    answer_comment(study, "R1.1", "So.", analyses=["H1.difference", "ablation.difference"])
    letter = response_letter(study)
    assert "> Why?\n>\n> Really?\n\nSo." in letter
    assert "Analyses: H1.difference, ablation.difference (*not preregistered*)." in letter
    assert "### R1.2\n\n> How?\n\n**Open: not answered yet.**" in letter


def test_without_a_registration_before_the_runs_nothing_is_preregistered(made_study):
    study = made_study()
    study.analysis_path.write_text(json.dumps({"numbers": {"H1.difference": {}}}))
    add_comment(study, "Why?")
    answer_comment(study, "R1.1", "So.", analyses=["H1.difference"])
    assert "H1.difference (*not preregistered*)" in response_letter(study)


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (lambda study: add_comment(study, " "), "empty"),
        (lambda study: add_comment(study, "a", about="paper/metod.md"), "Did you mean 'paper/me"),
        (lambda study: add_comment(study, "a", about="../../etc/passwd"), "no file of the study"),
        (lambda study: add_comment(study, "a", about="paper/method.md#Sees"), "mean 'Seeds'"),
        (lambda study: add_comment(study, "a", reviewer="a b"), "not a number or a word"),
        (lambda study: answer_comment(study, "R9.1", "a"), "no comment 'R9.1'"),
        (lambda study: answer_comment(study, "R1.1", ""), "empty"),
        (lambda study: answer_comment(study, "R1.1", "a", analyses=["H1.diference"]),
         "Did you mean 'H1.difference'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line_and_changes_nothing(study, do, told):
    add_comment(study, "Why?")
    before = study.revision_path.read_bytes()
    with pytest.raises(InputError, match=told):
        do(study)
    assert study.revision_path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n", "yaml:1: this holds no comments"),
        ("comments:\n  R1:\n    says: a\n", "yaml:2: 'R1' is no comment's name"),
        ("comments:\n  R1.1:\n    answer: a\n", "yaml:2: R1.1 holds no 'says'"),
        ("comments:\n  R1.1:\n    says: a\n    anser: b\n", "yaml:4: .* Did you mean 'answer'"),
        ("comments:\n  R1.1:\n    says: a\n    changed: b\n", "yaml:4: R1.1.changed is not a list"),
    ],
)
def test_a_slip_in_the_file_is_named_by_its_line(study, text, told):
    study.revision_path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_revision(study)
