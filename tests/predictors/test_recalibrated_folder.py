"""A recalibrated model in a folder: opened as it was kept, by the rules of the model in it."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import skops.io
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from alignlab.errors import InputError, ModelError, UnsafeModelError
from alignlab.files import write_all
from alignlab.predictors import load_model
from alignlab.predictors.model_folder import TRAINING_ROWS, model_files
from alignlab.predictors.networks import Architecture, network
from alignlab.predictors.probability_maps import Isotonic, Temperature, Vector
from alignlab.predictors.recalibrated import recalibrated
from alignlab.predictors.recalibrated_folder import CALIBRATION, is_recalibrated, keep_recalibrated

X, Y = load_iris(return_X_y=True)
ROWS = np.arange(3, dtype=np.uint64)
MAP = Vector((0.5, 1.0, 1.5), (0.3, 0.0, -0.4))

CODE = """\
import numpy as np
import torch
from pathlib import Path

Path("ran").write_text("yes")


def thirds(rows):
    return np.tile([0.2, 0.3, 0.5], (len(rows), 1))


def net():
    return torch.nn.Linear(4, 3)
"""


def keep(folder, reference, probability_map=MAP, **options):
    settings = {"keep_decisions": True, "trained_on": ROWS, **options}
    keep_recalibrated(folder, str(reference), probability_map, **settings)
    return folder


@pytest.fixture
def fitted(tmp_path):
    model = LogisticRegression(max_iter=500).fit(X, Y)
    skops.io.dump(model, tmp_path / "iris.skops")
    return model


@pytest.mark.parametrize("kept", [True, False])
def test_a_skops_model_is_answered_as_before(tmp_path, fitted, kept):
    folder = keep(tmp_path / "out", tmp_path / "iris.skops", keep_decisions=kept, classes=(0, 1, 2))
    opened = load_model(folder)
    expected = recalibrated(fitted, MAP, keep_decisions=kept).predict_proba(X)
    np.testing.assert_allclose(opened(X), expected, rtol=1e-12)
    assert opened.name == f"{tmp_path.name}/out"
    assert opened.trained_on.tolist() == [0, 1, 2]
    assert len(opened.fingerprint) == 64
    assert is_recalibrated(folder)
    (tmp_path / "iris.skops").unlink()  # nothing outside the folder is needed
    load_model(folder)


def test_a_trained_network_keeps_its_gradients(tmp_path):
    architecture = Architecture("cnn", channels=(2,), hidden=(4,))
    module = network(architecture, (1, 8, 8), 3)
    classes = ("a", "b", "c")
    files = model_files(module, architecture, inputs=(1, 8, 8), classes=classes, trained_on=ROWS)
    write_all(tmp_path / "model", files)
    folder = keep(tmp_path / "out", tmp_path / "model", classes=classes)
    opened = load_model(folder)
    x = torch.rand(4, 1, 8, 8, requires_grad=True)
    logits = opened.module(x)
    np.testing.assert_allclose(opened(x), logits.double().softmax(1).detach().numpy(), atol=1e-6)
    logits.sum().backward()
    assert x.grad.abs().sum() > 0
    assert sorted(each.name for each in (folder / "base").iterdir()) == [
        "model.json", "training_rows.npy", "weights.safetensors",
    ]  # fmt: skip
    with pytest.raises(InputError, match="recalibrated already"):
        keep(tmp_path / "again", folder)
    with pytest.raises(InputError, match="holds a model already"):
        keep(tmp_path / "model", tmp_path / "model")


def test_a_pickle_still_needs_the_word(tmp_path, fitted):
    (tmp_path / "iris.pkl").write_bytes(pickle.dumps(fitted))
    folder = keep(tmp_path / "out", tmp_path / "iris.pkl")
    with pytest.raises(UnsafeModelError, match="--allow-pickle"):
        load_model(folder)
    told = []
    assert load_model(folder, allow_pickle=True, warn=told.append)(X).shape == (150, 3)
    assert len(told) == 1


def test_code_that_a_folder_names_is_not_run_unless_the_person_names_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder_code.py").write_text(CODE)
    save_file({"weight": torch.zeros(3, 4), "bias": torch.zeros(3)}, tmp_path / "w.safetensors")
    cases = {
        "folder_code:thirds": "folder_code:thirds",
        "w.safetensors@folder_code:net": "folder_code:net",
        "https://example.org/ask": "https://example.org/ask",
    }
    for at, (reference, named) in enumerate(cases.items()):
        folder = keep(tmp_path / f"out{at}", reference, classes=("a", "b", "c"))
        with pytest.raises(UnsafeModelError, match=f"--trust {named}"):
            load_model(folder)
        with pytest.raises(UnsafeModelError):
            load_model(folder, trust=["folder_code:other"])
        assert not (tmp_path / "ran").exists()
        if not named.startswith("https"):
            continue
        assert load_model(folder, trust=[named]).classes == ("a", "b", "c")
    for at in (0, 1):
        opened = load_model(tmp_path / f"out{at}", trust=list(cases.values()))
        assert opened(np.zeros((2, 4))).shape == (2, 3)


def test_what_was_changed_is_absent_or_leads_outside_is_not_opened(tmp_path, fitted):
    folder = keep(tmp_path / "out", tmp_path / "iris.skops")
    whole = json.loads((folder / CALIBRATION).read_text())

    def changed(**changes):
        (folder / CALIBRATION).write_text(json.dumps({**whole, **changes}))

    def base(**changes):
        return {"base": {**whole["base"], **changes}}

    wrong = [
        ({"format": "other"}, "its format is 'other'"),
        ({"map": {"map": "spline"}}, "'spline' is no map"),
        ({"map": {"map": "vector", "slopes": [1.0], "shifts": []}}, "differ in length"),
        ({"map": Vector((1.0, 1.0), (0.0, 0.0)).to_dict()}, "does not fit the 3 classes"),
        ({"map": Isotonic(((0.0,),), ((0.5,),)).to_dict()}, "does not fit the 3 classes"),
        ({"base": {}}, "it has no 'reference'"),
        ({"base": None}, "is not a recalibrated model"),
        (base(sha256={"iris.skops": "0"}), "is not the one that"),
        (base(sha256={"gone.skops": "0"}), "is not there"),
        (base(sha256={"../iris.skops": "0"}), "names '../iris.skops', which is no file of its"),
        (base(reference="base/../iris.skops"), "lies outside it"),
        ({"map": {"map": "temperature", "inverse": -1.0}}, "must be numbers above 0"),
        ({"keep_decisions": "false"}, "neither true nor false"),
        ({"training_rows_sha256": "0"}, "is not the one that was written"),
        ({"classes": ["x", "y", "z"]}, "classes"),
    ]
    for changes, said in wrong:
        changed(**changes)
        with pytest.raises((ModelError, UnsafeModelError, InputError), match=said) as error:
            load_model(folder)
        assert "\n" not in str(error.value)
    changed()
    (folder / TRAINING_ROWS).write_bytes(b"no")
    with pytest.raises(ModelError, match="Restore the folder"):
        load_model(folder)
    (folder / CALIBRATION).write_text("{")
    with pytest.raises(ModelError, match="is not a recalibrated model"):
        load_model(folder)


def test_what_is_stated_of_the_model_is_kept(tmp_path):
    model = LogisticRegression(max_iter=500).fit(X, Y)
    skops.io.dump(model, tmp_path / "iris.skops")
    names = ("a", "b", "c", "d")
    folder = keep(tmp_path / "out", tmp_path / "iris.skops", Temperature(0.5), features=names)
    assert load_model(folder).features == names
