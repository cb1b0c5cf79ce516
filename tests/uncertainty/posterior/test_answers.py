"""Outputs of several models as samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special

from alignlab.errors import ModelError
from alignlab.predictors import Predictor
from alignlab.uncertainty.posterior.answers import as_samples

THREE = Predictor(len, "classification", classes=("a", "b", "c"), name="Net")
TWO = Predictor(len, "classification", classes=("no", "yes"), name="Net")
NUMBER = Predictor(len, "regression", name="Net")


def test_softmax_of_each_pass_and_never_of_a_mean():
    logits = torch.tensor([[[30.0, 0.0, 0.0]], [[-30.0, 0.0, 0.0]]])
    samples = as_samples(logits, THREE)
    np.testing.assert_allclose(samples, special.softmax(logits.double().numpy(), axis=2))
    assert samples.mean(axis=0)[0, 0] == pytest.approx(0.5, abs=1e-12)
    huge = as_samples(torch.tensor([[[1e30, 0.0, 0.0]]]), THREE)
    assert huge.tolist() == [[[1.0, 0.0, 0.0]]]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
def test_one_logit_is_the_second_class(shape):
    logits = torch.linspace(-2, 2, 6).reshape(shape)
    samples = as_samples(logits, TWO)
    np.testing.assert_allclose(
        samples[..., 1], special.expit(logits.reshape(2, 3).double().numpy())
    )
    np.testing.assert_allclose(samples.sum(axis=2), 1)
    assert as_samples(logits, NUMBER).shape == (2, 3)


@pytest.mark.parametrize(
    ("outputs", "predictor", "message"),
    [
        ((torch.zeros(1), torch.zeros(1)), THREE, "a tuple and not a tensor"),
        (torch.zeros(2, 4, 2), THREE, "3 logits a row was expected"),
        (torch.zeros(2, 4), THREE, "3 logits a row was expected"),
        (torch.zeros(2, 4, 2), NUMBER, "one value a row was expected"),
        (torch.tensor([[[0.0, 1.0], [0.0, torch.nan]]]), TWO, "first on row 1"),
        (torch.tensor([[[0.3, 0.7], [0.4, 0.6]]]), TWO, "returned probabilities"),
    ],
)
def test_what_is_not_an_answer_is_named(outputs, predictor, message):
    with pytest.raises(ModelError, match=message):
        as_samples(outputs, predictor)
