"""A trained network is opened as it was kept, without running anything, or not at all."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from alignlab.datasets import row_hashes, shared_rows
from alignlab.errors import InputError, ModelError
from alignlab.files import write_all
from alignlab.predictors import load_model
from alignlab.predictors.model_folder import MODEL, TRAINING_ROWS, WEIGHTS, model_files
from alignlab.predictors.networks import Architecture, network
from alignlab.predictors.table_encoding import TableEncoding

MIXED = pd.DataFrame({"age": [20.0, 40.0, None, 60.0], "job": ["cook", "nurse", "nurse", "cook"]})
NUMBERS = pd.DataFrame({"age": [20.0, 40.0, 70.0], "rooms": [1, 5, 2]})


def kept(path, frame, architecture=None):
    architecture = architecture or Architecture("mlp", hidden=(8,))
    encoding = TableEncoding.fitted(frame)
    module = network(
        architecture, (encoding.width,), 2, shift=encoding.shift, scale=encoding.scale, seed=3
    )
    write_all(path, model_files(module, architecture, inputs=encoding, classes=("no", "yes")))
    return module, encoding


@pytest.mark.parametrize("frame", [MIXED, NUMBERS])
def test_a_table_is_answered_as_before(tmp_path, frame):
    module, encoding = kept(tmp_path / "model", frame)
    predictor = load_model(tmp_path / "model")
    with torch.no_grad():
        expected = module(torch.as_tensor(encoding.encode(frame))).double().softmax(1).numpy()
    assert np.allclose(predictor(frame), expected, atol=1e-6)
    assert np.allclose(predictor(frame[frame.columns[::-1]]), expected, atol=1e-6)
    assert predictor.classes == ("no", "yes")
    assert predictor.features == tuple(frame.columns)
    assert (predictor.name, predictor.kind) == (f"{tmp_path.name}/model", "alignlab mlp")
    assert len(predictor.fingerprint) == 64


def test_gradients_are_by_the_rows_as_they_are(tmp_path):
    kept(tmp_path / "mixed", MIXED)
    assert load_model(tmp_path / "mixed").module is None
    kept(tmp_path / "numbers", NUMBERS)
    predictor = load_model(tmp_path / "numbers")
    x = torch.tensor(NUMBERS.to_numpy(), dtype=torch.float32)
    probabilities = predictor.module(x).double().softmax(1).detach().numpy()
    assert np.allclose(predictor(NUMBERS), probabilities)
    assert np.allclose(predictor(NUMBERS.to_numpy()), probabilities)
    assert not predictor.module.training


def test_images_are_answered_as_before(tmp_path):
    architecture = Architecture("cnn", channels=(2,), hidden=(4,))
    module = network(architecture, (1, 8, 8), 3, scale=np.array([[[0.5]]]))
    classes = ("a", "b", "c")
    files = model_files(module, architecture, inputs=(1, 8, 8), classes=classes)
    write_all(tmp_path, files)
    predictor = load_model(tmp_path)
    x = np.random.default_rng(0).random((5, 1, 8, 8), dtype=np.float32)
    expected = module(torch.as_tensor(x)).double().softmax(1).detach().numpy()
    assert np.allclose(predictor(x), expected, atol=1e-6)
    assert predictor.module is not None
    again = model_files(module, architecture, inputs=(1, 8, 8), classes=classes)
    assert files == again


def test_the_rows_it_learned_from_are_known_again(tmp_path):
    architecture = Architecture("linear")
    module = network(architecture, (2,), 2)
    encoding = TableEncoding.fitted(NUMBERS)
    hashes = row_hashes(NUMBERS)
    said = {"inputs": encoding, "classes": ("no", "yes")}
    write_all(tmp_path, model_files(module, architecture, **said, trained_on=hashes[:2]))
    predictor = load_model(tmp_path)
    assert sorted(predictor.trained_on) == sorted(hashes[:2])
    as_kept = row_hashes(predictor.selected(NUMBERS[["rooms", "age"]]))
    assert shared_rows(as_kept, predictor.trained_on).tolist() == [True, True, False]
    rows = tmp_path / TRAINING_ROWS
    for content in (b"other", None):
        rows.write_bytes(content) if content else rows.unlink()
        with pytest.raises(ModelError, match="Restore the folder as it was written"):
            load_model(tmp_path)
    write_all(tmp_path / "old", model_files(module, architecture, **said))
    assert load_model(tmp_path / "old").trained_on is None


def test_what_was_changed_or_is_absent_is_not_opened(tmp_path):
    kept(tmp_path, NUMBERS)
    whole = json.loads((tmp_path / MODEL).read_text())
    wrong = [
        ({**whole, "format": "other"}, "its format is 'other'"),
        ({key: value for key, value in whole.items() if key != "classes"}, "it has no 'classes'"),
        ({**whole, "architecture": {**whole["architecture"], "name": "mpl"}}, "Did you mean 'mlp'"),
        ({**whole, "architecture": {"name": "linear", "hidden": [], "channels": []}}, "do not fit"),
        ({**whole, "weights_sha256": "0"}, "is not the one that"),
        ([], "is not a model"),
    ]
    for stated, message in wrong:
        (tmp_path / MODEL).write_text(json.dumps(stated))
        with pytest.raises(ModelError, match=message) as told:
            load_model(tmp_path)
        assert "\n" not in str(told.value)
    (tmp_path / MODEL).write_text(json.dumps(whole))
    with pytest.raises(InputError, match="leave --classes away"):
        load_model(tmp_path, classes=["a", "b"])
    with pytest.raises(InputError, match="leave the task away"):
        load_model(tmp_path, task="regression")
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(ModelError, match="is not there"):
        load_model(tmp_path)
    (tmp_path / MODEL).unlink()
    with pytest.raises(InputError, match=r"directory without a model\.json"):
        load_model(tmp_path)


def test_rows_of_another_form_are_named(tmp_path):
    kept(tmp_path / "table", MIXED)
    with pytest.raises(InputError, match="reads the columns age, job of a table, and these are im"):
        load_model(tmp_path / "table")(np.zeros((2, 1, 3, 3)))
    made = Architecture("linear")
    files = model_files(network(made, (1, 3, 3), 2), made, inputs=(1, 3, 3), classes=("no", "yes"))
    write_all(tmp_path / "images", files)
    with pytest.raises(
        InputError, match=r"images of 3×3 pixels and 1 channel, and these are of 4×4 pixels"
    ):
        load_model(tmp_path / "images")(np.zeros((2, 1, 4, 4)))
    with pytest.raises(InputError, match="and these are rows of a table"):
        load_model(tmp_path / "images")(MIXED)


def test_a_wrong_place_leads_to_the_right_one(tmp_path, monkeypatch):
    kept(tmp_path / "trained" / "model", MIXED)
    monkeypatch.chdir(tmp_path)
    for given, message in [
        ("trained", "Did you mean 'trained/model'"),
        ("trianed/model", "no model 'trianed/model'. Did you mean 'trained/model'"),
        ("trained/modle", "no model 'trained/modle'. Did you mean 'trained/model'"),
        ("trained/model/model.json", "a part of a model: name its folder, trained/model"),
        ("trained/model/weights.safetensors", "name its folder, trained/model"),
    ]:
        with pytest.raises(InputError, match=message):
            load_model(given)
