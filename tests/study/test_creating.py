from __future__ import annotations

import importlib.util
import os

import pytest

from alignlab.errors import InputError, OutputError
from alignlab.study.creating import create_study, templates
from alignlab.study.folder import open_study
from alignlab.study.plans.planning import plan_study
from alignlab.study.plans.registration import register_study
from alignlab.study.runs.seeds import Seed

SECTIONS = {
    "introduction", "related_work", "method", "results", "discussion", "limitations", "ethics",
}  # fmt: skip


def tree(root):
    return {
        str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*") if each.is_file()
    }


@pytest.mark.parametrize("template", templates())
def test_every_template_is_a_study_that_can_be_planned(tmp_path, template):
    study = create_study(tmp_path / "mine", template=template)
    plan = plan_study(study)
    assert plan.hypotheses
    assert not any("__" in text for text in (study.spec.title, study.spec.question))
    assert {each.stem for each in study.paper.glob("*.md")} >= SECTIONS
    assert not list(study.root.rglob("*.txt"))
    register_study(study)


def test_the_example_runs_and_gives_every_measure(tmp_path):
    study = create_study(tmp_path / "mine")
    spec = importlib.util.spec_from_file_location("its_experiment", study.root / "experiment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    one, three = (
        module.run({"people": n, "data": "clear"}, Seed(7, f"run {n}", "pair")) for n in (1, 3)
    )
    assert one.keys() == study.spec.measures.keys()
    assert (one["answers"], three["answers"]) == (400, 1200)
    # 3 p² (1 - p) + p³ of people who are wrong one time in ten is 0.028.
    assert one["accuracy"] == pytest.approx(0.9, abs=0.05)
    assert three["accuracy"] == pytest.approx(0.972, abs=0.03)
    assert plan_study(study).hypotheses[0].power > 0.8


@pytest.mark.parametrize(
    "question",
    [
        "Why?",
        'Does "x: y" help? # no',
        "__QUESTION__ {{ x }}",
        "Ändert es etwas? \U0001f916",
        "no",
        "- a",
        "3",
    ],
)
def test_any_question_in_one_line_is_asked(tmp_path, question):
    study = create_study(tmp_path / "mine", question=f" {question} ")
    assert study.spec.question == question
    assert study.spec.study == "mine"
    assert "# How often each configuration is run." in study.statement_path.read_text()


@pytest.mark.parametrize(
    ("question", "said"),
    [("", "is empty"), ("  ", "is empty"), ("a\nb", "is one line"), ("a\x00", "is one line")],
)
def test_what_is_no_question_is_refused(tmp_path, question, said):
    with pytest.raises(InputError, match=said):
        create_study(tmp_path / "mine", question=question)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "such"), [("My Study", "my-study"), ("a_b", "a-b"), ("Übung", "bung"), ("-", "dashes")]
)
def test_a_name_that_cannot_be_is_refused(tmp_path, name, such):
    with pytest.raises(InputError, match=f"cannot be a study's name.*{such}"):
        create_study(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "held", ["study.yaml", "study.yml", "results.jsonl", "experiment.py", "paper"]
)
def test_nothing_that_exists_is_replaced(tmp_path, held):
    root = tmp_path / "mine"
    root.mkdir()
    (root / held).write_text("mine")
    (root / "notes.txt").write_text("also mine")
    with pytest.raises(InputError, match=r"holds a study already|exists and is not replaced"):
        create_study(root)
    assert tree(root) == {held: b"mine", "notes.txt": b"also mine"}


def test_a_folder_with_other_things_gets_a_study(tmp_path):
    root = tmp_path / "mine"
    root.mkdir()
    (root / "notes.txt").write_text("mine")
    create_study(root)
    assert (root / "notes.txt").read_text() == "mine"
    assert open_study(root).spec.study == "mine"
    assert not [each for each in root.iterdir() if each.name.startswith(".")]


def test_here_is_a_folder_too(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    assert create_study(".").spec.study == "mine"


def test_a_file_or_no_folder_above_is_refused(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="is a file or a link"):
        create_study(tmp_path / "mine")
    with pytest.raises(InputError, match="none does not exist: make it"):
        create_study(tmp_path / "none" / "mine")


@pytest.mark.parametrize("existed", [True, False])
def test_what_fails_half_way_leaves_nothing(tmp_path, monkeypatch, existed):
    from pathlib import Path

    root = tmp_path / "mine"
    if existed:
        root.mkdir()
        (root / "notes.txt").write_text("mine")
    rename, done = Path.rename, []

    def failing(self, target):
        if done or not existed:
            raise OSError(28, "No space left on device")
        done.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match=r"No space left on device\. Nothing was written"):
        create_study(root)
    assert tree(tmp_path) == ({"mine/notes.txt": b"mine"} if existed else {})
    assert os.listdir(tmp_path) == (["mine"] if existed else [])


def test_an_own_template(tmp_path, small_text):
    own = tmp_path / "own"
    (own / "__pycache__").mkdir(parents=True)
    (own / "__pycache__" / "x.pyc").touch()
    (own / "study.yaml").write_text(small_text.replace("study: small", "study: __STUDY__"))
    (own / "data.npz").write_bytes(b"\xff\x00")
    (own / "helpers.py.txt").write_text("x = 1")
    study = create_study(tmp_path / "new", template=own)
    assert study.spec.study == "new"
    assert set(tree(study.root)) == {"study.yaml", "data.npz", "helpers.py"}
    with pytest.raises(InputError, match="has a question of its own"):
        create_study(tmp_path / "other", template=own, question="Another?")
    (own / "results.jsonl").touch()
    with pytest.raises(InputError, match="it is a study that was begun, not a template"):
        create_study(tmp_path / "other", template=own)


def test_what_is_no_template_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no template 'comparson'\. Did you mean 'comparison'"):
        create_study(tmp_path / "mine", template="comparson")
    with pytest.raises(InputError, match=r"is no template: it has no study\.yaml"):
        create_study(tmp_path / "mine", template=tmp_path)
    (tmp_path / "study.yaml").write_text("a: b: c")
    with pytest.raises(InputError, match=r"study\.yaml:1: this is not YAML"):
        create_study(tmp_path / "mine", template=tmp_path)


def test_a_link_in_a_template_is_refused(tmp_path, small_text):
    own = tmp_path / "own"
    own.mkdir()
    (own / "study.yaml").write_text(small_text)
    (own / "secret").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="secret is a link, and a template holds files"):
        create_study(tmp_path / "mine", template=own)
