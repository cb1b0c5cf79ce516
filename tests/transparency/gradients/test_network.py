"""What a network says of itself; what it computes is tested where it is used."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.predictors import Predictor, as_predictor
from alignlab.transparency.gradients.network import network_of

X = np.random.default_rng(0).normal(size=(5, 3))


def test_answers_are_the_modules_own_in_more_digits():
    net = nn.Linear(3, 2)
    with network_of(net, X, target=1) as network:
        own = net(torch.as_tensor(X, dtype=torch.float32))[:, 1].detach().numpy()
        assert network.answers == pytest.approx(own, abs=1e-6)
        assert network.precision == "float64"
        assert network.rounding < 1e-15


def test_a_module_that_answers_otherwise_in_double_is_taken_in_its_own_precision():
    class Coarse(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return (x * self.w).sum(dim=1) * (1 if x.dtype == torch.float32 else 2)

    with network_of(Coarse(), X) as network:
        assert network.precision == "float32"
        assert network.answers == pytest.approx(X.sum(axis=1), abs=1e-5)


def test_every_row_asked_is_counted():
    net, seen = nn.Linear(3, 1), []
    net.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    with network_of(net, X) as network:
        network.slopes(network.x, network.positions)
        assert network.evaluations == sum(seen)


def test_slopes_are_those_of_finite_differences():
    net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    with network_of(net, X, scale="log odds", target=0) as network:
        slopes = network.slopes(network.x, network.positions)[1].numpy()
        for p in range(3):
            step = torch.zeros_like(network.x)
            step[:, p] = 1e-6
            rise = network.values(network.x + step, network.positions)
            rise -= network.values(network.x - step, network.positions)
            assert slopes[:, p] == pytest.approx(rise.numpy() / 2e-6, abs=1e-7)


def test_models_without_slopes_are_sent_elsewhere():
    model = Predictor(lambda rows: rows[:, 0], "regression")
    with pytest.raises(InputError, match="Use occlusion or shapley_values"), network_of(model, X):
        pass


def test_a_value_has_no_other_scale():
    model = as_predictor(nn.Linear(3, 1), task="regression")
    with network_of(model, X) as network:
        assert network.scale == "value"
    with pytest.raises(InputError, match="predicts a value"), network_of(model, X, scale="logit"):
        pass
