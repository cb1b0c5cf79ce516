import hashlib
import sys

import pytest

from alignlab.errors import InputError
from alignlab.study.reading import parse_study
from alignlab.study.runs.loading import (
    forget,
    in_folder,
    load_experiment,
    study_sources,
    undeclared,
)


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_sources_are_the_digests_of_files(made_study, small_text):
    folder = made_study()
    (folder.root / "parts" / "__pycache__").mkdir(parents=True)
    for name in ("parts/one.py", "parts/__pycache__/one.pyc", "rows.csv"):
        (folder.root / name).write_text(name)
    spec = parse_study(small_text + "code: [parts]\ndata: [rows.csv]\n")
    found = study_sources(folder.root, spec)
    assert found.to_dict() == {
        "code": {name: sha(folder.root / name) for name in ("experiment.py", "parts/one.py")},
        "data": {"rows.csv": sha(folder.root / "rows.csv")},
    }


def test_an_installed_module_is_filed_under_its_name(made_study, small_text):
    import json.decoder

    spec = parse_study(small_text.replace("experiment:run", "json.decoder:JSONDecoder"))
    found = study_sources(made_study().root, spec)
    with open(json.decoder.__file__, "rb") as source:
        assert found.code == {"json.decoder": hashlib.sha256(source.read()).hexdigest()}


def test_two_studies_may_have_modules_of_one_name(made_study):
    one = made_study("from helper import number\ndef run(c, s):\n    return number\n", name="one")
    two = made_study("from helper import number\ndef run(c, s):\n    return number\n", name="two")
    for each, number in ((one, 1), (two, 2)):
        (each.root / "helper.py").write_text(f"number = {number}\n")
    path, modules = list(sys.path), set(sys.modules)
    first, second = (load_experiment(each.root, "experiment:run") for each in (one, two))
    assert (first({}, 0), second({}, 0)) == (1, 2)
    assert sys.path == path
    assert not {"experiment", "helper"} & (set(sys.modules) - modules)


def test_a_module_of_the_folder_may_be_imported_in_the_middle_of_a_run(made_study):
    folder = made_study("def run(c, s):\n    import late\n    return late.number\n")
    (folder.root / "late.py").write_text("number = 4\n")
    function = load_experiment(folder.root, "experiment:run")
    with in_folder(folder.root):
        assert function({}, 0) == 4
    assert undeclared(folder.root, ["experiment.py"]) == ["late.py"]
    assert undeclared(folder.root, ["experiment.py", "late.py"]) == []


def test_the_folder_comes_before_what_is_loaded(made_study, monkeypatch):
    import json

    folder = made_study()
    (folder.root / "json.py").write_text("def run(c, s):\n    return 'mine'\n")
    assert load_experiment(folder.root, "json:run")({}, 0) == "mine"
    assert sys.modules["json"] is json


def test_a_changed_file_is_read_anew(made_study):
    folder = made_study("def run(c, s):\n    return 1\n")
    assert load_experiment(folder.root, "experiment:run")({}, 0) == 1
    (folder.root / "experiment.py").write_text("def run(c, s):\n    return 2\n")
    forget(folder.root)
    assert load_experiment(folder.root, "experiment:run")({}, 0) == 2
    assert not (folder.root / "__pycache__").exists()


@pytest.mark.parametrize(
    ("source", "run", "said"),
    [
        ("def rum(c, s): ...", "experiment:run", "no function 'run'. Did you mean 'rum'?"),
        ("run = 3", "experiment:run", "a int, not a function, 'run'"),
        ("x = 1\nimport no_such", "experiment:run", "experiment.py:2: ModuleNotFoundError"),
        ("x = 1\ndef run(:", "experiment:run", "experiment.py:2: SyntaxError"),
        ("x = [\n][3]\n", "experiment:run", "experiment.py:1: IndexError"),
        ("", "experimnt:run", "no experimnt.py in .* no installed module .*Did you mean 'experi"),
        ("", "no.such:run", "no installed module 'no.such'"),
        ("", "experiment.run", "is not module:function"),
        ("", "../experiment:run", "is not module:function"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(made_study, source, run, said):
    folder = made_study(source)
    with pytest.raises(InputError, match=said) as caught:
        load_experiment(folder.root, run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["code", "data"])
def test_a_file_that_is_not_there_is_named(made_study, small_text, key):
    spec = parse_study(f"{small_text}{key}: [experimnt.py]\n")
    with pytest.raises(
        InputError, match=f"{key}: there is no file .* Did you mean 'experiment.py'"
    ):
        study_sources(made_study().root, spec)
