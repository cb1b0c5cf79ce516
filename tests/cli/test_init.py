import importlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from alignlab.audit.spec import read_spec

INIT = importlib.import_module("alignlab.cli.init")


@pytest.fixture
def answering(alignlab, monkeypatch):
    """Run a command line as if a person answered its questions; returns the questions too."""

    def run(line, answers):
        left, asked = list(answers), []

        def prompt(question, **_):
            asked.append(question)
            return left.pop(0)

        monkeypatch.setattr(INIT, "_on_a_terminal", lambda: True)
        monkeypatch.setattr(INIT.typer, "prompt", prompt)
        monkeypatch.setattr(INIT.typer, "confirm", lambda question: left.pop(0))
        outcome = alignlab(line)
        assert left == []
        return *outcome, asked

    return run


def test_what_a_person_answers_is_what_is_written(answering, alignlab, saved):
    answers = ["deny", "", "p", "", "race, race*sex", "no"]
    code, shown, error, asked = answering("init p.csv", answers)
    assert (code, error) == (0, "")
    assert "p.csv: 400 rows" in shown
    spec = read_spec("audit.toml")
    assert (spec.target, spec.probability, spec.prediction) == ("deny", "p", None)
    assert (spec.groups, spec.favourable, spec.task) == (
        ["race", "race*sex"], "no", "classification",
    )  # fmt: skip
    assert "Perhaps: deny, said, race, sex" in asked[0]
    assert "Which deny is good for the person" in asked[-1]
    assert alignlab("audit audit.toml")[0] == 0
    assert saved[0].subject["data"]["groups"] == ["race", "race*sex"]


def test_a_wrong_answer_is_asked_again(answering):
    answers = ["denny", "", "deny", "", "q", "p", "", "rac", "race", "maybe", "no"]
    code, shown, _, asked = answering("init p.csv", answers)
    assert code == 0
    assert len(asked) == len(answers)
    for line in (
        "Did you mean 'deny'?",
        "This is needed.",
        "no column 'q'",
        "Did you mean 'race'?",
    ):
        assert line in shown
    assert read_spec("audit.toml").favourable == "no"


def test_what_is_favourable_and_who_the_groups_are_is_never_filled_in(answering):
    assert answering("init p.csv", ["deny", "", "p", "", "", ""])[0] == 0
    spec = read_spec("audit.toml")
    assert (spec.favourable, spec.groups) == (None, [])
    text = Path("audit.toml").read_text(encoding="utf-8")
    assert '# favourable = ...   # one of "no", "yes"' in text
    assert '# groups = [...]   # perhaps of ["said", "race", "sex"]' in text


def test_a_model_is_asked_for_its_reference(answering):
    assert answering("init p.csv --target deny", ["m:predict", "race", "no"])[0] == 0
    spec = read_spec("audit.toml")
    assert (spec.model, spec.data, spec.predictions) == ("m:predict", "p.csv", None)


def test_few_whole_numbers_are_asked_about(answering):
    frame = pd.read_csv("p.csv")
    frame["stars"], frame["guess"] = [1, 2, 3, 4] * 100, [1.5, 2.5] * 200
    frame.to_csv("stars.csv", index=False)
    answers = ["stars", "regression", "", "guess", ""]
    assert answering("init stars.csv", answers)[0] == 0
    assert read_spec("audit.toml").task == "regression"


def test_flags_answer_without_a_terminal(alignlab, saved):
    Path("sub").mkdir()
    code, shown, error = alignlab(
        "init p.csv --target deny --probability p --groups race --favourable no --out sub/a.toml"
    )
    assert (code, error) == (0, "")
    assert "alignlab audit sub/a.toml" in shown
    assert read_spec("sub/a.toml").predictions == "sub/../p.csv"
    assert alignlab("audit sub/a.toml")[0] == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("", "Which column holds what really happened? There is no terminal"),
        ("--target deny", "say it with --model, --prediction or --probability"),
        ("--target deny --probability p --groups race", "say it with --favourable"),
        ("--target denny --probability p", "Did you mean 'deny'?"),
        ("--target deny --probability q", "no column 'q'"),
        ("--target deny --model m:f --groups rac --favourable no", "Did you mean 'race'?"),
        ("--target deny --probability p --favourable maybe", "--favourable maybe is"),
        ("--target deny --probability p --task guess", "--task = 'guess'"),
    ],
)
def test_without_a_terminal_what_is_missing_is_an_error(alignlab, flags, message, here):
    code, shown, error = alignlab(f"init p.csv {flags}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert not Path("audit.toml").exists()


def test_a_file_is_not_replaced_without_asking(alignlab, answering):
    line = "init p.csv --target deny --probability p"
    Path("audit.toml").write_text("mine", encoding="utf-8")
    code, _, error = alignlab(line)
    assert code == 2
    assert "audit.toml exists and is not replaced" in error
    assert answering(line, [False])[0] == 2
    assert Path("audit.toml").read_text(encoding="utf-8") == "mine"
    assert answering(line, [True, "", ""])[0] == 0
    assert read_spec("audit.toml").target == "deny"


def test_on_a_real_terminal(here):
    ours, theirs = pty.openpty()
    code = "import sys; from alignlab.cli import main; sys.exit(main(['init', 'p.csv']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE
    ) as process:
        os.close(theirs)
        os.write(ours, b"deny\n\np\n\nrace\nno\n")
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error.strip()) == (0, b"")
    os.close(ours)
    assert read_spec("audit.toml").groups == ["race"]


def test_a_reference_is_written_into_the_file(alignlab, saved):
    pd.read_csv("p.csv").head(100).to_csv("old.csv", index=False)
    line = "init p.csv --target deny --probability p --task classification --reference old.csv"
    assert alignlab(line)[0] == 0
    assert read_spec("audit.toml").reference == "old.csv"
    pd.read_csv("p.csv").drop(columns="race").to_csv("narrow.csv", index=False)
    code, _, error = alignlab(f"{line.replace('old', 'narrow')} --out b.toml")
    assert code == 2
    assert "does not have the column 'race'" in error
    assert not Path("b.toml").exists()
