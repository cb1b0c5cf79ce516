"""Passes are counted, gradients are those of calculus, and the model is left as it was."""

import time

import numpy as np
import pytest
import torch

from alignlab.errors import ModelError
from alignlab.predictors import as_predictor
from alignlab.robustness.attacked import AttackedModel, BudgetSpentError
from alignlab.robustness.attacks.losses import margin


@pytest.mark.parametrize("batch_rows", [1, 7, 256])
def test_a_linear_models_gradient_is_a_difference_of_its_weights(linear, batch_rows):
    module, x, y = linear(classes=2)
    model = AttackedModel(as_predictor(module, classes=["a", "b"]), batch_rows=batch_rows)
    with model:
        passed = model.gradient(x, y, margin)
    assert torch.allclose(passed.gradient, module.weight[1 - y] - module.weight[y])
    assert torch.allclose(passed.losses, margin(module(x), y))
    assert (model.forward_rows, model.backward_rows) == (40, 40)
    assert model.predictor.rows_evaluated == 40
    assert all(each.grad is None for each in module.parameters())


def test_one_logit_is_the_second_classes(linear):
    module, x, _ = linear(classes=1)
    model = AttackedModel(as_predictor(module, classes=["a", "b"]))
    assert torch.allclose(model.logits(x).softmax(1)[:, 1:], torch.sigmoid(module(x)))


def test_anything_else_gives_the_logarithms_of_its_probabilities():
    def function(rows):
        return np.column_stack([rows[:, 0], 1 - rows[:, 0]])

    model = AttackedModel(as_predictor(function, classes=["a", "b"]))
    x = torch.tensor([[0.25], [1.0]], dtype=torch.float64)
    assert not model.has_gradients
    assert torch.allclose(model.logits(x).exp(), torch.tensor([[0.25, 0.75], [1.0, 0.0]]).double())
    assert (model.forward_rows, model.backward_rows) == (2, 0)


def test_the_model_is_as_it_was_also_after_an_exception():
    module = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.5))
    before = {name: each.clone() for name, each in module.state_dict().items()}
    state = torch.get_rng_state()

    def interrupted():
        with AttackedModel(as_predictor(module, classes=["a", "b"])) as model:
            assert not module.training
            model.logits(torch.rand(5, 2))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        interrupted()
    assert module.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(each, before[name]) for name, each in module.state_dict().items())


def test_gradients_that_are_not_numbers_count_as_none_and_are_counted():
    class Root(torch.nn.Module):
        def forward(self, x):
            return torch.sqrt(x)

    model = AttackedModel(as_predictor(Root(), classes=["a", "b"]))
    x = torch.tensor([[0.0, 1.0], [1.0, 4.0]])
    passed = model.gradient(x, torch.tensor([0, 0]), margin)
    assert model.undefined == 1
    assert passed.gradient.tolist() == [[0, 0], [-0.5, 0.25]]


def test_a_model_without_gradients_is_said_to_have_none():
    class Detached(torch.nn.Module):
        def forward(self, x):
            return x.detach()

    model = AttackedModel(as_predictor(Detached(), classes=["a", "b"]))
    with pytest.raises(ModelError, match="have no gradient with respect to its rows"):
        model.gradient(torch.rand(3, 2), torch.tensor([0, 0, 0]), margin)


def test_a_wrong_number_of_logits_is_said(linear):
    module, x, _ = linear(classes=3)
    model = AttackedModel(as_predictor(module, classes=["a", "b"]))
    with pytest.raises(ModelError, match=r"\(40, 3\) for 40 rows; \(40, 2\) was expected"):
        model.logits(x)


def test_when_the_time_is_over_nothing_more_is_asked(linear):
    module, x, _ = linear()
    model = AttackedModel(as_predictor(module, classes=[0, 1, 2]), deadline=time.perf_counter())
    with pytest.raises(BudgetSpentError):
        model.logits(x)
    assert model.forward_rows == 0


def test_logits_that_are_not_finite_are_counted():
    class Inverse(torch.nn.Module):
        def forward(self, x):
            return 1 / x

    model = AttackedModel(as_predictor(Inverse(), classes=["a", "b"]))
    model.logits(torch.tensor([[0.0, 1.0], [1.0, 4.0], [0.0, 0.0]]))
    assert model.unanswered == 2


class Held(torch.nn.Module):
    """A linear model whose weights are no parameters."""

    def __init__(self):
        super().__init__()
        self.register_buffer("weights", torch.tensor([[1.0, 0.0], [0.0, 1.0]]))

    def forward(self, x):
        return x @ self.weights


def test_weights_that_are_no_parameters_keep_their_precision():
    model = AttackedModel(as_predictor(Held(), classes=["a", "b"]))
    passed = model.gradient(torch.rand(3, 2).double(), torch.tensor([0, 0, 0]), margin)
    assert passed.gradient.tolist() == 3 * [[-1, 1]]
    assert passed.gradient.dtype == torch.float64


def test_gradients_are_there_whatever_mode_it_is_called_in():
    predictor, y = as_predictor(Held(), classes=["a", "b"]), torch.tensor([0, 0, 0])
    with torch.inference_mode():
        x = torch.rand(3, 2)
        with AttackedModel(predictor) as model:
            assert model.gradient(x, y, margin).gradient.tolist() == 3 * [[-1, 1]]
