import importlib.util
import re
import shutil
import sys
from importlib.machinery import SourceFileLoader
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from alignlab.cli import main
from alignlab.study.reading import read_study
from alignlab.study.runs.records import read_results
from alignlab.study.runs.seeds import seed_of

PLACE = Path(str(files("alignlab.study").joinpath("templates", "adversarial-fairness")))

FAKE = """\
import numpy as np


def run(config, seed):
    rng = np.random.default_rng(seed)
    found = 0.5 + 0.1 * (config["training"] != "standard") + 0.05 * rng.random(4)
    return dict(zip(["gap", "robust_accuracy", "accuracy", "worst_group"], found))
"""


@pytest.fixture(scope="module")
def spec():
    return read_study(PLACE / "study.yaml")


@pytest.fixture(scope="module")
def experiment():
    loader = SourceFileLoader("shipped_experiment", str(PLACE / "experiment.py.txt"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_it_is_three_conditions_on_two_data_sets_with_five_seeds(spec):
    assert [len(levels) for levels in spec.factors.values()] == [3, 2]
    assert (spec.seeds, len(spec.configurations()) * spec.seeds) == (5, 30)
    assert {name for name, each in spec.measures.items() if each.primary} == {
        each.measure for each in spec.hypotheses.values()
    }


@pytest.mark.parametrize("data", ["mortgage", "pets"])
def test_one_run_of_each_data_set_gives_every_measure(spec, experiment, data, monkeypatch):
    whole = experiment.split
    monkeypatch.setattr(experiment, "split", lambda *given: [each[::5] for each in whole(*given)])
    config = {"training": "adversarial-parity", "data": data}
    seed = seed_of("tried", config, 0)
    found = experiment.run(config, seed, epochs=1, attacks=["pgd"])
    assert found == experiment.run(config, seed, epochs=1, attacks=["pgd"])
    assert set(found) == set(spec.measures)
    assert all(0 <= value <= 1 for value in found.values())
    assert found["worst_group"] <= found["accuracy"]
    assert found["robust_accuracy"] <= found["accuracy"]


@pytest.mark.parametrize("data", ["mortgage", "pets"])
def test_nothing_is_learned_from_what_is_held_out(experiment, data):
    rows, classes, groups = experiment.subject(data)
    learned, held = experiment.split(classes, groups, 3)
    assert sorted([*learned, *held]) == list(range(len(rows)))
    for group in np.unique(groups):
        for each in (0, 1):
            cell = (groups == group) & (classes == each)
            assert abs(cell[held].sum() - cell.sum() / 2) <= 0.5
    assert 0 <= rows.min() <= rows.max() <= 1
    again = experiment.balanced(learned, classes)
    assert set(again) == set(learned)
    counts = np.bincount(classes[again])
    assert counts.max() < 1.35 * counts.min()


def test_measures_by_hand(experiment):
    class Found:
        broken_by = np.array(["", "as it is", "pgd", "", "", "as it is"])
        status = np.array(["certified", "broken", "broken", "undecided", "certified", "broken"])

    classes, groups = np.array([0, 0, 0, 0, 1, 1]), np.array(["a", "a", "b", "b", "a", "b"])
    found = experiment.measures(Found, classes, groups)
    # Class 0: a is right in 1 of 2, b in 2 of 2; class 1: a in 1 of 1, b in 0 of 1.
    assert found == {
        "accuracy": (3 / 4 + 1 / 2) / 2,
        "robust_accuracy": (2 / 4 + 1 / 2) / 2,
        "gap": (1 / 2 + 1) / 2,
        "worst_group": 0,
    }


def test_the_paper_types_no_result(spec):
    results = (PLACE / "paper" / "results.md").read_text()
    for name in spec.hypotheses:
        assert f"{{{{ {name}.verdict }}}}" in results
    for path in (PLACE / "paper").glob("*.md"):
        assert not re.search(r"\d[.,]\d|\d ?%", re.sub(r"\{\{.*?\}\}", "", path.read_text())), path


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """The template with an experiment that trains nothing."""
    place = tmp_path / "template"
    shutil.copytree(PLACE, place)
    (place / "experiment.py.txt").unlink()
    (place / "experiment.py").write_text(FAKE)
    monkeypatch.setattr(sys.modules["alignlab.cli.study.demo"], "TEMPLATE", str(place))
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_one_command_goes_from_the_question_to_the_paper(quick, tmp_path, capsys):
    assert main(["study", "demo", "mine"]) == 0
    out = capsys.readouterr().out
    steps = re.findall(r"^\$ alignlab study (\w+)", out, re.MULTILINE)
    assert steps == ["new", "plan", "register", "run", "analyze", "paper", "status"]
    assert len(read_results(tmp_path / "mine" / "results.jsonl")) == 30
    assert (tmp_path / "mine" / "paper" / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert main(["study", "demo", "mine"]) == 0
    out = capsys.readouterr().out
    assert "$ alignlab study new" not in out
    assert "30 of 30 runs done; 0 executed now." in out


def test_a_folder_with_another_study_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["study", "new", "other"]) == 0
    assert main(["study", "demo", "other"]) == 2
    assert "other holds another study, 'other'. Name another folder" in capsys.readouterr().err


def test_ctrl_c_in_a_step_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    def stop(*words, **options):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("alignlab.study.plans.registration.register_study", stop)
    assert main(["study", "demo", "mine"]) == 130
    assert "alignlab: go on with: alignlab study demo mine\n" in capsys.readouterr().err


def test_a_missing_typesetter_is_said_before_anything_is_trained(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["study", "demo"]) == 2
    assert "pip install 'alignlab[study]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
