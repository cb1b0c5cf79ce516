import shutil

import pytest

from alignlab.lessons import begin
from alignlab.lessons.publishing import Paper, numbers_of
from alignlab.lessons.resuming import STATEMENT
from alignlab.study.analysis import analyze
from alignlab.study.folder import open_study
from alignlab.study.paper.assembling import ABSTRACT, SECTIONS
from alignlab.study.runs.running import run_study

EXPERIMENT = """
import random

def run(config, seed):
    drawn = random.Random(seed.of("all"))
    level = 0.6 if config["training"] == "adversarial" else 0.4
    return {"robust_accuracy": level + drawn.gauss(0, 0.02), "accuracy": 0.9}
"""

RESULTS = "It is {{ H1.difference }} (p = {{ H1.p }}). {{ H1.verdict }}\n\n{{ table main }}\n"


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """A study that was run and analysed, made once."""
    root = tmp_path_factory.mktemp("analysed")
    (root / "study.yaml").write_text(STATEMENT)
    (root / "experiment.py").write_text(EXPERIMENT)
    opened = open_study(root)
    run_study(opened, workers=1)
    analyze(opened).write(opened)
    return root


@pytest.fixture
def study(analysed, tmp_path):
    """Put it, and a paper with some sections, where step 10 looks."""

    def put(results=RESULTS, blank=()):
        root = tmp_path / "10-publishing" / "study"
        begin(10, tmp_path)
        shutil.copytree(analysed, root, dirs_exist_ok=True)
        for name in {ABSTRACT, *SECTIONS} - {"results", *blank}:
            (root / "paper" / f"{name}.md").write_text("Words of mine, after @madry2018towards.\n")
        (root / "paper" / "results.md").write_text(results)
        return root

    return put


def test_a_right_paper_holds_and_follows_its_results(study, learner):
    root = study()
    before = {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
    held = learner(10, {})
    assert all(each.holds for each in held), held
    assert "robust_accuracy of training=adversarial lowered by a fifth for H1" in held[3].found
    assert "H1.difference was 0.196" in held[3].found
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("results", "failing", "says"),
    [
        ("The difference is 0.213.", 0, "paper/results.md"),
        ("It is {{ H1.diference }}.", 0, "Did you mean 'H1.difference'?"),
        ("{{ failed }} failed.", 2, "Ask for at least 3 by name"),
        ("There were {{ runs }} of {{ runs.value | ,d }}, and {{ failed }} failed.", 3, ": 0 of "),
    ],
)
def test_a_wrong_paper_is_told_why(study, learner, results, failing, says):
    study(results)
    held = learner(10, {})
    assert not held[failing].holds
    assert says in str(held[failing])


def test_a_section_that_is_blank_is_named(study, learner):
    study(blank=("ethics",))
    held = learner(10, {})
    assert [each.holds for each in held] == [True, False, True, True]
    assert held[1].found.lower().startswith("not written yet: ethic")


def test_a_study_that_is_not_there_is_told(learner):
    (held,) = learner(10, {})
    assert held.found.startswith("there is no study.yaml in")


def test_a_number_that_is_not_in_the_pdf_is_missed():
    paper = Paper({"a": "0.125, 95% CI [−0.5, 1]", "b": "0.25"}, "…0.125,95%CI[-0.5,1]0.26…", ())
    assert paper.missing == ["b"]
    assert numbers_of("no number") == []
