"""How torch modules are asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import special
from torch import nn

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.posterior import asking


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


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ((torch.zeros(2, 3),), "returned a tuple and not a tensor"),
        (torch.zeros(3, 3), "shape .3, 3. for 2 rows"),
        (torch.zeros(2, 4), r"\(2, 3\) was expected"),
        (torch.full((2, 3), torch.nan), "not finite"),
    ],
)
def test_answers_that_are_none(output, says):
    with pytest.raises(ModelError, match=says):
        asking.logits_of(output, 2, 3, "The module")
