"""Zeros are zeros: the proximal step reaches the lasso's minimum."""

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.training import fit
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.l1 import L1


def test_the_soft_threshold_by_hand():
    layer = nn.Linear(4, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -1.0, 0.25, -0.125]]))
        layer.bias.fill_(0.125)
    L1(weight=0.5).after_step(layer, 0.5)
    assert layer.weight.tolist() == [[0.75, -0.75, 0.0, 0.0]]
    assert layer.bias.item() == 0.125


def test_normalisation_keeps_its_parameters():
    norm = nn.BatchNorm1d(3)
    L1(weight=1.0).after_step(nn.Sequential(nn.Linear(3, 3), norm), 0.5)
    assert norm.weight.tolist() == [1, 1, 1]


def problem(rows=200):
    drawn = np.random.default_rng(0)
    X = drawn.normal(size=(rows, 8))
    y = (X[:, 0] - X[:, 1] + drawn.logistic(size=rows) > 0).astype(int)
    return X, y


def test_gradient_descent_with_it_ends_at_the_lassos_conditions():
    """There a slope is -weight · sign(w) where w is not 0, and within ±weight where it is."""
    X, y = problem()
    x, labels = torch.from_numpy(X), torch.from_numpy(y).double()
    module = nn.Linear(8, 1, dtype=torch.float64)
    term, optimizer = L1(weight=0.05), torch.optim.SGD(module.parameters(), lr=1.0)

    def slopes():
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(module(x)[:, 0], labels).backward()
        return module.weight.grad[0].clone()

    for _ in range(300):
        slopes()
        optimizer.step()
        term.after_step(module, 1.0)
    slope, weights = slopes(), module.weight.detach()[0]
    zero = weights == 0
    assert 1 <= zero.sum() < 8
    assert (slope[zero].abs() < 0.05).all()
    np.testing.assert_allclose(slope[~zero], -0.05 * weights[~zero].sign(), atol=1e-6)


def test_the_zeros_are_in_the_module_that_training_returns():
    X, y = problem()
    module = nn.Linear(8, 2)
    fit(module, (X.astype(np.float32), y), [CrossEntropy(), L1(weight=0.1)], epochs=30,
        optimizer="sgd", learning_rate=0.1, validation=None)  # fmt: skip
    zeros = (module.weight == 0).sum().item()
    assert 6 <= zeros < 16


def test_a_module_without_weights_is_refused():
    with pytest.raises(InputError, match="'l1' finds no weight"):
        L1().prepare(nn.ReLU(), None)
