"""How torch modules are asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import special
from torch import nn

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor, as_predictor
from alignlab.uncertainty.posterior import asking
from alignlab.uncertainty.posterior.asking import as_samples

THREE = Predictor(len, "classification", classes=("a", "b", "c"), name="Net")
TWO = Predictor(len, "classification", classes=("no", "yes"), name="Net")
NUMBER = Predictor(len, "regression", name="Net")


def predictor(**told):
    return as_predictor(nn.Linear(2, 3), **({"classes": ("a", "b", "c")} | told))


def test_batches_cover_all_rows_in_order(monkeypatch):
    monkeypatch.setattr(asking, "MOST_ROWS", 4)
    rows = np.arange(20.0).reshape(10, 2)
    batches = list(asking.tensor_batches(predictor(), rows))
    assert [(at.start, at.stop) for at, _ in batches] == [(0, 4), (4, 8), (8, 10)]
    np.testing.assert_array_equal(torch.cat([rows for _, rows in batches]).numpy(), rows)
    assert batches[0][1].dtype == torch.float32


def test_a_frame_gives_the_features_in_the_models_order():
    frame = pd.DataFrame({"q": [9.0], "b": [2.0], "a": [1.0]})
    ((_, rows),) = asking.tensor_batches(predictor(features=["a", "b"]), frame)
    assert rows.tolist() == [[1.0, 2.0]]
    with pytest.raises(InputError, match="reads the column 'z'"):
        list(asking.tensor_batches(predictor(features=["a", "z"]), frame))


def test_no_rows_and_no_module():
    with pytest.raises(InputError, match="no rows"):
        list(asking.tensor_batches(predictor(), np.zeros((0, 2))))
    with pytest.raises(InputError, match="this works on torch modules"):
        asking.module_predictor(lambda rows: rows, what="this", classes=("a", "b"))
    with pytest.raises(InputError, match="holds no torch module"):
        asking.require_module(as_predictor(lambda rows: rows, classes=("a", "b")))


def test_probabilities_keep_a_sure_tail():
    logits = np.array([[0.0, 40.0]])
    assert asking.class_probabilities(logits)[0, 0] == pytest.approx(np.exp(-40))
    single = asking.class_probabilities(np.array([[40.0]]))
    assert single[0, 0] == pytest.approx(special.expit(-40.0))


def test_softmax_of_each_pass_and_never_of_a_mean():
    logits = torch.tensor([[[30.0, 0.0, 0.0]], [[-30.0, 0.0, 0.0]]])
    samples = as_samples(logits, THREE, 1)
    np.testing.assert_allclose(samples, special.softmax(logits.double().numpy(), axis=2))
    assert samples.mean(axis=0)[0, 0] == pytest.approx(0.5, abs=1e-12)
    huge = as_samples(torch.tensor([[[1e30, 0.0, 0.0]]]), THREE, 1)
    assert huge.tolist() == [[[1.0, 0.0, 0.0]]]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
def test_one_logit_is_the_second_class(shape):
    logits = torch.linspace(-2, 2, 6).reshape(shape)
    samples = as_samples(logits, TWO, 3)
    np.testing.assert_allclose(
        samples[..., 1], special.expit(logits.reshape(2, 3).double().numpy())
    )
    np.testing.assert_allclose(samples.sum(axis=2), 1)
    assert as_samples(logits, NUMBER, 3).shape == (2, 3)


@pytest.mark.parametrize(
    ("outputs", "predictor", "message"),
    [
        ((torch.zeros(1), torch.zeros(1)), THREE, "a tuple and not a tensor"),
        (torch.zeros(2, 4, 2), THREE, "3 logits a row were expected"),
        (torch.zeros(2, 4), THREE, "3 logits a row were expected"),
        (torch.zeros(2, 4, 2), NUMBER, "one value a row was expected"),
        (torch.zeros(2, 1, 3), THREE, r"shape \(1, 3\) for 2 rows"),
        (torch.tensor([[[0.0, 1.0], [0.0, torch.nan]]]), TWO, "first on row 1"),
        (torch.tensor([[[0.3, 0.7], [0.4, 0.6]]]), TWO, "returned probabilities"),
    ],
)
def test_what_is_not_an_answer_is_named(outputs, predictor, message):
    with pytest.raises(ModelError, match=message):
        as_samples(outputs, predictor, 4 if len(outputs[0]) == 4 else 2)
